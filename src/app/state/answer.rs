//! From a question to jobs, and what can be done with a finished answer.

use super::{
    AppState, Blocked, BundleState, Column, Effect, Form, MAX_COLUMNS, MAX_HISTORY, NoticeKind,
    Run, RunId, Ticket,
};
use crate::job::{
    Axis, EditRequest, EditResult, FileTask, Frame, FrameOrigin, GuidanceMode, JobId, JobSpec,
    Problem, RunFile,
};
use std::sync::Arc;

impl AppState {
    /// Why Generate is not possible; none when it is.
    pub fn generate_blocked(&self) -> Option<Blocked> {
        let blocked = self.drawable(&self.form.requests()).err();
        let second = self.form.second.as_ref().map(|second| second.trim());
        let useless = second
            .is_some_and(|second| second.is_empty() || second == self.form.request.question.trim());
        blocked.or(useless.then_some(Blocked::SecondQuestion))
    }

    pub(super) fn mode_missing(&self, request: &EditRequest) -> Option<&str> {
        let BundleState::Ready(summary) = &self.bundle else {
            return None;
        };
        summary
            .unavailable_modes
            .iter()
            .find(|(mode, _reason)| *mode == request.mode)
            .map(|(_mode, reason)| reason.as_str())
    }

    pub(super) fn generate(&mut self) -> Vec<Effect> {
        if self.generate_blocked().is_some() {
            return Vec::new();
        }
        let Some(frame) = self.frame.frame.clone() else {
            return Vec::new();
        };
        if !self.form.keep_seed {
            self.form.request.seed = self.roll();
        }
        self.remember_question();
        if let Some(pair) = self.form.pair() {
            return self.draw_pair(pair);
        }
        let requests = self.form.requests();
        self.submit(frame, requests)
    }

    /// Draws a column again as it was.
    pub(super) fn retry(&mut self, column: usize) -> Vec<Effect> {
        let request = self.column(column).map(|column| column.request.clone());
        request.map_or_else(Vec::new, |request| self.redraw(column, request))
    }

    /// Draws a column again with an answer in place of the written one; an empty answer lets the
    /// model write it again.
    pub(super) fn answer_with(&mut self, column: usize, answer: &str) -> Vec<Effect> {
        let Some(known) = self.column(column) else {
            return Vec::new();
        };
        let answer = answer.trim();
        let request = EditRequest {
            answer: (!answer.is_empty()).then(|| answer.to_owned()),
            ..known.request.clone()
        };
        self.redraw(column, request)
    }

    /// Adds a column that follows another one's path for some steps and then does what the form
    /// says.
    pub(super) fn branch(&mut self, column: usize, step: usize) -> Vec<Effect> {
        let Some(parent) = self.column(column).map(|column| column.request.clone()) else {
            return Vec::new();
        };
        let form = &self.form.request;
        let request = EditRequest {
            question: form.question.trim().to_owned(),
            guidance_scale: form.guidance_scale,
            image_guidance_scale: form.image_guidance_scale,
            answer_settings: form.answer_settings.clone(),
            ..parent.branched(step)
        };
        self.add_column(request)
    }

    /// Adds the column of a mode to the run, on the same noise as its first column.
    pub(super) fn add_mode(&mut self, mode: GuidanceMode) -> Vec<Effect> {
        let Some(first) = self.column(0).map(|column| column.request.clone()) else {
            return Vec::new();
        };
        self.add_column(EditRequest {
            mode,
            answer: None,
            branch: None,
            ..first
        })
    }

    fn add_column(&mut self, request: EditRequest) -> Vec<Effect> {
        // A grid is whole as it is.
        let run = self.run.as_mut().filter(|run| run.grid.is_none());
        let Some(run) = run else {
            return Vec::new();
        };
        if run.columns.len() >= MAX_COLUMNS || !request.validate().is_empty() {
            return Vec::new();
        }
        run.columns.push(Column::new(request));
        run.timeline.cursor = None;
        let (id, last) = (run.id, run.columns.len() - 1);
        self.submit_columns(id, vec![last])
    }

    /// Takes a column out of the run, unless it is the last one or at work.
    pub(super) fn remove_column(&mut self, index: usize) {
        let Some(run) = self.run.as_mut() else {
            return;
        };
        let idle = run.columns.get(index).is_some_and(|c| !c.is_active()) && run.grid.is_none();
        if idle && run.columns.len() > 1 {
            run.columns.remove(index);
            run.timeline.forget_from(index);
            run.measure(1);
        }
    }

    fn redraw(&mut self, index: usize, request: EditRequest) -> Vec<Effect> {
        if self.is_running() || !request.validate().is_empty() {
            return Vec::new();
        }
        let Some(run) = self.run.as_mut() else {
            return Vec::new();
        };
        let Some(column) = run.columns.get_mut(index) else {
            return Vec::new();
        };
        *column = Column::new(request);
        run.timeline.cursor = None;
        run.timeline.forget(index);
        run.measure(1);
        let id = run.id;
        self.submit_columns(id, vec![index])
    }

    pub(super) fn submit(&mut self, frame: Frame, requests: Vec<EditRequest>) -> Vec<Effect> {
        let id = RunId(self.next_run);
        self.next_run += 1;
        let columns = (0..requests.len()).collect();
        // What the old run still decodes, nobody will look at.
        let old = self.run.as_ref().map(|run| run.timeline.outdated(0));
        let mut effects: Vec<Effect> = old.into_iter().flatten().map(Effect::Cancel).collect();
        self.run = Some(Run::new(id, frame, requests));
        effects.extend(self.submit_columns(id, columns));
        effects
    }

    /// Shows a run that was opened from a file; question, numbers and frame follow it.
    pub(super) fn run_opened(&mut self, file: &RunFile) {
        if self.is_running() {
            let problem = Problem::new("The run was not opened: an answer is being drawn.")
                .hint("Open it again when the drawing is done, or cancel the drawing first.");
            self.notify(NoticeKind::Trouble(problem));
            return;
        }
        let id = RunId(self.next_run);
        self.next_run += 1;
        let run = Run::of_file(id, file);
        let requests: Vec<EditRequest> = run.columns.iter().map(|c| c.request.clone()).collect();
        self.form = Form::recalled(&requests, &self.form);
        if run.grid.is_some() {
            self.form.rows = 1;
        }
        self.form.second = match run.pairs().and_then(|pairs| pairs.x.as_ref()) {
            Some(Axis::Question(questions)) => questions.get(1).cloned(),
            _ => None,
        };
        self.frame.frame = Some(run.frame.clone());
        self.run = Some(run);
        self.count_tokens();
    }

    /// Saves the whole run in one file.
    pub(super) fn save_run(&self) -> Vec<Effect> {
        let Some(run) = &self.run else {
            return Vec::new();
        };
        let file = run.to_file();
        let Some(first) = file.columns.first() else {
            return Vec::new();
        };
        let name = format!("{}.lgdrun", file_stem(&first.request));
        vec![Effect::Files(FileTask::PickAndSaveRun(
            Arc::new(file),
            name,
        ))]
    }

    /// One job for some columns of the run.
    pub(super) fn submit_columns(&self, id: RunId, columns: Vec<usize>) -> Vec<Effect> {
        let Some(run) = &self.run else {
            return Vec::new();
        };
        let requests = columns
            .iter()
            .filter_map(|index| run.columns.get(*index))
            .map(|column| column.request.clone())
            .collect();
        vec![Effect::Submit(
            Ticket::Columns(id, columns),
            JobSpec::Run {
                bundle: self.bundle_source.clone(),
                frame: run.frame.clone(),
                requests,
            },
        )]
    }

    pub(super) fn submitted(&mut self, ticket: Ticket, job: JobId) {
        let of = |id| move |run: &&mut Run| run.id == id;
        match ticket {
            Ticket::Bundle => self.bundle_job = Some(job),
            Ticket::Likeness => self.similar.submitted(job),
            Ticket::Columns(id, columns) => {
                let Some(run) = self.run.as_mut().filter(of(id)) else {
                    return;
                };
                for (place, index) in columns.into_iter().enumerate() {
                    if let Some(column) = run.columns.get_mut(index) {
                        column.job = Some((job, place));
                    }
                }
            }
            Ticket::Export(format, path) => self.export_submitted(job, format, path),
            Ticket::Moment(id, moment) => {
                if let Some(run) = self.run.as_mut().filter(of(id)) {
                    run.timeline.submitted(moment, job);
                }
            }
        }
    }

    pub(super) fn cancel(&mut self) -> Vec<Effect> {
        let Some(run) = &mut self.run else {
            return Vec::new();
        };
        let mut jobs: Vec<JobId> = Vec::new();
        for column in &mut run.columns {
            let job = column.job;
            if let (Some((job, _)), Some(progress)) = (job, column.progress_mut()) {
                progress.cancelling = true;
                jobs.push(job);
            }
        }
        jobs.dedup();
        jobs.into_iter().map(Effect::Cancel).collect()
    }

    fn column(&self, index: usize) -> Option<&Column> {
        self.run.as_ref()?.columns.get(index)
    }

    fn result(&self, column: usize) -> Option<Arc<EditResult>> {
        self.column(column)?.result().cloned()
    }

    pub(super) fn save(&mut self, column: usize) -> Vec<Effect> {
        self.result(column)
            .map(|result| {
                let name = suggested_file_name(&result.request);
                Effect::Files(if self.settings.leave_out_settings {
                    FileTask::PickAndSavePicture(result.picture.clone(), name)
                } else {
                    FileTask::PickAndSave(result, name)
                })
            })
            .into_iter()
            .collect()
    }

    pub(super) fn copy(&mut self, column: usize) -> Vec<Effect> {
        self.result(column)
            .map(|result| Effect::Files(FileTask::CopyPicture(result.picture.clone())))
            .into_iter()
            .collect()
    }

    pub(super) fn use_as_frame(&mut self, column: usize) {
        if let Some(result) = self.result(column) {
            self.frame.frame = Some(Frame {
                image: result.picture.clone(),
                display: result.display.clone(),
                origin: FrameOrigin::Result(result.job),
            });
        }
    }

    pub(super) fn remember_question(&mut self) {
        let question = self.form.request.question.trim().to_owned();
        self.history.retain(|known| *known != question);
        self.history.push(question);
        if self.history.len() > MAX_HISTORY {
            self.history.remove(0);
        }
    }

    /// A seed short enough to be read aloud (SplitMix64, then six digits).
    pub(super) fn roll(&mut self) -> u64 {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.dice;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % 1_000_000
    }
}

/// A file name that says what the picture is: the question's words, the mode and the seed.
fn suggested_file_name(request: &EditRequest) -> String {
    let stem = file_stem(request);
    format!("{stem}-{}-{}.png", request.mode.name(), request.seed)
}

/// The first words of the question, as a file name.
pub(super) fn file_stem(request: &EditRequest) -> String {
    let words: Vec<String> = request
        .question
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(8)
        .map(str::to_lowercase)
        .collect();
    if words.is_empty() {
        "answer".to_owned()
    } else {
        words.join("-")
    }
}
