//! Softmax attention over heads that stay side by side in the last dimension.
//!
//! Heads are read and written in place with strides. On the processor the forward is fused
//! (`fused`, `flash`) and has a backward of its own; elsewhere candle's operations do the same.

mod backward;
mod fused;
mod operations;

use super::vjp::{attach, on_cpu};
use candle_core::{Result, Tensor, bail};
use fused::Fused;
use operations::{by_operations, weights_per_head};

/// Heads that attend side by side, and how their scores are scaled.
#[derive(Clone, Copy, Debug)]
pub struct Heads {
    /// N
    count: usize,
    scale: f64,
    /// Whether products may have half the bits.
    half: bool,
}

impl Heads {
    /// That many heads, with scores times `scale`.
    pub fn new(count: usize, scale: f64) -> Self {
        Self {
            count,
            scale,
            half: false,
        }
    }

    /// The same with products of bf16, summed in f32, where the processor has them: for drawing only,
    /// no gradient passes through it.
    pub fn in_half(self) -> Self {
        Self { half: true, ..self }
    }

    /// Multi-head softmax attention, `softmax(scale * q k^T + bias) v` per head.
    ///
    /// - `q`: (B, Lq, N*d); `k`: (B, Lk, N*d); `v`: (B, Lk, N*d)
    /// - `bias`: added to the scores, broadcastable to (B, N, Lq, Lk); carries masks (large negative
    ///   values) and relative positions
    ///
    /// Returns (B, Lq, N*d).
    ///
    /// # Errors
    /// On shapes that do not fit.
    pub fn attend(
        self,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
        bias: Option<&Tensor>,
    ) -> Result<Tensor> {
        if self.half && [q, k, v].iter().any(|x| x.track_op()) {
            return self.attend(&q.detach(), &k.detach(), &v.detach(), bias);
        }
        let (batch, queries, width) = q.dims3()?;
        let (_, keys, _) = k.dims3()?;
        if self.count == 0 || width % self.count != 0 {
            bail!("{width} channels do not divide into {} heads", self.count)
        }
        if k.dims() != [batch, keys, width] || v.dims() != k.dims() {
            let (q, k, v) = (q.shape(), k.shape(), v.shape());
            bail!("queries {q:?}, keys {k:?} and values {v:?} do not fit")
        }
        let bias = bias
            .map(|bias| bias.broadcast_as((batch, self.count, queries, keys)))
            .transpose()?;
        if !on_cpu(&[q, k, v, bias.as_ref().unwrap_or(q)])
            || bias.as_ref().is_some_and(Tensor::track_op)
        {
            return by_operations(self, q, k, v, bias.as_ref());
        }
        let work = Fused::new(self, q, k, v, bias.as_ref())?;
        let out = work.forward()?;
        attach([q, k, v], out, (batch, queries, width), move |g, _| {
            work.backward(g)
        })
    }

    /// The weights that [`Heads::attend`] mixes the values with, mean over the heads, (B, Lq, Lk), f32.
    ///
    /// For looking at them: the fused forward never has them as a whole. Arguments as there.
    ///
    /// # Errors
    /// On shapes that do not fit.
    pub fn weights(self, q: &Tensor, k: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        weights_per_head(self, q, k, bias)?.mean(1)
    }
}
