//! The original checkpoint as the importer sees it: every tensor under its published name, with the
//! values it had.

use super::{TestResult, root};
use candle_core::{DType, Device, Tensor};
use lgd_studio::nn::StoredDtype;
use lgd_studio::pipeline::GuidanceMode;
use lgd_studio::pipeline::import::{
    Part, PlannedTensor, RecogniseSettings, Recognised, RecognisedComponent, TensorOperation,
    WeightKind, recognise,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Looks at files of `ckpt`.
pub fn recognised(names: &[&str]) -> TestResult<Recognised> {
    let folder = root()?.join("ckpt");
    let paths: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
    Ok(recognise(&paths, &RecogniseSettings::default())?)
}

/// A planned tensor as f32, whatever it is stored as.
fn values(bytes: &[u8], tensor: &PlannedTensor) -> TestResult<Tensor> {
    let dtype = match tensor.dtype {
        StoredDtype::F32 => DType::F32,
        StoredDtype::F16 => DType::F16,
        StoredDtype::BF16 => DType::BF16,
        other => return Err(format!("{} is {other:?}", tensor.name).into()),
    };
    let stored = Tensor::from_raw_buffer(bytes, dtype, &tensor.dims, &Device::Cpu)?;
    Ok(stored.to_dtype(DType::F32)?)
}

/// Every tensor of a published file is in the component, and nothing else is, to the last bit.
fn assert_published(plan: &Recognised, component: &RecognisedComponent, file: &Path) -> TestResult {
    let opened = plan.open()?;
    let published = candle_core::safetensors::load(file, &Device::Cpu)?;
    let averaged = component.part == Part::Adapter && component.kind == WeightKind::Ema;
    let mut expected: BTreeSet<String> = published.keys().cloned().collect();
    if component.part == Part::Adapter {
        // One file holds both kinds; what is only trained beside them has no average.
        expected.retain(|name| name.starts_with("ema.") == averaged || name.starts_with("pred"));
    }
    for tensor in &component.tensors {
        let average = format!("ema.{}", tensor.name);
        let name = match averaged && published.contains_key(&average) {
            true => average,
            false => tensor.name.clone(),
        };
        let published = published
            .get(&name)
            .ok_or_else(|| format!("{name} is not published"))?;
        let values = values(&opened.bytes(tensor)?, tensor)?;
        assert_eq!(values.dims(), published.dims(), "{name}");
        let published = published.to_dtype(DType::F32)?;
        let difference = (values - published)?
            .abs()?
            .flatten_all()?
            .max(0)?
            .to_scalar::<f32>()?;
        assert_eq!(difference, 0.0, "{name}");
        expected.remove(&name);
    }
    assert!(expected.is_empty(), "not recognised: {expected:?}");
    Ok(())
}

#[test]
fn golden_ckpt_every_tensor_lands_under_its_published_name() -> TestResult {
    let plan = recognised(&["lgd_tiny.ckpt"])?;
    let hf = root()?.join("ckpt/hf");
    for (part, kind, file) in [
        (
            Part::Unet,
            WeightKind::Plain,
            "unet/diffusion_pytorch_model.safetensors",
        ),
        (
            Part::Unet,
            WeightKind::Ema,
            "unet_ema/diffusion_pytorch_model.safetensors",
        ),
        (
            Part::Vae,
            WeightKind::Plain,
            "vae/diffusion_pytorch_model.safetensors",
        ),
        (
            Part::TextEncoder,
            WeightKind::Plain,
            "clip_text/model.safetensors",
        ),
        (
            Part::SentenceEncoder,
            WeightKind::Plain,
            "t5_encoder/model.safetensors",
        ),
        (Part::Blip2, WeightKind::Plain, "blip2/model.safetensors"),
        (Part::Adapter, WeightKind::Plain, "lgd_adapters.safetensors"),
        (Part::Adapter, WeightKind::Ema, "lgd_adapters.safetensors"),
    ] {
        let component = plan
            .component(part, kind)
            .ok_or_else(|| format!("no {part:?}"))?;
        let file = hf.join(file);
        if file.exists() {
            assert_published(&plan, component, &file)?;
        }
        report!(
            "golden ckpt import {part:?} {kind:?}: {} tensors, {}",
            component.tensors.len(),
            component.architecture
        );
    }
    Ok(())
}

/// Key by key, against the map that was written when the checkpoint was made.
#[test]
fn golden_ckpt_follows_the_key_map() -> TestResult {
    let folder = root()?.join("ckpt");
    let map: Value = serde_json::from_slice(&std::fs::read(folder.join("key_map.json"))?)?;
    let map = map["map"].as_object().ok_or("no map")?;
    let plan = recognised(&["lgd_tiny.ckpt"])?;
    let mut places: BTreeMap<&str, (&RecognisedComponent, &PlannedTensor)> = BTreeMap::new();
    for component in &plan.components {
        for tensor in &component.tensors {
            let sources = tensor.sources.iter();
            let averaged = component.kind == WeightKind::Ema;
            // An average is completed with what was not averaged.
            for source in sources.filter(|s| !averaged || s.name.starts_with("model_ema.")) {
                let before = places.insert(&source.name, (component, tensor));
                assert!(before.is_none(), "{} is used twice", source.name);
            }
        }
    }
    let left: BTreeSet<&str> = plan
        .left_over
        .iter()
        .map(|l| l.place.name.as_str())
        .collect();
    for (key, about) in map {
        let Some((component, tensor)) = places.get(key.as_str()) else {
            assert!(left.contains(key.as_str()), "{key} is nowhere");
            let same_as_shared = key.ends_with("embed_tokens.weight");
            assert!(
                about["component"].is_null() || same_as_shared,
                "{key} is left out"
            );
            continue;
        };
        let (expected, prefix) = match about["component"].as_str().ok_or(key.as_str())? {
            "unet" => ((Part::Unet, WeightKind::Plain), ""),
            "unet_ema" => ((Part::Unet, WeightKind::Ema), ""),
            "vae" => ((Part::Vae, WeightKind::Plain), ""),
            "clip_text" => ((Part::TextEncoder, WeightKind::Plain), ""),
            "t5_encoder" => ((Part::SentenceEncoder, WeightKind::Plain), ""),
            "blip2" => ((Part::Blip2, WeightKind::Plain), ""),
            "lgd_adapters" if key.starts_with("model_ema.") => {
                ((Part::Adapter, WeightKind::Ema), "ema.")
            }
            "lgd_adapters" => ((Part::Adapter, WeightKind::Plain), ""),
            other => return Err(format!("unknown component {other}").into()),
        };
        assert_eq!((component.part, component.kind), expected, "{key}");
        let name = format!("{prefix}{}", tensor.name);
        assert_eq!(about["key"][0].as_str(), Some(name.as_str()), "{key}");
    }
    assert!(
        plan.left_over.iter().all(|left| left.expected),
        "{:?}",
        plan.left_over
    );
    Ok(())
}

/// Shapes tell the configs, but for the head counts, which are said to be assumed.
#[test]
fn golden_ckpt_configs_are_read_off_the_shapes() -> TestResult {
    let plan = recognised(&["lgd_tiny.ckpt"])?;
    let hf = root()?.join("ckpt/hf");
    // What no shape tells, so that the tiny fixture differs from what is assumed.
    let untold = [
        "attention_head_dim",
        "num_attention_heads",
        "sample_size",
        "projection_dim",
        "architectures",
    ];
    for (part, folder) in [
        (Part::Unet, "unet"),
        (Part::Vae, "vae"),
        (Part::TextEncoder, "clip_text"),
        (Part::SentenceEncoder, "t5_encoder"),
        (Part::Blip2, "blip2"),
    ] {
        let text = std::fs::read(hf.join(folder).join("config.json"))?;
        let published: Value = serde_json::from_slice(&text)?;
        let component = plan
            .component(part, WeightKind::Plain)
            .ok_or("no component")?;
        let config = component.config.as_ref().ok_or("no config")?;
        compare(config, &published, &untold, &format!("{part:?}"));
    }
    let assumed = plan.warnings.join("\n");
    assert!(assumed.contains("attention heads"), "{assumed}");
    Ok(())
}

/// Every setting that both have is the same.
fn compare(config: &Value, published: &Value, untold: &[&str], place: &str) {
    match (config.as_object(), published.as_object()) {
        (Some(config), Some(published)) => {
            let mut compared = 0;
            for (key, value) in config {
                if let Some(published) = published.get(key)
                    && !untold.contains(&key.as_str())
                {
                    compare(value, published, untold, &format!("{place}.{key}"));
                    compared += 1;
                }
            }
            assert!(compared > 2, "{place}: only {compared} settings in common");
        }
        _ => match (config.as_f64(), published.as_f64()) {
            (Some(a), Some(b)) => assert!((a - b).abs() < 1e-12, "{place}: {a} {b}"),
            _ => assert_eq!(config, published, "{place}"),
        },
    }
}

#[test]
fn golden_ckpt_modes_and_missing_parts_are_told() -> TestResult {
    let alone = recognised(&["lgd_tiny.ckpt"])?;
    assert!(alone.has_ema());
    let outlook = |plan: &Recognised, mode: GuidanceMode| {
        let found = plan.modes.iter().find(|m| m.mode == mode);
        found.map(|m| m.missing.clone()).unwrap_or_default()
    };
    // A checkpoint brings no tokenizer.
    assert_eq!(
        outlook(&alone, GuidanceMode::Latent),
        [Part::Blip2Tokenizer]
    );
    assert_eq!(
        outlook(&alone, GuidanceMode::Answer),
        [Part::Blip2Tokenizer]
    );
    let missing = alone.missing.first().ok_or("nothing is missing")?;
    assert_eq!(missing.part, Part::Blip2Tokenizer);
    assert!(missing.usual_source.contains("Hugging Face"));
    let whole = recognised(&["lgd_tiny.ckpt", "hf/t5_tokenizer", "hf/clip_tokenizer"])?;
    for mode in &whole.modes {
        assert!(mode.is_possible(), "{mode:?}");
    }
    assert!(whole.missing.is_empty(), "{:?}", whole.missing);
    let chosen: Vec<(Part, WeightKind)> = whole
        .chosen(WeightKind::Ema)
        .iter()
        .map(|c| (c.part, c.kind))
        .collect();
    assert!(chosen.contains(&(Part::Unet, WeightKind::Ema)));
    assert!(!chosen.contains(&(Part::Unet, WeightKind::Plain)));
    assert!(chosen.contains(&(Part::Vae, WeightKind::Plain)));
    Ok(())
}

/// A few entries of the same checkpoint as safetensors, a part of LAVIS's among them.
#[test]
fn golden_ckpt_original_names_are_known_in_safetensors_too() -> TestResult {
    let plan = recognised(&["original_names_sample.safetensors"])?;
    assert!(
        plan.left_over.iter().all(|left| left.expected),
        "{:?}",
        plan.left_over
    );
    let joined = plan
        .components
        .iter()
        .flat_map(|c| &c.tensors)
        .filter(|t| t.operation != TensorOperation::Copy);
    report!("golden ckpt import sample: {} made tensors", joined.count());
    let opened = plan.open()?;
    for tensor in plan.components.iter().flat_map(|c| &c.tensors) {
        assert_eq!(
            opened.bytes(tensor)?.len() as u64,
            tensor.bytes(),
            "{}",
            tensor.name
        );
    }
    Ok(())
}
