//! A column: one answer on its way.

use super::explain::Explained;
use crate::job::{
    EditRequest, EditResult, Estimate, JobId, Problem, Stage, StepPreview, WrittenAnswer,
};
use image::RgbImage;
use std::sync::Arc;

/// One answer on its way.
#[derive(Clone, Debug)]
pub struct Column {
    /// The complete request, mode and seed included.
    pub request: EditRequest,
    /// The job, once it is submitted, and the column's place in it.
    pub job: Option<(JobId, usize)>,
    /// Where it stands.
    pub phase: Phase,
    /// The written answer, as soon as there is one.
    pub answer: Option<WrittenAnswer>,
    /// Things worth knowing (the question was cut, …).
    pub notices: Vec<String>,
    /// The newest picture of the denoising.
    pub preview: Option<Arc<RgbImage>>,
    /// The estimates of all steps taken.
    pub track: Vec<Estimate>,
    /// Why it looks the way it does, as far as somebody asked.
    pub explained: Explained,
}

/// Where a column stands.
#[derive(Clone, Debug)]
pub enum Phase {
    /// Submitted, not taken up yet.
    Queued,
    /// At work.
    Running(Progress),
    /// Done.
    Finished(Arc<EditResult>),
    /// Did not work.
    Failed(Problem),
    /// Stopped on request.
    Cancelled,
    /// Cut off when the program ended. Its track has the steps that were drawn.
    Interrupted {
        /// Whether it is drawn again when the queue goes on.
        waits: bool,
    },
}

/// How far a running column is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// The stage.
    pub stage: Stage,
    /// Steps drawn.
    pub step: usize,
    /// Steps in all.
    pub steps: usize,
    /// Estimate until the end, once there is one.
    pub seconds_left: Option<f64>,
    /// Whether it was told to stop.
    pub cancelling: bool,
}

impl Progress {
    /// Share of the work that is done, 0..=1; rough, never falling.
    pub fn fraction(&self) -> f32 {
        let drawn = self.step as f32 / self.steps.max(1) as f32;
        match self.stage {
            Stage::Loading => 0.02,
            Stage::ReadingFrame => 0.05,
            Stage::Thinking => 0.10,
            Stage::Drawing => 0.14 + 0.82 * drawn,
            Stage::Finishing => 0.98,
        }
    }
}

impl Column {
    /// A column that waits.
    pub fn new(request: EditRequest) -> Self {
        Self {
            request,
            job: None,
            phase: Phase::Queued,
            answer: None,
            notices: Vec::new(),
            preview: None,
            track: Vec::new(),
            explained: Explained::default(),
        }
    }

    /// Width and height of the latents, in cells; zero before the first step.
    pub(super) fn latent_size(&self) -> (u32, u32) {
        self.track.last().map_or((0, 0), |estimate| {
            let [_, height, width] = estimate.shape;
            (width as u32, height as u32)
        })
    }

    /// Whether it still works or waits.
    pub fn is_active(&self) -> bool {
        match self.phase {
            Phase::Queued | Phase::Running(_) => true,
            Phase::Interrupted { waits } => waits,
            Phase::Finished(_) | Phase::Failed(_) | Phase::Cancelled => false,
        }
    }

    /// Whether it is at work.
    pub fn is_drawing(&self) -> bool {
        matches!(self.phase, Phase::Running(_))
    }

    /// The worker took it up. One that was cut off begins anew.
    pub fn start(&mut self) {
        if matches!(self.phase, Phase::Interrupted { .. }) {
            self.phase = Phase::Queued;
            self.track.clear();
        }
        self.progress_mut();
    }

    /// Its job was stopped. One that was cut off and never begun again stays as it was.
    pub fn stop(&mut self) {
        self.preview = None;
        self.phase = match self.phase {
            Phase::Interrupted { .. } => Phase::Interrupted { waits: false },
            _ => Phase::Cancelled,
        };
    }

    /// The finished result.
    pub fn result(&self) -> Option<&Arc<EditResult>> {
        match &self.phase {
            Phase::Finished(result) => Some(result),
            _ => None,
        }
    }

    /// A stage began.
    pub fn on_stage(&mut self, stage: Stage) {
        if let Some(progress) = self.progress_mut() {
            progress.stage = stage;
        }
    }

    /// A step is drawn.
    pub fn on_preview(&mut self, preview: StepPreview) {
        if let Some(progress) = self.progress_mut() {
            progress.stage = progress.stage.max(Stage::Drawing);
            progress.step = preview.step;
            progress.steps = preview.steps;
            progress.seconds_left = Some(preview.seconds_left);
            if preview.picture.is_some() {
                self.preview = preview.picture;
            }
        }
    }

    /// The progress of an active column; a queued one starts running. None once it has ended.
    pub fn progress_mut(&mut self) -> Option<&mut Progress> {
        if matches!(self.phase, Phase::Queued) {
            self.phase = Phase::Running(Progress {
                stage: Stage::Loading,
                step: 0,
                steps: self.request.steps,
                seconds_left: None,
                cancelling: false,
            });
        }
        match &mut self.phase {
            Phase::Running(progress) => Some(progress),
            _ => None,
        }
    }
}
