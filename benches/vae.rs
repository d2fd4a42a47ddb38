//! The full-size autoencoder at 512x512, beside stock candle-transformers.
#![allow(clippy::print_stdout, reason = "prints its result")]

mod measure;

use candle_core::{DType, Device, Result, Tensor};
use lgd_studio::models::vae::{Vae, VaeConfig};
use lgd_studio::nn::Weights;
use measure::{best, held_mib, line, peak_mib, reset_peak, stock};

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
    let stock_decode = stock("vae-decode")?;
    line("VAE decode 512x512", 2.5e12, decode, stock_decode);
    let stock_encode = stock("vae-encode")?;
    line("VAE encode 512x512", 1.1e12, encode, stock_encode);
    Ok(())
}
