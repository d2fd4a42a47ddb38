//! What jobs and file tasks report, taken into the state.

use super::{AppState, BundleState, Column, Form, MAX_RECENT, NoticeKind, Phase};
use crate::job::{
    BundleSummary, EditRequest, Frame, FrameOrigin, JobEvent, JobId, Problem, StepPreview,
};

impl AppState {
    /// Takes in what a job or a file task reported. Late events of an old id change nothing.
    pub fn on_event(&mut self, event: JobEvent) {
        match event {
            JobEvent::Started(job) => {
                if let Some(column) = self.column_of(job) {
                    column.progress_mut();
                }
            }
            JobEvent::StageBegan(job, stage) => {
                if let Some(column) = self.column_of(job) {
                    column.on_stage(stage);
                }
            }
            JobEvent::Answered(job, answer) => {
                if let Some(column) = self.column_of(job) {
                    column.answer = Some(answer);
                }
            }
            JobEvent::Notice(job, text) => {
                if let Some(column) = self.column_of(job) {
                    column.notices.push(text);
                }
            }
            JobEvent::Finished(job, result) => {
                if let Some(column) = self.column_of(job) {
                    column.answer = result.answer.clone();
                    column.notices = result.notices.clone();
                    column.phase = Phase::Finished(result);
                }
            }
            JobEvent::Loaded(job, summary) => {
                if self.bundle_job == Some(job) {
                    self.bundle_loaded(summary);
                }
            }
            JobEvent::Failed(job, problem) => self.on_failed(job, problem),
            JobEvent::Cancelled(job) => {
                if let Some(column) = self.column_of(job) {
                    column.phase = Phase::Cancelled;
                    column.preview = None;
                }
            }
            JobEvent::FrameOpened(frame) => self.frame_opened(frame),
            JobEvent::FrameFailed(problem) => {
                self.frame.opening = false;
                self.notify(NoticeKind::Trouble(problem));
            }
            JobEvent::DialogClosed => self.frame.opening = false,
            JobEvent::Saved(path) => self.notify(NoticeKind::Saved(path)),
            JobEvent::Copied => self.notify(NoticeKind::Copied),
            JobEvent::FileFailed(problem) => self.notify(NoticeKind::Trouble(problem)),
        }
    }

    /// Takes in the newest step.
    pub fn on_preview(&mut self, preview: StepPreview) {
        if let Some(column) = self.column_of(preview.job) {
            column.on_preview(preview);
        }
    }

    fn bundle_loaded(&mut self, summary: BundleSummary) {
        let untouched = Form {
            modes: self.form.modes.clone(),
            keep_seed: self.form.keep_seed,
            request: EditRequest {
                question: self.form.request.question.clone(),
                seed: self.form.request.seed,
                ..EditRequest::default()
            },
        };
        if self.form == untouched {
            self.form.reset_numbers(&summary.defaults);
        }
        self.bundle = BundleState::Ready(summary);
        self.count_tokens();
    }

    fn on_failed(&mut self, job: JobId, problem: Problem) {
        if self.bundle_job == Some(job) {
            self.bundle = BundleState::Failed(problem);
        } else if let Some(column) = self.column_of(job) {
            column.phase = Phase::Failed(problem);
            column.preview = None;
        }
    }

    fn frame_opened(&mut self, frame: Frame) {
        self.frame.opening = false;
        if let FrameOrigin::File(path) = &frame.origin {
            self.recent.retain(|known| known != path);
            self.recent.insert(0, path.clone());
            self.recent.truncate(MAX_RECENT);
        }
        self.frame.frame = Some(frame);
    }

    fn column_of(&mut self, job: JobId) -> Option<&mut Column> {
        self.run
            .as_mut()?
            .columns
            .iter_mut()
            .find(|column| column.job == Some(job) && column.is_active())
    }
}
