//! Training: the form of a run that is not there yet, the runs there are, and what is looked at.

mod act;
mod draft;
mod news;
#[cfg(test)]
mod tests;

pub use draft::{TrainDraft, known_draft};

use super::undo::Undo;
use super::{AppState, Effect, Page};
use crate::job::training::{Control, DataHealth, Preset, RunCard, RunHistory, TrainingTask, Tried};
use crate::job::{BundleSource, DeviceChoice, DeviceFacts, JobId, Problem};
use image::RgbImage;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A dry run.
#[derive(Clone, Debug, Default)]
pub enum Trial {
    /// Nobody asked for one, or what it was about has changed.
    #[default]
    None,
    /// Two steps are trained.
    Running,
    /// What it showed, or why the run would not work.
    Done(Result<Arc<Tried>, Problem>),
}

/// A sample of a run.
#[derive(Clone, Debug)]
pub enum Sample {
    /// It is being read.
    Reading,
    /// The picture, or why it cannot be read.
    Read(Result<Arc<RgbImage>, Problem>),
}

/// Why a run cannot be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrainBlocked {
    /// No data folder was chosen.
    NoData,
    /// The data folder is being looked through.
    Examining,
    /// The data folder cannot be used.
    BadData,
    /// Settings that cannot be used, in plain words.
    Settings(String),
    /// A dry run is at work.
    Trying,
    /// What it costs is not known.
    Untried,
}

/// What a person does with training.
#[derive(Clone, Debug, PartialEq)]
pub enum TrainAction {
    /// Shows the form of a new run.
    New,
    /// Edits that form.
    Edit(Box<TrainDraft>),
    /// Puts the values of a preset into the form; name, data and bundle stay.
    Preset(Preset),
    /// Takes back the last edit of the form.
    Undo,
    /// Does it again.
    Redo,
    /// Chooses the data folder in a dialog.
    PickData,
    /// Looks through a data folder.
    Examine(PathBuf),
    /// Trains two steps to see what the run would cost.
    Try,
    /// Stops that.
    StopTrying,
    /// Starts the run, or lets it wait for its device.
    Start,
    /// Shows a run.
    Select(PathBuf),
    /// Draws a second run into the curves, or none.
    Compare(Option<PathBuf>),
    /// Lets a run go on.
    Resume(PathBuf),
    /// Takes a run out of the queue.
    Unqueue(PathBuf),
    /// Asks something of a run at work.
    Control(PathBuf, Control),
    /// Asks whether a run may go to the bin.
    AskDiscard(PathBuf),
    /// Moves the run that was asked about to the bin, or keeps it.
    Discard(bool),
    /// Makes a bundle of a run.
    Promote(PathBuf),
    /// Writes the low-rank pairs of a run as a file of their own.
    ExportLora(PathBuf),
    /// Puts the settings of a run into the form.
    Reuse(PathBuf),
    /// Shows the samples of a step, or the newest ones.
    Wall(Option<u64>),
    /// Reads samples that are on screen.
    Read(Vec<PathBuf>),
}

/// What is known about training.
#[derive(Debug, Default)]
pub struct Train {
    /// The form of a new run.
    pub draft: TrainDraft,
    /// The data folder of the form, once it was looked through.
    pub health: Option<Result<Arc<DataHealth>, Problem>>,
    /// The data folder that is being looked through.
    pub examining: Option<PathBuf>,
    /// The dry run of the form.
    pub trial: Trial,
    /// All runs, the newest first; none until somebody looked.
    pub runs: Option<Arc<Vec<RunCard>>>,
    /// The devices of this machine, once they were read.
    pub devices: Option<Arc<Vec<DeviceFacts>>>,
    /// The run that is shown; none for the form.
    pub selected: Option<PathBuf>,
    /// The run that its curves are compared with.
    pub compared: Option<PathBuf>,
    /// Curves, samples and lines of both.
    pub histories: BTreeMap<PathBuf, Arc<RunHistory>>,
    /// Samples of the run that is shown.
    pub samples: BTreeMap<PathBuf, Sample>,
    /// The step whose samples are shown; none for the newest.
    pub wall: Option<u64>,
    /// The run of which a bundle or a file is being made.
    pub promoting: Option<PathBuf>,
    /// The run that a person is asked about before it goes to the bin.
    pub confirming: Option<PathBuf>,
    /// Runs that wait until the models left the memory.
    unloading: Vec<(JobId, PathBuf)>,
    undo: Undo<TrainDraft>,
}

impl Train {
    /// The state of a fresh window.
    pub fn new(draft: Option<TrainDraft>) -> Self {
        Self {
            draft: draft.unwrap_or_default(),
            ..Self::default()
        }
    }

    /// A run of the list.
    pub fn run(&self, folder: &Path) -> Option<&RunCard> {
        let mut runs = self.runs.iter().flat_map(|runs| runs.iter());
        runs.find(|run| run.folder == folder)
    }

    /// The run that is shown.
    pub fn shown(&self) -> Option<&RunCard> {
        self.run(self.selected.as_deref()?)
    }

    /// The devices of the form: the chosen ones, else the first there is.
    pub fn chosen_devices(&self) -> Vec<DeviceChoice> {
        match self.draft.devices() {
            chosen if chosen.is_empty() => {
                let mut devices = self.devices.iter().flat_map(|all| all.iter());
                let first = devices.find_map(|facts| facts.device);
                vec![first.unwrap_or(DeviceChoice::Cpu)]
            }
            chosen => chosen,
        }
    }

    /// Whether the run of the form would train on the processor.
    pub fn is_on_processor(&self) -> bool {
        self.chosen_devices().contains(&DeviceChoice::Cpu)
    }

    /// Whether a run has a device of the form now.
    pub fn device_is_busy(&self) -> bool {
        let chosen = self.chosen_devices();
        let mut runs = self.runs.iter().flat_map(|runs| runs.iter());
        runs.any(|run| run.state.is_live() && run.devices.iter().any(|d| chosen.contains(d)))
    }

    /// Whether an edit of the form can be undone, and one done again.
    pub fn undo_possible(&self) -> (bool, bool) {
        self.undo.possible()
    }

    /// The dry run, where it is about the form as it is now.
    pub fn tried(&self) -> Option<&Arc<Tried>> {
        match &self.trial {
            Trial::Done(Ok(tried)) if tried.config == self.draft.config => Some(tried),
            _ => None,
        }
    }

    /// Why the cost cannot be looked at now.
    pub fn try_blocked(&self) -> Option<TrainBlocked> {
        if self.draft.data.trim().is_empty() {
            return Some(TrainBlocked::NoData);
        }
        if self.examining.is_some() {
            return Some(TrainBlocked::Examining);
        }
        if !matches!(self.health, Some(Ok(_))) {
            return Some(TrainBlocked::BadData);
        }
        let problems = self.draft.config.problems();
        if !problems.is_empty() {
            return Some(TrainBlocked::Settings(problems.join("; ")));
        }
        matches!(self.trial, Trial::Running).then_some(TrainBlocked::Trying)
    }

    /// Why the run cannot be started now. Where another run has the device, its cost cannot be
    /// measured, so it may wait without that.
    pub fn start_blocked(&self) -> Option<TrainBlocked> {
        let untried = self.tried().is_none() && !self.device_is_busy();
        self.try_blocked()
            .or_else(|| untried.then_some(TrainBlocked::Untried))
    }

    /// Step and samples that the wall shows.
    pub fn wall_samples(&self) -> Option<&crate::job::training::SampleSet> {
        let history = self.histories.get(self.selected.as_ref()?)?;
        match self.wall {
            None => history.samples.last(),
            Some(step) => history.samples.iter().rfind(|set| set.step <= step),
        }
    }

    /// An interaction with the form is over.
    pub(super) fn settle(&mut self) {
        self.undo.settle();
    }

    /// A job makes room for a run.
    pub(super) fn unloading(&mut self, run: PathBuf, job: JobId) {
        self.unloading.push((job, run));
    }

    fn edit(&mut self, draft: TrainDraft) {
        if draft != self.draft {
            self.undo.note(&self.draft);
            self.take(draft);
        }
    }

    fn take(&mut self, draft: TrainDraft) {
        let other_data = draft.data.trim() != self.draft.data.trim();
        self.draft = draft;
        if other_data {
            self.health = None;
        }
    }

    /// The data folder is known: the configuration names its training split.
    fn data_known(&mut self, health: &DataHealth) {
        if let Some(split) = health.training_split() {
            let data = &mut self.draft.config.data;
            data.image_dir.clone_from(&health.images);
            data.sample_file.clone_from(&split.list);
        }
        self.draft.pin(&health.questions);
    }

    fn followed(&self) -> TrainingTask {
        let runs = self.selected.iter().chain(&self.compared);
        TrainingTask::Follow(runs.cloned().collect())
    }
}

impl AppState {
    /// Tells the thread of training whether its page is shown, when that changes.
    pub(super) fn watch_training(&self, page: Page) -> Vec<Effect> {
        let (before, now) = (self.page == Page::Train, page == Page::Train);
        let first = now && self.train.runs.is_none();
        let mut effects = Vec::new();
        if before != now || first {
            effects.extend(ask(TrainingTask::Watch(now)));
        }
        let data = self.train.draft.data.trim();
        if now && self.train.health.is_none() && !data.is_empty() {
            effects.extend(ask(TrainingTask::Examine(PathBuf::from(data))));
        }
        effects
    }

    /// The bundle of the form.
    pub fn training_bundle(&self) -> BundleSource {
        self.train.draft.config.bundle()
    }
}

fn ask(task: TrainingTask) -> Vec<Effect> {
    vec![Effect::Training(task)]
}
