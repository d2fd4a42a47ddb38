//! The form, and the bundle that counts and fills it.

use super::*;

#[test]
fn the_tokens_of_a_question_are_counted() {
    let mut state = ready();
    assert_eq!(state.question_tokens, Some(7));
    let mut form = state.form.clone();
    form.request.question = " one two ".to_owned();
    state.apply(Action::EditForm(Box::new(form)));
    assert_eq!(state.question_tokens, Some(2));
    assert_eq!(fresh().question_tokens, None);
}

#[test]
fn a_loaded_bundle_brings_its_numbers_only_to_an_untouched_form() {
    assert_eq!(ready().form.request.steps, 12);
    let mut state = fresh();
    state.form.request.guidance_scale = 7.5;
    state.apply(Action::Submitted(Ticket::Bundle, JobId(1)));
    state.on_event(JobEvent::Loaded(JobId(1), summary()));
    assert_eq!(
        (state.form.request.steps, state.form.request.guidance_scale),
        (20, 7.5)
    );
    state.apply(Action::ResetForm);
    assert_eq!(
        (state.form.request.steps, state.form.request.guidance_scale),
        (12, 5.0)
    );
}

#[test]
fn a_bundle_that_fails_can_be_loaded_again() {
    let mut state = fresh();
    state.start(Vec::new(), None);
    state.apply(Action::Submitted(Ticket::Bundle, JobId(1)));
    state.on_event(JobEvent::Failed(JobId(1), Problem::new("No such folder.")));
    assert!(matches!(state.bundle, BundleState::Failed(_)));
    let effects = state.apply(Action::ReloadBundle);
    assert!(matches!(
        effects.as_slice(),
        [Effect::Submit(Ticket::Bundle, JobSpec::Load(_))]
    ));
    assert!(matches!(state.bundle, BundleState::Loading));
}

#[test]
fn edits_are_undone_one_interaction_at_a_time() {
    let mut state = ready();
    state.apply(Action::Settle);
    let edit = |state: &mut AppState, steps: usize| {
        let mut form = state.form.clone();
        form.request.steps = steps;
        state.apply(Action::EditForm(Box::new(form)));
    };
    let before = state.form.clone();
    for steps in [20, 21, 22] {
        edit(&mut state, steps); // one drag
    }
    state.apply(Action::Settle);
    edit(&mut state, 40);
    state.apply(Action::Settle);
    state.apply(Action::Undo);
    assert_eq!(state.form.request.steps, 22);
    state.apply(Action::Undo);
    assert_eq!(state.form, before);
    state.apply(Action::Redo);
    state.apply(Action::Redo);
    assert_eq!(state.form.request.steps, 40);
    assert_eq!(state.undo_possible(), (true, false));
    state.apply(Action::Undo);
    edit(&mut state, 9);
    assert!(
        !state.undo_possible().1,
        "a new edit forgets what was undone"
    );
    state.apply(Action::Settle);
    state.apply(Action::ResetForm);
    state.apply(Action::Undo);
    assert_eq!(state.form.request.steps, 9);
}
