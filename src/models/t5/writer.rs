//! The half of a T5 that writes: token table, decoder and output layer.

use super::decoder::{T5Cache, T5Decoder};
use super::{T5Config, TABLE_NAMES, load_table};
use crate::nn::{Embedding, Linear, Weights};
use candle_core::{DType, Result, Tensor};

/// A T5 without its encoder: turns encoder states into text.
#[derive(Clone, Debug)]
pub struct T5Writer {
    config: T5Config,
    shared: Embedding,
    decoder: T5Decoder,
    lm_head: Linear,
    /// Factor on the last hidden state, for a tied output layer.
    head_scale: Option<f64>,
}

impl T5Writer {
    /// Reads the token table, `decoder` and, where it is not tied, `lm_head`; an encoder in the same
    /// file is left alone. With `shared`, the encoder's table is used instead of a second copy.
    ///
    /// # Errors
    /// When the config is unusable or a tensor cannot be read.
    pub fn load(config: &T5Config, weights: &Weights, shared: Option<Embedding>) -> Result<Self> {
        weights.ignore("encoder");
        let shared = match shared {
            Some(shared) => {
                TABLE_NAMES.iter().for_each(|name| weights.ignore(name));
                shared
            }
            None => load_table(config, weights)?,
        };
        Self::load_part(config, weights, shared)
    }

    pub(super) fn load_part(
        config: &T5Config,
        weights: &Weights,
        shared: Embedding,
    ) -> Result<Self> {
        config.validate()?;
        let (lm_head, head_scale) = if config.tie_word_embeddings {
            weights.ignore("lm_head");
            let scale = (config.d_model as f64).powf(-0.5);
            (Linear::new(shared.weight().clone(), None), Some(scale))
        } else {
            let head = weights.pp("lm_head");
            let head = Linear::load_no_bias(&head, config.d_model, config.vocab_size)?;
            (head, None)
        };
        Ok(Self {
            decoder: T5Decoder::load(config, &weights.pp("decoder"))?,
            config: config.clone(),
            shared,
            lm_head,
            head_scale,
        })
    }

    /// The architecture it was loaded with.
    pub fn config(&self) -> &T5Config {
        &self.config
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
        let embeds = self.shared.forward(decoder_ids)?;
        let hidden_states = self.decoder.forward_embeds(
            &embeds,
            decoder_mask,
            &self.narrow(encoder_hidden_states)?,
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
        self.decoder
            .start(&self.narrow(encoder_hidden_states)?, encoder_mask)
    }

    /// Logits (B*beams, vocabulary) after one more token per row.
    ///
    /// # Errors
    /// On an id outside the vocabulary, or when cancelled.
    pub fn step(&self, ids: &[u32], cache: &mut T5Cache) -> Result<Tensor> {
        let ids = Tensor::new(ids, self.shared.weight().device())?.unsqueeze(1)?;
        let hidden_states = self
            .decoder
            .step_embeds(&self.shared.forward(&ids)?, cache)?;
        self.head(&hidden_states)?.squeeze(1) // (B*beams, vocabulary)
    }

    /// In the dtype of the weights.
    fn narrow(&self, hidden_states: &Tensor) -> Result<Tensor> {
        hidden_states.to_dtype(self.shared.weight().dtype())
    }

    /// Logits in f32.
    fn head(&self, hidden_states: &Tensor) -> Result<Tensor> {
        let logits = match self.head_scale {
            Some(scale) => self.lm_head.forward(&(hidden_states * scale)?),
            None => self.lm_head.forward(hidden_states),
        };
        logits?.to_dtype(DType::F32)
    }
}
