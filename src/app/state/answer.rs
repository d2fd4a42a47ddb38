//! From a question to jobs, and what can be done with a finished answer.

use super::{AppState, Blocked, BundleState, Column, Effect, MAX_HISTORY, Run, RunId, Ticket};
use crate::job::{
    EditRequest, EditResult, FileTask, Frame, FrameOrigin, JobId, JobSpec, RequestProblem,
};
use std::sync::Arc;

impl AppState {
    /// Why Generate is not possible; none when it is.
    pub fn generate_blocked(&self) -> Option<Blocked> {
        if self.is_running() {
            return Some(Blocked::Running);
        }
        if self.frame.opening {
            return Some(Blocked::Opening);
        }
        if self.frame.frame.is_none() {
            return Some(Blocked::NoFrame);
        }
        for request in self.form.requests() {
            if let Some(reason) = self.mode_missing(&request) {
                return Some(Blocked::ModeMissing(reason.to_owned()));
            }
            match request.validate().into_iter().next() {
                Some(RequestProblem::EmptyQuestion) => return Some(Blocked::NoQuestion),
                Some(problem) => return Some(Blocked::Request(problem)),
                None => {}
            }
        }
        None
    }

    fn mode_missing(&self, request: &EditRequest) -> Option<&str> {
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
        let requests = self.form.requests();
        self.submit(frame, requests)
    }

    pub(super) fn retry(&mut self, column: usize) -> Vec<Effect> {
        if self.is_running() {
            return Vec::new();
        }
        let Some((frame, request)) = self.run.as_ref().and_then(|run| {
            let column = run.columns.get(column)?;
            Some((run.frame.clone(), column.request.clone()))
        }) else {
            return Vec::new();
        };
        self.submit(frame, vec![request])
    }

    fn submit(&mut self, frame: Frame, requests: Vec<EditRequest>) -> Vec<Effect> {
        let id = RunId(self.next_run);
        self.next_run += 1;
        let effects = requests
            .iter()
            .enumerate()
            .map(|(index, request)| {
                Effect::Submit(
                    Ticket::Column(id, index),
                    JobSpec::Edit {
                        bundle: self.bundle_source.clone(),
                        frame: frame.image.clone(),
                        request: request.clone(),
                    },
                )
            })
            .collect();
        self.run = Some(Run {
            id,
            frame,
            columns: requests.into_iter().map(Column::new).collect(),
        });
        effects
    }

    pub(super) fn submitted(&mut self, ticket: Ticket, job: JobId) {
        match ticket {
            Ticket::Bundle => self.bundle_job = Some(job),
            Ticket::Column(id, index) => {
                if let Some(run) = self.run.as_mut().filter(|run| run.id == id)
                    && let Some(column) = run.columns.get_mut(index)
                {
                    column.job = Some(job);
                }
            }
        }
    }

    pub(super) fn cancel(&mut self) -> Vec<Effect> {
        let Some(run) = &mut self.run else {
            return Vec::new();
        };
        run.columns
            .iter_mut()
            .filter_map(|column| {
                let job = column.job?;
                column.progress_mut()?.cancelling = true;
                Some(Effect::Cancel(job))
            })
            .collect()
    }

    fn result(&self, column: usize) -> Option<Arc<EditResult>> {
        self.run
            .as_ref()
            .and_then(|run| run.columns.get(column))
            .and_then(|column| column.result().cloned())
    }

    pub(super) fn save(&mut self, column: usize) -> Vec<Effect> {
        self.result(column)
            .map(|result| {
                let name = suggested_file_name(&result.request);
                Effect::Files(FileTask::PickAndSave(result, name))
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

    fn remember_question(&mut self) {
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
    let words: Vec<String> = request
        .question
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(8)
        .map(str::to_lowercase)
        .collect();
    let stem = if words.is_empty() {
        "answer".to_owned()
    } else {
        words.join("-")
    };
    format!("{stem}-{}-{}.png", request.mode.name(), request.seed)
}
