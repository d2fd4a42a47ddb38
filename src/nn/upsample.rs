//! Nearest-neighbour upsampling.

use super::parallel::{self, buffer};
use super::vjp::{attach, on_cpu, plain, values};
use candle_core::{Device, Result, Tensor};

/// Doubles height and width by repeating pixels: (B, C, H, W) to (B, C, 2H, 2W).
///
/// # Errors
/// When `x` does not have four dimensions.
pub fn upsample_nearest2x(x: &Tensor) -> Result<Tensor> {
    let (b, c, h, w) = x.dims4()?;
    if !on_cpu(&[x]) {
        return x
            .unsqueeze(3)?
            .unsqueeze(5)?
            .broadcast_as((b, c, h, 2, w, 2))?
            .reshape((b, c, 2 * h, 2 * w));
    }
    let input = plain(x)?;
    let out = {
        let input = values(&input)?;
        let mut out = buffer(input.len() * 4);
        let (plane, steps) = (4 * h * w, out.len());
        parallel::pieces(&mut out, plane, steps, |i, out| {
            let rows = input[i * h * w..(i + 1) * h * w].chunks_exact(w.max(1));
            for (row, pair) in rows.zip(out.chunks_exact_mut(4 * w)) {
                let (first, second) = pair.split_at_mut(2 * w);
                for (two, pixel) in first.as_chunks_mut::<2>().0.iter_mut().zip(row) {
                    *two = [*pixel; 2];
                }
                second.copy_from_slice(first);
            }
        });
        out
    };
    attach([x], out, (b, c, 2 * h, 2 * w), move |gradient, _| {
        let g = values(gradient)?;
        let mut out = buffer(g.len() / 4);
        parallel::pieces(&mut out, h * w, g.len(), |i, out| {
            let pairs = g[i * 4 * h * w..(i + 1) * 4 * h * w].chunks_exact((4 * w).max(1));
            for (row, pair) in out.chunks_exact_mut(w).zip(pairs) {
                let (first, second) = pair.split_at(2 * w);
                let sums = first
                    .as_chunks::<2>()
                    .0
                    .iter()
                    .zip(second.as_chunks::<2>().0);
                for (pixel, ([a, b], [c, d])) in row.iter_mut().zip(sums) {
                    *pixel = (a + b) + (c + d);
                }
            }
        });
        Ok([Some(Tensor::from_vec(out, (b, c, h, w), &Device::Cpu)?)])
    })
}
