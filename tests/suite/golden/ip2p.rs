//! InstructPix2Pix: text encoder, VAE, UNet, both schedules, whole runs.

use super::{Case, Folder, TestResult};
use crate::denoising::{self, Inputs, config, distance, run, weights};
use candle_core::{DType, Device, Tensor};
use lgd_studio::diffusion::{
    NoiseSchedule, SamplerKind, ScheduleConfig, TimestepSpacing, input_scale,
};
use lgd_studio::models::clip_text::{ClipText, ClipTextConfig};
use lgd_studio::models::tokenizer::{TextTokenizer, stack};
use std::path::Path;

#[test]
fn golden_ip2p() -> TestResult {
    let folder = Folder::open("ip2p")?;
    folder.run_all(|case| match case.name.as_str() {
        "text_encoder" => text_encoder(case),
        "vae_encode" => vae_encode(case),
        "vae_decode" => vae_decode(case),
        "unet" => unet(case, "pipeline/unet"),
        "unet_sd15_like" => unet(case, "unet_sd15_like"),
        "euler_ancestral_schedule" => euler_ancestral_schedule(case),
        "pipeline_10_steps" | "pipeline_4_steps_defaults" => pipeline(case),
        "kdiff_schedule" => kdiff_schedule(case),
        "kdiff_10_steps" | "kdiff_50_steps" => kdiff_run(case),
        "kdiff_vs_diffusers" => kdiff_vs_diffusers(case),
        name => Err(format!("unknown case {name}").into()),
    })
}

fn clip_text(folder: &Path) -> TestResult<ClipText> {
    let config: ClipTextConfig = config(&folder.join("config.json"))?;
    let weights = weights(&folder.join("model.safetensors"))?;
    let text = ClipText::load(&config, &weights)?;
    weights.finish()?;
    Ok(text)
}

/// Texts as CLIP ids, padded to 77.
fn clip_ids(folder: &Path, texts: &[&str]) -> TestResult<Tensor> {
    let tokenizer = TextTokenizer::from_folder(folder)?;
    let encoded = texts
        .iter()
        .map(|text| tokenizer.encode_padded(text, 77))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(stack(&encoded, &Device::Cpu)?.0)
}

fn text_encoder(case: &Case) -> TestResult {
    let texts = case.params["texts"].as_array().ok_or("no texts")?;
    let texts: Vec<&str> = texts.iter().filter_map(|text| text.as_str()).collect();
    let ids = clip_ids(&case.folder.join("pipeline/tokenizer"), &texts)?;
    case.check("input_ids", &ids)?;
    let text = clip_text(&case.folder.join("pipeline/text_encoder"))?;
    case.check("last_hidden_state", &text.forward(&ids)?)
}

fn vae_encode(case: &Case) -> TestResult {
    let vae = denoising::vae(&case.folder.join("pipeline/vae"))?;
    let posterior = vae.encode(&case.input("image")?)?;
    case.check("moments", posterior.moments())?;
    case.check("mode", &posterior.mode()?)?;
    case.check("logvar_clamped", &posterior.logvar()?)
}

fn vae_decode(case: &Case) -> TestResult {
    let vae = denoising::vae(&case.folder.join("pipeline/vae"))?;
    case.check("image", &vae.decode(&case.input("latent")?)?)
}

fn unet(case: &Case, folder: &str) -> TestResult {
    let unet = denoising::unet(&case.folder.join(folder))?;
    let sample = case.input("sample")?;
    let batch = sample.dim(0)?;
    let context = unet.prepare_context(&case.input("context")?, None)?;
    for name in case.expected_names() {
        let noise_pred = match name.as_str() {
            "eps_float_t" => unet.forward(&sample, &case.input("t_float")?, &context)?,
            other => {
                let (_, t) = other.rsplit_once("_t").ok_or("no time step in the name")?;
                let timesteps = Tensor::full(t.parse::<f32>()?, batch, &Device::Cpu)?;
                if other.starts_with("eps_ctx154") {
                    let long = unet.prepare_context(&case.input("context154")?, None)?;
                    unet.forward(&sample, &timesteps, &long)?
                } else {
                    unet.forward(&sample, &timesteps, &context)?
                }
            }
        };
        case.check(&name, &noise_pred)?;
    }
    Ok(())
}

fn values(values: &[f64]) -> TestResult<Tensor> {
    Ok(Tensor::from_slice(values, values.len(), &Device::Cpu)?)
}

fn euler_ancestral_schedule(case: &Case) -> TestResult {
    let scheduler: ScheduleConfig =
        config(&case.folder.join("pipeline/scheduler/scheduler_config.json"))?;
    for name in case.expected_names() {
        let Some(rest) = name.strip_prefix("timesteps_") else {
            continue;
        };
        let (steps, timestep_spacing) = match rest.split_once('_') {
            None => (rest, TimestepSpacing::Linspace),
            Some((steps, "leading")) => (steps, TimestepSpacing::Leading),
            Some((steps, "trailing")) => (steps, TimestepSpacing::Trailing),
            Some((_, other)) => return Err(format!("unknown spacing {other}").into()),
        };
        let schedule = NoiseSchedule::new(&ScheduleConfig {
            timestep_spacing,
            ..scheduler.clone()
        })?;
        let plan = schedule.plan(SamplerKind::EulerAncestralDiffusers, steps.parse()?)?;
        case.check(&name, &values(plan.timesteps())?)?;
        case.check(&format!("sigmas_{rest}"), &values(plan.sigmas())?)?;
        let scale = values(&[plan.initial_scale()])?;
        case.check(&format!("init_noise_sigma_{rest}"), &scale)?;
    }
    Ok(())
}

fn number(case: &Case, name: &str) -> TestResult<f64> {
    let number = case.params[name].as_f64();
    Ok(number.ok_or_else(|| format!("no parameter {name}"))?)
}

fn pipeline(case: &Case) -> TestResult {
    let folder = case.folder.join("pipeline");
    let unet = denoising::unet(&folder.join("unet"))?;
    let vae = denoising::vae(&folder.join("vae"))?;

    // The inputs that the original computed before the first step.
    let image_latents = vae.encode(&case.input("image_tensor")?)?.mode()?;
    let text = clip_text(&folder.join("text_encoder"))?;
    let prompts = ["prompt", "negative_prompt"].map(|p| case.params[p].as_str().unwrap_or(""));
    let states = text.forward(&clip_ids(&folder.join("tokenizer"), &prompts)?)?;
    let (cond, uncond) = (states.narrow(0, 0, 1)?, states.narrow(0, 1, 1)?);
    for (name, ours) in [
        ("image_latents", &image_latents),
        ("prompt_embeds", &cond),
        ("negative_prompt_embeds", &uncond),
    ] {
        let error = distance(ours, &case.input(name)?)?;
        if error > 1e-4 {
            return Err(format!("{name} is off by {error}").into());
        }
    }

    let scheduler: ScheduleConfig = config(&folder.join("scheduler/scheduler_config.json"))?;
    let steps = case.input("noises")?.dim(0)?;
    let plan = NoiseSchedule::new(&scheduler)?.plan(SamplerKind::EulerAncestralDiffusers, steps)?;
    let inputs = Inputs {
        initial_noise: &case.input("initial_latents")?,
        noises: &case.input("noises")?,
        image_latents: &image_latents,
        cond: &cond,
        uncond: &uncond,
        guidance_scale: number(case, "guidance_scale")?,
        image_guidance_scale: number(case, "image_guidance_scale")?,
    };
    let trace = run(&unet, &plan, &inputs)?;
    case.check("latents_after_step", &trace.latents)?;
    case.check("guided_noise_pred", &trace.noise_preds)?;
    let image = (vae.decode_scaled(&trace.result, None)? * 0.5)?;
    let image = (image + 0.5)?.clamp(0.0, 1.0)?;
    case.check("image", &image)?;
    compare_png(case, &image)
}

/// The written picture, which rounds; one grey level of difference is allowed.
fn compare_png(case: &Case, image: &Tensor) -> TestResult {
    let named = case.params["final_image_png"].as_str().unwrap_or_default();
    let file = named.split_whitespace().next().ok_or("no picture named")?;
    let png = image::open(case.folder.join(file))?.to_rgb8();
    let (width, height) = (png.width() as usize, png.height() as usize);
    let expected = Tensor::from_vec(png.into_raw(), (height, width, 3), &Device::Cpu)?;
    let bytes = (image.squeeze(0)?.permute((1, 2, 0))? * 255.0)?.round()?;
    let error = distance(&bytes, &expected)?;
    report!("golden ip2p {}: {error} grey levels off {file}", case.name);
    if error > 1.0 {
        return Err(format!("{file} is off by {error} grey levels").into());
    }
    Ok(())
}

fn schedule(case: &Case) -> TestResult<NoiseSchedule> {
    let path = case.folder.join("pipeline/scheduler/scheduler_config.json");
    Ok(NoiseSchedule::new(&config::<ScheduleConfig>(&path)?)?)
}

fn kdiff_schedule(case: &Case) -> TestResult {
    let schedule = schedule(case)?;
    case.check("alphas_cumprod", &values(schedule.alphas_cumprod())?)?;
    case.check("table_sigmas", &values(schedule.sigmas())?)?;
    case.check("table_log_sigmas", &values(schedule.log_sigmas())?)?;
    for name in case.expected_names() {
        if let Some(steps) = name.strip_prefix("sigmas_") {
            let plan = schedule.plan(SamplerKind::EulerAncestral, steps.parse()?)?;
            case.check(&name, &values(plan.sigmas())?)?;
        } else if let Some(steps) = name.strip_prefix("c_out_") {
            let plan = schedule.plan(SamplerKind::EulerAncestral, steps.parse()?)?;
            let levels = plan.sigmas().iter().take(plan.steps());
            let factors: Vec<f64> = levels.clone().map(|sigma| -sigma).collect();
            case.check(&name, &values(&factors)?)?;
            let factors: Vec<f64> = levels.map(|&sigma| input_scale(sigma)).collect();
            case.check(&format!("c_in_{steps}"), &values(&factors)?)?;
            let timesteps = format!("t_of_sigmas_{steps}");
            case.check(&timesteps, &values(plan.timesteps())?)?;
        }
    }
    let probes = case.input("probe_sigmas")?.to_dtype(DType::F64)?;
    let timesteps: Vec<f64> = probes
        .to_vec1::<f64>()?
        .into_iter()
        .map(|sigma| schedule.sigma_to_timestep(sigma))
        .collect();
    case.check("t_of_probe", &values(&timesteps)?)
}

fn kdiff_run(case: &Case) -> TestResult {
    let unet = denoising::unet(&case.folder.join("pipeline/unet"))?;
    let steps = case.params["steps"].as_u64().ok_or("no steps")? as usize;
    let plan = schedule(case)?.plan(SamplerKind::EulerAncestral, steps)?;
    let inputs = Inputs {
        initial_noise: &case.input("z0")?,
        noises: &case.input("noises")?,
        image_latents: &case.input("image_latent")?,
        cond: &case.input("context")?,
        uncond: &case.input("null_context")?,
        guidance_scale: number(case, "text_cfg_scale")?,
        image_guidance_scale: number(case, "image_cfg_scale")?,
    };
    let trace = run(&unet, &plan, &inputs)?;
    let start = (inputs.initial_noise * plan.initial_scale())?;
    let states = Tensor::cat(&[&start, &trace.latents], 0)?;
    case.check("x_before_each_step_and_final", &states)?;
    case.check("guided_denoised", &trace.denoised)
}

fn kdiff_vs_diffusers(case: &Case) -> TestResult {
    let schedule = schedule(case)?;
    let ours = schedule.plan(SamplerKind::EulerAncestral, 50)?;
    let theirs = schedule.plan(SamplerKind::EulerAncestralDiffusers, 50)?;
    let largest = ours
        .sigmas()
        .iter()
        .zip(theirs.sigmas())
        .filter(|(_, theirs)| **theirs > 0.0)
        .map(|(ours, theirs)| (ours - theirs).abs() / theirs)
        .fold(0.0, f64::max);
    case.check("max_rel", &values(&[largest])?)
}
