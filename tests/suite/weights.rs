//! Weight files as people have them: right, wrong, damaged and hostile.

use crate::golden::{TestResult, root};
use candle_core::{DType, Device, Tensor};
use lgd_studio::nn::{LoadError, WeightSource, Weights};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

fn open(path: impl Into<PathBuf>) -> Result<Weights, LoadError> {
    Weights::open(&[WeightSource::File(path.into())], DType::F32, &Device::Cpu)
}

fn save(path: &Path, tensors: &[(&str, &Tensor)]) -> TestResult {
    let tensors: HashMap<String, Tensor> = tensors
        .iter()
        .map(|(name, tensor)| ((*name).to_owned(), (*tensor).clone()))
        .collect();
    Ok(candle_core::safetensors::save(&tensors, path)?)
}

fn zeros(shape: &[usize]) -> TestResult<Tensor> {
    Ok(Tensor::zeros(shape, DType::F32, &Device::Cpu)?)
}

/// Reads every tensor of the file with its own shape, as a network would.
fn read_all(path: &Path) -> Result<usize, LoadError> {
    let weights = open(path)?;
    let names = weights.names();
    for name in &names {
        let dims = weights.dims(name).unwrap_or_default();
        weights
            .get(dims, name)
            .map_err(|e| LoadError::Invalid(e.to_string()))?;
    }
    weights.finish()?;
    Ok(names.len())
}

/// The bundle that is compiled into the program.
#[test]
fn the_embedded_bundle_is_sound() -> TestResult {
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/toon-tiny");
    let mut files = 0;
    for folder in std::fs::read_dir(bundle)?.flatten() {
        for file in std::fs::read_dir(folder.path())
            .into_iter()
            .flatten()
            .flatten()
        {
            let path = file.path();
            if path.extension().is_some_and(|e| e == "safetensors") {
                let started = std::time::Instant::now();
                let tensors = read_all(&path)?;
                println!(
                    "{}: {tensors} tensors in {:.2?}",
                    path.display(),
                    started.elapsed()
                );
                files += 1;
            }
        }
    }
    assert!(files >= 4);
    Ok(())
}

/// Values of all stored formats, against another reader.
#[test]
fn all_number_formats_are_read() -> TestResult {
    let path = root()?.join("ckpt/bad/odd_tensors.safetensors");
    let weights = open(&path)?;
    let stored = candle_core::safetensors::load(&path, &Device::Cpu).unwrap_or_default();
    for (name, expected) in BTreeMap::from_iter(stored) {
        let actual = weights.get(expected.dims(), &name)?;
        let flat = |t: &Tensor| t.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>();
        let is_float = expected.dtype().is_float();
        let expected = if is_float {
            expected.to_dtype(DType::F32)?
        } else {
            expected
        };
        assert_eq!(flat(&actual)?, flat(&expected)?, "{name}");
        assert_eq!(actual.dtype() == DType::F32, is_float, "{name}");
    }
    assert_eq!(weights.get((4, 6), "t.bool")?.dtype(), DType::U8);
    let source = [WeightSource::File(path)];
    for dtype in [DType::F64, DType::F16, DType::BF16] {
        let weights = Weights::open(&source, dtype, &Device::Cpu)?;
        for name in ["t.f64", "t.bf16", "t.half", "t.param"] {
            assert_eq!(weights.get((4, 6), name)?.dtype(), dtype);
        }
    }
    Ok(())
}

#[test]
fn all_problems_are_reported_together() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("unet.safetensors");
    let nan = Tensor::new(&[f32::NAN, 1.0], &Device::Cpu)?;
    save(
        &path,
        &[
            ("conv_in.weight", &zeros(&[320, 4, 3, 3])?),
            ("mid.norm", &nan),
            ("left.over", &zeros(&[1])?),
            ("old.position_ids", &zeros(&[1])?),
            ("known.extra.weight", &zeros(&[1])?),
            ("good", &zeros(&[2])?),
        ],
    )?;
    let weights = open(&path)?.named("the UNet");
    weights.ignore("known");
    assert_eq!(
        weights.pp("conv_in").get((320, 8, 3, 3), "weight")?.dims(),
        [320, 8, 3, 3]
    );
    weights.get(2, "good")?;
    weights.get(2, "mid.norm")?;
    weights.get(7, "bias")?;
    let Err(error) = weights.finish() else {
        return Err("nothing was reported".into());
    };
    let expected = format!(
        "Cannot load the UNet: 1 tensor has another shape, 1 tensor is missing, 1 tensor is not finite, 1 tensor is not part of this model.\n  \
         conv_in.weight is (320, 4, 3, 3), expected (320, 8, 3, 3)\n  \
         bias is missing\n  \
         mid.norm holds a NaN or infinite value\n  \
         left.over is not part of this model\n\
         This looks like a text-to-image checkpoint. Choose an InstructPix2Pix one.\n\
         File: {}",
        path.display()
    );
    assert_eq!(error.to_string(), expected);
    // A view answers for what is below it only.
    assert!(weights.pp("mid").finish().is_err());
    assert!(weights.pp("good").finish().is_ok());
    Ok(())
}

#[test]
fn long_lists_are_cut_and_a_single_problem_is_one_sentence() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("model.safetensors");
    save(&path, &[("a", &zeros(&[2])?)])?;
    let weights = open(&path)?;
    for i in 0..100 {
        weights.pp("layer").get(3, &i.to_string())?;
    }
    let text = weights.finish().expect_err("all are missing").to_string();
    assert!(text.lines().count() <= 16, "{text}");
    assert!(
        text.contains("100 tensors are missing") && text.contains("and 89 more"),
        "{text}"
    );
    assert!(text.contains("other weights"), "{text}");
    let weights = open(&path)?;
    weights.get((2, 1), "a")?;
    let text = weights
        .finish()
        .expect_err("the shape is wrong")
        .to_string();
    assert!(
        text.starts_with("Cannot load the weights: a is (2), expected (2, 1).\n"),
        "{text}"
    );
    Ok(())
}

#[test]
fn shards_are_read_through_their_index_and_stay_in_the_folder() -> TestResult {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    save(&at("model-1.safetensors"), &[("a", &zeros(&[2])?)])?;
    save(&at("model-2.safetensors"), &[("b", &zeros(&[3])?)])?;
    let index = at("model.safetensors.index.json");
    let write = |text: &str| std::fs::write(&index, text);
    write(
        r#"{"metadata":{"total_size":20},"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}}"#,
    )?;
    let source = WeightSource::in_folder(folder.path(), "model");
    let weights = Weights::open(&[source], DType::F32, &Device::Cpu)?;
    weights.get(2, "a")?;
    weights.get(3, "b")?;
    weights.finish()?;
    for name in [
        "../model-1.safetensors",
        "/etc/passwd",
        "C:\\\\x.safetensors",
        "..",
        "",
        "a/b.safetensors",
        "model.safetensors.index.json",
    ] {
        write(&format!(r#"{{"weight_map":{{"a":"{name}"}}}}"#))?;
        let error = open(&index)
            .expect_err("the index leaves its folder")
            .to_string();
        assert!(error.contains("shard index names"), "{name}: {error}");
    }
    write(r#"{"weight_map":{"a":"model-3.safetensors"}}"#)?;
    assert!(matches!(open(&index), Err(LoadError::Unreadable { .. })));
    for text in ["", "[]", "{}", r#"{"weight_map":{}}"#] {
        write(text)?;
        assert!(
            matches!(open(&index), Err(LoadError::Malformed { .. })),
            "{text}"
        );
    }
    // The same tensor twice.
    save(&at("model-2.safetensors"), &[("a", &zeros(&[3])?)])?;
    write(r#"{"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}}"#)?;
    assert!(
        open(&index)
            .expect_err("a tensor is there twice")
            .to_string()
            .contains("also holds a")
    );
    Ok(())
}

#[test]
fn files_that_are_none() -> TestResult {
    let folder = tempfile::tempdir()?;
    let text = open(folder.path().join("none.safetensors"))
        .expect_err("no file")
        .to_string();
    assert!(
        text.contains("there is no such file") && text.contains("\nFile: "),
        "{text}"
    );
    let text = open(folder.path()).expect_err("a folder").to_string();
    assert!(text.contains("it is a folder"), "{text}");
    Ok(())
}

#[test]
fn trainable_tensors_are_registered_variables() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("adapter.safetensors");
    save(
        &path,
        &[
            ("mlp.weight", &zeros(&[2, 2])?),
            ("frozen.weight", &zeros(&[2, 2])?),
        ],
    )?;
    let weights = open(&path)?.trainable(|name| name.starts_with("mlp"));
    let trained = weights.pp("mlp").get((2, 2), "weight")?;
    let frozen = weights.get((2, 2), "frozen.weight")?;
    let again = weights.get((2, 2), "mlp.weight")?;
    assert!(trained.is_variable() && again.is_variable() && !frozen.is_variable());
    assert_eq!(trained.id(), again.id());
    let vars = weights.vars();
    assert_eq!(vars.keys().collect::<Vec<_>>(), ["mlp.weight"]);
    let loss = (trained.matmul(&frozen)? + &again)?.sum_all()?;
    assert!(
        loss.backward()?
            .get(vars["mlp.weight"].as_tensor())
            .is_some()
    );
    Ok(())
}

#[test]
fn random_weights_are_repeatable_and_of_a_sensible_size() -> TestResult {
    let weights = |seed| Weights::random(seed, DType::F32, &Device::Cpu);
    let values = |seed, name: &str| -> TestResult<Vec<f32>> {
        Ok(weights(seed)
            .pp("block")
            .get((64, 100), name)?
            .flatten_all()?
            .to_vec1()?)
    };
    let a = values(1, "weight")?;
    assert_eq!(a, values(1, "weight")?);
    assert_ne!(a, values(2, "weight")?);
    assert_ne!(a, values(1, "other.weight")?);
    let variance = a.iter().map(|v| f64::from(v * v)).sum::<f64>() / a.len() as f64;
    assert!((variance - 0.01).abs() < 0.001, "{variance}");
    let weights = weights(1);
    assert_eq!(weights.get(3, "norm.weight")?.to_vec1::<f32>()?, [1.0; 3]);
    assert!(
        weights
            .get(3, "norm.bias")?
            .to_vec1::<f32>()?
            .iter()
            .all(|v| v.abs() < 0.1)
    );
    weights.finish()?;
    Ok(())
}
