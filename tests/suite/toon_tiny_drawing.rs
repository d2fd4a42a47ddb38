//! The embedded bundle draws what its makers recorded: image latents, every step, the picture.
//!
//! `models/toon-tiny/test_vectors.*` hold runs of the reference program with every noise. The
//! language half (latent, answer, contexts) is in `toon_tiny_language.rs`.

use crate::denoising::{self, Inputs, config, distance, run};
use crate::golden::TestResult;
use candle_core::{DType, Device, Tensor};
use lgd_studio::diffusion::{NoiseSchedule, SamplerKind, ScheduleConfig};
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

struct Vectors {
    bundle: PathBuf,
    about: Value,
    tensors: HashMap<String, Tensor>,
}

impl Vectors {
    fn open() -> TestResult<Self> {
        let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/toon-tiny");
        let file = bundle.join("test_vectors.safetensors");
        Ok(Self {
            about: config(&bundle.join("test_vectors.json"))?,
            tensors: candle_core::safetensors::load(file, &Device::Cpu)?,
            bundle,
        })
    }

    fn get(&self, name: &str) -> TestResult<&Tensor> {
        let tensor = self.tensors.get(name);
        Ok(tensor.ok_or_else(|| format!("no tensor {name}"))?)
    }

    fn number(&self, name: &str) -> TestResult<f64> {
        Ok(self.about[name].as_f64().ok_or("a number is missing")?)
    }

    fn schedule(&self) -> TestResult<NoiseSchedule> {
        let path = self.bundle.join("scheduler/scheduler_config.json");
        Ok(NoiseSchedule::new(&config::<ScheduleConfig>(&path)?)?)
    }
}

/// Fails when two tensors are further apart than `allowed`.
fn near(what: &str, actual: &Tensor, expected: &Tensor, allowed: f64) -> TestResult {
    let error = distance(actual, expected)?;
    println!("toon-tiny {what}: largest error {error:.2e}");
    if error > allowed {
        return Err(format!("{what} is off by {error:.3e}, allowed {allowed:.1e}").into());
    }
    Ok(())
}

#[test]
fn toon_tiny_plan_is_the_one_it_was_sampled_with() -> TestResult {
    let vectors = Vectors::open()?;
    let steps = vectors.number("steps")? as usize;
    let plan = vectors
        .schedule()?
        .plan(SamplerKind::EulerAncestral, steps)?;
    let list = |values: &[f64]| Tensor::from_slice(values, values.len(), &Device::Cpu);
    // The reference interpolates a 64-bit table, k-diffusion one stored in 32 bits.
    near(
        "sigmas",
        &list(plan.sigmas())?,
        vectors.get("sigmas")?,
        1e-5,
    )?;
    let timesteps = list(plan.timesteps())?;
    near("timesteps", &timesteps, vectors.get("timesteps")?, 1e-3)
}

#[test]
fn toon_tiny_draws_the_recorded_pictures() -> TestResult {
    let vectors = Vectors::open()?;
    let unet = denoising::unet(&vectors.bundle.join("unet"))?;
    let vae = denoising::vae(&vectors.bundle.join("vae"))?;
    let steps = vectors.number("steps")? as usize;
    let plan = vectors
        .schedule()?
        .plan(SamplerKind::EulerAncestral, steps)?;
    let samples = vectors.about["samples"].as_array().ok_or("no samples")?;
    for sample in samples {
        let prefix = sample["prefix"].as_str().ok_or("no prefix")?;
        let get = |name: &str| vectors.get(&format!("{prefix}{name}"));
        let batched = |name: &str| -> TestResult<Tensor> { Ok(get(name)?.unsqueeze(0)?) };

        // 1. The frame's latents.
        let frame = get("frame_u8")?
            .to_dtype(DType::F32)?
            .permute((2, 0, 1))?
            .unsqueeze(0)?
            .contiguous()?; // (1, 3, H, W)
        let pixels = frame.affine(2.0 / 255.0, -1.0)?;
        let image_latents = vae.encode(&pixels)?.mode()?;
        let recorded = batched("image_latents")?;
        near("image latents", &image_latents, &recorded, 1e-4)?;

        // 2. Every step. The contexts are 40 + 24 and 24 + 24 long: padded and masked.
        let inputs = Inputs {
            initial_noise: &batched("initial_noise")?,
            noises: get("ancestral_noise")?,
            image_latents: &recorded,
            cond: &batched("context")?,
            uncond: &batched("null_context")?,
            guidance_scale: vectors.number("text_scale")?,
            image_guidance_scale: vectors.number("image_scale")?,
        };
        let trace = run(&unet, &plan, &inputs)?;
        near("noise", &trace.noise_preds, get("step_noise_pred")?, 2e-3)?;
        near("latents", &trace.latents, get("step_latents")?, 2e-3)?;
        near("end", &trace.result, &batched("final_latents")?, 1e-3)?;

        // 3. The picture.
        let decoded = vae.decode_scaled(&trace.result, None)?.clamp(-1.0, 1.0)?;
        let image = decoded.affine(0.5, 0.5)?;
        near("picture", &image, &batched("image")?, 1e-3)?;
    }
    Ok(())
}
