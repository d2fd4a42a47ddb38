//! The colour components of a JPEG: where their blocks go and what they mean together.

use super::entropy::Block;
use super::samples::{Enlarging, Plane, inverse_dct, inverted_cmyk_to_rgb, to_rgb};
use rayon::prelude::*;

/// One colour component of the picture.
pub(super) struct Component {
    pub id: u8,
    pub across: usize,
    pub down: usize,
    pub quantisation: u8,
    /// The steps, fixed when the component's first scan begins.
    pub steps: Option<[u16; 64]>,
    /// Blocks per row and rows of blocks, including padding to whole units.
    pub blocks: (usize, usize),
    /// Samples per row and rows without padding.
    pub size: (usize, usize),
    /// Of a progressive picture.
    pub coefficients: Vec<Block>,
    /// Of a sequential picture.
    pub samples: Vec<u8>,
}

impl Component {
    /// Puts the samples of one block into their place.
    pub fn store(&mut self, x: usize, y: usize, block: &Block) {
        let Some(steps) = &self.steps else { return };
        let stride = self.blocks.0 * 8;
        let samples = inverse_dct(block, steps);
        let start = y * 8 * stride + x * 8;
        let rows = self.samples.get_mut(start..).unwrap_or_default();
        for (row, samples) in rows.chunks_mut(stride).zip(samples.as_chunks::<8>().0) {
            if let Some(row) = row.first_chunk_mut() {
                *row = *samples;
            }
        }
    }

    /// All samples, for a picture whose largest factors are these.
    pub fn into_plane(mut self, across_max: usize, down_max: usize) -> Plane {
        let stride = self.blocks.0 * 8;
        if !self.coefficients.is_empty() {
            let steps = self.steps.unwrap_or([1; 64]);
            self.samples = vec![0; self.coefficients.len() * 64];
            self.samples
                .par_chunks_exact_mut(stride * 8)
                .zip(self.coefficients.par_chunks_exact(self.blocks.0))
                .for_each(|(rows, blocks)| {
                    for (x, block) in blocks.iter().enumerate() {
                        let samples = inverse_dct(block, &steps);
                        for (row, samples) in rows
                            .chunks_exact_mut(stride)
                            .zip(samples.as_chunks::<8>().0)
                        {
                            if let Some(place) = row.get_mut(x * 8..x * 8 + 8) {
                                place.copy_from_slice(samples);
                            }
                        }
                    }
                });
        }
        Plane {
            samples: self.samples,
            stride,
            width: self.size.0,
            height: self.size.1,
            enlarging: Enlarging::new(across_max / self.across, down_max / self.down, self.size.0),
        }
    }
}

/// What the components mean.
#[derive(Clone, Copy, Debug)]
pub(super) enum Colours {
    Grey,
    YCbCr,
    Rgb,
    Cmyk,
    Ycck,
}

impl Colours {
    /// One row of pixels from one row of each component.
    pub fn fill(self, out: &mut [[u8; 3]], [a, b, c, d]: [&[u8]; 4]) {
        let threes = a.iter().zip(b).zip(c).map(|((a, b), c)| [*a, *b, *c]);
        match self {
            Self::Grey => out.iter_mut().zip(a).for_each(|(out, v)| *out = [*v; 3]),
            Self::Rgb => out.iter_mut().zip(threes).for_each(|(out, rgb)| *out = rgb),
            Self::YCbCr => {
                for (out, [y, cb, cr]) in out.iter_mut().zip(threes) {
                    *out = to_rgb(y, cb, cr);
                }
            }
            Self::Cmyk => {
                for ((out, [c, m, y]), k) in out.iter_mut().zip(threes).zip(d) {
                    *out = inverted_cmyk_to_rgb([c, m, y, *k]);
                }
            }
            Self::Ycck => {
                for ((out, [y, cb, cr]), k) in out.iter_mut().zip(threes).zip(d) {
                    let [c, m, y] = to_rgb(y, cb, cr).map(|v| 255 - v);
                    *out = inverted_cmyk_to_rgb([c, m, y, *k]);
                }
            }
        }
    }
}
