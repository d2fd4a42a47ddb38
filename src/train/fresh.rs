//! Weights to begin a training with that has nothing behind it.
//!
//! Each network starts as its published training code would start it: torch's own start for the
//! autoencoder, the editor and the translation; for BLIP-2 that of transformers, with a wider start of
//! the vision half, which a model that was never trained before needs.

use super::checkpoint::Tensors;
use super::config::LoraConfig;
use super::export::write_bundle;
use super::run::failed;
use crate::models::Blip2Config;
use crate::nn::Weights;
use crate::nn::noise::Stream;
use crate::pipeline::{Bundle, Component, Problem};
use candle_core::{DType, Device, Tensor};
use std::path::Path;

/// Deviation of the vision half and of the Q-Former.
const WIDE: f32 = 0.05;
/// Deviation of the learned queries.
const QUERIES: f32 = 0.5;
/// First log-variance of the autoencoder: little noise, so that it finds the pictures first.
const QUIET: f32 = -4.0;

/// How the numbers of a tensor are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Start {
    Same(f32),
    /// Within this distance from zero, evenly.
    Even(f32),
    /// Normal with this deviation.
    Normal(f32),
}

/// Writes a bundle with the sizes, texts and tokenizer of `base` and weights that know nothing.
///
/// # Errors
/// When `base` cannot be read, lacks a network, or `folder` cannot be written.
pub fn write_fresh(base: &Bundle, seed: u64, folder: &Path) -> Result<(), Problem> {
    let blip2: Blip2Config = base.config("blip2/config.json")?;
    let key_width = blip2.text_config.d_kv;
    let mut all = Tensors::new();
    for component in [
        Component::Vae,
        Component::Blip2,
        Component::Unet,
        Component::Adapter,
    ] {
        let weights = base.weights(component, DType::F32, &Device::Cpu)?;
        for name in weights.names() {
            let dims = weights.dims(&name).unwrap_or_default();
            let start = match component {
                Component::Blip2 => of_blip2(&name, &dims, key_width),
                _ => of_torch(&name, &dims, &weights),
            };
            let full = format!("{}.{name}", component.folder());
            let mut values = drawn(start, seed, &full, dims.iter().product());
            if full == "vae.quant_conv.bias" {
                let half = values.len() / 2;
                values
                    .iter_mut()
                    .skip(half)
                    .for_each(|value| *value = QUIET);
            }
            let tensor = Tensor::from_vec(values, dims, &Device::Cpu).map_err(|e| failed(&e))?;
            all.insert(full, tensor);
        }
    }
    let lora = LoraConfig {
        rank: 1,
        alpha: 1.0,
    };
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    write_bundle(base, &all, &lora, &name, folder)
}

fn drawn(start: Start, seed: u64, name: &str, count: usize) -> Vec<f32> {
    let mut stream = Stream::new(seed, name, 0, 0);
    (0..count)
        .map(|_| match start {
            Start::Same(value) => value,
            Start::Even(bound) => (stream.uniform() * 2.0 - 1.0) * bound,
            Start::Normal(deviation) => stream.normal() * deviation,
        })
        .collect()
}

/// `1 / sqrt` of the inputs that a row of a matrix or kernel has.
fn per_input(dims: &[usize]) -> f32 {
    let inputs: usize = dims.iter().skip(1).product();
    (inputs.max(1) as f32).sqrt().recip()
}

/// As torch starts linear layers, convolutions and norms.
fn of_torch(name: &str, dims: &[usize], weights: &Weights) -> Start {
    match (name.strip_suffix(".bias"), dims.len()) {
        (None, 0 | 1) => Start::Same(1.0),
        (None, _) => Start::Even(per_input(dims)),
        (Some(layer), _) => match weights.dims(&format!("{layer}.weight")) {
            Some(dims) if dims.len() > 1 => Start::Even(per_input(&dims)),
            _ => Start::Same(0.0),
        },
    }
}

/// As transformers starts the parts of a BLIP-2.
fn of_blip2(name: &str, dims: &[usize], key_width: usize) -> Start {
    let is_norm = name.ends_with("norm.weight")
        || name.ends_with("Norm.weight")
        || dims.len() < 2 && name.ends_with(".weight");
    if name.ends_with(".bias") {
        return Start::Same(0.0);
    }
    if is_norm {
        return Start::Same(1.0);
    }
    match name.strip_prefix("language_model.") {
        _ if name == "query_tokens" => Start::Normal(QUERIES),
        _ if name.starts_with("language_projection.") => Start::Normal(per_input(dims)),
        Some("shared.weight" | "encoder.embed_tokens.weight" | "decoder.embed_tokens.weight") => {
            Start::Normal(1.0)
        }
        // T5's attention does not divide by the width of a key: its queries start that much smaller.
        Some(layer) if layer.ends_with(".q.weight") => {
            Start::Normal(per_input(dims) / (key_width.max(1) as f32).sqrt())
        }
        Some(_) => Start::Normal(per_input(dims)),
        None => Start::Normal(WIDE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::BundleSource;

    #[test]
    fn every_tensor_starts_as_its_kind_does() -> Result<(), Problem> {
        let q = "language_model.encoder.block.0.layer.0.SelfAttention.q.weight";
        for (name, dims, start) in [
            ("query_tokens", vec![1, 16, 192], Start::Normal(0.5)),
            (
                "language_model.shared.weight",
                vec![1000, 192],
                Start::Normal(1.0),
            ),
            (q, vec![192, 64], Start::Normal(0.125 / 8.0)),
            (
                "vision_model.encoder.layers.0.layer_norm1.weight",
                vec![192],
                Start::Same(1.0),
            ),
            (
                "vision_model.encoder.layers.0.mlp.fc1.bias",
                vec![768],
                Start::Same(0.0),
            ),
            (
                "vision_model.encoder.layers.0.mlp.fc1.weight",
                vec![768, 192],
                Start::Normal(0.05),
            ),
        ] {
            assert_eq!(of_blip2(name, &dims, 64), start, "{name}");
        }
        let place = tempfile::tempdir().map_err(|e| Problem::new(e.to_string()))?;
        let folder = place.path().join("fresh");
        let base = Bundle::open(&BundleSource::Embedded)?;
        write_fresh(&base, 3, &folder)?;
        let fresh = Bundle::open(&BundleSource::Folder(folder))?;
        for component in [Component::Vae, Component::Unet, Component::Blip2] {
            let weights = |bundle: &Bundle| bundle.weights(component, DType::F32, &Device::Cpu);
            let (old, new) = (weights(&base)?, weights(&fresh)?);
            assert_eq!(old.names(), new.names());
            for name in old.names() {
                assert_eq!(old.dims(&name), new.dims(&name), "{name}");
            }
        }
        let weights = fresh.weights(Component::Vae, DType::F32, &Device::Cpu)?;
        let bias = weights.get(8, "quant_conv.bias").map_err(|e| failed(&e))?;
        let bias = bias.to_vec1::<f32>().map_err(|e| failed(&e))?;
        assert!(bias[4..].iter().all(|value| *value == QUIET));
        Ok(())
    }
}
