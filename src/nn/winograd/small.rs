//! Small maps: kernels are transformed a few at a time, right before they are multiplied.
//!
//! With 16 tiles to a map, as Stable Diffusion has at 16x16 pixels and 1280 channels, transformed
//! kernels are four times as many numbers as the kernels, and each meets only 16 tiles. Written out
//! and read again they would cost more than the products saved. So a task takes a few output channels
//! and walks over the input channels block by block: kernels, tiles and sums of a block stay in the
//! second-level cache.

use super::super::parallel;
use super::super::scratch::scratch;
use super::super::simd::{dispatch, vectorised};
use super::tiles::{Tiles, transform_kernels};
use super::{OUT, POINTS, USED};
use pulp::{Simd, WithSimd};

/// Input channels of a block.
const BLOCK: usize = 64;
/// Output channels whose kernels are transformed together.
const GROUP: usize = 16;
/// Tiles multiplied at once.
const STRIP: usize = 16;
/// Output channels of a task, in groups, while an image has one strip.
const GROUPS: usize = 4;

/// The sizes of one 3x3 convolution with stride 1 and one pixel of padding.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Small {
    input: usize,
    output: usize,
    tiles: Tiles,
}

impl Small {
    /// For maps of 16 to 63 tiles; otherwise nothing.
    pub fn new(input: usize, output: usize, height: usize, width: usize) -> Option<Self> {
        let all = width.div_ceil(OUT) * height.div_ceil(OUT);
        let tiles = Tiles::new(height, width, all);
        let fits = (STRIP..64).contains(&all) && tiles.used() > USED;
        (fits && input >= 32 && output.is_multiple_of(GROUP)).then_some(Self {
            input,
            output,
            tiles,
        })
    }

    /// Images (in, H, W) with kernels (out, in, 3, 3) to `out`, (out, H, W) each. What one image gets
    /// does not depend on the others.
    pub fn forward(&self, images: &[f32], kernels: &[f32], bias: Option<&[f32]>, out: &mut [f32]) {
        let plane = self.tiles.height * self.tiles.width;
        let count = images.len() / (self.input * plane);
        let columns = count * self.tiles.count();
        scratch(POINTS * self.input * columns, |points| {
            self.transform_images(images, columns, points);
            let points = &*points;
            let groups = self.groups(columns);
            let mut tasks: Vec<Vec<&mut [f32]>> = Vec::new();
            for image in out.chunks_exact_mut(self.output * plane) {
                for (i, part) in image.chunks_mut(groups * GROUP * plane).enumerate() {
                    match tasks.get_mut(i) {
                        Some(parts) => parts.push(part),
                        None => tasks.push(vec![part]),
                    }
                }
            }
            let tasks = tasks.into_iter().enumerate().collect();
            let steps = POINTS * self.output * self.input * columns / 16;
            parallel::each(tasks, steps, |(i, out): (usize, Vec<&mut [f32]>)| {
                let first = i * groups * GROUP;
                let channels = first..self.output.min(first + groups * GROUP);
                let kernels = &kernels[channels.start * self.input * 9..];
                let sums_len = POINTS * GROUP * columns;
                let groups = channels.len() / GROUP;
                scratch(groups * sums_len, |sums| {
                    sums.fill(0.0);
                    self.multiply(kernels, points, columns, sums);
                    let bias = bias.map(|bias| &bias[channels]);
                    self.transform_back(sums, columns, bias, out);
                });
            });
        });
    }

    /// Groups of output channels per task: few enough for the cache and for every thread to have a few
    /// tasks.
    fn groups(&self, columns: usize) -> usize {
        let fitting = (GROUPS * STRIP / columns).max(1);
        let share = (self.output / GROUP).div_ceil(2 * rayon::current_num_threads());
        fitting.min(share)
    }

    /// To (block of input channels, point, channel in the block, tile of all images).
    fn transform_images(&self, images: &[f32], columns: usize, out: &mut [f32]) {
        let (n, plane) = (self.tiles.count(), self.tiles.height * self.tiles.width);
        let (steps, block_len) = (out.len(), BLOCK * POINTS * columns);
        parallel::pieces(out, block_len, steps, |block, out| {
            let distance = out.len() / POINTS;
            for channel in 0..distance / columns {
                let images = images[(block * BLOCK + channel) * plane..].chunks(plane);
                for (i, image) in images.step_by(self.input).enumerate() {
                    let out = &mut out[channel * columns + i * n..];
                    self.tiles.transform(image, 0, out, distance);
                }
            }
        });
    }

    /// Adds the products of some groups of output channels to `sums`, (group, point, channel in the
    /// group, tile of all images).
    fn multiply(&self, kernels: &[f32], points: &[f32], columns: usize, sums: &mut [f32]) {
        let sums_len = POINTS * GROUP * columns;
        scratch((9 + 18 + POINTS) * BLOCK * GROUP, |work| {
            let (places, work) = work.split_at_mut(9 * BLOCK * GROUP);
            let (down, transformed) = work.split_at_mut(18 * BLOCK * GROUP);
            for (block, points) in points.chunks(BLOCK * POINTS * columns).enumerate() {
                let channels = points.len() / (POINTS * columns);
                let n = channels * GROUP;
                for (group, sums) in sums.chunks_exact_mut(sums_len).enumerate() {
                    let start = (group * GROUP * self.input + block * BLOCK) * 9;
                    self.sort_kernels(&kernels[start..], channels, places);
                    vectorised(
                        #[inline(always)]
                        || transform_kernels(places, down, transformed, n),
                    );
                    dispatch(Products {
                        kernels: &transformed[..POINTS * n],
                        points,
                        columns,
                        sums,
                    });
                }
            }
        });
    }

    /// The kernels of a group and a block, as nine planes (channel in the block, channel in the
    /// group).
    fn sort_kernels(&self, kernels: &[f32], channels: usize, places: &mut [f32]) {
        for (output, kernels) in kernels.chunks(self.input * 9).take(GROUP).enumerate() {
            let kernels = kernels.as_chunks::<9>().0.iter().take(channels);
            for (input, kernel) in kernels.enumerate() {
                for (place, value) in kernel.iter().enumerate() {
                    places[(place * channels + input) * GROUP + output] = *value;
                }
            }
        }
    }

    /// The sums of a task to the planes of its channels, one slice per image.
    fn transform_back(
        &self,
        sums: &[f32],
        columns: usize,
        bias: Option<&[f32]>,
        mut out: Vec<&mut [f32]>,
    ) {
        let (n, plane) = (self.tiles.count(), self.tiles.height * self.tiles.width);
        for (i, out) in out.iter_mut().enumerate() {
            for (channel, out) in out.chunks_exact_mut(plane).enumerate() {
                let bias = bias.map_or(0.0, |bias| bias[channel]);
                let (group, channel) = (channel / GROUP, channel % GROUP);
                let start = (group * POINTS * GROUP + channel) * columns + i * n;
                self.tiles
                    .transform_back(&sums[start..], GROUP * columns, bias, 0, out);
            }
        }
    }
}

/// Products of a group and a block at all points.
struct Products<'a> {
    /// (point, channel in the block, channel in the group)
    kernels: &'a [f32],
    /// (point, channel in the block, tile)
    points: &'a [f32],
    /// Tiles.
    columns: usize,
    /// (point, channel in the group, tile)
    sums: &'a mut [f32],
}

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // As many independent sums as the registers hold.
        match S::F32_LANES {
            16 => self.strips::<S, 1, 16>(simd),
            8 => self.strips::<S, 2, 4>(simd),
            _ => self.strips::<S, 4, 4>(simd),
        }
    }
}

impl Products<'_> {
    /// In register tiles of `O` output channels by `V` vectors of tiles.
    #[inline(always)]
    fn strips<S: Simd, const V: usize, const O: usize>(self, simd: S) {
        let (strip, columns) = (V * S::F32_LANES, self.columns);
        let kernels = self.kernels.chunks_exact(self.kernels.len() / POINTS);
        let points = self.points.chunks_exact(self.points.len() / POINTS);
        let sums = self.sums.chunks_exact_mut(GROUP * columns);
        for ((kernels, points), sums) in kernels.zip(points).zip(sums) {
            let kernels = kernels.as_chunks::<GROUP>().0;
            for first in (0..columns).step_by(strip) {
                for output in (0..GROUP).step_by(O) {
                    let mut tile = [[simd.splat_f32s(0.0); V]; O];
                    let at = |i: usize| (output + i) * columns + first;
                    for (i, tile) in tile.iter_mut().enumerate() {
                        tile.copy_from_slice(S::as_simd_f32s(&sums[at(i)..][..strip]).0);
                    }
                    for (kernel, points) in kernels.iter().zip(points.chunks_exact(columns)) {
                        let points = S::as_simd_f32s(&points[first..][..strip]).0;
                        let points: &[S::f32s; V] = points.try_into().expect("a whole strip");
                        let kernel: &[f32; O] =
                            kernel[output..][..O].try_into().expect("a part of a group");
                        for (sums, kernel) in tile.iter_mut().zip(kernel) {
                            let kernel = simd.splat_f32s(*kernel);
                            for (sum, points) in sums.iter_mut().zip(points) {
                                *sum = simd.mul_add_f32s(kernel, *points, *sum);
                            }
                        }
                    }
                    for (i, tile) in tile.iter().enumerate() {
                        S::as_mut_simd_f32s(&mut sums[at(i)..][..strip])
                            .0
                            .copy_from_slice(tile);
                    }
                }
            }
        }
    }
}
