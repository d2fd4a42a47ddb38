//! The Q-Former of BLIP-2: learned queries that read an image.
//!
//! A BERT-like stack: the queries look at each other, every few layers at the image tokens, and
//! pass a feed-forward layer; norms follow the residuals. Source: Li et al., "BLIP-2: Bootstrapping
//! Language-Image Pre-training with Frozen Image Encoders and Large Language Models", section 3.1;
//! tensor names as in transformers.

use super::t5::Activation;
use crate::nn::{self, LayerNorm, Linear, Weights, cancel};
use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

/// Architecture of a Q-Former (`qformer_config`). Absent fields take the published values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct QFormerConfig {
    /// Width of the queries.
    pub hidden_size: usize,
    /// Number of layers.
    pub num_hidden_layers: usize,
    /// Attention heads.
    pub num_attention_heads: usize,
    /// Inner width of the feed-forward layers.
    pub intermediate_size: usize,
    /// Activation of the feed-forward layers.
    pub hidden_act: String,
    /// Added to the variance under the root.
    pub layer_norm_eps: f64,
    /// Every how many layers the image is looked at, beginning with the first.
    pub cross_attention_frequency: usize,
    /// Width of the image tokens.
    pub encoder_hidden_size: usize,
}

impl Default for QFormerConfig {
    fn default() -> Self {
        Self {
            hidden_size: 768,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            intermediate_size: 3072,
            hidden_act: "gelu".to_owned(),
            layer_norm_eps: 1e-12,
            cross_attention_frequency: 2,
            encoder_hidden_size: 1408,
        }
    }
}

impl QFormerConfig {
    /// A size for tests.
    pub fn tiny() -> Self {
        Self {
            hidden_size: 24,
            num_hidden_layers: 2,
            num_attention_heads: 4,
            intermediate_size: 40,
            encoder_hidden_size: 32,
            ..Self::default()
        }
    }

    fn validate(&self) -> Result<()> {
        let (width, heads) = (self.hidden_size, self.num_attention_heads);
        if heads == 0 || width == 0 || width % heads != 0 {
            candle_core::bail!("queries of width {width} cannot be split into {heads} heads");
        }
        if self.cross_attention_frequency == 0 {
            candle_core::bail!("cross_attention_frequency is 0; the image would never be read");
        }
        Ok(())
    }
}

/// The Q-Former.
#[derive(Clone, Debug)]
pub struct QFormer {
    layernorm: LayerNorm,
    layers: Vec<Layer>,
}

impl QFormer {
    /// `weights` points at `qformer`. The text branch that some files carry is not read.
    ///
    /// # Errors
    /// When the config is unusable or a tensor cannot be read.
    pub fn load(config: &QFormerConfig, weights: &Weights) -> Result<Self> {
        config.validate()?;
        weights.ignore("embeddings");
        Ok(Self {
            layernorm: LayerNorm::load(
                &weights.pp("layernorm"),
                config.hidden_size,
                config.layer_norm_eps,
            )?,
            layers: (0..config.num_hidden_layers)
                .map(|i| Layer::load(config, i, &weights.pp("encoder.layer").pp(i)))
                .collect::<Result<_>>()?,
        })
    }

    /// What the queries read: (B, Q, D), from `query_embeds` (B, Q, D) and `image_embeds`
    /// (B, P, D_image).
    ///
    /// # Errors
    /// On a shape that does not fit, or when cancelled.
    pub fn forward(&self, query_embeds: &Tensor, image_embeds: &Tensor) -> Result<Tensor> {
        let mut hidden_states = self.layernorm.forward(query_embeds)?;
        for layer in &self.layers {
            cancel::checkpoint()?;
            hidden_states = layer.forward(&hidden_states, image_embeds)?;
        }
        Ok(hidden_states)
    }
}

#[derive(Clone, Debug)]
struct Layer {
    attention: Attention,
    crossattention: Option<Attention>,
    intermediate_query: Linear,
    output_query: Output,
    activation: Activation,
}

impl Layer {
    fn load(config: &QFormerConfig, index: usize, weights: &Weights) -> Result<Self> {
        for unused in ["intermediate", "output"] {
            weights.ignore(unused); // the text branch
        }
        let (width, inner) = (config.hidden_size, config.intermediate_size);
        let crossattention = if index.is_multiple_of(config.cross_attention_frequency) {
            let cross = weights.pp("crossattention");
            Some(Attention::load(config, config.encoder_hidden_size, &cross)?)
        } else {
            None
        };
        Ok(Self {
            attention: Attention::load(config, width, &weights.pp("attention"))?,
            crossattention,
            intermediate_query: Linear::load(
                &weights.pp("intermediate_query.dense"),
                width,
                inner,
            )?,
            output_query: Output::load(config, inner, &weights.pp("output_query"))?,
            activation: Activation::from_name(&config.hidden_act)?,
        })
    }

    fn forward(&self, queries: &Tensor, image_embeds: &Tensor) -> Result<Tensor> {
        let mut queries = self.attention.forward(queries, queries)?;
        if let Some(crossattention) = &self.crossattention {
            queries = crossattention.forward(&queries, image_embeds)?;
        }
        let inner = self.intermediate_query.forward(&queries)?;
        self.output_query
            .forward(&self.activation.forward(&inner)?, &queries)
    }
}

/// Attention with its residual and norm.
#[derive(Clone, Debug)]
struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Output,
    heads: nn::Heads,
}

impl Attention {
    fn load(config: &QFormerConfig, source: usize, weights: &Weights) -> Result<Self> {
        let width = config.hidden_size;
        let attention = weights.pp("attention");
        Ok(Self {
            query: Linear::load(&attention.pp("query"), width, width)?,
            key: Linear::load(&attention.pp("key"), source, width)?,
            value: Linear::load(&attention.pp("value"), source, width)?,
            output: Output::load(config, width, &weights.pp("output"))?,
            heads: nn::Heads::new(
                config.num_attention_heads,
                ((width / config.num_attention_heads) as f64).powf(-0.5),
            ),
        })
    }

    /// `x` (B, Q, D) looks at `source` (B, S, D_source).
    fn forward(&self, x: &Tensor, source: &Tensor) -> Result<Tensor> {
        let (q, k, v) = (
            self.query.forward(x)?,
            self.key.forward(source)?,
            self.value.forward(source)?,
        );
        let attended = self.heads.attend(&q, &k, &v, None)?;
        self.output.forward(&attended, x)
    }
}

/// A linear layer, a residual, then a norm.
#[derive(Clone, Debug)]
struct Output {
    dense: Linear,
    layer_norm: LayerNorm,
}

impl Output {
    fn load(config: &QFormerConfig, input: usize, weights: &Weights) -> Result<Self> {
        let width = config.hidden_size;
        Ok(Self {
            dense: Linear::load(&weights.pp("dense"), input, width)?,
            layer_norm: LayerNorm::load(&weights.pp("LayerNorm"), width, config.layer_norm_eps)?,
        })
    }

    fn forward(&self, x: &Tensor, residual: &Tensor) -> Result<Tensor> {
        self.layer_norm
            .forward(&(self.dense.forward(x)? + residual)?)
    }
}
