//! T5's encoder.

use super::attention::{RelativePositions, T5Attention, T5FeedForward, load_norm, mask_bias};
use super::config::{Activation, T5Config};
use crate::nn::{RmsNorm, Weights, cancel};
use candle_core::{Result, Tensor};

/// Blocks of self-attention and feed-forward layers over embedded tokens.
#[derive(Clone, Debug)]
pub struct T5Stack {
    blocks: Vec<Block>,
    positions: RelativePositions,
    final_norm: RmsNorm,
}

#[derive(Clone, Debug)]
struct Block {
    norm: RmsNorm,
    attention: T5Attention,
    feed_forward: T5FeedForward,
}

impl T5Stack {
    /// `weights` points at `encoder`.
    ///
    /// # Errors
    /// When a tensor cannot be read.
    pub fn load(config: &T5Config, weights: &Weights) -> Result<Self> {
        let block = |i: usize| -> Result<Block> {
            let layers = weights.pp("block").pp(i).pp("layer");
            Ok(Block {
                norm: load_norm(config, &layers.pp("0.layer_norm"))?,
                attention: T5Attention::load(config, &layers.pp("0.SelfAttention"))?,
                feed_forward: T5FeedForward::load(config, &layers.pp(1))?,
            })
        };
        let positions = weights.pp("block.0.layer.0.SelfAttention.relative_attention_bias");
        Ok(Self {
            blocks: (0..config.num_layers).map(block).collect::<Result<_>>()?,
            positions: RelativePositions::load(config, &positions, true)?,
            final_norm: load_norm(config, &weights.pp("final_layer_norm"))?,
        })
    }

    /// The same weights with another activation.
    pub fn with_activation(&self, activation: Activation) -> Self {
        let mut stack = self.clone();
        for block in &mut stack.blocks {
            block.feed_forward.set_activation(activation);
        }
        stack
    }

    /// Hidden states (B, L, D) of `inputs_embeds` (B, L, D).
    ///
    /// `attention_mask` (B, L) is 1 for positions that may be looked at. Masked positions get
    /// hidden states too. Without a mask everything is looked at, padding included.
    ///
    /// # Errors
    /// On a shape that does not fit, or when cancelled.
    pub fn forward_embeds(
        &self,
        inputs_embeds: &Tensor,
        attention_mask: Option<&Tensor>,
    ) -> Result<Tensor> {
        let (_, length, _) = inputs_embeds.dims3()?;
        let dtype = inputs_embeds.dtype();
        let positions = self.positions.bias(0, length, length)?; // (1, N, L, L)
        let bias = match attention_mask {
            Some(mask) => positions.broadcast_add(&mask_bias(mask, dtype)?)?, // (B, N, L, L)
            None => positions,
        };
        let mut hidden_states = inputs_embeds.clone();
        for block in &self.blocks {
            cancel::checkpoint()?;
            let normed = block.norm.forward(&hidden_states)?;
            let keys_values = block.attention.keys_values(&normed)?;
            let attended = block
                .attention
                .forward(&normed, &keys_values, Some(&bias))?;
            hidden_states = block.feed_forward.forward(&(hidden_states + attended)?)?;
        }
        self.final_norm.forward(&hidden_states)
    }
}
