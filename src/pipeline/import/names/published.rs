//! Networks under the names transformers and diffusers publish: which network it is.

use super::super::{Part, TensorOperation, WeightKind};
use super::{Fate, Target};

/// The part these tensors are; `any` says whether any name begins with one of the given prefixes.
pub(super) fn part(any: impl Fn(&[&str]) -> bool) -> Option<Part> {
    let both = |one, other| any(&[one]) && any(&[other]);
    if any(&["qformer.", "language_projection."]) {
        Some(Part::Blip2)
    } else if both("conv_in.", "down_blocks.") {
        Some(Part::Unet)
    } else if any(&["encoder.down_blocks.", "decoder.up_blocks."]) {
        Some(Part::Vae)
    } else if both("vision_model.", "text_model.") {
        Some(Part::Clip)
    } else if any(&["text_model."]) {
        Some(Part::TextEncoder)
    } else if any(&["encoder.block.0."]) {
        Some(Part::SentenceEncoder)
    } else if any(&["mlp.weight", "latent_mlp.weight"]) {
        Some(Part::Adapter)
    } else {
        None
    }
}

/// What becomes of a tensor of that part.
pub(super) fn fate(part: Part, name: &str) -> Fate {
    if name.ends_with("position_ids") {
        return Fate::Left("an index 0, 1, 2, …");
    }
    match part {
        Part::Blip2 | Part::SentenceEncoder if name.ends_with("embed_tokens.weight") => {
            Fate::Left("the same as shared.weight")
        }
        Part::SentenceEncoder if name.starts_with("decoder.") || name == "lm_head.weight" => {
            Fate::Left("writes text, which reading sentences does not need")
        }
        Part::Adapter => {
            let (kind, name) = match name.strip_prefix("ema.") {
                Some(name) => (WeightKind::Ema, name),
                None => (WeightKind::Plain, name),
            };
            let known = ["mlp.", "latent_mlp.", "predictive_proj."];
            if !known.iter().any(|prefix| name.starts_with(prefix)) {
                return Fate::Unknown;
            }
            let mut target = Target::copy(part, name);
            target.kind = kind;
            Fate::Into(target)
        }
        Part::Vae => Fate::Into(vae(name)),
        _ => Fate::Into(Target::copy(part, name)),
    }
}

/// Old diffusers called the VAE's attention differently.
fn vae(name: &str) -> Target {
    let old = [
        ("query.", "to_q."),
        ("key.", "to_k."),
        ("value.", "to_v."),
        ("proj_attn.", "to_out.0."),
    ];
    if let Some((block, inner)) = name.split_once(".attentions.0.")
        && let Some(inner) = super::exchanged(inner, &old)
    {
        let mut target = Target::copy(Part::Vae, format!("{block}.attentions.0.{inner}"));
        if inner.ends_with(".weight") {
            target.operation = TensorOperation::Squeeze;
        }
        return target;
    }
    Target::copy(Part::Vae, name)
}
