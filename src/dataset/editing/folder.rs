//! All pairs of a VQAI folder. Lists are read, pictures are not.

use super::pair::Pair;
use crate::dataset::error::{DatasetError, DatasetProblem};
use crate::dataset::records::file_names;
use crate::dataset::{Categories, Records};
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A list of records in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Its name, for example `train`.
    pub name: String,
    /// The file.
    pub list: PathBuf,
    /// Records in it, readable or not.
    pub count: usize,
}

/// A record that cannot be shown as a pair. It stays in its list as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableRecord {
    /// The split.
    pub split: String,
    /// Its number in the list, from 1.
    pub number: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// Everything in a VQAI folder that annotators work on.
#[derive(Clone, Debug, PartialEq)]
pub struct Folder {
    /// Where it is.
    pub path: PathBuf,
    /// Its lists: training, validation, then others by name.
    pub splits: Vec<Split>,
    /// All pairs, list by list.
    pub pairs: Vec<Pair>,
    /// Records that are no pairs.
    pub unreadable: Vec<UnreadableRecord>,
}

impl Folder {
    /// Where the pictures are.
    pub fn images(&self) -> PathBuf {
        images(&self.path)
    }
}

/// Where the pictures of a folder are.
pub(super) fn images(folder: &Path) -> PathBuf {
    folder.join("images")
}

/// The list of a split.
pub(super) fn list_of(folder: &Path, split: &str) -> PathBuf {
    folder.join(Records::file_name(split))
}

/// The file of categories of a split.
pub(super) fn categories_of(folder: &Path, split: &str) -> PathBuf {
    folder.join(Categories::file_name(split))
}

/// Reads all lists of a folder in the published layout: `images/`, `labels_cot_SPLIT.json` and, where
/// it is there, `labels_sample_SPLIT.json`.
///
/// # Errors
/// When there is no list, or one cannot be read.
pub fn read_folder(path: &Path) -> Result<Folder, DatasetError> {
    let names = split_names(path)?;
    let files = file_names(&images(path))?;
    let mut folder = Folder {
        path: path.to_path_buf(),
        splits: Vec::new(),
        pairs: Vec::new(),
        unreadable: Vec::new(),
    };
    let is_there = |name: &str| {
        // A name may lead into a folder below.
        files.contains(name) || name.contains('/') && images(path).join(name).is_file()
    };
    for split in names {
        let list = list_of(path, &split);
        let text = std::fs::read(&list).map_err(|e| DatasetProblem::Unreadable(e).at(&list))?;
        let records: Vec<Value> =
            serde_json::from_slice(&text).map_err(|e| DatasetProblem::NotRecords(e).at(&list))?;
        let listed = listed_categories(&categories_of(path, &split))?;
        for (index, record) in records.iter().enumerate() {
            let name = record["sample_name"].as_str().unwrap_or_default();
            let category = listed.get(name).map(String::as_str);
            match Pair::of(&split, index, record, category) {
                Ok(mut pair) => {
                    let pictures = [&pair.before, &pair.after].into_iter();
                    pair.missing = pictures.filter(|name| !is_there(name)).cloned().collect();
                    folder.pairs.push(pair);
                }
                Err(reason) => folder.unreadable.push(UnreadableRecord {
                    split: split.clone(),
                    number: index + 1,
                    reason,
                }),
            }
        }
        folder.splits.push(Split {
            name: split,
            list,
            count: records.len(),
        });
    }
    Ok(folder)
}

/// The splits of a folder: training, validation, then others by name.
pub(super) fn split_names(path: &Path) -> Result<Vec<String>, DatasetError> {
    let unreadable = |e| DatasetProblem::Unreadable(e).at(path);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        let name = name.to_string_lossy();
        let split = name.strip_prefix("labels_cot_");
        names.extend(
            split
                .and_then(|rest| rest.strip_suffix(".json"))
                .map(str::to_owned),
        );
    }
    if names.is_empty() {
        return Err(DatasetProblem::NoLists.at(path));
    }
    let rank = |name: &str| match name {
        "train" => 0,
        "val" => 1,
        _ => 2,
    };
    names.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
    Ok(names)
}

/// The category of every name; nothing where there is no such file.
fn listed_categories(path: &Path) -> Result<HashMap<String, String>, DatasetError> {
    if !path.is_file() {
        return Ok(HashMap::new());
    }
    let lists = Categories::open(path)?;
    let pairs = lists.others().flat_map(|(category, names)| {
        let named = |name: &String| (name.clone(), category.to_owned());
        names.iter().map(named)
    });
    Ok(pairs.collect())
}
