//! A data folder at a glance, before anything is trained on it.

use super::PinnedQuestion;
use crate::dataset::Records;
use crate::job::Problem;
use std::path::{Path, PathBuf};

/// Skipped records that are named.
const NAMED: usize = 20;
/// Questions that are offered to be pinned.
const QUESTIONS: usize = 8;

/// A split of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitHealth {
    /// Its name: `train`, `val`.
    pub name: String,
    /// The list of its records.
    pub list: PathBuf,
    /// Usable records.
    pub usable: usize,
    /// Of these, with a written answer.
    pub answered: usize,
    /// Skipped records.
    pub skipped: usize,
    /// The first of them with the reasons.
    pub reasons: Vec<(String, String)>,
}

/// A data set as training would see it.
#[derive(Clone, Debug, PartialEq)]
pub struct DataHealth {
    /// Its folder.
    pub folder: PathBuf,
    /// The folder of its pictures.
    pub images: PathBuf,
    /// Its splits, by name.
    pub splits: Vec<SplitHealth>,
    /// Questions to watch while a model learns: the first of the split that is not trained on.
    pub questions: Vec<PinnedQuestion>,
    /// Lists that cannot be used, with the reasons.
    pub unusable: Vec<Problem>,
}

impl DataHealth {
    /// The split that is trained on: `train`, else the first.
    pub fn training_split(&self) -> Option<&SplitHealth> {
        let named = self.splits.iter().find(|split| split.name == "train");
        named.or(self.splits.first())
    }
}

/// Looks through a folder in the published layout; no picture is decoded.
///
/// # Errors
/// When there is no such folder or nothing in it can be trained on.
pub(super) fn examine(folder: &Path) -> Result<DataHealth, Problem> {
    let entries = std::fs::read_dir(folder).map_err(|e| {
        Problem::new(format!("The data folder cannot be read: {e}."))
            .hint("Choose the folder that holds images/ and labels_cot_train.json.")
            .file(folder)
    })?;
    let mut splits: Vec<(String, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let split = name.strip_prefix("labels_cot_")?.strip_suffix(".json")?;
            Some((split.to_owned(), entry.path()))
        })
        .collect();
    splits.sort();
    let images = folder.join("images");
    let mut health = DataHealth {
        folder: folder.to_path_buf(),
        images: images.clone(),
        splits: Vec::new(),
        questions: Vec::new(),
        unusable: Vec::new(),
    };
    for (name, list) in splits {
        match Records::open(&list, &images) {
            Ok(records) => {
                if health.questions.is_empty() || name == "val" {
                    health.questions = questions(&records);
                }
                health.splits.push(summary(name, list, &records));
            }
            Err(error) => health.unusable.push(error.into()),
        }
    }
    if health.splits.is_empty() {
        return Err(health.unusable.into_iter().next().unwrap_or_else(|| {
            Problem::new("There is no data set in this folder.")
                .hint("Choose the folder that holds images/ and labels_cot_train.json; `lgd-studio toon dataset` makes one.")
                .file(folder)
        }));
    }
    Ok(health)
}

fn questions(records: &Records) -> Vec<PinnedQuestion> {
    let first = records.usable.iter().take(QUESTIONS);
    first
        .map(|record| PinnedQuestion {
            image: records.images.join(&record.image1_name),
            question: record.question.clone(),
        })
        .collect()
}

fn summary(name: String, list: PathBuf, records: &Records) -> SplitHealth {
    let answered = |record: &&crate::dataset::Record| !record.sent.trim().is_empty();
    let reasons = records.broken.iter().take(NAMED);
    SplitHealth {
        name,
        list,
        usable: records.usable.len(),
        answered: records.usable.iter().filter(answered).count(),
        skipped: records.broken.len(),
        reasons: reasons
            .map(|broken| (broken.record.clone(), broken.reason.clone()))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_are_counted_and_skipped_records_named() -> std::io::Result<()> {
        let place = tempfile::tempdir()?;
        let folder = place.path();
        assert!(examine(&folder.join("none")).is_err());
        let empty = examine(folder).expect_err("nothing is there").to_string();
        assert!(empty.contains("no data set"), "{empty}");
        std::fs::create_dir(folder.join("images"))?;
        for name in ["a.png", "b.png"] {
            std::fs::write(folder.join("images").join(name), b"")?;
        }
        let record = |name: &str, second: &str, sent: &str| {
            serde_json::json!({
                "sample_name": name, "image1_name": "a.png", "image2_name": second,
                "question": "What if it rains?", "sent": sent,
            })
        };
        let list = serde_json::json!([
            record("one", "b.png", "It gets wet."),
            record("two", "b.png", " "),
            record("three", "gone.png", ""),
        ]);
        std::fs::write(folder.join("labels_cot_train.json"), list.to_string())?;
        std::fs::write(folder.join("labels_cot_val.json"), b"{}")?;
        let health = examine(folder).map_err(std::io::Error::other)?;
        let train = health.training_split().expect("there is one");
        assert_eq!((train.usable, train.answered, train.skipped), (2, 1, 1));
        assert_eq!(train.reasons[0].0, "three");
        assert!(train.reasons[0].1.contains("gone.png"));
        assert_eq!(health.unusable.len(), 1, "the other list is no list");
        assert_eq!(health.questions.len(), 2);
        Ok(())
    }
}
