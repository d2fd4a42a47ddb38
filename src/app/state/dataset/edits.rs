//! Undo and redo of what is written about pairs, and of new pairs. Typing in one field is one step,
//! until a person goes somewhere else.

use crate::job::datasets::{Field, NewPair};
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

/// What is taken back at once.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entry {
    /// Fields of pairs.
    Fields(Vec<Step>),
    /// A pair joined the folder.
    Added(NewPair),
}

/// Earlier and later steps.
#[derive(Debug, Default)]
pub(super) struct Edits {
    past: Vec<Entry>,
    future: Vec<Entry>,
    /// Whether the interaction of the last edit still goes on.
    going_on: bool,
}

impl Edits {
    /// Notes steps that are taken back together.
    pub(super) fn note(&mut self, steps: Vec<Step>) {
        self.future.clear();
        if let ([step], Some(Entry::Fields(known))) = (steps.as_slice(), self.past.last_mut())
            && let [last] = known.as_mut_slice()
            && self.going_on
            && (last.pair, last.field) == (step.pair, step.field)
        {
            last.after.clone_from(&step.after);
            return;
        }
        self.going_on = true;
        self.push(Entry::Fields(steps));
    }

    /// Notes that a pair joined the folder.
    pub(super) fn note_added(&mut self, new: NewPair) {
        self.future.clear();
        self.going_on = false;
        self.push(Entry::Added(new));
    }

    fn push(&mut self, entry: Entry) {
        self.past.push(entry);
        if self.past.len() > MOST {
            self.past.remove(0);
        }
    }

    /// The interaction is over; the next edit is a step of its own.
    pub(super) fn settle(&mut self) {
        self.going_on = false;
    }

    /// What is to be taken back, the newest first.
    pub(super) fn back(&mut self) -> Option<Entry> {
        self.going_on = false;
        let entry = self.past.pop()?;
        self.future.push(entry.clone());
        Some(entry)
    }

    /// What is to be done again.
    pub(super) fn forward(&mut self) -> Option<Entry> {
        self.going_on = false;
        let entry = self.future.pop()?;
        self.past.push(entry.clone());
        Some(entry)
    }

    /// Whether there is a step back, and one forward.
    pub(super) fn possible(&self) -> (bool, bool) {
        (!self.past.is_empty(), !self.future.is_empty())
    }
}
