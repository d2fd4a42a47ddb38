//! Messages that pass.

use super::{AppState, RunId, Settings, conference};
use crate::job::library::DeletedBundle;
use crate::job::{FrameFacts, Problem, RunKey};
use std::path::PathBuf;

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
    /// A picture could not be opened; the next one that can takes the notice away.
    FrameFailed(Problem),
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

impl AppState {
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
}
