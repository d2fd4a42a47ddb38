//! VQAI folders as annotators work on them: opened, edited, saved by themselves, shown in small.
//!
//! `lgd-dataset` notes every edit on disk within milliseconds and saves when a person pauses; the
//! `lgd-thumbnails` threads make small pictures, so that an edit never queues behind decoding, and
//! `lgd-frames` takes frames out of a video, from which new pairs are picked.

mod cache;
mod examining;
mod makers;
mod news;
mod notes;
mod strip;
mod thread;
mod thumbnails;

pub use crate::dataset::editing::{
    CATEGORIES, Change, Conflict, Field, Folder, Holder, NewPair, Pair, Place, Review, ReviewState,
    SaveReport, Split, UnreadableRecord, Verdict,
};
pub use crate::dataset::health::{Finding, FindingKind, HealthReport, gives_away};
pub use crate::dataset::proposal::{PictureChange, Proposal, SURE, propose};
pub use examining::{Examining, TokenLimit};
pub use news::DatasetNews;
pub use strip::{Gathering, Strip, StripSource};
pub use thumbnails::{FrameThumb, LargeFrame, THUMBNAIL_HEIGHT, Thumbnail};

pub(super) use thread::Handle;

use super::Problem;
use image::RgbImage;
use std::path::PathBuf;
use std::sync::Arc;

/// Identifies one opening of a folder; later ones have larger numbers.
pub type Opening = u64;

/// Identifies a filmstrip; later ones have larger numbers.
pub type StripId = u64;

/// A frame of a filmstrip on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameFile {
    /// The frame, by its place in [`Strip::frames`].
    pub frame: usize,
    /// The picture.
    pub path: PathBuf,
}

/// The pictures of a pair on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairFiles {
    /// The pair, by its place in [`Folder::pairs`].
    pub pair: usize,
    /// The picture before.
    pub before: PathBuf,
    /// The picture after.
    pub after: PathBuf,
}

/// What is to be done with a folder.
#[derive(Clone, Debug, PartialEq)]
pub enum DatasetTask {
    /// Open a folder in place of the one before, which is saved; ends in `Opened`.
    Open(Opening, PathBuf),
    /// Save and leave the folder, so that another window may edit it.
    Close,
    /// Note edits. They are saved when nothing is edited for a moment; ends in `Saved` or `NotSaved`.
    Edit(Vec<Change>),
    /// Save now; ends in `Saved` or `NotSaved`.
    Save,
    /// Make these thumbnails, and none that were wanted before; each comes as news.
    Want(Opening, Vec<PairFiles>),
    /// Look for what may be wrong with a folder, and change nothing; ends in `Examined`.
    Examine(Opening, PathBuf, Option<TokenLimit>),
    /// Stop looking; it still ends in `Examined`.
    StopExamining,
    /// Decode the pictures of a pair; ends in `Looked`.
    Look(Opening, PairFiles),
    /// Say whether frames can be taken out of videos here; ends in `ReadsVideos`.
    AskForVideos,
    /// Gather the frames of a filmstrip in place of the one before; ends in `Gathered`.
    Gather(StripId, StripSource),
    /// Stop gathering; it still ends in `Gathered`.
    StopGathering,
    /// Forget the filmstrip, and delete what was taken out of a video.
    DropStrip,
    /// As `Want`, for frames of a filmstrip.
    WantFrames(StripId, Vec<FrameFile>),
    /// Decode frames of a filmstrip; ends in `FramesLooked`.
    LookFrames(StripId, Vec<FrameFile>),
    /// Add a pair; ends in `Added`.
    Add(Opening, Box<NewPair>),
    /// Take out a pair that was added; ends in `TakenOut`.
    TakeOut(Opening, Box<NewPair>, Place),
}

/// An opened folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// Everything in it.
    pub folder: Folder,
    /// Who edits it.
    pub holder: Holder,
    /// Fields whose edits were noted by a program that ended before it saved them.
    pub recovered: usize,
}

/// Two pictures, decoded, at a size a window can show.
#[derive(Clone, Debug)]
pub struct PairPictures {
    /// Before.
    pub before: Arc<RgbImage>,
    /// After.
    pub after: Arc<RgbImage>,
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum DatasetEvent {
    /// A folder was opened, or cannot be.
    Opened(Opening, PathBuf, Result<Box<Opened>, Problem>),
    /// Every edit that was noted so far is in the lists, or in the conflicts; so many have been since
    /// the folder was opened.
    Saved(SaveReport, usize),
    /// Edits could not be saved; they stay noted, and another save tries again.
    NotSaved(Problem),
    /// What may be wrong with a folder, nothing when somebody stopped looking, or why it cannot be
    /// looked at.
    Examined(Opening, Result<Option<Box<HealthReport>>, Problem>),
    /// The pictures of a pair, or why they cannot be shown.
    Looked(Opening, usize, Result<PairPictures, Problem>),
    /// Whether frames can be taken out of videos here.
    ReadsVideos(bool),
    /// A filmstrip, nothing when it was stopped, or why there is none.
    Gathered(StripId, Result<Option<Strip>, Problem>),
    /// Frames of a filmstrip, or why they cannot be shown.
    FramesLooked(StripId, Vec<(usize, Result<LargeFrame, Problem>)>),
    /// A pair that is in its list now, or why it is not.
    Added(Opening, Box<NewPair>, Result<Box<Pair>, Problem>),
    /// A pair was taken out of its list, or why it was not.
    TakenOut(Opening, Place, Result<(), Problem>),
}
