//! Products of eight-bit codes, for processors that multiply four of them at once (AVX-512 VNNI).
//!
//! Weights are coded once, one scale per output; activations when they come, one scale per row of a
//! linear layer and one per image of a convolution. Sums are exact integers, so how a product is cut
//! into tasks never shows in its result. Networks coded so are for drawing only: nothing here has a
//! gradient.
//!
//! A product has a left side of signed codes, row by row, and a right side of panels: 64 columns, of
//! which four neighbours in depth lie together, a quad. Right codes are 128 too large, because the
//! instruction takes one signed and one unsigned factor; what that adds to a sum is the sum of the left
//! row times 128, and is taken off at the end.
//! Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient
//! Integer-Arithmetic-Only Inference", 2018, section 2.

mod conv;
mod linear;
mod plain;
#[cfg(target_arch = "x86_64")]
mod vnni;

use super::parallel;
pub(super) use conv::CodedConv;
pub(super) use linear::CodedLinear;

/// Columns of a panel.
const PANEL: usize = 64;
/// Codes that lie together in depth.
const QUAD: usize = 4;
/// Bytes of a quad of a panel.
const STEP: usize = PANEL * QUAD;
/// Rows multiplied at once: with four vectors of columns they fill the registers.
const ROWS: usize = 6;
/// The largest code.
const LARGEST: f32 = 127.0;
/// What right codes are too large by.
const OFFSET: i32 = 128;
/// Products that a sum of 32 bits holds whatever the codes are.
const DEEPEST: usize = (i32::MAX / (127 * 255)) as usize;

/// Whether this processor has the instructions that make eight bits faster than 32.
pub fn has_fast_eight_bits() -> bool {
    Way::best() != Way::Plain
}

/// How products are computed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// By the processor's own instructions.
    #[cfg(target_arch = "x86_64")]
    Instructions,
    /// In plain code.
    Plain,
}

impl Way {
    /// The fastest here.
    fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if vnni::available() {
            return Self::Instructions;
        }
        Self::Plain
    }
}

/// The left side of a product.
#[derive(Clone, Debug, Default)]
struct Left {
    /// (row, depth), every row in whole quads.
    codes: Vec<i8>,
    /// What one code is worth, per row.
    scales: Vec<f32>,
    /// The sums of the codes, per row.
    sums: Vec<i32>,
}

impl Left {
    /// Rows of `width` numbers, each with its own scale.
    fn new(x: &[f32], width: usize) -> Self {
        /// Rows per piece of work.
        const PIECE: usize = 32;
        let (rows, depth) = (x.len() / width, width.next_multiple_of(QUAD));
        let mut codes = vec![0i8; rows * depth];
        let pieces = codes.chunks_mut(PIECE * depth).zip(x.chunks(PIECE * width));
        let pieces: Vec<_> = pieces.collect();
        let made = parallel::map(pieces, x.len(), |(codes, x)| {
            let rows = codes.chunks_exact_mut(depth).zip(x.chunks_exact(width));
            rows.map(|(codes, x)| code_row(x, codes))
                .collect::<Vec<_>>()
        });
        let (scales, sums) = made.into_iter().flatten().unzip();
        Self {
            codes,
            scales,
            sums,
        }
    }

    /// Rows given as codes with their scales.
    fn from_codes(codes: Vec<i8>, scales: Vec<f32>) -> Self {
        let depth = codes.len() / scales.len().max(1);
        let sums = codes.chunks_exact(depth.max(1));
        let sums = sums.map(|row| row.iter().map(|code| i32::from(*code)).sum());
        Self {
            sums: sums.collect(),
            codes,
            scales,
        }
    }

    fn rows(&self) -> usize {
        self.scales.len()
    }
}

/// The right side of a product.
struct Right<'a> {
    codes: &'a [u8],
    /// Where the quads of the first panel start, in order of depth.
    quads: &'a [u32],
    /// Bytes from a panel to the next.
    panel_len: usize,
    columns: usize,
}

/// What becomes of the sums.
#[derive(Clone, Copy)]
struct Finish<'a> {
    /// What one right code is worth, per column; for all where it has one number.
    scales: &'a [f32],
    bias: Option<Bias<'a>>,
}

#[derive(Clone, Copy)]
enum Bias<'a> {
    PerRow(&'a [f32]),
    PerColumn(&'a [f32]),
}

/// One task: some rows with one panel.
struct Task<'a> {
    left: &'a Left,
    rows: std::ops::Range<usize>,
    right: &'a Right<'a>,
    /// The panel's first column.
    column: usize,
    finish: Finish<'a>,
}

/// `out = left right`, (rows, columns), scaled and with bias.
///
/// # Panics
/// When the sides do not fit: callers have checked theirs.
fn multiply(way: Way, left: &Left, right: &Right<'_>, finish: Finish<'_>, out: &mut [f32]) {
    let (rows, columns) = (left.rows(), right.columns);
    let panels = columns.div_ceil(PANEL);
    assert_eq!(left.codes.len(), rows * right.quads.len() * QUAD, "depths");
    assert_eq!(out.len(), rows * columns, "the output of a product");
    let last = right.quads.iter().max().map_or(0, |last| *last as usize);
    let needed = last + panels.saturating_sub(1) * right.panel_len + STEP;
    assert!(needed <= right.codes.len(), "a panel reaches outside");
    let (scales, bias_fits) = (
        finish.scales.len(),
        match finish.bias {
            None => true,
            Some(Bias::PerRow(bias)) => bias.len() == rows,
            Some(Bias::PerColumn(bias)) => bias.len() == columns,
        },
    );
    assert!(
        (scales == 1 || scales == columns) && bias_fits,
        "scales or bias"
    );
    let out = Output {
        at: out.as_mut_ptr(),
        columns,
    };
    let chunk = rows_per_task(rows, panels);
    let tasks = (0..rows).step_by(chunk).flat_map(|first| {
        let rows = first..rows.min(first + chunk);
        (0..panels).map(move |panel| (rows.clone(), panel * PANEL))
    });
    let steps = left.codes.len() * columns / 256;
    parallel::each(tasks.collect(), steps, |(rows, column)| {
        let task = Task {
            left,
            rows,
            right,
            column,
            finish,
        };
        match way {
            #[cfg(target_arch = "x86_64")]
            Way::Instructions => vnni::run(&task, out),
            Way::Plain => plain::run(&task, out),
        }
    });
}

/// Rows of a task: a few tasks for every thread, and rows that stay in the cache for a panel.
fn rows_per_task(rows: usize, panels: usize) -> usize {
    const MOST: usize = 192;
    let share = (rows * panels).div_ceil(8 * rayon::current_num_threads());
    share.next_multiple_of(ROWS).clamp(4 * ROWS, MOST)
}

/// The output of a product, whose tasks write different elements.
#[derive(Clone, Copy)]
struct Output {
    at: *mut f32,
    columns: usize,
}

#[expect(unsafe_code, reason = "tasks write different parts")]
// SAFETY: only `multiply` makes one, and its tasks write different elements.
unsafe impl Sync for Output {}
#[expect(unsafe_code, reason = "tasks write different parts")]
// SAFETY: as above.
unsafe impl Send for Output {}

/// Codes one row, and returns its scale and the sum of its codes. A row with a number that is none
/// gets a scale that is none.
fn code_row(x: &[f32], codes: &mut [i8]) -> (f32, i32) {
    let largest = super::simd::vectorised(
        #[inline(always)]
        || super::simd::largest_size(x),
    );
    if largest == 0.0 || !largest.is_finite() {
        codes.fill(0);
        return (largest * 0.0, 0);
    }
    let inverse = LARGEST / largest;
    let sum = super::simd::vectorised(
        #[inline(always)]
        || {
            let mut sum = 0i32;
            for (code, x) in codes.iter_mut().zip(x) {
                let rounded = code_of(*x, inverse) - OFFSET;
                sum = sum.wrapping_add(rounded); // it cannot overflow, and is not checked for it
                *code = rounded as i8;
            }
            sum
        },
    );
    (largest / LARGEST, sum)
}

/// The right code of a number, to even where it lies in the middle. `x * inverse` must lie in
/// -127..=127.
#[inline(always)]
fn code_of(x: f32, inverse: f32) -> i32 {
    /// 1.5 * 2^23: adding it rounds to an integer, which then stands in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let bits = x.mul_add(inverse, ROUND + OFFSET as f32).to_bits();
    (bits & 0xff) as i32
}

#[cfg(test)]
mod tests;
