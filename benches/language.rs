//! BLIP-2 with Flan-T5-XL at full size: the image encoder at 364 pixels, the language model with all
//! bits and with eight.
//!
//! Random weights. candle-transformers has no network that could stand beside the image encoder, and
//! its T5 reads ids only, so these rows are our own. `cargo bench --bench language -- vit` (or
//! `t5-q8`, `t5-f32`) runs one part; all bits of the language model take 12 GB.
#![allow(clippy::print_stdout, reason = "prints its result")]

mod measure;

use candle_core::{DType, Device, Result, Tensor};
use lgd_studio::models::eva_vit::{EvaVit, EvaVitConfig};
use lgd_studio::models::t5::{T5, T5Config};
use lgd_studio::nn::{Bits, Weights};
use measure::{best, held_mib, peak_mib, reset_peak, selected};

/// Tokens of a latent: 32 queries, 45 tokens of text.
const TOKENS: usize = 77;
/// Answers that are followed at the same time.
const BEAMS: usize = 5;

fn random(shape: &[usize]) -> Result<Tensor> {
    Tensor::randn(0f32, 1.0, shape, &Device::Cpu)
}

fn weights(bits: Option<Bits>) -> Weights {
    Weights::random(1, DType::F32, &Device::Cpu).quantised(bits)
}

fn vit() -> Result<()> {
    let config = EvaVitConfig {
        image_size: 364,
        ..EvaVitConfig::default()
    };
    let vit = EvaVit::load(&config, &weights(None))?;
    let held = held_mib();
    let picture = random(&[1, 3, 364, 364])?;
    reset_peak();
    let time = best(2, || vit.forward(&picture))?;
    println!(
        "ViT-g 364 px: {time:.0?}, weights {held:.0} MiB, peak {:.0} MiB above them",
        peak_mib() - held
    );
    Ok(())
}

fn t5(bits: Option<Bits>) -> Result<()> {
    let config = T5Config::flan_t5_xl();
    let t5 = T5::load(&config, &weights(bits))?;
    let held = held_mib();
    let embeds = random(&[1, TOKENS, config.d_model])?;
    reset_peak();
    let encoder = best(2, || t5.encoder().forward_embeds(&embeds, None))?;
    println!(
        "T5-XL encoder, {TOKENS} tokens, {bits:?} bits: {encoder:.0?}, weights {held:.0} MiB, \
         peak {:.0} MiB above them",
        peak_mib() - held
    );
    let states = t5.encoder().forward_embeds(&embeds, None)?;
    let start = t5.writer().start(&states, None)?;
    let rows: Vec<u32> = vec![0; BEAMS];
    let mut first = start.clone();
    t5.writer().step(&rows, &mut first)?;
    first.reorder(&rows)?;
    let step = best(2, || t5.writer().step(&rows, &mut first.clone()))?;
    println!("T5-XL decoder, one step of {BEAMS} beams, {bits:?} bits: {step:.0?}");
    Ok(())
}

fn main() -> Result<()> {
    lgd_studio::nn::keep_freed_memory();
    println!("{} threads, f32, batch 1", rayon::current_num_threads());
    if selected("vit") {
        vit()?;
    }
    if selected("t5-q8") {
        t5(Some(Bits::Eight))?;
    }
    if selected("t5-f32") {
        t5(None)?;
    }
    Ok(())
}
