//! What the file thread is asked to do.

use super::care::Package;
use super::films::FilmSource;
use super::polls::{Ballot, VotesExport};
use super::reports::ReportExport;
use super::run_file::RunFile;
use super::store::StoreTask;
use super::validation::ValidateSpec;
use super::{CoverRequest, EditResult, Export, FrameSearch};
use image::RgbImage;
use std::path::PathBuf;
use std::sync::Arc;

/// Work for the file thread. Each ends in one event of the matching kind.
#[derive(Clone, Debug)]
pub enum FileTask {
    /// Show the open dialog; ends as `OpenPicture`, or in `DialogClosed`.
    PickFrame,
    /// Decode a picture file; ends in `FrameOpened` or `FrameFailed`.
    OpenFrame(PathBuf),
    /// Decode a picture file that a person chose: one of our own also says how it was drawn. Ends in
    /// `FrameOpened`, `OwnPicture` or `FrameFailed`; a folder is a data set and ends in `FoldersChosen`.
    OpenPicture(PathBuf),
    /// Look for devices to compute on; ends in `Devices`.
    ReadDevices,
    /// Look for the frame a picture was drawn from; ends in `FrameOpened` or `FrameMissing`.
    FindFrame(Box<FrameSearch>),
    /// Decode one of the program's own frames, by file name.
    OpenExample(String),
    /// Decode dropped bytes with their name; ends as `OpenPicture`.
    OpenDropped(String, Arc<[u8]>),
    /// Take the picture in the clipboard.
    PasteFrame,
    /// Put a picture into the clipboard; ends in `Copied` or `FileFailed`.
    CopyPicture(Arc<RgbImage>),
    /// Show the save dialog with a suggested file name, then save; ends in `Saved`, `FileFailed`
    /// or `DialogClosed`.
    PickAndSave(Arc<EditResult>, String),
    /// The same for a picture that remembers nothing.
    PickAndSavePicture(Arc<RgbImage>, String),
    /// Save a result with its metadata; ends in `Saved` or `FileFailed`.
    Save(Arc<EditResult>, PathBuf),
    /// Show the save dialog for a run with a suggested file name, then save it; ends as
    /// `PickAndSave`.
    PickAndSaveRun(Arc<RunFile>, String),
    /// Save a picture that remembers nothing (a grid); ends in `Saved` or `FileFailed`.
    SavePicture(Arc<RgbImage>, PathBuf),
    /// Save a whole run; ends in `Saved` or `FileFailed`.
    SaveRun(Arc<RunFile>, PathBuf),
    /// Read recorded runs as films; ends in `FilmsRead`.
    ReadFilms(FilmSource),
    /// Open a whole run; ends in `RunOpened` or `FileFailed`.
    OpenRun(PathBuf),
    /// Show the open dialog for a target picture, which is brought to this size; ends in
    /// `TargetOpened`, `FileFailed` or `DialogClosed`.
    PickTarget((u32, u32)),
    /// Open a target picture and bring it to this size; ends in `TargetOpened` or `FileFailed`.
    OpenTarget(PathBuf, (u32, u32)),
    /// The same from dropped bytes with their name.
    OpenTargetBytes(String, Arc<[u8]>, (u32, u32)),
    /// Ask the store of kept runs; ends in a `Store` event.
    Store(StoreTask),
    /// Read a whole run to look at it in a list; ends in `RunRead`.
    ReadRun(PathBuf),
    /// Make the small picture of a kept run; ends in `Covered`.
    Cover(Box<CoverRequest>),
    /// Show the save dialog for an export, whose path is the suggested name; then as `Export`.
    PickExport(Box<Export>),
    /// Look for other programs that exports need; ends in `Programs`.
    FindPrograms,
    /// Make an export; ends in `Saved` or `FileFailed`, or for an animation, which is a job, in
    /// `ExportChosen`.
    Export(Box<Export>),
    /// Measure how similar two pictures are; ends in `Measured`.
    Measure(Arc<RgbImage>, Arc<RgbImage>),
    /// Show the dialog for a folder; ends as `TakeFolders`, or in `DialogClosed`.
    PickFolder(FolderUse),
    /// Folders or files were chosen; ends in `FoldersChosen`.
    TakeFolders(FolderUse, Vec<PathBuf>),
    /// Look at what an evaluation would be; ends in `Foreseen`.
    Foresee(Box<ValidateSpec>),
    /// Read the report of an evaluation; ends in `ReportOpened`.
    OpenReport(PathBuf),
    /// Show the save dialog for a report, whose path is the suggested name; then as `SaveReport`.
    PickReport(Box<ReportExport>),
    /// Write a report; ends in `Saved` or `FileFailed`.
    SaveReport(Box<ReportExport>),
    /// Open the poll of an evaluation for a rater; ends in `PollOpened`.
    OpenPoll(PathBuf, String),
    /// Decode the pictures of a comparison; ends in `BallotOpened`.
    OpenBallot(Box<Ballot>),
    /// Read votes from a file; ends in `VotesRead`.
    OpenVotes(PathBuf),
    /// Show the save dialog for votes, whose path is the suggested name; then as `SaveVotes`.
    PickVotes(Box<VotesExport>),
    /// Write votes into a file; ends in `Saved` or `FileFailed`.
    SaveVotes(Box<VotesExport>),
    /// Show the save dialog for a debug package, whose path is the suggested name; then as `SavePackage`.
    PickPackage(Box<Package>),
    /// Write a debug package; ends in `Saved` or `FileFailed`.
    SavePackage(Box<Package>),
    /// Show the save dialog for settings with a suggested name; then as `SaveSettings`.
    PickSettings(String, PathBuf),
    /// Write settings into a file of the person; ends in `Saved` or `FileFailed`.
    SaveSettings(String, PathBuf),
    /// Read a text file that a person chose; ends in `TextRead`.
    ReadText(PathBuf),
    /// Write a small text file (settings, session) whole or not at all, readable by its owner alone;
    /// silent when it works, else `FileFailed`.
    WriteText(PathBuf, String),
}

/// What folders or files are chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderUse {
    /// A bundle that joins the list.
    Bundle,
    /// Original files to import.
    Originals,
    /// The same, file by file.
    OriginalFiles,
    /// The data set of an evaluation.
    EvaluatedData,
    /// The folder of a new evaluation.
    EvaluationFolder,
    /// CLIP's weights.
    Clip,
    /// The weights of LPIPS.
    Lpips,
    /// An evaluation that is there, to be scored.
    Scored,
    /// An earlier evaluation, to be compared with.
    Earlier,
    /// An evaluation that is voted on.
    VotedFolder,
    /// A file with votes.
    VotesFile,
    /// A data set to train on.
    TrainingData,
    /// A data set to work on.
    Dataset,
    /// Pictures that new pairs are picked from.
    FramePictures,
    /// A folder of frames.
    FramesFolder,
    /// A video, whose frames are taken out.
    Video,
    /// A file with settings.
    SettingsFile,
}
