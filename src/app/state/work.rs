//! Work that takes its time: how far it is, whether it ended unseen, and what becomes of it when the
//! program ends.

use super::{AppState, DownloadState, ImportStep, NoticeKind, Phase, Run, RunId};
use crate::job::training::RunState;

/// Work that ends sooner needs no message, in seconds.
const LONG: f64 = 10.0;
/// Work that ends sooner needs no help to stay awake, in seconds.
const TIRING: f64 = 5.0;

/// What kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkKind {
    /// Runs in the queue.
    Answers,
    /// The paper's evaluation.
    Evaluation,
    /// An animation that is being made.
    Export,
    /// A bundle that is being made.
    Import,
    /// A download.
    Download,
    /// A training run.
    Training,
}

/// A piece of work that goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    /// What kind.
    pub kind: WorkKind,
    /// Which one, where there may be several.
    pub name: String,
    /// Share that is done, 0..=1, once that can be told.
    pub done: Option<f32>,
}

/// What becomes of work when the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stake {
    /// It is gone.
    Lost,
    /// It waits, and can be gone on with.
    Waits,
    /// It goes on without the window.
    GoesOn,
}

/// Long work that ended while nobody looked.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// What kind.
    pub kind: WorkKind,
    /// Which one: a question, a file, a folder.
    pub name: String,
    /// Whether it came out well.
    pub well: bool,
}

/// Since when work goes on.
#[derive(Debug, Default)]
pub(super) struct Watch {
    now: f64,
    going: Vec<Going>,
}

#[derive(Debug)]
struct Going {
    kind: WorkKind,
    name: String,
    since: f64,
    /// Runs that were part of it.
    runs: Vec<RunId>,
}

fn share(done: f64, whole: f64) -> Option<f32> {
    (whole > 0.0).then(|| (done / whole).clamp(0.0, 1.0) as f32)
}

impl AppState {
    /// What goes on now, the most important first.
    pub fn work(&self) -> Vec<Work> {
        let of = |kind, name: String, done| Work { kind, name, done };
        let mut all = Vec::new();
        let queue = self.runs_in_queue();
        let drawing = |run: &&&Run| run.columns.iter().any(super::Column::is_drawing);
        if let Some(run) = queue.iter().find(drawing) {
            all.push(of(WorkKind::Answers, String::new(), Some(drawn(run))));
        } else if !queue.is_empty() && !self.queue.held {
            all.push(of(WorkKind::Answers, String::new(), None));
        }
        if let Some(going) = &self.evaluate.going {
            let done = share(going.step as f64, going.steps as f64);
            let name = file_name(&going.folder);
            all.push(of(WorkKind::Evaluation, name, done));
        }
        for export in &self.exporting {
            let done = share(export.done.0 as f64, export.done.1 as f64);
            all.push(of(WorkKind::Export, file_name(&export.path), done));
        }
        for import in self.library.import.going.iter().filter(|i| i.is_running()) {
            let progress = import.progress.as_ref();
            let done = progress.and_then(|p| share(p.bytes_done as f64, p.bytes_total as f64));
            all.push(of(WorkKind::Import, import.name(), done));
        }
        let downloads = self.library.hub.downloads.iter();
        for download in downloads.filter(|download| download.is_running()) {
            let progress = download.progress.as_ref();
            let done = progress.and_then(|p| share(p.bytes.0 as f64, p.bytes.1 as f64));
            all.push(of(WorkKind::Download, download.spec.repo.to_string(), done));
        }
        let runs = self.train.runs.iter().flat_map(|runs| runs.iter());
        for run in runs.filter(|r| matches!(r.state, RunState::Starting | RunState::Training)) {
            all.push(of(WorkKind::Training, run.name.clone(), Some(run.share())));
        }
        all
    }

    /// How far the most important work is, in percent, once that can be told.
    pub fn percent_done(&self) -> Option<usize> {
        let done = self.work().into_iter().find_map(|work| work.done)?;
        // A hundred is for what has ended.
        Some(((done * 100.0) as usize).min(99))
    }

    /// Whether work goes on for so long that the machine might fall asleep over it.
    pub fn keeps_awake(&self) -> bool {
        let since = self.watch.going.iter().map(|going| going.since);
        let tired = since.into_iter().any(|at| self.watch.now - at >= TIRING);
        self.settings.stay_awake && (tired || self.conference.is_some())
    }

    /// Looks at what goes on, at a time in seconds. What went on for long and has ended comes back,
    /// unless the person saw it end or does not want to know.
    pub fn watch_work(&mut self, now: f64, seen: bool) -> Vec<Ended> {
        let work = self.work();
        let mut watch = std::mem::take(&mut self.watch);
        watch.now = now;
        let mut ended = Vec::new();
        watch.going.retain(|going| {
            let goes_on = work
                .iter()
                .any(|work| (work.kind, &work.name) == (going.kind, &going.name));
            let quiet = seen || !self.settings.announce || self.conference.is_some();
            if !goes_on && !quiet && now - going.since >= LONG {
                ended.extend(self.end_of(going));
            }
            goes_on
        });
        for Work { kind, name, .. } in work {
            let known = |going: &Going| going.kind == kind && going.name == name;
            if !watch.going.iter().any(known) {
                watch.going.push(Going {
                    kind,
                    name,
                    since: now,
                    runs: Vec::new(),
                });
            }
        }
        if let Some(going) = watch.going.iter_mut().find(|g| g.kind == WorkKind::Answers) {
            for run in self.runs_in_queue() {
                if !going.runs.contains(&run.id) {
                    going.runs.push(run.id);
                }
            }
        }
        self.watch = watch;
        ended
    }

    /// How work ended; none where a person stopped it.
    fn end_of(&self, going: &Going) -> Option<Ended> {
        let noticed = |is: &dyn Fn(&NoticeKind) -> bool| self.notices.iter().any(|n| is(&n.kind));
        let name = &going.name;
        let (name, well) = match going.kind {
            WorkKind::Answers => self.end_of_runs(&going.runs)?,
            WorkKind::Evaluation => {
                let evaluate = &self.evaluate;
                let shown = evaluate.shown.as_ref().map(|shown| &shown.folder);
                let done = evaluate.unscored.is_some()
                    || shown.is_some_and(|folder| file_name(folder) == *name);
                let well = evaluate.problem.is_none();
                (name.clone(), (done || !well).then_some(well)?)
            }
            WorkKind::Export => {
                let saved = |kind: &NoticeKind| matches!(kind, NoticeKind::Saved(to) if file_name(to) == *name);
                let failed = |kind: &NoticeKind| matches!(kind, NoticeKind::Trouble(_));
                let well = noticed(&saved);
                (name.clone(), (well || noticed(&failed)).then_some(well)?)
            }
            WorkKind::Import => {
                let left = self.library.import.going.iter().find(|i| i.name() == *name);
                match left.map(|import| &import.state) {
                    None => (name.clone(), true),
                    Some(ImportStep::Failed(_)) => (name.clone(), false),
                    Some(_) => return None,
                }
            }
            WorkKind::Download => {
                let mut left = self.library.hub.downloads.iter();
                match left
                    .find(|d| d.spec.repo.to_string() == *name)
                    .map(|d| &d.state)
                {
                    None => (name.clone(), true),
                    Some(DownloadState::Failed(_)) => (name.clone(), false),
                    Some(_) => return None,
                }
            }
            WorkKind::Training => {
                let mut runs = self.train.runs.iter().flat_map(|runs| runs.iter());
                match runs.find(|run| run.name == *name)?.state {
                    RunState::Finished => (name.clone(), true),
                    RunState::Failed | RunState::Killed => (name.clone(), false),
                    _ => return None,
                }
            }
        };
        Some(Ended {
            kind: going.kind,
            name,
            well,
        })
    }

    /// The question of the last of these runs that came to an end of its own, and whether anything
    /// was drawn.
    fn end_of_runs(&self, runs: &[RunId]) -> Option<(String, bool)> {
        let over = runs.iter().filter_map(|id| self.run_by_id(*id));
        let phases = over.flat_map(|run| run.columns.iter());
        let mut last = None;
        for column in phases {
            let well = match column.phase {
                Phase::Finished(_) => true,
                Phase::Failed(_) => false,
                _ => continue,
            };
            let before = last.as_ref().is_some_and(|(_, well)| *well);
            last = Some((column.request.question.clone(), well || before));
        }
        last
    }

    /// What becomes of the work when the program ends now: what is lost, what waits, what goes on;
    /// how many of each.
    pub fn stakes(&self) -> Vec<(Stake, WorkKind, usize)> {
        let mut stakes: Vec<(Stake, WorkKind, usize)> = Vec::new();
        let mut add = |stake, kind| match stakes.iter_mut().find(|s| (s.0, s.1) == (stake, kind)) {
            Some((_, _, count)) => *count += 1,
            None => stakes.push((stake, kind, 1)),
        };
        for run in self.runs_in_queue() {
            let stake = match run.key {
                Some(_) => Stake::Waits,
                None => Stake::Lost,
            };
            // What only waits, and is kept, comes to no harm.
            if stake == Stake::Lost || run.columns.iter().any(super::Column::is_drawing) {
                add(stake, WorkKind::Answers);
            }
        }
        for work in self.work() {
            match work.kind {
                WorkKind::Answers => {}
                WorkKind::Export => add(Stake::Lost, work.kind),
                WorkKind::Evaluation | WorkKind::Import | WorkKind::Download => {
                    add(Stake::Waits, work.kind);
                }
                WorkKind::Training => add(Stake::GoesOn, work.kind),
            }
        }
        stakes.sort_by_key(|(stake, ..)| *stake);
        stakes
    }

    /// Whether a person should be asked before the program ends: something would stop.
    pub(super) fn asks_before_quitting(&self) -> bool {
        let stops = |(stake, ..): &(Stake, WorkKind, usize)| *stake != Stake::GoesOn;
        self.conference.is_none() && self.stakes().iter().any(stops)
    }
}

/// Share of a run that is drawn.
fn drawn(run: &Run) -> f32 {
    let columns = run.columns.iter().map(|column| match &column.phase {
        Phase::Running(progress) => progress.fraction(),
        Phase::Queued | Phase::Interrupted { .. } => 0.0,
        Phase::Finished(_) | Phase::Failed(_) | Phase::Cancelled => 1.0,
    });
    columns.sum::<f32>() / run.columns.len().max(1) as f32
}

fn file_name(path: &std::path::Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}
