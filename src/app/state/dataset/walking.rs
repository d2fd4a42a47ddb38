//! The cursor: which pair is looked at, and where it comes back to.

use super::ask;
use crate::app::state::{AppState, Effect};
use crate::job::DatasetTask;

impl AppState {
    pub(super) fn select_pair(&mut self, place: usize) -> Vec<Effect> {
        if let Some(open) = &mut self.dataset.open
            && place < open.folder.pairs.len()
        {
            open.cursor = Some(place);
            open.edits.settle();
        }
        self.remember_cursor();
        let mut effects = self.stop_sketch();
        effects.extend(self.look_at_pair());
        effects
    }

    pub(super) fn move_to_pair(&mut self, by: isize) -> Vec<Effect> {
        let Some(open) = &self.dataset.open else {
            return Vec::new();
        };
        let last = open.shown.len().saturating_sub(1);
        let next = match open.position() {
            Some(at) => at.saturating_add_signed(by).min(last),
            None => 0,
        };
        match open.shown.get(next) {
            Some(place) => self.select_pair(*place),
            None => Vec::new(),
        }
    }

    pub(super) fn next_open(&mut self) -> Vec<Effect> {
        let Some(open) = &self.dataset.open else {
            return Vec::new();
        };
        let me = self.dataset.me();
        let from = open.position().map_or(0, |at| at + 1);
        let (before, after) = open.shown.split_at(from.min(open.shown.len()));
        let unseen = |place: &&usize| {
            let pair = open.pair(**place);
            pair.is_some_and(|pair| pair.verdict_of(&me).is_none())
        };
        match after.iter().chain(before).find(unseen) {
            Some(place) => self.select_pair(*place),
            None => Vec::new(),
        }
    }

    /// Decodes the pictures of the pair under the cursor, unless they are there.
    pub(super) fn look_at_pair(&mut self) -> Vec<Effect> {
        let opening = self.dataset.openings;
        let Some(open) = &mut self.dataset.open else {
            return Vec::new();
        };
        let known = open.pictures.as_ref().map(|(place, _)| *place);
        let files = open.cursor.filter(|place| known != Some(*place));
        match files.and_then(|place| open.files(place)) {
            Some(files) => {
                open.pictures = None;
                ask(DatasetTask::Look(opening, files))
            }
            None => Vec::new(),
        }
    }

    /// Notes where the cursor is, for the next time this folder is opened.
    pub(super) fn remember_cursor(&mut self) {
        let dataset = &mut self.dataset;
        let Some(open) = &dataset.open else { return };
        let mut recent = dataset.memory.recent.iter_mut();
        let here = recent.find(|recent| recent.path == open.folder.path);
        if let (Some(recent), Some((_, pair))) = (here, open.current()) {
            recent.split.clone_from(&pair.place.split);
            recent.name.clone_from(&pair.place.name);
        }
    }
}
