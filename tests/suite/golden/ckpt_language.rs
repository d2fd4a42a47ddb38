//! The language cases of `ckpt`: the image encoder, the Q-Former and both T5s of a converted
//! checkpoint, and the resized position table.

use super::blip2::{load, open};
use super::{Case, TestResult};
use lgd_studio::models::eva_vit::resize_positions;
use lgd_studio::models::t5::{Activation, T5Config, T5Encoder};

/// Names of the cases in this file.
pub const CASES: [&str; 4] = [
    "eva_vit",
    "qformer",
    "t5_encoders",
    "pos_embed_interpolation",
];

/// Runs one of [`CASES`].
pub fn run(case: &Case) -> TestResult {
    match case.name.as_str() {
        "eva_vit" => eva_vit(case),
        "qformer" => qformer(case),
        "t5_encoders" => t5_encoders(case),
        "pos_embed_interpolation" => pos_embed_interpolation(case),
        name => Err(format!("unknown case {name}").into()),
    }
}

/// The plain-text T5 of the converted checkpoint.
pub fn text_encoder(hf: &std::path::Path) -> TestResult<T5Encoder> {
    let folder = hf.join("t5_encoder");
    let config: T5Config =
        serde_json::from_str(&std::fs::read_to_string(folder.join("config.json"))?)?;
    let weights = open(&folder.join("model.safetensors"))?;
    let encoder = T5Encoder::load(&config, &weights)?;
    weights.finish()?;
    Ok(encoder)
}

fn eva_vit(case: &Case) -> TestResult {
    let model = load(&case.folder.join("hf/blip2"))?;
    let image = case.input("image")?;
    case.check("vit", &model.vision_model().forward_blocks(&image)?)?;
    case.check("ln_vision", &model.image_embeds(&image)?)
}

fn qformer(case: &Case) -> TestResult {
    let model = load(&case.folder.join("hf/blip2"))?;
    let queries = model.read_image(&case.input("image_embeds")?)?;
    case.check("last_hidden_state", &queries)?;
    case.check("t5_proj", &model.project(&queries)?)
}

fn t5_encoders(case: &Case) -> TestResult {
    let hf = case.folder.join("hf");
    let ids = case.input("input_ids")?;
    case.check("cond_stage_t5", &text_encoder(&hf)?.forward(&ids)?)?;
    let model = load(&hf.join("blip2"))?;
    case.check("blip2_t5", &model.encode_text(&ids, None)?)?;
    let encoder = model.language_model().encoder();
    let encoder = encoder.with_activation(Activation::GeluTanh);
    case.check("blip2_t5_weights_with_tanh_gelu", &encoder.forward(&ids)?)
}

fn pos_embed_interpolation(case: &Case) -> TestResult {
    for name in case.expected_names() {
        // `from_4_to_7` resizes `from_4` to 7 by 7 entries.
        let (source, side) = name.rsplit_once("_to_").ok_or("unknown name")?;
        let side: usize = side.parse()?;
        case.check(&name, &resize_positions(&case.input(source)?, side, side)?)?;
    }
    Ok(())
}
