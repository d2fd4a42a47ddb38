//! BLIP-2 under LAVIS's names.
//!
//! Source: `lavis/models/blip2_models` and `eva_vit.py` of LAVIS, against the names transformers
//! publishes. LAVIS keeps two of the three biases of the merged projection; the one of the keys is
//! zero. The embeddings and layers of the Q-Former that read text are not used with a T5.

use super::super::{Part, TensorOperation};
use super::{Fate, Target, exchanged, number};

/// What gives the naming away.
pub(super) const PREFIXES: [&str; 4] = ["Qformer.", "visual_encoder.", "t5_proj.", "t5_model."];

/// Names inside a block of the image encoder.
const VIT_BLOCK: [(&str, &str); 7] = [
    ("norm1.", "layer_norm1."),
    ("norm2.", "layer_norm2."),
    ("attn.qkv.", "self_attn.qkv."),
    ("attn.proj.", "self_attn.projection."),
    ("attn.q_bias", "self_attn.qkv.bias"),
    ("attn.v_bias", "self_attn.qkv.bias"),
    ("mlp.", "mlp."),
];

/// Names outside the blocks of the image encoder.
const VIT_ENDS: [(&str, &str); 3] = [
    ("cls_token", "vision_model.embeddings.class_embedding"),
    ("pos_embed", "vision_model.embeddings.position_embedding"),
    (
        "patch_embed.proj.",
        "vision_model.embeddings.patch_embedding.",
    ),
];

/// EVA's last block, which LAVIS leaves out: it takes the states before it.
const UNUSED_EVA_BLOCK: usize = 39;

/// What becomes of a tensor.
pub(super) fn fate(name: &str) -> Fate {
    if let Some(rest) = name.strip_prefix("visual_encoder.") {
        return vit(rest);
    }
    if let Some(rest) = name.strip_prefix("Qformer.") {
        return qformer(rest);
    }
    if let Some(rest) = name.strip_prefix("t5_model.") {
        return language(rest);
    }
    if name == "query_tokens" {
        return Fate::Into(Target::copy(Part::Blip2, name));
    }
    if name.starts_with("predictive_proj.") {
        return Fate::Into(Target::copy(Part::Adapter, name));
    }
    let ends = [
        ("t5_proj.", "language_projection."),
        ("ln_vision.", "vision_model.post_layernorm."),
    ];
    if let Some(name) = exchanged(name, &ends) {
        return Fate::Into(Target::copy(Part::Blip2, name));
    }
    let pretraining = ["vision_proj.", "text_proj.", "itm_head.", "temp"];
    if pretraining.iter().any(|prefix| name.starts_with(prefix)) {
        return Fate::Left("used in pretraining only");
    }
    Fate::Unknown
}

/// What becomes of a tensor of EVA's image encoder by itself.
pub(super) fn eva_fate(name: &str) -> Fate {
    match name.strip_prefix("blocks.").and_then(number) {
        Some((UNUSED_EVA_BLOCK.., _)) => Fate::Left("a block that BLIP-2 leaves out"),
        _ => vit(name),
    }
}

fn vit(rest: &str) -> Fate {
    if let Some(name) = exchanged(rest, &VIT_ENDS) {
        return Fate::Into(Target::copy(Part::Blip2, name));
    }
    if let Some((block, inner)) = rest.strip_prefix("blocks.").and_then(number) {
        let Some(name) = exchanged(inner, &VIT_BLOCK) else {
            let zero = matches!(inner, "attn.k_bias" | "attn.relative_position_index");
            return if zero {
                Fate::Left("always zero")
            } else {
                Fate::Unknown
            };
        };
        let name = format!("vision_model.encoder.layers.{block}.{name}");
        let mut target = Target::copy(Part::Blip2, name);
        if matches!(inner, "attn.q_bias" | "attn.v_bias") {
            target.operation = TensorOperation::QueryValueBias;
            target.order = usize::from(inner == "attn.v_bias");
        }
        return Fate::Into(target);
    }
    let others = ["norm.", "fc_norm.", "head.", "rope."];
    if others.iter().any(|prefix| rest.starts_with(prefix)) {
        return Fate::Left("the head of the classifier it once was");
    }
    Fate::Unknown
}

fn qformer(rest: &str) -> Fate {
    const TEXT: &str = "reads text, which the Q-Former does not do with a T5";
    if rest.starts_with("cls.") {
        return Fate::Left("used in pretraining only");
    }
    if let Some(rest) = rest.strip_prefix("bert.embeddings.") {
        return match rest.strip_prefix("LayerNorm.") {
            Some(inner) => Fate::Into(Target::copy(
                Part::Blip2,
                format!("qformer.layernorm.{inner}"),
            )),
            None => Fate::Left(TEXT),
        };
    }
    let layer = rest.strip_prefix("bert.encoder.layer.").and_then(number);
    let Some((layer, inner)) = layer else {
        return Fate::Unknown;
    };
    if inner.starts_with("intermediate.") || inner.starts_with("output.") {
        return Fate::Left(TEXT);
    }
    let table = [
        ("attention.self.", "attention.attention."),
        ("crossattention.self.", "crossattention.attention."),
    ];
    let inner = exchanged(inner, &table).unwrap_or_else(|| inner.to_owned());
    let name = format!("qformer.encoder.layer.{layer}.{inner}");
    Fate::Into(Target::copy(Part::Blip2, name))
}

fn language(rest: &str) -> Fate {
    match rest {
        "encoder.embed_tokens.weight" | "decoder.embed_tokens.weight" => {
            Fate::Left("the same as shared.weight")
        }
        _ => Fate::Into(Target::copy(Part::Blip2, format!("language_model.{rest}"))),
    }
}
