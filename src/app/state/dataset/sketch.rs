//! A quick answer beside the question that is being written: few steps, cancelled by the next key.

use super::{DatasetMemory, OpenFolder};
use crate::app::state::{AppState, BundleState, Effect, Ticket};
use crate::job::{
    EditRequest, Frame, FrameOrigin, JobEvent, JobId, JobSpec, PreviewMethod, Problem,
};
use image::RgbImage;
use std::sync::Arc;

/// Steps of a quick answer.
pub const SKETCH_STEPS: usize = 4;

/// The quick answer.
#[derive(Debug, Default)]
pub struct Sketch {
    /// The pair it is about.
    pub place: Option<usize>,
    /// The job that draws it, while one does.
    pub job: Option<JobId>,
    /// The newest picture.
    pub picture: Option<Arc<RgbImage>>,
    /// Why there is none.
    pub failed: Option<Problem>,
}

impl AppState {
    /// Draws an answer to the question of the pair under the cursor, in place of the one that is being
    /// drawn.
    pub(in crate::app::state) fn sketch(&mut self) -> Vec<Effect> {
        let mut effects = self.stop_sketch();
        let DatasetMemory { sketching, .. } = self.dataset.memory;
        let ready = matches!(self.bundle, BundleState::Ready(_));
        let Some((place, pair)) = self.dataset.open.as_ref().and_then(OpenFolder::current) else {
            return effects;
        };
        let sketch = &mut self.dataset.sketch;
        if sketch.place != Some(place) {
            (sketch.place, sketch.picture) = (Some(place), None);
        }
        sketch.failed = None;
        let question = pair.question.trim();
        if !sketching || !ready || question.is_empty() {
            return effects;
        }
        let pictures = self
            .dataset
            .open
            .as_ref()
            .and_then(|open| open.pictures.as_ref());
        let Some((_, Ok(pictures))) = pictures.filter(|(of, _)| *of == place) else {
            return effects;
        };
        let form = &self.form;
        let request = EditRequest {
            question: question.to_owned(),
            mode: form.modes.first().copied().unwrap_or(form.request.mode),
            answer: None,
            steps: SKETCH_STEPS,
            preview: PreviewMethod::Off,
            without: Vec::new(),
            branch: None,
            ..form.request.clone()
        };
        let frame = Frame {
            image: pictures.before.clone(),
            display: pictures.before.clone(),
            origin: FrameOrigin::Dropped,
        };
        let spec = JobSpec::Run {
            bundle: self.bundle_source.clone(),
            frame,
            requests: vec![request],
        };
        effects.push(Effect::Submit(Ticket::Sketch, spec));
        effects
    }

    /// Stops the quick answer that is being drawn.
    pub(super) fn stop_sketch(&mut self) -> Vec<Effect> {
        let job = self.dataset.sketch.job.take();
        job.map(Effect::Cancel).into_iter().collect()
    }

    /// Takes in what the job of the quick answer reports; whether the event was about it.
    pub(in crate::app::state) fn sketch_heard(&mut self, event: &JobEvent) -> bool {
        let sketch = &mut self.dataset.sketch;
        let about = match event {
            JobEvent::Drawn(job, ..) => *job,
            event => match event.ends() {
                Some(job) => job,
                None => return false,
            },
        };
        if sketch.job != Some(about) {
            return false;
        }
        match event {
            JobEvent::Drawn(_, _, result) => sketch.picture = Some(result.display.clone()),
            JobEvent::Failed(_, problem) => {
                sketch.job = None;
                sketch.failed = Some(problem.clone());
            }
            _ => sketch.job = None,
        }
        true
    }
}
