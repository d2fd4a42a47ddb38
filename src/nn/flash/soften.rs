//! From scores to weights, a register tile of queries at a time.

// By index: what iterators over arrays of vectors are made of is not inlined in development builds,
// where it would take most of the time.
#![expect(clippy::needless_range_loop, reason = "fast in development builds too")]

use super::{Row, VECTORS, rows_mut};
use pulp::Simd;
use std::f32::consts::LOG2_E;

/// To the scores of query `i`, in the base of the weights.
pub(super) fn add_bias(bias: &[f32], scores: &mut [f32], i: usize, tile: usize) {
    for (row, bias) in scores.chunks_exact_mut(tile).zip(bias) {
        // The lowest number, a usual mask, must not become infinite: a row of nothing else is
        // a plain mean.
        let scaled = (bias * LOG2_E).max(f32::MIN);
        row[i] += if bias.is_finite() { scaled } else { *bias };
    }
}

/// Replaces scores, (keys, tile), by `2^(score - largest so far)`, adds them to the sums, and
/// returns by what the results until now have to shrink. A query whose scores are all negative
/// infinity keeps the sum zero; a score that is not a number makes the sum none.
#[inline(always)]
pub(super) fn soften<S: Simd>(
    simd: S,
    scores: &mut [f32],
    largest: &mut Row<S>,
    sums: &mut Row<S>,
) -> Row<S> {
    let scores = rows_mut::<S>(scores);
    let before = *largest;
    for row in &*scores {
        for v in 0..VECTORS {
            largest[v] = simd.max_f32s(largest[v], row[v]);
        }
    }
    // Negative infinity has no distance to itself, the lowest number has.
    let lowest = simd.splat_f32s(f32::MIN);
    let mut base = *largest;
    for v in 0..VECTORS {
        base[v] = simd.max_f32s(base[v], lowest);
    }
    let mut added = [simd.splat_f32s(0.0); VECTORS];
    for row in scores {
        for v in 0..VECTORS {
            row[v] = exp2_nonpositive(simd, simd.sub_f32s(row[v], base[v]));
            added[v] = simd.add_f32s(added[v], row[v]);
        }
    }
    let mut shrunk = before;
    for v in 0..VECTORS {
        shrunk[v] = exp2_nonpositive(simd, simd.sub_f32s(before[v], base[v]));
        sums[v] = simd.mul_add_f32s(sums[v], shrunk[v], added[v]);
    }
    shrunk
}

/// `2^x` for x <= 0 within 2 units in the last place; 0 from -127 on.
#[inline(always)]
fn exp2_nonpositive<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    /// 1.5 * 2^23: adding it rounds to an integer, which then stands in the low bits.
    const ROUND: f32 = 12_582_912.0;
    /// Our own fit of (2^r - 1) / r on -1/2..1/2 with the least largest relative error of 2^r, 9e-8.
    #[expect(
        clippy::approx_constant,
        reason = "the fit comes near ln 2, and is better"
    )]
    const FIT: [f32; 5] = [
        1.326_472_7e-3,
        9.671_513e-3,
        5.550_733_6e-2,
        2.402_224_2e-1,
        6.931_47e-1,
    ];
    // In this order: of two operands one of which is no number, the second is kept.
    let x = simd.max_f32s(simd.splat_f32s(-127.0), x);
    let rounded = simd.add_f32s(x, simd.splat_f32s(ROUND));
    let r = simd.sub_f32s(x, simd.sub_f32s(rounded, simd.splat_f32s(ROUND)));
    let mut p = simd.splat_f32s(FIT[0]);
    for i in 1..FIT.len() {
        p = simd.mul_add_f32s(p, r, simd.splat_f32s(FIT[i]));
    }
    let p = simd.mul_add_f32s(p, r, simd.splat_f32s(1.0)); // 0.7..1.42
    let exponent = simd.transmute_u32s_f32s(rounded);
    let exponent = simd.wrapping_dyn_shl_u32s(exponent, simd.splat_u32s(23));
    // At -127, r is zero and the exponent of one goes down to that of zero.
    simd.transmute_f32s_u32s(simd.add_u32s(simd.transmute_u32s_f32s(p), exponent))
}

#[cfg(test)]
mod tests {
    use super::super::super::simd::dispatch;
    use super::*;
    use pulp::WithSimd;

    struct Powers<'a>(&'a mut [f32]);

    impl WithSimd for Powers<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            for x in S::as_mut_simd_f32s(self.0).0 {
                *x = exp2_nonpositive(simd, *x);
            }
        }
    }

    fn powers(mut numbers: Vec<f32>) -> Vec<f32> {
        dispatch(Powers(&mut numbers));
        numbers
    }

    #[test]
    fn powers_of_two_are_within_two_units_in_the_last_place() {
        let numbers: Vec<f32> = (0..12_544).map(|i| i as f32 * -0.01).collect(); // whole vectors
        let pairs = powers(numbers.clone()).into_iter().zip(numbers);
        let worst = pairs.fold(0f64, |worst, (power, x)| {
            worst.max((f64::from(power) / f64::from(x).exp2() - 1.0).abs())
        });
        assert!(worst < 2.4e-7, "relative error {worst:e}");
    }

    #[test]
    fn powers_end_in_zero_and_keep_what_is_not_a_number() {
        let mut numbers = vec![-127.0; 64];
        numbers[0] = 0.0;
        numbers[1] = f32::NEG_INFINITY;
        numbers[2] = f32::MIN;
        numbers[3] = f32::NAN;
        let powers = powers(numbers);
        assert_eq!(
            (powers[0], powers[1], powers[2], powers[4]),
            (1.0, 0.0, 0.0, 0.0)
        );
        assert!(powers[3].is_nan());
    }
}
