//! Softmax attention of one head in tiles that stay in registers and in the first-level cache.
//!
//! Some keys at a time are scored, weighted and mixed into the result, which is scaled down
//! whenever a larger score turns up; no row of scores ever exists as a whole. Sources: Milakov and
//! Gimelshein, "Online normalizer calculation for softmax", algorithm 3; Dao et al.,
//! "FlashAttention", section 3.1.
//!
//! Queries lie side by side in the vectors, for scores, weights and results alike. So a softmax
//! never adds across a vector, and a head's width never has to be filled up to whole vectors.

use super::simd::{dispatch, vector_lanes};
use pulp::{Simd, WithSimd};
use std::f32::consts::LOG2_E;

/// Vectors of queries in a register tile.
const VECTORS: usize = 2;
/// Queries in the widest tile.
const WIDEST: usize = 32;
/// Keys scored at once, at most.
const KEYS: usize = 64;

/// How the keys and values of a head are laid out for the tiles.
///
/// A register tile is two vectors of queries by some keys, or by some columns of the values: enough
/// independent sums to hide how long one takes, and room for the operands beside them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    keys: usize,
    width: usize,
    /// Queries in a tile.
    tile: usize,
    /// Keys in a tile.
    key_rows: usize,
    /// Columns of the values in a tile.
    value_rows: usize,
}

impl Head {
    /// The layout for that many keys of that width.
    pub fn new(keys: usize, width: usize) -> Self {
        let lanes = vector_lanes();
        // Machines with vectors of eight have sixteen registers, the others twice as many.
        let (key_rows, value_rows) = match lanes {
            8 if width.next_multiple_of(5) < width.next_multiple_of(6) => (6, 5),
            8 => (6, 6),
            _ => (8, 8),
        };
        Self {
            keys,
            width,
            tile: VECTORS * lanes,
            key_rows,
            value_rows,
        }
    }

    fn padded_keys(self) -> usize {
        self.keys.next_multiple_of(self.key_rows)
    }

    fn padded_width(self) -> usize {
        self.width.next_multiple_of(self.value_rows)
    }

    /// Numbers that [`Head::pack`] writes.
    pub fn packed_len(self) -> usize {
        self.padded_keys() * (self.width + self.padded_width())
    }

    /// Queries in whole tiles.
    pub fn padded_queries(self, queries: usize) -> usize {
        queries.next_multiple_of(self.tile)
    }

    /// Numbers of results, before the division, of that many padded queries.
    pub fn mixed_len(self, queries: usize) -> usize {
        queries * self.padded_width()
    }

    /// Lays out keys and values, (Lk, d) each, given row by row: keys as groups (d, rows), values
    /// as panels (Lk, rows), zeros where there are none.
    pub fn pack<'a>(
        self,
        key: impl Fn(usize) -> &'a [f32],
        value: impl Fn(usize) -> &'a [f32],
        out: &mut [f32],
    ) {
        let padded = self.padded_keys();
        let (keys, values) = out.split_at_mut(padded * self.width);
        let key = |row| if row < self.keys { key(row) } else { &[] };
        side_by_side(self.width, self.key_rows, key, 1.0, keys);
        let panels = values.chunks_exact_mut(padded * self.value_rows);
        for (panel, out) in panels.enumerate() {
            let first = panel * self.value_rows;
            for (row, out) in out.chunks_exact_mut(self.value_rows).enumerate() {
                let from = if row < self.keys { value(row) } else { &[] };
                let from = from.get(first..).unwrap_or_default();
                let used = from.len().min(out.len());
                out[..used].copy_from_slice(&from[..used]);
                out[used..].fill(0.0);
            }
        }
    }

    /// Lays out queries, (Lq, d), as tiles (d, queries), times `scale` and the logarithm of e to
    /// base 2, the base of the weights.
    pub fn pack_queries<'a>(
        self,
        count: usize,
        query: impl Fn(usize) -> &'a [f32],
        scale: f32,
        out: &mut [f32],
    ) {
        let query = |row| if row < count { query(row) } else { &[] };
        side_by_side(self.width, self.tile, query, scale * LOG2_E, out);
    }

    /// Mixes the values for packed queries.
    ///
    /// - `packed`: what [`Head::pack`] wrote
    /// - `queries`: what [`Head::pack_queries`] wrote
    /// - `bias`: the numbers added to the scores of a query, (Lk), if any
    /// - `mixed`: [`Head::mixed_len`] numbers, overwritten; for [`Head::finish`]
    /// - `sums`: (Lq padded), overwritten
    pub fn attend<'a>(
        self,
        packed: &[f32],
        queries: &[f32],
        bias: &dyn Fn(usize) -> Option<&'a [f32]>,
        mixed: &mut [f32],
        sums: &mut [f32],
    ) {
        let (keys, values) = packed.split_at(self.padded_keys() * self.width);
        mixed.fill(0.0);
        sums.fill(0.0);
        let work = Work {
            head: self,
            keys,
            values,
            queries,
            bias,
        };
        dispatch(Attend { work, mixed, sums });
    }

    /// Divides by the sums and hands out the results, (d) each, in rows of `out` that start
    /// `stride` numbers apart. A query without a weight gets zeros.
    pub fn finish(self, mixed: &[f32], sums: &[f32], out: &mut [f32], stride: usize) {
        let groups = mixed.chunks_exact(self.padded_width() * self.tile);
        let rows = out.chunks_mut(stride * self.tile);
        for ((out, mixed), sums) in rows.zip(groups).zip(sums.chunks_exact(self.tile)) {
            for (query, (out, sum)) in out.chunks_mut(stride).zip(sums).enumerate() {
                let inverse = if *sum == 0.0 { 0.0 } else { 1.0 / sum };
                let column = mixed.iter().skip(query).step_by(self.tile);
                for (y, x) in out[..self.width].iter_mut().zip(column) {
                    *y = x * inverse;
                }
            }
        }
    }
}

/// Rows of `width` numbers, times `scale`, as groups (width, count); missing rows are zeros.
fn side_by_side<'a>(
    width: usize,
    count: usize,
    row: impl Fn(usize) -> &'a [f32],
    scale: f32,
    out: &mut [f32],
) {
    for (group, out) in out.chunks_exact_mut(count * width).enumerate() {
        for i in 0..count {
            let row = row(group * count + i);
            for (j, out) in out.chunks_exact_mut(count).enumerate() {
                out[i] = row.get(j).map_or(0.0, |x| x * scale);
            }
        }
    }
}

struct Work<'a, 'b> {
    head: Head,
    keys: &'b [f32],
    values: &'b [f32],
    queries: &'b [f32],
    bias: &'b dyn Fn(usize) -> Option<&'a [f32]>,
}

struct Attend<'a, 'b> {
    work: Work<'a, 'b>,
    mixed: &'b mut [f32],
    sums: &'b mut [f32],
}

impl WithSimd for Attend<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Head {
            key_rows,
            value_rows,
            ..
        } = self.work.head;
        match (key_rows, value_rows) {
            (6, 5) => self.tiles::<S, 6, 5>(simd),
            (6, _) => self.tiles::<S, 6, 6>(simd),
            _ => self.tiles::<S, 8, 8>(simd),
        }
    }
}

impl Attend<'_, '_> {
    /// For tiles of `K` keys and of `V` columns of the values.
    #[inline(always)]
    fn tiles<S: Simd, const K: usize, const V: usize>(self, simd: S) {
        let Self { work, mixed, sums } = self;
        let head = work.head;
        let Head { width, tile, .. } = head;
        let (padded, group_len) = (head.padded_keys(), head.padded_width() * tile);
        let at_once = KEYS / K * K;
        let mut largest = vec![f32::NEG_INFINITY; sums.len()];
        let mut weights = [0f32; KEYS * WIDEST];
        for first in (0..head.keys).step_by(at_once) {
            let count = at_once.min(head.keys - first);
            let keys = &work.keys[first * width..(first + count.next_multiple_of(K)) * width];
            let queries = work.queries.chunks_exact(tile * width);
            let results = mixed.chunks_exact_mut(group_len);
            let states = rows_mut::<S>(&mut largest).iter_mut();
            let states = states.zip(rows_mut::<S>(sums));
            let groups = queries.zip(results).zip(states);
            for (group, ((query, mixed), (largest, sums))) in groups.enumerate() {
                let tiles = weights.chunks_exact_mut(K * tile);
                for (keys, weights) in keys.chunks_exact(K * width).zip(tiles) {
                    score::<S, K>(simd, query, keys, weights);
                }
                let weights = &mut weights[..count * tile];
                for i in 0..tile {
                    if let Some(bias) = (work.bias)(group * tile + i) {
                        add_bias(&bias[first..first + count], weights, i, tile);
                    }
                }
                let shrunk = soften(simd, weights, largest, sums);
                let panels = work.values.chunks_exact(padded * V);
                for (values, mixed) in panels.zip(mixed.chunks_exact_mut(V * tile)) {
                    mix::<S, V>(simd, weights, &values[first * V..], mixed, shrunk);
                }
            }
        }
    }
}

/// To the scores of query `i`, in the base of the weights.
fn add_bias(bias: &[f32], scores: &mut [f32], i: usize, tile: usize) {
    for (row, bias) in scores.chunks_exact_mut(tile).zip(bias) {
        // The lowest number, a usual mask, must not become infinite: a row of nothing else is
        // a plain mean.
        let scaled = (bias * LOG2_E).max(f32::MIN);
        row[i] += if bias.is_finite() { scaled } else { *bias };
    }
}

/// The vectors of one row of a tile.
type Row<S> = [<S as Simd>::f32s; VECTORS];

#[inline(always)]
fn rows<S: Simd>(numbers: &[f32]) -> &[Row<S>] {
    S::as_simd_f32s(numbers).0.as_chunks().0
}

#[inline(always)]
fn rows_mut<S: Simd>(numbers: &mut [f32]) -> &mut [Row<S>] {
    S::as_mut_simd_f32s(numbers).0.as_chunks_mut().0
}

/// One register tile of scores: `query` (d, tile) with `K` keys (d, K), to (K, tile).
#[inline(always)]
fn score<S: Simd, const K: usize>(simd: S, query: &[f32], keys: &[f32], scores: &mut [f32]) {
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

/// One register tile of the result, (V, tile): shrinks it and adds the weights (keys, tile) with
/// some columns of the values (keys, V).
#[inline(always)]
fn mix<S: Simd, const V: usize>(
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

/// Replaces scores, (keys, tile), by `2^(score - largest so far)`, adds them to the sums, and
/// returns by what the results until now have to shrink. A query whose scores are all negative
/// infinity keeps the sum zero; a score that is not a number makes the sum none.
#[inline(always)]
fn soften<S: Simd>(simd: S, scores: &mut [f32], largest: &mut Row<S>, sums: &mut Row<S>) -> Row<S> {
    let scores = rows_mut::<S>(scores);
    let before = *largest;
    for row in &*scores {
        for (largest, score) in largest.iter_mut().zip(row) {
            *largest = simd.max_f32s(*largest, *score);
        }
    }
    // Negative infinity has no distance to itself, the lowest number has.
    let lowest = simd.splat_f32s(f32::MIN);
    let base = largest.map(|largest| simd.max_f32s(largest, lowest));
    let mut added = [simd.splat_f32s(0.0); VECTORS];
    for row in scores {
        for ((score, base), added) in row.iter_mut().zip(base).zip(&mut added) {
            *score = exp2_nonpositive(simd, simd.sub_f32s(*score, base));
            *added = simd.add_f32s(*added, *score);
        }
    }
    let mut shrunk = before;
    for ((shrunk, base), (sum, added)) in
        shrunk.iter_mut().zip(base).zip(sums.iter_mut().zip(added))
    {
        *shrunk = exp2_nonpositive(simd, simd.sub_f32s(*shrunk, base));
        *sum = simd.mul_add_f32s(*sum, *shrunk, added);
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
    let [highest, rest @ ..] = FIT;
    let p = rest.into_iter().fold(simd.splat_f32s(highest), |p, c| {
        simd.mul_add_f32s(p, r, simd.splat_f32s(c))
    });
    let p = simd.mul_add_f32s(p, r, simd.splat_f32s(1.0)); // 0.7..1.42
    let exponent = simd.transmute_u32s_f32s(rounded);
    let exponent = simd.wrapping_dyn_shl_u32s(exponent, simd.splat_u32s(23));
    // At -127, r is zero and the exponent of one goes down to that of zero.
    simd.transmute_f32s_u32s(simd.add_u32s(simd.transmute_u32s_f32s(p), exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

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
