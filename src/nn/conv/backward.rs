//! The gradients of a convolution.
//!
//! The input's is a convolution as well, of the output's gradient by kernels that are turned by half and
//! whose channels have changed places, so it takes the fast ways of the forward pass. The kernels' is one
//! product that sums over all pixels of all images; threads share the pixels, each with a sum of its own.
//! Products of bf16 pairs take 3x3 kernels' without unrolled pixels.

use super::super::gemm::{Into, Mat, MatMut, Threads, matmul};
#[cfg(target_arch = "x86_64")]
use super::super::gemm::{are_rounded, kernels};
#[cfg(target_arch = "x86_64")]
use super::super::im2col::Padding;
use super::super::parallel;
use super::super::scratch::scratch;
use super::super::simd::{sum, vectorised};
use super::super::transpose::turn;
use super::super::vjp::values;
use super::{Conv, TILE};
use candle_core::{Device, Result, Tensor};
use std::ops::Range;

/// Sums over a part of the pixels, at most: never a matter of how many threads there are, so that results
/// are not either.
const PARTS: usize = 16;
/// Numbers that these sums may take in all; 64 MiB.
const PARTIAL_SUMS: usize = 16 << 20;
/// Pixels of such a part, at least, where products of pairs need no unrolled pixels: adding up costs as much
/// as about twenty.
#[cfg(target_arch = "x86_64")]
const PIXELS: usize = 512;

/// The pixels one product sums over: rows of an image, or some whole images.
struct Span {
    images: Range<usize>,
    rows: Range<usize>,
}

impl Conv {
    /// The gradients of input, kernels and bias, as far as they are wanted, from the output's.
    pub(super) fn backward(&self, g: &Tensor, wanted: [bool; 3]) -> Result<[Option<Tensor>; 3]> {
        let to_input = wanted[0].then(|| self.to_input(g)).transpose()?;
        let (x, g) = (values(&self.input)?, values(g)?);
        let to_weight = wanted[1].then(|| self.to_weight(&x, &g));
        let to_bias = wanted[2].then(|| self.to_bias(&g));
        let tensor = |values: Option<Vec<f32>>, shape: &[usize]| {
            let tensor = values.map(|values| Tensor::from_vec(values, shape, &Device::Cpu));
            tensor.transpose()
        };
        Ok([
            tensor(to_input, self.input.dims())?,
            tensor(to_weight, self.weight.dims())?,
            tensor(to_bias, &[self.output])?,
        ])
    }

    fn to_input(&self, g: &Tensor) -> Result<Vec<f32>> {
        let weight = values(&self.weight)?;
        let Some(geometry) = self.geometry.turned(self.output) else {
            return Ok(self.scattered(&values(g)?, &weight));
        };
        let (output, input) = (self.output, self.geometry.channels);
        let (ky, kx) = geometry.kernel;
        let turned = turned(&weight, (output, input), ky * kx);
        let conv = Self {
            geometry,
            batch: self.batch,
            output: input,
            input: g.clone(),
            weight: Tensor::from_vec(turned, (input, output, ky, kx), &Device::Cpu)?,
            shared: self.shared,
        };
        conv.forward(None)
    }

    /// The input's gradient where the output is smaller: what every kernel position gives is added to the
    /// pixel below it.
    fn scattered(&self, g: &[f32], weight: &[f32]) -> Vec<f32> {
        let (geometry, pixels) = (self.geometry, self.geometry.pixels());
        let depth = geometry.depth();
        let weight = Mat::new(weight, self.output, depth);
        let image_len = geometry.channels * geometry.input_pixels();
        let mut out = vec![0f32; self.batch * image_len];
        let threads = match self.batch {
            1 => Threads::All,
            _ => Threads::One,
        };
        let gradients = g.chunks_exact(self.output * pixels);
        let images = out.chunks_exact_mut(image_len).zip(gradients).collect();
        let steps = self.batch * self.output * depth * pixels / 32;
        parallel::each(images, steps, |(image, g): (&mut [f32], &[f32])| {
            self.tiles(|rows, size| {
                let g = &g[rows.start * geometry.out_width..];
                let g = Mat::strided(g, self.output, size, pixels);
                scratch(depth * size, |columns| {
                    let out = MatMut::new(columns, depth, size);
                    matmul(out, weight.t(), g, 1.0, Into::Set, threads);
                    geometry.scatter(columns, rows, image, threads);
                });
            });
        });
        out
    }

    /// The kernels' gradient.
    fn to_weight(&self, x: &[f32], g: &[f32]) -> Vec<f32> {
        #[cfg(target_arch = "x86_64")]
        if let Some(shape) = self.same_size().filter(|_| are_rounded()) {
            return self.to_weight_in_pairs(shape, x, g);
        }
        let spans = self.spans();
        let parts = self.parts().min(spans.len());
        let threads = match parts {
            1 => Threads::All,
            _ => Threads::One,
        };
        let parts = spans.chunks(spans.len().div_ceil(parts)).collect();
        self.summed(parts, |spans: &[Span], sum| {
            for span in spans {
                self.add_span(span, x, g, threads, sum);
            }
        })
    }

    /// The sizes of a convolution whose kernels' gradient needs no unrolled pixels in products of pairs.
    #[cfg(target_arch = "x86_64")]
    fn same_size(&self) -> Option<kernels::Shape> {
        let geometry = self.geometry;
        let shape = kernels::Shape {
            input: geometry.channels,
            output: self.output,
            height: geometry.height,
            width: geometry.width,
        };
        let same = geometry.kernel == (3, 3)
            && geometry.stride == 1
            && geometry.padding == Padding::all(1);
        let rows = self.batch * geometry.height;
        (same && kernels::worth(shape, rows)).then_some(shape)
    }

    /// The kernels' gradient in products of pairs; every part of the rows of all images has a sum of its own.
    #[cfg(target_arch = "x86_64")]
    fn to_weight_in_pairs(&self, shape: kernels::Shape, x: &[f32], g: &[f32]) -> Vec<f32> {
        let rows = self.batch * shape.height;
        let parts = self.parts().min(rows * shape.width / PIXELS).max(1);
        let size = rows.div_ceil(parts);
        let parts = (0..rows)
            .step_by(size)
            .map(|first| first..rows.min(first + size));
        self.summed(parts.collect(), |rows, sum| {
            kernels::add(sum, shape, x, g, rows);
        })
    }

    /// Sums over a part of the pixels, at most.
    fn parts(&self) -> usize {
        let len = self.output * self.geometry.depth();
        PARTS.min(PARTIAL_SUMS / len).max(1)
    }

    /// The sum over all parts, which are added up beside each other.
    fn summed<T: Send>(
        &self,
        parts: Vec<T>,
        add: impl Fn(T, &mut [f32]) + Sync + Send,
    ) -> Vec<f32> {
        let len = self.output * self.geometry.depth();
        let steps = self.batch * self.geometry.pixels() * len / 32;
        let sums = parallel::map(parts, steps, |part| {
            let mut sum = vec![0f32; len];
            add(part, &mut sum);
            sum
        });
        let total = sums.into_iter().reduce(|mut total, part| {
            for (total, part) in total.iter_mut().zip(&part) {
                *total += part;
            }
            total
        });
        total.unwrap_or_else(|| vec![0f32; len])
    }

    /// All pixels of all images, in pieces of about a tile.
    fn spans(&self) -> Vec<Span> {
        let height = self.geometry.out_height;
        let together = TILE / self.geometry.pixels();
        let mut spans = Vec::new();
        if together > 1 {
            spans.extend((0..self.batch).step_by(together).map(|first| Span {
                images: first..self.batch.min(first + together),
                rows: 0..height,
            }));
        } else {
            for image in 0..self.batch {
                self.tiles(|rows, _| {
                    spans.push(Span {
                        images: image..image + 1,
                        rows,
                    });
                });
            }
        }
        spans
    }

    /// Adds what one span gives to the kernels' gradient.
    fn add_span(&self, span: &Span, x: &[f32], g: &[f32], threads: Threads, sum: &mut [f32]) {
        let (geometry, pixels) = (self.geometry, self.geometry.pixels());
        let (depth, count) = (geometry.depth(), span.images.len());
        let size = span.rows.len() * geometry.out_width;
        let first = span.rows.start * geometry.out_width;
        let image_len = geometry.channels * geometry.input_pixels();
        let x = &x[span.images.start * image_len..span.images.end * image_len];
        let map_len = self.output * pixels;
        let g = &g[span.images.start * map_len..span.images.end * map_len];
        let all = count * size;
        scratch(2 * depth * all, |work| {
            let (columns, turned) = work.split_at_mut(depth * all);
            geometry.columns(x, span.rows.clone(), columns, threads);
            // The product would turn them itself, five times as slowly.
            turn(columns, all, 0, turned);
            let columns = Mat::new(turned, all, depth);
            let sum = MatMut::new(sum, self.output, depth);
            if count == 1 {
                let g = Mat::strided(&g[first..], self.output, size, pixels);
                return matmul(sum, g, columns, 1.0, Into::Add, threads);
            }
            scratch(self.output * all, |side_by_side| {
                for (i, plane) in g.chunks_exact(pixels).enumerate() {
                    let (image, channel) = (i / self.output, i % self.output);
                    side_by_side[channel * all + image * size..][..size].copy_from_slice(plane);
                }
                let g = Mat::new(side_by_side, self.output, all);
                matmul(sum, g, columns, 1.0, Into::Add, threads);
            });
        });
    }

    fn to_bias(&self, g: &[f32]) -> Vec<f32> {
        let pixels = self.geometry.pixels();
        parallel::collect(self.output, g.len(), |channel| {
            (0..self.batch).fold(0.0, |total, i| {
                let plane = (i * self.output + channel) * pixels;
                total + vectorised(|| sum(&g[plane..plane + pixels]))
            })
        })
    }
}

/// Kernels (out, in, area) to (in, out, area), each read from its end.
fn turned(weight: &[f32], (output, input): (usize, usize), area: usize) -> Vec<f32> {
    let mut out = vec![0f32; weight.len()];
    parallel::pieces(&mut out, output * area, weight.len(), |channel, out| {
        for (i, out) in out.chunks_exact_mut(area).enumerate() {
            let kernel = &weight[(i * input + channel) * area..][..area];
            for (out, x) in out.iter_mut().zip(kernel.iter().rev()) {
                *out = *x;
            }
        }
    });
    out
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests;
