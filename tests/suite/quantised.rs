//! Linear layers of few bits: close to all bits, the same from a file, with a gradient.

use crate::golden::TestResult;
use candle_core::{DType, Device, Tensor, Var};
use lgd_studio::models::generation::{AnswerRng, GenerationSettings, generate};
use lgd_studio::models::t5::{T5, T5Config, T5Encoder};
use lgd_studio::nn::{Bits, Linear, WeightSource, Weights};
use std::collections::HashMap;

/// Wide enough for both formats, which cut rows into blocks of 32 and of 256.
fn config() -> T5Config {
    T5Config {
        vocab_size: 300,
        d_model: 256,
        d_kv: 64,
        d_ff: 512,
        num_layers: 3,
        num_heads: 4,
        ..T5Config::flan_t5_xl()
    }
}

fn random(bits: Option<Bits>) -> Weights {
    Weights::random(9, DType::F32, &Device::Cpu).quantised(bits)
}

fn values(shape: &[usize]) -> TestResult<Tensor> {
    let count: usize = shape.iter().product();
    let values: Vec<f32> = (0..count).map(|i| (i as f32 * 12.9898).sin()).collect();
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
}

fn rms(x: &Tensor) -> TestResult<f32> {
    Ok(x.sqr()?.mean_all()?.sqrt()?.to_scalar()?)
}

#[test]
fn a_t5_of_few_bits_has_nearly_the_states_of_all_bits() -> TestResult {
    let ids = Tensor::new(&[[5u32, 90, 17, 260, 1, 0, 0, 0]], &Device::Cpu)?;
    let whole = T5Encoder::load(&config(), &random(None))?.forward(&ids)?;
    // Random weights have no structure, so nothing averages out: real ones come closer.
    for (bits, bound) in [(Bits::Eight, 0.05), (Bits::Four, 0.5)] {
        let states = T5Encoder::load(&config(), &random(Some(bits)))?.forward(&ids)?;
        let off = rms(&(&states - &whole)?)? / rms(&whole)?;
        println!("{bits:?}: states off by {off:.4} (rms)");
        assert!(off > 0.0 && off < bound, "{bits:?}: {off}");
    }
    Ok(())
}

/// The drawn world's own language model, the only real weights here.
#[test]
fn the_trained_t5_loses_little_with_eight_bits() -> TestResult {
    let bundle = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/toon-tiny/blip2");
    let about: serde_json::Value =
        serde_json::from_slice(&std::fs::read(bundle.join("config.json"))?)?;
    let config: T5Config = serde_json::from_value(about["text_config"].clone())?;
    let source = WeightSource::File(bundle.join("model.safetensors"));
    let states = |bits| -> TestResult<Tensor> {
        let weights = Weights::open(std::slice::from_ref(&source), DType::F32, &Device::Cpu)?;
        let weights = weights.pp("language_model").quantised(bits);
        let ids = Tensor::new(&[[20u32, 31, 7, 400, 12, 55, 1, 0, 0, 0]], &Device::Cpu)?;
        Ok(T5Encoder::load(&config, &weights)?.forward(&ids)?)
    };
    let whole = states(None)?;
    let off = rms(&(states(Some(Bits::Eight))? - &whole)?)? / rms(&whole)?;
    println!("toon-tiny in 8 bits: states off by {off:.4} (rms)");
    assert!(off > 0.0 && off < 0.02, "{off}");
    Ok(())
}

#[test]
fn a_t5_of_eight_bits_writes() -> TestResult {
    let t5 = T5::load(&config(), &random(Some(Bits::Eight)))?;
    let states = values(&[1, 6, 256])?;
    let settings = GenerationSettings::beams(3, 6);
    let written = generate(
        t5.writer(),
        &states,
        None,
        &settings,
        &mut AnswerRng::from_seed(1),
    )?;
    assert_eq!(written.len(), 1);
    assert_eq!(written[0].len(), 3);
    Ok(())
}

#[test]
fn stored_halves_are_quantised_as_they_are_read() -> TestResult {
    let (rows, columns) = (130, 512);
    let stored = values(&[rows, columns])?.to_dtype(DType::BF16)?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("layer.safetensors");
    let tensors = HashMap::from([("weight".to_owned(), stored.clone())]);
    candle_core::safetensors::save(&tensors, &file)?;
    let open = || {
        Weights::open(
            &[WeightSource::File(file.clone())],
            DType::F32,
            &Device::Cpu,
        )
    };
    let x = values(&[3, columns])?;
    let exact = x.matmul(&stored.to_dtype(DType::F32)?.t()?)?;
    for (bits, bound, bytes) in [
        (Bits::Eight, 0.02, rows * columns / 32 * 34),
        (Bits::Four, 0.15, rows * columns / 256 * 144),
    ] {
        let weights = open()?.quantised(Some(bits));
        let layer = Linear::load_no_bias(&weights, columns, rows)?;
        weights.finish()?;
        let off = rms(&(layer.forward(&x)? - &exact)?)? / rms(&exact)?;
        assert!(off > 0.0 && off < bound, "{bits:?}: {off}");

        let rehearsal = open()?.quantised(Some(bits)).rehearsal();
        Linear::load_no_bias(&rehearsal, columns, rows)?;
        rehearsal.finish()?;
        assert_eq!(rehearsal.held_bytes(), bytes as u64);
    }
    // Rows that cannot be cut into blocks keep all bits, and a wrong shape is reported as ever.
    let weights = open()?.quantised(Some(Bits::Eight));
    Linear::load_no_bias(&weights, columns - 1, rows)?;
    assert!(weights.finish().is_err());
    Ok(())
}

#[test]
fn values_that_are_no_numbers_are_found_while_quantising() -> TestResult {
    let mut numbers = vec![0.5f32; 64 * 256];
    numbers[300] = f32::NAN;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("layer.safetensors");
    let stored = Tensor::from_vec(numbers, (64, 256), &Device::Cpu)?;
    candle_core::safetensors::save(&HashMap::from([("weight".to_owned(), stored)]), &file)?;
    let weights = Weights::open(&[WeightSource::File(file)], DType::F32, &Device::Cpu)?
        .quantised(Some(Bits::Eight));
    Linear::load_no_bias(&weights, 256, 64)?;
    let error = weights.finish().expect_err("it is not finite");
    assert!(error.to_string().contains("weight"), "{error}");
    Ok(())
}

#[test]
fn a_gradient_passes_through_a_frozen_quantised_layer() -> TestResult {
    let layer = Linear::load(&random(Some(Bits::Eight)).pp("layer"), 64, 96)?;
    let x = Var::from_tensor(&values(&[2, 3, 64])?)?;
    let pull = values(&[2, 3, 96])?;
    let loss = (layer.forward(x.as_tensor())? * &pull)?.sum_all()?;
    let gradients = loss.backward()?;
    let gradient = gradients.get(x.as_tensor()).ok_or("no gradient")?;
    // The layer is linear: the loss changes by the gradient times any step.
    let step = (values(&[2, 3, 64])? * 0.5)?;
    let moved = (layer.forward(&(x.as_tensor() + &step)?)? * &pull)?.sum_all()?;
    let change = (moved - loss)?.to_scalar::<f32>()?;
    let expected = (gradient * step)?.sum_all()?.to_scalar::<f32>()?;
    assert!((change - expected).abs() < 1e-3, "{change} and {expected}");
    Ok(())
}
