//! Low-rank additions to the matrices of frozen layers.
//!
//! `y = W x + (alpha / r) B A x` with A (r, in) and B (out, r): only the pair is trained. A begins as
//! a linear layer does and B as zeros, so that a fresh pair changes nothing.
//! Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models" (2021), section 4.1.

use super::Linear;
use candle_core::{Result, Tensor};
use std::sync::Arc;

/// Which layers get a pair, and which pair.
#[derive(Clone)]
pub struct LowRankRule {
    /// Rows r of A; a smaller side of the matrix caps it.
    pub rank: usize,
    /// Weight of the pair, divided by r.
    pub alpha: f64,
    /// Where A begins.
    pub seed: u64,
    /// Whether the layer of that full name, such as `….attn1.to_q`, gets one.
    pub covers: Arc<dyn Fn(&str) -> bool + Send + Sync>,
}

/// The pair of a layer.
#[derive(Clone, Debug)]
pub(super) struct LowRank {
    down: Tensor,
    up: Tensor,
    scale: f64,
}

impl LowRank {
    /// From A (r, in) and B (out, r).
    pub fn new(down: Tensor, up: Tensor, alpha: f64) -> Result<Self> {
        let scale = scale(&down, alpha)?;
        Ok(Self { down, up, scale })
    }

    /// What it adds to the layer's result: (.., in) to (.., out).
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let narrow = Linear::new(self.down.clone(), None).forward(x)?; // (.., r)
        Linear::new(self.up.clone(), None).forward(&(narrow * self.scale)?)
    }
}

/// What a pair adds to its matrix, (out, in): `alpha / r · up · down`.
///
/// - `down`: A, (r, in); `up`: B, (out, r)
///
/// # Errors
/// On shapes that do not fit.
pub fn low_rank_delta(down: &Tensor, up: &Tensor, alpha: f64) -> Result<Tensor> {
    up.matmul(down)? * scale(down, alpha)?
}

fn scale(down: &Tensor, alpha: f64) -> Result<f64> {
    let (rank, _) = down.dims2()?;
    Ok(alpha / rank.max(1) as f64)
}
