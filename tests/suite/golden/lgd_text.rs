//! The language cases of `lgd`: text conditioning, the latent, the answer, the contrastive loss.

use super::blip2::{best, load, open, settings};
use super::ckpt_language::text_encoder;
use super::{Case, TestResult};
use candle_core::{DType, Device, Tensor, Var};
use lgd_studio::models::generation::AnswerRng;
use lgd_studio::models::tokenizer::TextTokenizer;
use lgd_studio::models::translator::LatentTranslator;
use lgd_studio::train::loss::{self, CpcMethod};
use std::path::PathBuf;

/// Names of the cases that this file runs whole.
pub const CASES: [&str; 5] = [
    "validation_latent",
    "answer_generation",
    "eos_position",
    "cpc_loss",
    "cpc_batch",
];

/// Runs one of [`CASES`].
pub fn run(case: &Case) -> TestResult {
    match case.name.as_str() {
        "validation_latent" => validation_latent(case),
        "answer_generation" => answer_generation(case),
        "eos_position" => eos_position(case),
        "cpc_loss" => cpc_loss(case),
        "cpc_batch" => cpc_batch(case),
        name => Err(format!("unknown case {name}").into()),
    }
}

/// The converted weights, which live beside the `lgd` folder.
pub fn hf(case: &Case) -> PathBuf {
    case.folder.join("../ckpt/hf")
}

/// Texts of a case's parameters.
pub fn texts(case: &Case, name: &str) -> TestResult<Vec<String>> {
    let list = case.params[name].as_array().ok_or("no texts")?;
    Ok(list
        .iter()
        .filter_map(|text| text.as_str().map(str::to_owned))
        .collect())
}

/// The tokenizer of both T5s.
pub fn tokenizer(case: &Case) -> TestResult<TextTokenizer> {
    Ok(TextTokenizer::from_folder(&hf(case).join("t5_tokenizer"))?)
}

/// An input of whole numbers.
pub fn numbers(case: &Case, name: &str) -> TestResult<Vec<usize>> {
    let numbers = case.input(name)?.to_dtype(DType::U32)?.to_vec1::<u32>()?;
    Ok(numbers.into_iter().map(|n| n as usize).collect())
}

/// Encodes `texts` to `length` ids and compares them with the recorded ones.
fn check_ids(case: &Case, texts: &[String], ids: &Tensor) -> TestResult {
    let tokenizer = tokenizer(case)?;
    let (_, length) = ids.dims2()?;
    let expected = ids.to_dtype(DType::U32)?.to_vec2::<u32>()?;
    for (text, expected) in texts.iter().zip(&expected) {
        let encoded = tokenizer.encode_padded(text, length)?;
        if &encoded.ids != expected {
            return Err(format!("{text:?} gives {:?}, expected {expected:?}", encoded.ids).into());
        }
    }
    Ok(())
}

/// The T5 half of case `text_conditioning`; its CLIP half is compared elsewhere.
pub fn text_conditioning_t5(case: &Case) -> TestResult {
    let ids = case.input("t5_input_ids")?;
    check_ids(case, &texts(case, "texts")?, &ids)?;
    case.check("t5", &text_encoder(&hf(case))?.forward(&ids)?)
}

/// The context half of case `diffusion_wrapper_hybrid`: returns the contexts of the full and of the
/// bypassed first stream, for the UNet's half.
pub fn diffusion_wrapper_contexts(case: &Case) -> TestResult<(Tensor, Tensor)> {
    let number = |name: &str| {
        let value = case.params[name].as_u64();
        value.map(|n| n as usize).ok_or(format!("no {name}"))
    };
    let weights = open(&hf(case).join("lgd_adapters.safetensors"))?;
    let (text, context) = (number("T5_width")?, number("unet_context_width")?);
    let translator = LatentTranslator::load(text, context, &weights)?;
    let (c0, c1) = (case.input("c0")?, case.input("c1")?);
    case.check("latent_mlp_c0", &translator.translate_latent(&c0)?)?;
    let context = translator.context(&c0, &c1)?;
    case.check("context", &context)?;
    let bypassed = translator.context(&case.input("c0_unet_width")?, &c1)?;
    Ok((context, bypassed))
}

fn validation_latent(case: &Case) -> TestResult {
    let model = load(&hf(case).join("blip2"))?;
    let (ids, mask) = (case.input("input_ids")?, case.input("attention_mask")?);
    check_ids(case, &texts(case, "text")?, &ids)?;
    let queries = model.query_output(&case.input("blip2_image")?)?;
    let latent = model.encode(&queries, &ids, Some(&mask))?;
    case.check("latent", &latent.hidden_states)?;
    // The answer at validation is a stand-in with weight 0.
    let logits = model.logits(&latent, &ids, None)?;
    let weights = Tensor::zeros(ids.dim(0)?, DType::F32, &Device::Cpu)?;
    let loss = loss::weighted_cross_entropy(&logits, &ids, &weights)?;
    case.check("ce_loss", &loss.reshape(1)?)
}

fn answer_generation(case: &Case) -> TestResult {
    let model = load(&hf(case).join("blip2"))?;
    let queries = model.query_output(&case.input("blip2_image")?)?;
    let latent = model.encode(&queries, &case.input("input_ids")?, None)?;
    let settings = settings(&case.params)?;
    let answers = model.generate(&latent, &settings, &mut AnswerRng::from_seed(0))?;
    case.check("sequences", &best(&model, &answers)?)
}

fn eos_position(case: &Case) -> TestResult {
    let ids = case.input("input_ids")?;
    check_ids(case, &texts(case, "texts")?, &ids)?;
    let (_, length) = ids.dims2()?;
    let model = load(&hf(case).join("blip2"))?;
    let queries = model.config().num_query_tokens;
    let mask = case.input("attention_mask")?.to_dtype(DType::U32)?;
    let positions: Vec<i64> = mask
        .sum(1)?
        .to_vec1::<u32>()?
        .into_iter()
        .map(|tokens| loss::eos_position(queries, tokens as usize, queries + length) as i64)
        .collect();
    let count = positions.len();
    case.check(
        "eos_positions",
        &Tensor::from_vec(positions, count, &Device::Cpu)?,
    )
}

fn cpc_loss(case: &Case) -> TestResult {
    for name in case.expected_names() {
        let (method, inputs) = name.split_once('_').ok_or("unknown name")?;
        let Some(method) = method_of(method) else {
            return Err(format!("unknown method in {name}").into());
        };
        let (gradient, inputs) = match inputs.strip_prefix("grad_") {
            Some(inputs) => (true, inputs),
            None => (false, inputs),
        };
        let predict = Var::from_tensor(&case.input(&format!("predict_{inputs}"))?)?;
        let loss = loss::cpc_loss(
            predict.as_tensor(),
            &case.input(&format!("positive_{inputs}"))?,
            &case.input(&format!("negative_{inputs}"))?,
            method,
        )?;
        if gradient {
            let gradients = loss.backward()?;
            let zeros = predict.zeros_like()?;
            case.check(&name, gradients.get(&predict).unwrap_or(&zeros))?;
        } else {
            case.check(&name, &loss.reshape(1)?)?;
        }
    }
    Ok(())
}

fn method_of(name: &str) -> Option<CpcMethod> {
    match name {
        "mean" => Some(CpcMethod::Mean),
        "margin" => Some(CpcMethod::Margin),
        _ => None,
    }
}

fn cpc_batch(case: &Case) -> TestResult {
    let code = Var::from_tensor(&case.input("code")?)?;
    let loss = loss::cpc_batch(
        code.as_tensor(),
        &case.input("samples")?,
        &numbers(case, "num_pos")?,
        &numbers(case, "eos_positions")?,
        CpcMethod::Margin,
    )?;
    case.check("loss", &loss.reshape(1)?)?;
    let gradients = loss.backward()?;
    let zeros = code.zeros_like()?;
    case.check("grad_code", gradients.get(&code).unwrap_or(&zeros))
}
