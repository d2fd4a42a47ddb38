//! CLIP's vision tower: the other half of the metric.
//!
//! Published names and config fields of transformers' `CLIPVisionModel`, the misspelt
//! `pre_layrnorm` included.
//! Source: Radford et al., "Learning Transferable Visual Models From Natural Language
//! Supervision", section 2.4.

use super::clip_encoder::{ClipEncoder, EncoderSizes};
use crate::nn::{Conv2d, Embedding, LayerNorm, Weights};
use candle_core::{Result, Tensor, bail};
use serde::{Deserialize, Serialize};

/// Sizes of the vision tower. Field names and defaults are those of transformers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClipVisionConfig {
    /// Width D.
    pub hidden_size: usize,
    /// Width of the feed-forward layer.
    pub intermediate_size: usize,
    /// Layers.
    pub num_hidden_layers: usize,
    /// Attention heads.
    pub num_attention_heads: usize,
    /// Channels of a picture.
    pub num_channels: usize,
    /// Height and width of a picture.
    pub image_size: usize,
    /// Height and width of a patch.
    pub patch_size: usize,
    /// `quick_gelu` or `gelu`.
    pub hidden_act: String,
    /// Epsilon of the layer norms.
    pub layer_norm_eps: f64,
    /// Width of the shared space, where there is a projection.
    pub projection_dim: usize,
}

impl Default for ClipVisionConfig {
    /// The defaults of transformers: ViT-B/32.
    fn default() -> Self {
        Self {
            hidden_size: 768,
            intermediate_size: 3072,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            num_channels: 3,
            image_size: 224,
            patch_size: 32,
            hidden_act: "quick_gelu".into(),
            layer_norm_eps: 1e-5,
            projection_dim: 512,
        }
    }
}

/// A loaded vision tower.
#[derive(Clone, Debug)]
pub struct ClipVision {
    class_embedding: Tensor,
    patch_embedding: Conv2d,
    position_embedding: Embedding,
    pre_layrnorm: LayerNorm,
    encoder: ClipEncoder,
    post_layernorm: LayerNorm,
    config: ClipVisionConfig,
}

impl ClipVision {
    /// Builds the tower from the tensors below `vision_model`.
    ///
    /// # Errors
    /// When the config is inconsistent. Missing tensors are noted in `weights`.
    pub fn load(config: &ClipVisionConfig, weights: &Weights) -> Result<Self> {
        let (d, patch, eps) = (config.hidden_size, config.patch_size, config.layer_norm_eps);
        if patch == 0 || !config.image_size.is_multiple_of(patch) {
            bail!(
                "pictures of {} pixels do not divide into patches of {patch}",
                config.image_size
            )
        }
        let weights = weights.pp("vision_model");
        let embeddings = weights.pp("embeddings");
        let kernel = embeddings
            .pp("patch_embedding")
            .get((d, config.num_channels, patch, patch), "weight")?;
        let positions = (config.image_size / patch).pow(2) + 1;
        let sizes = EncoderSizes {
            hidden: d,
            intermediate: config.intermediate_size,
            layers: config.num_hidden_layers,
            heads: config.num_attention_heads,
            eps,
            activation: &config.hidden_act,
        };
        Ok(Self {
            class_embedding: embeddings.get(d, "class_embedding")?,
            patch_embedding: Conv2d::new(kernel, None, patch, 0),
            position_embedding: Embedding::load(
                &embeddings.pp("position_embedding"),
                positions,
                d,
            )?,
            pre_layrnorm: LayerNorm::load(&weights.pp("pre_layrnorm"), d, eps)?,
            encoder: ClipEncoder::load(sizes, &weights.pp("encoder"))?,
            post_layernorm: LayerNorm::load(&weights.pp("post_layernorm"), d, eps)?,
            config: config.clone(),
        })
    }

    /// The sizes it was built with.
    pub fn config(&self) -> &ClipVisionConfig {
        &self.config
    }

    /// Encodes pictures.
    ///
    /// `pixel_values`: (B, 3, H, W), H and W the config's `image_size`, normalised with CLIP's
    /// mean and deviation. Returns (B, 1 + P, D), the class token first, without a final norm.
    ///
    /// # Errors
    /// On another size.
    pub fn forward(&self, pixel_values: &Tensor) -> Result<Tensor> {
        let d = self.config.hidden_size;
        let (batch, _, height, width) = pixel_values.dims4()?;
        let side = self.config.image_size;
        if (height, width) != (side, side) {
            bail!("this CLIP sees pictures of {side}x{side}, not {width}x{height}")
        }
        let patches = self.patch_embedding.forward(pixel_values)?; // (B, D, h, w)
        let patches = patches.flatten_from(2)?.transpose(1, 2)?; // (B, P, D)
        let class = self
            .class_embedding
            .reshape((1, 1, d))?
            .broadcast_as((batch, 1, d))?;
        let tokens = Tensor::cat(&[&class, &patches], 1)?; // (B, 1 + P, D)
        let hidden = tokens.broadcast_add(self.position_embedding.weight())?;
        let hidden = self.pre_layrnorm.forward(&hidden)?;
        self.encoder.forward(hidden, None)
    }

    /// The normed class token, (B, D), from `forward`'s result.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn pooled(&self, last_hidden_state: &Tensor) -> Result<Tensor> {
        let class = last_hidden_state
            .narrow(1, 0, 1)?
            .squeeze(1)?
            .contiguous()?; // (B, D)
        self.post_layernorm.forward(&class)
    }
}
