//! What the window knows, as plain data. [`AppState::apply`] and the `on_…` methods are its only
//! writers; no I/O, no clock and no egui happen here, so tests compare values.

mod action;
mod answer;
mod care;
mod cells;
mod conference;
mod dataset;
mod evaluate;
mod events;
mod explain;
mod export;
mod form;
mod gallery;
mod guide;
mod library;
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
#[cfg(test)]
mod tests_explain;
#[cfg(test)]
mod tests_memory;
#[cfg(test)]
mod tests_queue;
#[cfg(test)]
mod tests_work;
mod time;
mod timeline;
mod times;
mod train;
mod undo;
mod vote;
mod work;

pub use action::{Action, Effect, Ticket};
pub use care::{Care, CareAction, Change, Exchange, LastEnd};
pub use cells::GridAction;
pub use conference::{Ballot, Conference, ConferenceAction, LONGEST_QUESTION, Scene, Tally};
pub use dataset::{
    CategoryChoice, Dataset, DatasetAction, DatasetMemory, FRAMES_PER_SECOND, HealthAction,
    OpenFolder, OpenStrip, PairFilter, PairOrder, PairView, SKETCH_STEPS, Saving, StripAction,
    StripBlocked, ThumbState,
};
pub use evaluate::{
    DraftProblem, Evaluate, EvaluateAction, Evaluating, EvaluationDraft, ShownEvaluation,
};
pub use explain::{Explain, Explained, Inquiry, Topic};
pub use export::Exporting;
pub use form::Form;
pub use gallery::{
    CoverState, Filter, Gallery, GalleryAction, Period, Recall, Row, differences, settings,
};
pub use guide::{Guide, GuideAction, Stop};
pub use library::{
    Check, Download, DownloadState, Found, HubAction, ImportAction, ImportPlan, ImportStep,
    Importing, Library, LibraryAction, Shelved,
};
pub use page::{Page, known_or_first as known_page};
pub use plan::{AxisDraft, GridDraft};
pub use queue::{QueueAction, QueueState};
pub use recall::{Offer, OfferChoice};
pub use run::{Column, Phase, Progress, Run, RunId, View};
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
use crate::job::{
    BundleSource, BundleSummary, EditRequest, FileTask, Frame, FrameFacts, FrameOrigin,
    GridProblem, JobId, JobSpec, LoadProgress, Problem, RequestProblem, Resources, RunKey,
    is_run_file, library::DeletedBundle,
};
use std::path::PathBuf;

/// Most questions that are remembered.
const MAX_HISTORY: usize = 100;
/// Most columns of a run that is no grid.
pub const MAX_COLUMNS: usize = 8;
/// Most files that are remembered.
const MAX_RECENT: usize = 10;

/// A dialog above the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialog {
    /// Look, size and places.
    Settings,
    /// What this is, and the keys.
    About,
    /// Every command by name.
    Palette,
    /// A grid before it is drawn.
    Grid,
    /// A download before it begins.
    Hub,
    /// An import before it begins.
    Import,
    /// How the hub is reached, and what was asked of it.
    Network,
    /// A story before it is made.
    Story,
    /// A first question at one press.
    Welcome,
    /// How the program ended the last time.
    LastEnd,
    /// A debug package before it is written.
    Package,
    /// What this machine can run.
    Doctor,
    /// Settings of a file before they are used.
    ImportSettings,
    /// Whether to end the program while work goes on.
    Quit,
}

/// Identifies a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NoticeId(pub u64);

/// What a notice says.
#[derive(Clone, Debug, PartialEq)]
pub enum NoticeKind {
    /// A picture was saved there.
    Saved(PathBuf),
    /// A picture is in the clipboard.
    Copied,
    /// A settings file was broken and is now there.
    SettingsBroken(PathBuf),
    /// A session file was broken and is now there.
    SessionBroken(PathBuf),
    /// The list of runs was damaged and is now there.
    RunsBroken(PathBuf),
    /// So many runs waited or worked when the program ended, and wait again.
    QueueReturned(usize),
    /// A run that is not shown is done; its question.
    RunReady(RunId, String),
    /// Saving, copying or opening failed.
    Trouble(Problem),
    /// A picture says how it was drawn, but that cannot be used; it is the frame now.
    NotRecalled(Problem),
    /// Kept runs were deleted; that can be taken back.
    RunsDeleted(Vec<RunKey>),
    /// A bundle of that name was imported into that folder.
    Imported(String, PathBuf),
    /// A repository was downloaded into that folder.
    Downloaded(String, PathBuf),
    /// A bundle was made of a training run, with the weights of that step.
    Promoted(PathBuf, u64),
    /// The low-rank pairs of a run are in this file, of this step.
    LoraWritten(PathBuf, u64),
    /// A bundle was deleted; that can be taken back.
    BundleDeleted(DeletedBundle),
    /// So many edits of a data set were noted by a program that ended before it saved them.
    EditsRecovered(usize),
    /// So many fields were written by the patch of a health check.
    PatchApplied(usize),
    /// Settings came from a file; those before.
    SettingsImported(Box<Settings>),
    /// Settings are as in a new installation; those before.
    SettingsReset(Box<Settings>),
    /// Settings are in the form, but the frame they were used with was not found.
    FrameMissing(FrameFacts),
}

/// A message that passes.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// Which one.
    pub id: NoticeId,
    /// What it says.
    pub kind: NoticeKind,
}

/// The frame and what happens to it.
#[derive(Clone, Debug, Default)]
pub struct FrameSlot {
    /// The frame that a question would be about.
    pub frame: Option<Frame>,
    /// Whether another one is being opened.
    pub opening: bool,
}

/// What is known about the bundle.
#[derive(Clone, Debug, Default)]
pub enum BundleState {
    /// On its way.
    #[default]
    Loading,
    /// Resident.
    Ready(Box<BundleSummary>),
    /// Could not be loaded.
    Failed(Problem),
}

/// Why Generate is not possible now.
#[derive(Clone, Debug, PartialEq)]
pub enum Blocked {
    /// There is no frame.
    NoFrame,
    /// The frame is being opened.
    Opening,
    /// There is no question.
    NoQuestion,
    /// The bundle lacks something for the mode; its reason.
    ModeMissing(String),
    /// A number is out of range.
    Request(RequestProblem),
    /// The second question is missing or the same as the first.
    SecondQuestion,
    /// The values of an axis cannot be read; said beside them.
    Axis,
    /// The axes do not make a grid.
    Grid(GridProblem),
}

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

    /// The defaults of the bundle, or of the embedded one until it is known.
    pub fn defaults(&self) -> EditRequest {
        match &self.bundle {
            BundleState::Ready(summary) => summary.defaults.clone(),
            BundleState::Loading | BundleState::Failed(_) => EditRequest::default(),
        }
    }

    /// Tokens of a question, and the most that the model reads; none until a model can count them.
    pub fn tokens_of(&self, question: &str) -> Option<(usize, usize)> {
        match &self.bundle {
            BundleState::Ready(summary) => Some((
                summary.token_counter.count(question.trim()),
                summary.max_question_tokens,
            )),
            BundleState::Loading | BundleState::Failed(_) => None,
        }
    }

    /// Most question tokens the model reads, once known.
    pub fn token_limit(&self) -> Option<usize> {
        match &self.bundle {
            BundleState::Ready(summary) => Some(summary.max_question_tokens),
            BundleState::Loading | BundleState::Failed(_) => None,
        }
    }

    /// Adds a message that passes.
    pub fn notify(&mut self, kind: NoticeKind) {
        let id = NoticeId(self.next_notice);
        self.next_notice += 1;
        // The same trouble twice is one message.
        self.notices.retain(|notice| notice.kind != kind);
        self.notices.push(Notice { id, kind });
        if self.conference.is_some() && self.notices.len() > conference::NOTICES {
            self.notices.remove(0); // nobody sees them until the staff comes back
        }
    }

    /// Does what a person asked for; what leaves the state comes back as effects.
    pub fn apply(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::EditForm(form) => self.edit_form(*form),
            Action::ResetForm => {
                let mut form = self.form.clone();
                form.reset_numbers(&self.defaults());
                self.edit_form(form);
            }
            Action::RollSeed => {
                let mut form = self.form.clone();
                form.request.seed = self.roll();
                self.edit_form(form);
            }
            Action::Settle => {
                self.undo.settle();
                self.train.settle();
                self.settle_dataset();
            }
            Action::Undo | Action::Redo if self.page == Page::Dataset => {
                return self.undo_dataset(matches!(action, Action::Redo));
            }
            Action::Undo => {
                if let Some(form) = self.undo.back(&self.form) {
                    self.take_form(form);
                }
            }
            Action::Redo => {
                if let Some(form) = self.undo.forward(&self.form) {
                    self.take_form(form);
                }
            }
            Action::Guide(action) => return self.act_on_guide(action),
            Action::Care(action) => return self.act_on_care(action),
            Action::Conference(action) => return self.act_on_conference(action),
            Action::Generate => return self.generate(),
            Action::Cancel => return self.cancel(),
            Action::Queue(action) => return self.act_on_queue(action),
            Action::Retry(column) => return self.retry(column),
            Action::AnswerWith(column, answer) => return self.answer_with(column, &answer),
            Action::AddMode(mode) => return self.add_mode(mode),
            Action::Branch(moment) => return self.branch(moment.column, moment.step),
            Action::RemoveColumn(column) => return self.remove_column(column),
            Action::Seek(step) => return self.seek(step),
            Action::StepBy(steps) => return self.step_by(steps),
            Action::Play(playing) => return self.play(playing),
            Action::Tick => return self.tick(),
            Action::Look(looking) => (self.looking, self.explaining) = (looking, None),
            Action::Explain(what) => return self.explain(what),
            Action::ShowTimes(shown) => self.timing = shown,
            Action::Measure(a, b) => return self.measure(a, b),
            Action::Grid(action) => return self.apply_to_grid(action),
            Action::Target(action) => return self.apply_to_target(action),
            Action::ReloadBundle => return vec![self.load_bundle()],
            Action::PickFrame => {
                self.page = Page::Ask;
                return vec![Effect::Files(FileTask::PickFrame)];
            }
            Action::OpenPath(path) if is_run_file(&path) => {
                return vec![Effect::Files(FileTask::OpenRun(path))];
            }
            Action::OpenPath(path) => {
                self.page = Page::Ask;
                return self.open(FileTask::OpenPicture(path));
            }
            Action::TakeOffer(choice) => return self.take_offer(choice),
            Action::OpenExample(file) => {
                self.suggest_question(&file);
                return self.open_example(&file);
            }
            Action::OpenBytes(name, bytes) => {
                self.page = Page::Ask;
                return self.open(FileTask::OpenDropped(name, bytes));
            }
            Action::PasteFrame => {
                self.page = Page::Ask;
                return self.open(FileTask::PasteFrame);
            }
            Action::SaveResult(column) => return self.save(column),
            Action::SaveRun => return self.save_run(),
            Action::Export(format) => return self.export(format),
            Action::Story(action) => return self.act_on_story(action),
            Action::CancelExport(job) => return self.cancel_export(job),
            Action::OpenRun(path) => return vec![Effect::Files(FileTask::OpenRun(path))],
            Action::CopyResult(column) => return self.copy(column),
            Action::UseAsFrame(column) => self.use_as_frame(column),
            Action::ShowPage(page) => return self.show_page(page),
            Action::Gallery(action) => return self.act_on_gallery(action),
            Action::Library(action) => return self.act_on_library(action),
            Action::Dataset(action) => return self.act_on_dataset(action),
            Action::Hub(action) => return self.act_on_hub(action),
            Action::Import(action) => return self.act_on_import(action),
            Action::Vote(action) => return self.act_on_votes(action),
            Action::Evaluate(action) => return self.act_on_evaluation(action),
            Action::Train(action) => return self.act_on_training(action),
            Action::ShowDialog(dialog) => {
                self.dialog = Some(dialog);
                if matches!(dialog, Dialog::Package | Dialog::Doctor) {
                    return self.come_to_care(dialog);
                }
                if dialog == Dialog::Settings {
                    let mut effects = self.measure_room();
                    effects.push(Effect::Files(FileTask::ReadDevices));
                    return effects;
                }
            }
            Action::CloseDialog => {
                let closed = self.dialog.take();
                self.leave_care(closed);
            }
            Action::EditSettings(settings) => return self.edit_settings(*settings),
            Action::UseCpu => return self.use_cpu(),
            Action::StopLoading => {
                return self.bundle_job.map(Effect::Cancel).into_iter().collect();
            }
            Action::Dismiss(id) => self.notices.retain(|notice| notice.id != id),
            Action::Resized(size) => self.window_size = Some(size),
            Action::Moved(place) => self.window_place = place,
            Action::OpenFiles(files) => return self.open_files(files),
            Action::Quit if self.asks_before_quitting() => self.dialog = Some(Dialog::Quit),
            Action::Quit | Action::QuitNow => self.quitting = true,
            Action::Submitted(Ticket::Unload(run), job) => self.train.unloading(run, job),
            Action::Submitted(ticket, job) => self.submitted(ticket, job),
        }
        Vec::new()
    }

    /// Opens all runs and the first picture; the other pictures are at hand among the recent files.
    fn open_files(&mut self, files: Vec<PathBuf>) -> Vec<Effect> {
        if self.conference.is_some() {
            return Vec::new(); // visitors choose from what there is
        }
        let (runs, pictures): (Vec<_>, Vec<_>) = files.into_iter().partition(|f| is_run_file(f));
        for picture in pictures.iter().skip(1).rev() {
            self.remember(picture);
        }
        let opened = pictures.into_iter().take(1).chain(runs);
        let opened: Vec<Action> = opened.map(Action::OpenPath).collect();
        opened.into_iter().flat_map(|a| self.apply(a)).collect()
    }

    /// Puts a file first among the recent ones.
    fn remember(&mut self, path: &std::path::Path) {
        self.recent.retain(|known| known != path);
        self.recent.insert(0, path.to_path_buf());
        self.recent.truncate(MAX_RECENT);
    }

    fn edit_form(&mut self, form: Form) {
        self.undo.note(&self.form);
        self.take_form(form);
    }

    /// Whether an edit on this page can be undone, and one done again.
    pub fn undo_possible(&self) -> (bool, bool) {
        match (self.page, &self.dataset.open) {
            (Page::Dataset, Some(open)) => open.undo_possible(),
            (Page::Dataset, None) => (false, false),
            _ => self.undo.possible(),
        }
    }

    fn take_form(&mut self, form: Form) {
        let asked_anew = form.request.question != self.form.request.question;
        self.form = form;
        if asked_anew {
            self.count_tokens();
        }
    }

    fn count_tokens(&mut self) {
        self.question_tokens = match &self.bundle {
            BundleState::Ready(summary) => Some(
                summary
                    .token_counter
                    .count(self.form.request.question.trim()),
            ),
            BundleState::Loading | BundleState::Failed(_) => None,
        };
    }

    fn load_bundle(&mut self) -> Effect {
        self.bundle = BundleState::Loading;
        self.bundle_job = None;
        self.similar.forget_judge();
        Effect::Submit(Ticket::Bundle, JobSpec::Load(self.bundle_source.clone()))
    }

    fn open(&mut self, task: FileTask) -> Vec<Effect> {
        self.frame.opening = true;
        vec![Effect::Files(task)]
    }

    fn open_example(&mut self, file: &str) -> Vec<Effect> {
        self.open(FileTask::OpenExample(file.to_owned()))
    }

    /// Puts the first question of an example into the form, unless the person wrote their own.
    fn suggest_question(&mut self, file: &str) {
        let current = self.form.request.question.trim();
        if (current.is_empty() || examples::is_suggestion(current))
            && let Some(question) = examples::questions(file).first()
        {
            self.form.request.question.clone_from(question);
            self.count_tokens();
        }
        if let Some(second) = &mut self.form.second
            && (second.trim().is_empty() || examples::is_suggestion(second.trim()))
            && let Some(question) = examples::questions(file).get(1)
        {
            second.clone_from(question);
        }
    }
}
