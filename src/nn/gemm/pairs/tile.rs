//! Tiles of the output from panels of pairs.

#![expect(clippy::needless_range_loop, reason = "fast in development builds too")]

use super::pack::mask;
use super::{LANES, NARROW, WIDE};
use std::arch::x86_64::{
    __m512bh, __m512i, _MM_HINT_T0, _mm_prefetch, _mm512_dpbf16_ps, _mm512_fmadd_ps,
    _mm512_loadu_ps, _mm512_loadu_si512, _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps,
    _mm512_mul_ps, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512,
    _mm512_storeu_ps,
};
use std::mem::transmute;

/// A part of the output, with contiguous columns, and what becomes of it.
#[derive(Clone, Copy)]
pub(super) struct Out {
    /// Its first number.
    pub first: *mut f32,
    /// Numbers from row to row.
    pub row_stride: usize,
    /// Its rows.
    pub rows: usize,
    /// Its columns.
    pub columns: usize,
    /// What sums are multiplied with.
    pub scale: f32,
    /// Whether they are added to what is there.
    pub add: bool,
}

impl Out {
    /// The product of two rows of panels.
    ///
    /// # Safety
    /// The part must be there and belong to the caller, the panels must have its rows and columns and
    /// so many pairs, and the processor must have the instructions.
    #[expect(unsafe_code, reason = "works on pointers")]
    pub(super) unsafe fn fill(self, narrow: *const u32, wide: *const u32, pairs: usize) {
        // The wide panel stays in the first cache while the narrow ones pass by.
        for column in (0..self.columns).step_by(WIDE) {
            let columns = WIDE.min(self.columns - column);
            let wide = wide.wrapping_add(column * pairs);
            for row in (0..self.rows).step_by(NARROW) {
                let rows = NARROW.min(self.rows - row);
                let narrow = narrow.wrapping_add(row * pairs);
                let part = Self {
                    first: self.first.wrapping_add(row * self.row_stride + column),
                    rows,
                    columns,
                    ..self
                };
                // SAFETY: a part of what the caller promises.
                unsafe {
                    match (columns.div_ceil(LANES), rows > NARROW / 2) {
                        (1, false) => part.tile::<4, 1>(narrow, wide, pairs),
                        (1, true) => part.tile::<8, 1>(narrow, wide, pairs),
                        (2, false) => part.tile::<4, 2>(narrow, wide, pairs),
                        (2, true) => part.tile::<8, 2>(narrow, wide, pairs),
                        (_, false) => part.tile::<4, 3>(narrow, wide, pairs),
                        (_, true) => part.tile::<8, 3>(narrow, wide, pairs),
                    }
                }
            }
        }
    }

    /// At most `ROWS` rows of `VECTORS` vectors.
    ///
    /// # Safety
    /// As [`Self::fill`].
    #[expect(unsafe_code, reason = "works on pointers")]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
    unsafe fn tile<const ROWS: usize, const VECTORS: usize>(
        self,
        narrow: *const u32,
        wide: *const u32,
        pairs: usize,
    ) {
        let mut sums = [[_mm512_setzero_ps(); VECTORS]; ROWS];
        let last = VECTORS - 1;
        let mask = mask(self.columns - last * LANES);
        // The output may come from far away; it arrives while the sums are made.
        for row in 0..ROWS.min(self.rows) {
            let row = self.first.wrapping_add(row * self.row_stride);
            for v in 0..VECTORS {
                _mm_prefetch::<_MM_HINT_T0>(row.wrapping_add(v * LANES).cast());
            }
        }
        for pair in 0..pairs {
            let wide = wide.wrapping_add(pair * WIDE);
            let narrow = narrow.wrapping_add(pair * NARROW);
            // SAFETY: the panels have so many pairs; both types are 64 bytes.
            unsafe {
                let mut columns = [transmute::<__m512i, __m512bh>(_mm512_setzero_si512()); VECTORS];
                for v in 0..VECTORS {
                    let column = _mm512_loadu_si512(wide.wrapping_add(v * LANES).cast());
                    columns[v] = transmute::<__m512i, __m512bh>(column);
                }
                for row in 0..ROWS {
                    let number = _mm512_set1_epi32(*narrow.wrapping_add(row).cast::<i32>());
                    let number = transmute::<__m512i, __m512bh>(number);
                    for v in 0..VECTORS {
                        sums[row][v] = _mm512_dpbf16_ps(sums[row][v], number, columns[v]);
                    }
                }
            }
        }
        let scale = _mm512_set1_ps(self.scale);
        for row in 0..ROWS {
            if row >= self.rows {
                break;
            }
            let to = self.first.wrapping_add(row * self.row_stride);
            for v in 0..VECTORS {
                let to = to.wrapping_add(v * LANES);
                // SAFETY: the row is there, and the mask keeps to its columns.
                unsafe {
                    if v < last || mask == u16::MAX {
                        let sum = if self.add {
                            _mm512_fmadd_ps(sums[row][v], scale, _mm512_loadu_ps(to))
                        } else {
                            _mm512_mul_ps(sums[row][v], scale)
                        };
                        _mm512_storeu_ps(to, sum);
                    } else {
                        let sum = if self.add {
                            let there = _mm512_maskz_loadu_ps(mask, to);
                            _mm512_fmadd_ps(sums[row][v], scale, there)
                        } else {
                            _mm512_mul_ps(sums[row][v], scale)
                        };
                        _mm512_mask_storeu_ps(to, mask, sum);
                    }
                }
            }
        }
    }
}
