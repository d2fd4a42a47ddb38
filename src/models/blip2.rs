//! BLIP-2: reads a picture, reads a question about it, writes an answer.
//!
//! Image encoder, Q-Former with learned queries, a projection into the language model's space, and
//! a T5. What LGD calls the latent is the T5 encoder's output over `[projected queries ; question]`.
//! Source: Li et al., "BLIP-2: Bootstrapping Language-Image Pre-training with Frozen Image Encoders
//! and Large Language Models"; tensor names as in transformers' `Blip2ForConditionalGeneration`.

use super::eva_vit::{EvaVit, EvaVitConfig};
use super::generation::{self, AnswerRng, GenerationSettings, Hypothesis};
use super::qformer::{QFormer, QFormerConfig};
use super::t5::{T5, T5Config, T5Encoder, T5Writer};
use crate::nn::{Linear, Weights};
use candle_core::{DType, Result, Tensor};
use serde::{Deserialize, Serialize};

/// Architecture of a BLIP-2, as published in its `config.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Blip2Config {
    /// The image encoder.
    pub vision_config: EvaVitConfig,
    /// The Q-Former.
    pub qformer_config: QFormerConfig,
    /// The language model.
    pub text_config: T5Config,
    /// Number Q of learned queries.
    pub num_query_tokens: usize,
}

impl Default for Blip2Config {
    fn default() -> Self {
        Self {
            vision_config: EvaVitConfig::default(),
            qformer_config: QFormerConfig::default(),
            text_config: T5Config::default(),
            num_query_tokens: 32,
        }
    }
}

impl Blip2Config {
    /// BLIP-2 with Flan-T5-XL.
    pub fn flan_t5_xl() -> Self {
        Self {
            text_config: T5Config::flan_t5_xl(),
            ..Self::default()
        }
    }

    /// BLIP-2 with Flan-T5-XXL, the size the published LGD was trained with.
    pub fn flan_t5_xxl() -> Self {
        Self {
            text_config: T5Config::flan_t5_xxl(),
            ..Self::default()
        }
    }

    /// A size for tests.
    pub fn tiny() -> Self {
        Self {
            vision_config: EvaVitConfig::tiny(),
            qformer_config: QFormerConfig::tiny(),
            text_config: T5Config::tiny(),
            num_query_tokens: 8,
        }
    }
}

/// Encoder states with the mask they were computed under: LGD's latent.
#[derive(Clone, Debug)]
pub struct Latent {
    /// (B, Q + L, D); padded positions have states too.
    pub hidden_states: Tensor,
    /// (B, Q + L) in the dtype of the states; 1 for queries and tokens, 0 for padding.
    pub attention_mask: Tensor,
}

impl Latent {
    /// Encodes `[queries ; text]`.
    ///
    /// Arguments as in [`Blip2::inputs`].
    ///
    /// # Errors
    /// On a shape that does not fit, or when cancelled.
    pub fn encode(
        encoder: &T5Encoder,
        queries: &Tensor,
        ids: &Tensor,
        mask: Option<&Tensor>,
    ) -> Result<Self> {
        let (inputs_embeds, attention_mask) = inputs(encoder, queries, ids, mask)?;
        Ok(Self {
            hidden_states: encoder.forward_embeds(&inputs_embeds, Some(&attention_mask))?,
            attention_mask,
        })
    }

    /// Writes answers to it; see [`generation::generate`].
    ///
    /// # Errors
    /// On unusable settings, or when cancelled.
    pub fn answers(
        &self,
        writer: &T5Writer,
        settings: &GenerationSettings,
        rng: &mut AnswerRng,
    ) -> Result<Vec<Vec<Hypothesis>>> {
        let Self {
            hidden_states,
            attention_mask,
        } = self;
        generation::generate(writer, hidden_states, Some(attention_mask), settings, rng)
    }
}

/// What lies between an image encoder and a language model: learned queries, the Q-Former that lets
/// them read image tokens, and the projection of what they read.
#[derive(Clone, Debug)]
pub struct QueryReader {
    query_tokens: Tensor,
    qformer: QFormer,
    language_projection: Linear,
}

impl QueryReader {
    /// Reads `query_tokens`, `qformer` and `language_projection`.
    ///
    /// # Errors
    /// When the config is unusable or a tensor cannot be read.
    pub fn load(config: &Blip2Config, weights: &Weights) -> Result<Self> {
        let (image, queries) = (&config.vision_config, &config.qformer_config);
        if image.hidden_size != queries.encoder_hidden_size {
            candle_core::bail!(
                "the Q-Former expects image tokens of width {}, the image encoder makes {}",
                queries.encoder_hidden_size,
                image.hidden_size
            );
        }
        Ok(Self {
            query_tokens: weights.get(
                (1, config.num_query_tokens, queries.hidden_size),
                "query_tokens",
            )?,
            qformer: QFormer::load(queries, &weights.pp("qformer"))?,
            language_projection: Linear::load(
                &weights.pp("language_projection"),
                queries.hidden_size,
                config.text_config.d_model,
            )?,
        })
    }

    /// What the learned queries read in `image_embeds`, before the projection, (B, Q, D_query).
    ///
    /// # Errors
    /// On a shape that does not fit, or when cancelled.
    pub fn read(&self, image_embeds: &Tensor) -> Result<Tensor> {
        let (_, queries, width) = self.query_tokens.dims3()?;
        let query_tokens = self
            .query_tokens
            .broadcast_as((image_embeds.dim(0)?, queries, width))?
            .contiguous()?; // (B, Q, D_query)
        self.qformer.forward(&query_tokens, image_embeds)
    }

    /// Moves `queries` (B, Q, D_query) into the language model's space, (B, Q, D).
    ///
    /// # Errors
    /// On a shape that does not fit.
    pub fn project(&self, queries: &Tensor) -> Result<Tensor> {
        self.language_projection.forward(queries)
    }
}

/// A BLIP-2 with a T5.
#[derive(Clone, Debug)]
pub struct Blip2 {
    config: Blip2Config,
    vision_model: EvaVit,
    queries: QueryReader,
    language_model: T5,
}

impl Blip2 {
    /// Reads all parts.
    ///
    /// # Errors
    /// When the config is unusable or a tensor cannot be read.
    pub fn load(config: &Blip2Config, weights: &Weights) -> Result<Self> {
        Self::load_in(config, weights, weights)
    }

    /// The same with image encoder and language model from `large`, whose numbers may be smaller.
    ///
    /// # Errors
    /// As [`Blip2::load`].
    pub fn load_in(config: &Blip2Config, weights: &Weights, large: &Weights) -> Result<Self> {
        Ok(Self {
            queries: QueryReader::load(config, weights)?,
            vision_model: EvaVit::load(&config.vision_config, &large.pp("vision_model"))?,
            language_model: T5::load(&config.text_config, &large.pp("language_model"))?,
            config: config.clone(),
        })
    }

    /// The architecture it was loaded with.
    pub fn config(&self) -> &Blip2Config {
        &self.config
    }

    /// The language model.
    pub fn language_model(&self) -> &T5 {
        &self.language_model
    }

    /// The image encoder.
    pub fn vision_model(&self) -> &EvaVit {
        &self.vision_model
    }

    /// Image tokens (B, 1 + P, D_image) of `pixel_values` (B, 3, H, W), normalised with the
    /// bundle's mean and deviation.
    ///
    /// # Errors
    /// On a shape that does not fit, or when cancelled.
    pub fn image_embeds(&self, pixel_values: &Tensor) -> Result<Tensor> {
        self.vision_model.forward(pixel_values)
    }

    /// What the learned queries read in `image_embeds`, before the projection, (B, Q, D_query).
    ///
    /// # Errors
    /// On a shape that does not fit, or when cancelled.
    pub fn read_image(&self, image_embeds: &Tensor) -> Result<Tensor> {
        self.queries.read(image_embeds)
    }

    /// Moves `queries` (B, Q, D_query) into the language model's space, (B, Q, D).
    ///
    /// # Errors
    /// On a shape that does not fit.
    pub fn project(&self, queries: &Tensor) -> Result<Tensor> {
        self.queries.project(queries)
    }

    /// From pixels to the language model's space: (B, 3, H, W) to (B, Q, D).
    ///
    /// # Errors
    /// On a shape that does not fit, or when cancelled.
    pub fn query_output(&self, pixel_values: &Tensor) -> Result<Tensor> {
        let image_embeds = self.image_embeds(pixel_values)?;
        self.project(&self.read_image(&image_embeds)?)
    }

    /// `[queries ; word embeddings]` (B, Q + L, D) and their mask (B, Q + L).
    ///
    /// - `queries`: (B, Q, D) from [`Blip2::query_output`]; always visible
    /// - `ids`: (B, L); `mask`: (B, L), 1 for tokens, or `None` when nothing is padding
    ///
    /// # Errors
    /// On a shape that does not fit.
    pub fn inputs(
        &self,
        queries: &Tensor,
        ids: &Tensor,
        mask: Option<&Tensor>,
    ) -> Result<(Tensor, Tensor)> {
        inputs(self.language_model.encoder(), queries, ids, mask)
    }

    /// The latent: encoder states over `[queries ; text]`.
    ///
    /// Arguments as in [`Blip2::inputs`].
    ///
    /// # Errors
    /// On a shape that does not fit, or when cancelled.
    pub fn encode(&self, queries: &Tensor, ids: &Tensor, mask: Option<&Tensor>) -> Result<Latent> {
        Latent::encode(self.language_model.encoder(), queries, ids, mask)
    }

    /// Encoder states (B, L, D) of text alone. LGD encodes plain text without a mask.
    ///
    /// # Errors
    /// On a shape that does not fit, or when cancelled.
    pub fn encode_text(&self, ids: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
        let encoder = self.language_model.encoder();
        encoder.forward_embeds(&encoder.embed(ids)?, mask)
    }

    /// Logits (B, L, vocabulary) that predict `labels` (B, L) from what precedes them.
    ///
    /// `labels` are ids with -100 where nothing is to be predicted; `labels_mask` (B, L) is 1 for
    /// positions the decoder may look at, or `None` for all that precede.
    ///
    /// # Errors
    /// On a shape that does not fit, or when cancelled.
    pub fn logits(
        &self,
        latent: &Latent,
        labels: &Tensor,
        labels_mask: Option<&Tensor>,
    ) -> Result<Tensor> {
        self.language_model.writer().logits(
            &self.shift_right(labels)?,
            labels_mask,
            &latent.hidden_states,
            Some(&latent.attention_mask),
        )
    }

    /// Writes answers to what was encoded; see [`generation::generate`].
    ///
    /// # Errors
    /// On unusable settings, or when cancelled.
    pub fn generate(
        &self,
        latent: &Latent,
        settings: &GenerationSettings,
        rng: &mut AnswerRng,
    ) -> Result<Vec<Vec<Hypothesis>>> {
        latent.answers(self.language_model.writer(), settings, rng)
    }

    /// Decoder input for `labels`: the start id, then all labels but the last; -100 becomes padding.
    fn shift_right(&self, labels: &Tensor) -> Result<Tensor> {
        let (b, length) = labels.dims2()?;
        let labels = labels.to_dtype(DType::I64)?;
        let config = self.language_model.config();
        let start = Tensor::full(i64::from(config.start_token_id()), (b, 1), labels.device())?;
        let shifted = Tensor::cat(
            &[&start, &labels.narrow(1, 0, length.saturating_sub(1))?],
            1,
        )?;
        let padding = Tensor::full(i64::from(config.pad_token_id), (b, length), labels.device())?;
        shifted.ge(0i64)?.where_cond(&shifted, &padding)
    }
}

/// As [`Blip2::inputs`].
fn inputs(
    encoder: &T5Encoder,
    queries: &Tensor,
    ids: &Tensor,
    mask: Option<&Tensor>,
) -> Result<(Tensor, Tensor)> {
    let (b, q, _) = queries.dims3()?;
    let (dtype, device) = (queries.dtype(), queries.device());
    let words = encoder.embed(ids)?; // (B, L, D)
    let text_mask = match mask {
        Some(mask) => mask.to_dtype(dtype)?,
        None => Tensor::ones(ids.dims2()?, dtype, device)?,
    };
    let query_mask = Tensor::ones((b, q), dtype, device)?;
    Ok((
        Tensor::cat(&[queries, &words], 1)?,
        Tensor::cat(&[&query_mask, &text_mask], 1)?,
    ))
}
