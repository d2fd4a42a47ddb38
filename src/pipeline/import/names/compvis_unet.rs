//! The UNet of latent diffusion under its original names.
//!
//! There, blocks are counted through over all resolutions. Which of them belong to one resolution is
//! seen from where the picture gets smaller (`op`) and larger (`conv`).
//! Source: `ldm/modules/diffusionmodules/openaimodel.py` of the original repository, against the
//! names diffusers publishes.

use super::super::Part;
use super::{Fate, Target, exchanged, number};
use std::collections::BTreeSet;

/// Names outside the blocks.
const ENDS: [(&str, &str); 5] = [
    ("time_embed.0.", "time_embedding.linear_1."),
    ("time_embed.2.", "time_embedding.linear_2."),
    ("input_blocks.0.0.", "conv_in."),
    ("out.0.", "conv_norm_out."),
    ("out.2.", "conv_out."),
];

/// Names inside a residual block.
const RESIDUAL: [(&str, &str); 6] = [
    ("in_layers.0.", "norm1."),
    ("in_layers.2.", "conv1."),
    ("emb_layers.1.", "time_emb_proj."),
    ("out_layers.0.", "norm2."),
    ("out_layers.3.", "conv2."),
    ("skip_connection.", "conv_shortcut."),
];

/// Where the picture changes its size.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// Input blocks that halve it.
    smaller: BTreeSet<usize>,
    /// Output blocks that double it.
    larger: BTreeSet<usize>,
}

impl Blocks {
    /// Reads it off the names of all tensors, without the UNet's own prefix.
    pub fn of<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut blocks = Self::default();
        for name in names {
            if let Some((block, rest)) = name.strip_prefix("input_blocks.").and_then(number) {
                if rest.starts_with("0.op.") {
                    blocks.smaller.insert(block);
                }
            } else if let Some((block, rest)) = name.strip_prefix("output_blocks.").and_then(number)
                && number(rest).is_some_and(|(_, rest)| rest.starts_with("conv."))
            {
                blocks.larger.insert(block);
            }
        }
        blocks
    }

    /// What becomes of a tensor.
    pub fn fate(&self, name: &str) -> Fate {
        self.published(name)
            .map(|name| Target::copy(Part::Unet, name))
            .into()
    }

    fn published(&self, name: &str) -> Option<String> {
        if let Some(name) = exchanged(name, &ENDS) {
            return Some(name);
        }
        if let Some(rest) = name.strip_prefix("middle_block.") {
            let (place, rest) = number(rest)?;
            return Some(match exchanged(rest, &RESIDUAL) {
                Some(inner) => format!("mid_block.resnets.{}.{inner}", place.min(1)),
                None => format!("mid_block.attentions.0.{rest}"),
            });
        }
        if let Some(rest) = name.strip_prefix("input_blocks.") {
            let (block, rest) = number(rest)?;
            let level = self.smaller.range(..block).count();
            let before = self.smaller.range(..block).next_back().copied();
            let layer = block.checked_sub(before.unwrap_or(0) + 1)?;
            if let Some(rest) = rest.strip_prefix("0.op.") {
                return Some(format!("down_blocks.{level}.downsamplers.0.conv.{rest}"));
            }
            return layer_name(&format!("down_blocks.{level}"), layer, rest);
        }
        let (block, rest) = number(name.strip_prefix("output_blocks.")?)?;
        let level = self.larger.range(..block).count();
        let first = self.larger.range(..block).next_back().map_or(0, |b| b + 1);
        if let Some((_, rest)) = number(rest)
            && let Some(rest) = rest.strip_prefix("conv.")
        {
            return Some(format!("up_blocks.{level}.upsamplers.0.conv.{rest}"));
        }
        layer_name(&format!("up_blocks.{level}"), block - first, rest)
    }
}

/// A residual block (`0.…`) or the attention behind it (`1.…`).
fn layer_name(level: &str, layer: usize, rest: &str) -> Option<String> {
    match number(rest)? {
        (0, rest) => {
            let inner = exchanged(rest, &RESIDUAL)?;
            Some(format!("{level}.resnets.{layer}.{inner}"))
        }
        (1, rest) => Some(format!("{level}.attentions.{layer}.{rest}")),
        _ => None,
    }
}
