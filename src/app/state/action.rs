//! What the person asked for ([`Action`]) and what has to be done about it ([`Effect`]). Both are
//! plain data.

use super::{
    CareAction, ConferenceAction, DatasetAction, Dialog, EvaluateAction, Explain, Form,
    GalleryAction, GridAction, GuideAction, HubAction, ImportAction, LibraryAction, Moment,
    NoticeId, OfferChoice, Page, QueueAction, RunId, StoryAction, TargetAction, Topic, TrainAction,
    VoteAction,
};
use crate::app::settings::{Settings, WindowPlace};
use crate::job::care::CareTask;
use crate::job::{
    BundleTask, DatasetTask, ExportFormat, FileTask, GuidanceMode, JobId, JobSpec, LibraryTask,
    Resources, RunDraft, TrainingTask,
};
use image::RgbImage;
use std::path::PathBuf;
use std::sync::Arc;

/// One thing a person did, or one thing an effect has to report back.
#[derive(Clone, Debug)]
pub enum Action {
    /// Stops loading the model.
    StopLoading,
    /// The question, the mode or a number was edited.
    EditForm(Box<Form>),
    /// Puts the numbers back to the bundle's defaults; question, mode and seed stay.
    ResetForm,
    /// Rolls a new seed.
    RollSeed,
    /// An interaction is over: later edits of the form are undone on their own.
    Settle,
    /// Takes back the last edit of the form.
    Undo,
    /// Does an edit of the form again.
    Redo,
    /// Draws the answer.
    Generate,
    /// Stops every column that runs.
    Cancel,
    /// What is done with the queue.
    Queue(QueueAction),
    /// Draws a column again as it was.
    Retry(usize),
    /// Draws a column again with this answer; an empty one lets the model write it.
    AnswerWith(usize, String),
    /// Adds a column for a mode, on the noise of the run.
    AddMode(GuidanceMode),
    /// Adds a column that leaves another one's path after some steps, with the numbers of the form.
    Branch(Moment),
    /// Takes a column out of the run.
    RemoveColumn(usize),
    /// Shows a step of all columns, from 1, or the newest.
    Seek(Option<usize>),
    /// Moves on by some steps.
    StepBy(isize),
    /// Lets time run, or stops it.
    Play(bool),
    /// Time ran on by one step.
    Tick,
    /// Shows two pictures closely, or the columns again.
    Look(bool),
    /// Shows where the time of the run went, or hides it.
    ShowTimes(bool),
    /// Measures how similar two pictures are.
    Measure(Arc<RgbImage>, Arc<RgbImage>),
    /// Does something with grids.
    Grid(GridAction),
    /// Does something with the target picture.
    Target(TargetAction),
    /// Explains a column.
    Explain(Explain),
    /// Loads the bundle again after a failure.
    ReloadBundle,
    /// Chooses a frame in a dialog.
    PickFrame,
    /// Opens a picture file as the frame.
    OpenPath(PathBuf),
    /// Opens a drawn example by file name; the first of its questions is suggested.
    OpenExample(String),
    /// Opens dropped bytes as the frame.
    OpenBytes(String, Arc<[u8]>),
    /// Says what an opened picture of this program is for.
    TakeOffer(OfferChoice),
    /// Uses the picture in the clipboard as the frame.
    PasteFrame,
    /// Saves the picture of a column.
    SaveResult(usize),
    /// Saves the whole run in one file.
    SaveRun,
    /// Makes something for others of the run.
    Export(ExportFormat),
    /// Does something with a story of the run.
    Story(StoryAction),
    /// Stops an animation that is being made.
    CancelExport(JobId),
    /// Opens a run file.
    OpenRun(PathBuf),
    /// Copies the picture of a column.
    CopyResult(usize),
    /// Makes the picture of a column the next frame.
    UseAsFrame(usize),
    /// Goes to a page.
    ShowPage(Page),
    /// Does something with the kept runs.
    Gallery(GalleryAction),
    /// Does something with the opened data set.
    Dataset(DatasetAction),
    /// Does something with the bundles.
    Library(LibraryAction),
    /// Does something with the hub.
    Hub(HubAction),
    /// Does something with imports.
    Import(ImportAction),
    /// Does something with votes.
    Vote(VoteAction),
    /// Does something with evaluations.
    Evaluate(EvaluateAction),
    /// Does something with training runs.
    Train(TrainAction),
    /// Opens a dialog.
    ShowDialog(Dialog),
    /// Closes the dialog.
    CloseDialog,
    /// The look was changed, or what networks may use.
    EditSettings(Box<Settings>),
    /// Computes on the processor from now on.
    UseCpu,
    /// Takes a notice away.
    Dismiss(NoticeId),
    /// The window has another size, in points.
    Resized([f32; 2]),
    /// Does something on the way in.
    Guide(GuideAction),
    /// Does something about the program itself.
    Care(CareAction),
    /// Does something in conference mode.
    Conference(ConferenceAction),
    /// The window is somewhere else.
    Moved(WindowPlace),
    /// Opens files of any kind: runs, and the first picture.
    OpenFiles(Vec<PathBuf>),
    /// Ends the program; asks first where work would stop.
    Quit,
    /// Ends the program.
    QuitNow,
    /// A submitted job got its id.
    Submitted(Ticket, JobId),
}

impl From<GuideAction> for Action {
    fn from(action: GuideAction) -> Self {
        Self::Guide(action)
    }
}

impl From<CareAction> for Action {
    fn from(action: CareAction) -> Self {
        Self::Care(action)
    }
}

impl From<DatasetAction> for Action {
    fn from(action: DatasetAction) -> Self {
        Self::Dataset(action)
    }
}

/// What a submitted job is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ticket {
    /// The bundle.
    Bundle,
    /// Columns of a run, by index.
    Columns(RunId, Vec<usize>),
    /// The picture of a moment of a run.
    Moment(RunId, Moment),
    /// Room for this training run.
    Unload(PathBuf),
    /// What CLIP says of two pictures.
    Likeness,
    /// What original files hold.
    Recognise,
    /// The bundle that is made in this folder.
    Import(PathBuf),
    /// A quick answer beside a question of a data set.
    Sketch,
    /// An evaluation.
    Evaluation,
    /// An animation and where it goes.
    Export(ExportFormat, PathBuf),
    /// What is to be known about a column of a run.
    Topic(RunId, usize, Topic),
}

/// Work that leaves the state; performed in `app/effects.rs`.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Submit a job, then report its id with [`Action::Submitted`].
    Submit(Ticket, JobSpec),
    /// Submit a run that is kept, then report as `Submit`.
    Draw(Ticket, JobSpec, Box<RunDraft>),
    /// Put the runs that wait into this order.
    Order(Vec<JobId>),
    /// Hold back the runs that wait, or let them go on.
    Hold(bool),
    /// Cancel a job.
    Cancel(JobId),
    /// Let networks use so much, from the next job on.
    Use(Resources),
    /// Give the file thread something to do.
    Files(FileTask),
    /// Look after the program itself.
    Care(CareTask),
    /// Give the library of bundles something to do.
    Library(LibraryTask),
    /// Give the thread of training runs something to do.
    Training(TrainingTask),
    /// Give the thread of the opened data set something to do.
    Dataset(DatasetTask),
    /// Start a task on a bundle, then report as `Submit`.
    Make(Ticket, BundleTask),
}
