//! Long work: actions and events in, what the desktop is told out.

use super::*;
use crate::job::{JobEvent, Problem, RunKey};

/// Time passes and nobody looks; what ended.
fn unseen(state: &mut AppState, now: f64) -> Vec<Ended> {
    state.watch_work(now, false)
}

#[test]
fn the_title_says_how_far_the_answer_is() {
    let mut state = ready();
    assert_eq!((state.percent_done(), state.work()), (None, vec![]));
    let state_at = |step| {
        let mut state = running();
        state.on_preview(preview(JobId(2), step));
        state.percent_done()
    };
    let (early, late) = (state_at(2), state_at(18));
    assert!(early < late && late < Some(100), "{early:?} {late:?}");
    state.apply(Action::Generate);
    assert_eq!(state.work().len(), 1, "what waits is work");
}

#[test]
fn long_work_that_ends_unseen_is_announced_once() {
    let mut state = running();
    assert_eq!(unseen(&mut state, 0.0), []);
    assert_eq!(unseen(&mut state, 11.0), []);
    state.on_event(JobEvent::Drawn(JobId(2), 0, result(JobId(2))));
    let ended = Ended {
        kind: WorkKind::Answers,
        name: "What happens if the cat gets hungry?".to_owned(),
        well: true,
    };
    assert_eq!(unseen(&mut state, 11.5), [ended]);
    assert_eq!(unseen(&mut state, 12.0), []);
}

#[test]
fn nobody_is_told_what_they_saw_or_stopped_or_do_not_want_to_know() {
    let drawn = |state: &mut AppState| {
        state.on_event(JobEvent::Drawn(JobId(2), 0, result(JobId(2))));
    };
    // Short work.
    let mut state = running();
    unseen(&mut state, 0.0);
    drawn(&mut state);
    assert_eq!(unseen(&mut state, 4.0), []);
    // The window is in front.
    let mut state = running();
    unseen(&mut state, 0.0);
    drawn(&mut state);
    assert_eq!(state.watch_work(60.0, true), []);
    // They stopped it.
    let mut state = running();
    unseen(&mut state, 0.0);
    state.on_event(JobEvent::Cancelled(JobId(2)));
    assert_eq!(unseen(&mut state, 60.0), []);
    // They said so in the settings.
    let mut state = running();
    state.settings.announce = false;
    unseen(&mut state, 0.0);
    drawn(&mut state);
    assert_eq!(unseen(&mut state, 60.0), []);
}

#[test]
fn a_failure_is_announced_as_one() {
    let mut state = running();
    unseen(&mut state, 0.0);
    let problem = Problem::new("The device is gone.");
    state.on_event(JobEvent::Failed(JobId(2), problem));
    let ended = unseen(&mut state, 30.0);
    assert!(matches!(ended.as_slice(), [Ended { well: false, .. }]));
}

#[test]
fn the_machine_stays_awake_over_work_that_lasts() {
    let mut state = running();
    state.watch_work(0.0, true);
    assert!(!state.keeps_awake(), "a quick answer needs no help");
    state.watch_work(6.0, true);
    assert!(state.keeps_awake());
    state.settings.stay_awake = false;
    assert!(!state.keeps_awake());
    state.settings.stay_awake = true;
    state.on_event(JobEvent::Drawn(JobId(2), 0, result(JobId(2))));
    state.watch_work(7.0, true);
    assert!(!state.keeps_awake());
}

#[test]
fn quitting_asks_only_where_something_would_stop() {
    let mut state = ready();
    state.apply(Action::Quit);
    assert!(state.quitting);

    let mut state = running();
    state.apply(Action::Quit);
    assert!(!state.quitting);
    assert_eq!(state.dialog, Some(Dialog::Quit));
    let lost = (Stake::Lost, WorkKind::Answers, 1);
    assert_eq!(state.stakes(), [lost], "nothing keeps it");
    state.apply(Action::CloseDialog);
    assert!(!state.quitting);
    // Where it is kept, it waits.
    if let Some(run) = &mut state.run {
        run.key = Some(RunKey(1));
    }
    assert_eq!(state.stakes(), [(Stake::Waits, WorkKind::Answers, 1)]);
    state.apply(Action::Quit);
    state.apply(Action::QuitNow);
    assert!(state.quitting);
}

#[test]
fn files_of_another_start_are_opened_here() {
    let mut state = ready();
    let files: Vec<PathBuf> = ["/a.png", "/b.lgdrun", "/c.jpg"].map(PathBuf::from).into();
    let effects = state.on_event(JobEvent::StartedAgain(files.clone()));
    assert!(state.raised);
    assert!(
        matches!(
            effects.as_slice(),
            [
                Effect::Files(FileTask::OpenPicture(picture)),
                Effect::Files(FileTask::OpenRun(run)),
            ] if picture == &files[0] && run == &files[1]
        ),
        "{effects:?}"
    );
    assert_eq!(state.recent, [files[2].clone()], "at hand");

    // Without files it only comes to the front.
    state.raised = false;
    assert!(
        state
            .on_event(JobEvent::StartedAgain(Vec::new()))
            .is_empty()
    );
    assert!(state.raised);
}
