//! Random numbers as torch draws them on a CPU.

use super::{TestResult, root};
use candle_core::{DType, Device, Tensor};
use lgd_studio::nn::noise::{Mt19937, NoiseGenerator, NoiseTape};
use serde_json::Value;
use std::collections::HashMap;

/// Every case: two `randn` of the shape, five `rand`, six `randint`, all from one generator.
#[test]
fn golden_rng() -> TestResult {
    let folder = root()?.join("rng");
    let about: Value = serde_json::from_slice(&std::fs::read(folder.join("cases.json"))?)?;
    let tolerance = about["tolerance_abs"].as_f64().ok_or("no tolerance")?;
    let tensors = candle_core::safetensors::load(folder.join("rng.safetensors"), &Device::Cpu)?;
    let mut unused: Vec<&String> = tensors.keys().collect();
    let (mut worst, mut failures) = (0.0_f64, Vec::new());
    for case in about["cases"].as_array().ok_or("no cases")? {
        let name = case["name"].as_str().ok_or("a case has no name")?;
        let seed = case["seed"].as_u64().ok_or("no seed")?;
        let shape: Vec<usize> = serde_json::from_value(case["shape"].clone())?;
        let count = shape.iter().product();
        let mut generator = Mt19937::new(seed);
        for draw in case["draws"].as_array().ok_or("no draws")? {
            let draw = draw.as_str().ok_or("a draw has no name")?;
            let key = format!("{name}.{draw}");
            let expected = values(&tensors, &key)?;
            let actual: Vec<f64> = match draw {
                "first" | "second" => generator.normal(count).into_iter().map(f64::from).collect(),
                "rand" => expected
                    .iter()
                    .map(|_| f64::from(generator.uniform()))
                    .collect(),
                "randint1000" => expected
                    .iter()
                    .map(|_| generator.integer(0, 1000) as f64)
                    .collect(),
                other => return Err(format!("unknown draw {other}").into()),
            };
            if actual.len() != expected.len() {
                return Err(format!(
                    "{key}: {} numbers, expected {}",
                    actual.len(),
                    expected.len()
                )
                .into());
            }
            let errors = actual.iter().zip(&expected).map(|(a, e)| (a - e).abs());
            // Sorted so that a value that is not a number comes last, as the largest error.
            let error = errors.max_by(f64::total_cmp).unwrap_or(f64::NAN);
            worst = worst.max(error);
            if error.is_nan() || error > tolerance {
                failures.push(format!("{key}: error {error:.2e}, allowed {tolerance:.0e}"));
            }
            unused.retain(|k| **k != key);
        }
        if shape.len() == 4 {
            let tape = NoiseTape::new(NoiseGenerator::Mt19937, seed, shape, 1);
            let (initial, steps) = tape.draw(&Device::Cpu)?;
            for (draw, tensor) in [("first", Some(&initial)), ("second", steps.first())] {
                let expected = values(&tensors, &format!("{name}.{draw}"))?;
                let actual = flat(tensor.ok_or("the tape is too short")?)?;
                assert!(
                    actual
                        .iter()
                        .zip(&expected)
                        .all(|(a, e)| (a - e).abs() <= tolerance)
                );
            }
        }
    }
    report!("golden rng: largest error {worst:.2e}");
    assert!(unused.is_empty(), "never compared: {unused:?}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

fn values(tensors: &HashMap<String, Tensor>, key: &str) -> TestResult<Vec<f64>> {
    flat(tensors.get(key).ok_or_else(|| format!("no tensor {key}"))?)
}

fn flat(tensor: &Tensor) -> TestResult<Vec<f64>> {
    Ok(tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?)
}
