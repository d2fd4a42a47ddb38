//! Checkpoints: a folder that is there whole or not at all.
//!
//! Trained weights, their average, the optimiser's state, and how far the run is; the random streams
//! and the data position follow from seed and step. Everything is written beside, synced, and the
//! folder renamed, so that a program killed at any moment leaves the checkpoint before it untouched.

use candle_core::{Device, Tensor};
use safetensors::SafeTensorError;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// The version of the format.
const FORMAT: u32 = 1;
const STATE: &str = "state.json";
/// What a checkpoint that stays for good holds.
const PINNED: &str = "pinned";
const WEIGHTS: &str = "weights";
const AVERAGES: &str = "ema";
const OPTIMIZER: &str = "optimizer";
const PREFIX: &str = "step-";

/// Tensors by name.
pub type Tensors = BTreeMap<String, Tensor>;

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    format: u32,
    /// Steps done.
    pub step: u64,
    /// Updates of the optimiser.
    pub optimizer_steps: u64,
    /// Updates of the average.
    pub ema_updates: u64,
    /// Seed of all random streams.
    pub seed: u64,
    /// Samples seen, which is the position in the data.
    pub position: u64,
    /// Size of every file, in bytes.
    files: BTreeMap<String, u64>,
}

impl Progress {
    /// Progress without its files.
    pub fn new(
        step: u64,
        optimizer_steps: u64,
        ema_updates: u64,
        seed: u64,
        position: u64,
    ) -> Self {
        Self {
            format: FORMAT,
            step,
            optimizer_steps,
            ema_updates,
            seed,
            position,
            files: BTreeMap::new(),
        }
    }
}

/// Everything a run needs to go on.
pub struct Checkpoint {
    /// How far it is.
    pub progress: Progress,
    /// Trained weights.
    pub weights: Tensors,
    /// Their average.
    pub averages: Tensors,
    /// The optimiser's state.
    pub optimizer: Tensors,
}

/// The checkpoints of a run.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    folder: PathBuf,
}

impl Checkpoints {
    /// Those in `folder`, which is made; what a killed program left half-written is removed.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn open(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if file_name(&path).starts_with('.') {
                std::fs::remove_dir_all(path)?;
            }
        }
        Ok(Self {
            folder: folder.to_path_buf(),
        })
    }

    /// The folders of all checkpoints by step, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn list(&self) -> io::Result<Vec<(u64, PathBuf)>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let step = file_name(&path).strip_prefix(PREFIX).map(str::parse);
            if let Some(Ok(step)) = step {
                found.push((step, path));
            }
        }
        found.sort();
        Ok(found)
    }

    /// Writes a checkpoint and returns its folder; one of the same step stays as it is.
    ///
    /// # Errors
    /// When the disk says no; then nothing is left behind.
    pub fn save(&self, checkpoint: &Checkpoint) -> io::Result<PathBuf> {
        let name = format!("{PREFIX}{:08}", checkpoint.progress.step);
        let place = self.folder.join(&name);
        if place.is_dir() {
            return Ok(place);
        }
        let beside = self.folder.join(format!(".{name}"));
        let written = write(checkpoint, &beside).and_then(|()| std::fs::rename(&beside, &place));
        if let Err(error) = written {
            // The first failure is the one worth reporting.
            let _ = std::fs::remove_dir_all(&beside);
            return Err(error);
        }
        sync_folder(&self.folder);
        Ok(place)
    }

    /// Removes all but the newest `keep` and the pinned ones.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn prune(&self, keep: usize) -> io::Result<()> {
        let all = self.list()?;
        let old = all.len().saturating_sub(keep);
        for (_, path) in all.into_iter().take(old) {
            if path.join(PINNED).exists() {
                continue;
            }
            // Out of the way first: a half-removed folder must not look like a checkpoint.
            let aside = self.folder.join(format!(".{}", file_name(&path)));
            std::fs::rename(&path, &aside)?;
            std::fs::remove_dir_all(&aside)?;
        }
        Ok(())
    }

    /// The newest checkpoint that is whole, and why newer ones were passed over.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn newest(&self, device: &Device) -> io::Result<(Option<Checkpoint>, Vec<String>)> {
        let mut passed_over = Vec::new();
        for (step, path) in self.list()?.into_iter().rev() {
            match read(&path, device) {
                Ok(checkpoint) => return Ok((Some(checkpoint), passed_over)),
                Err(reason) => passed_over.push(format!(
                    "The checkpoint of step {step} is damaged and was passed over: {reason}."
                )),
            }
        }
        Ok((None, passed_over))
    }
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn write(checkpoint: &Checkpoint, folder: &Path) -> io::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    let mut progress = checkpoint.progress.clone();
    for (name, tensors) in [
        (WEIGHTS, &checkpoint.weights),
        (AVERAGES, &checkpoint.averages),
        (OPTIMIZER, &checkpoint.optimizer),
    ] {
        let name = format!("{name}.safetensors");
        let path = folder.join(&name);
        write_tensors(tensors, &path)?;
        progress.files.insert(name, std::fs::metadata(&path)?.len());
    }
    let path = folder.join(STATE);
    std::fs::write(&path, serde_json::to_vec_pretty(&progress)?)?;
    File::open(&path)?.sync_all()?;
    sync_folder(folder);
    Ok(())
}

/// Writes tensors into one safetensors file, synced. Like the files that torch writes it names their
/// format: without that, transformers refuses a model.
///
/// # Errors
/// When the disk says no.
pub(super) fn write_tensors(tensors: &Tensors, path: &Path) -> io::Result<()> {
    let about = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    safetensors::serialize_to_file(tensors, Some(about), path).map_err(|e| disk_error(e.into()))?;
    File::open(path)?.sync_all()
}

/// What the disk said, which knows whether it is full.
fn disk_error(error: candle_core::Error) -> io::Error {
    use candle_core::Error;
    match error {
        Error::Io(error) | Error::SafeTensor(SafeTensorError::IoError(error)) => error,
        Error::WithBacktrace { inner, .. } | Error::WithPath { inner, .. } => disk_error(*inner),
        other => io::Error::other(other),
    }
}

/// Renames survive a power cut only when the folder is synced too; not all systems can.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

fn read(folder: &Path, device: &Device) -> Result<Checkpoint, String> {
    let text = std::fs::read(folder.join(STATE)).map_err(|e| e.to_string())?;
    let progress: Progress = serde_json::from_slice(&text).map_err(|e| e.to_string())?;
    if progress.format != FORMAT {
        return Err(format!("its format is {}, not {FORMAT}", progress.format));
    }
    let tensors = |name: &str| -> Result<Tensors, String> {
        let name = format!("{name}.safetensors");
        let path = folder.join(&name);
        let size = std::fs::metadata(&path)
            .map_err(|e| format!("{name}: {e}"))?
            .len();
        if progress.files.get(&name) != Some(&size) {
            return Err(format!(
                "{name} has {size} bytes, which is not what was written"
            ));
        }
        let tensors = candle_core::safetensors::load(&path, device);
        Ok(tensors
            .map_err(|e| format!("{name}: {e}"))?
            .into_iter()
            .collect())
    };
    Ok(Checkpoint {
        weights: tensors(WEIGHTS)?,
        averages: tensors(AVERAGES)?,
        optimizer: tensors(OPTIMIZER)?,
        progress,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint(step: u64) -> Checkpoint {
        let tensor = Tensor::new(&[step as f32, 0.1], &Device::Cpu).expect("a tensor");
        let tensors = Tensors::from([("a".to_owned(), tensor)]);
        Checkpoint {
            progress: Progress::new(step, step, step, 41, step * 4),
            weights: tensors.clone(),
            averages: tensors.clone(),
            optimizer: tensors,
        }
    }

    #[test]
    fn damaged_and_half_written_checkpoints_are_passed_over() {
        let place = tempfile::tempdir().expect("a folder");
        let all = Checkpoints::open(place.path()).expect("usable");
        for step in [1, 2, 3] {
            all.save(&checkpoint(step)).expect("saved");
        }
        std::fs::write(place.path().join("step-00000001/pinned"), "").expect("pinned");
        all.save(&checkpoint(4)).expect("saved");
        all.prune(2).expect("pruned");
        let steps: Vec<u64> = all
            .list()
            .expect("listed")
            .into_iter()
            .map(|(s, _)| s)
            .collect();
        assert_eq!(steps, [1, 3, 4]);

        let broken = place.path().join("step-00000004/ema.safetensors");
        std::fs::write(&broken, b"half").expect("broken");
        std::fs::create_dir(place.path().join(".step-00000009")).expect("left by a kill");
        let all = Checkpoints::open(place.path()).expect("usable");
        assert!(!place.path().join(".step-00000009").exists());
        let (newest, passed_over) = all.newest(&Device::Cpu).expect("readable");
        assert_eq!(newest.map(|c| c.progress.step), Some(3));
        assert!(passed_over[0].contains("step 4") && passed_over[0].contains("4 bytes"));
    }
}
