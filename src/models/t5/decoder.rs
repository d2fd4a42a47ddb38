//! T5's decoder: all positions at once for training, one token at a time for writing.

use super::attention::{
    RelativePositions, T5Attention, T5FeedForward, causal_bias, load_norm, mask_bias,
};
use super::config::T5Config;
use crate::nn::{RmsNorm, Weights, cancel};
use candle_core::{Result, Tensor};

/// Blocks of causal self-attention, cross-attention and feed-forward layers.
#[derive(Clone, Debug)]
pub struct T5Decoder {
    blocks: Vec<Block>,
    positions: RelativePositions,
    final_norm: RmsNorm,
}

#[derive(Clone, Debug)]
struct Block {
    self_norm: RmsNorm,
    self_attention: T5Attention,
    cross_norm: RmsNorm,
    cross_attention: T5Attention,
    feed_forward: T5FeedForward,
}

/// What the decoder remembers between tokens.
///
/// Cross-attention looks at the same encoder states in every step and every beam, so its keys and
/// values are computed once per sample, never repeated per beam and never reordered.
#[derive(Clone, Debug)]
pub struct T5Cache {
    /// Per block, (B*beams, t, N*d) each; `None` before the first token.
    own: Vec<Option<(Tensor, Tensor)>>,
    /// Per block, (B, L, N*d) each.
    cross: Vec<(Tensor, Tensor)>,
    /// (B, 1, 1, L)
    cross_bias: Option<Tensor>,
    samples: usize,
    length: usize,
}

impl T5Cache {
    /// Number of tokens decoded so far.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Lets row `i` continue what row `rows[i]` has written; (B*beams) ids of rows that belong to
    /// the same sample.
    ///
    /// # Errors
    /// On a row that does not exist.
    pub fn reorder(&mut self, rows: &[u32]) -> Result<()> {
        if rows.iter().enumerate().all(|(i, &row)| i == row as usize) {
            return Ok(());
        }
        for (keys, values) in self.own.iter_mut().flatten() {
            let rows = Tensor::new(rows, keys.device())?;
            *keys = keys.index_select(&rows, 0)?;
            *values = values.index_select(&rows, 0)?;
        }
        Ok(())
    }
}

impl T5Decoder {
    /// `weights` points at `decoder`.
    ///
    /// # Errors
    /// When a tensor cannot be read.
    pub fn load(config: &T5Config, weights: &Weights) -> Result<Self> {
        let block = |i: usize| -> Result<Block> {
            let layers = weights.pp("block").pp(i).pp("layer");
            // Some files carry a bias here that T5 never adds.
            layers.ignore("1.EncDecAttention.relative_attention_bias");
            Ok(Block {
                self_norm: load_norm(config, &layers.pp("0.layer_norm"))?,
                self_attention: T5Attention::load(config, &layers.pp("0.SelfAttention"))?,
                cross_norm: load_norm(config, &layers.pp("1.layer_norm"))?,
                cross_attention: T5Attention::load(config, &layers.pp("1.EncDecAttention"))?,
                feed_forward: T5FeedForward::load(config, &layers.pp(2))?,
            })
        };
        let positions = weights.pp("block.0.layer.0.SelfAttention.relative_attention_bias");
        Ok(Self {
            blocks: (0..config.decoder_layers())
                .map(block)
                .collect::<Result<_>>()?,
            positions: RelativePositions::load(config, &positions, false)?,
            final_norm: load_norm(config, &weights.pp("final_layer_norm"))?,
        })
    }

    /// Hidden states (B, L, D) at every position of a known text, each seeing only what precedes.
    ///
    /// - `embeds`: (B, L, D), the embedded decoder input
    /// - `mask`: (B, L), 1 for positions that later ones may look at, or `None` for all
    /// - `encoder_hidden_states`: (B, S, D), `encoder_mask`: (B, S)
    ///
    /// # Errors
    /// On a shape that does not fit, or when cancelled.
    pub fn forward_embeds(
        &self,
        embeds: &Tensor,
        mask: Option<&Tensor>,
        encoder_hidden_states: &Tensor,
        encoder_mask: Option<&Tensor>,
    ) -> Result<Tensor> {
        let (_, length, _) = embeds.dims3()?;
        let dtype = embeds.dtype();
        let causal = causal_bias(length, dtype, embeds.device())?;
        let mut bias = self
            .positions
            .bias(0, length, length)?
            .broadcast_add(&causal)?; // (1, N, L, L)
        if let Some(mask) = mask {
            bias = bias.broadcast_add(&mask_bias(mask, dtype)?)?; // (B, N, L, L)
        }
        let cross_bias = encoder_mask
            .map(|mask| mask_bias(mask, dtype))
            .transpose()?;
        let mut hidden_states = embeds.clone();
        for block in &self.blocks {
            cancel::checkpoint()?;
            let normed = block.self_norm.forward(&hidden_states)?;
            let keys_values = block.self_attention.keys_values(&normed)?;
            let attended = block
                .self_attention
                .forward(&normed, &keys_values, Some(&bias))?;
            hidden_states = (hidden_states + attended)?;

            let normed = block.cross_norm.forward(&hidden_states)?;
            let keys_values = block.cross_attention.keys_values(encoder_hidden_states)?;
            let attended =
                block
                    .cross_attention
                    .forward(&normed, &keys_values, cross_bias.as_ref())?;
            hidden_states = block.feed_forward.forward(&(hidden_states + attended)?)?;
        }
        self.final_norm.forward(&hidden_states)
    }

    /// Prepares to write after `encoder_hidden_states` (B, S, D).
    ///
    /// # Errors
    /// On a shape that does not fit.
    pub fn start(
        &self,
        encoder_hidden_states: &Tensor,
        encoder_mask: Option<&Tensor>,
    ) -> Result<T5Cache> {
        let dtype = encoder_hidden_states.dtype();
        Ok(T5Cache {
            own: vec![None; self.blocks.len()],
            cross: self
                .blocks
                .iter()
                .map(|block| block.cross_attention.keys_values(encoder_hidden_states))
                .collect::<Result<_>>()?,
            cross_bias: encoder_mask
                .map(|mask| mask_bias(mask, dtype))
                .transpose()?,
            samples: encoder_hidden_states.dim(0)?,
            length: 0,
        })
    }

    /// Hidden state (B*beams, 1, D) after one more token, `embeds` (B*beams, 1, D).
    ///
    /// # Errors
    /// On a shape that does not fit, or when cancelled.
    pub fn step_embeds(&self, embeds: &Tensor, cache: &mut T5Cache) -> Result<Tensor> {
        let (rows, _, width) = embeds.dims3()?;
        let beams = rows / cache.samples.max(1);
        let bias = self.positions.bias(cache.length, 1, cache.length + 1)?; // (1, N, 1, t)
        let mut hidden_states = embeds.clone();
        for ((block, own), cross) in self.blocks.iter().zip(&mut cache.own).zip(&cache.cross) {
            cancel::checkpoint()?;
            let normed = block.self_norm.forward(&hidden_states)?;
            let (keys, values) = block.self_attention.keys_values(&normed)?;
            let keys_values = match own.take() {
                Some((k, v)) => (
                    Tensor::cat(&[&k, &keys], 1)?, // (B*beams, t, N*d)
                    Tensor::cat(&[&v, &values], 1)?,
                ),
                None => (keys, values),
            };
            let attended = block
                .self_attention
                .forward(&normed, &keys_values, Some(&bias))?;
            *own = Some(keys_values);
            hidden_states = (hidden_states + attended)?;

            // The beams of a sample look at the same states: they are its queries.
            let normed =
                block
                    .cross_norm
                    .forward(&hidden_states)?
                    .reshape((cache.samples, beams, width))?;
            let attended = block
                .cross_attention
                .forward(&normed, cross, cache.cross_bias.as_ref())?
                .reshape((rows, 1, width))?;
            hidden_states = block.feed_forward.forward(&(hidden_states + attended)?)?;
        }
        cache.length += 1;
        self.final_norm.forward(&hidden_states)
    }
}
