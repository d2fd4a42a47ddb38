//! VQAI folders as annotators work on them: opened, edited, saved by themselves, shown in small.
//!
//! `lgd-dataset` notes every edit on disk within milliseconds and saves when a person pauses; the
//! `lgd-thumbnails` threads make small pictures, so that an edit never queues behind decoding.

mod examining;
mod news;
mod notes;
mod thread;
mod thumbnails;

pub use crate::dataset::editing::{
    CATEGORIES, Change, Conflict, Field, Folder, Holder, Pair, Place, Review, ReviewState,
    SaveReport, Split, UnreadableRecord, Verdict,
};
pub use crate::dataset::health::{Finding, FindingKind, HealthReport, gives_away};
pub use crate::dataset::proposal::{PictureChange, Proposal, SURE, propose};
pub use examining::{Examining, TokenLimit};
pub use news::DatasetNews;
pub use thumbnails::{THUMBNAIL_HEIGHT, Thumbnail};

pub(super) use thread::Handle;

use super::Problem;
use image::RgbImage;
use std::path::PathBuf;
use std::sync::Arc;

/// Identifies one opening of a folder; later ones have larger numbers.
pub type Opening = u64;

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
}
