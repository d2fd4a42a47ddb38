//! Explaining: actions and events in, state and effects out.

use super::*;
use crate::job::{Explaining, JobEvent, Piece, PieceOf, StepPreview};

/// A finished column that is being explained as job 3.
fn explaining() -> AppState {
    let mut state = running();
    state.on_event(JobEvent::Drawn(JobId(2), 0, result(JobId(2))));
    state.on_event(JobEvent::Finished(JobId(2)));
    let effects = state.apply(Action::Explain(Explain::Open(0)));
    let [Effect::Submit(ticket @ Ticket::Topic(..), JobSpec::Explain { what, .. })] =
        effects.as_slice()
    else {
        panic!("{effects:?}");
    };
    assert!(matches!(what, Explaining::Attention(Some(_))));
    state.apply(Action::Submitted(ticket.clone(), JobId(3)));
    state
}

fn hungry() -> Piece {
    Piece {
        of: PieceOf::Question,
        place: 7,
        word: "hungry".to_owned(),
    }
}

#[test]
fn only_a_finished_column_is_explained_and_only_once_at_a_time() {
    let mut state = running();
    assert!(state.apply(Action::Explain(Explain::Open(0))).is_empty());
    assert_eq!(state.explaining, None);
    let mut state = explaining();
    assert_eq!(state.explaining, Some(0));
    assert!(state.is_asking() && !state.is_running());
    assert!(state.apply(Action::Explain(Explain::Open(0))).is_empty());
}

#[test]
fn steps_of_an_explanation_are_not_steps_of_the_column() {
    let mut state = explaining();
    let taken = column(&state).track.len();
    state.on_preview(StepPreview {
        picture: None,
        estimates: Vec::new(),
        ..preview(JobId(3), 5)
    });
    let progress = column(&state).explained.progress(Topic::Attention);
    assert_eq!(progress.map(|p| (p.step, p.steps)), Some((5, 20)));
    assert_eq!(column(&state).track.len(), taken);
}

#[test]
fn cancelling_stops_the_job_and_asking_again_starts_another() {
    let mut state = explaining();
    let effects = state.apply(Action::Cancel);
    assert!(
        matches!(effects.as_slice(), [Effect::Cancel(JobId(3))]),
        "{effects:?}"
    );
    state.on_event(JobEvent::Cancelled(JobId(3)));
    let inquiry = column(&state).explained.inquiry(Topic::Attention);
    assert!(matches!(inquiry, Inquiry::Cancelled));
    assert!(column(&state).result().is_some(), "the picture stays");
    let again = Action::Explain(Explain::Ask(0, Topic::Attention, Vec::new()));
    assert_eq!(state.apply(again).len(), 1);
}

#[test]
fn a_failed_explanation_fails_alone() {
    let mut state = explaining();
    state.on_event(JobEvent::Failed(JobId(3), Problem::new("No memory.")));
    let inquiry = column(&state).explained.inquiry(Topic::Attention);
    assert!(matches!(inquiry, Inquiry::Failed(problem) if problem.message == "No memory."));
    assert!(column(&state).result().is_some());
}

#[test]
fn a_piece_left_out_becomes_a_column() {
    let mut state = explaining();
    state.apply(Action::Explain(Explain::Without(0, hungry())));
    assert_eq!(state.explaining, None, "the columns are shown");
    let columns = state.run.as_ref().map(|run| run.columns.as_slice());
    let without = columns
        .and_then(|columns| columns.last())
        .map(|c| &c.request.without);
    assert_eq!(without, Some(&vec![hungry()]));
}

#[test]
fn another_run_stops_what_explains_the_one_before() {
    let mut state = explaining();
    let effects = state.apply(Action::Generate);
    let stopped = effects
        .iter()
        .any(|e| matches!(e, Effect::Cancel(JobId(3))));
    assert!(stopped, "{effects:?}");
    assert_eq!(state.explaining, None);
    assert!(!state.is_asking());
}
