//! What is written about pairs: edits, undo, reviews, and what to do where somebody else wrote the same.

use super::edits::{Entry, Step};
use super::{OpenFolder, Saving, ask};
use crate::app::state::{AppState, Effect};
use crate::job::DatasetTask;
use crate::job::datasets::{Conflict, Field, Verdict};
use serde_json::Value;

impl AppState {
    /// Writes about pairs; the steps are taken back together.
    pub(super) fn edit_pairs(&mut self, values: Vec<(usize, Field, Option<Value>)>) -> Vec<Effect> {
        let Some(open) = self.dataset.open.as_mut().filter(|open| open.is_editable()) else {
            return Vec::new();
        };
        let pictures = |field| matches!(field, Field::Before | Field::After);
        let looks_else = values.iter().any(|(_, field, _)| pictures(*field));
        let step = |(place, field, after): &(usize, Field, Option<Value>)| {
            let pair = open.folder.pairs.get(*place)?;
            Some(Step {
                pair: *place,
                field: *field,
                before: pair.value(*field),
                after: after.clone(),
            })
        };
        let steps: Vec<Step> = values.iter().filter_map(step).collect();
        let changes = open.write(values);
        if changes.is_empty() {
            return Vec::new();
        }
        open.edits.note(steps);
        let mut effects = ask(DatasetTask::Edit(changes));
        if looks_else {
            effects.extend(self.look_at_pair());
        }
        effects
    }

    /// Takes the last edit back, or does one again.
    pub(in crate::app::state) fn undo_dataset(&mut self, forward: bool) -> Vec<Effect> {
        // Where the next pair will stand is not known while one is being added.
        let editable = |open: &&mut OpenFolder| open.is_editable() && open.adding.is_none();
        let Some(open) = self.dataset.open.as_mut().filter(editable) else {
            return Vec::new();
        };
        let entry = match forward {
            true => open.edits.forward(),
            false => open.edits.back(),
        };
        match entry {
            Some(Entry::Fields(steps)) => self.retake(steps, forward),
            Some(Entry::Added(new)) if forward => self.add_pair(new, true),
            Some(Entry::Added(new)) => self.take_pair_out(new),
            None => Vec::new(),
        }
    }

    fn retake(&mut self, steps: Vec<Step>, forward: bool) -> Vec<Effect> {
        let Some(open) = &mut self.dataset.open else {
            return Vec::new();
        };
        let place = steps.first().map(|step| step.pair);
        let value = |step: Step| {
            let value = if forward { step.after } else { step.before };
            (step.pair, step.field, value)
        };
        let changes = open.write(steps.into_iter().map(value).collect());
        let mut effects = ask(DatasetTask::Edit(changes));
        // A person has to see what was undone.
        if let Some(place) = place {
            effects.extend(self.select_pair(place));
        }
        effects
    }

    /// An interaction is over.
    pub(in crate::app::state) fn settle_dataset(&mut self) {
        if let Some(open) = &mut self.dataset.open {
            open.edits.settle();
        }
    }

    pub(super) fn review(&mut self, verdict: Option<Verdict>) -> Vec<Effect> {
        let me = self.dataset.me();
        let Some((place, pair)) = self.dataset.open.as_ref().and_then(OpenFolder::current) else {
            return Vec::new();
        };
        let value = pair.reviewed(&me, verdict);
        self.settle_dataset();
        let effects = self.edit_pairs(vec![(place, Field::Reviews, value)]);
        self.settle_dataset();
        effects
    }

    pub(super) fn resolve(&mut self, number: usize, ours: bool) -> Vec<Effect> {
        let Some(open) = &mut self.dataset.open else {
            return Vec::new();
        };
        if number >= open.conflicts.len() {
            return Vec::new();
        }
        let Conflict {
            ours: mut change,
            theirs,
            gone,
        } = open.conflicts.remove(number);
        if gone {
            return Vec::new();
        }
        let mut pairs = open.folder.pairs.iter_mut();
        let Some(pair) = pairs.find(|pair| pair.place == change.place) else {
            return Vec::new();
        };
        pair.set(change.field, theirs.as_ref());
        if !ours {
            return Vec::new();
        }
        pair.set(change.field, change.after.as_ref());
        open.saving = Saving::Noted;
        open.sent += 1;
        change.before = theirs;
        ask(DatasetTask::Edit(vec![change]))
    }
}
