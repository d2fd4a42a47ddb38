//! Exports of the run on screen, and the animations that are being made.

use super::answer::file_stem;
use super::{AppState, Effect, NoticeKind, Ticket};
use crate::job::{Captions, Export, ExportFormat, FileTask, JobId, JobSpec, Problem};
use std::path::PathBuf;
use std::sync::Arc;

/// An animation on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Exporting {
    /// The job that makes it.
    pub job: JobId,
    /// What it becomes.
    pub format: ExportFormat,
    /// Where it goes.
    pub path: PathBuf,
    /// Pictures drawn, and in all; zero in all until the first.
    pub done: (usize, usize),
    /// Whether it was told to stop.
    pub cancelling: bool,
}

impl AppState {
    /// Whether there is something to export.
    pub fn export_possible(&self) -> bool {
        let run = self.run.as_ref();
        run.is_some_and(|run| run.columns.iter().any(|column| column.result().is_some()))
    }

    /// Asks where an export of the run goes.
    pub(super) fn export(&self, format: ExportFormat) -> Vec<Effect> {
        let Some(run) = self.run.as_ref().filter(|_| self.export_possible()) else {
            return Vec::new();
        };
        let run = run.to_file();
        let target = run.target.as_ref().map(|target| target.picture.clone());
        let stem = run.columns.first().map(|first| file_stem(&first.request));
        let stem = stem.unwrap_or_default();
        let name = match format.extensions().first() {
            Some(ending) if format.is_story() => format!("{stem}-story.{ending}"),
            Some(ending) if format == ExportFormat::Times => format!("{stem}-times.{ending}"),
            Some(ending) => format!("{stem}.{ending}"),
            None => stem,
        };
        let export = Export {
            run: Arc::new(run),
            format,
            path: name.into(),
            quick: false,
            size: self.story.size,
            with_settings: !self.settings.leave_out_settings,
            target,
            captions: Captions::default(),
        };
        vec![Effect::Files(FileTask::PickExport(Box::new(export)))]
    }

    /// The place of an animation is known.
    pub(super) fn export_chosen(&self, export: Export) -> Vec<Effect> {
        let ticket = Ticket::Export(export.format, export.path.clone());
        let run = self.run.as_ref();
        let bundle = run.map_or(&self.bundle_source, |run| &run.bundle).clone();
        vec![Effect::Submit(ticket, JobSpec::Export { bundle, export })]
    }

    pub(super) fn export_submitted(&mut self, job: JobId, format: ExportFormat, path: PathBuf) {
        self.exporting.push(Exporting {
            job,
            format,
            path,
            done: (0, 0),
            cancelling: false,
        });
    }

    /// Stops an animation.
    pub(super) fn cancel_export(&mut self, job: JobId) -> Vec<Effect> {
        let mut known = self.exporting.iter_mut();
        match known.find(|exporting| exporting.job == job) {
            Some(exporting) => {
                exporting.cancelling = true;
                vec![Effect::Cancel(job)]
            }
            None => Vec::new(),
        }
    }

    /// A picture of an animation is drawn; whether the job is one.
    pub(super) fn on_export_step(&mut self, job: JobId, done: usize, all: usize) -> bool {
        let mut known = self.exporting.iter_mut();
        match known.find(|exporting| exporting.job == job) {
            Some(exporting) => {
                exporting.done = (done, all);
                true
            }
            None => false,
        }
    }

    /// A job has ended; whether it was an animation. The problem of one that failed is shown.
    pub(super) fn export_ended(&mut self, job: JobId, problem: Option<&Problem>) -> bool {
        let before = self.exporting.len();
        self.exporting.retain(|exporting| exporting.job != job);
        let was_one = self.exporting.len() < before;
        if let Some(problem) = problem.filter(|_| was_one) {
            self.notify(NoticeKind::Trouble(problem.clone()));
        }
        was_one
    }
}
