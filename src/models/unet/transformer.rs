//! The transformer inside a UNet block: self-attention over the latent cells, cross-attention to
//! the context, and a gated feed-forward layer.

use super::context::{ContextReader, KeysValues};
use crate::nn::{GroupNorm, Heads, LayerNorm, Linear, Weights, geglu, sum, transposed};
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
            hidden = block.forward(hidden, (h, w), context)?;
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
    Linear::load_pointwise(weights, channels, channels)
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
    fn forward(
        &self,
        hidden: Tensor,
        grid: (usize, usize),
        context: &mut ContextReader<'_>,
    ) -> Result<Tensor> {
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
            if let Some(attended) = context.attended() {
                let sample = attended.sample();
                let weights = self.cross_attention.weights(&normed, cross, bias, sample)?;
                attended.note(&weights, grid)?;
            }
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
    heads: Heads,
}

impl Attention {
    fn load(channels: usize, context: usize, heads: usize, weights: &Weights) -> Result<Self> {
        // Keys and values of texts are made once per run, and texts have a few very large numbers
        // that would leave eight bits to nothing else.
        let all_bits = weights.clone().coded(false);
        let source = if context == channels {
            weights
        } else {
            &all_bits
        };
        let all = Heads::new(heads, 1.0 / ((channels / heads) as f64).sqrt());
        Ok(Self {
            to_q: Linear::load_no_bias(&weights.pp("to_q"), channels, channels)?,
            to_k: Linear::load_no_bias(&source.pp("to_k"), context, channels)?,
            to_v: Linear::load_no_bias(&source.pp("to_v"), context, channels)?,
            to_out: Linear::load(&weights.pp("to_out.0"), channels, channels)?,
            // Its products have few bits where those of its layers do.
            heads: match weights.is_coded() {
                true => all.in_half(),
                false => all,
            },
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
        let mixed = self.heads.attend(&q, &other.keys, &other.values, bias)?;
        self.to_out.forward(&mixed)
    }

    /// The weights of one sample, mean over the heads, (1, hw, L).
    fn weights(
        &self,
        x: &Tensor,
        other: &KeysValues,
        bias: Option<&Tensor>,
        sample: usize,
    ) -> Result<Tensor> {
        let one = |batch: &Tensor| batch.narrow(0, sample, 1);
        let q = self.to_q.forward(&one(x)?)?;
        let bias = bias.map(one).transpose()?;
        self.heads.weights(&q, &one(&other.keys)?, bias.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::super::attended::Attended;
    use super::super::context::{CrossContext, mask_bias};
    use super::*;
    use candle_core::{DType, Device};

    fn waves(shape: &[usize], pace: f32) -> Result<Tensor> {
        let count: usize = shape.iter().product();
        let values: Vec<f32> = (0..count).map(|i| (i as f32 * pace).sin()).collect();
        Tensor::from_vec(values, shape, &Device::Cpu)
    }

    /// Weights of one head by the definition, number by number, f64.
    fn by_definition(q: &[Vec<f32>], k: &[Vec<f32>], scale: f64, kept: &[bool]) -> Vec<Vec<f64>> {
        let rows = q.iter().map(|q| {
            let scores = k.iter().zip(kept).map(|(k, kept)| {
                let dot: f64 = q.iter().zip(k).map(|(a, b)| f64::from(a * b)).sum();
                if *kept { (dot * scale).exp() } else { 0.0 }
            });
            let scores: Vec<f64> = scores.collect();
            let sum: f64 = scores.iter().sum();
            scores.iter().map(|score| score / sum).collect()
        });
        rows.collect()
    }

    #[test]
    fn captured_weights_are_the_softmax_of_queries_and_keys() -> Result<()> {
        let sizes = TransformerSizes {
            channels: 16,
            heads: 4,
            context: 12,
            depth: 1,
            groups: 8,
            linear_projection: true,
        };
        let weights = Weights::random(3, DType::F32, &Device::Cpu);
        let block = TransformerBlock::load(sizes, &weights)?;
        let (hidden, states) = (waves(&[2, 6, 16], 0.7)?, waves(&[2, 5, 12], 1.3)?);
        let kept = [true, true, true, true, false];
        let mask = Tensor::new(&[[1f32; 5], [1., 1., 1., 1., 0.]], &Device::Cpu)?;
        let layers = vec![block.cross_attention.keys_values(&states)?];
        let context = CrossContext::new(layers, 2, Some(mask_bias(&mask, DType::F32)?));

        let mut attended = Attended::of_sample(1);
        attended.begin(2, 3);
        let mut reader = context.reader().watched(&mut attended);
        let watched = block.forward(hidden.clone(), (2, 3), &mut reader)?;
        let plain = block.forward(hidden.clone(), (2, 3), &mut context.reader())?;
        assert_eq!(
            watched.flatten_all()?.to_vec1::<f32>()?,
            plain.flatten_all()?.to_vec1::<f32>()?,
            "watching changes nothing"
        );
        let map = attended
            .take()?
            .ok_or_else(|| candle_core::Error::Msg("no map".into()))?;
        assert_eq!(map.dims(), [5, 2, 3]);

        // The queries by the way of the block, then everything by hand.
        let normed = block.norm1.forward(&hidden)?;
        let own = block.self_attention.keys_values(&normed)?;
        let looked = (block.self_attention.forward(&normed, &own, None)? + &hidden)?;
        let normed = block.norm2.forward(&looked)?;
        let q = block.cross_attention.to_q.forward(&normed)?.get(1)?;
        let k = block.cross_attention.to_k.forward(&states)?.get(1)?;
        let mut expected = vec![[0f64; 6]; 5];
        for head in 0..4 {
            let part = |x: &Tensor| x.narrow(1, head * 4, 4)?.to_vec2::<f32>();
            let rows = by_definition(&part(&q)?, &part(&k)?, 0.5, &kept);
            for (cell, row) in rows.iter().enumerate() {
                for (token, weight) in row.iter().enumerate() {
                    expected[token][cell] += weight / 4.0;
                }
            }
        }
        for (token, expected) in expected.iter().enumerate() {
            let found = map.get(token)?.flatten_all()?.to_vec1::<f32>()?;
            for (found, expected) in found.iter().zip(expected) {
                assert!((f64::from(*found) - expected).abs() < 1e-6);
            }
        }
        assert_eq!(map.get(4)?.max_all()?.to_scalar::<f32>()?, 0.0, "masked");
        Ok(())
    }
}
