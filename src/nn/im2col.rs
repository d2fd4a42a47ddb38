//! Convolution as a matrix product: which pixel meets which weight.

use super::gemm::Threads;
use super::parallel;
use std::ops::Range;

/// Zeros around an image, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Padding {
    /// Columns on the left.
    pub left: usize,
    /// Columns on the right.
    pub right: usize,
    /// Rows above.
    pub top: usize,
    /// Rows below.
    pub bottom: usize,
}

impl Padding {
    /// The same on all four sides.
    pub fn all(pixels: usize) -> Self {
        Self {
            left: pixels,
            right: pixels,
            top: pixels,
            bottom: pixels,
        }
    }
}

/// The sizes of one convolution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Geometry {
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    /// Kernel rows and columns.
    pub kernel: (usize, usize),
    pub stride: usize,
    pub padding: Padding,
    pub out_height: usize,
    pub out_width: usize,
}

impl Geometry {
    /// `None` when the kernel is larger than the padded image.
    pub fn new(
        (channels, height, width): (usize, usize, usize),
        kernel: (usize, usize),
        stride: usize,
        padding: Padding,
    ) -> Option<Self> {
        let rows = (height + padding.top + padding.bottom).checked_sub(kernel.0)?;
        let columns = (width + padding.left + padding.right).checked_sub(kernel.1)?;
        Some(Self {
            channels,
            height,
            width,
            kernel,
            stride,
            padding,
            out_height: rows.checked_div(stride)? + 1,
            out_width: columns.checked_div(stride)? + 1,
        })
    }

    /// Numbers that meet in one output: channels times kernel area.
    pub fn depth(&self) -> usize {
        self.channels * self.kernel.0 * self.kernel.1
    }

    /// The convolution, of so many channels, that takes a gradient back to the input of this one, by kernels
    /// that are turned; where input and output are equally large.
    pub fn turned(&self, output: usize) -> Option<Self> {
        let padding = Padding::all(self.padding.left);
        let same = self.stride == 1
            && self.padding == padding
            && self.kernel == (2 * padding.top + 1, 2 * padding.left + 1);
        same.then_some(Self {
            channels: output,
            ..*self
        })
    }

    /// Pixels of one output plane.
    pub fn pixels(&self) -> usize {
        self.out_height * self.out_width
    }

    /// Pixels of one input plane.
    pub fn input_pixels(&self) -> usize {
        self.height * self.width
    }

    /// Whether every output is one pixel times the weight.
    pub fn is_pointwise(&self) -> bool {
        self.kernel == (1, 1) && self.stride == 1 && self.padding == Padding::default()
    }

    /// The matrix (channel and kernel position, output pixel) of some output rows of all `images`,
    /// which stand side by side in it.
    pub fn columns(&self, images: &[f32], rows: Range<usize>, out: &mut [f32], threads: Threads) {
        let (plane, size) = (self.input_pixels(), rows.len() * self.out_width);
        let image_len = self.channels * plane;
        let stride = images.len() / image_len * size;
        let per_channel = self.kernel.0 * self.kernel.1 * stride;
        let steps = threads.steps(out.len());
        parallel::pieces(out, per_channel, steps, |channel, out| {
            for (position, out) in out.chunks_exact_mut(stride).enumerate() {
                let position = (position / self.kernel.1, position % self.kernel.1);
                let images = images.chunks_exact(image_len);
                for (out, image) in out.chunks_exact_mut(size).zip(images) {
                    let image = &image[channel * plane..(channel + 1) * plane];
                    if self.stride == 1 && self.out_width == self.width {
                        self.shifted(image, position, rows.clone(), out);
                    } else {
                        self.gathered(image, position, rows.clone(), out);
                    }
                }
            }
        });
    }

    /// The pixels under one kernel position when output and input rows are equally long: one copy of
    /// the plane, moved, and zeros where it left the row.
    fn shifted(
        &self,
        image: &[f32],
        (ky, kx): (usize, usize),
        rows: Range<usize>,
        out: &mut [f32],
    ) {
        let (first, last) = self.valid(kx);
        let ahead = (rows.start + ky) * self.width + kx;
        let behind = self.padding.top * self.width + self.padding.left;
        // `out[i]` is `image[i + ahead - behind]`.
        let start = behind.saturating_sub(ahead).min(out.len());
        let end = (image.len() + behind).saturating_sub(ahead);
        let end = end.clamp(start, out.len());
        out[..start].fill(0.0);
        out[end..].fill(0.0);
        if start < end {
            let from = start + ahead - behind;
            out[start..end].copy_from_slice(&image[from..from + end - start]);
        }
        for row in out.chunks_exact_mut(self.width) {
            for pixel in &mut row[..first] {
                *pixel = 0.0;
            }
            for pixel in &mut row[last..] {
                *pixel = 0.0;
            }
        }
    }

    /// The pixels under one kernel position, row by row.
    fn gathered(
        &self,
        image: &[f32],
        (ky, kx): (usize, usize),
        rows: Range<usize>,
        out: &mut [f32],
    ) {
        let (first, last) = self.valid(kx);
        for (out, y) in out.chunks_exact_mut(self.out_width).zip(rows) {
            let row = self.input_row(y, ky).filter(|_| first < last);
            let Some(row) = row else {
                out.fill(0.0);
                continue;
            };
            out[..first].fill(0.0);
            out[last..].fill(0.0);
            let start = row * self.width + first * self.stride + kx - self.padding.left;
            let row = &image[start..(row + 1) * self.width];
            let pixels = row.iter().step_by(self.stride);
            for (out, x) in out[first..last].iter_mut().zip(pixels) {
                *out = *x;
            }
        }
    }

    /// The transpose of [`Geometry::columns`]: adds every entry to the pixel it came from.
    pub fn scatter(
        &self,
        columns: &[f32],
        rows: Range<usize>,
        image: &mut [f32],
        threads: Threads,
    ) {
        let stride = rows.len() * self.out_width;
        let per_channel = self.kernel.0 * self.kernel.1 * stride;
        parallel::pieces(
            image,
            self.input_pixels(),
            threads.steps(columns.len()),
            |channel, image| {
                let columns = &columns[channel * per_channel..(channel + 1) * per_channel];
                for (position, columns) in columns.chunks_exact(stride).enumerate() {
                    let (ky, kx) = (position / self.kernel.1, position % self.kernel.1);
                    let (first, last) = self.valid(kx);
                    if first >= last {
                        continue;
                    }
                    for (column, y) in columns.chunks_exact(self.out_width).zip(rows.clone()) {
                        let Some(row) = self.input_row(y, ky) else {
                            continue;
                        };
                        let start = row * self.width + first * self.stride + kx - self.padding.left;
                        let pixels = image[start..(row + 1) * self.width].iter_mut();
                        for (pixel, x) in pixels.step_by(self.stride).zip(&column[first..last]) {
                            *pixel += x;
                        }
                    }
                }
            },
        );
    }

    /// The output columns at which kernel column `kx` lies inside the image.
    fn valid(&self, kx: usize) -> (usize, usize) {
        let first = self.padding.left.saturating_sub(kx).div_ceil(self.stride);
        let last = (self.width + self.padding.left)
            .saturating_sub(kx)
            .div_ceil(self.stride);
        let last = last.min(self.out_width);
        (first.min(last), last)
    }

    /// The input row under kernel row `ky` at output row `y`.
    fn input_row(&self, y: usize, ky: usize) -> Option<usize> {
        (y * self.stride + ky)
            .checked_sub(self.padding.top)
            .filter(|row| *row < self.height)
    }
}
