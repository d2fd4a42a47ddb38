//! Residual blocks and the resolutions of the UNet: down, middle, up.

use super::config::{Level, UnetConfig};
use super::context::KeysValues;
use super::stages::{Stage, Work};
use super::transformer::{SpatialTransformer, TransformerSizes};
use crate::nn::{
    Conv2d, GroupNorm, Linear, Padding, Weights, shift_channels, sum, upsample_nearest2x,
};
use candle_core::{Result, Tensor, bail};

/// Two convolutions that see the time step, around a shortcut.
#[derive(Clone, Debug)]
pub(super) struct Resnet {
    norm1: GroupNorm,
    conv1: Conv2d,
    time_emb_proj: Linear,
    norm2: GroupNorm,
    conv2: Conv2d,
    conv_shortcut: Option<Conv2d>,
}

impl Resnet {
    fn load(config: &UnetConfig, input: usize, output: usize, weights: &Weights) -> Result<Self> {
        let norm = |name: &str, channels| {
            let (groups, eps) = (config.norm_num_groups, config.norm_eps);
            if channels % groups != 0 {
                bail!("{channels} channels do not divide into norm_num_groups = {groups}")
            }
            GroupNorm::load(&weights.pp(name), groups, channels, eps)
        };
        Ok(Self {
            norm1: norm("norm1", input)?,
            conv1: Conv2d::load(&weights.pp("conv1"), input, output, 3, 1, 1)?,
            // One row per image: nothing to gain, and every pixel depends on it.
            time_emb_proj: Linear::load(
                &weights.pp("time_emb_proj").coded(false),
                config.time_width(),
                output,
            )?,
            norm2: norm("norm2", output)?,
            conv2: Conv2d::load(&weights.pp("conv2"), output, output, 3, 1, 1)?,
            conv_shortcut: (input != output)
                .then(|| Conv2d::load(&weights.pp("conv_shortcut"), input, output, 1, 1, 0))
                .transpose()?,
        })
    }

    /// `x` (B, C, h, w), `time` (B or 1, T), the activated time embedding; gives (B, C', h, w).
    pub fn forward(&self, x: &Tensor, time: &Tensor) -> Result<Tensor> {
        let mut hidden = self.conv1.forward(&self.norm1.forward_silu(x)?)?; // (B, C', h, w)
        let time = self.time_emb_proj.forward(time)?; // (B or 1, C')
        hidden = shift_channels(&hidden, &time)?;
        hidden = self.norm2.forward_silu(&hidden)?;
        hidden = self.conv2.forward(&hidden)?;
        match &self.conv_shortcut {
            Some(shortcut) => sum(&hidden, &shortcut.forward(x)?),
            None => sum(&hidden, x),
        }
    }
}

fn transformer(
    config: &UnetConfig,
    level: Level,
    depth: usize,
    weights: &Weights,
) -> Result<SpatialTransformer> {
    let sizes = TransformerSizes {
        channels: level.channels,
        heads: level.heads,
        context: level.context,
        depth,
        groups: config.norm_num_groups,
        linear_projection: config.use_linear_projection,
    };
    SpatialTransformer::load(sizes, weights)
}

/// One resolution on the way down.
#[derive(Clone, Debug)]
pub(super) struct DownBlock {
    layers: Vec<(Resnet, Option<SpatialTransformer>)>,
    downsample: Option<Conv2d>,
}

impl DownBlock {
    /// The block at resolution `index`, counted from the highest.
    pub fn load(config: &UnetConfig, index: usize, weights: &Weights) -> Result<Self> {
        let level = config.level(index)?;
        let before = match index {
            0 => level.channels,
            _ => config.level(index - 1)?.channels,
        };
        let attends = config.down_attends(index)?;
        let mut layers = Vec::with_capacity(level.layers);
        for j in 0..level.layers {
            let input = if j == 0 { before } else { level.channels };
            let resnet = Resnet::load(config, input, level.channels, &weights.pp("resnets").pp(j))?;
            let attention = attends
                .then(|| transformer(config, level, level.depth, &weights.pp("attentions").pp(j)))
                .transpose()?;
            layers.push((resnet, attention));
        }
        let last = index + 1 == config.block_out_channels.len();
        let downsample = (!last)
            .then(|| {
                let weights = weights.pp("downsamplers.0.conv");
                downsampler(level.channels, config.downsample_padding, &weights)
            })
            .transpose()?;
        Ok(Self { layers, downsample })
    }

    /// Its pieces, each of which the way up joins.
    pub fn stages(&self) -> impl Iterator<Item = Stage<'_>> {
        let layers = self.layers.iter();
        let layers = layers.map(|(resnet, attention)| Work::Layer(resnet, attention.as_ref()));
        layers
            .chain(self.downsample.iter().map(Work::Shrink))
            .map(Stage::stored)
    }
}

/// Halves height and width. Padding 0 means one row below and one column right.
fn downsampler(channels: usize, padding: usize, weights: &Weights) -> Result<Conv2d> {
    let conv = Conv2d::load(weights, channels, channels, 3, 2, padding)?;
    Ok(if padding == 0 {
        conv.with_padding(Padding {
            right: 1,
            bottom: 1,
            ..Padding::default()
        })
    } else {
        conv
    })
}

/// The lowest resolution.
#[derive(Clone, Debug)]
pub(super) struct MidBlock {
    first: Resnet,
    rest: Option<(SpatialTransformer, Resnet)>,
}

impl MidBlock {
    pub fn load(config: &UnetConfig, attends: bool, weights: &Weights) -> Result<Self> {
        let level = config.level(config.block_out_channels.len().saturating_sub(1))?;
        let c = level.channels;
        let resnet = |j: usize| Resnet::load(config, c, c, &weights.pp("resnets").pp(j));
        let rest = if attends {
            let weights = weights.pp("attentions.0");
            Some((
                transformer(config, level, level.depth, &weights)?,
                resnet(1)?,
            ))
        } else {
            None // diffusers' plain middle is a single residual block
        };
        Ok(Self {
            first: resnet(0)?,
            rest,
        })
    }

    /// Its pieces.
    pub fn stages(&self) -> impl Iterator<Item = Stage<'_>> {
        let rest = self.rest.as_ref();
        let first = Work::Layer(&self.first, rest.map(|(attention, _)| attention));
        let second = rest.map(|(_, resnet)| Work::Layer(resnet, None));
        [first].into_iter().chain(second).map(Stage::alone)
    }
}

/// One resolution on the way up.
#[derive(Clone, Debug)]
pub(super) struct UpBlock {
    layers: Vec<(Resnet, Option<SpatialTransformer>)>,
    upsample: Option<Conv2d>,
}

impl UpBlock {
    /// Step `index` of the way up, counted from the lowest resolution.
    pub fn load(config: &UnetConfig, index: usize, weights: &Weights) -> Result<Self> {
        let levels = config.block_out_channels.len();
        let last = index + 1 == levels;
        let at = levels - 1 - index; // resolution counted from the highest
        let level = config.level(at)?;
        let before = config.level((at + 1).min(levels - 1))?.channels;
        let above = config.level(at.saturating_sub(1))?.channels;
        let attends = config.up_attends(index)?;
        let depth = match &config.reverse_transformer_layers_per_block {
            Some(depths) => depths.get(index).copied().unwrap_or(level.depth),
            None => level.depth,
        };
        let mut layers = Vec::with_capacity(level.layers + 1);
        for j in 0..=level.layers {
            // What comes from below or before, and the stored tensor stacked onto it.
            let input = if j == 0 { before } else { level.channels };
            let skip = if j == level.layers {
                above
            } else {
                level.channels
            };
            let resnet = Resnet::load(
                config,
                input + skip,
                level.channels,
                &weights.pp("resnets").pp(j),
            )?;
            let attention = attends
                .then(|| transformer(config, level, depth, &weights.pp("attentions").pp(j)))
                .transpose()?;
            layers.push((resnet, attention));
        }
        let c = level.channels;
        let upsample = (!last)
            .then(|| Conv2d::load(&weights.pp("upsamplers.0.conv"), c, c, 3, 1, 1))
            .transpose()?;
        Ok(Self { layers, upsample })
    }

    /// Its pieces, each of which joins a stored tensor but for the one that doubles the size.
    pub fn stages(&self) -> impl Iterator<Item = Stage<'_>> {
        let layers = self
            .layers
            .iter()
            .map(|(resnet, attention)| Stage::joining(Work::Layer(resnet, attention.as_ref())));
        let grow = self.upsample.iter();
        layers.chain(grow.map(|conv| Stage::alone(Work::Grow(conv))))
    }
}

/// Doubles `x`, or meets another size where halving an odd one has rounded.
pub(super) fn upsample_to(x: &Tensor, (height, width): (usize, usize)) -> Result<Tensor> {
    let (_, _, h, w) = x.dims4()?;
    if height > 2 * h || width > 2 * w {
        // Only without padding in the downsampler; candle cannot differentiate this one.
        return x.upsample_nearest2d(height, width);
    }
    // Nearest neighbours of an odd size are the doubled picture without its last row or column.
    upsample_nearest2x(x)?
        .narrow(2, 0, height)?
        .narrow(3, 0, width)?
        .contiguous()
}

/// Gathers the projected context of `transformers`.
pub(super) fn project_context<'a>(
    transformers: impl Iterator<Item = &'a SpatialTransformer>,
    context: &Tensor,
) -> Result<Vec<KeysValues>> {
    let mut layers = Vec::new();
    for transformer in transformers {
        transformer.keys_values(context, &mut layers)?;
    }
    Ok(layers)
}
