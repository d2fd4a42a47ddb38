//! T5: a text encoder, and with its decoder the language model of BLIP-2.
//!
//! Relative positions instead of absolute ones, root-mean-square norms, no biases, attention scores
//! that are not scaled. Source: Raffel et al., "Exploring the Limits of Transfer Learning with a
//! Unified Text-to-Text Transformer", and Flan-T5; tensor names as in transformers.
//!
//! Two T5s take part in LGD. BLIP-2's runs with exact GELU and a padding mask. The one that encodes
//! plain text runs with tanh GELU and without a mask. Both are this type; the config decides.

mod attention;
mod config;
mod decoder;
mod encoder;
mod writer;

pub use config::{Activation, T5Config};
pub use decoder::{T5Cache, T5Decoder};
pub use encoder::T5Stack;
pub use writer::T5Writer;

use crate::nn::{Embedding, Weights};
use candle_core::{DType, Result, Tensor};

/// A T5 encoder with its token table.
#[derive(Clone, Debug)]
pub struct T5Encoder {
    config: T5Config,
    shared: Embedding,
    stack: T5Stack,
}

impl T5Encoder {
    /// Reads `shared` and `encoder`; a decoder in the same file is left alone.
    ///
    /// # Errors
    /// When the config is unusable or a tensor cannot be read.
    pub fn load(config: &T5Config, weights: &Weights) -> Result<Self> {
        for unused in ["decoder", "lm_head"] {
            weights.ignore(unused);
        }
        Self::load_part(config, weights)
    }

    fn load_part(config: &T5Config, weights: &Weights) -> Result<Self> {
        config.validate()?;
        Ok(Self {
            config: config.clone(),
            shared: load_table(config, weights)?,
            stack: T5Stack::load(config, &weights.pp("encoder"))?,
        })
    }

    /// The same weights, shared and not copied, with another activation.
    ///
    /// LGD's two T5s have the same published weights and differ in this alone, so a bundle may
    /// store them once.
    pub fn with_activation(&self, activation: Activation) -> Self {
        Self {
            stack: self.stack.with_activation(activation),
            ..self.clone()
        }
    }

    /// The architecture it was loaded with.
    pub fn config(&self) -> &T5Config {
        &self.config
    }

    /// The token table, which the writing half uses as well.
    pub fn shared(&self) -> &Embedding {
        &self.shared
    }

    /// Word embeddings (B, L, D) of `ids` (B, L), in f32.
    ///
    /// # Errors
    /// On an id outside the vocabulary.
    pub fn embed(&self, ids: &Tensor) -> Result<Tensor> {
        self.shared.forward(ids)?.to_dtype(DType::F32)
    }

    /// Hidden states (B, L, D) of `ids` (B, L), every position looking at every other, padding
    /// included. This is how LGD encodes plain text.
    ///
    /// # Errors
    /// On an id outside the vocabulary, or when cancelled.
    pub fn forward(&self, ids: &Tensor) -> Result<Tensor> {
        self.forward_embeds(&self.embed(ids)?, None)
    }

    /// Hidden states (B, L, D) of `inputs_embeds` (B, L, D) under an optional mask (B, L). Takes and
    /// gives f32; works in the dtype of its weights.
    ///
    /// # Errors
    /// On a shape that does not fit, or when cancelled.
    pub fn forward_embeds(
        &self,
        inputs_embeds: &Tensor,
        attention_mask: Option<&Tensor>,
    ) -> Result<Tensor> {
        let embeds = inputs_embeds.to_dtype(self.shared.weight().dtype())?;
        self.stack
            .forward_embeds(&embeds, attention_mask)?
            .to_dtype(DType::F32)
    }
}

/// A whole T5: the half that reads and the half that writes.
#[derive(Clone, Debug)]
pub struct T5 {
    encoder: T5Encoder,
    writer: T5Writer,
}

impl T5 {
    /// Reads `shared`, `encoder`, `decoder` and, where it is not tied, `lm_head`.
    ///
    /// # Errors
    /// When the config is unusable or a tensor cannot be read.
    pub fn load(config: &T5Config, weights: &Weights) -> Result<Self> {
        let encoder = T5Encoder::load_part(config, weights)?;
        Ok(Self {
            writer: T5Writer::load_part(config, weights, encoder.shared.clone())?,
            encoder,
        })
    }

    /// The architecture it was loaded with.
    pub fn config(&self) -> &T5Config {
        self.encoder.config()
    }

    /// The encoder half.
    pub fn encoder(&self) -> &T5Encoder {
        &self.encoder
    }

    /// The half that writes.
    pub fn writer(&self) -> &T5Writer {
        &self.writer
    }
}

/// The names the token table may be stored under, one or several of them.
const TABLE_NAMES: [&str; 3] = ["shared", "encoder.embed_tokens", "decoder.embed_tokens"];

/// The token table, under whichever name it is stored.
fn load_table(config: &T5Config, weights: &Weights) -> Result<Embedding> {
    let stored = TABLE_NAMES
        .iter()
        .find(|name| weights.has(&format!("{name}.weight")))
        .unwrap_or(&"shared");
    let shared = Embedding::load(&weights.pp(stored), config.vocab_size, config.d_model)?;
    TABLE_NAMES.iter().for_each(|name| weights.ignore(name));
    Ok(shared)
}
