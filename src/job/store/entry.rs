//! What the store knows about a run, as plain data.

use crate::eval::Vote;
use crate::job::{
    BundleSource, EditRequest, EditResult, Estimate, Frame, FrameFacts, Grid, GuidanceMode,
    Problem, Target, Timings, WrittenAnswer,
};
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::Arc;

/// Identifies a run for good: the same in every window and after every restart, never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunKey(pub i64);

/// Where a run or a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeptState {
    /// In the queue.
    Waiting,
    /// At work.
    Running,
    /// Done.
    Finished,
    /// Did not work.
    Failed,
    /// Stopped on request.
    Cancelled,
    /// Cut off: the program ended while it was at work.
    Interrupted,
}

impl KeptState {
    const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Running,
        Self::Finished,
        Self::Failed,
        Self::Cancelled,
        Self::Interrupted,
    ];

    /// The word in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }

    /// The state of that name.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A run in the list of all runs.
#[derive(Clone, Debug, PartialEq)]
pub struct RunEntry {
    /// Which run.
    pub id: RunKey,
    /// When it was asked for, in seconds since 1970.
    pub created: i64,
    /// The question of its first column.
    pub question: String,
    /// The modes of its columns, each once, in their order.
    pub modes: Vec<GuidanceMode>,
    /// The seeds of its columns, each once, in their order.
    pub seeds: Vec<u64>,
    /// The bundle's name; empty until a column is finished.
    pub bundle: String,
    /// Equal for bundles with equal files; empty until a column is finished.
    pub bundle_fingerprint: String,
    /// Where the bundle was.
    pub bundle_source: BundleSource,
    /// What it was drawn from.
    pub frame: FrameFacts,
    /// One request per column.
    pub columns: Vec<EditRequest>,
    /// How many columns are finished; these are in `file`.
    pub finished: usize,
    /// Where it stands.
    pub state: KeptState,
    /// What went wrong, in a failed one.
    pub problem: Option<String>,
    /// Whether a person starred it.
    pub starred: bool,
    /// Its run file; there is one as soon as a column is finished.
    pub file: PathBuf,
    /// Its frame at full size, as a PNG.
    pub frame_file: PathBuf,
}

/// A run as a face has it when something is to be drawn or has changed.
#[derive(Clone, Debug)]
pub struct RunDraft {
    /// The run, unless it is a new one.
    pub run: Option<RunKey>,
    /// The bundle it is drawn with.
    pub bundle: BundleSource,
    /// Its frame.
    pub frame: Frame,
    /// The frame in the terms of the estimates, once the networks have seen it.
    pub seen: Option<Estimate>,
    /// All its columns: the request, and the result of a finished one.
    pub columns: Vec<(EditRequest, Option<Arc<EditResult>>)>,
    /// The columns that the job draws, in the order of its requests.
    pub drawing: Vec<usize>,
    /// The axes, where the columns are the cells of a grid.
    pub grid: Option<Grid>,
    /// The picture that the columns are compared with.
    pub target: Option<Arc<Target>>,
    /// Where the time of its jobs went, oldest first.
    pub timings: Vec<Arc<Timings>>,
    /// What its file said that this version does not know.
    pub rest: Map<String, Value>,
}

/// A run with everything that was kept of it.
#[derive(Clone, Debug)]
pub struct KeptRun {
    /// What the list says.
    pub entry: RunEntry,
    /// Its frame, at full size where that was kept.
    pub frame: Frame,
    /// The frame in the terms of the estimates, once the networks have seen it.
    pub seen: Option<Estimate>,
    /// Its columns.
    pub columns: Vec<KeptColumn>,
    /// The columns that were still to be drawn when the program ended.
    pub unfinished: Vec<usize>,
    /// The axes, where the columns are the cells of a grid.
    pub grid: Option<Grid>,
    /// The picture that the columns are compared with.
    pub target: Option<Arc<Target>>,
    /// Where the time of its jobs went, oldest first.
    pub timings: Vec<Arc<Timings>>,
    /// What its file says that this version does not know.
    pub rest: Map<String, Value>,
}

/// A column of a kept run.
#[derive(Clone, Debug)]
pub struct KeptColumn {
    /// The complete request.
    pub request: EditRequest,
    /// The result, when it is finished.
    pub result: Option<Arc<EditResult>>,
    /// The written answer, where it got that far.
    pub answer: Option<WrittenAnswer>,
    /// The estimates of the steps that were drawn.
    pub track: Vec<Estimate>,
}

/// How much room the runs take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunsRoom {
    /// Run files.
    pub runs: usize,
    /// Bytes of run files, frames and the database.
    pub bytes: u64,
}

/// What a face asks of the store, as [`crate::job::FileTask::Store`].
#[derive(Clone, Debug)]
pub enum StoreTask {
    /// List all runs, newest first; ends in `Listed`.
    List,
    /// Open a run with its unfinished columns; ends in `Opened`.
    Open(RunKey),
    /// Star a run, or take the star away; ends in `Changed`.
    Star(RunKey, bool),
    /// Delete runs, so that it can be taken back; ends in `Deleted`.
    Delete(Vec<RunKey>),
    /// Take a deletion back; ends in `Restored`.
    Restore(Vec<RunKey>),
    /// Keep a run as it is now, because a person changed it; ends in `Changed`.
    Update(Box<RunDraft>),
    /// Measure how much room the runs take; ends in `Room`.
    MeasureRoom,
    /// Keep votes about the evaluation in a folder; silent when it works.
    KeepVotes(PathBuf, Vec<Vote>),
    /// List the votes about the evaluation in a folder; ends in `Votes`.
    ListVotes(PathBuf),
}

/// What the store reports, as [`crate::job::JobEvent::Store`]. A task that could not be done ends in
/// `Failed` instead.
#[derive(Clone, Debug)]
pub enum StoreEvent {
    /// Nothing can be kept, for this reason; the program works on without.
    Off(Problem),
    /// The database was damaged and is now there; a new one was begun.
    SetAside(PathBuf),
    /// Runs that waited or were at work when the program ended, in the order of their queue. They
    /// belong to this window now.
    Recovered(Vec<KeptRun>),
    /// The run of a submitted job is written down; comes before the job starts.
    Kept(crate::job::JobId, RunKey),
    /// A run is new or has changed; what is deleted is not told.
    Changed(Box<RunEntry>),
    /// All votes about the evaluation in a folder, oldest first.
    Votes(PathBuf, Vec<Vote>),
    /// All runs, newest first.
    Listed(Vec<RunEntry>),
    /// A run with everything that was kept of it.
    Opened(Box<KeptRun>),
    /// These runs were deleted.
    Deleted(Vec<RunKey>),
    /// These runs are back.
    Restored(Vec<RunEntry>),
    /// How much room the runs take.
    Room(RunsRoom),
    /// Something could not be done or written.
    Failed(Problem),
}
