//! The transformer shared by CLIP's two towers.

use crate::nn::{Heads, LayerNorm, Linear, Weights, cancel, gelu_erf, gelu_tanh, quick_gelu};
use candle_core::{Result, Tensor, bail};

/// Sizes of one tower.
#[derive(Clone, Copy, Debug)]
pub(super) struct EncoderSizes<'a> {
    pub hidden: usize,
    pub intermediate: usize,
    pub layers: usize,
    pub heads: usize,
    pub eps: f64,
    pub activation: &'a str,
}

/// A stack of pre-norm layers.
#[derive(Clone, Debug)]
pub(super) struct ClipEncoder {
    layers: Vec<Layer>,
}

impl ClipEncoder {
    pub fn load(sizes: EncoderSizes<'_>, weights: &Weights) -> Result<Self> {
        if sizes.heads == 0 || !sizes.hidden.is_multiple_of(sizes.heads) {
            bail!(
                "{} channels of CLIP do not divide into {} attention heads",
                sizes.hidden,
                sizes.heads
            )
        }
        let layers = (0..sizes.layers)
            .map(|i| Layer::load(sizes, &weights.pp("layers").pp(i)))
            .collect::<Result<_>>()?;
        Ok(Self { layers })
    }

    /// (B, L, D) to the same shape; `bias` is added to the attention scores.
    pub fn forward(&self, hidden: Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        let mut hidden = hidden;
        for layer in &self.layers {
            cancel::checkpoint()?;
            hidden = layer.forward(hidden, bias)?;
        }
        Ok(hidden)
    }
}

#[derive(Clone, Copy, Debug)]
enum Activation {
    QuickGelu,
    GeluErf,
    GeluTanh,
}

impl Activation {
    fn parse(name: &str) -> Result<Self> {
        Ok(match name {
            "quick_gelu" => Self::QuickGelu,
            "gelu" => Self::GeluErf,
            "gelu_new" | "gelu_pytorch_tanh" => Self::GeluTanh,
            _ => bail!("the CLIP config sets hidden_act to {name}, which is not supported"),
        })
    }

    fn forward(self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::QuickGelu => quick_gelu(x),
            Self::GeluErf => gelu_erf(x),
            Self::GeluTanh => gelu_tanh(x),
        }
    }
}

#[derive(Clone, Debug)]
struct Layer {
    layer_norm1: LayerNorm,
    q_proj: Linear,
    k_proj: Linear,
    v_proj: Linear,
    out_proj: Linear,
    layer_norm2: LayerNorm,
    fc1: Linear,
    fc2: Linear,
    activation: Activation,
    heads: Heads,
}

impl Layer {
    fn load(sizes: EncoderSizes<'_>, weights: &Weights) -> Result<Self> {
        let d = sizes.hidden;
        let (attention, mlp) = (weights.pp("self_attn"), weights.pp("mlp"));
        Ok(Self {
            layer_norm1: LayerNorm::load(&weights.pp("layer_norm1"), d, sizes.eps)?,
            q_proj: Linear::load(&attention.pp("q_proj"), d, d)?,
            k_proj: Linear::load(&attention.pp("k_proj"), d, d)?,
            v_proj: Linear::load(&attention.pp("v_proj"), d, d)?,
            out_proj: Linear::load(&attention.pp("out_proj"), d, d)?,
            layer_norm2: LayerNorm::load(&weights.pp("layer_norm2"), d, sizes.eps)?,
            fc1: Linear::load(&mlp.pp("fc1"), d, sizes.intermediate)?,
            fc2: Linear::load(&mlp.pp("fc2"), sizes.intermediate, d)?,
            activation: Activation::parse(sizes.activation)?,
            heads: Heads::new(sizes.heads, 1.0 / ((d / sizes.heads) as f64).sqrt()),
        })
    }

    fn forward(&self, hidden: Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        let normed = self.layer_norm1.forward(&hidden)?;
        let (q, k, v) = (
            self.q_proj.forward(&normed)?,
            self.k_proj.forward(&normed)?,
            self.v_proj.forward(&normed)?,
        );
        let mixed = self.heads.attend(&q, &k, &v, bias)?; // (B, L, D)
        let hidden = (self.out_proj.forward(&mixed)? + hidden)?;
        let inner = self.fc1.forward(&self.layer_norm2.forward(&hidden)?)?;
        self.fc2.forward(&self.activation.forward(&inner)?)? + hidden
    }
}
