//! LGD: how the latent and the text reach the UNet, and the guided runs of all three bridges.
//!
//! The language cases are written in `lgd_text.rs`, the training cases in `lgd_training.rs`; both run
//! from here.

use super::{Case, Folder, TestResult, lgd_text, lgd_training};
use crate::denoising::{self, Inputs, config, run, weights};
use candle_core::{DType, Device, Tensor};
use lgd_studio::diffusion::{NoiseSchedule, SamplerKind, ScheduleConfig};
use lgd_studio::models::clip_text::{ClipText, ClipTextConfig};
use lgd_studio::models::translator::LatentTranslator;

#[test]
fn golden_lgd() -> TestResult {
    let mut folder = Folder::open("lgd")?;
    let ema = folder.path.join("../ckpt/hf/unet_ema");
    folder.cases.retain(|case| {
        let name = case.name.as_str();
        if name.starts_with("bridge_") && !ema.is_dir() {
            report!("golden lgd {name}: skipped, {} is not there", ema.display());
            false
        } else {
            true
        }
    });
    folder.run_all(|case| match case.name.as_str() {
        "text_conditioning" => text_conditioning(case),
        "diffusion_wrapper_hybrid" => diffusion_wrapper_hybrid(case),
        "q_sample" => q_sample(case),
        "bridge_feat" | "bridge_sent" | "bridge_both" => bridge(case),
        name if lgd_text::CASES.contains(&name) => lgd_text::run(case),
        name if lgd_training::CASES.contains(&name) => lgd_training::run(case),
        name => Err(format!("unknown case {name}").into()),
    })
}

/// The adapters with EMA weights.
fn ema_translator(case: &Case) -> TestResult<LatentTranslator> {
    let file = weights(&case.folder.join("../ckpt/hf/lgd_adapters.safetensors"))?;
    let ema = file.pp("ema");
    let dims = ema.pp("mlp").dims("weight").ok_or("no adapter weight")?;
    let &[context, text] = dims.as_slice() else {
        return Err(format!("ema.mlp.weight is {dims:?}").into());
    };
    let translator = LatentTranslator::load(text, context, &ema)?;
    ema.finish()?;
    Ok(translator)
}

fn text_conditioning(case: &Case) -> TestResult {
    let folder = case.folder.join("../ckpt/hf/clip_text");
    let config: ClipTextConfig = config(&folder.join("config.json"))?;
    let weights = weights(&folder.join("model.safetensors"))?;
    let text = ClipText::load(&config, &weights)?;
    weights.finish()?;
    case.check("clip", &text.forward(&case.input("clip_input_ids")?)?)?;
    lgd_text::text_conditioning_t5(case)
}

fn diffusion_wrapper_hybrid(case: &Case) -> TestResult {
    let unet = denoising::unet(&case.folder.join("../ckpt/hf/unet"))?;
    let sample = Tensor::cat(&[case.input("x")?, case.input("c_concat")?], 1)?;
    let timesteps = case.input("t")?.to_dtype(DType::F32)?;
    // A first stream that already has the UNet's width passes the adapters untouched.
    let (context, bypassed) = lgd_text::diffusion_wrapper_contexts(case)?;
    for (name, context) in [("eps", context), ("eps_c0_unet_width", bypassed)] {
        let context = unet.prepare_context(&context, None)?;
        case.check(name, &unet.forward(&sample, &timesteps, &context)?)?;
    }
    Ok(())
}

fn table(values: impl Iterator<Item = f64>) -> TestResult<Tensor> {
    let values: Vec<f64> = values.collect();
    let length = values.len();
    Ok(Tensor::from_vec(values, length, &Device::Cpu)?)
}

fn q_sample(case: &Case) -> TestResult {
    let schedule = NoiseSchedule::new(&ScheduleConfig::stable_diffusion())?;
    let alphas = schedule.alphas_cumprod();
    case.check("betas", &table(schedule.betas().iter().copied())?)?;
    case.check("alphas_cumprod", &table(alphas.iter().copied())?)?;
    let roots = alphas.iter().map(|alpha| alpha.sqrt());
    case.check("sqrt_alphas_cumprod", &table(roots)?)?;
    let roots = alphas.iter().map(|alpha| (1.0 - alpha).sqrt());
    case.check("sqrt_one_minus_alphas_cumprod", &table(roots)?)?;
    let timesteps = case.input("t")?.to_dtype(DType::U32)?.to_vec1::<u32>()?;
    let timesteps: Vec<usize> = timesteps.into_iter().map(|t| t as usize).collect();
    let noisy = schedule.q_sample(&case.input("x0")?, &case.input("noise")?, &timesteps)?;
    case.check("x_t", &noisy)
}

fn number(case: &Case, name: &str) -> TestResult<f64> {
    let number = case.params[name].as_f64();
    Ok(number.ok_or_else(|| format!("no parameter {name}"))?)
}

/// Validation with EMA weights: contexts, every step, the decoded picture.
fn bridge(case: &Case) -> TestResult {
    let hf = case.folder.join("../ckpt/hf");
    let unet = denoising::unet(&hf.join("unet_ema"))?;
    let vae = denoising::vae(&hf.join("vae"))?;
    let translator = ema_translator(case)?;
    let (latent, null) = (case.input("latent")?, case.input("null_t5")?);
    let answer = case.input("t5_answer")?;
    let cond = match case.name.as_str() {
        "bridge_feat" => translator.context(&latent, &null)?,
        "bridge_sent" => translator.context(&null, &answer)?,
        _ => translator.context(&latent, &answer)?,
    };
    let uncond = translator.context(&null, &null)?;
    case.check("context", &cond)?;
    case.check("null_context", &uncond)?;

    let image_latents = vae.encode(&case.input("image")?)?.mode()?;
    let error = denoising::distance(&image_latents, &case.input("image_latent")?)?;
    if error > 1e-4 {
        return Err(format!("the image latents are off by {error}").into());
    }
    let steps = number(case, "steps")? as usize;
    let schedule = NoiseSchedule::new(&ScheduleConfig::stable_diffusion())?;
    let plan = schedule.plan(SamplerKind::EulerAncestral, steps)?;
    let error = denoising::distance(
        &table(plan.sigmas().iter().copied())?,
        &case.input("sigmas")?,
    )?;
    if error > 1e-4 {
        return Err(format!("the sigmas are off by {error}").into());
    }
    let inputs = Inputs {
        initial_noise: &case.input("z0")?,
        noises: &case.input("noises")?,
        image_latents: &image_latents,
        cond: &cond,
        uncond: &uncond,
        guidance_scale: number(case, "text_cfg_scale")?,
        image_guidance_scale: number(case, "image_cfg_scale")?,
    };
    let trace = run(&unet, &plan, &inputs)?;
    let start = (inputs.initial_noise * plan.initial_scale())?;
    let states = Tensor::cat(&[&start, &trace.latents], 0)?;
    case.check("x_before_each_step_and_final", &states)?;
    case.check("guided_denoised", &trace.denoised)?;
    let decoded = vae.decode_scaled(&trace.result, None)?;
    case.check("decoded", &decoded)?;
    compare_bytes(case, &decoded)
}

/// The original truncates to 8 bits, so a rounding difference may cost a level; the case says how
/// many are allowed.
fn compare_bytes(case: &Case, decoded: &Tensor) -> TestResult {
    let allowed = case.params["uint8_tolerance"].as_str().unwrap_or_default();
    let allowed: f64 = allowed
        .trim_start_matches("+-")
        .split_whitespace()
        .next()
        .ok_or("no uint8_tolerance")?
        .parse()?;
    let unit = ((decoded + 1.0)? * 0.5)?.clamp(0.0, 1.0)?;
    let bytes = (unit * 255.0)?.floor()?;
    let error = denoising::distance(&bytes, &case.expected("image_uint8")?)?;
    report!("golden lgd {}: {error} grey levels off", case.name);
    case.check_eq("image_uint8", &(error <= allowed), &true);
    Ok(())
}
