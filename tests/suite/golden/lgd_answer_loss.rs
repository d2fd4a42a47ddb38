//! The language half of the training steps of `lgd`: latent, answer loss, contrastive loss, and the
//! gradients they give BLIP-2. The diffusion half reaches none of these variables.

use super::ckpt_language::text_encoder;
use super::lgd_text::{finish_half, hf, numbers, texts, tokenizer};
use super::{Case, Folder, TestResult};
use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Tensor, Var};
use lgd_studio::models::blip2::{Blip2, Blip2Config};
use lgd_studio::nn::{Linear, WeightSource, Weights};
use lgd_studio::train::loss::{self, CpcMethod};
use std::collections::BTreeMap;

/// What is trained of BLIP-2, by the name of its group in the fixtures.
const GROUPS: [(&str, &str); 4] = [
    ("qformer", "qformer."),
    ("query_tokens", "query_tokens"),
    ("ln_vision", "vision_model.post_layernorm."),
    ("t5_proj", "language_projection."),
];

/// Share of samples whose text is dropped, with and without their picture.
const TEXT_DROPPED: f32 = 0.10;

#[test]
fn golden_lgd_answer_loss() -> TestResult {
    let folder = Folder::open("lgd")?;
    for name in ["train_step", "train_step_dropped"] {
        let case = folder.case(name)?;
        train_step(case)?;
        finish_half(case)?;
    }
    Ok(())
}

fn open(case: &Case, name: &str, trained: fn(&str) -> bool) -> TestResult<Weights> {
    let sources = [WeightSource::File(hf(case).join(name))];
    Ok(Weights::open(&sources, DType::F32, &Device::Cpu)?.trainable(trained))
}

fn train_step(case: &Case) -> TestResult {
    let config = std::fs::read_to_string(hf(case).join("blip2/config.json"))?;
    let config: Blip2Config = serde_json::from_str(&config)?;
    let weights = open(case, "blip2/model.safetensors", |name| {
        GROUPS.iter().any(|(_, prefix)| name.starts_with(prefix))
    })?;
    let model = Blip2::load(&config, &weights)?;
    weights.finish()?;
    let adapters = open(case, "lgd_adapters.safetensors", |name| {
        name.starts_with("predictive_proj.")
    })?;
    let width = config.text_config.d_model;
    let predictive_proj = Linear::load(&adapters.pp("predictive_proj"), width, width)?;

    // 1. The latent and the answer's loss.
    let mask = case.input("question_attention_mask")?;
    let queries = model.query_output(&case.input("blip2_image")?)?;
    let latent = model.encode(&queries, &case.input("question_input_ids")?, Some(&mask))?;
    case.check_if_expected("latent", &latent.hidden_states)?;
    let labels = case.input("answer_labels")?;
    check_labels(case, &labels)?;
    let answer_mask = case.input("answer_decoder_attention_mask")?;
    let logits = model.logits(&latent, &labels, Some(&answer_mask))?;
    case.check_if_expected("decoder_logits", &logits)?;
    let ce = loss::weighted_cross_entropy(&logits, &labels, &case.input("blip2_loss_weight")?)?;
    case.check_if_expected("loss_ce", &ce.reshape(1)?)?;

    // 2. The contrastive loss, which draws its own dropout: of the latent, before the projection.
    let (batch, length, _) = latent.hidden_states.dims3()?;
    let null = tokenizer(case)?.encode_padded("", length)?;
    let null = Tensor::new(null.ids.as_slice(), &Device::Cpu)?.unsqueeze(0)?;
    let null = text_encoder(&hf(case))?.forward(&null)?;
    let dropped = case.input("u_cpc_branch")?.lt(TEXT_DROPPED)?;
    let shape = latent.hidden_states.shape();
    let dropped = dropped.reshape((batch, 1, 1))?.broadcast_as(shape)?;
    let null = null.broadcast_as(shape)?.contiguous()?;
    let kept = dropped.where_cond(&null, &latent.hidden_states)?;
    let code = predictive_proj.forward(&kept)?;
    case.check_if_expected("predictive_code", &code)?;
    let ends: Vec<usize> = mask
        .to_dtype(DType::U32)?
        .sum(1)?
        .to_vec1::<u32>()?
        .into_iter()
        .map(|tokens| loss::eos_position(config.num_query_tokens, tokens as usize, length))
        .collect();
    let positives = numbers(case, "num_pos")?;
    let samples = case.input("causal_samples")?;
    let cpc = loss::cpc_batch(&code, &samples, &positives, &ends, CpcMethod::Margin)?;
    case.check_if_expected("loss_cpc", &cpc.reshape(1)?)?;

    // 3. Gradients of what the two add to the total.
    let gradients = ((ce * 0.1)? + (cpc * 0.1)?)?.backward()?;
    let mut variables = BTreeMap::new();
    for (name, var) in weights.vars() {
        variables.insert(format!("blip2.{name}"), var);
    }
    variables.extend(adapters.vars());
    for (group, prefix) in GROUPS {
        let prefix = format!("blip2.{prefix}");
        check_group(case, group, &prefix, &variables, &gradients)?;
    }
    check_group(
        case,
        "predictive_proj",
        "predictive_proj.",
        &variables,
        &gradients,
    )?;
    for (name, var) in &variables {
        let zeros = var.zeros_like()?;
        let gradient = gradients.get(var).unwrap_or(&zeros);
        case.check_if_expected(&format!("grad:{name}"), gradient)?;
    }
    check_norms(case, &variables, &gradients)
}

/// The answers' ids, padding ignored.
fn check_labels(case: &Case, labels: &Tensor) -> TestResult {
    let (_, length) = labels.dims2()?;
    let expected = labels.to_dtype(DType::I64)?.to_vec2::<i64>()?;
    for (text, expected) in texts(case, "answers")?.iter().zip(&expected) {
        let encoded = tokenizer(case)?.encode_padded(text, length)?;
        let ids = encoded.ids.iter().zip(&encoded.mask);
        let ids: Vec<i64> = ids
            .map(|(&id, &kept)| if kept == 1 { id.into() } else { loss::IGNORED })
            .collect();
        assert_eq!(&ids, expected, "{text}");
    }
    Ok(())
}

fn squared(gradients: &GradStore, var: &Var) -> TestResult<f64> {
    Ok(match gradients.get(var) {
        Some(gradient) => f64::from(gradient.sqr()?.sum_all()?.to_scalar::<f32>()?),
        None => 0.0,
    })
}

fn check_group(
    case: &Case,
    group: &str,
    prefix: &str,
    variables: &BTreeMap<String, Var>,
    gradients: &GradStore,
) -> TestResult {
    let mut sum = 0.0;
    for (_, var) in variables
        .iter()
        .filter(|(name, _)| name.starts_with(prefix))
    {
        sum += squared(gradients, var)?;
    }
    let norm = Tensor::new(&[sum.sqrt() as f32], &Device::Cpu)?;
    case.check_if_expected(&format!("groupnorm_{group}"), &norm)
}

/// The norms of single gradients: those of other networks are taken as recorded.
fn check_norms(
    case: &Case,
    variables: &BTreeMap<String, Var>,
    gradients: &GradStore,
) -> TestResult {
    let names = case.params["grad_norm_names"].as_array();
    let Some(names) = names.filter(|_| case.expected_names().iter().any(|n| n == "grad_norms"))
    else {
        return Ok(());
    };
    let mut norms = case.expected("grad_norms")?.to_vec1::<f32>()?;
    let mut compared = 0;
    for (norm, name) in norms.iter_mut().zip(names) {
        if let Some(var) = name.as_str().and_then(|name| variables.get(name)) {
            *norm = squared(gradients, var)?.sqrt() as f32;
            compared += 1;
        }
    }
    assert_eq!(
        compared,
        variables.len(),
        "every variable has a recorded norm"
    );
    let count = norms.len();
    case.check("grad_norms", &Tensor::from_vec(norms, count, &Device::Cpu)?)
}
