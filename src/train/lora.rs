//! Trained low-rank pairs: put into the weights they stand beside, or written as a file of their own.

use super::checkpoint::{Tensors, write_tensors};
use super::config::LoraConfig;
use super::networks::PAIR;
use crate::nn::{Weights, low_rank_delta};
use crate::pipeline::Problem;
use candle_core::{DType, Device, Result, Tensor};
use std::collections::BTreeMap;
use std::path::Path;

/// What the names of a pair's halves end with.
const DOWN: &str = "down.weight";
const UP: &str = "up.weight";

/// The pairs among trained tensors, down and up, by the layer they belong to.
fn pairs(trained: &Tensors) -> BTreeMap<&str, (&Tensor, &Tensor)> {
    let downs = trained.iter().filter_map(|(name, down)| {
        let layer = name.strip_suffix(DOWN)?.strip_suffix(PAIR)?;
        let up = trained.get(&format!("{layer}{PAIR}{UP}"))?;
        Some((layer, (down, up)))
    });
    downs.collect()
}

/// Replaces the pairs in `trained`, the tensors of one network, by the whole matrices `W + alpha / r B A`.
pub(super) fn merged(trained: &Tensors, base: &Weights, lora: &LoraConfig) -> Result<Tensors> {
    let plain = trained.iter().filter(|(name, _)| !name.contains(PAIR));
    let mut whole: Tensors = plain.map(|(n, t)| (n.clone(), t.clone())).collect();
    for (layer, (down, up)) in pairs(trained) {
        let name = format!("{layer}.weight");
        let delta = low_rank_delta(&on_host(down)?, &on_host(up)?, lora.alpha)?;
        let matrix = base.get(delta.shape(), &name)?;
        whole.insert(name, (matrix + delta)?);
    }
    Ok(whole)
}

/// Writes the pairs among `trained` as diffusers names them, `unet.….to_q.lora.down.weight`.
///
/// The file has no alpha, which readers take to be the rank: the factor `alpha / rank` is in `up`.
///
/// # Errors
/// When nothing of it is a pair, or the file cannot be written.
pub fn write_lora(
    trained: &Tensors,
    lora: &LoraConfig,
    path: &Path,
) -> std::result::Result<(), Problem> {
    let unwritable = |e: &dyn std::fmt::Display| {
        Problem::new(format!("The LoRA file cannot be written: {e}."))
            .hint("Make room on the disk, or choose another place.")
            .file(path)
    };
    let mut file = Tensors::new();
    for (layer, (down, up)) in pairs(trained) {
        let (down, up) = scaled(down, up, lora).map_err(|e| unwritable(&e))?;
        file.insert(format!("{layer}{PAIR}{DOWN}"), down);
        file.insert(format!("{layer}{PAIR}{UP}"), up);
    }
    if file.is_empty() {
        return Err(Problem::new("This run trained no LoRA.")
            .hint("Write its checkpoint as a bundle instead.")
            .file(path));
    }
    if path.exists() {
        return Err(Problem::new("There is something of that name already.")
            .hint("Choose a name that is not taken.")
            .file(path));
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|e| unwritable(&e))?;
    let beside = tempfile::Builder::new()
        .prefix(".lora-")
        .tempfile_in(folder);
    let beside = beside.map_err(|e| unwritable(&e))?;
    write_tensors(&file, beside.path()).map_err(|e| unwritable(&e))?;
    beside.persist(path).map_err(|e| unwritable(&e.error))?;
    Ok(())
}

/// A pair whose alpha is its rank.
fn scaled(down: &Tensor, up: &Tensor, lora: &LoraConfig) -> Result<(Tensor, Tensor)> {
    let (down, up) = (on_host(down)?, on_host(up)?);
    let rank = down.dim(0)?.max(1) as f64;
    Ok((down, (up * (lora.alpha / rank))?))
}

fn on_host(tensor: &Tensor) -> Result<Tensor> {
    tensor.to_device(&Device::Cpu)?.to_dtype(DType::F32)
}
