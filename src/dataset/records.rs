//! The records of a VQAI data set: which frames belong together, what is asked, what happens.
//!
//! A broken record is no reason to stop: it is counted and listed with its reason, and the others
//! are used.

use super::error::{DatasetError, DatasetProblem};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One sample as it is written down. Keys beyond the published ones are kept in `other`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its name, once per data set.
    pub sample_name: String,
    /// Picture of the frame before, inside the folder of pictures.
    pub image1_name: String,
    /// Picture of the frame after.
    pub image2_name: String,
    /// The causal question.
    pub question: String,
    /// The answer sentence; empty where nobody wrote one.
    #[serde(default)]
    pub sent: String,
    /// Everything else: category, causal chain, review state, …
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A record that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BrokenRecord {
    /// Its name, or its number in the list, from 1.
    pub record: String,
    /// Why it cannot be used.
    pub reason: String,
}

/// The usable records of a list, and the others.
#[derive(Clone, Debug)]
pub struct Records {
    /// The folder of the pictures.
    pub images: PathBuf,
    /// In the order of the list.
    pub usable: Vec<Record>,
    /// In the order of the list.
    pub broken: Vec<BrokenRecord>,
}

impl Records {
    /// Reads a list of records whose pictures are in `images`; pictures are not decoded.
    ///
    /// # Errors
    /// When the list or the folder cannot be read, or no record can be used.
    pub fn open(list: &Path, images: &Path) -> Result<Self, DatasetError> {
        let text = std::fs::read(list).map_err(|e| DatasetProblem::Unreadable(e).at(list))?;
        let values: Vec<Value> =
            serde_json::from_slice(&text).map_err(|e| DatasetProblem::NotRecords(e).at(list))?;
        let count = values.len();
        let files = file_names(images)?;
        let mut records = Self {
            images: images.to_path_buf(),
            usable: Vec::with_capacity(count),
            broken: Vec::new(),
        };
        let mut names = BTreeSet::new();
        for (index, value) in values.into_iter().enumerate() {
            let name = value["sample_name"].as_str();
            let name = name.map_or_else(|| format!("number {}", index + 1), str::to_owned);
            match usable(value, images, &files, &mut names) {
                Ok(record) => records.usable.push(record),
                Err(reason) => records.broken.push(BrokenRecord {
                    record: name,
                    reason,
                }),
            }
        }
        if records.usable.is_empty() {
            let first = records.broken.first();
            let first = first.map_or_else(String::new, |broken| {
                format!("{}: {}.", broken.record, broken.reason)
            });
            return Err(DatasetProblem::NothingUsable(count, first).at(list));
        }
        Ok(records)
    }

    /// Reads a split of a data set folder in the published layout: `labels_cot_SPLIT.json`, `images/`.
    ///
    /// # Errors
    /// As [`Records::open`].
    pub fn of_split(folder: &Path, split: &str) -> Result<Self, DatasetError> {
        Self::open(&folder.join(Self::file_name(split)), &folder.join("images"))
    }

    /// The name of the list of records of a split.
    pub fn file_name(split: &str) -> String {
        format!("labels_cot_{split}.json")
    }
}

/// The names of everything in a folder of pictures.
pub(super) fn file_names(images: &Path) -> Result<BTreeSet<String>, DatasetError> {
    let unreadable = |e| DatasetProblem::Unreadable(e).at(images);
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(images).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        names.insert(entry.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

fn usable(
    value: Value,
    images: &Path,
    files: &BTreeSet<String>,
    names: &mut BTreeSet<String>,
) -> Result<Record, String> {
    if let Some(reason) = value["excluded"]
        .as_str()
        .filter(|reason| !reason.is_empty())
    {
        return Err(format!("it is excluded: {reason}"));
    }
    let record: Record = serde_json::from_value(value).map_err(|e| e.to_string())?;
    if record.question.trim().is_empty() {
        return Err("it has no question".to_owned());
    }
    for name in [&record.image1_name, &record.image2_name] {
        // A name may lead into a folder below.
        if !files.contains(name) && !images.join(name).is_file() {
            return Err(format!("the picture {name} is missing"));
        }
    }
    if !names.insert(record.sample_name.clone()) {
        return Err("there is another record of that name".to_owned());
    }
    Ok(record)
}
