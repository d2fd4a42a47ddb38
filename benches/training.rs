//! Steps of training: their memory at the size of Stable Diffusion 1.5, and their pace at the embedded
//! bundle's sizes beside stock candle in the same run.
//!
//! Random weights, f32. `cargo bench --bench training -- memory` measures LoRA steps at 32x32 latents
//! with batch 1, plain and with the pieces computed again; `-- toon` the throughput. Stock candle's fused
//! norms and softmax drop the gradients of what is before them without saying so, so it does less than
//! the whole work of a step.
#![allow(clippy::print_stdout, reason = "prints its result")]

mod measure;

use candle_core::{DType, Device, Error, Result, Tensor, Var};
use lgd_studio::models::unet::{Unet, UnetConfig};
use lgd_studio::nn::Weights;
use lgd_studio::train::{AdamW, AdamWSettings, Ema, Gradients, LoraConfig, low_rank_rule};
use measure::{best, held_mib, line, peak_mib, reset_peak, selected, stock};
use std::collections::BTreeMap;

/// Tokens of the original's context: 77 latent, 77 text.
const CONTEXT: usize = 154;
/// Samples of a step of the embedded bundle, as its preset has them.
const BATCH: usize = 32;

/// A UNet that learns.
struct Student {
    unet: Unet,
    parameters: BTreeMap<String, Var>,
    optimizer: AdamW,
    averages: Ema,
    sample: Tensor,
    timesteps: Tensor,
    context: Tensor,
    noise: Tensor,
}

fn random(shape: &[usize]) -> Result<Tensor> {
    Tensor::randn(0f32, 1.0, shape, &Device::Cpu)
}

impl Student {
    fn new(
        config: &UnetConfig,
        weights: &Weights,
        batch: usize,
        size: usize,
        length: usize,
    ) -> Result<Self> {
        let unet = Unet::load(config, weights)?;
        let parameters = weights.vars();
        let width = config.cross_attention_dim.get(0).unwrap_or(768);
        let timesteps: Vec<f32> = (0..batch).map(|i| (i * 31 % 1000) as f32).collect();
        Ok(Self {
            averages: Ema::new(0.999, &parameters)?,
            optimizer: AdamW::new(AdamWSettings::default()),
            unet,
            parameters,
            sample: random(&[batch, 8, size, size])?,
            timesteps: Tensor::new(timesteps, &Device::Cpu)?,
            context: random(&[batch, length, width])?,
            noise: random(&[batch, 4, size, size])?,
        })
    }

    /// Forward, backward, optimiser, average.
    fn step(&mut self, recompute: bool) -> Result<f32> {
        let mut gradients = Gradients::default();
        let error = |guess: &Tensor| (guess - &self.noise)?.sqr()?.mean_all();
        let loss = if recompute {
            let (sample, timesteps, context) = (&self.sample, &self.timesteps, &self.context);
            let (guess, kept) = self
                .unet
                .forward_recomputed(sample, timesteps, context, None)?;
            let guess = Var::from_tensor(&guess)?;
            let loss = error(&guess)?;
            let gradient = loss.backward()?.remove(&guess);
            let gradient = gradient.ok_or_else(|| Error::msg("no gradient"))?;
            kept.backward(&gradient, false, &mut |store| {
                gradients.collect(&self.parameters, store)
            })?;
            loss
        } else {
            let context = self.unet.prepare_context(&self.context, None)?;
            let guess = self.unet.forward(&self.sample, &self.timesteps, &context)?;
            let loss = error(&guess)?;
            gradients.collect(&self.parameters, &mut loss.backward()?)?;
            loss
        };
        assert_eq!(gradients.by_name().len(), self.parameters.len());
        self.optimizer
            .update(&self.parameters, gradients.by_name(), 1e-4)?;
        self.averages.update(&self.parameters)?;
        loss.to_scalar()
    }
}

/// The peak of LoRA steps of the full-size editor.
fn memory() -> Result<()> {
    let lora = LoraConfig {
        rank: 8,
        alpha: 8.0,
    };
    let weights = Weights::random(1, DType::F32, &Device::Cpu);
    let weights = weights.with_low_rank(low_rank_rule(&lora, 41));
    let mut student = Student::new(&UnetConfig::sd15_ip2p(), &weights, 1, 32, CONTEXT)?;
    let numbers: usize = student
        .parameters
        .values()
        .map(|var| var.elem_count())
        .sum();
    println!(
        "SD 1.5, 32x32 latents, batch 1, LoRA of rank {}: {numbers} numbers trained, {:.0} MiB held with the weights",
        lora.rank,
        held_mib()
    );
    for (name, recompute) in [("computed again", true), ("kept", false)] {
        reset_peak();
        let time = best(1, || student.step(recompute))?;
        println!(
            "pieces {name}: peak {:.0} MiB, {:.1} s a step ({:.1} cpu)",
            peak_mib(),
            time.wall / 1e3,
            time.cpu / 1e3
        );
    }
    Ok(())
}

/// Steps of the embedded bundle's editor, beside stock candle.
fn toon() -> Result<()> {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/models/toon-tiny/unet/config.json"
    ))?;
    let config: UnetConfig = serde_json::from_str(&text).map_err(Error::wrap)?;
    let weights = Weights::random(1, DType::F32, &Device::Cpu).trainable(|_| true);
    let mut student = Student::new(&config, &weights, BATCH, 16, 64)?;
    let ours = best(3, || student.step(false))?;
    println!(
        "ours: {:.1} samples per second",
        BATCH as f64 / ours.wall * 1e3
    );
    if std::env::var_os("LGD_BENCH_OURS_ONLY").is_some() {
        return Ok(());
    }
    let stock = stock("train-toon")?;
    line("toon-tiny step, batch 32", 0.0, ours, stock);
    println!(
        "throughput {:.2} times stock candle's ({:.2} by processor time)",
        stock.wall / ours.wall,
        stock.cpu / ours.cpu
    );
    Ok(())
}

/// A part of the measurements.
type Part = fn() -> Result<()>;

fn main() -> Result<()> {
    lgd_studio::nn::keep_freed_memory();
    println!("{} threads, f32", rayon::current_num_threads());
    let parts: [(&str, Part); 2] = [("memory", memory), ("toon", toon)];
    for (name, part) in parts {
        if selected(name) {
            // Going backward is one call inside another.
            let thread = std::thread::Builder::new().stack_size(256 << 20);
            let thread = thread.spawn(part)?;
            thread
                .join()
                .unwrap_or_else(|_| Err(Error::msg("a panic")))?;
        }
    }
    Ok(())
}
