//! The transformer inside a UNet block: self-attention over the latent cells, cross-attention to
//! the context, and a gated feed-forward layer.

use super::context::{ContextReader, KeysValues};
use crate::nn::{GroupNorm, LayerNorm, Linear, Weights, attention, geglu, sum, transposed};
use candle_core::{Result, Tensor};

/// Epsilon of the group norm in front of a transformer; fixed in diffusers.
const GROUP_NORM_EPS: f64 = 1e-6;
/// Epsilon of the layer norms; PyTorch's default.
const LAYER_NORM_EPS: f64 = 1e-5;
/// Width of the feed-forward layer relative to the channels.
const FEED_FORWARD: usize = 4;

/// Sizes of one spatial transformer.
#[derive(Clone, Copy, Debug)]
pub(super) struct TransformerSizes {
    pub channels: usize,
    pub heads: usize,
    pub context: usize,
    pub depth: usize,
    pub groups: usize,
    pub linear_projection: bool,
}

/// A stack of transformer blocks that sees the picture as a sequence of latent cells.
#[derive(Clone, Debug)]
pub(super) struct SpatialTransformer {
    norm: GroupNorm,
    proj_in: Linear,
    blocks: Vec<TransformerBlock>,
    proj_out: Linear,
}

impl SpatialTransformer {
    pub fn load(sizes: TransformerSizes, weights: &Weights) -> Result<Self> {
        let c = sizes.channels;
        Ok(Self {
            norm: GroupNorm::load(&weights.pp("norm"), sizes.groups, c, GROUP_NORM_EPS)?,
            proj_in: projection(c, sizes.linear_projection, &weights.pp("proj_in"))?,
            blocks: (0..sizes.depth)
                .map(|i| TransformerBlock::load(sizes, &weights.pp("transformer_blocks").pp(i)))
                .collect::<Result<_>>()?,
            proj_out: projection(c, sizes.linear_projection, &weights.pp("proj_out"))?,
        })
    }

    /// Keys and values of every block's cross-attention, in the order of the forward.
    pub fn keys_values(&self, context: &Tensor, into: &mut Vec<KeysValues>) -> Result<()> {
        for block in &self.blocks {
            into.push(block.cross_attention.keys_values(context)?);
        }
        Ok(())
    }

    /// (B, C, h, w) to the same shape.
    pub fn forward(&self, x: &Tensor, context: &mut ContextReader<'_>) -> Result<Tensor> {
        let (b, c, h, w) = x.dims4()?;
        let mut hidden = self.norm.forward(x)?.reshape((b, c, h * w))?; // (B, C, hw)
        hidden = transposed(&hidden)?; // (B, hw, C)
        hidden = self.proj_in.forward(&hidden)?;
        for block in &self.blocks {
            hidden = block.forward(hidden, context)?;
        }
        hidden = self.proj_out.forward(&hidden)?;
        hidden = transposed(&hidden)?.reshape((b, c, h, w))?; // (B, C, h, w)
        sum(&hidden, x)
    }
}

/// A matrix, or a 1x1 kernel used as one: both are the same product per latent cell. What the file
/// holds decides; the config says it only where there is no file.
fn projection(channels: usize, linear: bool, weights: &Weights) -> Result<Linear> {
    let linear = match weights.dims("weight") {
        Some(dims) => dims.len() == 2,
        None => linear,
    };
    if linear {
        return Linear::load(weights, channels, channels);
    }
    let kernel = weights.get((channels, channels, 1, 1), "weight")?;
    let bias = weights.get(channels, "bias")?;
    Ok(Linear::new(
        kernel.reshape((channels, channels))?,
        Some(bias),
    ))
}

#[derive(Clone, Debug)]
struct TransformerBlock {
    norm1: LayerNorm,
    self_attention: Attention,
    norm2: LayerNorm,
    cross_attention: Attention,
    norm3: LayerNorm,
    expand: Linear,
    contract: Linear,
}

impl TransformerBlock {
    fn load(sizes: TransformerSizes, weights: &Weights) -> Result<Self> {
        let (c, heads) = (sizes.channels, sizes.heads);
        let norm = |name: &str| LayerNorm::load(&weights.pp(name), c, LAYER_NORM_EPS);
        let inner = FEED_FORWARD * c;
        Ok(Self {
            norm1: norm("norm1")?,
            self_attention: Attention::load(c, c, heads, &weights.pp("attn1"))?,
            norm2: norm("norm2")?,
            cross_attention: Attention::load(c, sizes.context, heads, &weights.pp("attn2"))?,
            norm3: norm("norm3")?,
            expand: Linear::load(&weights.pp("ff.net.0.proj"), c, 2 * inner)?,
            contract: Linear::load(&weights.pp("ff.net.2"), inner, c)?,
        })
    }

    /// (B, hw, C) to the same shape. Takes its input so that each sum frees the one before.
    fn forward(&self, hidden: Tensor, context: &mut ContextReader<'_>) -> Result<Tensor> {
        let mut hidden = hidden;
        // 1. Every cell looks at every other cell.
        {
            let normed = self.norm1.forward(&hidden)?;
            let own = self.self_attention.keys_values(&normed)?;
            hidden = sum(&self.self_attention.forward(&normed, &own, None)?, &hidden)?;
        }
        // 2. Every cell looks at the context, whose keys and values are the same at all steps.
        {
            let normed = self.norm2.forward(&hidden)?;
            let (cross, bias) = context.next()?;
            hidden = sum(
                &self.cross_attention.forward(&normed, cross, bias)?,
                &hidden,
            )?;
        }
        // 3. Gated feed-forward.
        let gated = geglu(&self.expand.forward(&self.norm3.forward(&hidden)?)?)?; // (B, hw, 4C)
        sum(&self.contract.forward(&gated)?, &hidden)
    }
}

#[derive(Clone, Debug)]
struct Attention {
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    to_out: Linear,
    heads: usize,
    scale: f64,
}

impl Attention {
    fn load(channels: usize, context: usize, heads: usize, weights: &Weights) -> Result<Self> {
        Ok(Self {
            to_q: Linear::load_no_bias(&weights.pp("to_q"), channels, channels)?,
            to_k: Linear::load_no_bias(&weights.pp("to_k"), context, channels)?,
            to_v: Linear::load_no_bias(&weights.pp("to_v"), context, channels)?,
            to_out: Linear::load(&weights.pp("to_out.0"), channels, channels)?,
            heads,
            scale: 1.0 / ((channels / heads) as f64).sqrt(),
        })
    }

    /// `context`: (B, L, D); both results (B, L, C).
    fn keys_values(&self, context: &Tensor) -> Result<KeysValues> {
        Ok(KeysValues {
            keys: self.to_k.forward(context)?,
            values: self.to_v.forward(context)?,
        })
    }

    /// (B, hw, C) to the same shape.
    fn forward(&self, x: &Tensor, other: &KeysValues, bias: Option<&Tensor>) -> Result<Tensor> {
        let q = self.to_q.forward(x)?;
        let mixed = attention(&q, &other.keys, &other.values, self.heads, self.scale, bias)?;
        self.to_out.forward(&mixed)
    }
}
