//! The messages that cross the seam. All of them are plain data: pictures travel as
//! `image::RgbImage`, never as tensors or textures.

use super::care::CareEvent;
use super::datasets::DatasetEvent;
use super::display::display_copy;
use super::explaining::{Explaining, PieceEffect};
use super::films::Film;
use super::making::BundleEvent;
use super::memory::MemoryFacts;
use super::polls::{Ballot, BallotPictures, Poll};
use super::run_file::RunFile;
use super::scoring::{Evaluation, ScoreSpec};
use super::store::StoreEvent;
use super::validation::{Outlook, ValidateSpec, Validation};
use super::{
    Cover, DeviceFacts, Export, FolderUse, FrameFacts, LatentRgb, LibraryEvent, Recalled, Target,
    TokenCounter, TrainingEvent,
};
use crate::eval::{Report, Vote};
use crate::pipeline::{
    Attention, BundleSource, Check, CheckKind, ContextUnit, EditRequest, Estimate, GuidanceMode,
    Problem, Stage, StageSeconds, Timings, WrittenAnswer,
};
use image::RgbImage;
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::Arc;

/// Identifies one submitted job; later jobs have larger numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// Where a frame came from, for captions, recent files and metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrameOrigin {
    /// A drawn example of the program, by file name.
    Example(String),
    /// A file.
    File(PathBuf),
    /// The clipboard.
    Clipboard,
    /// Dropped bytes or anything else without a path.
    Dropped,
    /// The result of an earlier job.
    Result(JobId),
}

/// A frame, decoded, upright, RGB.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The pixels.
    pub image: Arc<RgbImage>,
    /// The same picture at a size a window can show; often the same pixels.
    pub display: Arc<RgbImage>,
    /// Where it came from.
    pub origin: FrameOrigin,
}

impl Frame {
    /// A frame with its copy for display; takes a while for a huge picture.
    pub fn new(image: RgbImage, origin: FrameOrigin) -> Self {
        let image = Arc::new(image);
        Self {
            display: display_copy(&image),
            image,
            origin,
        }
    }
}

/// Work for the worker thread.
#[derive(Clone, Debug)]
pub enum JobSpec {
    /// Load a bundle (and forget the one before) so that the next edit starts at once.
    Load(BundleSource),
    /// Take everything out of memory, because something else needs the device; ends in `Unloaded`.
    /// The next job loads what it needs.
    Unload,
    /// Draw answers to questions about a frame, side by side.
    Run {
        /// The bundle to use; loaded first when another one is resident.
        bundle: BundleSource,
        /// The frame.
        frame: Frame,
        /// Everything else, one per column.
        requests: Vec<EditRequest>,
    },
    /// Decode the estimate of some step.
    Show {
        /// The bundle whose decoder is used.
        bundle: BundleSource,
        /// The mode it was drawn in: a bundle may have an editor for each kind.
        mode: GuidanceMode,
        /// The latents.
        estimate: Estimate,
        /// Width and height of the picture, in pixels.
        size: (u32, u32),
    },
    /// Ask the bundle's CLIP how alike two pictures are; `Likened` comes before the end.
    Liken {
        /// The bundle whose CLIP judges.
        bundle: BundleSource,
        /// One picture.
        a: Arc<RgbImage>,
        /// The other.
        b: Arc<RgbImage>,
    },
    /// Make an animation of a run; ends in `Exported`.
    Export {
        /// The bundle whose decoder, or whose quick guess of colours, paints the steps.
        bundle: BundleSource,
        /// What to make.
        export: Export,
    },
    /// Score folders of generated pictures; ends in `Evaluated`.
    Score(ScoreSpec),
    /// Draw what is missing of the paper's evaluation, then score it; ends in `Validated`.
    Validate(Box<ValidateSpec>),
    /// Explain a column.
    Explain {
        /// The bundle that drew it.
        bundle: BundleSource,
        /// The frame.
        frame: Frame,
        /// The column's request.
        request: Box<EditRequest>,
        /// What about it.
        what: Explaining,
    },
}

/// The newest state of a column's denoising; older pictures are overwritten, never queued.
#[derive(Clone, Debug)]
pub struct StepPreview {
    /// The job.
    pub job: JobId,
    /// The column of that job.
    pub column: usize,
    /// Steps finished, 1..=steps.
    pub step: usize,
    /// Steps in all.
    pub steps: usize,
    /// Estimated seconds until the job ends.
    pub seconds_left: f64,
    /// The denoised estimate, unless previews are off; at latent or full resolution.
    pub picture: Option<Arc<RgbImage>>,
    /// The estimates of all steps since the last preview that was taken, the newest last.
    pub estimates: Vec<Estimate>,
}

/// A finished column.
#[derive(Clone, Debug)]
pub struct EditResult {
    /// The job it came from.
    pub job: JobId,
    /// The picture, at the frame's size.
    pub picture: Arc<RgbImage>,
    /// The same picture at a size a window can show; often the same pixels.
    pub display: Arc<RgbImage>,
    /// The complete request.
    pub request: EditRequest,
    /// The answer, in the modes that have one.
    pub answer: Option<WrittenAnswer>,
    /// The denoised estimate after every step.
    pub track: Arc<[Estimate]>,
    /// The bundle's name.
    pub bundle: String,
    /// Equal for bundles with equal files.
    pub bundle_fingerprint: String,
    /// Device and dtype, for example "cpu f32".
    pub device: String,
    /// What it was drawn from.
    pub frame: FrameFacts,
    /// Where the time went.
    pub stages: Vec<StageSeconds>,
    /// Things the user should know (the question was cut, …).
    pub notices: Vec<String>,
    /// What the language model reads in its latent, once it was asked.
    pub reading: Option<String>,
    /// Where the editor looked, once it was asked.
    pub attention: Option<Arc<Attention>>,
    /// What the model says about the picture, once it was asked.
    pub check: Option<Check>,
    /// What a run file said about the column that this version does not know.
    pub rest: Map<String, Value>,
}

/// How similar two pictures are; nothing where a measure is not defined for them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Similarity {
    /// Peak signal-to-noise ratio in dB; infinite for equal pictures.
    pub psnr: Option<f64>,
    /// Structural similarity, -1..=1.
    pub ssim: Option<f64>,
}

/// What is known about the loaded bundle.
#[derive(Clone, Debug, PartialEq)]
pub struct BundleSummary {
    /// Its name.
    pub name: String,
    /// One sentence.
    pub description: String,
    /// The square size the editor works at, in pixels.
    pub resolution: usize,
    /// Most question tokens the model reads.
    pub max_question_tokens: usize,
    /// The bundle's own defaults as a request.
    pub defaults: EditRequest,
    /// Modes that cannot run, with the reason.
    pub unavailable_modes: Vec<(GuidanceMode, String)>,
    /// Device and dtype, for example "cpu f32".
    pub device: String,
    /// Its quick guess of a latent's colours, if it has one.
    pub latent_rgb: Option<LatentRgb>,
    /// What a person must know before believing its pictures ("random weights"), if anything.
    pub badge: Option<String>,
    /// How its model can be asked about a picture; none without one.
    pub check: Option<CheckKind>,
    /// Counts the tokens of a question as the model will.
    pub token_counter: TokenCounter,
    /// What is known about its need for memory.
    pub memory: MemoryFacts,
}

/// Everything that comes back. Per job exactly one of `Finished`, `Shown`, `Loaded`, `Exported`,
/// `Attended`, `Units`, `Read`, `Checked`, `Evaluated`, `Validated`, `Bundle`, `Failed`, `Cancelled`.
#[derive(Clone, Debug)]
pub enum JobEvent {
    /// The worker took the job up.
    Started(JobId),
    /// A stage began.
    StageBegan(JobId, Stage),
    /// The frame as the networks see it, in the terms of the estimates.
    Seen(JobId, Estimate),
    /// The answer of a column is written; the drawing goes on.
    Answered(JobId, usize, WrittenAnswer),
    /// Something worth knowing about a column that is not a failure (the question was cut, …).
    Notice(JobId, usize, String),
    /// A column is done; the others may still be at work.
    Drawn(JobId, usize, Arc<EditResult>),
    /// Where the time of a run went; comes before its last event, however that is.
    Timed(JobId, Arc<Timings>),
    /// All columns are done.
    Finished(JobId),
    /// The picture of an estimate.
    Shown(JobId, Arc<RgbImage>),
    /// An animation was written there.
    Exported(JobId, PathBuf),
    /// A bundle is resident.
    Loaded(JobId, Box<BundleSummary>),
    /// What is known about the loaded bundle's need for memory has changed.
    Memory(Box<MemoryFacts>),
    /// Where the editor looked, and whether the drawing was the same picture again.
    Attended(JobId, Arc<Attention>, bool),
    /// What one piece of the context does; others may follow.
    Effect(JobId, Arc<PieceEffect>),
    /// What the positions of a column's context stand for.
    Units(JobId, Vec<ContextUnit>),
    /// The language model's reading of its latent.
    Read(JobId, String),
    /// What the language model says about a picture.
    Checked(JobId, Check),
    /// A task on a bundle is done.
    Bundle(JobId, BundleEvent),
    /// Folders of pictures were scored.
    Evaluated(JobId, Arc<Evaluation>),
    /// The paper's evaluation is drawn.
    Validated(JobId, Arc<Validation>),
    /// The job could not be done.
    Failed(JobId, Problem),
    /// The job was stopped on request.
    Cancelled(JobId),
    /// A frame was decoded.
    FrameOpened(Frame),
    /// A picture of this program was decoded: it can be a frame, or say how it was drawn (or why it
    /// cannot say so).
    OwnPicture(Frame, Result<Box<Recalled>, Problem>),
    /// The frame that was looked for was not found.
    FrameMissing(FrameFacts),
    /// A frame could not be decoded or there was none to paste.
    FrameFailed(Problem),
    /// The user closed a dialog without a choice.
    DialogClosed,
    /// A picture or a run was saved there.
    Saved(PathBuf),
    /// The place of an animation is known; now it can be submitted.
    ExportChosen(Box<Export>),
    /// Which other programs are there: whether MP4 can be made.
    Programs {
        /// Whether `ffmpeg` was found.
        mp4: bool,
    },
    /// A run was opened.
    RunOpened(Arc<RunFile>, PathBuf),
    /// Recorded runs were read.
    FilmsRead(Result<Vec<Arc<Film>>, Problem>),
    /// A target picture was opened.
    TargetOpened(Arc<Target>),
    /// The store of kept runs reports.
    Store(StoreEvent),
    /// A run was read to be looked at in a list, or cannot be.
    RunRead(PathBuf, Result<Arc<RunFile>, Problem>),
    /// The small picture of the kept run with this number, or why there is none.
    Covered(i64, Result<Cover, Problem>),
    /// The devices there are, those this build cannot use included; cards first.
    Devices(Arc<Vec<DeviceFacts>>),
    /// How similar two pictures are.
    Measured(Arc<RgbImage>, Arc<RgbImage>, Similarity),
    /// The cosine of CLIP's embeddings of two pictures; none when the bundle has no CLIP.
    Likened(Arc<RgbImage>, Arc<RgbImage>, Option<f64>),
    /// What an evaluation would be.
    Foreseen(Box<ValidateSpec>, Box<Outlook>),
    /// The report of an evaluation was read, or cannot be.
    ReportOpened(PathBuf, Result<Arc<Report>, Problem>),
    /// A poll was opened, or cannot be.
    PollOpened(Result<Arc<Poll>, Problem>),
    /// The pictures of a comparison, or why they cannot be read.
    BallotOpened(Box<Ballot>, Result<Arc<BallotPictures>, Problem>),
    /// Votes were read from a file, or cannot be.
    VotesRead(Result<Vec<Vote>, Problem>),
    /// A text file was read, or cannot be.
    TextRead(PathBuf, Result<String, Problem>),
    /// Folders or files were chosen in a dialog.
    FoldersChosen(FolderUse, Vec<PathBuf>),
    /// The library of bundles reports.
    Library(LibraryEvent),
    /// Something about training runs.
    Training(TrainingEvent),
    /// Something about the program itself.
    Care(CareEvent),
    /// The models left the memory.
    Unloaded(JobId),
    /// The opened data set reports.
    Dataset(DatasetEvent),
    /// The program was started once more, with these files; that start has ended.
    StartedAgain(Vec<PathBuf>),
    /// Whether the system asks for less motion.
    ReducedMotion(bool),
    /// A picture is in the clipboard.
    Copied,
    /// Saving or copying failed.
    FileFailed(Problem),
}

impl JobEvent {
    /// The job this event ends, if it ends one.
    pub fn ends(&self) -> Option<JobId> {
        match self {
            Self::Finished(id)
            | Self::Shown(id, _)
            | Self::Exported(id, _)
            | Self::Loaded(id, _)
            | Self::Attended(id, ..)
            | Self::Units(id, _)
            | Self::Read(id, _)
            | Self::Checked(id, _)
            | Self::Bundle(id, _)
            | Self::Evaluated(id, _)
            | Self::Unloaded(id)
            | Self::Validated(id, _)
            | Self::Failed(id, _)
            | Self::Cancelled(id) => Some(*id),
            _ => None,
        }
    }
}
