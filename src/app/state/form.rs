//! What a person edits before an answer is drawn.

use super::{GridDraft, MAX_COLUMNS};
use crate::job::{EditRequest, GuidanceMode, columns_per_seed};
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
    /// Seeds drawn at once, one row each: that of `request` and the ones after it.
    pub rows: usize,
    /// A second question about the same frame; none while only one is asked.
    pub second: Option<String>,
    /// The grid that is planned.
    pub grid: GridDraft,
}

impl Default for Form {
    fn default() -> Self {
        Self {
            request: EditRequest::default(),
            modes: vec![GuidanceMode::default()],
            keep_seed: false,
            rows: 1,
            second: None,
            grid: GridDraft::default(),
        }
    }
}

impl Form {
    /// The first mode; the one that is shown while there is one column.
    pub fn mode(&self) -> GuidanceMode {
        self.modes.first().copied().unwrap_or_default()
    }

    /// Adds a mode or takes it away; the last one stays. With `only`, takes all others away.
    pub fn toggle(&mut self, mode: GuidanceMode, only: bool) {
        if only {
            self.modes = vec![mode];
        } else if !self.modes.contains(&mode) {
            self.modes.push(mode);
            // In the order they are shown, whatever the order of the clicks.
            self.modes
                .sort_by_key(|m| GuidanceMode::ALL.iter().position(|known| known == m));
        } else if self.modes.len() > 1 {
            self.modes.retain(|known| *known != mode);
        }
    }

    /// One complete request per column, row by row.
    pub fn requests(&self) -> Vec<EditRequest> {
        let most = MAX_COLUMNS / self.modes.len().max(1);
        let rows = self.rows.clamp(1, most.max(1));
        let request = |row: usize, mode: GuidanceMode| EditRequest {
            question: self.request.question.trim().to_owned(),
            mode,
            seed: self.request.seed.wrapping_add(row as u64),
            ..self.request.clone()
        };
        (0..rows)
            .flat_map(|row| self.modes.iter().map(move |mode| request(row, *mode)))
            .collect()
    }

    /// A form that asks again for what `requests` drew, seed included. What shows while it draws stays
    /// as in `now`; an answer of one's own and a branch belong to a column, not to a form.
    pub fn recalled(requests: &[EditRequest], now: &Self) -> Self {
        let Some(first) = requests.first() else {
            return now.clone();
        };
        let drawn = |mode: &GuidanceMode| requests.iter().any(|request| request.mode == *mode);
        let seeds: Vec<u64> = requests.iter().map(|request| request.seed).collect();
        Self {
            modes: GuidanceMode::ALL.into_iter().filter(drawn).collect(),
            keep_seed: true,
            rows: columns_per_seed(&seeds).map_or(1, |per_seed| seeds.len() / per_seed),
            request: EditRequest {
                branch: None,
                answer: None,
                without: Vec::new(),
                preview: now.request.preview,
                ..first.clone()
            },
            second: None,
            grid: now.grid.clone(),
        }
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
