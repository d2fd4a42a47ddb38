//! One forward of the full-size UNet (859.5 million parameters), beside stock candle-transformers.
//!
//! Random weights; both networks have the same sizes. A second line has eight bits in the products. `cargo bench --bench unet -- 32` runs only
//! the small latents, `tiny` the embedded bundle's sizes.
#![allow(clippy::print_stdout, reason = "prints its result")]

mod measure;

use candle_core::{DType, Device, Result, Tensor};
use lgd_studio::models::unet::{Unet, UnetConfig};
use lgd_studio::nn::Weights;
use measure::{Time, best, held_mib, line, peak_mib, reset_peak, selected, stock};

/// Tokens of the original's context: 77 latent, 77 text.
const CONTEXT: usize = 154;
/// Multiplications and additions of one forward at 64x64, about.
const OPERATIONS: f64 = 0.8e12;

fn random(shape: &[usize]) -> Result<Tensor> {
    Tensor::randn(0f32, 1.0, shape, &Device::Cpu)
}

/// With all bits or, `coded`, with eight in the products.
fn ours(sizes: &[usize], repeats: usize, coded: bool) -> Result<Vec<Time>> {
    let weights = Weights::random(1, DType::F32, &Device::Cpu).coded(coded);
    let unet = Unet::load(&UnetConfig::sd15_ip2p(), &weights)?;
    lgd_studio::nn::give_back_freed_memory();
    let held = held_mib();
    let bits = if coded { 8 } else { 32 };
    println!("ours, {bits} bits: weights {held:.0} MiB");
    let text = random(&[1, CONTEXT, 768])?;
    let context = unet.prepare_context(&text, None)?;
    let timesteps = Tensor::new(&[801f32], &Device::Cpu)?;
    sizes
        .iter()
        .map(|&size| {
            let latents = random(&[1, 8, size, size])?;
            reset_peak();
            let time = best(repeats, || unet.forward(&latents, &timesteps, &context))?;
            println!(
                "ours, {bits} bits, {size}x{size}: {time:.0?}, peak {:.0} MiB above the weights",
                peak_mib() - held
            );
            Ok(time)
        })
        .collect()
}

/// Twenty steps of the embedded bundle's UNet with three guidance branches.
fn tiny() -> Result<()> {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/models/toon-tiny/unet/config.json"
    ))?;
    let config: UnetConfig = serde_json::from_str(&text).map_err(candle_core::Error::wrap)?;
    let width = config.cross_attention_dim.get(0).unwrap_or(64);
    let weights = Weights::random(1, DType::F32, &Device::Cpu);
    let unet = Unet::load(&config, &weights)?;
    let context = unet.prepare_context(&random(&[3, 64, width])?, None)?;
    let latents = random(&[3, 8, 16, 16])?;
    let timesteps = Tensor::new(&[801f32; 3], &Device::Cpu)?;
    let time = best(3, || {
        for _ in 0..20 {
            unet.forward(&latents, &timesteps, &context)?;
        }
        Ok(())
    })?;
    println!("embedded bundle, batch 3, 20 forwards: {time:.0?}");
    Ok(())
}

fn main() -> Result<()> {
    lgd_studio::nn::keep_freed_memory();
    println!("{} threads, f32, batch 1", rayon::current_num_threads());
    if selected("tiny") {
        tiny()?;
    }
    let sizes: Vec<usize> = [64, 32]
        .into_iter()
        .filter(|size| selected(&size.to_string()))
        .collect();
    if sizes.is_empty() {
        return Ok(());
    }
    let coded = ours(&sizes, 3, true)?;
    let ours = ours(&sizes, 3, false)?;
    if std::env::var_os("LGD_BENCH_OURS_ONLY").is_some() {
        return Ok(());
    }
    for (size, (ours, coded)) in sizes.iter().zip(ours.into_iter().zip(coded)) {
        let stock = stock(&format!("unet-{size}"))?;
        let operations = OPERATIONS * (*size * *size) as f64 / 4096.0;
        line(&format!("UNet {size}x{size}"), operations, ours, stock);
        let name = format!("UNet {size}x{size}, 8 bits");
        line(&name, operations, coded, stock);
    }
    Ok(())
}
