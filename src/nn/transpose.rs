//! The last two dimensions exchanged, in memory.

use super::parallel::{self, buffer};
use super::vjp::{attach, on_cpu, plain, values};
use candle_core::{Result, Tensor};

/// Rows and columns of the squares that are turned one by one, so that both sides stay in the cache.
const SQUARE: usize = 16;

/// (B, M, N) to (B, N, M), contiguous.
///
/// # Errors
/// When `x` does not have three dimensions.
pub fn transposed(x: &Tensor) -> Result<Tensor> {
    let (b, m, n) = x.dims3()?;
    if !on_cpu(&[x]) {
        return x.transpose(1, 2)?.contiguous();
    }
    let out = {
        let x = plain(x)?;
        let x = values(&x)?;
        let mut out = buffer(x.len());
        if n.is_multiple_of(SQUARE) {
            let bands = n / SQUARE;
            parallel::pieces(&mut out, SQUARE * m, x.len(), |i, out| {
                let (image, band) = (i / bands, i % bands);
                turn(
                    &x[image * m * n..(image + 1) * m * n],
                    n,
                    band * SQUARE,
                    out,
                );
            });
        } else {
            parallel::pieces(&mut out, m * n, x.len(), |i, out| {
                turn(&x[i * m * n..(i + 1) * m * n], n, 0, out);
            });
        }
        out
    };
    attach([x], out, (b, n, m), |g, _| Ok([Some(transposed(g)?)]))
}

/// Some columns of `x` (M, `width`), from `first` on, as the rows of `out`.
pub(super) fn turn(x: &[f32], width: usize, first: usize, out: &mut [f32]) {
    let m = x.len() / width;
    let columns = out.len() / m;
    // Rows outside: `x` may come from far away and is then read in order, a few rows at a time.
    for start in (0..m).step_by(SQUARE) {
        let rows = SQUARE.min(m - start);
        for band in (0..columns).step_by(SQUARE) {
            let cols = SQUARE.min(columns - band);
            let (from, to) = (start * width + first + band, band * m + start);
            turn_square(&x[from..], width, &mut out[to..], m, (rows, cols));
        }
    }
}

/// Some rows and columns of `x`, whose rows start `width` numbers apart, to `out`, whose rows start
/// `m` apart.
fn turn_square(x: &[f32], width: usize, out: &mut [f32], m: usize, (rows, cols): (usize, usize)) {
    #[cfg(target_arch = "x86_64")]
    if (rows, cols) == (SQUARE, SQUARE) && super::simd::has_avx2() {
        for (i, j) in [(0, 0), (8, 0), (0, 8), (8, 8)] {
            let (x, out) = (&x[i * width + j..], &mut out[j * m + i..]);
            #[expect(unsafe_code, reason = "calls a function with more target features")]
            // SAFETY: the processor has AVX2.
            unsafe {
                turn_eight(x, width, out, m);
            }
        }
        return;
    }
    for (j, out) in out.chunks_mut(m).take(cols).enumerate() {
        for (i, value) in out[..rows].iter_mut().enumerate() {
            *value = x[i * width + j];
        }
    }
}

/// Eight rows and columns, by exchanges inside registers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn turn_eight(x: &[f32], width: usize, out: &mut [f32], m: usize) {
    use std::arch::x86_64::{
        __m256, _mm256_loadu_ps, _mm256_permute2f128_ps, _mm256_shuffle_ps, _mm256_storeu_ps,
        _mm256_unpackhi_ps, _mm256_unpacklo_ps,
    };
    let load = |i: usize| -> __m256 {
        let row: &[f32; 8] = x[i * width..][..8].try_into().expect("eight numbers");
        #[expect(unsafe_code, reason = "loads a vector")]
        // SAFETY: the array has eight numbers, and an unaligned load may start anywhere.
        unsafe {
            _mm256_loadu_ps(row.as_ptr())
        }
    };
    // Pairs of rows, then fours, then the two halves of the vectors.
    let [mut low, mut high] = [[load(0); 4]; 2];
    for (i, (low, high)) in low.iter_mut().zip(&mut high).enumerate() {
        let (a, b) = (load(2 * i), load(2 * i + 1));
        *low = _mm256_unpacklo_ps(a, b);
        *high = _mm256_unpackhi_ps(a, b);
    }
    let fours = |i: usize| {
        [
            _mm256_shuffle_ps::<0b01_00_01_00>(low[i], low[i + 1]),
            _mm256_shuffle_ps::<0b11_10_11_10>(low[i], low[i + 1]),
            _mm256_shuffle_ps::<0b01_00_01_00>(high[i], high[i + 1]),
            _mm256_shuffle_ps::<0b11_10_11_10>(high[i], high[i + 1]),
        ]
    };
    for (j, (upper, lower)) in fours(0).into_iter().zip(fours(2)).enumerate() {
        let left = _mm256_permute2f128_ps::<0x20>(upper, lower);
        let right = _mm256_permute2f128_ps::<0x31>(upper, lower);
        for (j, vector) in [(j, left), (j + 4, right)] {
            let row: &mut [f32; 8] = (&mut out[j * m..][..8]).try_into().expect("eight numbers");
            #[expect(unsafe_code, reason = "stores a vector")]
            // SAFETY: the array has eight numbers, and an unaligned store may start anywhere.
            unsafe {
                _mm256_storeu_ps(row.as_mut_ptr(), vector);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_become_rows_at_every_size() {
        for (m, width, first, columns) in [
            (1, 1, 0, 1),
            (16, 16, 0, 16),
            (7, 40, 3, 33),
            (32, 48, 16, 32),
            (50, 37, 5, 20),
        ] {
            let x: Vec<f32> = (0..m * width).map(|i| i as f32).collect();
            let mut out = vec![-1.0; columns * m];
            turn(&x, width, first, &mut out);
            for (i, value) in out.iter().enumerate() {
                let (column, row) = (i / m, i % m);
                assert_eq!(*value, (row * width + first + column) as f32);
            }
        }
    }
}
