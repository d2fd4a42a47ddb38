//! The messages that cross the seam. All of them are plain data: pictures travel as
//! `image::RgbImage`, never as tensors or textures.

use super::display::display_copy;
use crate::pipeline::{
    BundleSource, EditRequest, GuidanceMode, Problem, Stage, StageSeconds, WrittenAnswer,
};
use image::RgbImage;
use std::fmt;
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
    /// Draw the answer to a question about a frame.
    Edit {
        /// The bundle to use; loaded first when another one is resident.
        bundle: BundleSource,
        /// The frame.
        frame: Arc<RgbImage>,
        /// Everything else.
        request: EditRequest,
    },
}

/// Work for the file thread. Each ends in one event of the matching kind.
#[derive(Clone, Debug)]
pub enum FileTask {
    /// Show the open dialog; ends in `FrameOpened`, `FrameFailed` or `DialogClosed`.
    PickFrame,
    /// Decode a picture file; ends in `FrameOpened` or `FrameFailed`.
    OpenFrame(PathBuf),
    /// Decode one of the program's own frames, by file name.
    OpenExample(String),
    /// Decode dropped bytes with their name.
    OpenDropped(String, Arc<[u8]>),
    /// Take the picture in the clipboard.
    PasteFrame,
    /// Put a picture into the clipboard; ends in `Copied` or `FileFailed`.
    CopyPicture(Arc<RgbImage>),
    /// Show the save dialog with a suggested file name, then save; ends in `Saved`, `FileFailed`
    /// or `DialogClosed`.
    PickAndSave(Arc<EditResult>, String),
    /// Save a result with its metadata; ends in `Saved` or `FileFailed`.
    Save(Arc<EditResult>, PathBuf),
    /// Write a small text file (settings, session) whole or not at all; silent when it works, else
    /// `FileFailed`.
    WriteText(PathBuf, String),
}

/// The newest state of the denoising; older ones are overwritten, never queued.
#[derive(Clone, Debug)]
pub struct StepPreview {
    /// The job.
    pub job: JobId,
    /// Steps finished, 1..=steps.
    pub step: usize,
    /// Steps in all.
    pub steps: usize,
    /// Estimated seconds until the job ends.
    pub seconds_left: f64,
    /// The denoised estimate, unless previews are off; at latent or full resolution.
    pub picture: Option<Arc<RgbImage>>,
}

/// A finished edit.
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
    /// The bundle's name.
    pub bundle: String,
    /// Device and dtype, for example "cpu f32".
    pub device: String,
    /// Where the time went.
    pub stages: Vec<StageSeconds>,
    /// Things the user should know (the question was cut, …).
    pub notices: Vec<String>,
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
    /// Counts the tokens of a question as the model will.
    pub token_counter: TokenCounter,
}

/// Counts the tokens of a question as the loaded model will; cheap enough for every key press.
#[derive(Clone)]
pub struct TokenCounter(Arc<dyn Fn(&str) -> usize + Send + Sync>);

impl TokenCounter {
    /// Wraps a counting function.
    pub fn new(count: impl Fn(&str) -> usize + Send + Sync + 'static) -> Self {
        Self(Arc::new(count))
    }

    /// Tokens of `text`, the end token included.
    pub fn count(&self, text: &str) -> usize {
        (self.0)(text)
    }
}

impl fmt::Debug for TokenCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenCounter")
    }
}

impl PartialEq for TokenCounter {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Everything that comes back. Per job exactly one of `Finished`, `Loaded`, `Failed`, `Cancelled`.
#[derive(Clone, Debug)]
pub enum JobEvent {
    /// The worker took the job up.
    Started(JobId),
    /// A stage began.
    StageBegan(JobId, Stage),
    /// The answer is written; the drawing goes on.
    Answered(JobId, WrittenAnswer),
    /// Something worth knowing that is not a failure (the question was cut, …).
    Notice(JobId, String),
    /// An edit is done.
    Finished(JobId, Arc<EditResult>),
    /// A bundle is resident.
    Loaded(JobId, BundleSummary),
    /// The job could not be done.
    Failed(JobId, Problem),
    /// The job was stopped on request.
    Cancelled(JobId),
    /// A frame was decoded.
    FrameOpened(Frame),
    /// A frame could not be decoded or there was none to paste.
    FrameFailed(Problem),
    /// The user closed a dialog without a choice.
    DialogClosed,
    /// A picture was saved there.
    Saved(PathBuf),
    /// A picture is in the clipboard.
    Copied,
    /// Saving or copying failed.
    FileFailed(Problem),
}

impl JobEvent {
    /// The job this event ends, if it ends one.
    pub fn ends(&self) -> Option<JobId> {
        match self {
            Self::Finished(id, _)
            | Self::Loaded(id, _)
            | Self::Failed(id, _)
            | Self::Cancelled(id) => Some(*id),
            _ => None,
        }
    }
}
