//! The runs of the training folder: their logs, processes and queue.

use super::card::{Note, RunCard, judge};
use super::history::{RunHistory, Tail};
use super::hold::device_key;
use super::process::{LOG, Processes, Program, words_of};
use super::{TrainConfig, listed};
use crate::job::{DeviceChoice, Places, Problem};
use crate::train::{CONFIG, RunFolder};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Arc;
use std::time::SystemTime;

/// A run as this program knows it.
struct Known {
    tail: Tail,
    note: Note,
    config: Result<Arc<TrainConfig>, Problem>,
    written: SystemTime,
    /// The process, where this window started it.
    child: Option<Child>,
    /// Whether the window was asked to make room for it.
    called: bool,
}

/// All runs.
pub(super) struct Runs {
    program: Program,
    known: BTreeMap<PathBuf, Known>,
    processes: Processes,
    followed: Vec<PathBuf>,
    /// Runs whose curves nobody was given yet.
    unseen: Vec<PathBuf>,
    shown: Option<Arc<Vec<RunCard>>>,
}

/// What changed in followed runs.
pub(super) type Histories = Vec<(PathBuf, Arc<RunHistory>)>;

impl Runs {
    pub fn new(program: Program) -> Self {
        Self {
            program,
            known: BTreeMap::new(),
            processes: Processes::new(),
            followed: Vec::new(),
            unseen: Vec::new(),
            shown: None,
        }
    }

    fn places(&self) -> &Places {
        &self.program.places
    }

    /// Keeps the curves of these runs up to date.
    pub fn follow(&mut self, runs: Vec<PathBuf>) {
        self.unseen = runs.clone();
        self.followed = runs;
    }

    /// Makes the folder of a run and lets it wait.
    ///
    /// # Errors
    /// When the configuration is not usable or the folder cannot be written.
    pub fn queue_new(
        &mut self,
        name: &str,
        config: &TrainConfig,
        devices: &[DeviceChoice],
    ) -> Result<PathBuf, Problem> {
        let folder = super::free_name(&self.places().training(), name, false);
        // The lock is let go of at once: the run's own process will hold it.
        drop(RunFolder::create(&folder, config)?);
        let note = Note {
            device: listed(&devices.iter().copied().map(device_key).collect::<Vec<_>>()),
            waiting: Some(self.last_place()),
        };
        note.write(&folder)?;
        Ok(folder)
    }

    /// Lets a run wait that goes on.
    ///
    /// # Errors
    /// When its folder cannot be written.
    pub fn queue(&mut self, run: &Path) -> Result<(), Problem> {
        let place = self.last_place();
        self.change_note(run, |note| note.waiting = Some(place))
    }

    /// Takes a run out of the queue.
    ///
    /// # Errors
    /// When its folder cannot be written.
    pub fn unqueue(&mut self, run: &Path) -> Result<(), Problem> {
        self.change_note(run, |note| note.waiting = None)
    }

    fn change_note(&mut self, run: &Path, change: impl FnOnce(&mut Note)) -> Result<(), Problem> {
        let mut note = Note::read(run);
        change(&mut note);
        note.write(run)?;
        if let Some(known) = self.known.get_mut(run) {
            known.note = note;
            known.called = false;
        }
        Ok(())
    }

    /// The place behind everything that waits.
    fn last_place(&self) -> u64 {
        let places = self.known.values().filter_map(|known| known.note.waiting);
        places.max().map_or(0, |place| place + 1)
    }

    /// Starts the process of a run that waits.
    ///
    /// # Errors
    /// When it cannot be started; then it waits no longer.
    pub fn launch(&mut self, run: &Path) -> Result<(), Problem> {
        let Some(note) = self.known.get(run).map(|known| known.note.clone()) else {
            return Ok(());
        };
        if note.waiting.is_none() {
            return Ok(());
        }
        self.unqueue(run)?;
        let child = self.program.launch(run, &note.devices())?;
        if let Some(known) = self.known.get_mut(run) {
            known.child = Some(child);
        }
        Ok(())
    }

    /// Moves a run without a process to the bin.
    ///
    /// # Errors
    /// When it trains, or the system has no bin.
    pub fn delete(&mut self, run: &Path) -> Result<(), Problem> {
        let trains = self.known.get_mut(run).is_some_and(Known::is_ours_alive)
            || self.processes.of_run(run).is_some();
        if trains {
            return Err(Problem::new("This run trains.")
                .hint("Stop it first.")
                .file(run));
        }
        super::discard(run)
    }

    /// The run that is next on devices that are free, once.
    pub fn next(&mut self) -> Option<PathBuf> {
        let cards = self.shown.clone()?;
        let busy: Vec<DeviceChoice> = cards
            .iter()
            .filter(|card| card.state.is_live() || self.is_called(&card.folder))
            .flat_map(|card| card.devices.clone())
            .collect();
        let waiting = self.known.iter().filter_map(|(run, known)| {
            let place = known.note.waiting?;
            let mut wanted = known.note.devices().into_iter();
            let free = !wanted.any(|device| busy.contains(&device));
            (free && !known.called).then_some((place, run.clone()))
        });
        let (_, run) = waiting.min()?;
        self.known.get_mut(&run)?.called = true;
        Some(run)
    }

    fn is_called(&self, run: &Path) -> bool {
        let known = self.known.get(run);
        known.is_some_and(|known| known.called && known.note.waiting.is_some())
    }

    /// Reads what changed: the list where it differs from the last one, and followed runs.
    pub fn look(&mut self) -> (Option<Arc<Vec<RunCard>>>, Histories) {
        self.find();
        let mut cards = Vec::with_capacity(self.known.len());
        let mut histories = Vec::new();
        for (run, known) in &mut self.known {
            let grown = known.tail.read_on(&run.join("events.jsonl"));
            let grown = grown.unwrap_or_else(|error| {
                tracing::warn!(%error, run = %run.display(), "the log of a run cannot be read");
                false
            });
            let unseen = self.unseen.contains(run);
            if self.followed.contains(run) && (grown || unseen) {
                histories.push((run.clone(), Arc::new(known.tail.history())));
            }
            cards.push(card(run, known, &mut self.processes));
        }
        self.unseen.clear();
        cards.sort_by(|a, b| (b.since, &b.folder).cmp(&(a.since, &a.folder)));
        if self.shown.as_ref().is_some_and(|shown| **shown == cards) {
            return (None, histories);
        }
        let cards = Arc::new(cards);
        self.shown = Some(cards.clone());
        (Some(cards), histories)
    }

    /// Takes in new folders and forgets those that are gone.
    fn find(&mut self) {
        // No folder: nothing was ever trained.
        let entries = std::fs::read_dir(self.places().training());
        let folders = entries.into_iter().flatten().flatten();
        let folders = folders.map(|entry| entry.path());
        let folders: Vec<PathBuf> = folders.filter(|path| path.join(CONFIG).is_file()).collect();
        self.known.retain(|run, _| folders.contains(run));
        for run in folders {
            let written = std::fs::metadata(run.join(CONFIG)).and_then(|about| about.modified());
            let written = written.unwrap_or(SystemTime::UNIX_EPOCH);
            let known = self.known.get_mut(&run);
            match known {
                Some(known) if known.written == written => {
                    // Another window may have queued it.
                    known.note = Note::read(&run);
                }
                Some(known) => {
                    known.config = TrainConfig::read(&run.join(CONFIG), &[]).map(Arc::new);
                    known.written = written;
                }
                None => {
                    let config = TrainConfig::read(&run.join(CONFIG), &[]).map(Arc::new);
                    self.known.insert(
                        run.clone(),
                        Known {
                            tail: Tail::default(),
                            note: Note::read(&run),
                            config,
                            written,
                            child: None,
                            called: false,
                        },
                    );
                }
            }
        }
    }
}

impl Known {
    /// Whether the process that this window started is at work.
    fn is_ours_alive(&mut self) -> bool {
        let Some(child) = &mut self.child else {
            return false;
        };
        let alive = matches!(child.try_wait(), Ok(None));
        if !alive {
            self.child = None;
        }
        alive
    }
}

fn card(run: &Path, known: &mut Known, processes: &mut Processes) -> RunCard {
    let ours = known.is_ours_alive();
    let pid = match (&known.child, ours) {
        (Some(child), true) => Some(child.id()),
        _ => processes.of_run(run),
    };
    let standing = known.tail.standing.clone();
    let begun = begun(run, pid, known.tail.process);
    let alive = pid.is_some();
    let words = match alive {
        true => None,
        false => words_of(run),
    };
    let saved = known.tail.saved;
    let waiting = known.note.waiting.is_some();
    let (state, problem) = judge(&standing, waiting, alive, begun, words, saved);
    let planned = known.config.as_ref().ok().map(|c| c.trainer.max_steps);
    RunCard {
        folder: run.to_path_buf(),
        name: run
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        state,
        config: known.config.clone(),
        devices: known.note.devices(),
        step: standing.step,
        steps: planned.or(standing.steps).unwrap_or_default(),
        loss: standing.loss,
        seconds_per_step: standing.seconds_per_step,
        problem: problem.or_else(|| known.config.as_ref().err().cloned()),
        pid,
        since: known.written,
    }
}

/// Whether the newest process of a run came as far as its first event: one that works has told its
/// number, one that ended did so when its log of last words is not younger than the events.
fn begun(run: &Path, pid: Option<u32>, told: Option<u32>) -> bool {
    match pid {
        Some(pid) => told == Some(pid),
        None => {
            let modified = |name: &str| {
                let about = std::fs::metadata(run.join(name));
                about.and_then(|about| about.modified()).ok()
            };
            match (modified(LOG), modified("events.jsonl")) {
                (Some(words), Some(events)) => events >= words,
                (Some(_), None) => false,
                (None, _) => true,
            }
        }
    }
}
