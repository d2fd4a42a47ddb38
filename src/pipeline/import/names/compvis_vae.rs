//! The autoencoder of latent diffusion under its original names.
//!
//! The decoder's resolutions are counted the other way round, and its attention stores matrices as
//! 1x1 kernels.
//! Source: `ldm/modules/diffusionmodules/model.py` of the original repository, against the names
//! diffusers publishes.

use super::super::{Part, TensorOperation};
use super::{Fate, Target, exchanged, number};

/// Names inside an attention block.
const ATTENTION: [(&str, &str); 5] = [
    ("norm.", "group_norm."),
    ("q.", "to_q."),
    ("k.", "to_k."),
    ("v.", "to_v."),
    ("proj_out.", "to_out.0."),
];

/// Resolutions of the decoder.
pub(super) fn levels<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    let level = |name: &str| Some(number(name.strip_prefix("decoder.up.")?)?.0 + 1);
    names.filter_map(level).max().unwrap_or(0)
}

/// What becomes of a tensor; `levels` as counted above.
pub(super) fn fate(name: &str, levels: usize) -> Fate {
    if name.starts_with("loss.") {
        return Fate::Left("used in training only");
    }
    if name.starts_with("model_ema.") {
        return Fate::Left("an average of the autoencoder");
    }
    target(name, levels).into()
}

fn target(name: &str, levels: usize) -> Option<Target> {
    if name.starts_with("quant_conv.") || name.starts_with("post_quant_conv.") {
        return Some(Target::copy(Part::Vae, name));
    }
    let (half, rest) = name.split_once('.')?;
    if !matches!(half, "encoder" | "decoder") {
        return None;
    }
    let ends = [
        ("conv_in.", "conv_in."),
        ("conv_out.", "conv_out."),
        ("norm_out.", "conv_norm_out."),
        ("mid.block_1.", "mid_block.resnets.0."),
        ("mid.block_2.", "mid_block.resnets.1."),
    ];
    let inner = if let Some(rest) = rest.strip_prefix("mid.attn_1.") {
        let inner = exchanged(rest, &ATTENTION)?;
        let mut target = Target::copy(Part::Vae, format!("{half}.mid_block.attentions.0.{inner}"));
        if inner.starts_with("to_") && inner.ends_with(".weight") {
            target.operation = TensorOperation::Squeeze;
        }
        return Some(target);
    } else if let Some(rest) = rest.strip_prefix("down.") {
        let (level, rest) = number(rest)?;
        format!("down_blocks.{level}.{}", block(rest)?)
    } else if let Some(rest) = rest.strip_prefix("up.") {
        let (level, rest) = number(rest)?;
        let level = levels.checked_sub(level + 1)?;
        format!("up_blocks.{level}.{}", block(rest)?)
    } else {
        exchanged(rest, &ends)?
    };
    let inner = inner.replace(".nin_shortcut.", ".conv_shortcut.");
    Some(Target::copy(Part::Vae, format!("{half}.{inner}")))
}

fn block(rest: &str) -> Option<String> {
    let table = [
        ("block.", "resnets."),
        ("downsample.conv.", "downsamplers.0.conv."),
        ("upsample.conv.", "upsamplers.0.conv."),
    ];
    exchanged(rest, &table)
}
