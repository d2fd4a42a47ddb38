//! `x W^T` by inner products: both matrices hold their rows one after another, so a tile of rows of
//! each is multiplied vector by vector, and every sum of lanes is taken once, at the end. Nothing is
//! transposed on the way, which is what makes it faster than a packed product where rows are long.
//!
//! How a number is summed depends on the length of the rows alone, never on how many there are.

use super::parallel;
use super::scratch::scratch;
use super::simd::{dispatch, vector_lanes};
use pulp::{Simd, WithSimd};

/// Rows shorter than this are not worth their sums of lanes.
const LONG: usize = 640;
/// Numbers of a row multiplied at once, so that a block of rows stays in the second-level cache.
const BLOCK: usize = 1280;
/// Rows of `x` in a block.
const ROWS: usize = 96;
/// Rows of `x` in a tile.
const TILE_X: usize = 4;
/// Rows of `W` in a tile: with 24 sums there is room for the operands in 32 registers ...
const WIDE: usize = 6;
/// ... and with 12 in 16.
const NARROW: usize = 3;

/// Whether rows of that length go faster this way on this processor.
pub(super) fn suits(width: usize) -> bool {
    width >= LONG && width.is_multiple_of(vector_lanes())
}

/// Adds `x W^T` to `out`: `x` and `weight` in rows of `width`, `out` in rows of as many numbers as
/// `weight` has rows.
pub(super) fn product(x: &[f32], weight: &[f32], width: usize, out: &mut [f32]) {
    let (rows, output) = (x.len() / width, weight.len() / width);
    let (steps, threads) = (x.len() / 16 * output, rayon::current_num_threads());
    if rows >= 2 * threads * ROWS {
        parallel::pieces(out, ROWS * output, steps, |i, out| {
            let x = &x[i * ROWS * width..][..out.len() / output * width];
            block(x, weight, width, out);
        });
        return;
    }
    // Few rows: every thread takes some columns of the result, so that the weight is read once.
    let columns = output.div_ceil(4 * threads).next_multiple_of(WIDE);
    let parts = parallel::collect(output.div_ceil(columns), steps, |i| {
        let weight = &weight[i * columns * width..];
        let weight = &weight[..weight.len().min(columns * width)];
        let mut part = vec![0.0; rows * weight.len() / width];
        let blocks = part.chunks_mut(ROWS * weight.len() / width);
        for (x, part) in x.chunks(ROWS * width).zip(blocks) {
            block(x, weight, width, part);
        }
        part
    });
    parallel::pieces(out, output, rows * output / 4, |row, out| {
        for (out, part) in out.chunks_mut(columns).zip(&parts) {
            let count = out.len();
            for (out, part) in out.iter_mut().zip(&part[row * count..]) {
                *out += part;
            }
        }
    });
}

fn block(x: &[f32], weight: &[f32], width: usize, out: &mut [f32]) {
    dispatch(Block {
        x,
        weight,
        width,
        out,
    });
}

/// Some rows of the result.
struct Block<'a> {
    x: &'a [f32],
    weight: &'a [f32],
    width: usize,
    out: &'a mut [f32],
}

impl WithSimd for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::REGISTER_COUNT >= 32 {
            self.multiply::<S, WIDE>(simd);
        } else {
            self.multiply::<S, NARROW>(simd);
        }
    }
}

impl Block<'_> {
    #[inline(always)]
    fn multiply<S: Simd, const W: usize>(self, simd: S) {
        let Self {
            x,
            weight,
            width,
            out,
        } = self;
        let (rows, output) = (x.len() / width, weight.len() / width);
        let tiles = rows.div_ceil(TILE_X);
        for first in (0..width).step_by(BLOCK) {
            let length = BLOCK.min(width - first);
            scratch((tiles * TILE_X + W) * length, |work| {
                let (x_tiles, w_tile) = work.split_at_mut(tiles * TILE_X * length);
                for (i, tile) in x_tiles.chunks_exact_mut(TILE_X * length).enumerate() {
                    let row = |j: usize| i * TILE_X + j;
                    gather::<S, TILE_X>(tile, |j| {
                        (row(j) < rows).then(|| &x[row(j) * width + first..])
                    });
                }
                for column in (0..output).step_by(W) {
                    gather::<S, W>(w_tile, |j| {
                        (column + j < output).then(|| &weight[(column + j) * width + first..])
                    });
                    let used = W.min(output - column);
                    let rows = out.chunks_mut(TILE_X * output);
                    for (tile, out) in x_tiles.chunks_exact(TILE_X * length).zip(rows) {
                        let sums = tile_sums::<S, W>(simd, tile, w_tile);
                        for (out, sums) in out.chunks_exact_mut(output).zip(&sums) {
                            for (out, sum) in out[column..column + used].iter_mut().zip(sums) {
                                *out += simd.reduce_sum_f32s(*sum);
                            }
                        }
                    }
                }
            });
        }
    }
}

/// `N` rows side by side, vector by vector; zeros where there is none.
#[inline(always)]
fn gather<'a, S: Simd, const N: usize>(out: &mut [f32], row: impl Fn(usize) -> Option<&'a [f32]>) {
    let lanes = S::F32_LANES;
    for j in 0..N {
        let places = out.chunks_exact_mut(N * lanes);
        match row(j) {
            Some(row) => {
                for (place, row) in places.zip(row.chunks_exact(lanes)) {
                    place[j * lanes..(j + 1) * lanes].copy_from_slice(row);
                }
            }
            None => places.for_each(|place| place[j * lanes..(j + 1) * lanes].fill(0.0)),
        }
    }
}

/// The inner products of two tiles, not yet summed over the lanes.
#[inline(always)]
fn tile_sums<S: Simd, const W: usize>(
    simd: S,
    x: &[f32],
    weight: &[f32],
) -> [[S::f32s; W]; TILE_X] {
    let mut sums = [[simd.splat_f32s(0.0); W]; TILE_X];
    let x = S::as_simd_f32s(x).0.as_chunks::<TILE_X>().0;
    let weight = S::as_simd_f32s(weight).0.as_chunks::<W>().0;
    for (x, weight) in x.iter().zip(weight) {
        for (sums, x) in sums.iter_mut().zip(x) {
            for (sum, weight) in sums.iter_mut().zip(weight) {
                *sum = simd.mul_add_f32s(*x, *weight, *sum);
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        let number = |i: usize| ((i * 7919 + seed) % 1013) as f32 / 1013.0 - 0.5;
        (0..count).map(number).collect()
    }

    #[test]
    fn inner_products_are_those_of_a_plain_loop() {
        let (width, output) = (BLOCK + 2 * vector_lanes(), 29);
        let weight = numbers(output * width, 3);
        for rows in [5, ROWS + 5, 4 * ROWS * rayon::current_num_threads() + 1] {
            let x = numbers(rows * width, 0);
            let mut out = vec![1.0; rows * output];
            product(&x, &weight, width, &mut out);
            for (i, out) in out.chunks_exact(output).enumerate().step_by(7) {
                for (j, out) in out.iter().enumerate() {
                    let row = &x[i * width..(i + 1) * width];
                    let pairs = row.iter().zip(&weight[j * width..]);
                    let plain: f64 = pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                    assert!((f64::from(*out) - 1.0 - plain).abs() < 2e-4, "{i} {j}");
                }
            }
        }
    }

    #[test]
    fn a_row_gets_the_same_bits_in_any_company() {
        let (width, output) = (2 * LONG, 7);
        let rows = 4 * ROWS * rayon::current_num_threads();
        let (x, weight) = (numbers(rows * width, 0), numbers(output * width, 5));
        let mut all = vec![0.0; rows * output];
        product(&x, &weight, width, &mut all);
        for (first, count) in [(0, 1), (ROWS, ROWS), (3, 5)] {
            let mut some = vec![0.0; count * output];
            let x = &x[first * width..(first + count) * width];
            product(x, &weight, width, &mut some);
            assert_eq!(some, all[first * output..(first + count) * output]);
        }
    }
}
