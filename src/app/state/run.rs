//! A run: columns that answer a question about one frame, side by side on one clock.

use super::column::{Column, Phase};
use super::explain::Explained;
use super::timeline::{Moment, Timeline};
use super::times::Times;
use crate::job::{
    BundleSource, EditRequest, EditResult, Estimate, Frame, FrameOrigin, Grid, JobId, KeptRun,
    LatentRgb, Problem, RunDraft, RunFile, RunKey, StepPreview, Target, columns_per_seed,
};
use image::RgbImage;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Identifies a run within this window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunId(pub u64);

/// Columns on one frame.
#[derive(Clone, Debug)]
pub struct Run {
    /// Which run.
    pub id: RunId,
    /// Which run of the store, once it is kept.
    pub key: Option<RunKey>,
    /// The bundle that draws it; another one may answer by now.
    pub bundle: BundleSource,
    /// The frame all columns start from.
    pub frame: Frame,
    /// One per request.
    pub columns: Vec<Column>,
    /// The frame in the terms of the estimates, once the networks have seen it.
    pub seen: Option<Estimate>,
    /// Which step is shown.
    pub timeline: Timeline,
    /// The axes, where the columns are the cells of a grid.
    pub grid: Option<Grid>,
    /// The cell that is shown large.
    pub chosen: usize,
    /// The cell that the chosen one is compared with.
    pub home: usize,
    /// The picture that the columns are compared with.
    pub target: Option<Arc<Target>>,
    /// Where the time went.
    pub times: Times,
    /// What its file said that this version does not know.
    rest: Map<String, Value>,
}

/// What a column shows now.
#[derive(Clone, Copy, Debug)]
pub enum View<'a> {
    /// Nothing is drawn yet.
    Blank,
    /// The newest picture of a column at work, or a step whose picture is on its way.
    Guess(&'a Arc<RgbImage>),
    /// The decoded picture of a step.
    Step(&'a Arc<RgbImage>),
    /// The finished picture.
    Finished(&'a Arc<EditResult>),
}

impl<'a> View<'a> {
    /// The picture, if there is one.
    pub fn picture(self) -> Option<&'a Arc<RgbImage>> {
        match self {
            Self::Blank => None,
            Self::Guess(picture) | Self::Step(picture) => Some(picture),
            Self::Finished(result) => Some(&result.display),
        }
    }
}

impl Run {
    /// A run whose columns wait.
    pub fn new(id: RunId, frame: Frame, requests: Vec<EditRequest>) -> Self {
        Self {
            id,
            key: None,
            bundle: BundleSource::default(),
            frame,
            columns: requests.into_iter().map(Column::new).collect(),
            seen: None,
            timeline: Timeline::default(),
            grid: None,
            chosen: 0,
            home: 0,
            target: None,
            times: Times::default(),
            rest: Map::new(),
        }
    }

    /// A run that a file kept.
    pub fn of_file(id: RunId, file: &RunFile) -> Self {
        let columns = file.columns.iter().map(|result| Column {
            answer: result.answer.clone(),
            notices: result.notices.clone(),
            track: result.track.to_vec(),
            phase: Phase::Finished(result.clone()),
            explained: Explained::of(result),
            ..Column::new(result.request.clone())
        });
        let mut run = Self {
            columns: columns.collect(),
            seen: file.seen.clone(),
            target: file.target.clone(),
            times: Times::kept(&file.timings),
            rest: file.rest.clone(),
            ..Self::new(
                id,
                Frame {
                    image: file.frame.clone(),
                    display: file.frame.clone(),
                    origin: FrameOrigin::Dropped,
                },
                Vec::new(),
            )
        };
        run.fill_or_guess(file.grid.as_ref());
        run.measure(1);
        run
    }

    /// A run that the store kept. Columns that were cut off show how far they came.
    pub fn of_kept(id: RunId, kept: &KeptRun) -> Self {
        let columns = kept.columns.iter().enumerate().map(|(index, column)| {
            let phase = match &column.result {
                Some(result) => Phase::Finished(result.clone()),
                None if kept.unfinished.contains(&index) => Phase::Interrupted { waits: true },
                None => match &kept.entry.problem {
                    Some(problem) => Phase::Failed(Problem::new(problem.clone())),
                    None => Phase::Cancelled,
                },
            };
            Column {
                explained: column
                    .result
                    .as_deref()
                    .map(Explained::of)
                    .unwrap_or_default(),
                answer: column.answer.clone(),
                notices: column
                    .result
                    .as_ref()
                    .map(|result| result.notices.clone())
                    .unwrap_or_default(),
                track: column.track.clone(),
                phase,
                ..Column::new(column.request.clone())
            }
        });
        let mut run = Self {
            key: Some(kept.entry.id),
            bundle: kept.entry.bundle_source.clone(),
            columns: columns.collect(),
            seen: kept.seen.clone(),
            target: kept.target.clone(),
            times: Times::kept(&kept.timings),
            rest: kept.rest.clone(),
            ..Self::new(id, kept.frame.clone(), Vec::new())
        };
        run.fill_or_guess(kept.grid.as_ref());
        run.measure(1);
        run
    }

    /// The run as the store keeps it, with the columns that a job is to draw.
    pub fn to_draft(&self, bundle: BundleSource, drawing: Vec<usize>) -> RunDraft {
        RunDraft {
            run: self.key,
            bundle,
            frame: self.frame.clone(),
            seen: self.seen.clone(),
            columns: self
                .columns
                .iter()
                .map(|column| {
                    let noted = |result| column.explained.noted_with(result);
                    (column.request.clone(), column.result().map(noted))
                })
                .collect(),
            drawing,
            grid: self.grid.clone(),
            target: self.target.clone(),
            timings: self.times.over.clone(),
            rest: self.rest.clone(),
        }
    }

    /// The run as a file keeps it: its finished columns.
    pub fn to_file(&self) -> RunFile {
        RunFile {
            frame: self.frame.display.clone(),
            seen: self.seen.clone(),
            columns: self
                .columns
                .iter()
                .filter_map(|c| Some(c.explained.kept_with(c.result()?)))
                .collect(),
            grid: self.grid.clone(),
            target: self.target.clone(),
            timings: self.times.over.clone(),
            rest: self.rest.clone(),
        }
    }

    /// Whether a column still works.
    pub fn is_active(&self) -> bool {
        self.columns.iter().any(Column::is_active)
    }

    /// How many columns each seed has, when there are several seeds and all have as many.
    pub fn columns_per_seed(&self) -> Option<usize> {
        let seeds: Vec<u64> = self.columns.iter().map(|c| c.request.seed).collect();
        columns_per_seed(&seeds)
    }

    /// Steps of the longest column.
    pub fn steps(&self) -> usize {
        let steps = self.columns.iter().map(|column| column.request.steps);
        steps.max().unwrap_or(0)
    }

    /// Steps that at least one column has taken.
    pub fn steps_taken(&self) -> usize {
        let taken = self.columns.iter().map(|column| column.track.len());
        taken.max().unwrap_or(0)
    }

    /// The moment the cursor points at in a column; none while it follows the newest, or before the
    /// column got there.
    pub fn moment(&self, column: usize) -> Option<Moment> {
        let cursor = self.timeline.cursor?;
        let about = self.columns.get(column)?;
        let step = cursor.min(about.request.steps);
        (1..=about.track.len())
            .contains(&step)
            .then_some(Moment { column, step })
    }

    /// What a column shows.
    pub fn view(&self, index: usize) -> View<'_> {
        let Some(column) = self.columns.get(index) else {
            return View::Blank;
        };
        if let Some(moment) = self.moment(index) {
            let last = moment.step == column.request.steps;
            match (column.result(), self.timeline.picture(moment)) {
                (Some(result), _) if last => return View::Finished(result),
                (_, Some((picture, true))) => return View::Step(picture),
                (_, Some((picture, false))) => return View::Guess(picture),
                (Some(_), None) | (None, None) => {}
            }
        }
        match (column.result(), &column.preview) {
            (Some(result), _) => View::Finished(result),
            (None, Some(preview)) => View::Guess(preview),
            (None, None) => match self.last_step(index).map(|at| self.timeline.picture(at)) {
                Some(Some((picture, true))) => View::Step(picture),
                Some(Some((picture, false))) => View::Guess(picture),
                Some(None) | None => View::Blank,
            },
        }
    }

    /// The last step of a column that was cut off.
    pub fn last_step(&self, index: usize) -> Option<Moment> {
        let column = self.columns.get(index)?;
        let cut_off = matches!(column.phase, Phase::Interrupted { .. }) && !column.track.is_empty();
        cut_off.then_some(Moment {
            column: index,
            step: column.track.len(),
        })
    }

    /// The jobs that draw it.
    pub fn jobs(&self) -> Vec<JobId> {
        let active = self.columns.iter().filter(|column| column.is_active());
        let mut jobs: Vec<JobId> = active.filter_map(|c| Some(c.job?.0)).collect();
        jobs.sort();
        jobs.dedup();
        jobs
    }

    /// Takes in a step of a column.
    pub fn on_preview(&mut self, index: usize, preview: StepPreview, quick: Option<&LatentRgb>) {
        let Some(column) = self.columns.get_mut(index) else {
            return;
        };
        let first = column.track.len() + 1;
        column.track.extend_from_slice(&preview.estimates);
        let moment = Moment {
            column: index,
            step: preview.step,
        };
        if let Some(picture) = &preview.picture {
            // Full previews are what the decoder would give later.
            let guess = quick.is_some() && picture.dimensions() == column.latent_size();
            self.timeline.keep(moment, picture.clone(), !guess);
        }
        column.on_preview(preview);
        self.measure_column(index, first);
    }

    /// Takes in a finished column.
    pub fn on_drawn(&mut self, index: usize, result: Arc<EditResult>) {
        let Some(column) = self.columns.get_mut(index) else {
            return;
        };
        column.answer = result.answer.clone();
        column.notices = result.notices.clone();
        column.track = result.track.to_vec();
        column.phase = Phase::Finished(result);
        self.measure_column(index, 1);
    }

    /// Measures again what a column that has changed is part of.
    fn measure_column(&mut self, index: usize, first_step: usize) {
        if self.measured().contains(&index) {
            self.measure(first_step);
        }
    }

    /// Measures how far the columns are apart, from a step on.
    pub fn measure(&mut self, first_step: usize) {
        let measured = self.measured();
        let columns = measured.iter().filter_map(|index| self.columns.get(*index));
        let tracks: Vec<&[Estimate]> = columns.map(|c| c.track.as_slice()).collect();
        let seen = self.seen.as_ref();
        self.timeline.measure(first_step, &tracks, seen);
    }
}
