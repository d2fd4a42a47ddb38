//! The config of BLIP-2 with a T5.

use super::{Inferred, Shapes, heads, size, t5};
use serde_json::{Value, json};

/// Width of a head of EVA ViT-g.
const VIT_HEAD_WIDTH: usize = 88;
/// Width of a head of the Q-Former.
const QFORMER_HEAD_WIDTH: usize = 64;

pub(super) fn infer(shapes: &Shapes<'_>) -> Option<Inferred> {
    // BLIP-2 computes its T5 with the exact GELU.
    let text = t5::infer(shapes, "language_model.", "gelu");
    let mut assumed = Vec::new();
    let vision = vision(shapes, &mut assumed);
    let qformer = qformer(shapes, &mut assumed);
    // Parts of it may come from other files; what is there is described.
    if text.is_none() && vision.is_none() && qformer.is_none() {
        return None;
    }
    let mut config = json!({
        "architectures": ["Blip2ForConditionalGeneration"],
        "model_type": "blip-2",
        "num_query_tokens": shapes.dim("query_tokens", 1).unwrap_or(32),
        "use_decoder_only_language_model": false,
    });
    for (key, value) in [
        ("vision_config", vision),
        ("qformer_config", qformer),
        ("text_config", text.map(|t| t.config)),
    ] {
        if let Some(value) = value {
            config[key] = value;
        }
    }
    Some(Inferred { config, assumed })
}

fn vision(shapes: &Shapes<'_>, assumed: &mut Vec<String>) -> Option<Value> {
    let patches = "vision_model.embeddings.patch_embedding.weight";
    let (width, patch) = (shapes.dim(patches, 0)?, shapes.dim(patches, 2)?);
    let positions = shapes.dim("vision_model.embeddings.position_embedding", 1)?;
    Some(json!({
        "model_type": "blip_2_vision_model",
        "hidden_act": "gelu",
        "hidden_size": width,
        "image_size": positions.saturating_sub(1).isqrt().saturating_mul(patch),
        "intermediate_size": shapes.dim("vision_model.encoder.layers.0.mlp.fc1.weight", 0)?,
        "layer_norm_eps": 1e-6,
        "num_attention_heads": heads(width, VIT_HEAD_WIDTH, "BLIP-2's image encoder", assumed),
        "num_hidden_layers": shapes.count("vision_model.encoder.layers."),
        "patch_size": patch,
        "qkv_bias": shapes.has("vision_model.encoder.layers.0.self_attn.qkv.bias"),
    }))
}

fn qformer(shapes: &Shapes<'_>, assumed: &mut Vec<String>) -> Option<Value> {
    let layer = |i: usize| format!("qformer.encoder.layer.{i}");
    let first = layer(0);
    let width = shapes.dim(&format!("{first}.attention.attention.query.weight"), 0)?;
    let layers = shapes.count("qformer.encoder.layer.");
    let looks = |i: &usize| shapes.any(&format!("{}.crossattention.", layer(*i)));
    Some(json!({
        "model_type": "blip_2_qformer",
        "cross_attention_frequency": (1..layers).find(looks).unwrap_or(layers.clamp(1, 2)),
        "encoder_hidden_size":
            shapes.dim(&format!("{first}.crossattention.attention.key.weight"), 1)?,
        "hidden_act": "gelu",
        "hidden_size": width,
        "intermediate_size": shapes.dim(&format!("{first}.intermediate_query.dense.weight"), 0)?,
        "layer_norm_eps": 1e-12,
        "num_attention_heads": heads(width, QFORMER_HEAD_WIDTH, "Q-Former", assumed),
        "num_hidden_layers": layers,
    }))
}

pub(super) fn architecture(config: &Value) -> Option<String> {
    let language = config.get("text_config").map(|text| {
        // Published configs leave out what is the default.
        t5::architecture(text).unwrap_or_else(|| "a T5".to_owned())
    });
    let vision = config.get("vision_config").map(|vision| {
        let (width, side) = (size(vision, "hidden_size"), size(vision, "image_size"));
        let name = match width.unwrap_or(1408) {
            1408 => "EVA ViT-g".to_owned(),
            width => format!("a ViT of width {width}"),
        };
        format!("{name} at {} pixels", side.unwrap_or(224))
    });
    let parts: Vec<String> = [language, vision].into_iter().flatten().collect();
    if parts.is_empty() {
        return Some("the Q-Former alone".to_owned());
    }
    Some(parts.join(", "))
}
