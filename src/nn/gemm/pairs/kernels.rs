//! The gradient of 3x3 kernels, from images and output gradients as they are.
//!
//! Terms of the sums are pixels along a row, in pairs. One operand, usually the output's gradient,
//! becomes narrow panels; the other becomes panels of one vector, in two alignments: pairs that
//! start at even pixels, for the kernels' middle column, and at odd ones, which serve the columns
//! beside it. A tile makes all three columns at once; the kernels' rows are other rows of the panels.
//! So each number is rounded and turned once or twice, not nine times.

#![expect(clippy::needless_range_loop, reason = "fast in development builds too")]

use super::pack::{mask, pack};
use super::{LANES, NARROW};
use crate::nn::has_paired_halves;
use crate::nn::scratch::scratch;
use std::arch::x86_64::{
    __m512bh, __m512i, _MM_HINT_T0, _mm_prefetch, _mm512_add_ps, _mm512_dpbf16_ps, _mm512_loadu_ps,
    _mm512_loadu_si512, _mm512_mask_permutexvar_ps, _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps,
    _mm512_or_si512, _mm512_set1_epi32, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_slli_epi32,
    _mm512_srli_epi32, _mm512_storeu_ps, _mm512_storeu_si512,
};
use std::mem::transmute;
use std::ops::Range;

/// Rows and columns of a kernel.
const SIDE: usize = 3;
/// Numbers of a kernel.
const AREA: usize = SIDE * SIDE;
/// Numbers of a tile's sums.
const TILE: usize = NARROW * SIDE * LANES;
/// Pixels that are taken at once, at most: a wide panel of them takes an eighth of the second cache.
const PIXELS: usize = 2048;
/// Numbers in all narrow panels of these, at most: a quarter of the second cache.
const NUMBERS: usize = 1 << 17;

/// The sizes of a convolution whose output is as large as its input.
#[derive(Clone, Copy, Debug)]
pub(in crate::nn) struct Shape {
    /// Channels of the input.
    pub input: usize,
    /// Channels of the output.
    pub output: usize,
    /// Pixels in a column.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
}

impl Shape {
    /// Whether the input makes the narrow panels: where fewer lanes are unused then.
    fn is_exchanged(self) -> bool {
        let steps = |narrow: usize, wide: usize| {
            narrow.next_multiple_of(NARROW / 2) * wide.next_multiple_of(LANES)
        };
        steps(self.input, self.output) < steps(self.output, self.input)
    }

    /// Pairs in a row.
    fn pairs(self) -> usize {
        self.width.div_ceil(2)
    }

    /// Rows of `narrow` channels that are taken at once.
    fn rows(self, narrow: usize) -> usize {
        let pixels = PIXELS.min(NUMBERS / narrow.next_multiple_of(NARROW));
        (pixels / (2 * self.pairs())).max(1)
    }
}

/// Whether this is faster than a product with unrolled pixels, for so many rows of the output: very few
/// channels leave most lanes unused, and very few pixels do not pay for adding up the sums.
pub(in crate::nn) fn worth(shape: Shape, rows: usize) -> bool {
    let (few, many) = (shape.input.min(shape.output), shape.input.max(shape.output));
    shape.input >= 2 && many >= NARROW && rows * shape.width >= few.min(64)
}

/// Adds the kernels' gradient (output, input, 3, 3) that some rows of the output give, counted over
/// all images one after another; operands are rounded to the nearest bf16, sums are f32.
///
/// `x` and `g` are all images of input and output's gradient. The order of the sums depends on the
/// shape and the rows alone. Rows of several images are best given at once: adding up costs as much
/// as about twenty pixels.
///
/// # Panics
/// When lengths do not fit, or when the processor lacks the instructions.
pub(in crate::nn) fn add(sum: &mut [f32], shape: Shape, x: &[f32], g: &[f32], rows: Range<usize>) {
    let plane = shape.height * shape.width;
    let (input, output) = (shape.input, shape.output);
    assert!(
        has_paired_halves(),
        "the processor has no products of pairs"
    );
    assert!(
        sum.len() == output * input * SIDE * SIDE,
        "kernels have another size"
    );
    if sum.is_empty() || rows.is_empty() || plane == 0 {
        return;
    }
    let images = rows.end.div_ceil(shape.height);
    assert!(
        x.len() >= images * input * plane && g.len() >= images * output * plane,
        "rows lie outside the images"
    );
    // Rows of the input that the outermost ones look at, inside the same image.
    let above = usize::from(!rows.start.is_multiple_of(shape.height));
    let below = usize::from(!rows.end.is_multiple_of(shape.height));
    let x = Operand {
        shape,
        numbers: x,
        channels: input,
        rows: rows.start - above..rows.end + below,
    };
    let g = Operand {
        shape,
        numbers: g,
        channels: output,
        rows,
    };
    if shape.is_exchanged() {
        product(&x, &g, |channel, others, sums| {
            for (lane, other) in others.enumerate() {
                let kernel = &mut sum[(other * input + channel) * AREA..][..AREA];
                for (i, value) in kernel.iter_mut().rev().enumerate() {
                    *value += sums[i / SIDE][i % SIDE][lane];
                }
            }
        });
    } else {
        product(&g, &x, |channel, others, sums| {
            let kernels = channel * input + others.start..channel * input + others.end;
            let sum = &mut sum[kernels.start * AREA..kernels.end * AREA];
            #[expect(unsafe_code, reason = "calls a function with more target features")]
            // SAFETY: the processor was asked above.
            unsafe {
                add_kernels(sum, sums);
            }
        });
    }
}

/// The sums of one channel of the narrow panels and a vector of others, for each place in a kernel.
type Sums<'a> = [&'a [[f32; LANES]; SIDE]; SIDE];

/// Adds sums to kernels that stand one after another.
#[expect(unsafe_code, reason = "loads and stores vectors")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
fn add_kernels(kernels: &mut [f32], sums: Sums) {
    let mut vectors = [_mm512_setzero_ps(); AREA];
    for position in 0..AREA {
        let sums = &sums[position / SIDE][position % SIDE];
        // SAFETY: the array is as long as the vector.
        vectors[position] = unsafe { _mm512_loadu_ps(sums.as_ptr()) };
    }
    for (part, kernels) in kernels.chunks_mut(LANES).enumerate() {
        let (lanes, turns) = &ORDER[part];
        let there = mask(kernels.len());
        // SAFETY: the array is as long as the vector, and the mask keeps to the chunk.
        unsafe {
            let lanes = _mm512_loadu_si512(lanes.as_ptr().cast());
            let mut sum = _mm512_setzero_ps();
            for position in 0..AREA {
                let turn = turns[position];
                sum = _mm512_mask_permutexvar_ps(sum, turn, lanes, vectors[position]);
            }
            let sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(there, kernels.as_ptr()));
            _mm512_mask_storeu_ps(kernels.as_mut_ptr(), there, sum);
        }
    }
}

/// For each vector of a row of kernels: the lanes its numbers come from, and which of them are of
/// each place in a kernel.
const ORDER: [([u32; LANES], [u16; AREA]); AREA] = {
    let mut order = [([0; LANES], [0; AREA]); AREA];
    let mut i = 0;
    while i < AREA * LANES {
        let (part, number) = (i / LANES, i % LANES);
        order[part].0[number] = (i / AREA) as u32;
        order[part].1[i % AREA] |= 1 << number;
        i += 1;
    }
    order
};

/// One side of the product: some rows of images.
struct Operand<'a> {
    shape: Shape,
    /// All images.
    numbers: &'a [f32],
    channels: usize,
    /// Counted over all images.
    rows: Range<usize>,
}

impl Operand<'_> {
    /// Some channels of some of the rows as a panel of `WIDTH` lanes; each row starts with a new pair.
    ///
    /// # Safety
    /// There must be room for the panel, and the processor must have the instructions.
    #[expect(unsafe_code, reason = "writes to a pointer")]
    unsafe fn pack<const WIDTH: usize>(&self, channel: usize, rows: Range<usize>, to: *mut u32) {
        let (width, pairs) = (self.shape.width, self.shape.pairs());
        let plane = self.shape.height * width;
        let lanes = WIDTH.min(self.channels - channel);
        let mut row = rows.start;
        while row < rows.end {
            let (image, y) = (row / self.shape.height, row % self.shape.height);
            // Rows of even length make pairs that no two of them share.
            let count = match width % 2 {
                0 => (self.shape.height - y).min(rows.end - row),
                _ => 1,
            };
            let first = (image * self.channels + channel) * plane + y * width;
            let from = &self.numbers[first..][..(lanes - 1) * plane + count * width];
            let to = to.wrapping_add((row - rows.start) * pairs * WIDTH);
            // SAFETY: the slice has as many numbers as the layout needs; the caller's promises.
            unsafe {
                pack::<WIDTH>(from.as_ptr(), (lanes, count * width), (plane, 1), to);
            }
            row += count;
        }
    }
}

/// The sums of products of `narrow` with nine places of `wide`: `take` gets a channel of `narrow`, at
/// most a vector of channels of `wide`, and their sums.
fn product(narrow: &Operand, wide: &Operand, mut take: impl FnMut(usize, Range<usize>, Sums)) {
    let (shape, pairs) = (narrow.shape, narrow.shape.pairs());
    let tiles = narrow.channels.div_ceil(NARROW);
    let blocks = wide.channels.div_ceil(LANES);
    let step = shape.rows(narrow.channels).min(narrow.rows.len());
    let even_len = (step + 2) * pairs * LANES;
    let odd_len = (step + 2) * (pairs + 1) * LANES;
    let narrow_len = step * pairs * NARROW;
    let sums_len = blocks * SIDE * tiles * TILE;
    let len = sums_len + even_len + odd_len + tiles * narrow_len + LANES;
    scratch(len, |memory| {
        let skip = memory.as_ptr().align_offset(64).min(LANES);
        let sums = memory[skip..].as_mut_ptr();
        let even = sums.wrapping_add(sums_len).cast::<u32>();
        let odd = even.wrapping_add(even_len);
        let panels = odd.wrapping_add(odd_len);
        for first in narrow.rows.clone().step_by(step) {
            let rows = first..narrow.rows.end.min(first + step);
            for tile in 0..tiles {
                let to = panels.wrapping_add(tile * narrow_len);
                #[expect(unsafe_code, reason = "writes to a pointer")]
                // SAFETY: the panel has room for `step` rows; `add` asked the processor.
                unsafe {
                    narrow.pack::<NARROW>(tile * NARROW, rows.clone(), to);
                }
            }
            let start = wide.rows.start.max(rows.start.saturating_sub(1));
            let around = start..wide.rows.end.min(rows.end + 1);
            for block in 0..blocks {
                #[expect(unsafe_code, reason = "writes to a pointer")]
                // SAFETY: the panels have room for two more rows.
                unsafe {
                    wide.pack::<LANES>(block * LANES, around.clone(), even);
                    shift(even, around.len(), pairs, odd);
                }
                for ky in 0..SIDE {
                    let lines = Lines {
                        shape,
                        rows: rows.clone(),
                        around: around.clone(),
                        ky,
                    };
                    for tile in 0..tiles {
                        let place = (block * SIDE + ky) * tiles + tile;
                        let sums = sums.wrapping_add(place * TILE);
                        let panel = panels.wrapping_add(tile * narrow_len);
                        let add = first > narrow.rows.start;
                        #[expect(unsafe_code, reason = "works on pointers")]
                        // SAFETY: all panels were made above; the sums of the tile are there.
                        unsafe {
                            if narrow.channels - tile * NARROW > NARROW / 2 {
                                lines.tile::<NARROW>(panel, even, odd, sums, add);
                            } else {
                                lines.tile::<{ NARROW / 2 }>(panel, even, odd, sums, add);
                            }
                        }
                    }
                }
            }
        }
        let (sums, _) = memory[skip..][..sums_len].as_chunks::<LANES>();
        let (sums, _) = sums.as_chunks::<SIDE>();
        for channel in 0..narrow.channels {
            let (tile, row) = (channel / NARROW, channel % NARROW);
            for block in 0..blocks {
                let others = block * LANES..wide.channels.min((block + 1) * LANES);
                let at = |ky| &sums[((block * SIDE + ky) * tiles + tile) * NARROW + row];
                take(channel, others, [at(0), at(1), at(2)]);
            }
        }
    });
}

/// Rows of pairs that start one pixel earlier, with zeros beside each row: one pair more.
///
/// # Safety
/// The panels must be there, and the processor must have the instructions.
#[expect(unsafe_code, reason = "works on pointers")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
unsafe fn shift(even: *const u32, rows: usize, pairs: usize, odd: *mut u32) {
    for row in 0..rows {
        let even = even.wrapping_add(row * pairs * LANES);
        let odd = odd.wrapping_add(row * (pairs + 1) * LANES);
        let mut before = _mm512_setzero_si512();
        for pair in 0..=pairs {
            // SAFETY: the caller's promise.
            unsafe {
                let here = match pair < pairs {
                    true => _mm512_loadu_si512(even.wrapping_add(pair * LANES).cast()),
                    false => _mm512_setzero_si512(),
                };
                let shifted = _mm512_or_si512(
                    _mm512_srli_epi32::<16>(before),
                    _mm512_slli_epi32::<16>(here),
                );
                _mm512_storeu_si512(odd.wrapping_add(pair * LANES).cast(), shifted);
                before = here;
            }
        }
    }
}

/// The rows of a chunk for one row of the kernels.
struct Lines {
    shape: Shape,
    /// Those in narrow panels.
    rows: Range<usize>,
    /// Those in wide ones.
    around: Range<usize>,
    ky: usize,
}

impl Lines {
    /// Sums of at most `ROWS` rows, for three columns of the kernels.
    ///
    /// # Safety
    /// The panels and the sums must be there, and the processor must have the instructions.
    #[expect(unsafe_code, reason = "works on pointers")]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
    unsafe fn tile<const ROWS: usize>(
        &self,
        narrow: *const u32,
        even: *const u32,
        odd: *const u32,
        to: *mut f32,
        add: bool,
    ) {
        let pairs = self.shape.pairs();
        let mut sums = [[_mm512_setzero_ps(); SIDE]; ROWS];
        let place = |row: usize, kx: usize| to.wrapping_add((row * SIDE + kx) * LANES);
        for row in 0..ROWS {
            for kx in 0..SIDE {
                // They may come from far away, and arrive while the new ones are made.
                _mm_prefetch::<_MM_HINT_T0>(place(row, kx).cast());
            }
        }
        let height = self.shape.height;
        let mut below = self.rows.start % height;
        for row in self.rows.clone() {
            let y = below;
            below = if y + 1 == height { 0 } else { y + 1 };
            let inside = (self.ky > 0 || y > 0) && (self.ky < 2 || y + 1 < height);
            if !inside || !self.around.contains(&(row + self.ky - 1)) {
                continue;
            }
            let other = row + self.ky - 1 - self.around.start;
            let narrow = narrow.wrapping_add((row - self.rows.start) * pairs * NARROW);
            let even = even.wrapping_add(other * pairs * LANES);
            let odd = odd.wrapping_add(other * (pairs + 1) * LANES);
            for pair in 0..pairs {
                let narrow = narrow.wrapping_add(pair * NARROW);
                let even = even.wrapping_add(pair * LANES);
                let odd = odd.wrapping_add(pair * LANES);
                // SAFETY: the panels have so many pairs; both types are 64 bytes.
                unsafe {
                    let columns = [odd, even, odd.wrapping_add(LANES)].map(|from| {
                        transmute::<__m512i, __m512bh>(_mm512_loadu_si512(from.cast()))
                    });
                    for row in 0..ROWS {
                        let number = _mm512_set1_epi32(*narrow.wrapping_add(row).cast::<i32>());
                        let number = transmute::<__m512i, __m512bh>(number);
                        for kx in 0..SIDE {
                            sums[row][kx] = _mm512_dpbf16_ps(sums[row][kx], number, columns[kx]);
                        }
                    }
                }
            }
        }
        for row in 0..ROWS {
            for kx in 0..SIDE {
                let to = place(row, kx);
                // SAFETY: the sums are there.
                unsafe {
                    let sum = match add {
                        true => _mm512_add_ps(sums[row][kx], _mm512_loadu_ps(to)),
                        false => sums[row][kx],
                    };
                    _mm512_storeu_ps(to, sum);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
