//! Group, layer and root-mean-square normalisation; statistics in f32.
//!
//! Backward of `y = g x̂ + b` with `x̂ = (x - mean) / deviation` over n items, where `h = g dy`:
//! `dx = (h - mean(h) - x̂ mean(h x̂)) / deviation`. Without the mean (RMS) its term falls away.

mod groups;
mod rows;

use crate::nn::simd::{fold, sum};
use candle_core::{D, Result, Tensor};

pub use groups::GroupNorm;
pub use rows::{LayerNorm, RmsNorm};

/// Items summed in f32 before the sums go on in f64.
const BLOCK: usize = 4096;

/// Mean and inverse deviation. Every block is read twice while it is in the first-level cache; blocks
/// are joined by the parallel variance formula (Chan, Golub and LeVeque 1979), which does not cancel.
#[inline(always)]
fn moments(x: &[f32], eps: f64) -> (f32, f32) {
    let (mut count, mut mean, mut squares) = (0f64, 0f64, 0f64);
    for block in x.chunks(BLOCK) {
        let n = block.len() as f64;
        let centre = sum(block) / block.len() as f32;
        let around = fold(
            block,
            0.0,
            |lane, x| (x - centre).mul_add(x - centre, lane),
            |a, b| a + b,
        );
        let offset = f64::from(centre) - mean;
        let all = count + n;
        squares += f64::from(around) + offset * offset * count * n / all;
        mean += offset * n / all;
        count = all;
    }
    (mean as f32, inverse_root(squares / count, eps))
}

#[inline(always)]
fn inverse_root(variance: f64, eps: f64) -> f32 {
    (1.0 / (variance + eps).sqrt()) as f32
}

/// The same with candle's operations, over the last dimension.
fn normalised(x: &Tensor, centred: bool, eps: f64) -> Result<Tensor> {
    let x = if centred {
        x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?
    } else {
        x.clone()
    };
    let variance = x.sqr()?.mean_keepdim(D::Minus1)?;
    x.broadcast_div(&(variance + eps)?.sqrt()?)
}
