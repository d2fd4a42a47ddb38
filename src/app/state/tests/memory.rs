//! Loading, and limits of memory: actions and events in, state and effects out.

use super::*;
use crate::job::{JobEvent, MemoryFacts, MemorySize, Stage};

const HALF: LoadProgress = LoadProgress {
    done: 50,
    total: 100,
    seconds_left: Some(3.0),
};

fn loading() -> AppState {
    let mut state = fresh();
    state.start(Vec::new(), None);
    state.apply(Action::Submitted(Ticket::Bundle, JobId(1)));
    state
}

#[test]
fn loading_can_be_stopped_and_says_how_to_go_on() {
    let mut state = loading();
    let effects = state.apply(Action::StopLoading);
    assert!(matches!(effects.as_slice(), [Effect::Cancel(JobId(1))]));
    state.on_loading(JobId(1), HALF);
    state.on_event(JobEvent::Cancelled(JobId(1)));
    assert_eq!(state.loading, None);
    match &state.bundle {
        BundleState::Failed(problem) => assert!(problem.hint.is_some(), "{problem}"),
        other => panic!("{other:?}"),
    }
    let effects = state.apply(Action::ReloadBundle);
    assert!(matches!(
        effects.as_slice(),
        [Effect::Submit(Ticket::Bundle, JobSpec::Load(_))]
    ));
}

#[test]
fn progress_of_loading_is_gone_once_it_is_over() {
    let mut state = loading();
    state.on_loading(JobId(1), HALF);
    assert_eq!(state.loading, Some((JobId(1), HALF)));
    state.on_event(JobEvent::StageBegan(JobId(1), Stage::Loading));
    assert!(state.loading.is_some());
    state.on_event(JobEvent::StageBegan(JobId(1), Stage::ReadingFrame));
    assert_eq!(state.loading, None);
    let whole = LoadProgress { done: 100, ..HALF };
    state.on_loading(JobId(1), whole);
    assert_eq!(state.loading, None);
}

#[test]
fn another_limit_of_memory_loads_the_model_again() {
    let mut state = loading();
    let limit = Some(MemorySize(8 << 30));
    let settings = Settings {
        memory_limit: limit,
        ..Settings::default()
    };
    let effects = state.apply(Action::EditSettings(Box::new(settings.clone())));
    assert!(
        matches!(
            effects.as_slice(),
            [Effect::Use(set), Effect::Submit(Ticket::Bundle, JobSpec::Load(_))]
                if set.memory_limit == limit
        ),
        "{effects:?}"
    );
    // What changes nothing about memory loads nothing.
    let larger = Settings {
        scale: 1.25,
        ..settings
    };
    let effects = state.apply(Action::EditSettings(Box::new(larger)));
    assert!(effects.is_empty(), "{effects:?}");
}

#[test]
fn what_was_measured_comes_into_the_summary() {
    let mut state = loading();
    let summary = super::tests::summary();
    state.on_event(JobEvent::Loaded(JobId(1), summary));
    let facts = MemoryFacts {
        budget: Some(5),
        ..MemoryFacts::default()
    };
    state.on_event(JobEvent::Memory(Box::new(facts.clone())));
    match &state.bundle {
        BundleState::Ready(summary) => assert_eq!(summary.memory, facts),
        other => panic!("{other:?}"),
    }
}
