//! What the next start remembers of the Dataset page.

use super::PairOrder;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Folders that are remembered.
pub(super) const MOST_RECENT: usize = 8;

/// A folder, and the pair that was looked at last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RecentFolder {
    /// Where it is.
    pub path: PathBuf,
    /// The split of that pair.
    pub split: String,
    /// Its name.
    pub name: String,
}

/// Cards or rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PairView {
    /// Cards with pictures.
    #[default]
    Cards,
    /// Rows with words.
    Rows,
}

/// Everything that is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DatasetMemory {
    /// Whether a folder was open: the first of the recent ones.
    pub open: bool,
    /// The order of the pairs.
    pub order: PairOrder,
    /// Cards or rows.
    pub view: PairView,
    /// Whether a quick answer is drawn while a question is written.
    pub sketching: bool,
    /// Who annotates.
    pub annotator: String,
    /// Folders that were opened, newest first.
    pub recent: Vec<RecentFolder>,
}
