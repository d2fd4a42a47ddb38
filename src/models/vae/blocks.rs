//! Residual blocks, the attending middle, encoder and decoder.

use super::config::VaeConfig;
use super::tiles::Tiles;
use crate::nn::{Conv2d, GroupNorm, Heads, Linear, Padding, Weights, cancel, upsample_nearest2x};
use candle_core::{Result, Tensor};

/// Epsilon of every group norm; fixed in diffusers.
const NORM_EPS: f64 = 1e-6;
/// One row below and one column right, as the original pads before it halves a picture.
const UNEVEN: Padding = Padding {
    left: 0,
    right: 1,
    top: 0,
    bottom: 1,
};

#[derive(Clone, Debug)]
struct Resnet {
    norm1: GroupNorm,
    conv1: Conv2d,
    norm2: GroupNorm,
    conv2: Conv2d,
    conv_shortcut: Option<Conv2d>,
}

impl Resnet {
    fn load(groups: usize, input: usize, output: usize, weights: &Weights) -> Result<Self> {
        Ok(Self {
            norm1: GroupNorm::load(&weights.pp("norm1"), groups, input, NORM_EPS)?,
            conv1: Conv2d::load(&weights.pp("conv1"), input, output, 3, 1, 1)?,
            norm2: GroupNorm::load(&weights.pp("norm2"), groups, output, NORM_EPS)?,
            conv2: Conv2d::load(&weights.pp("conv2"), output, output, 3, 1, 1)?,
            conv_shortcut: (input != output)
                .then(|| Conv2d::load(&weights.pp("conv_shortcut"), input, output, 1, 1, 0))
                .transpose()?,
        })
    }

    /// (B, C, H, W) to (B, C', H, W). Takes its input, so that it is freed before the sum is kept.
    fn forward(&self, x: Tensor) -> Result<Tensor> {
        cancel::checkpoint()?;
        let mut hidden = self.conv1.forward(&self.norm1.forward_silu(&x)?)?; // (B, C', H, W)
        hidden = self.norm2.forward_silu(&hidden)?;
        hidden = self.conv2.forward(&hidden)?;
        match &self.conv_shortcut {
            Some(shortcut) => hidden + shortcut.forward(&x)?,
            None => hidden + x,
        }
    }
}

/// Attention with one head over all cells of the lowest resolution.
#[derive(Clone, Debug)]
struct MidAttention {
    group_norm: GroupNorm,
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    to_out: Linear,
}

impl MidAttention {
    fn load(groups: usize, channels: usize, weights: &Weights) -> Result<Self> {
        let linear = |new: &str, old: &str| projection(channels, new, old, weights);
        Ok(Self {
            group_norm: GroupNorm::load(&weights.pp("group_norm"), groups, channels, NORM_EPS)?,
            to_q: linear("to_q", "query")?,
            to_k: linear("to_k", "key")?,
            to_v: linear("to_v", "value")?,
            to_out: linear("to_out.0", "proj_attn")?,
        })
    }

    /// (B, C, h, w) to the same shape.
    fn forward(&self, x: Tensor) -> Result<Tensor> {
        cancel::checkpoint()?;
        let (b, c, h, w) = x.dims4()?;
        let mut hidden = self.group_norm.forward(&x)?.reshape((b, c, h * w))?;
        hidden = hidden.transpose(1, 2)?.contiguous()?; // (B, hw, C)
        let (q, k, v) = (
            self.to_q.forward(&hidden)?,
            self.to_k.forward(&hidden)?,
            self.to_v.forward(&hidden)?,
        );
        hidden = Heads::new(1, 1.0 / (c as f64).sqrt()).attend(&q, &k, &v, None)?;
        hidden = self.to_out.forward(&hidden)?;
        hidden = hidden
            .transpose(1, 2)?
            .contiguous()?
            .reshape((b, c, h, w))?; // (B, C, h, w)
        hidden + x
    }
}

/// A projection under its new or its old published name, stored as a matrix or as a 1x1 kernel.
fn projection(channels: usize, new: &str, old: &str, weights: &Weights) -> Result<Linear> {
    let name = if !weights.pp(new).has("weight") && weights.pp(old).has("weight") {
        old
    } else {
        new
    };
    let weights = weights.pp(name);
    if weights.dims("weight").is_none_or(|dims| dims.len() != 4) {
        return Linear::load(&weights, channels, channels);
    }
    let kernel = weights.get((channels, channels, 1, 1), "weight")?;
    let bias = weights.get(channels, "bias")?;
    Ok(Linear::new(
        kernel.reshape((channels, channels))?,
        Some(bias),
    ))
}

#[derive(Clone, Debug)]
struct Middle {
    first: Resnet,
    attention: Option<MidAttention>,
    second: Resnet,
}

impl Middle {
    fn load(config: &VaeConfig, channels: usize, weights: &Weights) -> Result<Self> {
        let groups = config.norm_num_groups;
        let resnet =
            |j: usize| Resnet::load(groups, channels, channels, &weights.pp("resnets").pp(j));
        Ok(Self {
            first: resnet(0)?,
            attention: config
                .mid_block_add_attention
                .then(|| MidAttention::load(groups, channels, &weights.pp("attentions.0")))
                .transpose()?,
            second: resnet(1)?,
        })
    }

    fn forward(&self, x: Tensor) -> Result<Tensor> {
        let mut hidden = self.first.forward(x)?;
        if let Some(attention) = &self.attention {
            hidden = attention.forward(hidden)?;
        }
        self.second.forward(hidden)
    }
}

/// Picture to latent moments.
#[derive(Clone, Debug)]
pub(super) struct Encoder {
    conv_in: Conv2d,
    levels: Vec<(Vec<Resnet>, Option<Conv2d>)>,
    middle: Middle,
    conv_norm_out: GroupNorm,
    conv_out: Conv2d,
}

impl Encoder {
    pub fn load(config: &VaeConfig, weights: &Weights) -> Result<Self> {
        let (groups, channels) = (config.norm_num_groups, &config.block_out_channels);
        let first = channels.first().copied().unwrap_or(0);
        let deepest = channels.last().copied().unwrap_or(0);
        let mut levels = Vec::with_capacity(channels.len());
        let mut input = first;
        for (i, &output) in channels.iter().enumerate() {
            let weights = weights.pp("down_blocks").pp(i);
            let mut resnets = Vec::with_capacity(config.layers_per_block);
            for j in 0..config.layers_per_block {
                resnets.push(Resnet::load(
                    groups,
                    input,
                    output,
                    &weights.pp("resnets").pp(j),
                )?);
                input = output;
            }
            let downsample = (i + 1 < channels.len())
                .then(|| {
                    Conv2d::load(&weights.pp("downsamplers.0.conv"), output, output, 3, 2, 0)
                        .map(|conv| conv.with_padding(UNEVEN))
                })
                .transpose()?;
            levels.push((resnets, downsample));
        }
        let moments = 2 * config.latent_channels;
        Ok(Self {
            conv_in: Conv2d::load(&weights.pp("conv_in"), config.in_channels, first, 3, 1, 1)?,
            levels,
            middle: Middle::load(config, deepest, &weights.pp("mid_block"))?,
            conv_norm_out: GroupNorm::load(
                &weights.pp("conv_norm_out"),
                groups,
                deepest,
                NORM_EPS,
            )?,
            conv_out: Conv2d::load(&weights.pp("conv_out"), deepest, moments, 3, 1, 1)?,
        })
    }

    /// (B, 3, H, W) to (B, 8, H/8, W/8); `cell` is the side of a latent cell in pixels.
    pub fn forward(&self, x: &Tensor, cell: usize, tiles: Option<Tiles>) -> Result<Tensor> {
        let mut hidden = match tiles {
            Some(tiles) => tiles.blend(x, (cell, 1), |tile| self.down(&tile))?,
            None => self.down(x)?,
        };
        hidden = self.middle.forward(hidden)?;
        hidden = self.conv_norm_out.forward_silu(&hidden)?;
        self.conv_out.forward(&hidden)
    }

    /// The levels: (B, 3, H, W) to (B, C, H/8, W/8).
    fn down(&self, x: &Tensor) -> Result<Tensor> {
        let mut hidden = self.conv_in.forward(x)?;
        for (resnets, downsample) in &self.levels {
            for resnet in resnets {
                hidden = resnet.forward(hidden)?;
            }
            if let Some(conv) = downsample {
                hidden = conv.forward(&hidden)?;
            }
        }
        Ok(hidden)
    }
}

/// Latent to picture.
#[derive(Clone, Debug)]
pub(super) struct Decoder {
    conv_in: Conv2d,
    middle: Middle,
    levels: Vec<(Vec<Resnet>, Option<Conv2d>)>,
    conv_norm_out: GroupNorm,
    conv_out: Conv2d,
}

impl Decoder {
    pub fn load(config: &VaeConfig, weights: &Weights) -> Result<Self> {
        let (groups, channels) = (config.norm_num_groups, &config.block_out_channels);
        let first = channels.first().copied().unwrap_or(0);
        let deepest = channels.last().copied().unwrap_or(0);
        let mut levels = Vec::with_capacity(channels.len());
        let mut input = deepest;
        for (i, &output) in channels.iter().rev().enumerate() {
            let weights = weights.pp("up_blocks").pp(i);
            let mut resnets = Vec::with_capacity(config.layers_per_block + 1);
            for j in 0..=config.layers_per_block {
                resnets.push(Resnet::load(
                    groups,
                    input,
                    output,
                    &weights.pp("resnets").pp(j),
                )?);
                input = output;
            }
            let upsample = (i + 1 < channels.len())
                .then(|| Conv2d::load(&weights.pp("upsamplers.0.conv"), output, output, 3, 1, 1))
                .transpose()?;
            levels.push((resnets, upsample));
        }
        let latent = config.latent_channels;
        Ok(Self {
            conv_in: Conv2d::load(&weights.pp("conv_in"), latent, deepest, 3, 1, 1)?,
            middle: Middle::load(config, deepest, &weights.pp("mid_block"))?,
            levels,
            conv_norm_out: GroupNorm::load(&weights.pp("conv_norm_out"), groups, first, NORM_EPS)?,
            conv_out: Conv2d::load(&weights.pp("conv_out"), first, config.out_channels, 3, 1, 1)?,
        })
    }

    /// (B, 4, h, w) to (B, 3, 8h, 8w); `cell` is the side of a latent cell in pixels.
    pub fn forward(&self, latents: &Tensor, cell: usize, tiles: Option<Tiles>) -> Result<Tensor> {
        let mut hidden = self.conv_in.forward(latents)?;
        hidden = self.middle.forward(hidden)?;
        match tiles {
            Some(tiles) => tiles.blend(&hidden, (1, cell), |tile| self.up(tile)),
            None => self.up(hidden),
        }
    }

    /// The levels and the way out: (B, C, h, w) to (B, 3, 8h, 8w).
    fn up(&self, mut hidden: Tensor) -> Result<Tensor> {
        for (resnets, upsample) in &self.levels {
            for resnet in resnets {
                hidden = resnet.forward(hidden)?;
            }
            if let Some(conv) = upsample {
                cancel::checkpoint()?;
                hidden = upsample_nearest2x(&hidden)?;
                hidden = conv.forward(&hidden)?;
            }
        }
        cancel::checkpoint()?;
        hidden = self.conv_norm_out.forward_silu(&hidden)?;
        self.conv_out.forward(&hidden)
    }
}
