//! Products of numbers rounded to bf16, summed in f32 (`vdpbf16ps`): twice the speed of f32.
//!
//! The instruction multiplies pairs of neighbours along the summed dimension, so both matrices are
//! first copied to panels of pairs ([`pack()`]). The output is then made of tiles that stay in
//! registers ([`tile`]): rows of `b` are vectors ("wide"), numbers of `a` go to all lanes ("narrow").
//! The order of a sum depends on its length alone, so results depend on neither threads nor shapes.

pub(in crate::nn) mod kernels;
mod pack;
mod tile;

use super::super::scratch::scratch;
use super::{Into, Strided};
use pack::pack;
use tile::Out;

/// Rows of a tile, the lanes of a narrow panel.
const NARROW: usize = 8;
/// Columns of a tile, the lanes of a wide panel: with these a tile takes 24 of 32 registers.
const WIDE: usize = 3 * LANES;
/// Numbers in a vector.
const LANES: usize = 16;

/// Terms of a sum that are taken at once: a wide panel of them fits into the first cache.
const TERMS: usize = 256;
/// Rows whose narrow panels are made at once; with [`TERMS`], half of the second cache.
const ROWS: usize = 1024;
/// Columns whose wide panels are made at once, so that long runs of a row are read together.
const COLUMNS: usize = 4 * WIDE;

/// Whether a product (m, k) by (k, n), whose output has contiguous rows, is faster here than in full
/// precision; less would be lost in unused lanes and in packing.
pub(super) fn worth(m: usize, n: usize, k: usize) -> bool {
    m >= NARROW && n >= LANES && k >= 8 && m * n * k >= 1 << 12
}

/// `out = scale * a b`, or added to what is there; operands are rounded to the nearest bf16.
///
/// # Panics
/// When neither the rows nor the columns of the output are contiguous, or when shapes do not fit.
///
/// # Safety
/// The elements of the layouts must be there, nobody else may use those of the output meanwhile, and
/// the processor must have the instructions (`has_paired_halves`).
#[expect(unsafe_code, reason = "works on pointers")]
pub(super) unsafe fn multiply(
    out: *mut f32,
    layout: Strided,
    (a, a_layout): (*const f32, Strided),
    (b, b_layout): (*const f32, Strided),
    scale: f32,
    into: Into,
) {
    let (m, n, k) = (layout.rows, layout.cols, a_layout.cols);
    assert!(
        a_layout.rows == m && b_layout.rows == k && b_layout.cols == n,
        "shapes of a product do not fit"
    );
    if layout.col_stride != 1 {
        assert!(layout.row_stride == 1, "an output has contiguous vectors");
        // SAFETY: the same product, seen with rows and columns exchanged.
        return unsafe {
            multiply(
                out,
                layout.t(),
                (b, b_layout.t()),
                (a, a_layout.t()),
                scale,
                into,
            )
        };
    }
    // Blocks of about the same size; no block of terms still has to clear the output.
    let terms = share(k, TERMS, 32);
    let rows = share(m, ROWS, NARROW);
    let columns = share(n, COLUMNS, WIDE);
    let half = terms.div_ceil(2);
    scratch(half * (rows + columns) + LANES, |memory| {
        let skip = memory.as_ptr().align_offset(64).min(LANES);
        let wide = memory[skip..].as_mut_ptr().cast::<u32>();
        let narrow = wide.wrapping_add(half * columns);
        for first_term in (0..k.max(1)).step_by(terms) {
            let terms = terms.min(k - first_term);
            let add = into == Into::Add || first_term > 0;
            for row in (0..m).step_by(rows) {
                let rows = rows.min(m - row);
                let a = a.wrapping_add(row * a_layout.row_stride);
                let a = a.wrapping_add(first_term * a_layout.col_stride);
                let strides = (a_layout.row_stride, a_layout.col_stride);
                // SAFETY: the block lies inside `a`, and the memory has room for its panels.
                unsafe {
                    pack::<NARROW>(a, (rows, terms), strides, narrow);
                }
                for column in (0..n).step_by(columns) {
                    let columns = columns.min(n - column);
                    let b = b.wrapping_add(column * b_layout.col_stride);
                    let b = b.wrapping_add(first_term * b_layout.row_stride);
                    let strides = (b_layout.col_stride, b_layout.row_stride);
                    let out = Out {
                        first: out.wrapping_add(row * layout.row_stride + column),
                        row_stride: layout.row_stride,
                        rows,
                        columns,
                        scale,
                        add,
                    };
                    // SAFETY: as above; the block of the output lies inside it.
                    unsafe {
                        pack::<WIDE>(b, (columns, terms), strides, wide);
                        out.fill(narrow, wide, terms.div_ceil(2));
                    }
                }
            }
        }
    });
}

/// The size of a block when `whole` is cut into equal ones of at most `most`, a multiple of `step`.
fn share(whole: usize, most: usize, step: usize) -> usize {
    let blocks = whole.div_ceil(most).max(1);
    whole.div_ceil(blocks).next_multiple_of(step).max(step)
}

#[cfg(test)]
mod tests;
