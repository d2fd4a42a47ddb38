//! Which samples belong to which category: `labels_sample_val.json` of the data set.

use crate::pipeline::Problem;
use std::path::Path;

/// The category of all samples, which comes first.
pub const TOTAL: &str = "total sample";

/// Names of samples by category, in the order of the file; a sample may be in several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Categories(Vec<(String, Vec<String>)>);

impl Categories {
    /// Reads such a file.
    ///
    /// # Errors
    /// When it cannot be read or is no object of lists of names.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        let problem = |reason: String| {
            Problem::new(format!("Cannot read the categories: {reason}."))
                .hint("Name the labels_sample_val.json of the data set: a category and the names of its samples.")
                .file(path)
        };
        let text = std::fs::read(path).map_err(|e| problem(e.to_string()))?;
        let lists: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(&text).map_err(|e| problem(e.to_string()))?;
        let mut categories = Vec::with_capacity(lists.len());
        for (category, names) in lists {
            let names = serde_json::from_value(names)
                .map_err(|e| problem(format!("the names of \"{category}\" are no list ({e})")))?;
            categories.push((category, names));
        }
        Ok(Self(categories))
    }

    /// Categories with their samples.
    pub fn new(categories: Vec<(String, Vec<String>)>) -> Self {
        Self(categories)
    }

    /// The names of the total, where the file lists them.
    pub fn total(&self) -> Option<&[String]> {
        let total = self.0.iter().find(|(category, _)| category == TOTAL);
        total.map(|(_, names)| names.as_slice())
    }

    /// Every category but the total.
    pub fn others(&self) -> impl Iterator<Item = (&str, &[String])> {
        let others = self.0.iter().filter(|(category, _)| category != TOTAL);
        others.map(|(category, names)| (category.as_str(), names.as_slice()))
    }
}
