//! What stored tensors are called in a bundle.
//!
//! Each naming has a file of its own; here it is decided which one a file follows. A bundle keeps
//! the names that transformers and diffusers publish.

mod compvis_unet;
mod compvis_vae;
mod latent_diffusion;
mod lavis;
mod published;

use super::{Part, TensorOperation, WeightKind};
use std::collections::BTreeMap;

/// Where a stored tensor goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub part: Part,
    pub kind: WeightKind,
    /// Its name in the part.
    pub name: String,
    pub operation: TensorOperation,
    /// Its place among the sources, where several stored tensors make one.
    pub order: usize,
}

impl Target {
    fn copy(part: Part, name: impl Into<String>) -> Self {
        Self {
            part,
            kind: WeightKind::Plain,
            name: name.into(),
            operation: TensorOperation::Copy,
            order: 0,
        }
    }
}

/// What becomes of a stored tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It goes into a part.
    Into(Target),
    /// It is known and not needed, for this reason.
    Left(&'static str),
    /// It is not known.
    Unknown,
}

impl From<Option<Target>> for Fate {
    fn from(target: Option<Target>) -> Self {
        target.map_or(Self::Unknown, Self::Into)
    }
}

/// The naming a set of tensors follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// Stable Diffusion, InstructPix2Pix and LGD as their training programs save them.
    LatentDiffusion,
    /// BLIP-2 as LAVIS saves it, whole or without its frozen parts.
    Lavis,
    /// EVA's image encoder by itself, as LAVIS loads it.
    Eva,
    /// The autoencoder of latent diffusion by itself.
    CompvisVae,
    /// The UNet of latent diffusion by itself.
    CompvisUnet,
    /// One network as transformers or diffusers publish it.
    Published(Part),
    /// None of them.
    Unknown,
}

impl Naming {
    /// Decides by the names of all tensors of a file or model folder.
    pub fn of<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Self {
        let any = |prefixes: &[&str]| {
            let mut names = names.clone();
            names.any(|name| prefixes.iter().any(|prefix| name.starts_with(prefix)))
        };
        if any(&latent_diffusion::PREFIXES) {
            Self::LatentDiffusion
        } else if any(&lavis::PREFIXES) {
            Self::Lavis
        } else if any(&["blocks.0.attn.qkv."]) && any(&["cls_token"]) {
            Self::Eva
        } else if any(&["encoder.down.0.", "decoder.up.0."]) {
            Self::CompvisVae
        } else if any(&["input_blocks.0.0.", "diffusion_model.input_blocks.0.0."]) {
            Self::CompvisUnet
        } else {
            published::part(any).map_or(Self::Unknown, Self::Published)
        }
    }

    /// As shown.
    pub fn title(self, has_adapter: bool) -> &'static str {
        match self {
            Self::LatentDiffusion if has_adapter => "original LGD checkpoint",
            Self::LatentDiffusion => "original Stable Diffusion checkpoint",
            Self::Lavis => "LAVIS checkpoint",
            Self::Eva => "EVA checkpoint",
            Self::CompvisVae | Self::CompvisUnet => "original latent diffusion weights",
            Self::Published(Part::Unet | Part::Vae) => "diffusers folder",
            Self::Published(Part::Adapter) => "adapter file",
            Self::Published(_) => "transformers folder",
            Self::Unknown => "unknown weights",
        }
    }

    /// What becomes of every tensor.
    pub fn fates<'a>(
        self,
        names: impl Iterator<Item = &'a str> + Clone,
    ) -> BTreeMap<&'a str, Fate> {
        match self {
            Self::LatentDiffusion => latent_diffusion::fates(names),
            Self::Lavis => each(names, lavis::fate),
            Self::Eva => each(names, lavis::eva_fate),
            Self::CompvisVae => {
                let levels = compvis_vae::levels(names.clone());
                each(names, |name| compvis_vae::fate(name, levels))
            }
            Self::CompvisUnet => {
                let bare = |name: &'a str| name.strip_prefix("diffusion_model.").unwrap_or(name);
                let blocks = compvis_unet::Blocks::of(names.clone().map(bare));
                each(names, |name| blocks.fate(bare(name)))
            }
            Self::Published(part) => each(names, |name| published::fate(part, name)),
            Self::Unknown => each(names, |_| Fate::Unknown),
        }
    }
}

fn each<'a>(
    names: impl Iterator<Item = &'a str>,
    fate: impl Fn(&'a str) -> Fate,
) -> BTreeMap<&'a str, Fate> {
    names.map(|name| (name, fate(name))).collect()
}

/// A leading number and what follows its dot: `3.rest` is 3 and `rest`.
fn number(name: &str) -> Option<(usize, &str)> {
    let (digits, rest) = name.split_once('.')?;
    (digits.len() <= 4).then_some(())?;
    Some((digits.parse().ok()?, rest))
}

/// `name` with the first prefix of the table that it has exchanged for the other one.
fn exchanged(name: &str, table: &[(&str, &str)]) -> Option<String> {
    table.iter().find_map(|(from, to)| {
        let rest = name.strip_prefix(from)?;
        Some(format!("{to}{rest}"))
    })
}
