//! Actions and events in, state and effects out.

mod answers;
mod columns;
mod explain;
mod forms;
mod frames;
mod grids;
mod memory;
mod queue;
mod work;

use super::*;
use crate::job::{
    BundleSummary, EditRequest, EditResult, Estimate, Frame, FrameFacts, GuidanceMode, JobEvent,
    JobSpec, Problem, Stage, StepPreview, TokenCounter, WrittenAnswer,
};
use image::RgbImage;
use std::sync::Arc;

pub(super) fn fresh() -> AppState {
    AppState::new(
        Settings::default(),
        Session::default(),
        BundleSource::Embedded,
        7,
    )
}

pub(super) fn summary() -> Box<BundleSummary> {
    Box::new(BundleSummary {
        memory: crate::job::MemoryFacts::default(),
        name: "toon-tiny".to_owned(),
        description: "A test.".to_owned(),
        resolution: 128,
        max_question_tokens: 24,
        defaults: EditRequest {
            steps: 12,
            ..EditRequest::default()
        },
        unavailable_modes: Vec::new(),
        device: "cpu f32".to_owned(),
        latent_rgb: None,
        badge: None,
        check: None,
        token_counter: TokenCounter::new(|text| text.split_whitespace().count()),
    })
}

pub(super) fn frame(origin: FrameOrigin) -> Frame {
    Frame::new(RgbImage::new(4, 3), origin)
}

/// A state that could draw: bundle loaded, frame opened, question written.
pub(super) fn ready() -> AppState {
    let mut state = fresh();
    state.apply(Action::Submitted(Ticket::Bundle, JobId(1)));
    state.on_event(JobEvent::Loaded(JobId(1), summary()));
    state.on_event(JobEvent::FrameOpened(frame(FrameOrigin::Example(
        "fishbowl.png".to_owned(),
    ))));
    let mut form = state.form.clone();
    form.request.question = "What happens if the cat gets hungry?".to_owned();
    state.apply(Action::EditForm(Box::new(form)));
    state
}

/// The same with an answer under way as job 2.
pub(super) fn running() -> AppState {
    let mut state = ready();
    let effects = state.apply(Action::Generate);
    let Some(Effect::Submit(ticket, JobSpec::Run { .. })) = effects.first() else {
        panic!("{effects:?}");
    };
    let submitted = Action::Submitted(ticket.clone(), JobId(2));
    state.apply(submitted);
    state.on_event(JobEvent::Started(JobId(2)));
    state
}

pub(super) fn column(state: &AppState) -> &Column {
    state
        .run
        .as_ref()
        .and_then(|run| run.columns.first())
        .expect("a column was submitted")
}

pub(super) fn estimate(value: f32) -> Estimate {
    Estimate {
        shape: [1, 2, 2],
        values: [half::f16::from_f32(value); 4].into(),
    }
}

pub(super) fn result(job: JobId) -> Arc<EditResult> {
    Arc::new(EditResult {
        job,
        picture: Arc::new(RgbImage::new(4, 3)),
        display: Arc::new(RgbImage::new(4, 3)),
        request: EditRequest {
            question: "What happens if it rains?".to_owned(),
            seed: 42,
            ..EditRequest::default()
        },
        answer: None,
        track: vec![estimate(0.0), estimate(1.0)].into(),
        bundle: "toon-tiny".to_owned(),
        bundle_fingerprint: String::new(),
        device: "cpu f32".to_owned(),
        frame: FrameFacts::default(),
        stages: Vec::new(),
        notices: vec!["The question was cut.".to_owned()],
        reading: None,
        attention: None,
        check: None,
        rest: serde_json::Map::new(),
    })
}

pub(super) fn preview(job: JobId, step: usize) -> StepPreview {
    StepPreview {
        job,
        column: 0,
        step,
        steps: 20,
        seconds_left: 1.5,
        picture: Some(Arc::new(RgbImage::new(2, 2))),
        estimates: vec![estimate(step as f32)],
    }
}

/// A run of two finished columns, submitted as jobs 2 (both at once).
pub(super) fn compared() -> AppState {
    let mut state = ready();
    state.form.modes = vec![GuidanceMode::Answer, GuidanceMode::Latent];
    state.form.request.steps = 2;
    let effects = state.apply(Action::Generate);
    let Some(Effect::Submit(ticket, _)) = effects.first() else {
        panic!("{effects:?}");
    };
    state.apply(Action::Submitted(ticket.clone(), JobId(2)));
    state.on_event(JobEvent::Seen(JobId(2), estimate(0.5)));
    for column in [0, 1] {
        state.on_event(JobEvent::Drawn(JobId(2), column, result(JobId(2))));
    }
    state
}

pub(super) fn run(state: &AppState) -> &Run {
    state.run.as_ref().expect("there is a run")
}
