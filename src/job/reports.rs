//! Reports of evaluations as files: opened to compare with, and written for others.

use super::scoring::{Evaluation, ReportFormat};
use super::{JobEvent, Problem};
use crate::eval::Report;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A report to be written.
#[derive(Clone, Debug)]
pub struct ReportExport {
    /// The numbers.
    pub found: Arc<Evaluation>,
    /// The file or folder that the earlier report came from.
    pub against: Option<PathBuf>,
    /// How it is written.
    pub format: ReportFormat,
    /// The file; before a person chose one, the suggested name.
    pub path: PathBuf,
}

/// The report of a folder that an evaluation made, or a report file.
pub(super) fn open(path: PathBuf) -> JobEvent {
    let file = match path.is_dir() {
        true => path.join("report.json"),
        false => path.clone(),
    };
    let report = Report::open(&file).map(Arc::new);
    JobEvent::ReportOpened(path, report)
}

/// Writes a report.
pub(super) fn write(export: &ReportExport) -> JobEvent {
    let ReportExport {
        found,
        against,
        format,
        path,
    } = export;
    match format.write_found(found, against.as_deref(), path) {
        Ok(()) => JobEvent::Saved(path.clone()),
        Err(error) => JobEvent::FileFailed(error.problem().unwrap_or_else(|| stopped(path))),
    }
}

fn stopped(path: &Path) -> Problem {
    Problem::new("Writing the report was stopped.").file(path)
}
