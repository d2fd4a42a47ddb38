//! Products of full precision.

use super::{Products, Row, VECTORS, rows, rows_mut};
use pulp::Simd;

/// Numbers as they are.
pub(super) struct Full;

impl<S: Simd> Products<S> for Full {
    #[inline(always)]
    fn score<const K: usize>(simd: S, query: &[f32], keys: &[f32], scores: &mut [f32]) {
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; K];
        for (query, keys) in rows::<S>(query).iter().zip(keys.as_chunks::<K>().0) {
            for (sums, key) in sums.iter_mut().zip(keys) {
                let key = simd.splat_f32s(*key);
                for (sum, query) in sums.iter_mut().zip(query) {
                    *sum = simd.mul_add_f32s(key, *query, *sum);
                }
            }
        }
        for (row, sums) in rows_mut::<S>(scores).iter_mut().zip(sums) {
            *row = sums;
        }
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
        for (sums, mixed) in sums.iter_mut().zip(&*mixed) {
            for ((sum, mixed), shrunk) in sums.iter_mut().zip(mixed).zip(shrunk) {
                *sum = simd.mul_f32s(*mixed, shrunk);
            }
        }
        for (weights, values) in rows::<S>(weights).iter().zip(values.as_chunks::<V>().0) {
            for (sums, value) in sums.iter_mut().zip(values) {
                let value = simd.splat_f32s(*value);
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum = simd.mul_add_f32s(value, *weight, *sum);
                }
            }
        }
        for (mixed, sums) in mixed.iter_mut().zip(sums) {
            *mixed = sums;
        }
    }
}
