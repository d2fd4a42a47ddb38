//! The training cases of `lgd`: whole steps with their gradients, the optimiser, the average of the
//! weights, the learning rate, the dropout of conditions.

use super::ckpt_language::text_encoder;
use super::lgd_text::{hf, numbers, texts, tokenizer};
use super::{Case, Folder, TestResult};
use crate::denoising;
use candle_core::{DType, Device, Tensor, Var};
use lgd_studio::diffusion::{NoiseSchedule, ScheduleConfig};
use lgd_studio::models::translator::LatentTranslator;
use lgd_studio::models::{Blip2, Blip2Config, Unet, UnetConfig};
use lgd_studio::nn::{Linear, WeightSource, Weights};
use lgd_studio::train::loss::{CpcMethod, IGNORED};
use lgd_studio::train::{
    AdamW, AdamWSettings, Batch, Conditioning, Conditions, Draws, Ema, Gradients, Group,
    LinearCycles, LrSchedule, Networks, NoiseWeights, Picture, Seen, StepSettings, Words, named,
    step, trainable,
};
use std::collections::{BTreeMap, BTreeSet};

/// How far a loss or a gradient may be off, relative to the largest expected number.
const RELATIVE: f64 = 1e-4;

/// Names of the cases in this file.
pub const CASES: [&str; 7] = [
    "train_step",
    "train_step_dropped",
    "adamw_one_step_on_train_step",
    "adamw_four_steps",
    "ema",
    "lr_factor",
    "conditioning_dropout",
];

/// Runs one of [`CASES`].
pub fn run(case: &Case) -> TestResult {
    match case.name.as_str() {
        "train_step" | "train_step_dropped" => train_step(case),
        "adamw_one_step_on_train_step" => adamw_one_step(case),
        "adamw_four_steps" => adamw_four_steps(case),
        "ema" => ema(case),
        "lr_factor" => lr_factor(case),
        "conditioning_dropout" => conditioning_dropout(case),
        name => Err(format!("unknown case {name}").into()),
    }
}

type Parameters = BTreeMap<String, Var>;

fn open(
    path: &std::path::Path,
    component: &'static str,
    groups: &BTreeSet<Group>,
) -> TestResult<Weights> {
    let sources = [WeightSource::File(path.to_owned())];
    let weights = Weights::open(&sources, DType::F32, &Device::Cpu)?;
    Ok(trainable(weights, component, groups))
}

/// The networks of the golden checkpoint with everything trained that the original trains.
pub fn networks(case: &Case, groups: &[Group]) -> TestResult<(Networks, Parameters)> {
    let (hf, groups) = (hf(case), groups.iter().copied().collect());
    let mut parameters = Parameters::new();
    let config: Blip2Config = denoising::config(&hf.join("blip2/config.json"))?;
    let weights = open(&hf.join("blip2/model.safetensors"), "blip2", &groups)?;
    let blip2 = Blip2::load(&config, &weights)?;
    weights.finish()?;
    parameters.extend(named("blip2", &weights));
    let unet_config: UnetConfig = denoising::config(&hf.join("unet/config.json"))?;
    let weights = open(
        &hf.join("unet/diffusion_pytorch_model.safetensors"),
        "unet",
        &groups,
    )?;
    let unet = Unet::load(&unet_config, &weights)?;
    weights.finish()?;
    parameters.extend(named("unet", &weights));
    let weights = open(&hf.join("lgd_adapters.safetensors"), "adapter", &groups)?;
    let width = config.text_config.d_model;
    let dims = weights.dims("mlp.weight").ok_or("no adapter")?;
    let translator = LatentTranslator::load(width, dims[0], &weights)?;
    let predictive_proj = Linear::load(&weights.pp("predictive_proj"), width, width)?;
    parameters.extend(named("adapter", &weights));
    let networks = Networks {
        blip2,
        sentences: Some(text_encoder(&hf)?),
        translator,
        predictive_proj: Some(predictive_proj),
        scene_heads: None,
        unet,
        vae: denoising::vae(&hf.join("vae"))?,
        schedule: NoiseSchedule::new(&ScheduleConfig::stable_diffusion())?,
    };
    Ok((networks, parameters))
}

/// What the original trains.
pub const ORIGINAL: [Group; 5] = [
    Group::Unet,
    Group::Adapter,
    Group::Qformer,
    Group::T5Proj,
    Group::Predictive,
];

/// The original's settings.
pub fn settings() -> StepSettings {
    StepSettings {
        conditioning: Conditioning::Detached,
        answer_weight: 0.1,
        cpc_weight: 0.1,
        cpc_method: CpcMethod::Margin,
        scene_weight: 0.0,
        trains_editor: true,
        noise: NoiseWeights::default(),
        dropout: 0.05,
        recompute: false,
    }
}

/// Samples and random numbers of a recorded step.
pub fn recorded(case: &Case) -> TestResult<(Batch, Draws)> {
    let sentence_ids = case.input("prompt_t5_input_ids")?;
    let (count, length) = sentence_ids.dims2()?;
    let null = tokenizer(case)?.encode_padded("", length)?;
    let batch = Batch {
        image: Picture::Pixels(case.input("image")?),
        edited: Picture::Pixels(case.input("edited")?),
        seen: Seen::Pixels(case.input("blip2_image")?),
        question_ids: case.input("question_input_ids")?,
        question_mask: case.input("question_attention_mask")?,
        mask_padding: true,
        answer_labels: case.input("answer_labels")?,
        answer_mask: case.input("answer_decoder_attention_mask")?,
        answer_weights: case.input("blip2_loss_weight")?,
        sentences: Words::Ids(sentence_ids),
        null: Words::Ids(Tensor::new(null.ids.as_slice(), &Device::Cpu)?.unsqueeze(0)?),
        sees_latent: vec![true; count],
        scene: None,
        causal: Some((case.input("causal_samples")?, numbers(case, "num_pos")?)),
    };
    let draws = Draws {
        timesteps: numbers(case, "t")?,
        noise: case.input("noise")?,
        posterior_noise: case.input("posterior_noise")?,
        conditioning: case.input("u_conditioning")?.to_vec1()?,
        contrastive: case.input("u_cpc_branch")?.to_vec1()?,
    };
    Ok((batch, draws))
}

/// Fails when a number is further off than [`RELATIVE`] of the largest expected one.
fn close(name: &str, actual: &Tensor, expected: &Tensor) -> TestResult {
    let largest = expected.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
    let error = denoising::distance(actual, expected)?;
    let allowed = RELATIVE * f64::from(largest).max(1e-3);
    if error > allowed {
        return Err(format!("{name} is off by {error:.2e}, allowed {allowed:.2e}").into());
    }
    Ok(())
}

/// The answers' ids, padding ignored.
fn check_labels(case: &Case, labels: &Tensor) -> TestResult {
    let (_, length) = labels.dims2()?;
    let expected = labels.to_dtype(DType::I64)?.to_vec2::<i64>()?;
    for (text, expected) in texts(case, "answers")?.iter().zip(&expected) {
        let encoded = tokenizer(case)?.encode_padded(text, length)?;
        let ids = encoded.ids.iter().zip(&encoded.mask);
        let ids: Vec<i64> = ids
            .map(|(&id, &kept)| if kept == 1 { id.into() } else { IGNORED })
            .collect();
        assert_eq!(&ids, expected, "{text}");
    }
    Ok(())
}

fn scalar(value: f32) -> TestResult<Tensor> {
    Ok(Tensor::new(&[value], &Device::Cpu)?)
}

fn train_step(case: &Case) -> TestResult {
    let (networks, parameters) = networks(case, &ORIGINAL)?;
    let (batch, draws) = recorded(case)?;
    check_labels(case, &batch.answer_labels)?;
    let mut seen = Vec::new();
    let mut watch = |name, tensor: &Tensor| seen.push((name, tensor.clone()));
    let (losses, gradients) = step(
        &networks,
        &parameters,
        &settings(),
        &batch,
        &draws,
        &mut watch,
    )?;
    for (name, tensor) in &seen {
        case.check_if_expected(name, tensor)?;
    }
    for (name, value) in [
        ("loss_total", Some(losses.total)),
        ("loss_diffusion", losses.diffusion),
        ("loss_ce", losses.answer),
        ("loss_cpc", losses.contrastive),
    ] {
        let value = scalar(value.ok_or(name)?)?;
        case.check(name, &value)?;
        close(name, &value, &case.expected(name)?)?;
    }
    check_gradients(case, &parameters, &gradients)
}

/// The parameter's name in the fixtures, which have no name for the adapter file.
fn short(name: &str) -> &str {
    name.strip_prefix("adapter.").unwrap_or(name)
}

fn norm(gradient: &Tensor) -> TestResult<f64> {
    Ok(f64::from(gradient.sqr()?.sum_all()?.to_scalar::<f32>()?).sqrt())
}

fn check_gradients(case: &Case, parameters: &Parameters, gradients: &Gradients) -> TestResult {
    let by_name: BTreeMap<&str, &Tensor> = gradients
        .by_name()
        .iter()
        .map(|(name, g)| (short(name), g))
        .collect();
    assert_eq!(
        by_name.len(),
        parameters.len(),
        "every trained tensor gets a gradient"
    );
    // 1. One norm per parameter.
    let names = case.params["grad_norm_names"]
        .as_array()
        .ok_or("no names")?;
    assert_eq!(names.len(), parameters.len());
    let mut norms = Vec::new();
    for name in names {
        let name = name.as_str().ok_or("no name")?;
        let gradient = by_name
            .get(name)
            .ok_or_else(|| format!("{name} has no gradient"))?;
        norms.push(norm(gradient)? as f32);
    }
    let count = norms.len();
    let norms = Tensor::from_vec(norms, count, &Device::Cpu)?;
    case.check("grad_norms", &norms)?;
    close("grad_norms", &norms, &case.expected("grad_norms")?)?;
    // 2. One norm per group.
    for (group, prefix) in [
        ("unet", "unet."),
        ("mlp", "mlp."),
        ("latent_mlp", "latent_mlp."),
        ("qformer", "blip2.qformer."),
        ("query_tokens", "blip2.query_tokens"),
        ("ln_vision", "blip2.vision_model.post_layernorm."),
        ("t5_proj", "blip2.language_projection."),
        ("predictive_proj", "predictive_proj."),
    ] {
        let mut sum = 0.0;
        for (_, gradient) in by_name.iter().filter(|(name, _)| name.starts_with(prefix)) {
            sum += norm(gradient)?.powi(2);
        }
        let (name, value) = (format!("groupnorm_{group}"), scalar(sum.sqrt() as f32)?);
        case.check(&name, &value)?;
        close(&name, &value, &case.expected(&name)?)?;
    }
    // 3. Some whole gradients.
    for full in case.expected_names() {
        if let Some(name) = full.strip_prefix("grad:") {
            let gradient = by_name.get(name).ok_or("no gradient")?;
            case.check(&full, gradient)?;
            close(&full, gradient, &case.expected(&full)?)?;
        }
    }
    Ok(())
}

fn adamw_one_step(case: &Case) -> TestResult {
    let mut parameters = Parameters::new();
    let mut gradients = BTreeMap::new();
    for full in case.expected_names() {
        if let Some(name) = full.strip_prefix("new:") {
            let parameter = case.input(&format!("param:{name}"))?;
            parameters.insert(name.to_owned(), Var::from_tensor(&parameter)?);
            gradients.insert(name.to_owned(), case.input(&format!("grad:{name}"))?);
        }
    }
    AdamW::new(AdamWSettings::default()).update(&parameters, &gradients, 3e-5)?;
    for (name, var) in &parameters {
        case.check(&format!("new:{name}"), var)?;
        let before = case.input(&format!("param:{name}"))?;
        case.check(&format!("delta:{name}"), &(var.as_tensor() - before)?)?;
    }
    Ok(())
}

fn adamw_four_steps(case: &Case) -> TestResult {
    let steps = case.input("grads")?;
    for (name, learning_rate) in [("params_lr3e5", 3e-5), ("params_lr1e2", 1e-2)] {
        let var = Var::from_tensor(&case.input("param")?.copy()?)?;
        let parameters = Parameters::from([("p".to_owned(), var.clone())]);
        let mut optimiser = AdamW::new(AdamWSettings::default());
        let mut after = Vec::new();
        for index in 0..steps.dim(0)? {
            let gradients = BTreeMap::from([("p".to_owned(), steps.get(index)?)]);
            optimiser.update(&parameters, &gradients, learning_rate)?;
            after.push(var.as_tensor().copy()?);
            // A stored state goes on exactly where it was.
            let state = optimiser.state(&parameters)?;
            let mut restored = AdamW::new(AdamWSettings::default());
            restored.restore(&parameters, &state, optimiser.steps())?;
            optimiser = restored;
        }
        case.check(name, &Tensor::stack(&after, 0)?)?;
    }
    Ok(())
}

fn ema(case: &Case) -> TestResult {
    let tensors = |prefix: &str| -> TestResult<Parameters> {
        let mut found = Parameters::new();
        for name in ["a.weight", "a.bias", "b.c.weight"] {
            let tensor = case.input(&format!("{prefix}:{name}"))?;
            found.insert(name.to_owned(), Var::from_tensor(&tensor.copy()?)?);
        }
        Ok(found)
    };
    let mut ema = Ema::new(0.9999, &tensors("init")?)?;
    let mut decays = Vec::new();
    for step in ["step1", "step2", "step3", "late"] {
        if step == "late" {
            ema = Ema::restore(0.9999, ema.averages().clone(), 200_000);
        } else {
            decays.push(ema.next_decay() as f32);
        }
        ema.update(&tensors(&format!("param_{step}"))?)?;
        for (name, average) in ema.averages() {
            case.check(&format!("ema_{step}:{name}"), average)?;
        }
    }
    case.check("decays", &Tensor::from_vec(decays, 3, &Device::Cpu)?)
}

fn lr_factor(case: &Case) -> TestResult {
    for name in ["lgd", "two_cycles"] {
        let about = &case.params[name];
        let cycles: LinearCycles = serde_json::from_value(about["config"].clone())?;
        let schedule = LrSchedule::Cycles(cycles);
        assert_eq!(schedule.problem(), None);
        let steps = about["steps"].as_array().ok_or("no steps")?;
        let factors: Vec<f64> = steps
            .iter()
            .filter_map(|step| Some(schedule.factor(step.as_u64()?, 0)))
            .collect();
        let count = factors.len();
        case.check(name, &Tensor::from_vec(factors, count, &Device::Cpu)?)?;
    }
    Ok(())
}

fn conditioning_dropout(case: &Case) -> TestResult {
    let uniform = case.input("u")?.to_vec1::<f32>()?;
    let conditions = Conditions::drawn(&uniform, 0.05);
    let bytes = |flags: Vec<bool>| -> TestResult<Tensor> {
        let bytes: Vec<u8> = flags.into_iter().map(u8::from).collect();
        let count = bytes.len();
        Ok(Tensor::from_vec(bytes, count, &Device::Cpu)?)
    };
    let dropped = conditions.text.iter().map(|kept| !kept).collect();
    case.check("text_dropped", &bytes(dropped)?)?;
    case.check("image_kept", &bytes(conditions.image)?)
}

/// The linked form is one graph: the diffusion loss reaches BLIP-2, and `latent_mlp` is left out.
#[test]
fn the_linked_form_reaches_blip2() -> TestResult {
    let folder = Folder::open("lgd")?;
    let case = folder.case("train_step")?;
    let (networks, parameters) = networks(case, &ORIGINAL)?;
    let (batch, draws) = recorded(case)?;
    let norm_of = |settings: &StepSettings| -> TestResult<(f32, f64)> {
        let (losses, gradients) = step(
            &networks,
            &parameters,
            settings,
            &batch,
            &draws,
            &mut |_, _| {},
        )?;
        let latent_mlp = gradients
            .by_name()
            .keys()
            .any(|name| name.contains("latent_mlp"));
        assert_eq!(latent_mlp, settings.conditioning == Conditioning::Detached);
        let gradient = gradients
            .by_name()
            .get("blip2.query_tokens")
            .ok_or("no gradient")?;
        Ok((losses.total, norm(gradient)?))
    };
    let linked = StepSettings {
        conditioning: Conditioning::Linked,
        ..settings()
    };
    let (total, through_all) = norm_of(&linked)?;
    let (_, detached) = norm_of(&settings())?;
    assert!(total.is_finite() && (through_all - detached).abs() > 1e-3 * detached);
    // With only the diffusion loss BLIP-2 still learns, in the linked form alone.
    let alone = StepSettings {
        answer_weight: 0.0,
        cpc_weight: 0.0,
        ..linked
    };
    assert!(norm_of(&alone)?.1 > 0.0);
    Ok(())
}

/// Computing the editor's pieces again on the way back is the plain way back: the same losses, and all
/// gradients within rounding, those that go on to the translation and to BLIP-2 among them.
#[test]
fn recomputed_pieces_give_the_plain_gradients() -> TestResult {
    let folder = Folder::open("lgd")?;
    let case = folder.case("train_step_dropped")?;
    let (networks, parameters) = networks(case, &ORIGINAL)?;
    let (batch, draws) = recorded(case)?;
    for conditioning in [Conditioning::Detached, Conditioning::Linked] {
        let gradients = |recompute: bool| {
            let settings = StepSettings {
                conditioning,
                recompute,
                ..settings()
            };
            step(
                &networks,
                &parameters,
                &settings,
                &batch,
                &draws,
                &mut |_, _| {},
            )
        };
        let ((plain, expected), (again, found)) = (gradients(false)?, gradients(true)?);
        assert_eq!(plain.diffusion, again.diffusion);
        assert!((plain.total - again.total).abs() < 1e-6 * plain.total.abs());
        let names = |gradients: &Gradients| -> Vec<String> {
            gradients.by_name().keys().cloned().collect()
        };
        assert_eq!(names(&expected), names(&found));
        for (name, expected) in expected.by_name() {
            let largest = expected.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
            let error = denoising::distance(&found.by_name()[name], expected)?;
            // A bias in front of a group norm has no gradient but rounding.
            let allowed = (1e-5 * f64::from(largest)).max(1e-3 * RELATIVE);
            assert!(
                error <= allowed,
                "{name} is off by {error:e} of {largest:e}"
            );
        }
    }
    Ok(())
}
