//! The pages of the window.

use serde::{Deserialize, Serialize};

/// What the middle of the window shows; the rail switches between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Page {
    /// A frame, a question and its answers.
    #[default]
    Ask,
    /// Every run that was kept.
    Gallery,
    /// Votes about pictures, blind.
    Vote,
    /// The paper's evaluation.
    Evaluate,
    /// Training runs.
    Train,
    /// The pairs of a data set, to be annotated.
    Dataset,
    /// The bundles known here.
    Models,
    /// What the program wrote down about itself.
    Log,
    /// What the modes do, and the keys.
    Help,
}

/// A page of another version is not worth losing the session for.
pub fn known_or_first<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Page, D::Error> {
    let name = toml::Value::deserialize(source)?;
    Ok(name.try_into().unwrap_or_default())
}
