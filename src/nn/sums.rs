//! Sums of activations, shared among the threads; candle adds on one.

use super::parallel::{self, buffer};
use super::simd::{sum as total, vectorised};
use super::vjp::{attach, on_cpu, plain, values};
use candle_core::{Device, Result, Tensor};

/// Items per piece of work; small enough to stay in the first-level cache.
const PIECE: usize = 8192;

/// `a + b` for two tensors of one shape: a residual connection.
///
/// # Errors
/// When the shapes differ.
pub fn sum(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if !on_cpu(&[a, b]) || a.dims() != b.dims() {
        return a + b;
    }
    let out = {
        let (a, b) = (plain(a)?, plain(b)?);
        let (a, b) = (values(&a)?, values(&b)?);
        let mut out = buffer(a.len());
        parallel::pieces(&mut out, PIECE, a.len(), |i, out| {
            let (a, b) = (&a[i * PIECE..][..out.len()], &b[i * PIECE..][..out.len()]);
            vectorised(
                #[inline(always)]
                || {
                    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
                        *out = a + b;
                    }
                },
            );
        });
        out
    };
    attach([a, b], out, a.shape(), |g, wanted| {
        Ok(wanted.map(|wanted| wanted.then(|| g.clone())))
    })
}

/// Adds one number per channel to all its pixels: `x` (B, C, h, w), `shift` (B or 1, C).
///
/// # Errors
/// On shapes that do not fit.
pub fn shift_channels(x: &Tensor, shift: &Tensor) -> Result<Tensor> {
    let (b, c, h, w) = x.dims4()?;
    let (rows, channels) = shift.dims2()?;
    if !on_cpu(&[x, shift]) || channels != c || (rows != b && rows != 1) {
        return x.broadcast_add(&shift.unsqueeze(2)?.unsqueeze(3)?);
    }
    let out = {
        let (x, shift) = (plain(x)?, plain(shift)?);
        let (x, shift) = (values(&x)?, values(&shift)?);
        let mut out = buffer(x.len());
        parallel::pieces(&mut out, h * w, x.len(), |i, out| {
            let shift = shift[i % (rows * c)];
            let x = &x[i * h * w..][..out.len()];
            vectorised(
                #[inline(always)]
                || {
                    for (out, x) in out.iter_mut().zip(x) {
                        *out = x + shift;
                    }
                },
            );
        });
        out
    };
    attach([x, shift], out, (b, c, h, w), move |g, wanted| {
        let to_shift = if wanted[1] {
            let g = values(g)?;
            let planes = parallel::collect(b * c, g.len(), |i| {
                vectorised(
                    #[inline(always)]
                    || total(&g[i * h * w..(i + 1) * h * w]),
                )
            });
            let sums = Tensor::from_vec(planes, (b, c), &Device::Cpu)?;
            Some(if rows == b {
                sums
            } else {
                sums.sum_keepdim(0)?
            })
        } else {
            None
        };
        Ok([wanted[0].then(|| g.clone()), to_shift])
    })
}
