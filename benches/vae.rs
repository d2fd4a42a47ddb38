//! The full-size autoencoder at 512x512, beside stock candle-transformers.
#![allow(clippy::print_stdout, reason = "prints its result")]

mod measure;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{VarBuilder, VarMap};
use candle_transformers::models::stable_diffusion::vae::{AutoEncoderKL, AutoEncoderKLConfig};
use lgd_studio::models::vae::{Vae, VaeConfig};
use lgd_studio::nn::Weights;
use measure::{best, held_mib, line, peak_mib, reset_peak};

fn main() -> Result<()> {
    lgd_studio::nn::keep_freed_memory();
    println!("{} threads, f32, batch 1", rayon::current_num_threads());
    let config = VaeConfig::sd15();
    let weights = Weights::random(1, DType::F32, &Device::Cpu);
    let vae = Vae::load(&config, &weights)?;
    let latents = Tensor::randn(0f32, 1.0, (1, 4, 64, 64), &Device::Cpu)?;
    let picture = Tensor::randn(0f32, 1.0, (1, 3, 512, 512), &Device::Cpu)?;
    let held = held_mib();
    reset_peak();
    let decode = best(2, || vae.decode(&latents))?;
    println!(
        "decode {decode:.0?}, peak {:.0} MiB above the weights",
        peak_mib() - held
    );
    reset_peak();
    let encode = best(2, || vae.encode(&picture))?;
    println!(
        "encode {encode:.0?}, peak {:.0} MiB above the weights",
        peak_mib() - held
    );
    if std::env::var_os("LGD_BENCH_OURS_ONLY").is_some() {
        return Ok(());
    }
    let map = VarMap::new();
    let build = |weights: VarBuilder| {
        let config = AutoEncoderKLConfig {
            block_out_channels: config.block_out_channels.clone(),
            layers_per_block: config.layers_per_block,
            latent_channels: config.latent_channels,
            norm_num_groups: config.norm_num_groups,
            use_quant_conv: true,
            use_post_quant_conv: true,
        };
        AutoEncoderKL::new(weights, 3, 3, config)
    };
    build(VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu))?;
    let frozen = map
        .data()
        .lock()
        .map(|vars| {
            vars.iter()
                .map(|(name, var)| (name.clone(), var.as_tensor().detach()))
                .collect()
        })
        .unwrap_or_default();
    let stock = build(VarBuilder::from_tensors(frozen, DType::F32, &Device::Cpu))?;
    let stock_decode = best(1, || stock.decode(&latents))?;
    line("VAE decode 512x512", 2.5e12, decode, stock_decode);
    let stock_encode = best(1, || stock.encode(&picture))?;
    line("VAE encode 512x512", 1.1e12, encode, stock_encode);
    Ok(())
}
