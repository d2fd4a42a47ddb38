//! The configs of CLIP: its text tower by itself, and both towers.

use super::{Inferred, Shapes, heads, size};
use serde_json::{Value, json};

/// Width of a head in every published CLIP.
const HEAD_WIDTH: usize = 64;

fn text(shapes: &Shapes<'_>, assumed: &mut Vec<String>) -> Option<Value> {
    let vocabulary = shapes.dim("text_model.embeddings.token_embedding.weight", 0)?;
    let width = shapes.dim("text_model.embeddings.token_embedding.weight", 1)?;
    Some(json!({
        "model_type": "clip_text_model",
        "bos_token_id": vocabulary.saturating_sub(2),
        "eos_token_id": vocabulary.saturating_sub(1),
        "hidden_act": "quick_gelu",
        "hidden_size": width,
        "intermediate_size": shapes.dim("text_model.encoder.layers.0.mlp.fc1.weight", 0)?,
        "layer_norm_eps": 1e-5,
        "max_position_embeddings": shapes.dim("text_model.embeddings.position_embedding.weight", 0)?,
        "num_attention_heads": heads(width, HEAD_WIDTH, "CLIP's text tower", assumed),
        "num_hidden_layers": shapes.count("text_model.encoder.layers."),
        "projection_dim": shapes.dim("text_projection.weight", 0).unwrap_or(width),
        "vocab_size": vocabulary,
    }))
}

pub(super) fn infer_text(shapes: &Shapes<'_>) -> Option<Inferred> {
    let mut assumed = Vec::new();
    let mut config = text(shapes, &mut assumed)?;
    config["architectures"] = json!(["CLIPTextModel"]);
    Some(Inferred { config, assumed })
}

pub(super) fn infer(shapes: &Shapes<'_>) -> Option<Inferred> {
    let mut assumed = Vec::new();
    let text = text(shapes, &mut assumed)?;
    let patches = "vision_model.embeddings.patch_embedding.weight";
    let width = shapes.dim(patches, 0)?;
    let positions = shapes.dim("vision_model.embeddings.position_embedding.weight", 0)?;
    let patch = shapes.dim(patches, 2)?;
    let projection = shapes.dim("visual_projection.weight", 0)?;
    let config = json!({
        "architectures": ["CLIPModel"],
        "model_type": "clip",
        "projection_dim": projection,
        "text_config": text,
        "vision_config": {
            "model_type": "clip_vision_model",
            "hidden_act": "quick_gelu",
            "hidden_size": width,
            "image_size": positions.saturating_sub(1).isqrt().saturating_mul(patch),
            "intermediate_size": shapes.dim("vision_model.encoder.layers.0.mlp.fc1.weight", 0)?,
            "layer_norm_eps": 1e-5,
            "num_attention_heads": heads(width, HEAD_WIDTH, "CLIP's vision tower", &mut assumed),
            "num_channels": shapes.dim(patches, 1)?,
            "num_hidden_layers": shapes.count("vision_model.encoder.layers."),
            "patch_size": patch,
            "projection_dim": projection,
        },
    });
    Some(Inferred { config, assumed })
}

pub(super) fn text_architecture(config: &Value) -> Option<String> {
    let (width, layers) = (
        size(config, "hidden_size")?,
        size(config, "num_hidden_layers")?,
    );
    Some(match (width, layers) {
        (768, 12) => "the text tower of CLIP ViT-L/14".to_owned(),
        (512, 12) => "the text tower of CLIP ViT-B".to_owned(),
        _ => format!("a text tower of {layers} layers, width {width}"),
    })
}

pub(super) fn architecture(config: &Value) -> Option<String> {
    let vision = config.get("vision_config")?;
    // Published configs leave out what is the default: ViT-B/32.
    let field = |key, default| size(vision, key).unwrap_or(default);
    let (width, patch) = (field("hidden_size", 768), field("patch_size", 32));
    let side = field("image_size", 224);
    Some(match width {
        768 => format!("CLIP ViT-B/{patch}, {side} pixels"),
        1024 => format!("CLIP ViT-L/{patch}, {side} pixels"),
        _ => format!("CLIP of width {width}, patches of {patch} pixels, {side} pixels"),
    })
}
