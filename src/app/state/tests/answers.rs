//! One answer from Generate to the finished picture.

use super::*;

#[test]
fn generate_says_what_is_missing() {
    let edited = |change: fn(&mut AppState)| {
        let mut state = ready();
        change(&mut state);
        state
    };
    for (state, blocked) in [
        (ready(), None),
        (fresh(), Some(Blocked::NoFrame)),
        (
            edited(|state| state.frame.opening = true),
            Some(Blocked::Opening),
        ),
        (
            edited(|state| state.form.request.question = "  ".to_owned()),
            Some(Blocked::NoQuestion),
        ),
        (running(), None),
        (
            edited(|state| {
                let missing = vec![(GuidanceMode::Latent, "No adapter.".to_owned())];
                state.bundle = BundleState::Ready(Box::new(BundleSummary {
                    unavailable_modes: missing,
                    ..*summary()
                }));
            }),
            Some(Blocked::ModeMissing("No adapter.".to_owned())),
        ),
    ] {
        assert_eq!(state.generate_blocked(), blocked);
    }
    let mut state = edited(|state| state.form.request.steps = 0);
    assert!(matches!(
        state.generate_blocked(),
        Some(Blocked::Request(_))
    ));
    assert!(state.apply(Action::Generate).is_empty());
    assert!(state.run.is_none());
}

#[test]
fn a_run_goes_from_queue_to_result() {
    let mut state = running();
    state.on_event(JobEvent::StageBegan(JobId(2), Stage::Thinking));
    let answer = WrittenAnswer {
        text: "The cat eats the fish.".to_owned(),
        ..WrittenAnswer::default()
    };
    state.on_event(JobEvent::Answered(JobId(2), 0, answer.clone()));
    assert_eq!(column(&state).answer, Some(answer));
    let mut last = 0.0;
    for step in 1..=20 {
        state.on_preview(preview(JobId(2), step));
        let Phase::Running(progress) = &column(&state).phase else {
            panic!("{:?}", column(&state).phase);
        };
        assert_eq!(
            (progress.stage, progress.step, progress.steps),
            (Stage::Drawing, step, 20)
        );
        assert!(progress.fraction() > last);
        last = progress.fraction();
    }
    state.on_event(JobEvent::Drawn(JobId(2), 0, result(JobId(2))));
    assert!(column(&state).result().is_some());
    assert_eq!(column(&state).notices, ["The question was cut."]);
    assert!(!state.is_running());
    assert_eq!(state.history, ["What happens if the cat gets hungry?"]);
}

#[test]
fn events_of_other_jobs_change_nothing() {
    let mut state = running();
    let old = JobId(1);
    state.on_preview(preview(old, 5));
    state.on_event(JobEvent::Drawn(old, 0, result(old)));
    state.on_event(JobEvent::Cancelled(old));
    state.on_event(JobEvent::Failed(JobId(9), Problem::default()));
    assert!(state.is_running());
    assert!(column(&state).preview.is_none());

    // And none after the end.
    state.on_event(JobEvent::Drawn(JobId(2), 0, result(JobId(2))));
    state.on_preview(preview(JobId(2), 20));
    state.on_event(JobEvent::Cancelled(JobId(2)));
    assert!(column(&state).result().is_some());
}

#[test]
fn cancel_reaches_every_active_column_once_it_has_a_job() {
    let mut state = running();
    let effects = state.apply(Action::Cancel);
    assert!(
        matches!(effects.as_slice(), [Effect::Cancel(JobId(2))]),
        "{effects:?}"
    );
    let Phase::Running(progress) = &column(&state).phase else {
        panic!("still at work");
    };
    assert!(progress.cancelling);
    state.on_event(JobEvent::Cancelled(JobId(2)));
    assert!(matches!(column(&state).phase, Phase::Cancelled));
    assert!(state.apply(Action::Cancel).is_empty());
}

#[test]
fn a_failed_column_can_be_retried_as_it_was() {
    let mut state = running();
    let seed = column(&state).request.seed;
    state.on_event(JobEvent::Failed(JobId(2), Problem::new("Out of memory.")));
    assert!(
        matches!(&column(&state).phase, Phase::Failed(problem) if problem.message == "Out of memory.")
    );
    let effects = state.apply(Action::Retry(0));
    assert!(matches!(
        effects.as_slice(),
        [Effect::Submit(_, JobSpec::Run { requests, .. })] if requests[0].seed == seed
    ));
    assert!(state.is_running());
    assert!(state.apply(Action::Retry(3)).is_empty());
}

#[test]
fn seeds_are_rolled_unless_kept() {
    let mut state = ready();
    let mut seen = Vec::new();
    for job in 2..12 {
        let effects = state.apply(Action::Generate);
        assert_eq!(effects.len(), 1);
        state.apply(Action::Submitted(
            Ticket::Columns(RunId(job - 2), vec![0]),
            JobId(job),
        ));
        seen.push(state.form.request.seed);
        assert_eq!(column(&state).request.seed, state.form.request.seed);
        state.on_event(JobEvent::Drawn(JobId(job), 0, result(JobId(job))));
    }
    seen.dedup();
    assert_eq!(seen.len(), 10);

    state.form.keep_seed = true;
    state.form.request.seed = 99;
    state.apply(Action::Generate);
    assert_eq!(column(&state).request.seed, 99);
}

#[test]
fn one_column_per_mode_is_submitted() {
    let mut state = ready();
    state.form.modes = GuidanceMode::ALL.to_vec();
    let effects = state.apply(Action::Generate);
    let [Effect::Submit(Ticket::Columns(_, columns), JobSpec::Run { requests, .. })] =
        effects.as_slice()
    else {
        panic!("{effects:?}");
    };
    assert_eq!(columns, &[0, 1, 2, 3], "one job for all of them");
    let modes: Vec<_> = requests.iter().map(|request| request.mode).collect();
    assert_eq!(modes, GuidanceMode::ALL);
    let seeds: Vec<_> = requests.iter().map(|request| request.seed).collect();
    assert!(seeds.iter().all(|seed| *seed == seeds[0]), "one noise tape");
}

#[test]
fn results_are_saved_copied_and_asked_about() {
    let mut state = running();
    for action in [Action::SaveResult(0), Action::CopyResult(0)] {
        assert!(state.apply(action).is_empty(), "nothing is finished yet");
    }
    state.on_event(JobEvent::Drawn(JobId(2), 0, result(JobId(2))));
    assert!(matches!(
        state.apply(Action::SaveResult(0)).as_slice(),
        [Effect::Files(FileTask::PickAndSave(_, name))] if name == "what-happens-if-it-rains-latent-42.png"
    ));
    assert!(matches!(
        state.apply(Action::CopyResult(0)).as_slice(),
        [Effect::Files(FileTask::CopyPicture(_))]
    ));
    state.apply(Action::UseAsFrame(0));
    let origin = state.frame.frame.as_ref().map(|frame| frame.origin.clone());
    assert_eq!(origin, Some(FrameOrigin::Result(JobId(2))));
}
