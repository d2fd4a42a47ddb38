//! Architecture of a T5, as published in its `config.json`.

use crate::nn;
use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

/// Architecture of a T5. Fields that a file leaves out take the values of the original T5.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct T5Config {
    /// Kind of language model; BLIP-2 also exists with others, which are refused.
    pub model_type: Option<String>,
    /// Number of tokens.
    pub vocab_size: usize,
    /// Width D of the hidden states.
    pub d_model: usize,
    /// Width of one attention head; heads times this may differ from `d_model`.
    pub d_kv: usize,
    /// Inner width of the feed-forward layers.
    pub d_ff: usize,
    /// Blocks of the encoder.
    pub num_layers: usize,
    /// Blocks of the decoder; as many as the encoder where the file is silent.
    pub num_decoder_layers: Option<usize>,
    /// Attention heads.
    pub num_heads: usize,
    /// Classes of distances that get their own attention bias.
    pub relative_attention_num_buckets: usize,
    /// Distance from which all tokens share one class.
    pub relative_attention_max_distance: usize,
    /// Added to the mean square under the root.
    pub layer_norm_epsilon: f64,
    /// `relu`, `gelu`, or with a gate `gated-gelu`.
    pub feed_forward_proj: String,
    /// Activation that overrides the one implied by `feed_forward_proj`.
    pub dense_act_fn: Option<String>,
    /// Whether the output layer is the token table.
    pub tie_word_embeddings: bool,
    /// Id that fills unused positions.
    pub pad_token_id: u32,
    /// Id that ends an answer.
    pub eos_token_id: u32,
    /// Id the decoder starts from; the padding id where the file is silent.
    pub decoder_start_token_id: Option<u32>,
}

impl Default for T5Config {
    fn default() -> Self {
        Self {
            model_type: None,
            vocab_size: 32128,
            d_model: 512,
            d_kv: 64,
            d_ff: 2048,
            num_layers: 6,
            num_decoder_layers: None,
            num_heads: 8,
            relative_attention_num_buckets: 32,
            relative_attention_max_distance: 128,
            layer_norm_epsilon: 1e-6,
            feed_forward_proj: "relu".to_owned(),
            dense_act_fn: None,
            tie_word_embeddings: true,
            pad_token_id: 0,
            eos_token_id: 1,
            decoder_start_token_id: None,
        }
    }
}

impl T5Config {
    /// Flan-T5-XL: 24 + 24 blocks of width 2048.
    pub fn flan_t5_xl() -> Self {
        Self {
            d_model: 2048,
            d_ff: 5120,
            num_layers: 24,
            num_heads: 32,
            feed_forward_proj: "gated-gelu".to_owned(),
            tie_word_embeddings: false,
            ..Self::default()
        }
    }

    /// Flan-T5-XXL: 24 + 24 blocks of width 4096; the size the published LGD was trained with.
    pub fn flan_t5_xxl() -> Self {
        Self {
            d_model: 4096,
            d_ff: 10240,
            num_heads: 64,
            ..Self::flan_t5_xl()
        }
    }

    /// A size for tests, with the proportions of the large ones.
    pub fn tiny() -> Self {
        Self {
            vocab_size: 96,
            d_model: 32,
            d_kv: 8,
            d_ff: 64,
            num_layers: 2,
            num_heads: 3,
            ..Self::flan_t5_xl()
        }
    }

    /// Blocks of the decoder.
    pub fn decoder_layers(&self) -> usize {
        self.num_decoder_layers.unwrap_or(self.num_layers)
    }

    /// Id the decoder starts from.
    pub fn start_token_id(&self) -> u32 {
        self.decoder_start_token_id.unwrap_or(self.pad_token_id)
    }

    /// Whether the feed-forward layers have a gate.
    pub fn gated(&self) -> bool {
        self.feed_forward_proj.starts_with("gated-")
    }

    /// The activation of the feed-forward layers.
    ///
    /// # Errors
    /// When the name is unknown.
    pub fn activation(&self) -> Result<Activation> {
        let implied = self.feed_forward_proj.trim_start_matches("gated-");
        // `gated-gelu` alone has always meant the tanh form (T5 v1.1).
        let implied = match (self.gated(), implied) {
            (true, "gelu") => "gelu_new",
            (_, name) => name,
        };
        Activation::from_name(self.dense_act_fn.as_deref().unwrap_or(implied))
    }

    /// Refuses sizes no network can have, so that a broken file is explained and not computed.
    ///
    /// # Errors
    /// When a size is zero or the model is not a T5.
    pub fn validate(&self) -> Result<()> {
        if let Some(kind) = self.model_type.as_deref().filter(|kind| *kind != "t5") {
            candle_core::bail!("the language model is of type {kind:?}; only t5 is supported");
        }
        let sizes = [
            ("vocab_size", self.vocab_size),
            ("d_model", self.d_model),
            ("d_kv", self.d_kv),
            ("d_ff", self.d_ff),
            ("num_heads", self.num_heads),
        ];
        if let Some((name, _)) = sizes.iter().find(|(_, size)| *size == 0) {
            candle_core::bail!("{name} of the T5 is 0");
        }
        let buckets = self.relative_attention_num_buckets;
        // Both directions and near and far: a quarter of the buckets has to be one at least, and
        // the logarithmic part needs a range.
        if buckets < 4 || self.relative_attention_max_distance <= buckets / 2 {
            candle_core::bail!(
                "{buckets} relative position buckets up to distance {} cannot be told apart",
                self.relative_attention_max_distance
            );
        }
        self.activation().map(|_| ())
    }
}

/// Activation named by a published config.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `max(x, 0)`
    Relu,
    /// Exact GELU.
    Gelu,
    /// GELU by the tanh approximation.
    GeluTanh,
    /// `x * sigmoid(1.702 x)`
    QuickGelu,
    /// `x * sigmoid(x)`
    Silu,
}

impl Activation {
    /// From the name used in published configs.
    ///
    /// # Errors
    /// When the name is unknown.
    pub fn from_name(name: &str) -> Result<Self> {
        Ok(match name {
            "relu" => Self::Relu,
            "gelu" => Self::Gelu,
            "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => Self::GeluTanh,
            "quick_gelu" => Self::QuickGelu,
            "silu" | "swish" => Self::Silu,
            _ => candle_core::bail!("the activation {name:?} is not known"),
        })
    }

    /// Applies it; any shape.
    ///
    /// # Errors
    /// Only when the device refuses.
    pub fn forward(self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Relu => x.relu(),
            Self::Gelu => nn::gelu_erf(x),
            Self::GeluTanh => nn::gelu_tanh(x),
            Self::QuickGelu => nn::quick_gelu(x),
            Self::Silu => nn::silu(x),
        }
    }
}
