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

pub use config::{Activation, T5Config};
pub use decoder::{T5Cache, T5Decoder};
pub use encoder::T5Stack;

use crate::nn::{Embedding, Linear, Weights};
use candle_core::{Result, Tensor};

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
        // The same table may be stored under several names.
        let names = ["shared", "encoder.embed_tokens", "decoder.embed_tokens"];
        let stored = names
            .iter()
            .find(|name| weights.has(&format!("{name}.weight")))
            .unwrap_or(&"shared");
        let shared = Embedding::load(&weights.pp(stored), config.vocab_size, config.d_model)?;
        for name in names {
            weights.ignore(name);
        }
        Ok(Self {
            config: config.clone(),
            shared,
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

    /// Word embeddings (B, L, D) of `ids` (B, L).
    ///
    /// # Errors
    /// On an id outside the vocabulary.
    pub fn embed(&self, ids: &Tensor) -> Result<Tensor> {
        self.shared.forward(ids)
    }

    /// Hidden states (B, L, D) of `ids` (B, L), every position looking at every other, padding
    /// included. This is how LGD encodes plain text.
    ///
    /// # Errors
    /// On an id outside the vocabulary, or when cancelled.
    pub fn forward(&self, ids: &Tensor) -> Result<Tensor> {
        self.forward_embeds(&self.embed(ids)?, None)
    }

    /// Hidden states (B, L, D) of `inputs_embeds` (B, L, D) under an optional mask (B, L).
    ///
    /// # Errors
    /// On a shape that does not fit, or when cancelled.
    pub fn forward_embeds(
        &self,
        inputs_embeds: &Tensor,
        attention_mask: Option<&Tensor>,
    ) -> Result<Tensor> {
        self.stack.forward_embeds(inputs_embeds, attention_mask)
    }
}

/// A whole T5: encoder, decoder and output layer.
#[derive(Clone, Debug)]
pub struct T5 {
    encoder: T5Encoder,
    decoder: T5Decoder,
    lm_head: Linear,
    /// Factor on the last hidden state, for a tied output layer.
    head_scale: Option<f64>,
}

impl T5 {
    /// Reads `shared`, `encoder`, `decoder` and, where it is not tied, `lm_head`.
    ///
    /// # Errors
    /// When the config is unusable or a tensor cannot be read.
    pub fn load(config: &T5Config, weights: &Weights) -> Result<Self> {
        let encoder = T5Encoder::load_part(config, weights)?;
        let (lm_head, head_scale) = if config.tie_word_embeddings {
            weights.ignore("lm_head");
            let table = encoder.shared.weight().clone();
            let scale = (config.d_model as f64).powf(-0.5);
            (Linear::new(table, None), Some(scale))
        } else {
            let head = weights.pp("lm_head");
            let head = Linear::load_no_bias(&head, config.d_model, config.vocab_size)?;
            (head, None)
        };
        Ok(Self {
            decoder: T5Decoder::load(config, &weights.pp("decoder"))?,
            encoder,
            lm_head,
            head_scale,
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

    /// Logits (B, L, vocabulary) at every position of `decoder_ids` (B, L).
    ///
    /// - `decoder_mask`: (B, L), 1 for positions that later ones may look at, or `None` for all
    /// - `encoder_hidden_states`: (B, S, D), `encoder_mask`: (B, S)
    ///
    /// # Errors
    /// On a shape that does not fit, or when cancelled.
    pub fn logits(
        &self,
        decoder_ids: &Tensor,
        decoder_mask: Option<&Tensor>,
        encoder_hidden_states: &Tensor,
        encoder_mask: Option<&Tensor>,
    ) -> Result<Tensor> {
        let embeds = self.encoder.embed(decoder_ids)?;
        let hidden_states = self.decoder.forward_embeds(
            &embeds,
            decoder_mask,
            encoder_hidden_states,
            encoder_mask,
        )?;
        self.head(&hidden_states)
    }

    /// Prepares to write after `encoder_hidden_states` (B, S, D) under `encoder_mask` (B, S).
    ///
    /// # Errors
    /// On a shape that does not fit.
    pub fn start(
        &self,
        encoder_hidden_states: &Tensor,
        encoder_mask: Option<&Tensor>,
    ) -> Result<T5Cache> {
        self.decoder.start(encoder_hidden_states, encoder_mask)
    }

    /// Logits (B*beams, vocabulary) after one more token per row.
    ///
    /// # Errors
    /// On an id outside the vocabulary, or when cancelled.
    pub fn step(&self, ids: &[u32], cache: &mut T5Cache) -> Result<Tensor> {
        let ids = Tensor::new(ids, self.encoder.shared.weight().device())?.unsqueeze(1)?;
        let hidden_states = self
            .decoder
            .step_embeds(&self.encoder.embed(&ids)?, cache)?;
        self.head(&hidden_states)?.squeeze(1) // (B*beams, vocabulary)
    }

    fn head(&self, hidden_states: &Tensor) -> Result<Tensor> {
        match self.head_scale {
            Some(scale) => self.lm_head.forward(&(hidden_states * scale)?),
            None => self.lm_head.forward(hidden_states),
        }
    }
}
