//! What the window knows, as plain data. [`AppState::apply`] and the `on_…` methods are its only
//! writers; no I/O, no clock and no egui happen here, so tests compare values.

mod action;
mod answer;
mod apply;
mod blocked;
mod bundle;
mod care;
mod cells;
mod column;
mod conference;
mod dataset;
mod dialog;
mod editing;
mod evaluate;
mod events;
mod explain;
mod export;
mod form;
mod frame;
mod gallery;
mod guide;
mod library;
mod notice;
mod page;
mod plan;
mod queue;
mod recall;
mod resources;
mod run;
mod similar;
mod story;
mod target;
#[cfg(test)]
mod tests;
mod time;
mod timeline;
mod times;
mod train;
mod undo;
mod vote;
mod work;

pub use action::{Action, Effect, Ticket};
pub use blocked::Blocked;
pub use bundle::BundleState;
pub use care::{Care, CareAction, Change, Exchange, LastEnd};
pub use cells::GridAction;
pub use column::{Column, Phase, Progress};
pub use conference::{Ballot, Conference, ConferenceAction, LONGEST_QUESTION, Scene, Tally};
pub use dataset::{
    CategoryChoice, Dataset, DatasetAction, DatasetMemory, FRAMES_PER_SECOND, HealthAction,
    OpenFolder, OpenStrip, PairFilter, PairOrder, PairView, SKETCH_STEPS, Saving, StripAction,
    StripBlocked, ThumbState,
};
pub use dialog::Dialog;
pub use evaluate::{
    DraftProblem, Evaluate, EvaluateAction, Evaluating, EvaluationDraft, ShownEvaluation,
};
pub use explain::{Explain, Explained, Inquiry, Topic};
pub use export::Exporting;
pub use form::Form;
pub use frame::FrameSlot;
pub use gallery::{
    CoverState, Filter, Gallery, GalleryAction, Period, Recall, Row, differences, settings,
};
pub use guide::{Guide, GuideAction, Stop};
pub use library::{
    Check, Download, DownloadState, Found, HubAction, ImportAction, ImportPlan, ImportStep,
    Importing, Library, LibraryAction, Shelved,
};
pub use notice::{Notice, NoticeId, NoticeKind};
pub use page::{Page, known_or_first as known_page};
pub use plan::{AxisDraft, GridDraft};
pub use queue::{QueueAction, QueueState};
pub use recall::{Offer, OfferChoice};
pub use run::{Run, RunId, View};
pub use similar::Likeness;
pub use story::{StoryAction, StoryDraft};
pub use target::TargetAction;
pub use timeline::{Moment, Parting};
pub use times::Times;
pub use train::{Sample, Train, TrainAction, TrainBlocked, TrainDraft, Trial, known_draft};
pub use vote::{OpenPoll, Picked, VoteAction, VoteDraft, Voting};
pub use work::{Ended, Stake, Work, WorkKind};

use crate::app::examples;
use crate::app::settings::{SavedFrame, Session, Settings, WindowPlace};
use crate::job::{BundleSource, FileTask, FrameOrigin, JobId, LoadProgress, Resources};
use std::path::PathBuf;

/// Most columns of a run that is no grid.
pub const MAX_COLUMNS: usize = 8;

/// Everything the window shows.
#[derive(Debug)]
pub struct AppState {
    /// Seconds since the window opened, as of this frame.
    pub now: f64,
    /// The page that is shown.
    pub page: Page,
    /// What is being edited.
    pub form: Form,
    /// The frame.
    pub frame: FrameSlot,
    /// Which bundle answers.
    pub bundle_source: BundleSource,
    /// What is known about it.
    pub bundle: BundleState,
    /// The run that is shown.
    pub run: Option<Run>,
    /// All other runs, and the order of those with work left.
    pub queue: QueueState,
    /// Whether there is a place to keep runs.
    pub keeps_runs: bool,
    /// Questions that were asked, newest last.
    pub history: Vec<String>,
    /// Files that were opened, newest first.
    pub recent: Vec<PathBuf>,
    /// Messages that pass, newest last.
    pub notices: Vec<Notice>,
    /// The dialog that is open.
    pub dialog: Option<Dialog>,
    /// The look, and what networks may use.
    pub settings: Settings,
    /// What networks may use now: as the settings say, unless the command line said otherwise.
    pub resources: Resources,
    /// Tokens of the question, once a model can count them.
    pub question_tokens: Option<usize>,
    /// Inner size of the window, in points.
    pub window_size: Option<[f32; 2]>,
    /// The way in.
    pub guide: Guide,
    /// What is known about the program itself.
    pub care: Care,
    /// Where the window is.
    pub window_place: WindowPlace,
    /// Whether files can be dropped onto the window here.
    pub drops_files: bool,
    /// Whether the system asks for less motion, where it says so.
    pub system_reduces_motion: Option<bool>,
    /// Whether the window is asked to close.
    pub quitting: bool,
    /// Whether the window is wanted in front of others.
    pub raised: bool,
    /// Whether two pictures are looked at closely in place of the columns.
    pub looking: bool,
    /// Whether the times of the run's stages are shown below its pictures.
    pub timing: bool,
    /// A picture of this program that was opened and waits for a choice.
    pub offer: Option<Offer>,
    /// The kept runs.
    pub gallery: Gallery,
    /// The bundles known here.
    pub library: Library,
    /// The opened data set.
    pub dataset: Dataset,
    /// Evaluations.
    pub evaluate: Evaluate,
    /// Votes.
    pub voting: Voting,
    /// How the next story is made.
    pub story: StoryDraft,
    /// Animations on their way, in the order they were asked for.
    pub exporting: Vec<Exporting>,
    /// The column that is explained in place of the columns.
    pub explaining: Option<usize>,
    /// How far the loading for a job is, while it goes on.
    pub loading: Option<(JobId, LoadProgress)>,
    similar: similar::Measured,
    seconds_per_step: Option<f64>,
    /// Conference mode, while it is on.
    pub conference: Option<Conference>,
    /// Training runs.
    pub train: Train,
    watch: work::Watch,
    undo: undo::Undo<Form>,
    bundle_job: Option<JobId>,
    dice: u64,
    next_run: u64,
    next_notice: u64,
}

impl AppState {
    /// A frame begins, so many seconds after the window opened.
    pub fn begin_frame(&mut self, now: f64) {
        self.now = now;
    }

    /// The state of a fresh window. `dice` makes rolled seeds differ from start to start.
    pub fn new(
        settings: Settings,
        session: Session,
        bundle_source: BundleSource,
        dice: u64,
    ) -> Self {
        Self {
            now: 0.0,
            page: session.page,
            form: session.form,
            frame: FrameSlot::default(),
            bundle_source,
            bundle: BundleState::Loading,
            run: None,
            queue: QueueState::default(),
            keeps_runs: false,
            history: session.history,
            recent: session.recent,
            notices: Vec::new(),
            dialog: None,
            resources: settings.resources(),
            settings,
            question_tokens: None,
            window_size: session.window_size,
            guide: Guide::default(),
            care: Care::default(),
            window_place: session.window_place,
            drops_files: true,
            system_reduces_motion: None,
            quitting: false,
            raised: false,
            looking: false,
            timing: false,
            offer: None,
            gallery: Gallery::default(),
            library: Library::default(),
            dataset: Dataset::remembering(session.dataset),
            evaluate: Evaluate::new(session.evaluation),
            voting: Voting::new(session.votes),
            story: StoryDraft::default(),
            exporting: Vec::new(),
            loading: None,
            similar: similar::Measured::default(),
            seconds_per_step: None,
            explaining: None,
            conference: None,
            train: Train::new(session.train),
            watch: work::Watch::default(),
            undo: undo::Undo::default(),
            bundle_job: None,
            dice,
            next_run: 0,
            next_notice: 0,
        }
    }

    /// The effects that start the program: load the bundle, open the files of the command line, else
    /// the frame of the last session, else the first example.
    pub fn start(&mut self, files: Vec<PathBuf>, last: Option<SavedFrame>) -> Vec<Effect> {
        let mut effects = vec![self.load_bundle()];
        effects.extend(self.show_page(self.page));
        effects.extend(match last {
            _ if !files.is_empty() => Vec::new(),
            // What it is for was chosen last time.
            Some(SavedFrame::File(path)) => self.open(FileTask::OpenFrame(path)),
            Some(SavedFrame::Example(file)) => self.open_example(&file),
            None => self.apply(Action::OpenExample(examples::FIRST.to_owned())),
        });
        effects.extend(self.open_files(files));
        effects
    }

    /// What the next start will come back to.
    pub fn session(&self) -> Session {
        // What visitors do is not remembered.
        let before = self.conference.as_ref().and_then(Conference::before);
        let (form, frame) = match before {
            Some(before) => (&before.form, before.frame.as_ref()),
            None => (&self.form, self.frame.frame.as_ref()),
        };
        let frame = frame.and_then(|frame| match &frame.origin {
            FrameOrigin::Example(file) => Some(SavedFrame::Example(file.clone())),
            FrameOrigin::File(path) => Some(SavedFrame::File(path.clone())),
            FrameOrigin::Clipboard | FrameOrigin::Dropped | FrameOrigin::Result(_) => None,
        });
        Session {
            page: before.map_or(self.page, |before| before.page),
            form: form.clone(),
            frame,
            history: self.history.clone(),
            recent: self.recent.clone(),
            window_size: self.window_size,
            window_place: self.window_place,
            evaluation: self.evaluate.draft.clone(),
            votes: self.voting.draft.clone(),
            train: Some(self.train.draft.clone()),
            dataset: self.dataset.memory.clone(),
            welcomed: self.guide.welcomed,
        }
    }

    /// Whether a column of the run that is shown still works or waits.
    pub fn is_running(&self) -> bool {
        self.run.as_ref().is_some_and(Run::is_active)
    }
}
