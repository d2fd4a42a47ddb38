//! The bundle that answers: on its way, resident or missing, and what it says of questions.

use super::{AppState, Effect, Ticket};
use crate::job::{BundleSummary, EditRequest, JobSpec, Problem};

/// What is known about the bundle.
#[derive(Clone, Debug, Default)]
pub enum BundleState {
    /// On its way.
    #[default]
    Loading,
    /// Resident.
    Ready(Box<BundleSummary>),
    /// Could not be loaded.
    Failed(Problem),
}

impl AppState {
    pub(super) fn load_bundle(&mut self) -> Effect {
        self.bundle = BundleState::Loading;
        self.bundle_job = None;
        self.similar.forget_judge();
        Effect::Submit(Ticket::Bundle, JobSpec::Load(self.bundle_source.clone()))
    }

    /// The defaults of the bundle, or of the embedded one until it is known.
    pub fn defaults(&self) -> EditRequest {
        match &self.bundle {
            BundleState::Ready(summary) => summary.defaults.clone(),
            BundleState::Loading | BundleState::Failed(_) => EditRequest::default(),
        }
    }

    /// Tokens of a question, and the most that the model reads; none until a model can count them.
    pub fn tokens_of(&self, question: &str) -> Option<(usize, usize)> {
        match &self.bundle {
            BundleState::Ready(summary) => Some((
                summary.token_counter.count(question.trim()),
                summary.max_question_tokens,
            )),
            BundleState::Loading | BundleState::Failed(_) => None,
        }
    }

    /// Most question tokens the model reads, once known.
    pub fn token_limit(&self) -> Option<usize> {
        match &self.bundle {
            BundleState::Ready(summary) => Some(summary.max_question_tokens),
            BundleState::Loading | BundleState::Failed(_) => None,
        }
    }

    pub(super) fn count_tokens(&mut self) {
        self.question_tokens = match &self.bundle {
            BundleState::Ready(summary) => Some(
                summary
                    .token_counter
                    .count(self.form.request.question.trim()),
            ),
            BundleState::Loading | BundleState::Failed(_) => None,
        };
    }
}
