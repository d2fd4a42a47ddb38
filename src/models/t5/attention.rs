//! T5's attention, feed-forward layer and relative positions, shared by encoder and decoder.

use super::config::{Activation, T5Config};
use crate::nn::{self, Embedding, Heads, Linear, RmsNorm, Weights};
use candle_core::{DType, Device, Result, Tensor};

/// What is added to the score of a position that must not be seen. Finite, so that a row in which
/// everything is hidden gives an average instead of NaN.
const HIDDEN: f64 = -1e9;

/// Multi-head attention without biases and without the usual division by `sqrt(d)`.
#[derive(Clone, Debug)]
pub(super) struct T5Attention {
    q: Linear,
    k: Linear,
    v: Linear,
    o: Linear,
    heads: Heads,
}

impl T5Attention {
    pub(super) fn load(config: &T5Config, weights: &Weights) -> Result<Self> {
        let inner = config.num_heads * config.d_kv;
        Ok(Self {
            q: Linear::load_no_bias(&weights.pp("q"), config.d_model, inner)?,
            k: Linear::load_no_bias(&weights.pp("k"), config.d_model, inner)?,
            v: Linear::load_no_bias(&weights.pp("v"), config.d_model, inner)?,
            o: Linear::load_no_bias(&weights.pp("o"), inner, config.d_model)?,
            heads: Heads::new(config.num_heads, 1.0),
        })
    }

    /// Keys and values of `states` (B, L, D), both (B, L, N*d).
    pub(super) fn keys_values(&self, states: &Tensor) -> Result<(Tensor, Tensor)> {
        Ok((self.k.forward(states)?, self.v.forward(states)?))
    }

    /// `x` (B, Lq, D) looks at prepared keys and values; `bias` broadcasts to (B, N, Lq, Lk).
    pub(super) fn forward(
        &self,
        x: &Tensor,
        keys_values: &(Tensor, Tensor),
        bias: Option<&Tensor>,
    ) -> Result<Tensor> {
        let q = self.q.forward(x)?; // (B, Lq, N*d)
        let (k, v) = keys_values;
        self.o.forward(&self.heads.attend(&q, k, v, bias)?) // (B, Lq, D)
    }
}

/// Norm, feed-forward layer and residual.
#[derive(Clone, Debug)]
pub(super) struct T5FeedForward {
    norm: RmsNorm,
    inner: Inner,
    wo: Linear,
    activation: Activation,
}

#[derive(Clone, Debug)]
enum Inner {
    Plain(Linear),
    Gated { gate: Linear, value: Linear },
}

impl T5FeedForward {
    /// `weights` points at the layer that holds `layer_norm` and `DenseReluDense`.
    pub(super) fn load(config: &T5Config, weights: &Weights) -> Result<Self> {
        let dense = weights.pp("DenseReluDense");
        let wide = |name: &str| Linear::load_no_bias(&dense.pp(name), config.d_model, config.d_ff);
        let inner = if config.gated() {
            Inner::Gated {
                gate: wide("wi_0")?,
                value: wide("wi_1")?,
            }
        } else {
            Inner::Plain(wide("wi")?)
        };
        Ok(Self {
            norm: load_norm(config, &weights.pp("layer_norm"))?,
            inner,
            wo: Linear::load_no_bias(&dense.pp("wo"), config.d_ff, config.d_model)?,
            activation: config.activation()?,
        })
    }

    pub(super) fn set_activation(&mut self, activation: Activation) {
        self.activation = activation;
    }

    /// (B, L, D) to the same shape.
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let normed = self.norm.forward(x)?;
        let hidden = match &self.inner {
            Inner::Plain(wi) => self.activation.forward(&wi.forward(&normed)?)?,
            Inner::Gated { gate, value } => {
                let (gate, value) = (gate.forward(&normed)?, value.forward(&normed)?);
                match self.activation {
                    Activation::Gelu => nn::gated_gelu(&gate, &value, true)?,
                    Activation::GeluTanh => nn::gated_gelu(&gate, &value, false)?,
                    other => (other.forward(&gate)? * value)?,
                }
            }
        }; // (B, L, d_ff)
        x + self.wo.forward(&hidden)?
    }
}

pub(super) fn load_norm(config: &T5Config, weights: &Weights) -> Result<RmsNorm> {
    RmsNorm::load(weights, config.d_model, config.layer_norm_epsilon)
}

/// Attention bias by distance, learned by the first block and used by all.
#[derive(Clone, Debug)]
pub(super) struct RelativePositions {
    table: Embedding,
    buckets: usize,
    max_distance: usize,
    bidirectional: bool,
}

impl RelativePositions {
    pub(super) fn load(config: &T5Config, weights: &Weights, bidirectional: bool) -> Result<Self> {
        let buckets = config.relative_attention_num_buckets;
        Ok(Self {
            table: Embedding::load(weights, buckets, config.num_heads)?,
            buckets,
            max_distance: config.relative_attention_max_distance,
            bidirectional,
        })
    }

    /// Bias (1, N, queries, keys) for queries at positions `first..first + queries`.
    pub(super) fn bias(&self, first: usize, queries: usize, keys: usize) -> Result<Tensor> {
        let ids: Vec<u32> = (first..first + queries)
            .flat_map(|query| (0..keys).map(move |key| (query, key)))
            .map(|(query, key)| {
                let distance = key as i64 - query as i64;
                relative_bucket(
                    distance,
                    self.bidirectional,
                    self.buckets,
                    self.max_distance,
                )
            })
            .collect();
        let ids = Tensor::from_vec(ids, (queries, keys), self.table.weight().device())?;
        self.table
            .forward(&ids)? // (queries, keys, N)
            .permute((2, 0, 1))?
            .contiguous()?
            .unsqueeze(0) // (1, N, queries, keys)
    }
}

/// Class of the distance `key - query`: one each for near tokens, logarithmic ranges for far ones.
///
/// The logarithm is taken in f32 in this order because a class border may fall on a whole number.
fn relative_bucket(distance: i64, bidirectional: bool, buckets: usize, max_distance: usize) -> u32 {
    let (base, buckets, distance) = if bidirectional {
        let half = buckets / 2;
        let base = if distance > 0 { half } else { 0 };
        (base, half, distance.unsigned_abs() as usize)
    } else {
        (0, buckets, distance.min(0).unsigned_abs() as usize)
    };
    let exact = buckets / 2;
    let bucket = if distance < exact {
        distance
    } else {
        let range = (max_distance as f64 / exact as f64).ln() as f32;
        let far = (distance as f32 / exact as f32).ln() / range * (buckets - exact) as f32;
        (exact + far as usize).min(buckets - 1)
    };
    (base + bucket) as u32
}

/// Turns a mask (B, L) of ones and zeros into a bias (B, 1, 1, L).
pub(super) fn mask_bias(mask: &Tensor, dtype: DType) -> Result<Tensor> {
    let (b, l) = mask.dims2()?;
    let mask = mask.to_dtype(DType::F32)?;
    // 0 where a position is kept, HIDDEN where it is not.
    ((1.0 - mask)? * HIDDEN)?
        .reshape((b, 1, 1, l))?
        .to_dtype(dtype)
}

/// Bias (1, 1, L, L) that hides what comes later.
pub(super) fn causal_bias(length: usize, dtype: DType, device: &Device) -> Result<Tensor> {
    let values: Vec<f32> = (0..length)
        .flat_map(|query| (0..length).map(move |key| key > query))
        .map(|later| if later { HIDDEN as f32 } else { 0.0 })
        .collect();
    Tensor::from_vec(values, (1, 1, length, length), device)?.to_dtype(dtype)
}

#[cfg(test)]
mod tests {
    use super::relative_bucket;

    #[test]
    fn near_distances_are_exact_and_far_ones_share_a_class() {
        let both = |d| relative_bucket(d, true, 32, 128);
        assert_eq!([both(0), both(-7), both(7), both(1)], [0, 7, 23, 17]);
        // Sixteen is twice eight: the border of a logarithmic class.
        assert_eq!([both(-8), both(-15), both(-16), both(-500)], [8, 9, 10, 15]);
        let past = |d| relative_bucket(d, false, 32, 128);
        assert_eq!(
            [past(5), past(0), past(-15), past(-16), past(-999)],
            [0, 0, 15, 16, 31]
        );
    }
}
