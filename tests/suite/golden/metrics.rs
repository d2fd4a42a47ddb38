//! CLIP, the metric's judge. The evaluator itself comes with `eval`.

use super::{Case, Folder, TestResult};
use crate::denoising::{config, weights};
use lgd_studio::models::clip::{Clip, ClipConfig, l2_normalized};

/// Cases of parts that do not exist yet.
const LATER: [&str; 1] = ["evaluator"];

#[test]
fn golden_metrics() -> TestResult {
    let mut folder = Folder::open("metrics")?;
    folder.cases.retain(|case| {
        let later = LATER.contains(&case.name.as_str());
        if later {
            report!("golden metrics {}: skipped, belongs to eval", case.name);
        }
        !later
    });
    folder.run_all(|case| match case.name.as_str() {
        "clip_forward" => clip_forward(case),
        name => Err(format!("unknown case {name}").into()),
    })
}

fn clip_forward(case: &Case) -> TestResult {
    let config: ClipConfig = config(&case.folder.join("config.json"))?;
    let weights = weights(&case.folder.join("model.safetensors"))?;
    let clip = Clip::load(&config, &weights)?;
    weights.finish()?;
    let pixel_values = case.input("pixel_values")?;
    let states = clip.vision().forward(&pixel_values)?;
    case.check("vision_last_hidden_state", &states)?;
    case.check("vision_pooled", &clip.vision().pooled(&states)?)?;
    let image_features = clip.image_features(&pixel_values)?;
    let text_features = clip.text_features(&case.input("input_ids")?)?;
    case.check("image_features", &image_features)?;
    case.check("text_features", &text_features)?;
    let image_embeds = l2_normalized(&image_features)?;
    let text_embeds = l2_normalized(&text_features)?;
    case.check("image_embeds", &image_embeds)?;
    case.check("text_embeds", &text_embeds)?;
    let logits = clip.logits_per_image(&image_embeds, &text_embeds)?;
    case.check("logits_per_image", &logits)
}
