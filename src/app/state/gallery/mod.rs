//! The kept runs: which there are, which are shown, which are selected, and what can be done with
//! them.

mod difference;
mod filter;
#[cfg(test)]
mod tests;

pub use difference::{Row, differences, settings};
pub use filter::{Filter, Period};

use super::{AppState, Effect, Form, NoticeKind, Page};
use crate::job::{
    Cover, CoverRequest, EditRequest, FileTask, JobEvent, Problem, RunEntry, RunFile, RunKey,
    StoreEvent, StoreTask,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Covers whose pictures are kept; the answers of all others are enough to search in.
const KEPT_PICTURES: usize = 240;
/// Covers that are asked for at once only to know their answers.
const AT_ONCE: usize = 2;

/// The kept runs as the window knows them.
#[derive(Debug, Default)]
pub struct Gallery {
    /// All kept runs; none until they are listed.
    pub runs: Option<BTreeMap<RunKey, RunEntry>>,
    /// What is looked for.
    pub filter: Filter,
    /// The runs that are shown, newest first.
    pub shown: Vec<RunKey>,
    /// The selected runs in the order of the clicks; the cursor is on the last one.
    pub selected: Vec<RunKey>,
    /// The run under the cursor, once it was read, or why it cannot be.
    pub looked_at: Option<(RunKey, Result<Arc<RunFile>, Problem>)>,
    /// Why nothing can be kept.
    pub off: Option<Problem>,
    /// The cache folder.
    pub cache: Option<PathBuf>,
    covers: BTreeMap<RunKey, CoverState>,
    /// Runs whose pictures are kept, the oldest first.
    pictures: Vec<RunKey>,
}

/// The cover of a run.
#[derive(Clone, Debug)]
pub enum CoverState {
    /// On its way.
    Asked,
    /// There.
    Ready(Cover),
    /// Made before; its picture was put away, its answers stay.
    Away(Vec<String>),
    /// The run cannot be read.
    Failed(Problem),
}

/// What a person does with kept runs.
#[derive(Clone, Debug, PartialEq)]
pub enum GalleryAction {
    /// Looks for something else.
    Search(Filter),
    /// Selects this run alone.
    Select(RunKey),
    /// Selects this run as well, or not any more.
    Toggle(RunKey),
    /// Moves the cursor by some runs.
    Move(isize),
    /// Shows the run under the cursor on the Ask page.
    Open,
    /// Stars the selected runs, or takes the stars away when all have one.
    Star,
    /// Deletes the selected runs; that can be taken back.
    Delete,
    /// Takes a deletion back.
    Restore(Vec<RunKey>),
    /// Puts something of the run under the cursor into the form.
    Recall(Recall),
    /// These runs are on screen and have no cover yet.
    Want(Vec<RunKey>),
}

/// What is taken from a kept run into the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recall {
    /// Question, modes, numbers, seed and frame.
    All,
    /// Modes and numbers.
    Settings,
    /// The seed.
    Seed,
}

impl Gallery {
    /// A run by its number.
    pub fn run(&self, key: RunKey) -> Option<&RunEntry> {
        self.runs.as_ref()?.get(&key)
    }

    /// The run under the cursor.
    pub fn current(&self) -> Option<&RunEntry> {
        self.run(*self.selected.last()?)
    }

    /// The selected runs, in the order of the clicks.
    pub fn selection(&self) -> Vec<&RunEntry> {
        self.selected
            .iter()
            .filter_map(|key| self.run(*key))
            .collect()
    }

    /// The cover of a run, once it was asked for.
    pub fn cover(&self, key: RunKey) -> Option<&CoverState> {
        self.covers.get(&key)
    }

    /// The written answers of a run, as far as they are known.
    pub fn answers(&self, key: RunKey) -> &[String] {
        match self.covers.get(&key) {
            Some(CoverState::Ready(cover)) => &cover.answers,
            Some(CoverState::Away(answers)) => answers,
            _ => &[],
        }
    }

    /// Runs whose answers nobody has read yet.
    pub fn unread(&self) -> usize {
        let runs = self.runs.iter().flatten();
        runs.filter(|(key, _)| matches!(self.covers.get(key), None | Some(CoverState::Asked)))
            .count()
    }

    /// The bundles of all runs by name, each once.
    pub fn bundles(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .runs
            .iter()
            .flatten()
            .map(|(_, r)| &*r.bundle)
            .collect();
        names.sort_unstable();
        names.dedup();
        names.retain(|name| !name.is_empty());
        names
    }

    fn refresh(&mut self) {
        let runs = self.runs.iter().flatten().map(|(_, run)| run);
        let fitting = runs.filter(|run| self.filter.shows(run, self.answers(run.id)));
        let mut shown: Vec<(i64, RunKey)> = fitting.map(|run| (run.created, run.id)).collect();
        shown.sort_unstable_by(|a, b| b.cmp(a));
        self.shown = shown.into_iter().map(|(_, key)| key).collect();
    }

    /// Takes in a new or changed run.
    fn put(&mut self, run: RunEntry) {
        let key = run.id;
        let Some(runs) = &mut self.runs else {
            return; // it will be in the list
        };
        let before = runs.insert(key, run);
        let now = self.run(key);
        let redrawn = before.as_ref().map(|run| run.finished) != now.map(|run| run.finished);
        if redrawn {
            self.covers.remove(&key);
            if self
                .looked_at
                .as_ref()
                .is_some_and(|(known, _)| *known == key)
            {
                self.looked_at = None;
            }
        }
    }

    fn remove(&mut self, keys: &[RunKey]) {
        for key in keys {
            if let Some(runs) = &mut self.runs {
                runs.remove(key);
            }
            self.covers.remove(key);
        }
        self.selected.retain(|key| !keys.contains(key));
        self.refresh();
    }

    /// Asks for covers that are not there yet.
    fn ask(&mut self, keys: &[RunKey]) -> Vec<Effect> {
        let mut effects = Vec::new();
        for key in keys {
            let known = self.covers.get(key);
            if matches!(
                known,
                Some(CoverState::Asked | CoverState::Ready(_) | CoverState::Failed(_))
            ) {
                continue;
            }
            let Some(run) = self.run(*key) else {
                continue;
            };
            let request = CoverRequest {
                run: key.0,
                file: (run.finished > 0).then(|| run.file.clone()),
                frame_file: run.frame_file.clone(),
                cache: self.cache.clone(),
            };
            self.covers.insert(*key, CoverState::Asked);
            effects.push(Effect::Files(FileTask::Cover(Box::new(request))));
        }
        effects
    }

    /// Asks for the next covers that nobody has seen, so that their answers can be searched.
    fn read_on(&mut self) -> Vec<Effect> {
        let asked = self
            .covers
            .values()
            .filter(|c| matches!(c, CoverState::Asked))
            .count();
        let room = AT_ONCE.saturating_sub(asked);
        let unknown = self.runs.iter().flatten().map(|(key, _)| *key).rev();
        let unknown = unknown.filter(|key| !self.covers.contains_key(key));
        let next: Vec<RunKey> = unknown.take(room).collect();
        self.ask(&next)
    }

    fn covered(&mut self, key: RunKey, cover: Result<Cover, Problem>) -> Vec<Effect> {
        if self.run(key).is_none() {
            return self.read_on(); // deleted meanwhile
        }
        let state = match cover {
            Ok(cover) => {
                self.pictures.retain(|known| *known != key);
                self.pictures.push(key);
                CoverState::Ready(cover)
            }
            Err(problem) => CoverState::Failed(problem),
        };
        self.covers.insert(key, state);
        while self.pictures.len() > KEPT_PICTURES {
            let oldest = self.pictures.remove(0);
            if let Some(state @ CoverState::Ready(_)) = self.covers.get_mut(&oldest)
                && let CoverState::Ready(cover) = &*state
            {
                *state = CoverState::Away(cover.answers.clone());
            }
        }
        if !self.filter.words.trim().is_empty() {
            self.refresh();
        }
        self.read_on()
    }

    /// The run that the cursor reaches when it moves.
    fn reached(&self, by: isize) -> Option<RunKey> {
        let last = self.shown.len().checked_sub(1)?;
        let at = self
            .selected
            .last()
            .and_then(|key| self.shown.iter().position(|k| k == key));
        let to = at.map_or(0, |at| at.saturating_add_signed(by).min(last));
        self.shown.get(to).copied()
    }
}

impl AppState {
    /// Goes to a page; the gallery is listed when it is shown for the first time.
    pub(super) fn show_page(&mut self, page: Page) -> Vec<Effect> {
        let mut effects = self.watch_training(page);
        self.page = page;
        match page {
            Page::Models | Page::Train => {
                effects.extend(self.look_through_shelves());
                return effects;
            }
            Page::Dataset => {
                effects.extend(self.come_to_dataset());
                return effects;
            }
            Page::Evaluate => {
                effects.extend(self.look_at_evaluation());
                return effects;
            }
            Page::Log => {
                effects.extend(self.read_log());
                return effects;
            }
            Page::Help => {
                effects.extend(self.come_to_help());
                return effects;
            }
            Page::Ask | Page::Gallery | Page::Vote => {}
        }
        let unknown = self.gallery.runs.is_none() && self.gallery.off.is_none();
        if page == Page::Gallery && unknown && self.keeps_runs {
            effects.push(Effect::Files(FileTask::Store(StoreTask::List)));
        }
        effects
    }

    /// Does what a person asked of the kept runs.
    pub(super) fn act_on_gallery(&mut self, action: GalleryAction) -> Vec<Effect> {
        let gallery = &mut self.gallery;
        match action {
            GalleryAction::Search(filter) => {
                gallery.filter = filter;
                gallery.refresh();
            }
            GalleryAction::Select(key) => {
                gallery.selected = vec![key];
                return self.look_at_current();
            }
            GalleryAction::Toggle(key) => {
                if gallery.selected.contains(&key) {
                    gallery.selected.retain(|known| *known != key);
                } else {
                    gallery.selected.push(key);
                }
                return self.look_at_current();
            }
            GalleryAction::Move(by) => {
                if let Some(key) = gallery.reached(by) {
                    gallery.selected = vec![key];
                    return self.look_at_current();
                }
            }
            GalleryAction::Open => {
                if let Some(run) = gallery.current() {
                    return store(StoreTask::Open(run.id));
                }
            }
            GalleryAction::Star => {
                let selection = gallery.selection();
                let star = selection.iter().any(|run| !run.starred);
                let changed = selection.iter().filter(|run| run.starred != star);
                return changed
                    .flat_map(|run| store(StoreTask::Star(run.id, star)))
                    .collect();
            }
            GalleryAction::Delete => {
                let keys: Vec<RunKey> = gallery.selection().iter().map(|run| run.id).collect();
                if !keys.is_empty() {
                    return store(StoreTask::Delete(keys));
                }
            }
            GalleryAction::Restore(keys) => return store(StoreTask::Restore(keys)),
            GalleryAction::Recall(what) => return self.recall(what),
            GalleryAction::Want(keys) => return gallery.ask(&keys),
        }
        Vec::new()
    }

    /// Reads the run under the cursor, so that it can be looked at.
    fn look_at_current(&mut self) -> Vec<Effect> {
        let gallery = &mut self.gallery;
        let Some(run) = gallery.current() else {
            gallery.looked_at = None;
            return Vec::new();
        };
        let known = gallery.looked_at.as_ref();
        if run.finished == 0 || known.is_some_and(|(key, _)| *key == run.id) {
            return Vec::new();
        }
        vec![Effect::Files(FileTask::ReadRun(run.file.clone()))]
    }

    /// Puts something of the run under the cursor into the form, as one step that can be undone.
    fn recall(&mut self, what: Recall) -> Vec<Effect> {
        let Some(run) = self.gallery.current().cloned() else {
            return Vec::new();
        };
        let all = Form::recalled(&run.columns, &self.form);
        let now = self.form.clone();
        let form = match what {
            Recall::All => all,
            Recall::Settings => Form {
                keep_seed: now.keep_seed,
                request: EditRequest {
                    question: now.request.question,
                    seed: now.request.seed,
                    ..all.request
                },
                ..all
            },
            Recall::Seed => Form {
                keep_seed: true,
                request: EditRequest {
                    seed: all.request.seed,
                    ..now.request
                },
                ..now
            },
        };
        self.edit_form_at_once(form);
        self.page = Page::Ask;
        match what {
            Recall::All => self.look_for_frame(run.frame, Some(run.frame_file)),
            Recall::Settings | Recall::Seed => Vec::new(),
        }
    }

    /// Takes in what was read of kept runs.
    pub(super) fn on_gallery_event(&mut self, event: JobEvent) -> Vec<Effect> {
        match event {
            JobEvent::Covered(run, cover) => self.gallery.covered(RunKey(run), cover),
            JobEvent::RunRead(path, run) => {
                self.gallery.run_read(&path, run);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Takes in what the store reports.
    pub(super) fn on_gallery_store(&mut self, event: &StoreEvent) -> Vec<Effect> {
        let gallery = &mut self.gallery;
        match event {
            StoreEvent::Off(problem) => gallery.off = Some(problem.clone()),
            StoreEvent::Listed(runs) => {
                gallery.runs = Some(runs.iter().map(|run| (run.id, run.clone())).collect());
                gallery.refresh();
                return gallery.read_on();
            }
            StoreEvent::Changed(run) => {
                gallery.put(run.as_ref().clone());
                gallery.refresh();
                return self.look_at_current();
            }
            StoreEvent::Deleted(keys) => {
                gallery.remove(keys);
                self.notify(NoticeKind::RunsDeleted(keys.clone()));
            }
            StoreEvent::Restored(runs) => {
                for run in runs {
                    gallery.put(run.clone());
                }
                gallery.refresh();
            }
            _ => {}
        }
        Vec::new()
    }
}

impl Gallery {
    fn run_read(&mut self, path: &Path, run: Result<Arc<RunFile>, Problem>) {
        // The cursor may have moved on meanwhile.
        if let Some(current) = self.current().filter(|current| current.file == path) {
            self.looked_at = Some((current.id, run));
        }
    }
}

fn store(task: StoreTask) -> Vec<Effect> {
    vec![Effect::Files(FileTask::Store(task))]
}
