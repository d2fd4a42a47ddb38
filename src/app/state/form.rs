//! What a person edits before an answer is drawn.

use crate::job::{EditRequest, GuidanceMode};
use serde::{Deserialize, Serialize};

/// The question and every number beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Form {
    /// Question, seed and numbers; its mode is replaced by each of `modes`.
    pub request: EditRequest,
    /// One column each; at least one.
    pub modes: Vec<GuidanceMode>,
    /// Whether every answer uses the seed of `request` instead of rolling one.
    pub keep_seed: bool,
}

impl Default for Form {
    fn default() -> Self {
        Self {
            request: EditRequest::default(),
            modes: vec![GuidanceMode::default()],
            keep_seed: false,
        }
    }
}

impl Form {
    /// The first mode; the one that is shown while there is one column.
    pub fn mode(&self) -> GuidanceMode {
        self.modes.first().copied().unwrap_or_default()
    }

    /// One complete request per column.
    pub fn requests(&self) -> Vec<EditRequest> {
        self.modes
            .iter()
            .map(|mode| EditRequest {
                question: self.request.question.trim().to_owned(),
                mode: *mode,
                ..self.request.clone()
            })
            .collect()
    }

    /// Takes every number from `defaults` and leaves question, mode and seed alone.
    pub fn reset_numbers(&mut self, defaults: &EditRequest) {
        self.request = EditRequest {
            question: std::mem::take(&mut self.request.question),
            mode: self.request.mode,
            seed: self.request.seed,
            ..defaults.clone()
        };
    }
}
