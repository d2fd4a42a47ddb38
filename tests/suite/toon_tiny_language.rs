//! The embedded bundle's language half against its recorded runs: pixels to queries to latent to
//! the written answer, texts to contexts.

use candle_core::{DType, Device, Tensor};
use lgd_studio::models::blip2::{Blip2, Blip2Config};
use lgd_studio::models::generation::{AnswerRng, GenerationSettings};
use lgd_studio::models::tokenizer::{TextTokenizer, stack};
use lgd_studio::models::translator::LatentTranslator;
use lgd_studio::nn::{WeightSource, Weights};
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

type TestResult<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn bundle() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/toon-tiny")
}

fn json(name: &str) -> TestResult<Value> {
    Ok(serde_json::from_slice(&std::fs::read(
        bundle().join(name),
    )?)?)
}

fn weights(name: &str) -> TestResult<Weights> {
    let sources = [WeightSource::File(bundle().join(name))];
    Ok(Weights::open(&sources, DType::F32, &Device::Cpu)?)
}

fn load() -> TestResult<(Blip2, TextTokenizer)> {
    let config: Blip2Config = serde_json::from_value(json("blip2/config.json")?)?;
    let weights = weights("blip2/model.safetensors")?;
    let model = Blip2::load(&config, &weights)?;
    weights.finish()?;
    Ok((model, TextTokenizer::from_folder(&bundle().join("blip2"))?))
}

/// A frame of bytes (H, W, 3) as `pixel_values` (1, 3, H, W).
fn pixel_values(frame: &Tensor) -> TestResult<Tensor> {
    let about = json("blip2/preprocessor_config.json")?;
    let three = |name: &str| -> TestResult<Tensor> {
        let values: Vec<f32> = serde_json::from_value(about[name].clone())?;
        Ok(Tensor::from_vec(values, (1, 3, 1, 1), &Device::Cpu)?)
    };
    let frame = frame.to_dtype(DType::F32)?.permute((2, 0, 1))?;
    let frame = (frame.unsqueeze(0)?.contiguous()? / 255.0)?;
    Ok(frame
        .broadcast_sub(&three("image_mean")?)?
        .broadcast_div(&three("image_std")?)?)
}

fn assert_close(what: &str, actual: &Tensor, expected: &Tensor, allowed: f32) -> TestResult {
    assert_eq!(actual.dims(), expected.dims(), "{what}");
    let error = (actual - expected)?.abs()?.max_all()?.to_scalar::<f32>()?;
    println!("toon-tiny {what}: largest error {error:.2e}");
    assert!(error <= allowed, "{what}: {error:.2e} > {allowed:.2e}");
    Ok(())
}

#[test]
fn toon_tiny_reads_and_answers_as_recorded() -> TestResult {
    let (model, tokenizer) = load()?;
    let recorded: HashMap<String, Tensor> =
        candle_core::safetensors::load(bundle().join("test_vectors.safetensors"), &Device::Cpu)?;
    let about = json("lgd.json")?;
    let length = about["text"]["max_length"].as_u64().ok_or("no length")? as usize;
    let width = |name: &str| -> TestResult<usize> {
        Ok(about["dims"][name].as_u64().ok_or("no width")? as usize)
    };
    let adapter = weights("adapter/adapter.safetensors")?;
    let translator = LatentTranslator::load(width("text")?, width("cross_attention")?, &adapter)?;
    adapter.finish()?;
    let null = tokenizer.encode_padded("", length)?;
    let (null_ids, _) = stack(&[null], &Device::Cpu)?;
    let null_text = model.encode_text(&null_ids, None)?;

    for sample in json("test_vectors.json")?["samples"]
        .as_array()
        .ok_or("no samples")?
    {
        let text = |name: &str| sample[name].as_str().ok_or(format!("no {name}"));
        let prefix = text("prefix")?;
        let tensor = |name: &str| -> TestResult<Tensor> {
            let name = format!("{prefix}{name}");
            Ok(recorded.get(&name).ok_or(name)?.clone())
        };
        let ids_of = |name: &str| -> TestResult<Vec<u32>> {
            Ok(tensor(name)?.to_dtype(DType::U32)?.to_vec1::<u32>()?)
        };
        // 1. The question.
        let question = tokenizer.encode_padded(text("question")?, length)?;
        assert_eq!(question.ids, ids_of("question_ids")?);
        assert_eq!(question.mask, ids_of("question_mask")?);
        let (ids, mask) = stack(&[question], &Device::Cpu)?;
        // 2. The picture and the latent.
        let image_embeds = model.image_embeds(&pixel_values(&tensor("frame_u8")?)?)?;
        let queries = model.read_image(&image_embeds)?;
        let expected = tensor("query_output")?.unsqueeze(0)?;
        assert_close("query_output", &queries, &expected, 1e-4)?;
        let latent = model.encode(&model.project(&queries)?, &ids, Some(&mask))?;
        let expected = tensor("blip2_latent")?.unsqueeze(0)?;
        assert_close("blip2_latent", &latent.hidden_states, &expected, 1e-4)?;
        // 3. The answer, exact.
        let settings = GenerationSettings::greedy(length);
        let rng = &mut AnswerRng::from_seed(0);
        let answers = model.generate(&latent, &settings, rng)?;
        let answer = &answers[0][0];
        assert_eq!(answer.ids, ids_of("answer_ids")?);
        let written = tokenizer.decode(&answer.ids)?;
        assert_eq!(written, text("answer")?);
        // 4. Texts and contexts.
        let expected = tensor("null_text")?.unsqueeze(0)?;
        assert_close("null_text", &null_text, &expected, 1e-4)?;
        let (ids, _) = stack(&[tokenizer.encode_padded(&written, length)?], &Device::Cpu)?;
        let answer_text = model.encode_text(&ids, None)?;
        let expected = tensor("answer_text")?.unsqueeze(0)?;
        assert_close("answer_text", &answer_text, &expected, 1e-4)?;
        let context = translator.context(&latent.hidden_states, &null_text)?;
        let expected = tensor("context")?.unsqueeze(0)?;
        assert_close("context", &context, &expected, 1e-4)?;
        let null_context = translator.context(&null_text, &null_text)?;
        let expected = tensor("null_context")?.unsqueeze(0)?;
        assert_close("null_context", &null_context, &expected, 1e-4)?;
    }
    Ok(())
}

#[test]
fn toon_tiny_beams_agree_with_greedy_and_cut_questions_are_reported() -> TestResult {
    let (model, tokenizer) = load()?;
    let long = tokenizer.encode_padded(&"What happens when the sun goes down? ".repeat(9), 24)?;
    assert_eq!((long.ids.len(), long.tokens()), (24, 24));
    assert!(long.cut > 0);
    let recorded: HashMap<String, Tensor> =
        candle_core::safetensors::load(bundle().join("test_vectors.safetensors"), &Device::Cpu)?;
    let frame = recorded.get("s0.frame_u8").ok_or("no frame")?;
    let question = tokenizer.encode_padded("What happens when the mouse has an appetite?", 24)?;
    let (ids, mask) = stack(&[question], &Device::Cpu)?;
    let queries = model.query_output(&pixel_values(frame)?)?;
    let latent = model.encode(&queries, &ids, Some(&mask))?;
    let write = |settings: &GenerationSettings| {
        model.generate(&latent, settings, &mut AnswerRng::from_seed(3))
    };
    let greedy = write(&GenerationSettings::greedy(24))?;
    let beams = write(&GenerationSettings::beams(5, 24))?;
    assert_eq!(beams[0].len(), 5);
    // The trained model is sure of its answer: the widest search finds what the first step began.
    assert_eq!(beams[0][0].ids, greedy[0][0].ids);
    let paper = write(&GenerationSettings::paper())?;
    assert_eq!(paper, write(&GenerationSettings::paper())?);
    println!(
        "toon-tiny sampled: {:?}",
        tokenizer.decode(&paper[0][0].ids)
    );
    Ok(())
}
