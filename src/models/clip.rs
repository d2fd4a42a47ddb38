//! Both towers of CLIP and the space they share: the metric's judge of likeness.
//!
//! Published names and config fields of transformers' `CLIPModel`.
//! Source: Radford et al., "Learning Transferable Visual Models From Natural Language
//! Supervision", section 2.3.

use super::clip_text::{ClipText, ClipTextConfig};
use super::clip_vision::{ClipVision, ClipVisionConfig};
use crate::nn::{Linear, Weights};
use candle_core::{D, DType, Result, Tensor};
use serde::{Deserialize, Serialize};

/// Sizes of both towers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClipConfig {
    /// The text tower.
    pub text_config: ClipTextConfig,
    /// The vision tower.
    pub vision_config: ClipVisionConfig,
    /// Width of the shared space.
    pub projection_dim: usize,
}

impl Default for ClipConfig {
    /// ViT-B/32, the metric's model.
    fn default() -> Self {
        Self {
            text_config: ClipTextConfig::default(),
            vision_config: ClipVisionConfig::default(),
            projection_dim: 512,
        }
    }
}

/// A loaded CLIP.
#[derive(Clone, Debug)]
pub struct Clip {
    text: ClipText,
    vision: ClipVision,
    text_projection: Linear,
    visual_projection: Linear,
    logit_scale: Tensor,
}

impl Clip {
    /// Builds both towers from tensors with transformers' names.
    ///
    /// # Errors
    /// When the config is inconsistent. Missing tensors are noted in `weights`.
    pub fn load(config: &ClipConfig, weights: &Weights) -> Result<Self> {
        let project = |name: &str, width| {
            Linear::load_no_bias(&weights.pp(name), width, config.projection_dim)
        };
        // Files of older versions of transformers carry the numbers of the positions.
        for tower in ["text_model", "vision_model"] {
            weights.ignore(&format!("{tower}.embeddings.position_ids"));
        }
        Ok(Self {
            text: ClipText::load(&config.text_config, weights)?,
            vision: ClipVision::load(&config.vision_config, weights)?,
            text_projection: project("text_projection", config.text_config.hidden_size)?,
            visual_projection: project("visual_projection", config.vision_config.hidden_size)?,
            logit_scale: weights.get((), "logit_scale")?,
        })
    }

    /// The text tower.
    pub fn text(&self) -> &ClipText {
        &self.text
    }

    /// The vision tower.
    pub fn vision(&self) -> &ClipVision {
        &self.vision
    }

    /// Texts in the shared space, not normalised: ids (B, L) to (B, E).
    ///
    /// # Errors
    /// As [`ClipText::forward`].
    pub fn text_features(&self, input_ids: &Tensor) -> Result<Tensor> {
        let states = self.text.forward(input_ids)?;
        let pooled = self.text.pooled(&states, input_ids)?;
        self.text_projection.forward(&pooled)
    }

    /// Pictures in the shared space, not normalised: (B, 3, H, W) to (B, E).
    ///
    /// # Errors
    /// As [`ClipVision::forward`].
    pub fn image_features(&self, pixel_values: &Tensor) -> Result<Tensor> {
        let states = self.vision.forward(pixel_values)?;
        self.visual_projection
            .forward(&self.vision.pooled(&states)?)
    }

    /// Scaled cosines of pictures (B, E) and texts (T, E), both normalised: (B, T).
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn logits_per_image(&self, image_embeds: &Tensor, text_embeds: &Tensor) -> Result<Tensor> {
        let cosines = image_embeds.matmul(&text_embeds.t()?)?;
        cosines.broadcast_mul(&self.logit_scale.exp()?)
    }
}

/// Each row of (B, E) divided by its length.
///
/// # Errors
/// Never in practice.
pub fn l2_normalized(features: &Tensor) -> Result<Tensor> {
    let features = features.to_dtype(DType::F32)?;
    let length = features.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?;
    features.broadcast_div(&length)
}
