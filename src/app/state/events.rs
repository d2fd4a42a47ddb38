//! What jobs and file tasks report, taken into the state.

use super::{AppState, BundleState, Column, Effect, Form, NoticeKind, Phase, Run};
use crate::job::{
    BundleEvent, BundleSummary, EditRequest, Frame, FrameOrigin, JobEvent, JobId, LoadProgress,
    Problem, Stage, StepPreview,
};

impl AppState {
    /// Takes in what a job or a file task reported; what has to be done about it comes back. Late
    /// events of an old id change nothing.
    pub fn on_event(&mut self, event: JobEvent) -> Vec<Effect> {
        let mut effects = self.take_in(event);
        effects.extend(self.settle_queue());
        self.conference_follows();
        effects
    }

    fn take_in(&mut self, event: JobEvent) -> Vec<Effect> {
        self.loading_heard(&event);
        if let Some(effects) = self.votes_heard(&event) {
            return effects;
        }
        if let Some(effects) = self.evaluation_heard(&event) {
            return effects;
        }
        if self.sketch_heard(&event) {
            return Vec::new();
        }
        if self.explain_heard(&event) {
            // What was found out belongs to the run.
            return match event {
                JobEvent::Checked(..) => self.keep_run(),
                _ => Vec::new(),
            };
        }
        match event {
            JobEvent::Started(job) => self.columns_of(job).for_each(Column::start),
            JobEvent::StageBegan(job, stage) => {
                for column in self.columns_of(job) {
                    column.on_stage(stage);
                }
            }
            JobEvent::Seen(job, estimate) => {
                let draws = |run: &&mut Run| run.jobs().contains(&job);
                if let Some(run) = self.runs_mut().find(draws) {
                    run.seen = Some(estimate);
                }
            }
            JobEvent::Answered(job, index, answer) => {
                if let Some(column) = self.column_of(job, index) {
                    column.answer = Some(answer);
                }
            }
            JobEvent::Notice(job, index, text) => {
                if let Some(column) = self.column_of(job, index) {
                    column.notices.push(text);
                }
            }
            JobEvent::Drawn(job, index, result) => {
                if let Some((run, column)) = self.place_of(job, index) {
                    run.on_drawn(column, result);
                }
            }
            JobEvent::Timed(job, timings) => self.timed(job, timings),
            // Every column has said so itself.
            JobEvent::Finished(job) => {
                self.note_speed(job);
                self.similar.ended(job, None);
                return self.ask_back_about(job);
            }
            JobEvent::Memory(facts) => {
                if let BundleState::Ready(summary) = &mut self.bundle {
                    summary.memory = *facts;
                }
            }
            // About columns that are gone; those of this run were heard above.
            JobEvent::Attended(..)
            | JobEvent::Effect(..)
            | JobEvent::Units(..)
            | JobEvent::Read(..)
            | JobEvent::Checked(..) => {}
            JobEvent::Bundle(job, BundleEvent::Recognised(found, _)) => self.recognised(job, found),
            JobEvent::Bundle(job, BundleEvent::Made(made)) => return self.made(job, &made),
            JobEvent::Bundle(_, BundleEvent::Verified(_)) => {}
            JobEvent::Shown(job, picture) => self.shown(job, picture),
            JobEvent::Loaded(job, summary) => {
                if self.bundle_job == Some(job) {
                    self.bundle_loaded(summary);
                }
            }
            JobEvent::Failed(job, problem) => {
                self.on_failed(job, problem);
                // What could not be unloaded holds nobody up.
                return self.room_made(job);
            }
            JobEvent::Cancelled(job) if self.bundle_job == Some(job) => {
                let stopped = Problem::new("Loading the model was stopped.");
                self.bundle =
                    BundleState::Failed(stopped.hint("Load it again when you want to draw."));
            }
            JobEvent::Cancelled(job) => {
                self.columns_of(job).for_each(Column::stop);
                self.not_shown(job);
                self.similar.ended(job, None);
                self.export_ended(job, None);
                self.import_ended(job, None);
            }
            JobEvent::Exported(job, path) => {
                if self.export_ended(job, None) {
                    self.notify(NoticeKind::Saved(path));
                }
            }
            JobEvent::Programs { mp4 } => self.programs_found(mp4),
            JobEvent::ExportChosen(export) => return self.export_chosen(*export),
            JobEvent::OwnPicture(frame, recalled) => self.own_picture(frame, recalled),
            JobEvent::FrameMissing(facts) => self.frame_missing(facts),
            JobEvent::FrameOpened(frame) => {
                self.frame_opened(frame);
                return self.ask_first();
            }
            JobEvent::FrameFailed(problem) => {
                self.frame.opening = false;
                self.notify(NoticeKind::FrameFailed(problem));
            }
            JobEvent::DialogClosed => self.frame.opening = false,
            JobEvent::Saved(path) => self.notify(NoticeKind::Saved(path)),
            JobEvent::FilmsRead(films) => self.films_read(films),
            JobEvent::RunOpened(file, path) => {
                self.remember(&path);
                return self.run_opened(&file);
            }
            JobEvent::StartedAgain(files) => {
                self.raised = true;
                return self.open_files(files);
            }
            JobEvent::ReducedMotion(reduced) => self.system_reduces_motion = Some(reduced),
            event @ (JobEvent::RunRead(..) | JobEvent::Covered(..)) => {
                return self.on_gallery_event(event);
            }
            JobEvent::Devices(found) => self.train.devices = Some(found),
            JobEvent::Measured(a, b, similarity) => self.on_measured(&a, &b, similarity),
            JobEvent::Likened(a, b, cosine) => self.similar.on_likened(&a, &b, cosine),
            JobEvent::TargetOpened(target) => return self.target_opened(target),
            JobEvent::Store(event) => return self.on_store(event),
            JobEvent::FoldersChosen(what_for, paths) => {
                return self.folders_chosen(what_for, paths);
            }
            JobEvent::Care(event) => return self.on_care_event(event),
            JobEvent::TextRead(path, text) => self.settings_read(path, text),
            JobEvent::Dataset(event) => return self.on_dataset_event(event),
            JobEvent::Library(event) => return self.on_library_event(event),
            JobEvent::Training(event) => return self.on_training_event(event),
            JobEvent::Unloaded(job) => return self.room_made(job),
            // Those of this window were heard above.
            JobEvent::Evaluated(..)
            | JobEvent::Validated(..)
            | JobEvent::Foreseen(..)
            | JobEvent::ReportOpened(..)
            | JobEvent::PollOpened(..)
            | JobEvent::BallotOpened(..)
            | JobEvent::VotesRead(..) => {}
            JobEvent::Copied => self.notify(NoticeKind::Copied),
            JobEvent::FileFailed(problem) => self.notify(NoticeKind::Trouble(problem)),
        }
        Vec::new()
    }

    /// Takes in the newest step of a column.
    pub fn on_preview(&mut self, preview: StepPreview) {
        if self.on_export_step(preview.job, preview.step, preview.steps)
            || self.explain_stepped(&preview)
            || self.evaluation_stepped(&preview)
        {
            return;
        }
        let quick = self.latent_rgb().cloned();
        if let Some((run, column)) = self.place_of(preview.job, preview.column) {
            run.on_preview(column, preview, quick.as_ref());
        }
    }

    /// Takes in how far the loading for a job is.
    pub fn on_loading(&mut self, job: JobId, progress: LoadProgress) {
        self.loading = Some((job, progress)).filter(|_| progress.done < progress.total);
    }

    /// Loading is over when its job goes on or ends.
    fn loading_heard(&mut self, event: &JobEvent) {
        let Some((job, _)) = self.loading else {
            return;
        };
        let goes_on = matches!(event, JobEvent::StageBegan(other, stage)
            if *other == job && *stage != Stage::Loading);
        if goes_on || event.ends() == Some(job) {
            self.loading = None;
        }
    }

    fn bundle_loaded(&mut self, summary: Box<BundleSummary>) {
        let untouched = Form {
            request: EditRequest {
                question: self.form.request.question.clone(),
                seed: self.form.request.seed,
                ..EditRequest::default()
            },
            ..self.form.clone()
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
            return;
        }
        if self.import_ended(job, Some(&problem)) || self.export_ended(job, Some(&problem)) {
            return;
        }
        if self.not_shown(job) {
            tracing::warn!("a step cannot be shown: {problem}");
            return;
        }
        if self.similar.ended(job, Some(&problem)) {
            return;
        }
        for column in self.columns_of(job) {
            column.phase = Phase::Failed(problem.clone());
            column.preview = None;
        }
    }

    pub(super) fn frame_opened(&mut self, frame: Frame) {
        self.frame.opening = false;
        if let FrameOrigin::File(path) = &frame.origin {
            self.remember(path);
        }
        self.frame.frame = Some(frame);
        self.notices
            .retain(|notice| !matches!(notice.kind, NoticeKind::FrameFailed(_)));
    }

    /// The active columns of a job.
    fn columns_of(&mut self, job: JobId) -> impl Iterator<Item = &mut Column> {
        let columns = self.runs_mut().flat_map(|run| &mut run.columns);
        columns.filter(move |column| {
            column.job.is_some_and(|(known, _)| known == job) && column.is_active()
        })
    }

    /// The run and the index of an active column, by its place in a job.
    fn place_of(&mut self, job: JobId, index: usize) -> Option<(&mut Run, usize)> {
        let wanted = |column: &Column| column.job == Some((job, index)) && column.is_active();
        self.runs_mut().find_map(|run| {
            let place = run.columns.iter().position(wanted)?;
            Some((run, place))
        })
    }

    fn column_of(&mut self, job: JobId, index: usize) -> Option<&mut Column> {
        let (run, place) = self.place_of(job, index)?;
        run.columns.get_mut(place)
    }
}
