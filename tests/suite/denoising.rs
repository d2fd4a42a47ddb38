//! What the drawing tests share: loading the networks from a folder, and a recorded run.

use crate::golden::TestResult;
use candle_core::{DType, Device, Result, Tensor};
use lgd_studio::diffusion::{
    Denoiser, GuidanceScales, SamplingPlan, TwoScaleGuidance, branch_contexts,
    branch_image_latents, input_scale, sample,
};
use lgd_studio::models::{CrossContext, Unet, UnetConfig, Vae, VaeConfig};
use lgd_studio::nn::{WeightSource, Weights};
use serde::de::DeserializeOwned;
use std::cell::RefCell;
use std::ops::ControlFlow;
use std::path::Path;

/// A JSON file as a config.
pub fn config<T: DeserializeOwned>(path: &Path) -> TestResult<T> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(serde_json::from_str(&text)?)
}

/// One safetensors file, f32.
pub fn weights(path: &Path) -> TestResult<Weights> {
    let source = WeightSource::File(path.to_owned());
    Ok(Weights::open(&[source], DType::F32, &Device::Cpu)?)
}

/// A UNet folder in diffusers' layout; every tensor of the file has to be used.
pub fn unet(folder: &Path) -> TestResult<Unet> {
    let config: UnetConfig = config(&folder.join("config.json"))?;
    let weights = weights(&folder.join("diffusion_pytorch_model.safetensors"))?;
    let unet = Unet::load(&config, &weights)?;
    weights.finish()?;
    Ok(unet)
}

/// A VAE folder in diffusers' layout; every tensor of the file has to be used.
pub fn vae(folder: &Path) -> TestResult<Vae> {
    let config: VaeConfig = config(&folder.join("config.json"))?;
    let weights = weights(&folder.join("diffusion_pytorch_model.safetensors"))?;
    let vae = Vae::load(&config, &weights)?;
    weights.finish()?;
    Ok(vae)
}

/// A network prepared for the three branches of guidance.
struct Editor<'a> {
    unet: &'a Unet,
    image_latents: Tensor,
    context: CrossContext,
}

impl Denoiser for Editor<'_> {
    fn predict_noise(&self, latents: &Tensor, sigma: f64, timestep: f64) -> Result<Tensor> {
        let scaled = (latents * input_scale(sigma))?;
        let input = Tensor::cat(&[&scaled, &self.image_latents], 1)?; // (3B, 8, h, w)
        let timesteps = Tensor::full(timestep as f32, latents.dim(0)?, latents.device())?;
        self.unet.forward(&input, &timesteps, &self.context)
    }
}

/// Notes what it passes on.
struct Recorder<D> {
    inner: D,
    noise_preds: RefCell<Vec<Tensor>>,
}

impl<D: Denoiser> Denoiser for Recorder<D> {
    fn predict_noise(&self, latents: &Tensor, sigma: f64, timestep: f64) -> Result<Tensor> {
        let noise_pred = self.inner.predict_noise(latents, sigma, timestep)?;
        self.noise_preds.borrow_mut().push(noise_pred.clone());
        Ok(noise_pred)
    }
}

/// Inputs of a guided run.
pub struct Inputs<'a> {
    pub initial_noise: &'a Tensor,
    /// (S, 4, h, w), one per step.
    pub noises: &'a Tensor,
    pub image_latents: &'a Tensor,
    pub cond: &'a Tensor,
    pub uncond: &'a Tensor,
    pub guidance_scale: f64,
    pub image_guidance_scale: f64,
}

/// Everything a guided run computed, stacked over the steps.
pub struct Trace {
    /// (S, 4, h, w), after each step.
    pub latents: Tensor,
    /// (S, 4, h, w)
    pub noise_preds: Tensor,
    /// (S, 4, h, w)
    pub denoised: Tensor,
    /// (1, 4, h, w)
    pub result: Tensor,
}

/// Runs `plan` on recorded noise.
pub fn run(unet: &Unet, plan: &SamplingPlan, inputs: &Inputs<'_>) -> Result<Trace> {
    let (contexts, mask) = branch_contexts(&[inputs.cond], &[inputs.uncond])?;
    let guided = Recorder {
        inner: TwoScaleGuidance {
            inner: Editor {
                unet,
                image_latents: branch_image_latents(inputs.image_latents)?,
                context: unet.prepare_context(&contexts, mask.as_ref())?,
            },
            scales: vec![GuidanceScales {
                text: inputs.guidance_scale,
                image: inputs.image_guidance_scale,
            }],
        },
        noise_preds: RefCell::default(),
    };
    let (mut latents, mut denoised) = (Vec::new(), Vec::new());
    let mut noise = |step: usize| inputs.noises.narrow(0, step, 1);
    let result = sample(&guided, plan, inputs.initial_noise, &mut noise, |step| {
        latents.push(step.latents.clone());
        denoised.push(step.denoised.clone());
        ControlFlow::Continue(())
    })?;
    Ok(Trace {
        latents: Tensor::cat(&latents, 0)?,
        noise_preds: Tensor::cat(&guided.noise_preds.into_inner(), 0)?,
        denoised: Tensor::cat(&denoised, 0)?,
        result,
    })
}

/// Largest absolute difference.
pub fn distance(a: &Tensor, b: &Tensor) -> Result<f64> {
    let difference = (a.to_dtype(DType::F64)? - b.to_dtype(DType::F64)?)?.abs()?;
    difference.flatten_all()?.max(0)?.to_scalar::<f64>()
}
