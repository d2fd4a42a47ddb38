//! Softmax attention of one head in tiles that stay in registers and in the first-level cache.
//!
//! Some keys at a time are scored, weighted and mixed into the result, which is scaled down
//! whenever a larger score turns up; no row of scores ever exists as a whole. Sources: Milakov and
//! Gimelshein, "Online normalizer calculation for softmax", algorithm 3; Dao et al.,
//! "FlashAttention", section 3.1.

use super::simd::{dispatch, exp, vector_lanes};
use pulp::{Simd, WithSimd};

/// Queries in a register tile.
pub(super) const ROWS: usize = 6;
/// Keys scored at once.
const KEYS: usize = 64;

/// How the keys and values of a head are laid out for the tiles.
///
/// A tile is [`ROWS`] queries by two vectors: with twelve sums there is room for the operands in
/// sixteen registers, and enough independent sums to hide how long one takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    keys: usize,
    width: usize,
    /// Numbers in two vectors.
    tile: usize,
}

impl Head {
    /// The layout for that many keys of that width.
    pub fn new(keys: usize, width: usize) -> Self {
        Self {
            keys,
            width,
            tile: 2 * vector_lanes(),
        }
    }

    fn padded_keys(self) -> usize {
        self.keys.next_multiple_of(self.tile)
    }

    /// The width of a row of the result: whole tiles, the last one a half when that is enough.
    pub fn padded_width(self) -> usize {
        self.width.next_multiple_of(self.tile / 2)
    }

    /// Numbers that [`Head::pack`] writes.
    pub fn packed_len(self) -> usize {
        self.padded_keys() * (self.width + self.padded_width())
    }

    /// Rows of queries and results for that many queries.
    pub fn padded_queries(queries: usize) -> usize {
        queries.next_multiple_of(ROWS)
    }

    /// Lays out keys and values, (Lk, d) each, given row by row: keys as panels (d, tile), values
    /// as panels (Lk, tile), zeros where there are none.
    pub fn pack<'a>(
        self,
        key: impl Fn(usize) -> &'a [f32],
        value: impl Fn(usize) -> &'a [f32],
        out: &mut [f32],
    ) {
        let (tile, padded) = (self.tile, self.padded_keys());
        let (keys, values) = out.split_at_mut(padded * self.width);
        for (panel, out) in keys.chunks_exact_mut(tile * self.width).enumerate() {
            for column in 0..tile {
                let row = panel * tile + column;
                let row = if row < self.keys { key(row) } else { &[] };
                for (i, out) in out.chunks_exact_mut(tile).enumerate() {
                    out[column] = row.get(i).copied().unwrap_or(0.0);
                }
            }
        }
        for (panel, out) in values.chunks_mut(padded * tile).enumerate() {
            let columns = out.len() / padded;
            let first = panel * tile;
            for (row, out) in out.chunks_exact_mut(columns).enumerate() {
                let from = if row < self.keys { value(row) } else { &[] };
                let from = from.get(first..).unwrap_or_default();
                let used = from.len().min(columns);
                out[..used].copy_from_slice(&from[..used]);
                out[used..].fill(0.0);
            }
        }
    }

    /// Lays out queries, (Lq, d), as groups (d, rows), times `scale`.
    pub fn pack_queries<'a>(
        self,
        count: usize,
        query: impl Fn(usize) -> &'a [f32],
        scale: f32,
        out: &mut [f32],
    ) {
        for (group, out) in out.chunks_exact_mut(ROWS * self.width).enumerate() {
            for i in 0..ROWS {
                let row = group * ROWS + i;
                let row = if row < count { query(row) } else { &[] };
                for (j, out) in out.chunks_exact_mut(ROWS).enumerate() {
                    out[i] = row.get(j).map_or(0.0, |x| x * scale);
                }
            }
        }
    }

    /// Mixes the values for packed queries.
    ///
    /// - `packed`: what [`Head::pack`] wrote
    /// - `queries`: what [`Head::pack_queries`] wrote
    /// - `bias`: the numbers added to the scores of a query, (Lk), if any
    /// - `mixed`: (Lq padded, width padded), the result before the division by its row's sum
    /// - `sums`: (Lq padded)
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

/// Scores, then weights, of a group of queries for some keys.
type Tile = [[f32; KEYS]; ROWS];

impl WithSimd for Attend<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { work, mixed, sums } = self;
        let Head { keys, width, tile } = work.head;
        let (padded_keys, stride) = (work.head.padded_keys(), work.head.padded_width());
        let groups = work.queries.len() / (ROWS * width);
        let mut largest = vec![[f32::NEG_INFINITY; ROWS]; groups];
        for first in (0..keys).step_by(KEYS) {
            let count = KEYS.min(keys - first);
            let columns = count.next_multiple_of(tile);
            let panels = &work.keys[first * width..(first + columns) * width];
            let queries = work.queries.chunks_exact(ROWS * width);
            let rows = mixed.chunks_exact_mut(ROWS * stride);
            let states = largest.iter_mut().zip(sums.chunks_exact_mut(ROWS));
            for (group, ((query, mixed), (largest, sums))) in
                queries.zip(rows).zip(states).enumerate()
            {
                let mut weights: Tile = [[0.0; KEYS]; ROWS];
                for (panel, keys) in panels.chunks_exact(tile * width).enumerate() {
                    score(simd, query, keys, &mut weights, panel * tile);
                }
                let rows = weights.iter_mut().zip(largest).zip(sums);
                for (i, ((row, largest), sum)) in rows.enumerate() {
                    if let Some(bias) = (work.bias)(group * ROWS + i) {
                        for (score, bias) in row.iter_mut().zip(&bias[first..first + count]) {
                            *score += bias;
                        }
                    }
                    row[count..columns].fill(f32::NEG_INFINITY);
                    let shrunk = soften(simd, &mut row[..columns], largest, sum);
                    if shrunk != 1.0 {
                        for x in &mut mixed[i * stride..(i + 1) * stride] {
                            *x *= shrunk;
                        }
                    }
                }
                for (panel, values) in work.values.chunks(padded_keys * tile).enumerate() {
                    let (from, at) = (values.len() / padded_keys, panel * tile);
                    let values = &values[first * from..(first + columns) * from];
                    if from == tile {
                        mix::<S, 2>(simd, &weights, values, mixed, stride, at);
                    } else {
                        mix::<S, 1>(simd, &weights, values, mixed, stride, at);
                    }
                }
            }
        }
    }
}

/// One register tile of scores: `query` (d, rows) with a panel of keys (d, tile).
#[inline(always)]
fn score<S: Simd>(simd: S, query: &[f32], keys: &[f32], weights: &mut Tile, at: usize) {
    let mut sums = [[simd.splat_f32s(0.0); 2]; ROWS];
    let keys = S::as_simd_f32s(keys).0.as_chunks::<2>().0;
    for (query, keys) in query.as_chunks::<ROWS>().0.iter().zip(keys) {
        for (sums, query) in sums.iter_mut().zip(query) {
            let query = simd.splat_f32s(*query);
            for (sum, key) in sums.iter_mut().zip(keys) {
                *sum = simd.mul_add_f32s(query, *key, *sum);
            }
        }
    }
    for (row, sums) in weights.iter_mut().zip(sums) {
        let place = S::as_mut_simd_f32s(&mut row[at..]).0;
        for (place, sum) in place.iter_mut().zip(sums) {
            *place = sum;
        }
    }
}

/// Adds one register tile of the result: weights (rows, keys) with a panel of values (keys, V
/// vectors).
#[inline(always)]
fn mix<S: Simd, const V: usize>(
    simd: S,
    weights: &Tile,
    values: &[f32],
    mixed: &mut [f32],
    stride: usize,
    at: usize,
) {
    let mut sums = [[simd.splat_f32s(0.0); V]; ROWS];
    for (sums, mixed) in sums.iter_mut().zip(mixed.chunks_exact(stride)) {
        for (sum, mixed) in sums.iter_mut().zip(S::as_simd_f32s(&mixed[at..]).0) {
            *sum = *mixed;
        }
    }
    let values = S::as_simd_f32s(values).0.as_chunks::<V>().0;
    // Zipped and not indexed: with a check of the index in the loop the sums would go to memory.
    let [a, b, c, d, e, f] = weights;
    let weights = a.iter().zip(b).zip(c).zip(d).zip(e).zip(f);
    for (values, (((((a, b), c), d), e), f)) in values.iter().zip(weights) {
        for (sums, weight) in sums.iter_mut().zip([a, b, c, d, e, f]) {
            let weight = simd.splat_f32s(*weight);
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum = simd.mul_add_f32s(weight, *value, *sum);
            }
        }
    }
    for (sums, mixed) in sums.iter().zip(mixed.chunks_exact_mut(stride)) {
        let place = S::as_mut_simd_f32s(&mut mixed[at..]).0;
        for (place, sum) in place.iter_mut().zip(sums) {
            *place = *sum;
        }
    }
}

/// Replaces scores, whole vectors of them, by `exp(score - largest so far)`, adds them to the sum,
/// and returns by what the result until now has to shrink. A row whose scores are all negative
/// infinity stays zero instead of NaN; a score that is not a number makes the sum none.
#[inline(always)]
fn soften<S: Simd>(simd: S, scores: &mut [f32], largest: &mut f32, sum: &mut f32) -> f32 {
    let lowest = simd.splat_f32s(f32::NEG_INFINITY);
    let vectors = S::as_simd_f32s(scores).0.iter();
    let here = simd.reduce_max_f32s(vectors.fold(lowest, |a, b| simd.max_f32s(a, *b)));
    let before = *largest;
    let now = if here > before { here } else { before };
    *largest = now;
    let base = if now == f32::NEG_INFINITY { 0.0 } else { now };
    for score in scores.iter_mut() {
        *score = exp(*score - base);
    }
    let vectors = S::as_simd_f32s(scores).0.iter();
    let zero = simd.splat_f32s(0.0);
    let added = simd.reduce_sum_f32s(vectors.fold(zero, |a, b| simd.add_f32s(a, *b)));
    let shrunk = if now == before {
        1.0
    } else {
        exp(before - base)
    };
    *sum = *sum * shrunk + added;
    shrunk
}
