//! The product by `vpdpbusd`: 16 sums of four products each per instruction.

// By index: what iterators over arrays of vectors are made of is not inlined in development builds,
// where it would take most of the time.
#![expect(clippy::needless_range_loop, reason = "fast in development builds too")]

use super::{Bias, OFFSET, Output, PANEL, QUAD, ROWS, STEP, Task};
use std::arch::x86_64::{
    __m512i, __mmask16, _mm512_cvtepi32_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps,
    _mm512_loadu_si512, _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps, _mm512_mul_ps,
    _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_sub_epi32,
};
use std::sync::LazyLock;

/// Numbers in a vector.
const LANES: usize = 16;
/// Vectors of a panel.
const VECTORS: usize = PANEL / LANES;

/// Whether this processor has the instructions.
pub(super) fn available() -> bool {
    static FOUND: LazyLock<bool> = LazyLock::new(|| {
        is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni")
    });
    *FOUND
}

/// # Panics
/// Where [`available`] says no.
pub(super) fn run(task: &Task<'_>, out: Output) {
    assert!(available(), "this processor has no such instruction");
    #[expect(unsafe_code, reason = "calls a function with more target features")]
    // SAFETY: the processor has these features.
    unsafe {
        run_here(task, out);
    }
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn run_here(task: &Task<'_>, out: Output) {
    let mut row = task.rows.start;
    while row + ROWS <= task.rows.end {
        rows::<ROWS>(task, row, out);
        row += ROWS;
    }
    match task.rows.end - row {
        5 => rows::<5>(task, row, out),
        4 => rows::<4>(task, row, out),
        3 => rows::<3>(task, row, out),
        2 => rows::<2>(task, row, out),
        1 => rows::<1>(task, row, out),
        _ => {}
    }
}

/// `R` rows, from `first` on, with the panel.
#[target_feature(enable = "avx512f,avx512vnni")]
fn rows<const R: usize>(task: &Task<'_>, first: usize, out: Output) {
    let Task {
        left,
        right,
        column,
        finish,
        ..
    } = task;
    let sums = sums::<R>(task, first);
    for i in 0..VECTORS {
        let column = column + i * LANES;
        let Some(there @ 1..) = right.columns.checked_sub(column) else {
            break;
        };
        let mask: __mmask16 = if there < LANES { (1 << there) - 1 } else { !0 };
        let per_column = |numbers: &[f32]| {
            let numbers = &numbers[column..];
            assert!(numbers.len() >= there.min(LANES));
            #[expect(unsafe_code, reason = "loads a vector")]
            // SAFETY: the mask leaves out what is not there.
            unsafe {
                _mm512_maskz_loadu_ps(mask, numbers.as_ptr())
            }
        };
        let scale = match finish.scales {
            [one] => _mm512_set1_ps(*one),
            scales => per_column(scales),
        };
        let bias = match finish.bias {
            Some(Bias::PerColumn(bias)) => per_column(bias),
            _ => _mm512_setzero_ps(),
        };
        for (row, sums) in (first..).zip(&sums) {
            let bias = match finish.bias {
                Some(Bias::PerRow(bias)) => _mm512_set1_ps(bias[row]),
                _ => bias,
            };
            let offset = _mm512_set1_epi32(OFFSET * left.sums[row]);
            let sum = _mm512_cvtepi32_ps(_mm512_sub_epi32(sums[i], offset));
            let scale = _mm512_mul_ps(_mm512_set1_ps(left.scales[row]), scale);
            let value = _mm512_fmadd_ps(sum, scale, bias);
            #[expect(unsafe_code, reason = "tasks write different parts")]
            // SAFETY: `multiply` checked that rows and columns lie inside, the mask leaves out
            // columns that are not there, and no other task has these.
            unsafe {
                let at = out.at.add(row * out.columns + column);
                _mm512_mask_storeu_ps(at, mask, value);
            }
        }
    }
}

/// The integer sums of `R` rows with the panel.
#[target_feature(enable = "avx512f,avx512vnni")]
fn sums<const R: usize>(task: &Task<'_>, first: usize) -> [[__m512i; VECTORS]; R] {
    let Task {
        left,
        right,
        column,
        ..
    } = task;
    let depth = right.quads.len() * QUAD;
    let codes = &left.codes[first * depth..][..R * depth];
    let rows: [_; R] = std::array::from_fn(|row| codes[row * depth..].as_ptr());
    let panel = &right.codes[column / PANEL * right.panel_len..];
    let mut sums = [[_mm512_setzero_si512(); VECTORS]; R];
    for (i, quad) in right.quads.iter().enumerate() {
        let quad = *quad as usize;
        debug_assert!(quad + STEP <= panel.len());
        #[expect(unsafe_code, reason = "loads without a check for every quad")]
        // SAFETY: `multiply` checked that every quad of every panel lies inside, and `codes` above
        // has `depth` codes for each of the rows.
        unsafe {
            let at = panel.as_ptr().add(quad);
            let mut vectors = [_mm512_setzero_si512(); VECTORS];
            for v in 0..VECTORS {
                vectors[v] = _mm512_loadu_si512(at.add(64 * v).cast());
            }
            for row in 0..R {
                let four = rows[row].add(i * QUAD).cast::<i32>();
                let factor = _mm512_set1_epi32(four.read_unaligned());
                for v in 0..VECTORS {
                    sums[row][v] = _mm512_dpbusd_epi32(sums[row][v], vectors[v], factor);
                }
            }
        }
    }
    sums
}
