//! Products of full precision.

// By index: what iterators over arrays of vectors are made of is not inlined in development builds,
// where it would take most of the time.

use super::{Products, Row, VECTORS, rows, rows_mut};
use pulp::Simd;

/// Numbers as they are.
pub(super) struct Full;

impl<S: Simd> Products<S> for Full {
    #[inline(always)]
    fn score<const K: usize>(simd: S, query: &[f32], keys: &[f32], scores: &mut [f32]) {
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; K];
        for (query, keys) in rows::<S>(query).iter().zip(keys.as_chunks::<K>().0) {
            for k in 0..K {
                let key = simd.splat_f32s(keys[k]);
                for v in 0..VECTORS {
                    sums[k][v] = simd.mul_add_f32s(key, query[v], sums[k][v]);
                }
            }
        }
        rows_mut::<S>(scores)[..K].copy_from_slice(&sums);
    }

    #[inline(always)]
    fn ready(_: S, _: &mut [f32]) {}

    #[inline(always)]
    fn mix<const V: usize>(
        simd: S,
        weights: &[f32],
        values: &[f32],
        mixed: &mut [f32],
        shrunk: Row<S>,
    ) {
        let mixed = rows_mut::<S>(mixed);
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; V];
        for column in 0..V {
            for v in 0..VECTORS {
                sums[column][v] = simd.mul_f32s(mixed[column][v], shrunk[v]);
            }
        }
        for (weights, values) in rows::<S>(weights).iter().zip(values.as_chunks::<V>().0) {
            for column in 0..V {
                let value = simd.splat_f32s(values[column]);
                for v in 0..VECTORS {
                    sums[column][v] = simd.mul_add_f32s(value, weights[v], sums[column][v]);
                }
            }
        }
        mixed[..V].copy_from_slice(&sums);
    }
}
