//! Undo and redo of what is written about pairs. Typing in one field is one step, until a person
//! goes somewhere else.

use crate::job::datasets::Field;
use serde_json::Value;

/// Steps that are remembered.
const MOST: usize = 500;

/// One step: a field of a pair, what it was and what it became.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub pair: usize,
    pub field: Field,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// Earlier and later steps.
#[derive(Debug, Default)]
pub(super) struct Edits {
    past: Vec<Vec<Step>>,
    future: Vec<Vec<Step>>,
    /// Whether the interaction of the last edit still goes on.
    going_on: bool,
}

impl Edits {
    /// Notes steps that are taken back together.
    pub(super) fn note(&mut self, steps: Vec<Step>) {
        self.future.clear();
        if let ([step], Some([last])) = (
            steps.as_slice(),
            self.past.last_mut().map(Vec::as_mut_slice),
        ) && self.going_on
            && (last.pair, last.field) == (step.pair, step.field)
        {
            last.after.clone_from(&step.after);
            return;
        }
        self.going_on = true;
        self.past.push(steps);
        if self.past.len() > MOST {
            self.past.remove(0);
        }
    }

    /// The interaction is over; the next edit is a step of its own.
    pub(super) fn settle(&mut self) {
        self.going_on = false;
    }

    /// The steps to take back, the newest first.
    pub(super) fn back(&mut self) -> Option<Vec<Step>> {
        self.going_on = false;
        let steps = self.past.pop()?;
        self.future.push(steps.clone());
        Some(steps)
    }

    /// The steps to take again.
    pub(super) fn forward(&mut self) -> Option<Vec<Step>> {
        self.going_on = false;
        let steps = self.future.pop()?;
        self.past.push(steps.clone());
        Some(steps)
    }

    /// Whether there is a step back, and one forward.
    pub(super) fn possible(&self) -> (bool, bool) {
        (!self.past.is_empty(), !self.future.is_empty())
    }
}
