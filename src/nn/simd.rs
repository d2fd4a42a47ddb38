//! Loops compiled for the vector units of the machine they run on.
//!
//! The program is built for any 64-bit processor; [`vectorised`] runs a closure in a copy that may
//! use AVX-512 or AVX2 where present. The functions here are branch-free and inlined, so that the
//! compiler turns a loop over them into vector code.

use pulp::WithSimd;
use std::f32::consts::{FRAC_1_SQRT_2, LOG2_E};

/// Runs `work` with the widest vector instructions this processor has. Everything inside that should
/// profit must be inlined: mark closures `#[inline(always)]`.
#[inline(always)]
pub(super) fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma")]
        fn avx512<R>(work: impl FnOnce() -> R) -> R {
            work()
        }
        #[target_feature(enable = "avx2,fma")]
        fn avx2<R>(work: impl FnOnce() -> R) -> R {
            work()
        }
        match level() {
            #[expect(unsafe_code, reason = "calls a function with more target features")]
            // SAFETY: `level` found these features on this processor.
            Level::Avx512 => return unsafe { avx512(work) },
            #[expect(unsafe_code, reason = "calls a function with more target features")]
            // SAFETY: `level` found these features on this processor.
            Level::Avx2 => return unsafe { avx2(work) },
            Level::Base => {}
        }
    }
    work()
}

/// Runs `work` on explicit vectors, the widest this processor has: for loops whose sums have to stay
/// in registers, which [`vectorised`] leaves to the compiler's luck.
#[inline(always)]
pub(super) fn dispatch<W: WithSimd>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(simd) = pulp::x86::V4::try_new() {
            return pulp::Simd::vectorize(simd, work);
        }
        if let Some(simd) = pulp::x86::V3::try_new() {
            return pulp::Simd::vectorize(simd, work);
        }
    }
    pulp::Arch::new().dispatch(work)
}

/// Numbers in one vector of [`dispatch`].
pub(super) fn vector_lanes() -> usize {
    struct Lanes;
    impl WithSimd for Lanes {
        type Output = usize;

        fn with_simd<S: pulp::Simd>(self, _: S) -> usize {
            S::F32_LANES
        }
    }
    dispatch(Lanes)
}

/// Whether vectors of eight numbers can be used by their instructions.
#[cfg(target_arch = "x86_64")]
pub(super) fn has_avx2() -> bool {
    !matches!(level(), Level::Base)
}

#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
enum Level {
    Avx512,
    Avx2,
    Base,
}

#[cfg(target_arch = "x86_64")]
fn level() -> Level {
    static LEVEL: std::sync::LazyLock<Level> = std::sync::LazyLock::new(|| {
        let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        let avx512 = avx2
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512cd")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        match (avx512, avx2) {
            (true, _) => Level::Avx512,
            (_, true) => Level::Avx2,
            _ => Level::Base,
        }
    });
    *LEVEL
}

/// `e^x` within 2 units in the last place; 0 below -87.3, about 3e38 above 88.7; NaN stays NaN.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    /// 1.5 * 2^23: adding it rounds to an integer, which then stands in the low bits.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts; the first has few bits, so its product with an integer is exact.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let clamped = if x > 88.72 { 88.72 } else { x };
    let clamped = if clamped < -87.3 { -87.3 } else { clamped };
    let rounded = clamped.mul_add(LOG2_E, ROUND);
    let n = rounded - ROUND; // x = n ln 2 + r, |r| <= ln 2 / 2
    let r = n.mul_add(-LN2_LOW, n.mul_add(-LN2_HIGH, clamped));
    // Taylor terms of (e^r - 1 - r) / r^2, adjusted to the interval.
    let p = 1.987_569_1e-4f32;
    let p = p.mul_add(r, 1.398_2e-3);
    let p = p.mul_add(r, 8.333_452e-3);
    let p = p.mul_add(r, 4.166_579_6e-2);
    let p = p.mul_add(r, 1.666_666_5e-1);
    let p = p.mul_add(r, 0.5);
    let y = p.mul_add(r * r, r + 1.0); // e^r in 0.7..1.42
    let y = f32::from_bits(y.to_bits().wrapping_add(rounded.to_bits() << 23)); // times 2^n
    if x < -87.3 { 0.0 } else { y }
}

/// The logistic function.
#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The error function within 8e-8.
///
/// `erf(x) = 1 - exp(-x q(x))` for positive x, where q is smooth; the coefficients are our own
/// least-maximum fit of `-ln(erfc(x)) / x` on 0..4, weighted for the error of the result.
#[inline(always)]
pub(super) fn erf(x: f32) -> f32 {
    let a = x.abs();
    let a = if a > 4.0 { 4.0 } else { a }; // 1 - erf(4) is below the precision
    let q = -8.043_451e-6f32;
    let q = q.mul_add(a, 1.060_227_5e-4);
    let q = q.mul_add(a, -5.879_341_6e-4);
    let q = q.mul_add(a, 1.576_723_6e-3);
    let q = q.mul_add(a, -5.873_62e-5);
    let q = q.mul_add(a, -1.921_717_5e-2);
    let q = q.mul_add(a, 1.027_992_2e-1);
    let q = q.mul_add(a, 6.366_161e-1);
    let q = q.mul_add(a, 1.128_379_3);
    (1.0 - exp(-a * q)).copysign(x)
}

/// The cumulative normal distribution.
#[inline(always)]
pub(super) fn normal_cdf(x: f32) -> f32 {
    erf(x * FRAC_1_SQRT_2).mul_add(0.5, 0.5)
}

/// The density of the normal distribution.
#[inline(always)]
pub(super) fn normal_density(x: f32) -> f32 {
    /// 1 / sqrt(2 pi)
    const SCALE: f32 = 0.398_942_3;
    SCALE * exp(-0.5 * x * x)
}

/// Independent running values, so that a reduction is not one long chain of additions.
pub(super) const LANES: usize = 32;

/// Folds `values` lane by lane with `step` and joins the lanes with `join`; the order is fixed.
#[inline(always)]
pub(super) fn fold(
    values: &[f32],
    start: f32,
    step: impl Fn(f32, f32) -> f32,
    join: impl Fn(f32, f32) -> f32,
) -> f32 {
    let mut lanes = [start; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = step(*lane, *value);
        }
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *lane = step(*lane, *value);
    }
    lanes.into_iter().fold(start, join)
}

/// As [`fold`], over two slices of one length.
#[inline(always)]
pub(super) fn fold2(a: &[f32], b: &[f32], step: impl Fn(f32, f32, f32) -> f32) -> f32 {
    let mut lanes = [0f32; LANES];
    let ((a_chunks, a_rest), (b_chunks, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane = step(*lane, *a, *b);
        }
    }
    for ((lane, a), b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
        *lane = step(*lane, *a, *b);
    }
    lanes.into_iter().fold(0.0, |x, y| x + y)
}

/// The sum of `values`.
#[inline(always)]
pub(super) fn sum(values: &[f32]) -> f32 {
    fold(values, 0.0, |lane, x| lane + x, |a, b| a + b)
}

/// The largest of `values`; NaN if any is NaN, negative infinity for none.
#[inline(always)]
pub(super) fn max(values: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if a > b || a.is_nan() { a } else { b };
    fold(values, f32::NEG_INFINITY, larger, larger)
}

/// The largest size of a number in `values`; NaN if any is NaN, 0 for none.
#[inline(always)]
pub(super) fn largest_size(values: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if a > b || a.is_nan() { a } else { b };
    fold(values, 0.0, |lane, x| larger(lane, x.abs()), larger)
}

/// The inner product of two slices of one length.
#[inline(always)]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    fold2(a, b, |lane, a, b| a.mul_add(b, lane))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_two_units_in_the_last_place() {
        let mut worst = 0f64;
        for i in -8_700..8_870 {
            let x = i as f32 * 0.01;
            let exact = f64::from(x).exp();
            worst = worst.max((f64::from(exp(x)) / exact - 1.0).abs());
        }
        assert!(worst < 2.4e-7, "relative error {worst:e}");
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f32::NAN).is_nan());
        assert!(exp(200.0).is_finite());
    }

    #[test]
    fn erf_matches_known_values() {
        let known = [
            (0.0, 0.0),
            (0.1, 0.112_462_916_018_284_9),
            (0.5, 0.520_499_877_813_046_5),
            (1.0, 0.842_700_792_949_714_9),
            (2.0, 0.995_322_265_018_952_7),
            (3.0, 0.999_977_909_503_001_4),
            (9.0, 1.0),
        ];
        for (x, expected) in known {
            for sign in [1f32, -1.0] {
                let error = (f64::from(erf(sign * x)) - f64::from(sign) * expected).abs();
                assert!(error < 1.2e-7, "erf({x}) is off by {error:e}");
            }
        }
    }

    #[test]
    fn the_largest_value_keeps_nan() {
        assert_eq!(max(&[]), f32::NEG_INFINITY);
        assert_eq!(max(&[-3.0, -1.0, -2.0]), -1.0);
        let mut values = vec![0f32; 100];
        values[37] = f32::NAN;
        assert!(max(&values).is_nan());
    }
}
