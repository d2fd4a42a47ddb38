//! Which samples belong to which category: `labels_sample_SPLIT.json` of a data set.

use super::error::{DatasetError, DatasetProblem};
use serde_json::{Map, Value};
use std::path::Path;

/// Names of samples by category, in the order of the file; a sample may be in several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Categories(Vec<(String, Vec<String>)>);

impl Categories {
    /// The category of all samples.
    pub const TOTAL: &'static str = "total sample";

    /// The name of such a file, for a split.
    pub fn file_name(split: &str) -> String {
        format!("labels_sample_{split}.json")
    }

    /// Reads such a file.
    ///
    /// # Errors
    /// When it cannot be read or is no object of lists of names.
    pub fn open(path: &Path) -> Result<Self, DatasetError> {
        let text = std::fs::read(path).map_err(|e| DatasetProblem::Unreadable(e).at(path))?;
        let not = |why: String| DatasetProblem::NotCategories(why).at(path);
        let lists: Map<String, Value> =
            serde_json::from_slice(&text).map_err(|e| not(e.to_string()))?;
        let lists = lists.into_iter().map(|(category, names)| {
            let names = serde_json::from_value(names)
                .map_err(|e| not(format!("the names of \"{category}\" are no list ({e})")))?;
            Ok((category, names))
        });
        Ok(Self(lists.collect::<Result<_, _>>()?))
    }

    /// Categories with their samples.
    pub fn new(categories: Vec<(String, Vec<String>)>) -> Self {
        Self(categories)
    }

    /// The names of the total, where the file lists them.
    pub fn total(&self) -> Option<&[String]> {
        let total = self.0.iter().find(|(category, _)| category == Self::TOTAL);
        total.map(|(_, names)| names.as_slice())
    }

    /// Every category but the total.
    pub fn others(&self) -> impl Iterator<Item = (&str, &[String])> {
        let others = self
            .0
            .iter()
            .filter(|(category, _)| category != Self::TOTAL);
        others.map(|(category, names)| (category.as_str(), names.as_slice()))
    }
}
