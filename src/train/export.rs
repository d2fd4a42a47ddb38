//! A trained model as a bundle: the files of the bundle it came from, with the trained tensors in it.

use super::checkpoint::{Tensors, write_tensors};
use super::config::LoraConfig;
use super::latents::LatentFacts;
use super::lora::merged;
use crate::pipeline::{Bundle, BundleSource, Component, Problem};
use candle_core::{DType, Device};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Writes `base` with `trained` (`unet.…`, `blip2.…`, `adapter.…`) into `folder`, which must not exist.
/// Low-rank pairs are put into the matrices they stand beside.
/// It appears whole or not at all. Components that were trained are stored as they were, in halves
/// where they were halves.
///
/// # Errors
/// When `base` cannot be read or `folder` cannot be written.
pub fn write_bundle(
    base: &Bundle,
    trained: &Tensors,
    lora: &LoraConfig,
    name: &str,
    folder: &Path,
) -> Result<(), Problem> {
    write_bundle_with(base, trained, lora, None, name, folder)
}

/// [`write_bundle`] with what is new about the latents, where the autoencoder was trained.
///
/// # Errors
/// As [`write_bundle`].
pub fn write_bundle_with(
    base: &Bundle,
    trained: &Tensors,
    lora: &LoraConfig,
    latents: Option<&LatentFacts>,
    name: &str,
    folder: &Path,
) -> Result<(), Problem> {
    let unwritable = |e: std::io::Error| {
        Problem::new(format!("The bundle cannot be written: {e}."))
            .hint("Make room on the disk, or choose another folder.")
            .file(folder)
    };
    if folder.exists() {
        return Err(Problem::new("There is something of that name already.")
            .hint("Choose a name that is not taken.")
            .file(folder));
    }
    let parent = folder
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(unwritable)?;
    let beside = tempfile::Builder::new()
        .prefix(".bundle-")
        .tempdir_in(parent)
        .map_err(unwritable)?;
    let place = beside.path();

    // 1. The trained networks.
    let mut changed = BTreeMap::new();
    for component in [
        Component::Blip2,
        Component::Unet,
        Component::Vae,
        Component::Adapter,
    ] {
        let prefix = format!("{}.", component.folder());
        let of_it: Tensors = trained
            .iter()
            .filter_map(|(name, t)| Some((name.strip_prefix(&prefix)?.to_owned(), t.clone())))
            .collect();
        if !of_it.is_empty() {
            let file = format!(
                "{}{}.safetensors",
                prefix.replace('.', "/"),
                component.stem()
            );
            let path = place.join(&file);
            std::fs::create_dir_all(place.join(component.folder())).map_err(unwritable)?;
            let tensors = with_trained(base, component, &of_it, lora)?;
            write_tensors(&tensors, &path).map_err(unwritable)?;
            changed.insert(component.folder(), file);
        }
    }

    // 2. Everything else as it was.
    for file in base.files()? {
        let (top, rest) = file.split_once('/').unwrap_or(("", &file));
        let replaced = changed.contains_key(top)
            && (rest.ends_with(".safetensors") || rest.ends_with(".safetensors.index.json"));
        if replaced || file == "lgd.json" {
            continue;
        }
        let path = place.join(&file);
        std::fs::create_dir_all(path.parent().unwrap_or(place)).map_err(unwritable)?;
        if let Some(latents) = latents.filter(|_| file == "vae/config.json") {
            let mut sizes: Value = base.config(&file)?;
            sizes["scaling_factor"] = json!(latents.scaling_factor);
            std::fs::write(&path, format!("{sizes:#}\n")).map_err(unwritable)?;
            continue;
        }
        match base.source() {
            BundleSource::Folder(root) => std::fs::copy(root.join(&file), &path).map(drop),
            BundleSource::Embedded => std::fs::write(&path, base.read(&file)?),
        }
        .map_err(unwritable)?;
    }

    // 3. The description, with keys that this program does not know.
    let mut about: Value = base.config("lgd.json")?;
    about["name"] = json!(name);
    if let Some(latents) = latents {
        if about.get("vae_scaling_factor").is_some() {
            about["vae_scaling_factor"] = json!(latents.scaling_factor);
        }
        about["preview"]["latent_rgb"] = json!(latents.colours);
    }
    let describe = |about: &Value| {
        std::fs::write(place.join("lgd.json"), format!("{about:#}\n")).map_err(unwritable)
    };
    describe(&about)?;
    let written = Bundle::open(&BundleSource::Folder(place.to_path_buf()))?;
    let mut sums = serde_json::Map::new();
    for file in written
        .files()?
        .into_iter()
        .filter(|file| file != "lgd.json")
    {
        let sum = written.sha256(&file, &mut |_| {})?;
        sums.insert(file, json!(sum));
    }
    about["sha256"] = Value::Object(sums);
    describe(&about)?;
    std::fs::rename(place, folder).map_err(unwritable)?;
    Ok(())
}

/// All tensors of a component, the trained ones in place of their old selves, stored as before.
fn with_trained(
    base: &Bundle,
    component: Component,
    trained: &Tensors,
    lora: &LoraConfig,
) -> Result<Tensors, Problem> {
    let weights = base.weights(component, DType::F32, &Device::Cpu)?;
    let stored = weights.stored().dtypes;
    let dtype = match stored.first().map(String::as_str) {
        Some("f16") => DType::F16,
        Some("bf16") => DType::BF16,
        _ => DType::F32,
    };
    let failed = |e: candle_core::Error| {
        Problem::new(format!("The {} cannot be stored: {e}.", component.title()))
            .hint("Close other programs and try again.")
    };
    let trained = merged(trained, &weights, lora).map_err(failed)?;
    let mut tensors = Tensors::new();
    for name in weights.names() {
        if !trained.contains_key(&name) {
            let dims = weights.dims(&name).unwrap_or_default();
            tensors.insert(name.clone(), weights.get(dims, &name).map_err(failed)?);
        }
    }
    tensors.extend(trained);
    for tensor in tensors.values_mut() {
        if tensor.dtype().is_float() {
            *tensor = tensor
                .to_device(&Device::Cpu)
                .and_then(|tensor| tensor.to_dtype(dtype))
                .map_err(failed)?;
        }
    }
    Ok(tensors)
}
