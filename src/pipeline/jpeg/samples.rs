//! From coefficients to pixels: inverse DCT, enlarging chroma, colours.
//!
//! Written to give libjpeg's bytes: the accurate integer DCT (Loeffler, Ligtenberg and Moschytz
//! 1989, 13 fractional bits, two passes), the "fancy" triangle filter for chroma of half size,
//! and 16-bit fixed-point colour factors.

use super::entropy::Block;
use std::num::Wrapping;

/// Fractional bits of the DCT factors.
const FACTOR_BITS: usize = 13;
/// Extra bits kept between the two passes.
const PASS_BITS: usize = 2;

/// A number that wraps: a damaged file may overflow, which costs a block and no panic.
type Int = Wrapping<i32>;

const fn factor(value: i32) -> Int {
    Wrapping(value)
}

/// The samples of one block, row by row.
pub(super) fn inverse_dct(block: &Block, quantisation: &[u16; 64]) -> [u8; 64] {
    let mut work = [Wrapping(0); 64];
    for ((value, coefficient), step) in work.iter_mut().zip(block).zip(quantisation) {
        *value = Wrapping(i32::from(*coefficient)) * Wrapping(i32::from(*step));
    }
    if block.iter().skip(1).all(|c| *c == 0) {
        return [to_sample(work[0] << PASS_BITS, PASS_BITS + 3); 64];
    }
    for column in 0..8 {
        let input = std::array::from_fn(|row| work[row * 8 + column]);
        for (row, value) in one_dimension(input).into_iter().enumerate() {
            work[row * 8 + column] = rounded(value, FACTOR_BITS - PASS_BITS);
        }
    }
    let mut samples = [0; 64];
    for (row, samples) in work
        .as_chunks()
        .0
        .iter()
        .zip(samples.as_chunks_mut::<8>().0)
    {
        for (sample, value) in samples.iter_mut().zip(one_dimension(*row)) {
            *sample = to_sample(value, FACTOR_BITS + PASS_BITS + 3);
        }
    }
    samples
}

fn rounded(value: Int, bits: usize) -> Int {
    (value + Wrapping(1 << (bits - 1))) >> bits
}

fn to_sample(value: Int, bits: usize) -> u8 {
    (rounded(value, bits) + Wrapping(128)).0.clamp(0, 255) as u8
}

/// Eight values scaled by `sqrt(8) 2^13`.
#[inline(always)]
fn one_dimension(x: [Int; 8]) -> [Int; 8] {
    // Even part: a rotation of 2 and 6, a butterfly of 0 and 4.
    let shared = (x[2] + x[6]) * factor(4433);
    let low = shared - x[6] * factor(15137);
    let high = shared + x[2] * factor(6270);
    let sum = (x[0] + x[4]) << FACTOR_BITS;
    let difference = (x[0] - x[4]) << FACTOR_BITS;
    let even = [sum + high, difference + low, difference - low, sum - high];
    // Odd part.
    let all = (x[7] + x[3] + x[5] + x[1]) * factor(9633);
    let outer = (x[7] + x[1]) * factor(-7373);
    let inner = (x[5] + x[3]) * factor(-20995);
    let a = (x[7] + x[3]) * factor(-16069) + all;
    let b = (x[5] + x[1]) * factor(-3196) + all;
    let odd = [
        x[1] * factor(12299) + outer + b,
        x[3] * factor(25172) + inner + a,
        x[5] * factor(16819) + inner + b,
        x[7] * factor(2446) + outer + a,
    ];
    std::array::from_fn(|i| {
        if i < 4 {
            even[i] + odd[i]
        } else {
            even[7 - i] - odd[7 - i]
        }
    })
}

/// All samples of one component.
pub(super) struct Plane {
    /// Rows of `stride` samples; those beyond `width` and `height` are padding.
    pub samples: Vec<u8>,
    /// Distance of two rows.
    pub stride: usize,
    /// Real samples per row, at least one.
    pub width: usize,
    /// Real rows, at least one.
    pub height: usize,
    /// How it is enlarged.
    pub enlarging: Enlarging,
}

/// How a component is brought to the picture's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Enlarging {
    /// Triangle filter across.
    Across,
    /// Triangle filter down.
    Down,
    /// Triangle filter across and down.
    Both,
    /// Repeated so many times across and down.
    Repeat(usize, usize),
}

impl Enlarging {
    /// libjpeg's choice for factors `across` and `down` and a component of `width` samples.
    pub fn new(across: usize, down: usize, width: usize) -> Self {
        match (across, down) {
            (2, 1) if width > 2 => Self::Across,
            (2, 2) if width > 2 => Self::Both,
            (1, 2) => Self::Down,
            _ => Self::Repeat(across, down),
        }
    }
}

impl Plane {
    fn row(&self, y: usize) -> &[u8] {
        let start = y.min(self.height - 1) * self.stride;
        self.samples
            .get(start..start + self.width)
            .unwrap_or_default()
    }

    /// Row `y` of the picture, enlarged, into `out`; at least as wide as the picture.
    pub fn enlarged_row(&self, y: usize, out: &mut Vec<u8>) {
        out.clear();
        match self.enlarging {
            Enlarging::Repeat(1, down) => out.extend_from_slice(self.row(y / down)),
            Enlarging::Repeat(across, down) => {
                let row = self.row(y / down).iter();
                out.extend(row.flat_map(|s| std::iter::repeat_n(*s, across)));
            }
            Enlarging::Down => {
                let (near, far) = self.nearest_rows(y);
                let bias = if y.is_multiple_of(2) { 1 } else { 2 };
                let pairs = near.iter().zip(far);
                out.extend(
                    pairs.map(|(n, f)| ((3 * u16::from(*n) + u16::from(*f) + bias) >> 2) as u8),
                );
            }
            Enlarging::Across => {
                let sums = self.row(y).iter().map(|s| u16::from(*s));
                triangle(sums, out, 2, (1, 2));
            }
            Enlarging::Both => {
                let (near, far) = self.nearest_rows(y);
                let pairs = near.iter().zip(far);
                let sums = pairs.map(|(n, f)| 3 * u16::from(*n) + u16::from(*f));
                triangle(sums, out, 4, (8, 7));
            }
        }
    }

    /// For a component of half height: the row that covers `y` and the next nearest one.
    fn nearest_rows(&self, y: usize) -> (&[u8], &[u8]) {
        let near = y / 2;
        let far = if y.is_multiple_of(2) {
            near.saturating_sub(1)
        } else {
            near + 1
        };
        (self.row(near), self.row(far))
    }
}

/// Doubles a row: every new sample is three parts of the nearer and one of the farther sum. The
/// biases of left and right differ so that rounding has no direction.
fn triangle(
    sums: impl Iterator<Item = u16>,
    out: &mut Vec<u8>,
    bits: u32,
    (left, right): (u16, u16),
) {
    let mut sums = sums.peekable();
    let Some(mut before) = sums.peek().copied() else {
        return;
    };
    while let Some(sum) = sums.next() {
        let after = sums.peek().copied().unwrap_or(sum);
        out.push(((3 * sum + before + left) >> bits) as u8);
        out.push(((3 * sum + after + right) >> bits) as u8);
        before = sum;
    }
}

/// YCbCr to RGB.
#[inline]
pub(super) fn to_rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    const HALF: i32 = 1 << 15;
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
    let red = y + ((91881 * cr + HALF) >> 16);
    let green = y + ((-22554 * cb - 46802 * cr + HALF) >> 16);
    let blue = y + ((116_130 * cb + HALF) >> 16);
    [red, green, blue].map(|v| v.clamp(0, 255) as u8)
}

/// Ink to light, with Pillow's rounding. The values are inverted, as Adobe writes them.
#[inline]
pub(super) fn inverted_cmyk_to_rgb([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    let light = u32::from(black);
    [cyan, magenta, yellow].map(|value| {
        let product = u32::from(255 - value) * light + 128;
        (light - (((product >> 8) + product) >> 8)) as u8
    })
}
