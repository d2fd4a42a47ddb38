//! Why an answer cannot be drawn now.

use super::{AppState, BundleState};
use crate::job::{EditRequest, GridProblem, RequestProblem};

/// Why Generate is not possible now.
#[derive(Clone, Debug, PartialEq)]
pub enum Blocked {
    /// There is no frame.
    NoFrame,
    /// The frame is being opened.
    Opening,
    /// There is no question.
    NoQuestion,
    /// The bundle lacks something for the mode; its reason.
    ModeMissing(String),
    /// A number is out of range.
    Request(RequestProblem),
    /// The second question is missing or the same as the first.
    SecondQuestion,
    /// The values of an axis cannot be read; said beside them.
    Axis,
    /// The axes do not make a grid.
    Grid(GridProblem),
}

impl AppState {
    /// Why Generate is not possible; none when it is.
    pub fn generate_blocked(&self) -> Option<Blocked> {
        let blocked = self.drawable(&self.form.requests()).err();
        let second = self.form.second.as_ref().map(|second| second.trim());
        let useless = second
            .is_some_and(|second| second.is_empty() || second == self.form.request.question.trim());
        blocked.or(useless.then_some(Blocked::SecondQuestion))
    }

    pub(super) fn mode_missing(&self, request: &EditRequest) -> Option<&str> {
        let BundleState::Ready(summary) = &self.bundle else {
            return None;
        };
        summary
            .unavailable_modes
            .iter()
            .find(|(mode, _reason)| *mode == request.mode)
            .map(|(_mode, reason)| reason.as_str())
    }
}
