//! The cases of `blip2`: forward, losses, generation.

use super::{Case, Folder, TestResult};
use candle_core::{DType, Device, Tensor};
use lgd_studio::models::blip2::{Blip2, Blip2Config, Latent};
use lgd_studio::models::generation::{
    AnswerRng, GenerationSettings, Hypothesis, Sampling, pad_sequences,
};
use lgd_studio::nn::{WeightSource, Weights};
use lgd_studio::train::loss;
use serde_json::Value;
use std::path::Path;

#[test]
fn golden_blip2() -> TestResult {
    let folder = Folder::open("blip2")?;
    let model = load(&folder.path)?;
    let forward = folder.case("forward")?;
    folder.run_all(|case| match case.name.as_str() {
        "forward" => run_forward(&model, case),
        "weighted_ce" => weighted_ce(case),
        "latent_padded45" => {
            let queries = model.query_output(&forward.input("pixel_values")?)?;
            let mask = case.input("attention_mask")?;
            let latent = model.encode(&queries, &case.input("input_ids")?, Some(&mask))?;
            case.check("encoder_last_hidden_state", &latent.hidden_states)
        }
        name if name.starts_with("generate_") => generate(&model, case, &encode(&model, forward)?),
        name => Err(format!("unknown case {name}").into()),
    })
}

/// A BLIP-2 folder: `config.json` and `model.safetensors`.
pub fn load(folder: &Path) -> TestResult<Blip2> {
    let config: Blip2Config =
        serde_json::from_str(&std::fs::read_to_string(folder.join("config.json"))?)?;
    let weights = open(&folder.join("model.safetensors"))?;
    let model = Blip2::load(&config, &weights)?;
    weights.finish()?;
    Ok(model)
}

/// One safetensors file in f32 on the CPU.
pub fn open(file: &Path) -> TestResult<Weights> {
    let sources = [WeightSource::File(file.to_path_buf())];
    Ok(Weights::open(&sources, DType::F32, &Device::Cpu)?)
}

/// Settings as the fixtures write them.
pub fn settings(params: &Value) -> TestResult<GenerationSettings> {
    let number = |name: &str| params[name].as_u64().map(|n| n as usize);
    let defaults = GenerationSettings::beams(1, 1);
    Ok(GenerationSettings {
        num_beams: number("num_beams").ok_or("no num_beams")?,
        max_new_tokens: number("max_new_tokens").ok_or("no max_new_tokens")?,
        min_length: number("min_length").unwrap_or(0),
        length_penalty: params["length_penalty"]
            .as_f64()
            .unwrap_or(defaults.length_penalty),
        sampling: None,
    })
}

/// The best answer of every sample, side by side.
pub fn best(model: &Blip2, answers: &[Vec<Hypothesis>]) -> TestResult<Tensor> {
    let ids: Vec<&[u32]> = answers
        .iter()
        .filter_map(|sample| Some(sample.first()?.ids.as_slice()))
        .collect();
    let pad = model.config().text_config.pad_token_id;
    Ok(pad_sequences(&ids, pad, &Device::Cpu)?)
}

fn encode(model: &Blip2, case: &Case) -> TestResult<Latent> {
    let queries = model.query_output(&case.input("pixel_values")?)?;
    let mask = case.input("attention_mask")?;
    Ok(model.encode(&queries, &case.input("input_ids")?, Some(&mask))?)
}

fn run_forward(model: &Blip2, case: &Case) -> TestResult {
    let image_embeds = model.image_embeds(&case.input("pixel_values")?)?;
    case.check("vision_last_hidden_state", &image_embeds)?;
    let queries = model.read_image(&image_embeds)?;
    case.check("qformer_last_hidden_state", &queries)?;
    let queries = model.project(&queries)?;
    case.check("language_projection", &queries)?;
    let (ids, mask) = (case.input("input_ids")?, case.input("attention_mask")?);
    let (embeds, full_mask) = model.inputs(&queries, &ids, Some(&mask))?;
    case.check("encoder_inputs_embeds", &embeds)?;
    case.check("encoder_attention_mask", &full_mask)?;
    let latent = model.encode(&queries, &ids, Some(&mask))?;
    case.check("encoder_last_hidden_state", &latent.hidden_states)?;
    let labels = case.input("labels")?;
    let logits = model.logits(&latent, &labels, None)?;
    case.check("logits", &logits)?;
    let per_sample = loss::cross_entropy_per_sample(&logits, &labels)?;
    case.check("ce_per_sample", &per_sample)?;
    // The mean over all tokens weighs samples by their length.
    let lengths = labels.ne(loss::IGNORED)?.to_dtype(DType::F32)?.sum(1)?;
    let mean = loss::weighted_cross_entropy(&logits, &labels, &lengths)?;
    case.check("ce_loss", &mean.reshape(1)?)
}

fn weighted_ce(case: &Case) -> TestResult {
    let (logits, labels) = (case.input("logits")?, case.input("labels")?);
    let some_zero = case.input("w_some_zero")?;
    for (name, weights) in [
        ("loss_all_ones", some_zero.ones_like()?),
        ("loss_some_zero", some_zero.clone()),
        ("loss_all_zero", some_zero.zeros_like()?),
    ] {
        let loss = loss::weighted_cross_entropy(&logits, &labels, &weights)?;
        case.check(name, &loss.reshape(1)?)?;
    }
    Ok(())
}

fn generate(model: &Blip2, case: &Case, latent: &Latent) -> TestResult {
    let settings = settings(&case.params["generate"])?;
    let answers = model.generate(latent, &settings, &mut AnswerRng::from_seed(0))?;
    case.check("sequences", &best(model, &answers)?)?;
    if case
        .expected_names()
        .iter()
        .any(|n| n == "sequences_scores")
    {
        let scores: Vec<f32> = answers
            .iter()
            .filter_map(|sample| Some(sample.first()?.score as f32))
            .collect();
        let count = scores.len();
        case.check(
            "sequences_scores",
            &Tensor::from_vec(scores, count, &Device::Cpu)?,
        )?;
    }
    Ok(())
}

#[test]
fn golden_blip2_sampled_answers_follow_their_seed() -> TestResult {
    let folder = Folder::open("blip2")?;
    let model = load(&folder.path)?;
    let latent = encode(&model, folder.case("forward")?)?;
    for num_beams in [1, 5] {
        let settings = GenerationSettings {
            sampling: Some(Sampling::default()),
            ..GenerationSettings::beams(num_beams, 12)
        };
        let write = |seed| model.generate(&latent, &settings, &mut AnswerRng::from_seed(seed));
        let first = write(1)?;
        assert_eq!(first, write(1)?, "the same seed");
        assert!((2..8).any(|seed| write(seed).is_ok_and(|other| other != first)));
        for sample in &first {
            assert_eq!(sample.len(), num_beams);
            assert!(sample.windows(2).all(|pair| pair[0].score >= pair[1].score));
        }
    }
    Ok(())
}
