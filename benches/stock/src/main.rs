//! Stock candle-transformers: times one part and prints milliseconds on the clock, milliseconds of
//! all threads, and MiB above the weights.
//!
//! `cargo run --release -- unet-64` (or another size), `vae-decode`, `vae-encode`: random weights of the
//! published sizes, f32, batch 1. `train-toon`: steps of training at the sizes of toon-tiny, batch 32.

#[path = "../../measure/clock.rs"]
mod clock;

use candle_core::{DType, Device, Error, Result, Tensor};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, VarBuilder, VarMap};
use candle_transformers::models::stable_diffusion::unet_2d::{
    BlockConfig, UNet2DConditionModel, UNet2DConditionModelConfig,
};
use candle_transformers::models::stable_diffusion::vae::{AutoEncoderKL, AutoEncoderKLConfig};
use clock::{Time, best, held_mib, peak_mib, reset_peak};

/// Tokens of the original's context: 77 latent, 77 text.
const CONTEXT: usize = 154;

fn random(shape: &[usize]) -> Result<Tensor> {
    Tensor::randn(0f32, 1.0, shape, &Device::Cpu)
}

/// A network off the tape, so that its forward keeps nothing.
fn frozen<T>(build: impl Fn(VarBuilder) -> Result<T>) -> Result<T> {
    let map = VarMap::new();
    build(VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu))?;
    let tensors = map.data().lock().map_err(|e| Error::msg(e.to_string()))?;
    let tensors = tensors
        .iter()
        .map(|(name, var)| (name.clone(), var.as_tensor().detach()))
        .collect();
    build(VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu))
}

fn unet() -> Result<UNet2DConditionModel> {
    let block = |out_channels, attends: bool| BlockConfig {
        out_channels,
        use_cross_attn: attends.then_some(1),
        attention_head_dim: 8,
    };
    let config = UNet2DConditionModelConfig {
        blocks: vec![
            block(320, true),
            block(640, true),
            block(1280, true),
            block(1280, false),
        ],
        cross_attention_dim: 768,
        ..Default::default()
    };
    frozen(|weights| UNet2DConditionModel::new(weights, 8, 4, false, config.clone()))
}

/// Forward, backward and optimiser of the embedded bundle's editor; all samples share a time step.
fn train_toon() -> Result<(Time, f64)> {
    let block = |out_channels, attends: bool| BlockConfig {
        out_channels,
        use_cross_attn: attends.then_some(1),
        attention_head_dim: 8,
    };
    let config = UNet2DConditionModelConfig {
        blocks: vec![block(96, false), block(128, true), block(192, true)],
        layers_per_block: 1,
        cross_attention_dim: 192,
        ..Default::default()
    };
    let map = VarMap::new();
    let weights = VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu);
    let unet = UNet2DConditionModel::new(weights, 8, 4, false, config)?;
    let mut optimizer = AdamW::new(map.all_vars(), ParamsAdamW::default())?;
    let (sample, noise) = (random(&[32, 8, 16, 16])?, random(&[32, 4, 16, 16])?);
    let context = random(&[32, 64, 192])?;
    measure(3, || {
        let loss = (unet.forward(&sample, 501.0, &context)? - &noise)?
            .sqr()?
            .mean_all()?;
        optimizer.backward_step(&loss)?;
        Ok(loss)
    })
}

fn vae() -> Result<AutoEncoderKL> {
    let config = || AutoEncoderKLConfig {
        block_out_channels: vec![128, 256, 512, 512],
        layers_per_block: 2,
        latent_channels: 4,
        norm_num_groups: 32,
        use_quant_conv: true,
        use_post_quant_conv: true,
    };
    frozen(|weights| AutoEncoderKL::new(weights, 3, 3, config()))
}

fn measure(repeats: usize, work: impl FnMut() -> Result<Tensor>) -> Result<(Time, f64)> {
    let held = held_mib();
    reset_peak();
    let time = best(repeats, work)?;
    Ok((time, peak_mib() - held))
}

/// Going backward is one call inside another.
fn on_large_stack<T: Send + 'static>(work: fn() -> Result<T>) -> Result<T> {
    let thread = std::thread::Builder::new().stack_size(256 << 20);
    let thread = thread.spawn(work)?;
    thread
        .join()
        .unwrap_or_else(|_| Err(Error::msg("a panic")))
}

fn main() -> Result<()> {
    let part = std::env::args().nth(1).unwrap_or_default();
    let (time, mib) = match part.as_str() {
        "train-toon" => on_large_stack(train_toon)?,
        "vae-decode" => {
            let (vae, latents) = (vae()?, random(&[1, 4, 64, 64])?);
            measure(1, || vae.decode(&latents))?
        }
        "vae-encode" => {
            let (vae, picture) = (vae()?, random(&[1, 3, 512, 512])?);
            measure(1, || vae.encode(&picture)?.sample())?
        }
        other => {
            let size = other.strip_prefix("unet-").and_then(|n| n.parse().ok());
            let size = size.ok_or_else(|| Error::msg("unet-64, vae-decode, vae-encode or train-toon"))?;
            let (unet, latents) = (unet()?, random(&[1, 8, size, size])?);
            let context = random(&[1, CONTEXT, 768])?;
            measure(2, || unet.forward(&latents, 801.0, &context))?
        }
    };
    println!("{:.3} {:.3} {mib:.1}", time.wall, time.cpu);
    Ok(())
}
