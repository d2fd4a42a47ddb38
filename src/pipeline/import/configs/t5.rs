//! The config of a T5.

use super::{Inferred, Shapes, size};
use serde_json::{Value, json};

/// `prefix` stands before the names, `activation` is the inner activation of a gated T5.
pub(super) fn infer(shapes: &Shapes<'_>, prefix: &str, activation: &str) -> Option<Inferred> {
    let at = |name: &str| format!("{prefix}{name}");
    let block = "encoder.block.0.layer";
    let heads = at(&format!(
        "{block}.0.SelfAttention.relative_attention_bias.weight"
    ));
    let query = at(&format!("{block}.0.SelfAttention.q.weight"));
    let gated = shapes.has(&at(&format!("{block}.1.DenseReluDense.wi_0.weight")));
    let inner = if gated { "wi_0" } else { "wi" };
    let inner = at(&format!("{block}.1.DenseReluDense.{inner}.weight"));
    let layers = shapes.count(&at("encoder.block."));
    let decoder = shapes.count(&at("decoder.block."));
    let number = shapes.dim(&heads, 1).filter(|&n| n > 0)?;
    let config = json!({
        "architectures": [if decoder > 0 { "T5ForConditionalGeneration" } else { "T5EncoderModel" }],
        "model_type": "t5",
        "d_ff": shapes.dim(&inner, 0)?,
        "d_kv": shapes.dim(&query, 0)? / number,
        "d_model": shapes.dim(&query, 1)?,
        "decoder_start_token_id": 0,
        "dense_act_fn": if gated { activation } else { "relu" },
        "eos_token_id": 1,
        "feed_forward_proj": if gated { "gated-gelu" } else { "relu" },
        "is_encoder_decoder": true,
        "is_gated_act": gated,
        "layer_norm_epsilon": 1e-6,
        "num_decoder_layers": if decoder > 0 { decoder } else { layers },
        "num_heads": number,
        "num_layers": layers,
        "pad_token_id": 0,
        "relative_attention_max_distance": 128,
        "relative_attention_num_buckets": shapes.dim(&heads, 0)?,
        "tie_word_embeddings": decoder > 0 && !shapes.has(&at("lm_head.weight")),
        "vocab_size": shapes.dim(&at("shared.weight"), 0)?,
    });
    Some(Inferred {
        config,
        assumed: Vec::new(),
    })
}

pub(super) fn architecture(config: &Value) -> Option<String> {
    let (width, layers) = (size(config, "d_model")?, size(config, "num_layers")?);
    Some(match (width, layers) {
        (4096, 24) => "Flan-T5-XXL".to_owned(),
        (2048, 24) => "Flan-T5-XL".to_owned(),
        (1024, 24) => "Flan-T5-Large".to_owned(),
        (768, 12) => "Flan-T5-Base".to_owned(),
        _ => format!("a T5 of {layers} layers, width {width}"),
    })
}
