//! The Dataset page: an opened folder, which of its pairs are shown, and what is written about them.

mod edits;
mod filter;
mod health;
mod hearing;
mod joining;
mod memory;
mod sketch;
mod strip;
#[cfg(test)]
mod tests;
mod thumbs;
mod walking;
mod writing;

pub use filter::{CategoryChoice, PairFilter, PairOrder};
use health::Health;
pub use health::HealthAction;
pub use memory::{DatasetMemory, PairView};
pub use sketch::SKETCH_STEPS;
use sketch::Sketch;
pub use strip::{FRAMES_PER_SECOND, OpenStrip, StripAction, StripBlocked};

use super::{AppState, Effect, Page};
use crate::job::datasets::{
    Change, Conflict, Field, Folder, Holder, NewPair, Opening, Pair, PairFiles, PairPictures,
    Proposal, SaveReport, StripId, Thumbnail, Verdict, propose,
};
use crate::job::{DatasetTask, FileTask, FolderUse, Problem};
use edits::Edits;
use serde_json::Value;
use std::path::PathBuf;
use thumbs::Thumbs;

/// A pair in small.
#[derive(Clone, Debug)]
pub enum ThumbState {
    /// Here it is.
    Ready(Thumbnail),
    /// It cannot be shown.
    Failed(Problem),
}

/// Whether what was written is in the lists.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Saving {
    /// Everything is.
    #[default]
    Saved,
    /// Some edits are noted, and will be saved in a moment.
    Noted,
    /// They could not be saved; they stay noted.
    Failed(Problem),
}

/// The opened folder.
#[derive(Debug)]
pub struct OpenFolder {
    /// Everything in it.
    pub folder: Folder,
    /// Who edits it.
    pub holder: Holder,
    /// The places of the pairs that are shown, in order.
    pub shown: Vec<usize>,
    /// The pair under the cursor, by its place in the folder.
    pub cursor: Option<usize>,
    /// Its pictures, once they are decoded.
    pub pictures: Option<(usize, Result<PairPictures, Problem>)>,
    /// Whether edits are in the lists.
    pub saving: Saving,
    /// Fields that somebody else changed too.
    pub conflicts: Vec<Conflict>,
    /// What may be wrong with it.
    pub health: Health,
    /// The pair that is being added, and whether it comes back after an undo.
    adding: Option<(NewPair, bool)>,
    thumbs: Thumbs<ThumbState>,
    wanted: Vec<usize>,
    edits: Edits,
    /// Edits since it was opened.
    sent: usize,
}

/// What a person does on the page.
#[derive(Clone, Debug, PartialEq)]
pub enum DatasetAction {
    /// Asks for a folder.
    PickFolder,
    /// Opens a folder.
    Open(PathBuf),
    /// Opens the same folder again.
    Reopen,
    /// Closes it.
    Close,
    /// Takes a folder off the recent ones.
    Forget(PathBuf),
    /// Looks for pairs.
    Search(PairFilter),
    /// Puts the pairs into another order.
    Order(PairOrder),
    /// Shows cards or rows.
    View(PairView),
    /// Puts the cursor on a pair, by its place in the folder.
    Select(usize),
    /// Moves the cursor on by some pairs.
    Move(isize),
    /// Goes to the next pair that this person has not reviewed.
    NextOpen,
    /// Compares the two pictures in place of the list, or shows the list again.
    Look(bool),
    /// Puts the typing cursor into a field.
    Write(Option<Field>),
    /// Thumbnails are on screen that are not there yet.
    Want(Vec<usize>),
    /// Gives a field of a pair another value; none takes it away.
    Edit(usize, Field, Option<Value>),
    /// Says whether the pair under the cursor can be used; none takes one's word back.
    Review(Option<Verdict>),
    /// Draws quick answers while a question is written, or not.
    Sketch(bool),
    /// Says who annotates.
    Annotator(String),
    /// Settles the conflict of that number: with our value, or with theirs.
    Resolve(usize, bool),
    /// Does something about the health of the folder.
    Health(HealthAction),
    /// Picks a new pair from frames.
    Strip(StripAction),
    /// Saves now.
    Save,
}

/// The Dataset page.
#[derive(Debug, Default)]
pub struct Dataset {
    /// What the next start remembers.
    pub memory: DatasetMemory,
    /// The folder that is being opened.
    pub opening: Option<PathBuf>,
    /// The folder that is open.
    pub open: Option<OpenFolder>,
    /// Why the last folder could not be opened.
    pub failed: Option<Problem>,
    /// What is looked for.
    pub filter: PairFilter,
    /// Whether the two pictures are compared in place of the list.
    pub looking: bool,
    /// The quick answer to the question that is being written.
    pub sketch: Sketch,
    /// The frames that a new pair is picked from, while they are shown in place of the list.
    pub strip: Option<OpenStrip>,
    /// Whether frames can be taken out of videos here, once that is known.
    pub reads_videos: Option<bool>,
    strips: StripId,
    /// Where the typing cursor was last asked to go: how often, and into which field; without a field
    /// it is the search.
    pub writing: (u64, Option<Field>),
    openings: Opening,
}

impl OpenFolder {
    /// A pair by its place in the folder.
    pub fn pair(&self, place: usize) -> Option<&Pair> {
        self.folder.pairs.get(place)
    }

    /// The pair under the cursor.
    pub fn current(&self) -> Option<(usize, &Pair)> {
        let place = self.cursor?;
        Some((place, self.pair(place)?))
    }

    /// What is known of a pair's thumbnail.
    pub fn thumb(&self, place: usize) -> Option<&ThumbState> {
        self.thumbs.get(place)
    }

    /// The category that the assistant would give a pair; none until its pictures are known.
    pub fn proposal(&self, place: usize) -> Option<Proposal> {
        let pair = self.pair(place)?;
        match self.thumb(place)? {
            ThumbState::Ready(thumbnail) => Some(propose(
                &pair.question,
                &pair.answer,
                Some(thumbnail.change),
            )),
            ThumbState::Failed(_) => None,
        }
    }

    /// Whether this window may edit.
    pub fn is_editable(&self) -> bool {
        self.holder == Holder::Us
    }

    /// Whether an edit can be undone, and one done again.
    pub fn undo_possible(&self) -> (bool, bool) {
        self.edits.possible()
    }

    /// The place of the cursor among the pairs that are shown.
    pub fn position(&self) -> Option<usize> {
        let cursor = self.cursor?;
        self.shown.iter().position(|place| *place == cursor)
    }

    fn files(&self, place: usize) -> Option<PairFiles> {
        let pair = self.pair(place)?;
        let images = self.folder.images();
        Some(PairFiles {
            pair: place,
            before: images.join(&pair.before),
            after: images.join(&pair.after),
        })
    }

    /// Gives fields other values; what has to be noted comes back.
    fn write(&mut self, values: Vec<(usize, Field, Option<Value>)>) -> Vec<Change> {
        let mut changes = Vec::new();
        for (place, field, value) in values {
            let Some(pair) = self.folder.pairs.get_mut(place) else {
                continue;
            };
            let change = pair.change(field, value);
            if change.before == change.after {
                continue;
            }
            pair.set(field, change.after.as_ref());
            if matches!(field, Field::Before | Field::After) {
                self.thumbs.forget(place);
                self.wanted.retain(|wanted| *wanted != place);
                self.pictures = self.pictures.take().filter(|(known, _)| *known != place);
            }
            changes.push(change);
        }
        self.sent += changes.len();
        if !changes.is_empty() {
            self.saving = Saving::Noted;
        }
        changes
    }
}

impl AppState {
    /// Opens the folder of the last session when the page is shown for the first time.
    pub(super) fn come_to_dataset(&mut self) -> Vec<Effect> {
        let dataset = &self.dataset;
        let first = dataset.memory.recent.first();
        let again = dataset.memory.open && dataset.openings == 0;
        match first.filter(|_| again) {
            Some(recent) => self.open_dataset(recent.path.clone()),
            None => Vec::new(),
        }
    }

    fn open_dataset(&mut self, path: PathBuf) -> Vec<Effect> {
        self.remember_cursor();
        let mut effects = self.watch_training(Page::Dataset);
        effects.extend(self.close_strip());
        self.page = Page::Dataset;
        let dataset = &mut self.dataset;
        dataset.openings += 1;
        dataset.opening = Some(path.clone());
        dataset.failed = None;
        effects.extend(ask(DatasetTask::Open(dataset.openings, path)));
        effects
    }

    /// Does what a person asked of the opened folder.
    pub(super) fn act_on_dataset(&mut self, action: DatasetAction) -> Vec<Effect> {
        match action {
            DatasetAction::PickFolder => {
                return vec![Effect::Files(FileTask::PickFolder(FolderUse::Dataset))];
            }
            DatasetAction::Open(path) => return self.open_dataset(path),
            DatasetAction::Reopen => {
                let open = self.dataset.open.as_ref();
                let path = open.map(|open| open.folder.path.clone());
                return path.map_or_else(Vec::new, |path| self.open_dataset(path));
            }
            DatasetAction::Close => {
                self.remember_cursor();
                let dataset = &mut self.dataset;
                (dataset.open, dataset.looking) = (None, false);
                dataset.memory.open = false;
                let mut effects = self.close_strip();
                effects.extend(ask(DatasetTask::Close));
                return effects;
            }
            DatasetAction::Forget(path) => {
                let recent = &mut self.dataset.memory.recent;
                recent.retain(|known| known.path != path);
            }
            DatasetAction::Search(filter) => {
                self.dataset.filter = filter;
                self.dataset.refresh();
                return self.look_at_pair();
            }
            DatasetAction::Order(order) => {
                self.dataset.memory.order = order;
                self.dataset.refresh();
            }
            DatasetAction::View(view) => self.dataset.memory.view = view,
            DatasetAction::Look(looking) => {
                self.dataset.looking = looking;
                return self.look_at_pair();
            }
            DatasetAction::Write(field) => {
                let (count, _) = self.dataset.writing;
                self.dataset.writing = (count + 1, field);
            }
            DatasetAction::Select(place) => return self.select_pair(place),
            DatasetAction::Move(by) => return self.move_to_pair(by),
            DatasetAction::NextOpen => return self.next_open(),
            DatasetAction::Want(places) => return self.dataset.want(places),
            DatasetAction::Edit(place, field, value) => {
                let mut effects = self.edit_pairs(vec![(place, field, value)]);
                if field == Field::Question && !effects.is_empty() {
                    effects.extend(self.sketch());
                }
                return effects;
            }
            DatasetAction::Review(verdict) => return self.review(verdict),
            DatasetAction::Sketch(on) => {
                self.dataset.memory.sketching = on;
                return self.sketch();
            }
            DatasetAction::Annotator(name) => self.dataset.memory.annotator = name,
            DatasetAction::Resolve(number, ours) => return self.resolve(number, ours),
            DatasetAction::Health(action) => return self.act_on_health(action),
            DatasetAction::Strip(action) => return self.act_on_strip(action),
            DatasetAction::Save => return ask(DatasetTask::Save),
        }
        Vec::new()
    }
}

impl Dataset {
    /// A page on which nothing is open yet.
    pub(super) fn remembering(memory: DatasetMemory) -> Self {
        Self {
            memory,
            ..Self::default()
        }
    }

    /// Who annotates; a name that is never empty.
    pub fn me(&self) -> String {
        match self.memory.annotator.trim() {
            "" => "me".to_owned(),
            name => name.to_owned(),
        }
    }

    /// Looks for the pairs anew. The cursor stays where it is shown, else goes to the first pair.
    fn refresh(&mut self) {
        let me = self.me();
        let Some(open) = &mut self.open else { return };
        let (pairs, order) = (&open.folder.pairs, self.memory.order);
        open.shown = self.filter.apply(pairs, order, &me);
        if open.position().is_none() {
            open.cursor = open.shown.first().copied();
        }
    }

    fn want(&mut self, places: Vec<usize>) -> Vec<Effect> {
        let opening = self.openings;
        let Some(open) = &mut self.open else {
            return Vec::new();
        };
        if places.iter().all(|place| open.wanted.contains(place)) {
            return Vec::new();
        }
        let files = places.iter().filter_map(|place| open.files(*place));
        let files = files.collect();
        open.wanted = places;
        ask(DatasetTask::Want(opening, files))
    }

    fn saved(&mut self, report: SaveReport, heard: usize) {
        let Some(open) = &mut self.open else { return };
        if heard == open.sent {
            open.saving = Saving::Saved;
        }
        for conflict in report.conflicts {
            // Whoever types on meets the same conflict again; the newest words are what matters.
            let same = |known: &Conflict| {
                (&known.ours.place, known.ours.field) == (&conflict.ours.place, conflict.ours.field)
            };
            open.conflicts.retain(|known| !same(known));
            open.conflicts.push(conflict);
        }
    }
}

fn ask(task: DatasetTask) -> Vec<Effect> {
    vec![Effect::Dataset(task)]
}
