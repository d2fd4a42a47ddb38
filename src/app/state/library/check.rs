//! The check of one bundle, as it goes on and as it ended.

use crate::job::library::{FileCheck, FileVerdict, VerifyReport};
use crate::job::{BuildProgress, Problem};

/// A check of a bundle.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Check {
    /// The files looked at so far.
    pub files: Vec<FileCheck>,
    /// How far it is; none before the first word and after the end.
    pub progress: Option<BuildProgress>,
    /// How it ended.
    pub report: Option<VerifyReport>,
    /// Whether it was told to stop.
    pub stopping: bool,
}

impl Check {
    /// Whether it still goes on.
    pub fn is_running(&self) -> bool {
        self.report.is_none()
    }

    /// What was found of a file.
    pub fn verdict(&self, path: &str) -> Option<&FileVerdict> {
        let found = self.files.iter().find(|file| file.path == path);
        found.map(|file| &file.verdict)
    }

    /// The files that are damaged.
    pub fn damaged_files(&self) -> impl Iterator<Item = &FileCheck> {
        self.files.iter().filter(|file| file.verdict.is_damage())
    }

    /// Why the bundle cannot be used, beside damaged files.
    pub fn problem(&self) -> Option<&Problem> {
        match &self.report {
            Some(VerifyReport::Done { networks, .. }) => networks.as_ref(),
            Some(VerifyReport::Failed(problem)) => Some(problem),
            Some(VerifyReport::Stopped) | None => None,
        }
    }

    /// Whether something is wrong.
    pub fn found_damage(&self) -> bool {
        self.problem().is_some() || self.damaged_files().next().is_some()
    }

    pub(super) fn end(&mut self, report: VerifyReport) {
        self.progress = None;
        self.stopping = false;
        self.report = Some(report);
    }
}
