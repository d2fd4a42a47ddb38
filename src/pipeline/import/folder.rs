//! Which files of a folder belong together: the layouts of transformers and diffusers.
//!
//! A model folder has a `config.json` and weights beside it; a pipeline folder has such folders in
//! it. Links are followed where they stay inside what was pointed at, or inside the same repository
//! of a Hugging Face cache, whose files are all links into its `blobs`.

use super::super::Problem;
use super::{PlannedFile, RecogniseSettings};
use serde_json::Value;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Folders of a pipeline or a bundle that hold one part each.
const PARTS: [&str; 10] = [
    "adapter",
    "blip2",
    "clip",
    "scheduler",
    "t5_encoder",
    "text_encoder",
    "tokenizer",
    "unet",
    "vae",
    "ip2p",
];
/// Weight files of a model folder without their endings, most wanted first.
const STEMS: [&str; 4] = [
    "model",
    "diffusion_pytorch_model",
    "pytorch_model",
    "adapter",
];
/// Small files that belong to a network.
const SMALL: [&str; 11] = [
    "added_tokens.json",
    "generation_config.json",
    "merges.txt",
    "preprocessor_config.json",
    "processor_config.json",
    "scheduler_config.json",
    "special_tokens_map.json",
    "spiece.model",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
];
/// Endings of checkpoints that stand by themselves.
const CHECKPOINTS: [&str; 5] = ["ckpt", "safetensors", "pth", "pt", "bin"];
/// Largest small file that is looked into; vocabularies have some megabytes.
const MAX_SMALL_BYTES: u64 = 64 << 20;
/// Largest part of a model card that is looked at.
const CARD_BYTES: u64 = 64 << 10;

/// The files of one model.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub origin: PathBuf,
    pub weights: Vec<PathBuf>,
    pub config: Option<Value>,
    pub files: Vec<PlannedFile>,
    pub licence: Option<String>,
    pub second_editor: bool,
}

/// The models in a folder, or the one that a file is.
///
/// # Errors
/// When a folder or a description in it cannot be read, or a link leaves what was pointed at.
pub(super) fn models(path: &Path, settings: &RecogniseSettings) -> Result<Vec<Found>, Problem> {
    if path.is_dir() {
        let root = snapshot(path).unwrap_or_else(|| path.to_owned());
        let look = Look {
            inside: allowed(&root),
            variant: settings.variant.clone(),
        };
        return look.models(&root);
    }
    let weights = match index_of(path) {
        true => shards(path, &allowed(path.parent().unwrap_or(Path::new("."))))?,
        false => vec![path.to_owned()],
    };
    Ok(vec![Found {
        origin: path.to_owned(),
        weights,
        ..Found::default()
    }])
}

fn index_of(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "json")
}

/// A repository of a Hugging Face cache keeps its versions in `snapshots`; `refs/main` names the
/// current one.
fn snapshot(path: &Path) -> Option<PathBuf> {
    let snapshots = path.join("snapshots");
    if !snapshots.is_dir() {
        return None;
    }
    let named = std::fs::read_to_string(path.join("refs/main")).ok();
    let named = named.map(|name| snapshots.join(name.trim()));
    let plain = |folder: &PathBuf| folder.parent() == Some(&snapshots) && folder.is_dir();
    named.filter(plain).or_else(|| {
        let entries = std::fs::read_dir(&snapshots).ok()?.flatten();
        entries
            .map(|entry| entry.path())
            .filter(|p| p.is_dir())
            .max()
    })
}

/// The folder that links must stay in, without links itself.
fn allowed(root: &Path) -> PathBuf {
    let real = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let repository = real.parent().filter(|p| p.ends_with("snapshots"));
    match repository.and_then(Path::parent) {
        Some(repository) => repository.to_owned(),
        None => real,
    }
}

struct Look {
    inside: PathBuf,
    variant: Option<String>,
}

impl Look {
    fn models(&self, root: &Path) -> Result<Vec<Found>, Problem> {
        let licence = card_licence(&root.join("README.md"));
        let mut models = Vec::new();
        let own = self.model(root)?;
        let is_pipeline = PARTS.iter().any(|part| root.join(part).is_dir());
        models.extend(own);
        for part in PARTS {
            let folder = root.join(part);
            if !folder.is_dir() {
                continue;
            }
            if part == "ip2p" {
                let mut second = self.models(&folder)?;
                second
                    .iter_mut()
                    .for_each(|found| found.second_editor = true);
                models.append(&mut second);
            } else {
                models.extend(self.model(&folder)?);
            }
        }
        if !is_pipeline && !models.iter().any(|found| !found.weights.is_empty()) {
            for path in checkpoints(root)? {
                self.confined(&path)?;
                models.push(Found {
                    origin: path.clone(),
                    weights: vec![path],
                    ..Found::default()
                });
            }
        }
        for found in &mut models {
            found.licence = found.licence.take().or_else(|| licence.clone());
        }
        Ok(models)
    }

    /// The one model whose files lie directly in `folder`.
    fn model(&self, folder: &Path) -> Result<Option<Found>, Problem> {
        self.confined(folder)?;
        let mut found = Found {
            origin: folder.to_owned(),
            weights: self.weights(folder)?,
            ..Found::default()
        };
        let config = folder.join("config.json");
        if config.is_file() {
            self.confined(&config)?;
            found.config = Some(json(&config)?);
        }
        for name in SMALL {
            let source = folder.join(name);
            if let Ok(about) = std::fs::metadata(&source)
                && about.is_file()
            {
                self.confined(&source)?;
                found.files.push(PlannedFile {
                    name: name.to_owned(),
                    bytes: about.len(),
                    source,
                });
            }
        }
        let nothing = found.weights.is_empty() && found.config.is_none() && found.files.is_empty();
        Ok((!nothing).then_some(found))
    }

    /// The weight files of a model folder: safetensors before pickles, whole before shards, the
    /// wanted variant before the plain one, and any other variant rather than nothing.
    fn weights(&self, folder: &Path) -> Result<Vec<PathBuf>, Problem> {
        let wanted = self.variant.iter().map(String::as_str);
        let variants: Vec<&str> = wanted.chain(["", "fp16", "bf16", "fp32", "ema"]).collect();
        for variant in variants {
            let dotted = if variant.is_empty() {
                String::new()
            } else {
                format!(".{variant}")
            };
            for (ending, stems) in [("safetensors", &STEMS[..]), ("bin", &STEMS[..3])] {
                for stem in stems {
                    let whole = folder.join(format!("{stem}{dotted}.{ending}"));
                    if whole.is_file() {
                        self.confined(&whole)?;
                        return Ok(vec![whole]);
                    }
                    let index = folder.join(format!("{stem}.{ending}.index{dotted}.json"));
                    if index.is_file() {
                        self.confined(&index)?;
                        return shards(&index, &self.inside);
                    }
                }
            }
        }
        Ok(Vec::new())
    }

    fn confined(&self, path: &Path) -> Result<(), Problem> {
        confined(path, &self.inside)
    }
}

/// Refuses a path that a link leads out of `inside`.
fn confined(path: &Path, inside: &Path) -> Result<(), Problem> {
    let real = path.canonicalize().map_err(|e| unreadable(path, &e))?;
    if real.starts_with(inside) {
        return Ok(());
    }
    Err(
        Problem::new("A link leads out of the folder that was chosen, so it is not followed.")
            .hint("Copy the file into the folder, or choose the folder it is in.")
            .file(path),
    )
}

/// The shards an index names, all of them there.
fn shards(index: &Path, inside: &Path) -> Result<Vec<PathBuf>, Problem> {
    let shards = crate::nn::shards_of(index).map_err(|e| super::read::weight_problem(&e))?;
    for shard in &shards {
        if !shard.exists() {
            return Err(Problem::new("A shard that the index names is missing.")
                .hint("The download is incomplete. Download the missing file into the same folder.")
                .file(shard));
        }
        confined(shard, inside)?;
    }
    Ok(shards)
}

/// Files of a folder that stand by themselves, sorted.
fn checkpoints(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let entries = std::fs::read_dir(folder).map_err(|e| unreadable(folder, &e))?;
    let paths = entries.flatten().map(|entry| entry.path());
    let is_checkpoint = |path: &PathBuf| {
        let ending = path
            .extension()
            .and_then(|e| e.to_str())
            .map(str::to_ascii_lowercase);
        path.is_file() && ending.is_some_and(|e| CHECKPOINTS.contains(&e.as_str()))
    };
    let mut found: Vec<PathBuf> = paths.filter(is_checkpoint).collect();
    found.sort();
    Ok(found)
}

/// A JSON file of bounded size.
pub(super) fn json(path: &Path) -> Result<Value, Problem> {
    let text = limited(path, MAX_SMALL_BYTES).map_err(|e| unreadable(path, &e))?;
    serde_json::from_slice(&text).map_err(|e| {
        Problem::new(format!(
            "A description in the folder cannot be understood: {e}."
        ))
        .hint("The download may be damaged. Download the file again.")
        .file(path)
    })
}

/// The `license` line at the head of a model card.
fn card_licence(card: &Path) -> Option<String> {
    let text = limited(card, CARD_BYTES).ok()?;
    let text = String::from_utf8_lossy(&text);
    let mut lines = text.lines();
    (lines.next()?.trim() == "---").then_some(())?;
    let head = lines.take_while(|line| line.trim() != "---");
    let licence = head
        .filter_map(|line| line.strip_prefix("license:"))
        .next()?;
    let licence = licence.trim().trim_matches(['"', '\'']);
    (!licence.is_empty()).then(|| licence.to_owned())
}

fn limited(path: &Path, bytes: u64) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    std::fs::File::open(path)?
        .take(bytes)
        .read_to_end(&mut text)?;
    Ok(text)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    let message = match error.kind() {
        std::io::ErrorKind::NotFound => "There is no file or folder of that name.".to_owned(),
        std::io::ErrorKind::PermissionDenied => "A file may not be read.".to_owned(),
        _ => format!("A file cannot be read: {error}."),
    };
    Problem::new(message)
        .hint("Check the path and its permissions.")
        .file(path)
}
