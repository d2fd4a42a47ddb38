//! Convolutions of eight-bit codes, without unrolling the image.
//!
//! Pixels are the columns. An image is kept once per column of the kernel, shifted by as much, with
//! rows of zeros above and below: then the pixels that 64 neighbouring outputs meet under any place of
//! the kernel lie side by side, and a panel is nothing but an address.

use super::super::parallel;
use super::super::simd::{largest_size, vectorised};
use super::{
    Bias, DEEPEST, Finish, LARGEST, Left, OFFSET, QUAD, Right, STEP, Way, code_of, code_row,
    multiply,
};
use std::fmt;

/// Kernels (out, in, k, k) of stride 1 that keep the size of an image, one scale per output.
pub(in super::super) struct CodedConv {
    input: usize,
    /// Rows and columns of a kernel.
    size: usize,
    /// (out, quad of inputs, column, row, input in the quad)
    kernels: Left,
    way: Way,
}

impl fmt::Debug for CodedConv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (output, size) = (self.kernels.rows(), self.size);
        write!(f, "CodedConv({output}x{}x{size}x{size})", self.input)
    }
}

impl CodedConv {
    /// Whether kernels of this size are worth it, and possible.
    pub fn fits(input: usize, output: usize, size: usize) -> bool {
        let depth = input * size * size;
        input >= 32 && output >= 32 && (size == 1 || size == 3) && depth <= DEEPEST
    }

    /// Bytes that such kernels take.
    pub fn bytes(input: usize, output: usize, size: usize) -> usize {
        output * (input.next_multiple_of(QUAD) * size * size + 8)
    }

    /// Codes `kernels`, (out, in, `size`, `size`).
    pub fn new(kernels: &[f32], input: usize, size: usize) -> Self {
        let area = size * size;
        let depth = input.next_multiple_of(QUAD) * area;
        let output = kernels.len() / (input * area);
        let mut codes = vec![0i8; output * depth];
        let tasks = codes.chunks_exact_mut(depth);
        let tasks: Vec<_> = tasks.zip(kernels.chunks_exact(input * area)).collect();
        let scales = parallel::map(tasks, kernels.len(), |(codes, kernel)| {
            let mut plain = vec![0i8; kernel.len()];
            let (scale, _) = code_row(kernel, &mut plain);
            for (channel, kernel) in plain.chunks_exact(area).enumerate() {
                let quad = channel / QUAD * area * QUAD + channel % QUAD;
                for (place, code) in kernel.iter().enumerate() {
                    let (y, x) = (place / size, place % size);
                    codes[quad + (x * size + y) * QUAD] = *code;
                }
            }
            scale
        });
        Self {
            input,
            size,
            kernels: Left::from_codes(codes, scales),
            way: Way::best(),
        }
    }

    /// (out, in, k, k).
    pub fn dims(&self) -> (usize, usize, usize, usize) {
        (self.kernels.rows(), self.input, self.size, self.size)
    }

    /// Images (in, `height`, `width`) to `out`, (out, `height`, `width`) each, with zeros around an
    /// image.
    pub fn forward(
        &self,
        images: &[f32],
        (height, width): (usize, usize),
        bias: Option<&[f32]>,
        out: &mut [f32],
    ) {
        let pixels = height * width;
        let quads = self.quads(height, width);
        let images = images.chunks_exact(self.input * pixels);
        for (image, out) in images.zip(out.chunks_exact_mut(self.kernels.rows() * pixels)) {
            let (codes, scale) = self.code_image(image, height, width);
            let right = Right {
                codes: &codes,
                quads: &quads,
                panel_len: STEP,
                columns: pixels,
            };
            let finish = Finish {
                scales: &[scale],
                bias: bias.map(Bias::PerRow),
            };
            multiply(self.way, &self.kernels, &right, finish, out);
        }
    }

    /// The same, multiplied by plain code whatever this processor can do.
    #[cfg(test)]
    pub fn plainly(self) -> Self {
        Self {
            way: Way::Plain,
            ..self
        }
    }

    /// Rows of zeros above an image, and columns on its left.
    fn padding(&self) -> usize {
        self.size / 2
    }

    /// Bytes of four channels of an image, shifted by one column of the kernel.
    fn plane_len(&self, height: usize, width: usize) -> usize {
        (height + 2 * self.padding()) * width * QUAD
    }

    /// Where the quads of the first outputs start.
    fn quads(&self, height: usize, width: usize) -> Vec<u32> {
        let plane_len = self.plane_len(height, width);
        let planes = 0..self.input.div_ceil(QUAD) * self.size;
        let rows = |plane| (0..self.size).map(move |y| plane * plane_len + y * width * QUAD);
        planes.flat_map(rows).map(|at| at as u32).collect()
    }

    /// Codes an image, (quad of channels, column of the kernel, padded row, column, channel in the
    /// quad), and its scale.
    fn code_image(&self, image: &[f32], height: usize, width: usize) -> (Vec<u8>, f32) {
        let (pixels, plane_len) = (height * width, self.plane_len(height, width));
        let quad_len = self.size * plane_len;
        let largest = parallel::collect(self.input, image.len(), |channel| {
            let channel = &image[channel * pixels..][..pixels];
            vectorised(
                #[inline(always)]
                || largest_size(channel),
            )
        });
        let largest = largest_size(&largest);
        // A panel may reach beyond the last pixel; what it finds there is not used.
        let mut codes = vec![OFFSET as u8; self.input.div_ceil(QUAD) * quad_len + STEP];
        if largest == 0.0 || !largest.is_finite() {
            return (codes, largest * 0.0);
        }
        let inverse = LARGEST / largest;
        let (planes, _) = codes.split_at_mut(self.input.div_ceil(QUAD) * quad_len);
        let tasks = planes.chunks_exact_mut(quad_len);
        let tasks: Vec<_> = tasks.zip(image.chunks(QUAD * pixels)).collect();
        parallel::each(tasks, image.len() * 2, |(planes, channels)| {
            let mut row = vec![[OFFSET as u8; QUAD]; width];
            for y in 0..height {
                vectorised(
                    #[inline(always)]
                    || code_pixels(channels, pixels, y * width, inverse, &mut row),
                );
                let start = (y + self.padding()) * width;
                for (x, plane) in planes.chunks_exact_mut(plane_len).enumerate() {
                    let plane = &mut plane.as_chunks_mut::<QUAD>().0[start..start + width];
                    // Output column i meets input column i + x - padding.
                    match x.checked_sub(self.padding()) {
                        Some(right) => plane[..width - right].copy_from_slice(&row[right..]),
                        None => plane[1..].copy_from_slice(&row[..width - 1]),
                    }
                }
            }
        });
        (codes, largest / LARGEST)
    }
}

/// Some pixels of up to four channels, each of `pixels` numbers, to quads.
#[inline(always)]
fn code_pixels(
    channels: &[f32],
    pixels: usize,
    first: usize,
    inverse: f32,
    out: &mut [[u8; QUAD]],
) {
    let width = out.len();
    let row = |channel: usize| &channels[channel * pixels + first..][..width];
    if channels.len() < QUAD * pixels {
        for channel in 0..channels.len() / pixels {
            for (quad, x) in out.iter_mut().zip(row(channel)) {
                quad[channel] = code_of(*x, inverse) as u8;
            }
        }
        return;
    }
    let rows = row(0).iter().zip(row(1)).zip(row(2)).zip(row(3));
    for (quad, (((a, b), c), d)) in out.iter_mut().zip(rows) {
        let code = |x: &f32, place: u32| code_of(*x, inverse) << (8 * place);
        let codes = code(a, 0) | code(b, 1) | code(c, 2) | code(d, 3);
        *quad = codes.to_le_bytes();
    }
}
