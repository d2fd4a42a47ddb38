//! The bundles known here: which there are, which is selected, what is known of each, and what is
//! being done with them.

mod check;
mod hub;
mod imports;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_hub;
#[cfg(test)]
mod tests_imports;

pub use check::Check;
pub use hub::{Download, DownloadState, Found, HubAction, HubState};
pub use imports::{ImportAction, ImportPlan, ImportState, ImportStep, Importing};

use super::{AppState, BundleState, Dialog, Effect, NoticeKind, Page, TrainAction};
use crate::job::library::{
    BundleDetails, BundleHome, CachedRepo, DeletedBundle, LibraryEntry, Shelves,
};
use crate::job::{
    BundleSource, FileTask, FolderUse, LibraryEvent, LibraryNews, LibraryTask, Problem,
};
use std::path::PathBuf;

/// What is known of the bundles on this machine.
#[derive(Debug, Default)]
pub struct Library {
    /// All bundles, the embedded one first; none until they are listed.
    pub bundles: Option<Vec<LibraryEntry>>,
    /// Downloads in the Hugging Face cache that are no bundles.
    pub cached: Vec<CachedRepo>,
    /// Why the data folder could not be listed.
    pub problem: Option<Problem>,
    /// Whether the shelves are being looked through.
    pub listing: bool,
    /// What is shown in detail.
    pub selected: Option<Shelved>,
    /// The bundle that waits for a yes before it is deleted, because it answers now.
    pub confirming: Option<BundleSource>,
    /// Where the Hugging Face cache is.
    pub hub_cache: Option<PathBuf>,
    /// Downloads and requests.
    pub hub: HubState,
    /// Imports.
    pub import: ImportState,
    details: Vec<(BundleSource, Result<Box<BundleDetails>, Problem>)>,
    checks: Vec<(BundleSource, Check)>,
}

/// Something on the shelves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shelved {
    /// A bundle.
    Bundle(BundleSource),
    /// A snapshot in the Hugging Face cache, by folder.
    Cached(PathBuf),
}

/// What a person does with bundles.
#[derive(Clone, Debug, PartialEq)]
pub enum LibraryAction {
    /// Looks through the shelves again.
    Refresh,
    /// Shows something in detail.
    Select(Shelved),
    /// Lets a bundle answer.
    Use(BundleSource),
    /// Checks a bundle.
    Verify(BundleSource),
    /// Stops checking it.
    StopVerifying(BundleSource),
    /// Gives a bundle another name.
    Rename(BundleSource, String),
    /// Deletes a bundle; one that answers only after a yes.
    Delete(BundleSource),
    /// Deletes a bundle although it answers, or keeps it.
    Confirm(bool),
    /// Takes a deletion back.
    Restore(DeletedBundle),
    /// Asks for a folder with a bundle.
    PickFolder,
    /// Puts a folder on the list.
    Add(PathBuf),
    /// Takes what was dropped: bundles join the list, original files are imported.
    Drop(Vec<PathBuf>),
    /// Takes a folder off the list; its files stay.
    Forget(PathBuf),
    /// Shows a folder in the file manager.
    Reveal(PathBuf),
}

impl Library {
    /// A bundle of the list.
    pub fn bundle(&self, source: &BundleSource) -> Option<&LibraryEntry> {
        let mut bundles = self.bundles.iter().flatten();
        bundles.find(|entry| entry.source == *source)
    }

    /// A snapshot of the list.
    pub fn cached(&self, folder: &PathBuf) -> Option<&CachedRepo> {
        self.cached.iter().find(|cached| cached.folder == *folder)
    }

    /// What a bundle is made of, or why it cannot be used; none until it was looked into.
    pub fn details(&self, source: &BundleSource) -> Option<&Result<Box<BundleDetails>, Problem>> {
        let found = self.details.iter().find(|(known, _)| known == source);
        found.map(|(_, details)| details)
    }

    /// The last check of a bundle.
    pub fn check(&self, source: &BundleSource) -> Option<&Check> {
        let found = self.checks.iter().find(|(known, _)| known == source);
        found.map(|(_, check)| check)
    }

    /// Why a bundle cannot be used, as far as anybody looked.
    pub fn damage(&self, source: &BundleSource) -> Option<&Problem> {
        let described = self
            .bundle(source)
            .and_then(|entry| entry.name.as_ref().err());
        let inside = self
            .details(source)
            .and_then(|details| details.as_ref().err());
        described.or(inside)
    }

    /// Whether something is wrong with a bundle.
    pub fn is_damaged(&self, source: &BundleSource) -> bool {
        self.damage(source).is_some() || self.check(source).is_some_and(Check::found_damage)
    }

    fn forget(&mut self, source: &BundleSource) {
        if let Some(bundles) = &mut self.bundles {
            bundles.retain(|entry| entry.source != *source);
        }
        self.details.retain(|(known, _)| known != source);
        self.checks.retain(|(known, _)| known != source);
        if self.selected == Some(Shelved::Bundle(source.clone())) {
            self.selected = None;
        }
    }

    fn check_mut(&mut self, source: &BundleSource) -> Option<&mut Check> {
        let mut checks = self.checks.iter_mut();
        checks
            .find(|(known, _)| known == source)
            .map(|(_, check)| check)
    }
}

impl AppState {
    /// Looks through the shelves when nobody did so far.
    pub(super) fn look_through_shelves(&mut self) -> Vec<Effect> {
        if self.library.bundles.is_some() || self.library.listing {
            return Vec::new();
        }
        let mut effects = self.list_bundles();
        effects.extend(self.find_downloads());
        effects.extend(self.find_imports());
        effects
    }

    pub(super) fn list_bundles(&mut self) -> Vec<Effect> {
        self.library.listing = true;
        let shelves = Shelves {
            added: self.settings.models.folders.clone(),
            hub_cache: self.library.hub_cache.clone(),
        };
        ask(LibraryTask::List(shelves))
    }

    /// Does what a person asked of the bundles.
    pub(super) fn act_on_library(&mut self, action: LibraryAction) -> Vec<Effect> {
        match action {
            LibraryAction::Refresh => return self.list_bundles(),
            LibraryAction::Select(shelved) => {
                self.library.selected = Some(shelved);
                self.library.confirming = None;
            }
            LibraryAction::Use(source) => return self.use_bundle(source),
            LibraryAction::Verify(source) => return self.verify(source),
            LibraryAction::StopVerifying(source) => {
                if let Some(check) = self.library.check_mut(&source) {
                    check.stopping = true;
                }
                return ask(LibraryTask::StopVerifying(source));
            }
            LibraryAction::Rename(source, name) => {
                let name = name.trim();
                let known = self.library.bundle(&source);
                let same = known.is_some_and(|entry| entry.name.as_deref().ok() == Some(name));
                if !name.is_empty() && !same {
                    return ask(LibraryTask::Rename(source, name.to_owned()));
                }
            }
            LibraryAction::Delete(source) if source == self.bundle_source => {
                self.library.confirming = Some(source);
            }
            LibraryAction::Delete(source) => return delete(source),
            LibraryAction::Confirm(yes) => {
                let confirmed = self.library.confirming.take().filter(|_| yes);
                if let Some(source) = confirmed {
                    let mut effects = self.use_bundle(BundleSource::Embedded);
                    effects.extend(delete(source));
                    return effects;
                }
            }
            LibraryAction::Restore(deleted) => return ask(LibraryTask::Restore(deleted)),
            LibraryAction::PickFolder => {
                return vec![Effect::Files(FileTask::PickFolder(FolderUse::Bundle))];
            }
            LibraryAction::Add(folder) => return self.add_folder(folder),
            LibraryAction::Drop(paths) => return ask(LibraryTask::Sort(paths)),
            LibraryAction::Forget(folder) => {
                self.settings
                    .models
                    .folders
                    .retain(|known| *known != folder);
                let source = BundleSource::Folder(folder);
                let in_use = source == self.bundle_source;
                self.library.forget(&source);
                if in_use {
                    return self.use_bundle(BundleSource::Embedded);
                }
            }
            LibraryAction::Reveal(folder) => return ask(LibraryTask::Reveal(folder)),
        }
        Vec::new()
    }

    /// Lets a bundle answer, now and after the next start.
    pub(super) fn use_bundle(&mut self, source: BundleSource) -> Vec<Effect> {
        self.settings.models.bundle = match &source {
            BundleSource::Embedded => None,
            BundleSource::Folder(folder) => Some(folder.clone()),
        };
        let failed = matches!(self.bundle, BundleState::Failed(_));
        if source == self.bundle_source && !failed {
            return Vec::new();
        }
        self.bundle_source = source;
        vec![self.load_bundle()]
    }

    fn verify(&mut self, source: BundleSource) -> Vec<Effect> {
        if self.library.check(&source).is_some_and(Check::is_running) {
            return Vec::new();
        }
        self.library.checks.retain(|(known, _)| *known != source);
        self.library.checks.push((source.clone(), Check::default()));
        ask(LibraryTask::Verify(source))
    }

    fn add_folder(&mut self, folder: PathBuf) -> Vec<Effect> {
        let folders = &mut self.settings.models.folders;
        let source = BundleSource::Folder(folder.clone());
        let known = self.library.bundle(&source).is_some();
        if !known && !folders.contains(&folder) {
            folders.push(folder);
        }
        self.page = Page::Models;
        self.library.selected = Some(Shelved::Bundle(source));
        self.list_bundles()
    }

    /// Folders or files were chosen in a dialog.
    pub(super) fn folders_chosen(
        &mut self,
        what_for: FolderUse,
        paths: Vec<PathBuf>,
    ) -> Vec<Effect> {
        match what_for {
            FolderUse::Bundle => ask(LibraryTask::Sort(paths)),
            FolderUse::TrainingData => match paths.into_iter().next() {
                Some(folder) => self.act_on_training(TrainAction::Examine(folder)),
                None => Vec::new(),
            },
            FolderUse::Dataset => {
                self.frame.opening = false;
                let folder = paths.into_iter().next();
                folder.map_or_else(Vec::new, |folder| {
                    self.act_on_dataset(super::DatasetAction::Open(folder))
                })
            }
            FolderUse::FramePictures | FolderUse::FramesFolder | FolderUse::Video => {
                self.act_on_dataset(super::DatasetAction::Strip(super::StripAction::Take(paths)))
            }
            FolderUse::SettingsFile => {
                let read = |path| Effect::Files(FileTask::ReadText(path));
                paths.into_iter().next().map(read).into_iter().collect()
            }
            FolderUse::Originals | FolderUse::OriginalFiles => {
                self.act_on_import(ImportAction::Add(paths))
            }
            other => match paths.into_iter().next() {
                Some(path) if matches!(other, FolderUse::VotedFolder | FolderUse::VotesFile) => {
                    self.vote_path(other, path)
                }
                Some(path) => self.evaluation_folder(other, path),
                None => Vec::new(),
            },
        }
    }

    /// Some paths are bundles, the others are original files.
    fn sorted(&mut self, bundles: Vec<PathBuf>, originals: Vec<PathBuf>) -> Vec<Effect> {
        let mut effects: Vec<Effect> = bundles
            .into_iter()
            .flat_map(|folder| self.add_folder(folder))
            .collect();
        if !originals.is_empty() {
            let more = match self.dialog {
                Some(Dialog::Import) => ImportAction::Add(originals),
                _ => ImportAction::Open(originals),
            };
            effects.extend(self.act_on_import(more));
        }
        effects
    }

    /// Takes in what the library reports.
    pub(super) fn on_library_event(&mut self, event: LibraryEvent) -> Vec<Effect> {
        match event {
            LibraryEvent::Listed(Ok(listed)) => {
                let library = &mut self.library;
                library.listing = false;
                library.problem = None;
                library.cached = listed.cached;
                let readable = listed.bundles.iter().filter(|entry| entry.name.is_ok());
                let look = readable.map(|entry| LibraryTask::Inspect(entry.source.clone()));
                let look = look.map(Effect::Library).collect();
                library.details.clear();
                library.bundles = Some(listed.bundles);
                // What was downloaded just now may be a bundle.
                if let Some(folder) = library.hub.arrived.take() {
                    let source = BundleSource::Folder(folder.clone());
                    library.selected = Some(match library.bundle(&source) {
                        Some(_) => Shelved::Bundle(source),
                        None => Shelved::Cached(folder),
                    });
                }
                self.select_something();
                return look;
            }
            LibraryEvent::Listed(Err(problem)) => {
                self.library.listing = false;
                self.library.bundles.get_or_insert_default();
                self.library.problem = Some(problem);
            }
            LibraryEvent::Inspected(source, details) => {
                let known = &mut self.library.details;
                known.retain(|(other, _)| *other != source);
                known.push((source, details));
            }
            LibraryEvent::Checked(source, file) => {
                if let Some(check) = self.library.check_mut(&source) {
                    check.files.push(file);
                }
            }
            LibraryEvent::Verified(source, report) => {
                if let Some(check) = self.library.check_mut(&source) {
                    check.end(report);
                }
            }
            LibraryEvent::Renamed(source, name) => self.renamed(&source, name),
            LibraryEvent::Deleted(deleted) => {
                self.library
                    .forget(&BundleSource::Folder(deleted.folder.clone()));
                self.select_something();
                self.notify(NoticeKind::BundleDeleted(deleted));
            }
            LibraryEvent::Restored(folder) => {
                self.library.selected = Some(Shelved::Bundle(BundleSource::Folder(folder)));
                return self.list_bundles();
            }
            LibraryEvent::Hub(event) => return self.on_hub_event(event),
            LibraryEvent::ImportsFound(specs) => self.imports_found(specs),
            LibraryEvent::Room(free) => self.library.import.free = free,
            LibraryEvent::Sorted { bundles, originals } => return self.sorted(bundles, originals),
            LibraryEvent::Failed(problem) => self.notify(NoticeKind::Trouble(problem)),
        }
        Vec::new()
    }

    /// Takes in how far the library's long tasks are.
    pub fn on_library_news(&mut self, news: LibraryNews) {
        for (source, progress) in news.verifying {
            if let Some(check) = self.library.check_mut(&source)
                && check.is_running()
            {
                check.progress = Some(progress);
            }
        }
        let hub = &mut self.library.hub;
        for (key, progress) in news.downloading {
            hub.on_progress(&key, progress);
        }
        hub.on_requests(news.requests);
    }

    fn renamed(&mut self, source: &BundleSource, name: String) {
        let mut bundles = self.library.bundles.iter_mut().flatten();
        if let Some(entry) = bundles.find(|entry| entry.source == *source) {
            entry.name = Ok(name.clone());
        }
        let mut details = self.library.details.iter_mut();
        if let Some((_, Ok(details))) = details.find(|(known, _)| known == source) {
            details.report.name.clone_from(&name);
        }
        if let BundleState::Ready(summary) = &mut self.bundle
            && *source == self.bundle_source
        {
            summary.name = name;
        }
    }

    /// Keeps the selection where it is, else shows the bundle that answers.
    fn select_something(&mut self) {
        let library = &mut self.library;
        let there = match &library.selected {
            Some(Shelved::Bundle(source)) => library.bundle(source).is_some(),
            Some(Shelved::Cached(folder)) => library.cached(folder).is_some(),
            None => false,
        };
        if there {
            return;
        }
        let in_use = library.bundle(&self.bundle_source);
        let first = library.bundles.iter().flatten().next();
        let shown = in_use.or(first).map(|entry| entry.source.clone());
        library.selected = shown.map(Shelved::Bundle);
    }

    /// Whether a bundle can be deleted; what else can be done with it where not.
    pub fn can_delete(&self, entry: &LibraryEntry) -> bool {
        entry.home == BundleHome::Data
    }
}

fn ask(task: LibraryTask) -> Vec<Effect> {
    vec![Effect::Library(task)]
}

fn delete(source: BundleSource) -> Vec<Effect> {
    match source {
        BundleSource::Embedded => Vec::new(),
        BundleSource::Folder(folder) => ask(LibraryTask::Delete(folder)),
    }
}
