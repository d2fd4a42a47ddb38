//! The queue: actions and events in, state and effects out.

use super::*;
use crate::job::{
    FrameFacts, GuidanceMode, JobEvent, KeptColumn, KeptRun, KeptState, RunEntry, RunKey,
    StoreEvent,
};
use image::RgbImage;

/// Performs the effects that submit something, as jobs from `first` on, and returns the others.
fn perform(state: &mut AppState, effects: Vec<Effect>, first: u64) -> Vec<Effect> {
    let mut job = first;
    let mut others = Vec::new();
    for effect in effects {
        match effect {
            Effect::Submit(ticket, _) | Effect::Draw(ticket, ..) => {
                others.extend(state.apply(Action::Submitted(ticket, JobId(job))));
                job += 1;
            }
            other => others.push(other),
        }
    }
    others
}

/// Job 2 is drawn, jobs 3 and 4 wait behind it.
fn queued() -> AppState {
    let mut state = running();
    for job in [3, 4] {
        let effects = state.apply(Action::Generate);
        let others = perform(&mut state, effects, job);
        assert!(others.is_empty(), "{others:?}");
    }
    state
}

fn act(state: &mut AppState, action: QueueAction) -> Vec<Effect> {
    state.apply(Action::Queue(action))
}

fn order(state: &AppState) -> Vec<u64> {
    let jobs = state.runs_in_queue().into_iter().flat_map(Run::jobs);
    jobs.map(|job| job.0).collect()
}

fn id_of(state: &AppState, job: u64) -> RunId {
    let runs = state.runs_in_queue().into_iter();
    let mut drawn = runs.filter(|run| run.jobs().contains(&JobId(job)));
    drawn.next().map(|run| run.id).expect("it is in the queue")
}

#[test]
fn what_is_asked_while_an_answer_is_drawn_waits_behind_it() {
    let mut state = queued();
    assert_eq!(run(&state).jobs(), [JobId(2)], "the page stays as it is");
    assert_eq!(order(&state), [2, 3, 4]);
    state.on_event(JobEvent::Drawn(JobId(2), 0, result(JobId(2))));
    assert_eq!(order(&state), [3, 4]);
    assert!(!state.is_running() && state.is_busy());

    // What the others report reaches them, and nothing of it the page.
    state.on_event(JobEvent::Started(JobId(3)));
    state.on_event(JobEvent::Seen(JobId(3), estimate(0.5)));
    state.on_preview(preview(JobId(3), 1));
    let behind = state.run_by_id(id_of(&state, 3)).expect("it works behind");
    assert_eq!((behind.steps_taken(), behind.seen.is_some()), (1, true));
    assert!(column(&state).result().is_some());
    let id = behind.id;
    state.on_event(JobEvent::Drawn(JobId(3), 0, result(JobId(3))));
    let ready = NoticeKind::RunReady(id, "What happens if the cat gets hungry?".to_owned());
    assert!(state.notices.iter().any(|notice| notice.kind == ready));

    act(&mut state, QueueAction::Show(id));
    assert_eq!(run(&state).id, id);
    assert!(state.notices.is_empty(), "who looks needs no notice");
    assert_eq!(state.runs_over().len(), 2, "the run before stays at hand");
}

#[test]
fn a_new_answer_takes_the_page_when_nothing_is_drawn_there() {
    let mut state = queued();
    state.on_event(JobEvent::Drawn(JobId(2), 0, result(JobId(2))));
    let effects = state.apply(Action::Generate);
    perform(&mut state, effects, 5);
    assert_eq!(run(&state).jobs(), [JobId(5)]);
    assert_eq!(order(&state), [3, 4, 5], "but it waits for its turn");
}

#[test]
fn runs_are_moved_held_and_drawn_next() {
    let mut state = queued();
    let (third, fourth) = (id_of(&state, 3), id_of(&state, 4));
    for (action, expected) in [
        (QueueAction::Move(fourth, 1), [2, 4, 3]),
        (QueueAction::Move(fourth, 99), [2, 3, 4]),
        (QueueAction::Move(third, 0), [3, 2, 4]),
    ] {
        let effects = act(&mut state, action);
        assert_eq!(order(&state), expected);
        let jobs = expected.map(JobId);
        assert!(
            matches!(effects.as_slice(), [Effect::Order(order)] if *order == jobs),
            "{effects:?}"
        );
    }
    let effects = act(&mut state, QueueAction::Hold(true));
    assert!(matches!(effects.as_slice(), [Effect::Hold(true)]));
    assert!(state.queue.held);
    let effects = act(&mut state, QueueAction::Next(fourth));
    assert!(matches!(
        effects.as_slice(),
        [Effect::Order(order), Effect::Hold(false)] if order.first() == Some(&JobId(4))
    ));
}

#[test]
fn one_or_all_are_cancelled_and_an_empty_queue_is_not_held() {
    let mut state = queued();
    act(&mut state, QueueAction::Hold(true));
    let third = id_of(&state, 3);
    let effects = act(&mut state, QueueAction::Cancel(third));
    assert!(matches!(effects.as_slice(), [Effect::Cancel(JobId(3))]));
    state.on_event(JobEvent::Cancelled(JobId(3)));
    assert_eq!(order(&state), [2, 4]);
    let effects = act(&mut state, QueueAction::CancelAll);
    assert!(matches!(
        effects.as_slice(),
        [Effect::Cancel(JobId(2)), Effect::Cancel(JobId(4))]
    ));
    assert!(state.on_event(JobEvent::Cancelled(JobId(4))).is_empty());
    let effects = state.on_event(JobEvent::Cancelled(JobId(2)));
    assert!(matches!(effects.as_slice(), [Effect::Hold(false)]));
    assert!(!state.queue.held && !state.is_busy());
    assert!(state.notices.is_empty(), "a cancelled run is no news");
    act(&mut state, QueueAction::Dismiss(third));
    assert!(state.run_by_id(third).is_none());
}

#[test]
fn a_failed_run_is_tried_again_where_it_is() {
    let mut state = queued();
    let third = id_of(&state, 3);
    let asked = state
        .run_by_id(third)
        .map(|run| run.columns[0].request.clone());
    state.on_event(JobEvent::Failed(JobId(3), Problem::new("Out of memory.")));
    assert_eq!(order(&state), [2, 4]);
    let effects = act(&mut state, QueueAction::Retry(third));
    let [Effect::Submit(Ticket::Columns(id, _), JobSpec::Run { requests, .. })] =
        effects.as_slice()
    else {
        panic!("{effects:?}");
    };
    assert_eq!((*id, requests.first()), (third, asked.as_ref()));
    perform(&mut state, effects, 9);
    assert_eq!(order(&state), [2, 4, 9]);
    assert!(act(&mut state, QueueAction::Retry(third)).is_empty());
}

#[test]
fn runs_are_kept_where_there_is_a_place_and_a_person_wants_it() {
    for (place, wanted, kept) in [
        (true, true, true),
        (true, false, false),
        (false, true, false),
    ] {
        let mut state = ready();
        state.keeps_runs = place;
        state.settings.keep_runs = wanted;
        let effects = state.apply(Action::Generate);
        assert_eq!(
            matches!(effects.as_slice(), [Effect::Draw(..)]),
            kept,
            "{effects:?}"
        );
    }
    // Once it is kept, its later columns go into the same run.
    let mut state = ready();
    state.keeps_runs = true;
    let effects = state.apply(Action::Generate);
    perform(&mut state, effects, 2);
    state.on_event(JobEvent::Store(StoreEvent::Kept(JobId(2), RunKey(77))));
    state.on_event(JobEvent::Drawn(JobId(2), 0, result(JobId(2))));
    state.settings.keep_runs = false;
    let effects = state.apply(Action::AddMode(GuidanceMode::Both));
    let [Effect::Draw(_, _, draft)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(
        (draft.run, draft.drawing.as_slice()),
        (Some(RunKey(77)), &[1][..])
    );
    assert!(draft.columns[0].1.is_some() && draft.columns[1].1.is_none());
}

/// A kept run of a finished column and two that were to be drawn, the first of them up to step 2.
fn kept(key: i64) -> KeptRun {
    let done = result(JobId(0));
    let request = EditRequest {
        steps: 20,
        ..done.request.clone()
    };
    let column = |track: usize| KeptColumn {
        request: request.clone(),
        result: None,
        answer: None,
        track: (0..track).map(|step| estimate(step as f32)).collect(),
    };
    KeptRun {
        entry: RunEntry {
            id: RunKey(key),
            created: 0,
            question: request.question.clone(),
            modes: Vec::new(),
            seeds: Vec::new(),
            bundle: String::new(),
            bundle_fingerprint: String::new(),
            bundle_source: BundleSource::Embedded,
            frame: FrameFacts::default(),
            columns: Vec::new(),
            finished: 1,
            state: KeptState::Interrupted,
            problem: None,
            starred: false,
            file: PathBuf::new(),
            frame_file: PathBuf::new(),
        },
        frame: Frame::new(RgbImage::new(4, 3), FrameOrigin::Clipboard),
        seen: None,
        columns: vec![
            KeptColumn {
                request: done.request.clone(),
                result: Some(done.clone()),
                answer: None,
                track: done.track.to_vec(),
            },
            column(2),
            column(0),
        ],
        unfinished: vec![1, 2],
        grid: None,
        target: None,
        timings: Vec::new(),
        rest: serde_json::Map::new(),
    }
}

/// Two runs came back, as jobs 11 and 12.
fn returned() -> AppState {
    let mut state = ready();
    state.keeps_runs = true;
    let mut second = kept(6);
    second.unfinished = vec![1];
    second.columns.truncate(2);
    let runs = vec![kept(5), second];
    let effects = state.on_event(JobEvent::Store(StoreEvent::Recovered(runs)));
    assert!(
        matches!(effects.first(), Some(Effect::Hold(true))),
        "first of all"
    );
    let keys: Vec<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Draw(_, _, draft) => Some((draft.run, draft.drawing.clone())),
            _ => None,
        })
        .collect();
    let expected = [(Some(RunKey(5)), vec![1, 2]), (Some(RunKey(6)), vec![1])];
    assert_eq!(keys, expected);
    let draws = effects
        .into_iter()
        .filter(|effect| matches!(effect, Effect::Draw(..)))
        .collect();
    perform(&mut state, draws, 11);
    state
}

#[test]
fn a_queue_comes_back_held_and_goes_on() {
    let mut state = returned();
    assert!(state.queue.held);
    assert_eq!(
        order(&state),
        [11, 12],
        "one that was cut off waits as well"
    );
    assert!(matches!(
        state.notices.as_slice(),
        [notice] if notice.kind == NoticeKind::QueueReturned(2)
    ));
    let columns = &run(&state).columns;
    assert!(columns[0].result().is_some());
    assert!(matches!(columns[1].phase, Phase::Interrupted { .. }));
    assert!(
        matches!(columns[2].phase, Phase::Queued),
        "it had not begun"
    );
    assert_eq!(
        run(&state).last_step(1),
        Some(Moment { column: 1, step: 2 })
    );

    act(&mut state, QueueAction::Open(true));
    assert!(state.notices.is_empty(), "the list offers the same");
    let effects = act(&mut state, QueueAction::Hold(false));
    assert!(matches!(effects.as_slice(), [Effect::Hold(false)]));
    state.on_event(JobEvent::Started(JobId(11)));
    let columns = &run(&state).columns;
    assert!(
        columns[1].is_drawing() && columns[1].track.is_empty(),
        "from the start"
    );
    for place in [0, 1] {
        state.on_event(JobEvent::Drawn(JobId(11), place, result(JobId(11))));
    }
    assert!(run(&state).columns.iter().all(|c| c.result().is_some()));
    assert_eq!(order(&state), [12]);
}

#[test]
fn a_discarded_queue_leaves_what_was_drawn_to_look_at() {
    let mut state = returned();
    let effects = act(&mut state, QueueAction::CancelAll);
    assert_eq!(effects.len(), 2);
    for job in [11, 12] {
        state.on_event(JobEvent::Cancelled(JobId(job)));
    }
    assert!(!state.queue.held && !state.is_busy() && state.notices.is_empty());
    assert!(matches!(column(&state).phase, Phase::Finished(_)));
    assert!(matches!(
        run(&state).columns[1].phase,
        Phase::Interrupted { .. }
    ));
    assert!(!state.is_running());
    assert!(run(&state).columns[1].can_be_retried());
    // It can be drawn again on its own.
    let effects = state.apply(Action::Retry(1));
    assert!(matches!(
        effects.as_slice(),
        [Effect::Draw(_, JobSpec::Run { requests, .. }, draft)]
            if requests.len() == 1 && draft.drawing == [1]
    ));
}

#[test]
fn drawing_again_what_waits_comes_first_and_lets_the_queue_go_on() {
    let mut state = returned();
    let effects = state.apply(Action::Retry(1));
    assert!(matches!(
        effects.as_slice(),
        [Effect::Order(order), Effect::Hold(false)] if order.first() == Some(&JobId(11))
    ));
}

#[test]
fn what_cannot_be_kept_is_told_and_nothing_stops() {
    let mut state = running();
    let off = StoreEvent::Off(Problem::new("The folder cannot be written.").hint("Make room."));
    state.on_event(JobEvent::Store(off));
    assert!(matches!(
        state.notices.as_slice(),
        [notice] if matches!(notice.kind, NoticeKind::Trouble(_))
    ));
    assert!(state.is_running());
}
