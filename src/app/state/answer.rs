//! From a question to jobs, and what can be done with a finished answer.

use super::{AppState, Column, Effect, Form, MAX_COLUMNS, Page, QueueAction, Run, RunId, Ticket};
use crate::job::{
    Axis, BundleSource, EditRequest, EditResult, FileTask, Frame, FrameOrigin, GuidanceMode, JobId,
    JobSpec, PieceOf, RunFile, StoreTask,
};
use std::sync::Arc;

/// Most questions that are remembered.
const MAX_HISTORY: usize = 100;

impl AppState {
    pub(super) fn generate(&mut self) -> Vec<Effect> {
        if self.generate_blocked().is_some() {
            return Vec::new();
        }
        self.page = Page::Ask;
        let Some(frame) = self.frame.frame.clone() else {
            return Vec::new();
        };
        if !self.form.keep_seed {
            self.form.request.seed = self.roll();
        }
        if self.conference.is_none() {
            self.remember_question();
        }
        if let Some(pair) = self.form.pair() {
            return self.draw_pair(pair);
        }
        let requests = self.form.requests();
        self.submit(frame, requests)
    }

    /// Draws a column again as it was. One that waits in the queue, because it was cut off, comes
    /// first.
    pub(super) fn retry(&mut self, column: usize) -> Vec<Effect> {
        if let Some(run) = &self.run
            && self.column(column).is_some_and(Column::is_active)
        {
            return self.act_on_queue(QueueAction::Next(run.id));
        }
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
        let mut request = EditRequest {
            answer: (!answer.is_empty()).then(|| answer.to_owned()),
            ..known.request.clone()
        };
        // Its words are others now.
        request.without.retain(|piece| piece.of != PieceOf::Answer);
        self.redraw(column, request)
    }

    /// Adds a column that follows another one's path for some steps and then does what the form
    /// says.
    pub(super) fn branch(&mut self, column: usize, step: usize) -> Vec<Effect> {
        let Some(parent) = self.column(column).map(|column| column.request.clone()) else {
            return Vec::new();
        };
        let form = &self.form.request;
        let question = form.question.trim().to_owned();
        let without = if question == parent.question {
            parent.without.clone()
        } else {
            Vec::new() // its words are others now
        };
        let request = EditRequest {
            question,
            without,
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
            without: Vec::new(),
            branch: None,
            ..first
        })
    }

    pub(super) fn add_column(&mut self, request: EditRequest) -> Vec<Effect> {
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

    /// Takes a column out of the run, unless it is the last one, or one is at work: jobs know the
    /// columns by their places.
    pub(super) fn remove_column(&mut self, index: usize) -> Vec<Effect> {
        let Some(run) = self.run.as_mut() else {
            return Vec::new();
        };
        let fixed = run.is_active() || run.grid.is_some();
        if fixed || run.columns.len() < 2 || index >= run.columns.len() {
            return Vec::new();
        }
        let removed = run.columns.remove(index);
        run.timeline.forget_from(index);
        run.measure(1);
        let mut effects: Vec<Effect> = removed.explained.jobs().map(Effect::Cancel).collect();
        self.explaining = match self.explaining {
            Some(explained) if explained == index => None,
            Some(explained) if explained > index => Some(explained - 1),
            other => other,
        };
        effects.extend(self.keep_run());
        effects
    }

    /// Tells the store how the run that is shown is now, where it is kept.
    pub(super) fn keep_run(&self) -> Vec<Effect> {
        let kept = |run: &&Run| self.keeps_runs && run.key.is_some();
        let run = self.run.as_ref().filter(kept);
        let draft = run.map(|run| Box::new(run.to_draft(run.bundle.clone(), Vec::new())));
        let update = |draft| Effect::Files(FileTask::Store(StoreTask::Update(draft)));
        draft.map(update).into_iter().collect()
    }

    fn redraw(&mut self, index: usize, request: EditRequest) -> Vec<Effect> {
        let Some(run) = self.run.as_ref() else {
            return Vec::new();
        };
        if !request.validate().is_empty() {
            return Vec::new();
        }
        self.redraw_as(run.id, vec![(index, request)])
    }

    /// Draws columns of a run again as they were.
    pub(super) fn redraw_columns(&mut self, id: RunId, columns: Vec<usize>) -> Vec<Effect> {
        let Some(run) = self.run_by_id(id) else {
            return Vec::new();
        };
        let request = |index: usize| Some((index, run.columns.get(index)?.request.clone()));
        let requests = columns.into_iter().filter_map(request).collect();
        self.redraw_as(id, requests)
    }

    fn redraw_as(&mut self, id: RunId, requests: Vec<(usize, EditRequest)>) -> Vec<Effect> {
        let Some(run) = self.run_by_id_mut(id).filter(|run| !run.is_active()) else {
            return Vec::new();
        };
        let mut columns = Vec::new();
        let mut effects = Vec::new();
        for (index, request) in requests {
            if let Some(column) = run.columns.get_mut(index) {
                effects.extend(column.explained.jobs().map(Effect::Cancel));
                *column = Column::new(request);
                run.timeline.forget(index);
                columns.push(index);
            }
        }
        if columns.is_empty() {
            return Vec::new();
        }
        run.timeline.cursor = None;
        run.measure(1);
        if self.run.as_ref().is_some_and(|run| run.id == id) {
            self.explaining = None;
        }
        effects.extend(self.submit_columns(id, columns));
        effects
    }

    pub(super) fn new_run_id(&mut self) -> RunId {
        self.next_run += 1;
        RunId(self.next_run - 1)
    }

    /// Draws a run: on the page, unless another one is being drawn there; then it waits its turn.
    fn submit(&mut self, frame: Frame, requests: Vec<EditRequest>) -> Vec<Effect> {
        let run = Run::new(self.new_run_id(), frame, requests);
        self.draw_run(run)
    }

    /// The same for a run that is laid out already.
    pub(super) fn draw_run(&mut self, mut run: Run) -> Vec<Effect> {
        run.bundle = self.bundle_source.clone();
        let (id, columns) = (run.id, (0..run.columns.len()).collect());
        let mut effects = Vec::new();
        if self.is_running() {
            self.queue.background.push(run);
        } else {
            effects = self.show_run(run);
        }
        effects.extend(self.submit_columns(id, columns));
        effects
    }

    /// Shows a run that was opened from a file; question, numbers and frame follow it.
    pub(super) fn run_opened(&mut self, file: &RunFile) -> Vec<Effect> {
        self.page = Page::Ask;
        let id = self.new_run_id();
        let mut run = Run::of_file(id, file);
        run.bundle = self.bundle_source.clone();
        self.form_follows(&run);
        self.frame.frame = Some(run.frame.clone());
        let effects = self.show_run(run);
        self.count_tokens();
        effects
    }

    /// Takes question and numbers from a run that is opened.
    pub(super) fn form_follows(&mut self, run: &Run) {
        let requests: Vec<EditRequest> = run.columns.iter().map(|c| c.request.clone()).collect();
        self.form = Form::recalled(&requests, &self.form);
        if run.grid.is_some() {
            self.form.rows = 1;
        }
        self.form.second = match run.pairs().and_then(|pairs| pairs.x.as_ref()) {
            Some(Axis::Question(questions)) => questions.get(1).cloned(),
            _ => None,
        };
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

    /// One job for some columns of a run, with the bundle that drew the others.
    pub(super) fn submit_columns(&mut self, id: RunId, columns: Vec<usize>) -> Vec<Effect> {
        let run = self.run_by_id(id);
        let bundle = run.map_or(BundleSource::default(), |run| run.bundle.clone());
        self.submit_with(bundle, id, columns)
    }

    /// The same with a bundle of its own.
    pub(super) fn submit_with(
        &mut self,
        bundle: BundleSource,
        id: RunId,
        columns: Vec<usize>,
    ) -> Vec<Effect> {
        let Some(run) = self.run_by_id(id) else {
            return Vec::new();
        };
        let requests = columns
            .iter()
            .filter_map(|index| run.columns.get(*index))
            .map(|column| column.request.clone())
            .collect();
        // A run that is kept stays so, whatever the setting says by now.
        let kept = self.keeps_runs
            && self.conference.is_none()
            && (self.settings.keep_runs || run.key.is_some());
        let draft = kept.then(|| Box::new(run.to_draft(bundle.clone(), columns.clone())));
        let spec = JobSpec::Run {
            bundle,
            frame: run.frame.clone(),
            requests,
        };
        let ticket = Ticket::Columns(id, columns);
        self.line_up(id);
        vec![match draft {
            Some(draft) => Effect::Draw(ticket, spec, draft),
            None => Effect::Submit(ticket, spec),
        }]
    }

    pub(super) fn submitted(&mut self, ticket: Ticket, job: JobId) {
        match ticket {
            Ticket::Bundle => self.bundle_job = Some(job),
            Ticket::Sketch => self.dataset.sketch.job = Some(job),
            Ticket::Likeness => self.similar.submitted(job),
            // Heard before.
            Ticket::Unload(_) => {}
            Ticket::Recognise => self.import_submitted(None, job),
            Ticket::Import(to) => self.import_submitted(Some(&to), job),
            Ticket::Columns(id, columns) => {
                let Some(run) = self.run_by_id_mut(id) else {
                    return;
                };
                for (place, index) in columns.into_iter().enumerate() {
                    if let Some(column) = run.columns.get_mut(index) {
                        column.job = Some((job, place));
                    }
                }
            }
            Ticket::Evaluation => self.evaluation_submitted(job),
            Ticket::Export(format, path) => self.export_submitted(job, format, path),
            Ticket::Topic(id, column, topic) => {
                let run = self.run_by_id_mut(id);
                if let Some(column) = run.and_then(|run| run.columns.get_mut(column)) {
                    column.explained.submitted(topic, job);
                }
            }
            Ticket::Moment(id, moment) => {
                if let Some(run) = self.run_by_id_mut(id) {
                    run.timeline.submitted(moment, job);
                }
            }
        }
    }

    /// Stops every column of the run that is shown.
    pub(super) fn cancel(&mut self) -> Vec<Effect> {
        let mut effects = self.stop_explaining();
        if let Some(id) = self.run.as_ref().map(|run| run.id) {
            effects.extend(self.cancel_run(id));
        }
        effects
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
