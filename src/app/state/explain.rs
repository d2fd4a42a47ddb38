//! Explaining a column: where the editor looked, what each word changes, what the latent reads like.
//! Jobs find it out on demand; what they found belongs to the column.

use super::{AppState, BundleState, Column, Effect, Progress, RunId, Ticket};
use crate::job::{
    Attention, Check, EditRequest, EditResult, Explaining, JobEvent, JobId, JobSpec, Piece,
    PieceEffect, Problem, Stage, StepPreview,
};
use std::sync::Arc;

/// What a person wants to know about a column.
#[derive(Clone, Debug)]
pub enum Explain {
    /// Opens the explanation of a column and looks where the editor looked, unless that is known.
    Open(usize),
    /// Shows the columns again.
    Close,
    /// Asks about a topic; the pieces are those whose effect is to be measured.
    Ask(usize, Topic, Vec<Piece>),
    /// Stops asking.
    Stop(usize, Topic),
    /// Asks the model about the picture of a column, with this question.
    Check(usize, String),
    /// Adds a column without a piece.
    Without(usize, Piece),
}

/// What can be asked about a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Where the editor looked.
    Attention,
    /// What changes without a word or query.
    Effects,
    /// What the language model reads in its latent.
    Reading,
    /// What it says about the picture.
    Check,
}

impl Topic {
    const ALL: [Self; 4] = [Self::Attention, Self::Effects, Self::Reading, Self::Check];
}

/// Where asking about a topic stands. What was found is kept beside it.
#[derive(Clone, Debug, Default)]
pub enum Inquiry {
    /// Nobody asks, or the answer is there.
    #[default]
    Idle,
    /// A job is at it, or waits.
    Running(Option<JobId>, Progress),
    /// It did not work.
    Failed(Problem),
    /// It was stopped on request.
    Cancelled,
}

/// What is known about why a column looks the way it does.
#[derive(Clone, Debug, Default)]
pub struct Explained {
    /// Where the editor looked.
    pub attention: Option<Arc<Attention>>,
    /// Whether drawing it again gave another picture, so that the attention belongs to that one.
    pub differs: bool,
    /// What the pieces change, in the order they were measured.
    pub effects: Vec<Arc<PieceEffect>>,
    /// What the language model reads in its latent.
    pub reading: Option<String>,
    /// What the model says about the picture.
    pub check: Option<Check>,
    inquiries: [Inquiry; 4],
}

impl Explained {
    /// What a file knows about a result.
    pub fn of(result: &EditResult) -> Self {
        Self {
            attention: result.attention.clone(),
            reading: result.reading.clone(),
            check: result.check.clone(),
            ..Self::default()
        }
    }

    /// The result with what a file keeps of its explanation.
    pub fn kept_with(&self, result: &Arc<EditResult>) -> Arc<EditResult> {
        if self.attention.is_none() {
            return self.noted_with(result);
        }
        Arc::new(EditResult {
            attention: self.attention.clone(),
            check: self.check.clone(),
            reading: self.reading.clone(),
            ..result.as_ref().clone()
        })
    }

    /// The same without the large part: what is kept of every run.
    pub fn noted_with(&self, result: &Arc<EditResult>) -> Arc<EditResult> {
        if self.reading == result.reading && self.check == result.check {
            return result.clone();
        }
        Arc::new(EditResult {
            reading: self.reading.clone(),
            check: self.check.clone(),
            ..result.as_ref().clone()
        })
    }

    /// Where asking about a topic stands.
    pub fn inquiry(&self, topic: Topic) -> &Inquiry {
        &self.inquiries[topic as usize]
    }

    /// How far the job about a topic is, while there is one.
    pub fn progress(&self, topic: Topic) -> Option<&Progress> {
        match self.inquiry(topic) {
            Inquiry::Running(_, progress) => Some(progress),
            _ => None,
        }
    }

    fn inquiry_mut(&mut self, topic: Topic) -> &mut Inquiry {
        &mut self.inquiries[topic as usize]
    }

    /// The job about a topic got its id.
    pub(super) fn submitted(&mut self, topic: Topic, id: JobId) {
        if let Inquiry::Running(job, _) = self.inquiry_mut(topic) {
            *job = Some(id);
        }
    }

    /// The jobs that are at it or wait.
    pub(super) fn jobs(&self) -> impl Iterator<Item = JobId> {
        let job = |inquiry: &Inquiry| match inquiry {
            Inquiry::Running(job, _) => *job,
            _ => None,
        };
        self.inquiries.iter().filter_map(job)
    }

    /// Tells every job to stop and returns them.
    pub(super) fn stop(&mut self) -> Vec<JobId> {
        let jobs = Topic::ALL
            .into_iter()
            .filter_map(|topic| self.stop_one(topic));
        jobs.collect()
    }

    fn stop_one(&mut self, topic: Topic) -> Option<JobId> {
        match self.inquiry_mut(topic) {
            Inquiry::Running(job, progress) => {
                progress.cancelling = true;
                *job
            }
            _ => None,
        }
    }

    /// The topic a job is about.
    fn topic_of(&self, id: JobId) -> Option<Topic> {
        Topic::ALL.into_iter().find(
            |topic| matches!(self.inquiry(*topic), Inquiry::Running(Some(job), _) if *job == id),
        )
    }
}

/// A job that was asked for just now.
fn begun(steps: usize) -> Inquiry {
    let progress = Progress {
        stage: Stage::Loading,
        step: 0,
        steps,
        seconds_left: None,
        cancelling: false,
    };
    Inquiry::Running(None, progress)
}

impl AppState {
    /// Whether a job explains a column.
    pub fn is_asking(&self) -> bool {
        let columns = self.run.iter().flat_map(|run| &run.columns);
        let mut explained = columns.map(|column| &column.explained);
        explained.any(|known| {
            Topic::ALL
                .iter()
                .any(|topic| known.progress(*topic).is_some())
        })
    }

    pub(super) fn explain(&mut self, what: Explain) -> Vec<Effect> {
        match what {
            Explain::Open(index) => {
                let Some(column) = self.finished(index) else {
                    return Vec::new();
                };
                let known = column.explained.attention.is_some();
                (self.looking, self.explaining) = (false, Some(index));
                if known {
                    return Vec::new();
                }
                self.ask(index, Topic::Attention, Vec::new())
            }
            Explain::Close => {
                self.explaining = None;
                Vec::new()
            }
            Explain::Ask(index, topic, pieces) => self.ask(index, topic, pieces),
            Explain::Check(index, question) => {
                let id = self.run.as_ref().map(|run| run.id);
                id.map_or_else(Vec::new, |id| self.ask_back(id, index, question))
            }
            Explain::Stop(index, topic) => {
                let column = self.run.as_mut().and_then(|run| run.columns.get_mut(index));
                let job = column.and_then(|column| column.explained.stop_one(topic));
                job.map(Effect::Cancel).into_iter().collect()
            }
            Explain::Without(index, piece) => {
                let Some(column) = self.finished(index) else {
                    return Vec::new();
                };
                let mut request: EditRequest = column.request.clone();
                request.without.push(piece);
                let effects = self.add_column(request);
                if !effects.is_empty() {
                    self.explaining = None;
                }
                effects
            }
        }
    }

    /// Tells every job that explains something to stop.
    pub(super) fn stop_explaining(&mut self) -> Vec<Effect> {
        let columns = self.run.iter_mut().flat_map(|run| &mut run.columns);
        let jobs = columns.flat_map(|column| column.explained.stop());
        jobs.map(Effect::Cancel).collect()
    }

    fn finished(&self, index: usize) -> Option<&Column> {
        let column = self.run.as_ref()?.columns.get(index)?;
        column.result().map(|_| column)
    }

    fn ask(&mut self, index: usize, topic: Topic, pieces: Vec<Piece>) -> Vec<Effect> {
        let Some(run) = self.run.as_mut() else {
            return Vec::new();
        };
        let bundle = run.bundle.clone();
        let Some(column) = run.columns.get_mut(index) else {
            return Vec::new();
        };
        let Some(result) = column.result().cloned() else {
            return Vec::new();
        };
        if column.explained.progress(topic).is_some() {
            return Vec::new();
        }
        let what = match topic {
            Topic::Attention => Explaining::Attention(Some(result.picture.clone())),
            Topic::Effects => {
                let again = |effect: &Arc<PieceEffect>| pieces.contains(&effect.piece);
                column.explained.effects.retain(|effect| !again(effect));
                Explaining::Effects(pieces)
            }
            Topic::Reading => Explaining::Reading,
            // It has a question of its own.
            Topic::Check => return Vec::new(),
        };
        *column.explained.inquiry_mut(topic) = begun(column.request.steps);
        let spec = JobSpec::Explain {
            bundle,
            frame: run.frame.clone(),
            request: Box::new(column.request.clone()),
            what,
        };
        vec![Effect::Submit(Ticket::Topic(run.id, index, topic), spec)]
    }

    /// Asks the model about the picture of a column of any run.
    pub(super) fn ask_back(&mut self, id: RunId, index: usize, question: String) -> Vec<Effect> {
        let Some(run) = self.run_by_id_mut(id) else {
            return Vec::new();
        };
        let (bundle, frame) = (run.bundle.clone(), run.frame.clone());
        let Some(column) = run.columns.get_mut(index) else {
            return Vec::new();
        };
        let Some(result) = column.result().cloned() else {
            return Vec::new();
        };
        if column.explained.progress(Topic::Check).is_some() || question.trim().is_empty() {
            return Vec::new();
        }
        *column.explained.inquiry_mut(Topic::Check) = begun(column.request.steps);
        let spec = JobSpec::Explain {
            bundle,
            frame,
            request: Box::new(column.request.clone()),
            what: Explaining::Check {
                picture: result.picture.clone(),
                question: Some(question),
                expected: result.answer.as_ref().map(|answer| answer.text.clone()),
            },
        };
        vec![Effect::Submit(Ticket::Topic(id, index, Topic::Check), spec)]
    }

    /// After a job has drawn its columns: asks back about each, where that is wanted.
    pub(super) fn ask_back_about(&mut self, job: JobId) -> Vec<Effect> {
        let kind = match &self.bundle {
            BundleState::Ready(summary) => summary.check,
            BundleState::Loading | BundleState::Failed(_) => None,
        };
        let Some(kind) = kind.filter(|_| self.settings.ask_back && self.conference.is_none())
        else {
            return Vec::new();
        };
        let mut wanted = Vec::new();
        for run in self.runs_mut().filter(|run| run.grid.is_none()) {
            for (index, column) in run.columns.iter().enumerate() {
                let own = column.job.is_some_and(|(known, _)| known == job);
                if own && column.result().is_some() && column.explained.check.is_none() {
                    let answer = column.answer.as_ref().map(|answer| answer.text.as_str());
                    let question = kind.question(&column.request.question, answer);
                    wanted.push((run.id, index, question));
                }
            }
        }
        let asked = wanted.into_iter();
        asked
            .flat_map(|(id, index, question)| self.ask_back(id, index, question))
            .collect()
    }

    /// What a job that explains something reports; whether it was one.
    pub(super) fn explain_heard(&mut self, event: &JobEvent) -> bool {
        let id = match event {
            JobEvent::StageBegan(id, _) | JobEvent::Effect(id, _) => *id,
            event => match event.ends() {
                Some(id) => id,
                None => return false,
            },
        };
        let Some((known, topic)) = self.inquiry_about(id) else {
            return false;
        };
        match event {
            JobEvent::StageBegan(_, stage) => {
                if let Inquiry::Running(_, progress) = known.inquiry_mut(topic) {
                    // Several runs in a row begin with looking at the frame; that is not a step back.
                    progress.stage = progress.stage.max(*stage);
                }
                return true;
            }
            JobEvent::Effect(_, effect) => {
                known.effects.push(effect.clone());
                return true;
            }
            JobEvent::Attended(_, attention, same) => {
                (known.attention, known.differs) = (Some(attention.clone()), !same);
            }
            JobEvent::Read(_, text) => known.reading = Some(text.clone()),
            JobEvent::Checked(_, check) => known.check = Some(check.clone()),
            _ => {}
        }
        *known.inquiry_mut(topic) = match event {
            JobEvent::Failed(_, problem) => Inquiry::Failed(problem.clone()),
            JobEvent::Cancelled(_) => Inquiry::Cancelled,
            _ => Inquiry::Idle,
        };
        true
    }

    /// A step of a job that explains something; whether it was one.
    pub(super) fn explain_stepped(&mut self, preview: &StepPreview) -> bool {
        let Some((known, topic)) = self.inquiry_about(preview.job) else {
            return false;
        };
        if let Inquiry::Running(_, progress) = known.inquiry_mut(topic) {
            progress.stage = Stage::Drawing;
            (progress.step, progress.steps) = (preview.step, preview.steps);
            progress.seconds_left = Some(preview.seconds_left);
        }
        true
    }

    fn inquiry_about(&mut self, id: JobId) -> Option<(&mut Explained, Topic)> {
        let columns = self.runs_mut().flat_map(|run| &mut run.columns);
        let mut explained = columns.map(|column| &mut column.explained);
        explained.find_map(|known| {
            let topic = known.topic_of(id)?;
            Some((known, topic))
        })
    }
}
