//! CLIP's text tower: the context of Stable Diffusion's own editor, and half of the metric.
//!
//! Published names and config fields of transformers' `CLIPTextModel`.
//! Source: Radford et al., "Learning Transferable Visual Models From Natural Language
//! Supervision", section 2.4.

use super::clip_encoder::{ClipEncoder, EncoderSizes};
use crate::nn::{Embedding, LayerNorm, Weights};
use candle_core::{DType, Device, IndexOp as _, Result, Tensor, bail};
use serde::{Deserialize, Serialize};

/// Sizes of the text tower. Field names and defaults are those of transformers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClipTextConfig {
    /// Rows of the token table.
    pub vocab_size: usize,
    /// Width D.
    pub hidden_size: usize,
    /// Width of the feed-forward layer.
    pub intermediate_size: usize,
    /// Layers.
    pub num_hidden_layers: usize,
    /// Attention heads.
    pub num_attention_heads: usize,
    /// Longest text, in tokens.
    pub max_position_embeddings: usize,
    /// `quick_gelu` or `gelu`.
    pub hidden_act: String,
    /// Epsilon of the layer norms.
    pub layer_norm_eps: f64,
    /// The token whose state stands for the whole text. The value 2, found in old configs, means
    /// the highest id of each text.
    pub eos_token_id: u32,
    /// Width of the shared space, where there is a projection.
    pub projection_dim: usize,
}

impl Default for ClipTextConfig {
    /// The defaults of transformers: the text tower of ViT-B/32.
    fn default() -> Self {
        Self {
            vocab_size: 49408,
            hidden_size: 512,
            intermediate_size: 2048,
            num_hidden_layers: 12,
            num_attention_heads: 8,
            max_position_embeddings: 77,
            hidden_act: "quick_gelu".into(),
            layer_norm_eps: 1e-5,
            eos_token_id: 49407,
            projection_dim: 512,
        }
    }
}

impl ClipTextConfig {
    /// The text tower of ViT-L/14, which Stable Diffusion 1.x reads with.
    pub fn sd15() -> Self {
        Self {
            hidden_size: 768,
            intermediate_size: 3072,
            num_attention_heads: 12,
            projection_dim: 768,
            ..Self::default()
        }
    }
}

/// `eos_token_id` of configs written before its value mattered.
const LEGACY_EOS: u32 = 2;
/// Score of a position a token may not see.
const MASKED: f32 = -1e9;

/// A loaded text tower.
#[derive(Clone, Debug)]
pub struct ClipText {
    token_embedding: Embedding,
    position_embedding: Embedding,
    encoder: ClipEncoder,
    final_layer_norm: LayerNorm,
    config: ClipTextConfig,
}

impl ClipText {
    /// Builds the tower from the tensors below `text_model`.
    ///
    /// # Errors
    /// When the config is inconsistent. Missing tensors are noted in `weights`.
    pub fn load(config: &ClipTextConfig, weights: &Weights) -> Result<Self> {
        let weights = weights.pp("text_model");
        let (embeddings, d) = (weights.pp("embeddings"), config.hidden_size);
        let sizes = EncoderSizes {
            hidden: d,
            intermediate: config.intermediate_size,
            layers: config.num_hidden_layers,
            heads: config.num_attention_heads,
            eps: config.layer_norm_eps,
            activation: &config.hidden_act,
        };
        Ok(Self {
            token_embedding: Embedding::load(
                &embeddings.pp("token_embedding"),
                config.vocab_size,
                d,
            )?,
            position_embedding: Embedding::load(
                &embeddings.pp("position_embedding"),
                config.max_position_embeddings,
                d,
            )?,
            encoder: ClipEncoder::load(sizes, &weights.pp("encoder"))?,
            final_layer_norm: LayerNorm::load(
                &weights.pp("final_layer_norm"),
                d,
                config.layer_norm_eps,
            )?,
            config: config.clone(),
        })
    }

    /// The sizes it was built with.
    pub fn config(&self) -> &ClipTextConfig {
        &self.config
    }

    /// Encodes token ids (B, L), integers of any kind; a token sees itself and those before it.
    ///
    /// Returns the states after the final norm, (B, L, D).
    ///
    /// # Errors
    /// When a text is longer than the position table, or on an unknown id.
    pub fn forward(&self, input_ids: &Tensor) -> Result<Tensor> {
        let (_, length) = input_ids.dims2()?;
        let longest = self.config.max_position_embeddings;
        if length > longest {
            bail!("a text of {length} tokens is too long for CLIP, which reads {longest}")
        }
        let ids = input_ids.to_dtype(DType::U32)?;
        let words = self.token_embedding.forward(&ids)?; // (B, L, D)
        let positions = self.position_embedding.weight().narrow(0, 0, length)?; // (L, D)
        let hidden = words.broadcast_add(&positions)?;
        let bias = causal_bias(length, hidden.dtype(), hidden.device())?;
        let hidden = self.encoder.forward(hidden, Some(&bias))?;
        self.final_layer_norm.forward(&hidden)
    }

    /// The state of each text's end token, (B, D), from `forward`'s result.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn pooled(&self, last_hidden_state: &Tensor, input_ids: &Tensor) -> Result<Tensor> {
        let ids = input_ids.to_dtype(DType::U32)?.to_vec2::<u32>()?;
        let rows = ids
            .iter()
            .enumerate()
            .map(|(row, ids)| last_hidden_state.i((row, self.end(ids))))
            .collect::<Result<Vec<_>>>()?;
        Tensor::stack(&rows, 0)
    }

    /// Position of the end token: the first one, or the first of the highest id in old configs.
    fn end(&self, ids: &[u32]) -> usize {
        let wanted = match self.config.eos_token_id {
            LEGACY_EOS => ids.iter().copied().max().unwrap_or(0),
            id => id,
        };
        ids.iter().position(|&id| id == wanted).unwrap_or(0)
    }
}

/// (1, 1, L, L): nothing below and on the diagonal, a large negative number above it.
fn causal_bias(length: usize, dtype: DType, device: &Device) -> Result<Tensor> {
    let bias: Vec<f32> = (0..length * length)
        .map(|i| {
            let (row, column) = (i / length, i % length);
            if column > row { MASKED } else { 0.0 }
        })
        .collect();
    Tensor::from_vec(bias, (1, 1, length, length), device)?.to_dtype(dtype)
}
