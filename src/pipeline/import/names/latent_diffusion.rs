//! Checkpoints of latent diffusion's training program: Stable Diffusion, InstructPix2Pix, LGD.
//!
//! Every network has a prefix. The running average of the trained ones is stored under `model_ema.`
//! with all dots of the name removed, so it is found by removing them from the plain names.
//! Source: `ldm/models/diffusion/ddpm.py` and `ldm/modules/ema.py` of the original repository.

use super::super::{Part, WeightKind};
use super::{Fate, Target, compvis_unet, compvis_vae, lavis};
use std::collections::BTreeMap;

/// What gives the naming away.
pub(super) const PREFIXES: [&str; 5] = [
    "model.diffusion_model.",
    "first_stage_model.",
    "cond_stage_model.",
    "blip2_stage_model.",
    "model_ema.",
];

const UNET: &str = "model.diffusion_model.";
const VAE: &str = "first_stage_model.";
const AVERAGE: &str = "model_ema.";

/// Tables of the noise schedule, which are computed from two numbers.
const SCHEDULE: [&str; 6] = [
    "betas",
    "alphas_cumprod",
    "sqrt_",
    "log_one_minus_",
    "posterior_",
    "logvar",
];

/// What becomes of every tensor.
pub(super) fn fates<'a>(names: impl Iterator<Item = &'a str> + Clone) -> BTreeMap<&'a str, Fate> {
    let unet = names.clone().filter_map(|name| name.strip_prefix(UNET));
    let vae = names.clone().filter_map(|name| name.strip_prefix(VAE));
    let (blocks, levels) = (compvis_unet::Blocks::of(unet), compvis_vae::levels(vae));
    let mut fates = BTreeMap::new();
    let mut averages = BTreeMap::new();
    for name in names.clone().filter(|name| !name.starts_with(AVERAGE)) {
        let fate = plain(name, &blocks, levels);
        if let (Some(inner), Fate::Into(target)) = (name.strip_prefix("model."), &fate) {
            let mut target = target.clone();
            target.kind = WeightKind::Ema;
            averages.insert(inner.replace('.', ""), target);
        }
        fates.insert(name, fate);
    }
    for name in names {
        if let Some(flat) = name.strip_prefix(AVERAGE) {
            let fate = match averages.remove(flat) {
                Some(target) => Fate::Into(target),
                None if matches!(flat, "decay" | "num_updates") => {
                    Fate::Left("a counter of the running average")
                }
                None => Fate::Unknown,
            };
            fates.insert(name, fate);
        }
    }
    fates
}

fn plain(name: &str, blocks: &compvis_unet::Blocks, levels: usize) -> Fate {
    if let Some(rest) = name.strip_prefix(UNET) {
        return blocks.fate(rest);
    }
    if let Some(rest) = name.strip_prefix(VAE) {
        return compvis_vae::fate(rest, levels);
    }
    if let Some(rest) = name.strip_prefix("blip2_stage_model.") {
        return lavis::fate(rest);
    }
    if let Some(rest) = name.strip_prefix("cond_stage_model.transformer.") {
        return clip_text(rest);
    }
    if let Some(rest) = name.strip_prefix("cond_stage_model.transformer_t5.") {
        return match rest {
            "encoder.embed_tokens.weight" => Fate::Left("the same as shared.weight"),
            _ => Fate::Into(Target::copy(Part::SentenceEncoder, rest)),
        };
    }
    if let Some(rest) = name.strip_prefix("model.")
        && (rest.starts_with("mlp.") || rest.starts_with("latent_mlp."))
    {
        return Fate::Into(Target::copy(Part::Adapter, rest));
    }
    if SCHEDULE.iter().any(|prefix| name.starts_with(prefix)) {
        return Fate::Left("a table of the noise schedule");
    }
    if name.starts_with("cond_stage_model.model.") {
        return Fate::Left("OpenCLIP's text tower of Stable Diffusion 2, which cannot be used");
    }
    Fate::Unknown
}

/// CLIP's text tower; some checkpoints leave out the first level of its names.
fn clip_text(rest: &str) -> Fate {
    if rest.ends_with("position_ids") {
        return Fate::Left("an index 0, 1, 2, …");
    }
    let name = match rest.strip_prefix("text_model.") {
        Some(_) => rest.to_owned(),
        None => format!("text_model.{rest}"),
    };
    Fate::Into(Target::copy(Part::TextEncoder, name))
}
