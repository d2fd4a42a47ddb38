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
    for (band, out) in out.chunks_mut(SQUARE * m).enumerate() {
        for start in (0..m).step_by(SQUARE) {
            let rows = SQUARE.min(m - start);
            let x = &x[start * width + first + band * SQUARE..];
            for (j, out) in out.chunks_exact_mut(m).enumerate() {
                for (i, value) in out[start..start + rows].iter_mut().enumerate() {
                    *value = x[i * width + j];
                }
            }
        }
    }
}
