//! Products of bf16 pairs, two per lane and instruction, summed in f32 (`vdpbf16ps`).
//!
//! Everything that is multiplied comes in pairs: two neighbours along a head's width for scores, two
//! neighbouring keys for results. A pair takes the place of one f32, its first number in the low bits,
//! so the layouts are those of full precision with half the rows.

// By index: what iterators over arrays of vectors are made of is not inlined in development builds,
// where it would take most of the time.

use super::{Attend, Products, Row, VECTORS, rows, rows_mut};
use pulp::Simd;
use pulp::x86::V4;
use std::arch::x86_64::{
    __m512, __m512bh, __m512i, _mm512_cvtne2ps_pbh, _mm512_dpbf16_ps, _mm512_loadu_si512,
    _mm512_permutexvar_epi16, _mm512_set1_ps,
};
use std::mem::transmute;
use std::sync::LazyLock;

/// Numbers of half the bits, in pairs.
pub(super) struct Half;

/// Whether this processor has the instructions.
pub(super) fn available() -> bool {
    static FOUND: LazyLock<bool> =
        LazyLock::new(|| V4::try_new().is_some() && is_x86_feature_detected!("avx512bf16"));
    *FOUND
}

/// Two numbers as a pair, each rounded to the nearest bf16, to even in the middle.
#[inline]
pub(super) fn pair(first: f32, second: f32) -> f32 {
    // Without a branch, so that a loop becomes vector code; what is no number stays none.
    let upper = |x: f32| {
        let bits = x.to_bits();
        let nearest = bits.wrapping_add(0x7fff + (bits >> 16 & 1));
        if x.is_nan() {
            bits | 0x0040_0000
        } else {
            nearest
        }
    };
    f32::from_bits(upper(first) >> 16 | upper(second) & 0xffff_0000)
}

/// # Panics
/// Where [`available`] says no.
pub(super) fn attend(work: Attend<'_, '_>) {
    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512bf16,avx2,fma")]
    fn here(work: Attend<'_, '_>, simd: V4) {
        work.tiles::<V4, Half, 8, 8>(simd);
    }
    assert!(available(), "this processor has no such instruction");
    let simd = V4::try_new().expect("checked above");
    #[expect(unsafe_code, reason = "calls a function with more target features")]
    // SAFETY: the processor has these features.
    unsafe {
        here(work, simd);
    }
}

/// Adds the products of the pairs in every lane.
#[inline(always)]
fn add_products(sum: __m512, a: __m512, b: __m512) -> __m512 {
    #[expect(unsafe_code, reason = "an instruction, and vectors seen as pairs")]
    // SAFETY: only `attend` comes here, which checked the processor; both types are 64 bytes.
    unsafe {
        _mm512_dpbf16_ps(
            sum,
            transmute::<__m512, __m512bh>(a),
            transmute::<__m512, __m512bh>(b),
        )
    }
}

/// One number, or pair, in all lanes.
#[inline(always)]
fn splat(x: f32) -> __m512 {
    #[expect(unsafe_code, reason = "an instruction")]
    // SAFETY: as in `add_products`.
    unsafe {
        _mm512_set1_ps(x)
    }
}

/// Two vectors as one of pairs.
#[inline(always)]
fn pairs(first: __m512, second: __m512, order: __m512i) -> __m512 {
    #[expect(unsafe_code, reason = "instructions, and vectors seen as pairs")]
    // SAFETY: as in `add_products`.
    unsafe {
        let halves = transmute::<__m512bh, __m512i>(_mm512_cvtne2ps_pbh(second, first));
        transmute::<__m512i, __m512>(_mm512_permutexvar_epi16(order, halves))
    }
}

/// Takes the halves of two vectors that stand one after another in turn.
pub(in crate::nn) const IN_TURN: [u16; 32] = {
    let mut order = [0; 32];
    let mut i = 0;
    while i < 16 {
        order[2 * i] = i as u16;
        order[2 * i + 1] = 16 + i as u16;
        i += 1;
    }
    order
};

impl Products<V4> for Half {
    #[inline(always)]
    fn score<const K: usize>(_: V4, query: &[f32], keys: &[f32], scores: &mut [f32]) {
        let mut sums = [[splat(0.0); VECTORS]; K];
        for (query, keys) in rows::<V4>(query).iter().zip(keys.as_chunks::<K>().0) {
            let query = to_native(*query);
            for k in 0..K {
                let key = splat(keys[k]);
                for v in 0..VECTORS {
                    sums[k][v] = add_products(sums[k][v], key, query[v]);
                }
            }
        }
        let scores = rows_mut::<V4>(scores);
        for k in 0..K {
            scores[k] = from_native(sums[k]);
        }
    }

    #[inline(always)]
    fn ready(_: V4, weights: &mut [f32]) {
        #[expect(unsafe_code, reason = "loads a vector")]
        // SAFETY: the array is as long as the vector.
        let order = unsafe { _mm512_loadu_si512(IN_TURN.as_ptr().cast()) };
        let rows = rows_mut::<V4>(weights);
        for i in 0..rows.len().div_ceil(2) {
            let first = to_native(rows[2 * i]);
            let second = match rows.get(2 * i + 1) {
                Some(row) => to_native(*row),
                // No key has no weight.
                None => [splat(0.0); VECTORS],
            };
            let mut both = first;
            for v in 0..VECTORS {
                both[v] = pairs(first[v], second[v], order);
            }
            rows[i] = from_native(both);
        }
    }

    #[inline(always)]
    fn mix<const V: usize>(
        simd: V4,
        weights: &[f32],
        values: &[f32],
        mixed: &mut [f32],
        shrunk: Row<V4>,
    ) {
        let mixed = rows_mut::<V4>(mixed);
        let mut sums = [[splat(0.0); VECTORS]; V];
        for column in 0..V {
            let mut row = shrunk;
            for v in 0..VECTORS {
                row[v] = simd.mul_f32s(mixed[column][v], shrunk[v]);
            }
            sums[column] = to_native(row);
        }
        for (weights, values) in rows::<V4>(weights).iter().zip(values.as_chunks::<V>().0) {
            let weights = to_native(*weights);
            for column in 0..V {
                let value = splat(values[column]);
                for v in 0..VECTORS {
                    sums[column][v] = add_products(sums[column][v], value, weights[v]);
                }
            }
        }
        for column in 0..V {
            mixed[column] = from_native(sums[column]);
        }
    }
}

#[inline(always)]
fn to_native(row: Row<V4>) -> [__m512; VECTORS] {
    #[expect(unsafe_code, reason = "the same bits as another type")]
    // SAFETY: both are as many vectors of 16 numbers.
    unsafe {
        transmute::<Row<V4>, [__m512; VECTORS]>(row)
    }
}

#[inline(always)]
fn from_native(row: [__m512; VECTORS]) -> Row<V4> {
    #[expect(unsafe_code, reason = "the same bits as another type")]
    // SAFETY: as in `to_native`.
    unsafe {
        transmute::<[__m512; VECTORS], Row<V4>>(row)
    }
}

#[cfg(test)]
mod tests {
    use super::pair;

    #[test]
    fn pairs_are_rounded_as_bf16_is() {
        let odd = [
            0.0,
            -0.0,
            1.0,
            -1.003_906_2,
            3.4e38,
            f32::INFINITY,
            f32::MIN_POSITIVE,
            1e-40,
        ];
        let many = (0..4096).map(|i| (i as f32 * 0.37).sin() * 10f32.powi(i % 9 - 4));
        for x in odd.into_iter().chain(many) {
            let bits = pair(x, -x).to_bits();
            let bf16 = |x: f32| u32::from(half::bf16::from_f32(x).to_bits());
            assert_eq!((bits & 0xffff, bits >> 16), (bf16(x), bf16(-x)), "{x}");
        }
        let bits = pair(f32::NAN, 1.0).to_bits();
        assert!(half::bf16::from_bits(bits as u16).is_nan());
    }
}
