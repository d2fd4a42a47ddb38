//! The folder of an evaluation: names of its files, and what it remembers of how it was drawn.
//!
//! Below the folder of each mode everything is as the original has it. What the program remembers
//! lies beside those folders: the settings, copies of the lists of the data set, and the sentences
//! that the language model wrote. So a folder can be scored anywhere, without the data set.

use super::ValidateSpec;
use crate::dataset::{Categories, Record, Records};
use crate::job::{EditRequest, GuidanceMode, Problem};
use crate::pipeline::{Manifest, whole_file};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

/// The file with the settings.
const SETTINGS: &str = "validation.json";
/// The folder with what the language model wrote.
const ANSWERS: &str = "answers";

/// The frame as the editor saw it.
pub(super) const INPUT: &str = "input_img.jpg";
/// What the answer should look like.
pub(super) const TARGET: &str = "target_img.jpg";

/// A claimed folder.
pub(super) struct Place {
    root: PathBuf,
}

/// What must not change while an evaluation grows.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Settings {
    bundle: String,
    bundle_fingerprint: String,
    split: String,
    seeds: Vec<u64>,
    request: EditRequest,
}

impl Place {
    /// Makes the folder, or goes on with the one that is there. Several programs may do so at once.
    ///
    /// # Errors
    /// When it holds something else, an evaluation with other settings, or cannot be written.
    pub(super) fn claim(spec: &ValidateSpec, manifest: &Manifest) -> Result<Self, Problem> {
        let (place, wanted) = Self::wanted(spec, manifest);
        if !place.goes_on(&wanted)? {
            let unwritable = |e: io::Error| unwritable(&e, &place.root);
            std::fs::create_dir_all(&place.root).map_err(unwritable)?;
            let entries = std::fs::read_dir(&place.root).map_err(unwritable)?;
            // Another shard may have begun since, or begins now: then it is not a stranger's folder.
            let strange = |name: &OsStr| !whole_file::is_unfinished(name);
            let mut names = entries.flatten().map(|entry| entry.file_name());
            if names.any(|name| strange(&name)) && !place.goes_on(&wanted)? {
                return Err(Problem::new("This folder already holds other files.")
                    .hint("Choose an empty folder, or one that `validate` made.")
                    .file(&place.root));
            }
            put_json(&place.root.join(SETTINGS), &wanted)?;
        }
        place.keep_lists(spec)?;
        Ok(place)
    }

    /// The folder as [`Place::claim`] would find it; nothing is made.
    ///
    /// # Errors
    /// When it holds an evaluation with other settings.
    pub(super) fn foresee(spec: &ValidateSpec, manifest: &Manifest) -> Result<Self, Problem> {
        let (place, wanted) = Self::wanted(spec, manifest);
        place.goes_on(&wanted)?;
        Ok(place)
    }

    fn wanted(spec: &ValidateSpec, manifest: &Manifest) -> (Self, Settings) {
        let place = Self {
            root: spec.output.clone(),
        };
        let wanted = Settings {
            bundle: manifest.name.clone(),
            bundle_fingerprint: manifest.fingerprint(),
            split: spec.split.clone(),
            seeds: spec.seeds.clone(),
            request: spec.settings.clone(),
        };
        (place, wanted)
    }

    /// Whether an evaluation with the same settings is there.
    fn goes_on(&self, wanted: &Settings) -> Result<bool, Problem> {
        match Settings::of(&self.root)? {
            None => Ok(false),
            Some(there) if there == *wanted => Ok(true),
            Some(there) => Err(other_settings(&there, wanted).file(self.root.join(SETTINGS))),
        }
    }

    /// Copies of the lists of the data set; where there are some, they must be the same.
    fn keep_lists(&self, spec: &ValidateSpec) -> Result<(), Problem> {
        let names = [
            Records::file_name(&spec.split),
            Categories::file_name(&spec.split),
        ];
        for name in names {
            let (from, to) = (spec.dataset.join(&name), self.root.join(&name));
            let Ok(list) = std::fs::read(&from) else {
                continue; // categories are optional, and records were read before
            };
            match std::fs::read(&to) {
                Ok(there) if there == list => {}
                Ok(_) => {
                    return Err(Problem::new(
                        "The lists of the data set have changed since this evaluation was begun.",
                    )
                    .hint("Choose another folder, so that old and new samples do not mix.")
                    .file(to));
                }
                Err(_) => whole_file::write_whole(&to, &list).map_err(Problem::from)?,
            }
        }
        Ok(())
    }

    /// The folder of a sample.
    pub(super) fn sample(&self, mode: GuidanceMode, name: &str) -> PathBuf {
        self.root.join(mode.name()).join(name)
    }

    /// The contact sheet of a sample.
    pub(super) fn sheet(&self, mode: GuidanceMode, name: &str) -> PathBuf {
        self.root.join(mode.name()).join(format!("{name}.jpg"))
    }

    /// What the language model wrote for a sample; empty where it wrote nothing.
    pub(super) fn answer(&self, mode: GuidanceMode, name: &str) -> String {
        let text = std::fs::read_to_string(self.answer_path(mode, name));
        text.unwrap_or_default().trim().to_owned()
    }

    /// Keeps what the language model wrote.
    pub(super) fn keep_answer(
        &self,
        mode: GuidanceMode,
        name: &str,
        text: &str,
    ) -> Result<(), Problem> {
        let path = self.answer_path(mode, name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| unwritable(&e, folder))?;
        }
        whole_file::write_whole(&path, format!("{text}\n").as_bytes()).map_err(Problem::from)
    }

    fn answer_path(&self, mode: GuidanceMode, name: &str) -> PathBuf {
        let folder = self.root.join(ANSWERS).join(mode.name());
        folder.join(format!("{name}.txt"))
    }
}

/// The name of a generated picture. The original calls the latent mode by the name of the method.
pub(super) fn picture(index: usize, mode: GuidanceMode, seed: u64) -> String {
    let method = match mode {
        GuidanceMode::Latent => "LGD",
        other => other.name(),
    };
    format!("idx_{index}_method_{method}_seed_{seed}.jpg")
}

impl Settings {
    /// Those of a folder; none where there are none.
    fn of(root: &Path) -> Result<Option<Self>, Problem> {
        let path = root.join(SETTINGS);
        let unreadable = |reason: String| {
            Problem::new(format!("Cannot read what this folder is for: {reason}."))
                .hint("Choose another folder.")
                .file(&path)
        };
        match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .map(Some)
                .map_err(|e| unreadable(e.to_string())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(unreadable(e.to_string())),
        }
    }

    /// In words, for a report.
    fn words(&self) -> Vec<String> {
        let Self {
            bundle,
            bundle_fingerprint,
            split,
            seeds,
            request,
        } = self;
        let seeds: Vec<String> = seeds.iter().map(u64::to_string).collect();
        vec![
            format!("Drawn by {bundle} ({bundle_fingerprint}), split {split}."),
            format!(
                "Steps {}, text guidance {}, image guidance {}, seeds {}.",
                request.steps,
                request.guidance_scale,
                request.image_guidance_scale,
                seeds.join(", ")
            ),
        ]
    }
}

/// What the folders of an evaluation remember of the data set and of their drawing; nothing where
/// the original made them.
#[derive(Default)]
pub(in crate::job) struct Remembered {
    /// The samples by category.
    pub categories: Categories,
    /// The records of the split.
    pub records: Vec<Record>,
    /// Generated pictures of every sample.
    pub pictures: Option<usize>,
    /// How they were drawn, in words.
    pub drawn: Vec<String>,
}

impl Remembered {
    /// Of the shards of one evaluation: the first that remembers something counts.
    ///
    /// # Errors
    /// When a file cannot be read, or shards were drawn with different settings.
    pub fn of(folders: &[PathBuf]) -> Result<Self, Problem> {
        let mut found: Option<(&PathBuf, Settings)> = None;
        for folder in folders {
            match (Settings::of(folder)?, &found) {
                (None, _) => {}
                (Some(settings), None) => found = Some((folder, settings)),
                (Some(settings), Some((_, first))) if settings == *first => {}
                (Some(settings), Some((_, first))) => {
                    return Err(different(
                        first,
                        &settings,
                        "The folders are no shards of one evaluation, their settings differ",
                    )
                    .hint("Score them one by one.")
                    .file(folder));
                }
            }
        }
        let Some((folder, settings)) = found else {
            return Ok(Self::default());
        };
        let categories = folder.join(Categories::file_name(&settings.split));
        let records = folder.join(Records::file_name(&settings.split));
        Ok(Self {
            categories: match categories.is_file() {
                true => Categories::open(&categories)?,
                false => Categories::default(),
            },
            records: read_records(&records)?,
            pictures: Some(settings.seeds.len()),
            drawn: settings.words(),
        })
    }
}

/// The records of a list, whose pictures need not be there.
fn read_records(path: &Path) -> Result<Vec<Record>, Problem> {
    let unreadable = |reason: String| {
        Problem::new(format!(
            "Cannot read the records of the evaluation: {reason}."
        ))
        .hint("Copy the list of the data set here again.")
        .file(path)
    };
    let text = match std::fs::read(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(|e| unreadable(e.to_string()))?,
    };
    let values: Vec<Value> =
        serde_json::from_slice(&text).map_err(|e| unreadable(e.to_string()))?;
    // Broken records were named when the evaluation was drawn; they have no pictures.
    let records = values.into_iter().map(serde_json::from_value);
    Ok(records.filter_map(Result::ok).collect())
}

/// Writes JSON whole or not at all.
fn put_json(path: &Path, value: &impl Serialize) -> Result<(), Problem> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|e| Problem::new(format!("The settings cannot be written: {e}.")))?;
    whole_file::write_whole(path, (text + "\n").as_bytes()).map_err(Problem::from)
}

/// Why a folder cannot be used.
pub(super) fn unwritable(error: &io::Error, path: &Path) -> Problem {
    Problem::new(format!(
        "The folder of the evaluation cannot be written: {error}."
    ))
    .hint("Choose a folder that you may write to, or make room on the disk. What is drawn stays.")
    .file(path)
}

fn other_settings(there: &Settings, wanted: &Settings) -> Problem {
    let what = "This folder holds an evaluation with other settings";
    different(there, wanted, what)
        .hint("Choose another folder, or the same settings to go on with this one.")
}

/// Says what differs, so that nobody has to compare two files.
fn different(there: &Settings, wanted: &Settings, what: &str) -> Problem {
    let (there, wanted) = (serde_json::json!(there), serde_json::json!(wanted));
    let mut differences = Vec::new();
    differ("", &there, &wanted, &mut differences);
    Problem::new(format!("{what}: {}.", differences.join(", ")))
}

fn differ(name: &str, there: &Value, wanted: &Value, found: &mut Vec<String>) {
    match (there.as_object(), wanted.as_object()) {
        (Some(there), Some(wanted)) => {
            for (key, wanted) in wanted {
                differ(key, there.get(key).unwrap_or(&Value::Null), wanted, found);
            }
        }
        _ if there != wanted => found.push(format!("{name} is {there}, not {wanted}")),
        _ => {}
    }
}
