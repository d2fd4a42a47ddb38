//! Pairs that join the opened folder, and leave it again by an undo.

use super::ask;
use crate::app::state::{AppState, Effect, NoticeKind};
use crate::job::datasets::{NewPair, Pair};
use crate::job::{DatasetTask, Problem};

impl AppState {
    /// Adds a pair; `again` says that an undo had taken it out.
    pub(super) fn add_pair(&mut self, new: NewPair, again: bool) -> Vec<Effect> {
        let opening = self.dataset.openings;
        let Some(open) = &mut self.dataset.open else {
            return Vec::new();
        };
        open.adding = Some((new.clone(), again));
        ask(DatasetTask::Add(opening, Box::new(new)))
    }

    /// Takes in what became of a new pair.
    pub(super) fn pair_added(
        &mut self,
        new: NewPair,
        added: Result<Box<Pair>, Problem>,
    ) -> Vec<Effect> {
        let Some(open) = &mut self.dataset.open else {
            return Vec::new();
        };
        let again = open.adding.take().is_some_and(|(_, again)| again);
        let pair = match added {
            Ok(pair) => *pair,
            Err(problem) => {
                if again {
                    open.edits.back(); // it is still to be done again
                }
                match &mut self.dataset.strip {
                    Some(strip) => strip.failed = Some(problem),
                    None => self.notify(NoticeKind::Trouble(problem)),
                }
                return Vec::new();
            }
        };
        let mut splits = open.folder.splits.iter_mut();
        if let Some(split) = splits.find(|split| split.name == pair.place.split) {
            split.count += 1;
        }
        let place = open.folder.pairs.len();
        open.folder.pairs.push(pair);
        // Whatever is looked for: a person has to see what they added.
        open.shown.push(place);
        if !again {
            open.edits.note_added(new);
        }
        if let Some(strip) = &mut self.dataset.strip {
            strip.go_on(&open.folder.pairs);
        }
        let mut effects = self.look_at_strip();
        effects.extend(self.select_pair(place));
        effects
    }

    /// Takes a pair out that was added; those added last stand last.
    pub(super) fn take_pair_out(&mut self, new: NewPair) -> Vec<Effect> {
        let opening = self.dataset.openings;
        let Some(open) = &mut self.dataset.open else {
            return Vec::new();
        };
        let pairs = &mut open.folder.pairs;
        let Some(pair) = pairs.pop_if(|pair| pair.place.name == new.name) else {
            return Vec::new();
        };
        let place = pairs.len();
        let mut splits = open.folder.splits.iter_mut();
        if let Some(split) = splits.find(|split| split.name == pair.place.split) {
            split.count -= 1;
        }
        open.shown.retain(|shown| *shown != place);
        open.wanted.retain(|wanted| *wanted != place);
        open.thumbs.forget(place);
        open.health.forget(&pair.place);
        open.conflicts
            .retain(|conflict| conflict.ours.place != pair.place);
        open.pictures = open.pictures.take().filter(|(of, _)| *of != place);
        if open.cursor == Some(place) {
            open.cursor = open.shown.last().copied();
        }
        let mut effects = self.stop_sketch();
        let task = DatasetTask::TakeOut(opening, Box::new(new), pair.place);
        effects.extend(ask(task));
        effects.extend(self.look_at_pair());
        effects
    }
}
