//! 3x3 convolution with a quarter of the multiplications.
//!
//! Winograd's F(4x4, 3x3): a tile of 6x6 input pixels gives 4x4 outputs from 36 products per pair of
//! channels instead of 144. Input tiles, kernels and outputs go through small linear transforms in
//! both directions; in between stand 36 ordinary matrix products.
//! Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015.
//!
//! Large maps transform their kernels once and multiply by the matrix product. On small maps there is
//! more work in the kernels than in the tiles, so [`small`] transforms them in pieces that never leave
//! the cache.

mod small;
mod tiles;
mod transforms;

use super::gemm::{Into, Mat, MatMut, Threads, matmul};
use super::parallel;
use super::scratch::scratch;
use super::simd::vectorised;
pub(super) use small::Small;
use tiles::{Tiles, transform_kernels};

/// Input pixels along a tile.
const IN: usize = 6;
/// Output pixels along a tile.
const OUT: usize = 4;
/// Products per pair of channels and tile.
const POINTS: usize = IN * IN;

/// The sizes of one 3x3 convolution with stride 1 and one pixel of padding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Winograd {
    input: usize,
    output: usize,
    tiles: Tiles,
}

/// Transformed kernels held at once, in numbers: above this the output channels go in groups, so
/// that what was transformed is still in the last cache when it is multiplied; 16 MB.
const KERNELS: usize = 4 << 20;
/// Tiles worked on at once, at most.
const TILES: usize = 256;
/// Output channels per task, at most.
const CHUNK: usize = 160;
/// Distance between the rows of a matrix beyond their length, so that they do not share cache sets.
const GAP: usize = 16;
/// The part of the tiles' numbers that has to be pixels for the transforms to pay.
const USED: f64 = 0.7;

impl Winograd {
    /// For maps large enough that transforming the kernels pays; otherwise nothing.
    pub fn new(input: usize, output: usize, height: usize, width: usize) -> Option<Self> {
        let tiles = Tiles::new(height, width, TILES);
        let large = width.div_ceil(OUT) * height.div_ceil(OUT) >= 64;
        (input >= 32 && output >= 16 && large && tiles.used() > USED).then_some(Self {
            input,
            output,
            tiles,
        })
    }

    /// Images (in, H, W) with kernels (out, in, 3, 3) to `out`, (out, H, W) each.
    pub fn forward(&self, images: &[f32], kernels: &[f32], bias: Option<&[f32]>, out: &mut [f32]) {
        let group = (KERNELS / self.kernel_len()).clamp(1, self.output);
        let (tiles, plane) = (self.tiles, self.plane());
        let whole = group == self.output;
        scratch(group * self.kernel_len(), |transformed| {
            if whole {
                self.transform_kernels(kernels, transformed);
            }
            scratch(self.input * POINTS * self.stride(), |points| {
                let images = images.chunks_exact(self.input * plane);
                for (image, out) in images.zip(out.chunks_exact_mut(self.output * plane)) {
                    for first in (0..tiles.height.div_ceil(OUT)).step_by(tiles.rows) {
                        self.transform_image(image, first, points);
                        for (i, out) in out.chunks_mut(group * plane).enumerate() {
                            let channels = i * group..i * group + out.len() / plane;
                            if !whole {
                                let area = self.input * 9;
                                let kernels = &kernels[channels.start * area..channels.end * area];
                                self.transform_kernels(kernels, transformed);
                            }
                            let bias = bias.map(|bias| &bias[channels]);
                            self.multiply(transformed, points, bias, first, out);
                        }
                    }
                }
            });
        });
    }

    /// Pixels of a map.
    fn plane(&self) -> usize {
        self.tiles.height * self.tiles.width
    }

    /// Numbers per output channel of the transformed kernels.
    fn kernel_len(&self) -> usize {
        POINTS * self.input + GAP
    }

    /// Distance from one row of tiles' numbers to the next.
    fn stride(&self) -> usize {
        self.tiles.count() + GAP
    }

    /// (out, in, 3, 3) to (out, point, in).
    fn transform_kernels(&self, kernels: &[f32], out: &mut [f32]) {
        let (n, area) = (self.input, self.input * 9);
        let out = &mut out[..kernels.len() / area * self.kernel_len()];
        let steps = out.len();
        parallel::pieces(out, self.kernel_len(), steps, |i, out| {
            let kernels = kernels[i * area..(i + 1) * area].as_chunks::<9>().0;
            scratch((9 + 3 * IN) * n, |work| {
                let (places, down) = work.split_at_mut(9 * n);
                for (place, values) in places.chunks_exact_mut(n).enumerate() {
                    for (value, kernel) in values.iter_mut().zip(kernels) {
                        *value = kernel[place];
                    }
                }
                vectorised(
                    #[inline(always)]
                    || transform_kernels(places, down, out, n),
                );
            });
        });
    }

    /// Some rows of tiles, from `first`, to (in, point, tile).
    fn transform_image(&self, image: &[f32], first: usize, out: &mut [f32]) {
        let (plane, stride) = (self.plane(), self.stride());
        let steps = out.len();
        parallel::pieces(out, POINTS * stride, steps, |channel, out| {
            let image = &image[channel * plane..(channel + 1) * plane];
            self.tiles.transform(image, first, out, stride);
        });
    }

    /// The products and the transform back, some output channels per task.
    fn multiply(
        &self,
        kernels: &[f32],
        points: &[f32],
        bias: Option<&[f32]>,
        first: usize,
        out: &mut [f32],
    ) {
        let (plane, input, kernel_len) = (self.plane(), self.input, self.kernel_len());
        let (count, stride) = (self.tiles.count(), self.stride());
        let (channels, threads) = (out.len() / plane, rayon::current_num_threads());
        let tasks = threads * channels.div_ceil(threads * CHUNK);
        let chunk = channels.div_ceil(tasks).next_multiple_of(8).min(channels);
        let steps = POINTS * channels * input * count / 16;
        parallel::pieces(out, chunk * plane, steps, |i, out| {
            let start = i * chunk;
            let channels = out.len() / plane;
            scratch(POINTS * channels * stride, |products| {
                for (point, product) in products.chunks_exact_mut(channels * stride).enumerate() {
                    let kernels = &kernels[start * kernel_len + point * input..];
                    matmul(
                        MatMut::strided(product, channels, count, stride),
                        Mat::strided(kernels, channels, input, kernel_len),
                        Mat::strided(&points[point * stride..], input, count, POINTS * stride),
                        1.0,
                        Into::Set,
                        Threads::One,
                    );
                }
                for (channel, out) in out.chunks_exact_mut(plane).enumerate() {
                    let bias = bias.map_or(0.0, |bias| bias[start + channel]);
                    let products = &products[channel * stride..];
                    self.tiles
                        .transform_back(products, channels * stride, bias, first, out);
                }
            });
        });
    }
}
