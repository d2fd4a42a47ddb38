//! Softmax attention of one head in tiles that stay in registers and in the first-level cache.
//!
//! Some keys at a time are scored, weighted and mixed into the result, which is scaled down
//! whenever a larger score turns up; no row of scores ever exists as a whole. Sources: Milakov and
//! Gimelshein, "Online normalizer calculation for softmax", algorithm 3; Dao et al.,
//! "FlashAttention", section 3.1.
//!
//! Queries lie side by side in the vectors, for scores, weights and results alike. So a softmax
//! never adds across a vector, and a head's width never has to be filled up to whole vectors.

mod full;
#[cfg(target_arch = "x86_64")]
mod half;
mod soften;

#[cfg(target_arch = "x86_64")]
pub(super) use half::IN_TURN;

use super::simd::{dispatch, vector_lanes};
use full::Full;
use pulp::{Simd, WithSimd};
use soften::{add_bias, soften};
use std::f32::consts::LOG2_E;

/// Vectors of queries in a register tile.
const VECTORS: usize = 2;
/// Queries in the widest tile.
const WIDEST: usize = 32;
/// Keys scored at once, at most.
const KEYS: usize = 64;

/// Whether this processor multiplies pairs of bf16 numbers, which attention in half precision needs.
pub fn has_paired_halves() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        half::available()
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

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
    in_place: InPlace,
}

/// What stands in the place of one number.
#[derive(Clone, Copy, Debug, PartialEq)]
enum InPlace {
    /// It alone.
    One,
    /// Two of half the bits.
    #[cfg(target_arch = "x86_64")]
    Two,
}

impl InPlace {
    fn count(self) -> usize {
        match self {
            Self::One => 1,
            #[cfg(target_arch = "x86_64")]
            Self::Two => 2,
        }
    }

    /// Fills places, each with its `first` number, and its `second` where there is room for it.
    #[inline(always)]
    fn fill<'a>(
        self,
        places: impl Iterator<Item = &'a mut f32>,
        first: impl Fn(usize) -> f32,
        second: impl Fn(usize) -> f32,
    ) {
        let places = places.enumerate();
        match self {
            Self::One => places.for_each(|(i, place)| *place = first(i)),
            #[cfg(target_arch = "x86_64")]
            Self::Two => places.for_each(|(i, place)| *place = half::pair(first(i), second(i))),
        }
    }
}

/// A number of a row; zero behind its end.
#[inline(always)]
fn number(row: &[f32], i: usize) -> f32 {
    row.get(i).copied().unwrap_or_default()
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
            in_place: InPlace::One,
        }
    }

    /// The same with products of bf16, where this processor has them.
    pub fn with_half(self) -> Self {
        #[cfg(target_arch = "x86_64")]
        if has_paired_halves() {
            return Self {
                in_place: InPlace::Two,
                ..self
            };
        }
        self
    }

    /// Places of a head's width.
    fn places(self) -> usize {
        self.width.div_ceil(self.in_place.count())
    }

    /// Rows of places of the values.
    fn value_places(self) -> usize {
        self.padded_keys().div_ceil(self.in_place.count())
    }

    fn padded_keys(self) -> usize {
        self.keys.next_multiple_of(self.key_rows)
    }

    fn padded_width(self) -> usize {
        self.width.next_multiple_of(self.value_rows)
    }

    /// Numbers that [`Head::pack`] writes.
    pub fn packed_len(self) -> usize {
        self.padded_keys() * self.places() + self.value_places() * self.padded_width()
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
        let (keys, values) = out.split_at_mut(self.padded_keys() * self.places());
        let key = |row| if row < self.keys { key(row) } else { &[] };
        self.side_by_side(self.key_rows, key, 1.0, keys);
        let value = |row| if row < self.keys { value(row) } else { &[] };
        let panels = values.chunks_exact_mut(self.value_places() * self.value_rows);
        for (panel, out) in panels.enumerate() {
            let first = panel * self.value_rows;
            for (i, out) in out.chunks_exact_mut(self.value_rows).enumerate() {
                let row = i * self.in_place.count();
                let part = |row| value(row).get(first..).unwrap_or_default();
                let (row, next) = (part(row), part(row + 1));
                let places = out.iter_mut();
                self.in_place
                    .fill(places, |j| number(row, j), |j| number(next, j));
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
        self.side_by_side(self.tile, query, scale * LOG2_E, out);
    }

    /// Rows, times `scale`, as groups (place, count); missing rows are zeros.
    fn side_by_side<'a>(
        self,
        count: usize,
        row: impl Fn(usize) -> &'a [f32],
        scale: f32,
        out: &mut [f32],
    ) {
        for (group, out) in out.chunks_exact_mut(count * self.places()).enumerate() {
            for i in 0..count {
                let row = row(group * count + i);
                let at = |j| number(row, j) * scale;
                let every = self.in_place.count();
                let places = out.chunks_exact_mut(count).map(|place| &mut place[i]);
                self.in_place
                    .fill(places, |j| at(j * every), |j| at(j * every + 1));
            }
        }
    }

    /// Numbers that [`Head::pack_queries`] writes for that many padded queries.
    pub fn queries_len(self, queries: usize) -> usize {
        queries * self.places()
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
        let (keys, values) = packed.split_at(self.padded_keys() * self.places());
        mixed.fill(0.0);
        sums.fill(0.0);
        let work = Work {
            head: self,
            keys,
            values,
            queries,
            bias,
        };
        let attend = Attend { work, mixed, sums };
        #[cfg(target_arch = "x86_64")]
        if self.in_place == InPlace::Two {
            return half::attend(attend);
        }
        dispatch(attend);
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
            (6, 5) => self.tiles::<S, Full, 6, 5>(simd),
            (6, _) => self.tiles::<S, Full, 6, 6>(simd),
            _ => self.tiles::<S, Full, 8, 8>(simd),
        }
    }
}

impl Attend<'_, '_> {
    /// For tiles of `K` keys and of `V` columns of the values.
    #[inline(always)]
    fn tiles<S: Simd, P: Products<S>, const K: usize, const V: usize>(self, simd: S) {
        let Self { work, mixed, sums } = self;
        let head = work.head;
        let Head { tile, .. } = head;
        let (width, group_len) = (head.places(), head.padded_width() * tile);
        let panel_len = head.value_places() * V;
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
                    P::score::<K>(simd, query, keys, weights);
                }
                let weights = &mut weights[..count * tile];
                for i in 0..tile {
                    if let Some(bias) = (work.bias)(group * tile + i) {
                        add_bias(&bias[first..first + count], weights, i, tile);
                    }
                }
                let shrunk = soften(simd, weights, largest, sums);
                P::ready(simd, weights);
                let weights = &weights[..count.div_ceil(head.in_place.count()) * tile];
                let first = first / head.in_place.count() * V;
                let panels = work.values.chunks_exact(panel_len);
                for (values, mixed) in panels.zip(mixed.chunks_exact_mut(V * tile)) {
                    P::mix::<V>(simd, weights, &values[first..], mixed, shrunk);
                }
            }
        }
    }
}

/// How a tile is multiplied.
trait Products<S: Simd> {
    /// One register tile of scores: `query` (place, tile) with `K` keys (place, K), to (K, tile).
    fn score<const K: usize>(simd: S, query: &[f32], keys: &[f32], scores: &mut [f32]);

    /// Makes weights (keys, tile) ready for [`Products::mix`].
    fn ready(simd: S, weights: &mut [f32]);

    /// One register tile of the result, (V, tile): shrinks it and adds the weights with some columns
    /// of the values (rows of places, V).
    fn mix<const V: usize>(
        simd: S,
        weights: &[f32],
        values: &[f32],
        mixed: &mut [f32],
        shrunk: Row<S>,
    );
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
