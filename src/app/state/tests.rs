//! Actions and events in, state and effects out.

mod grids;

use super::run::View;
use super::*;
use crate::job::{
    EditResult, Estimate, FrameFacts, GuidanceMode, JobEvent, Stage, StepPreview, TokenCounter,
    WrittenAnswer,
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

#[test]
fn starting_loads_the_bundle_and_opens_a_frame() {
    let example = SavedFrame::Example("snowman.png".to_owned());
    let file = SavedFrame::File("last.png".into());
    for (path, last, expected) in [
        (None::<&str>, None, "OpenExample(\"fishbowl.png\")"),
        (None, Some(example.clone()), "OpenExample(\"snowman.png\")"),
        (None, Some(file), "OpenFrame(\"last.png\")"),
        (
            Some("given.png"),
            Some(example),
            "OpenPicture(\"given.png\")",
        ),
    ] {
        let mut state = fresh();
        let files = path.into_iter().map(std::path::PathBuf::from).collect();
        let effects = state.start(files, last);
        assert!(
            matches!(
                effects.as_slice(),
                [Effect::Submit(Ticket::Bundle, JobSpec::Load(BundleSource::Embedded)), Effect::Files(task)]
                    if format!("{task:?}") == expected
            ),
            "{expected}: {effects:?}"
        );
        assert!(state.frame.opening);
    }
}

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

/// A run of two finished columns, submitted as jobs 2 (both at once).
fn compared() -> AppState {
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

#[test]
fn the_cursor_asks_for_pictures_once_and_forgets_old_steps() {
    let mut state = compared();
    let effects = state.apply(Action::Seek(Some(1)));
    let tickets: Vec<Ticket> = effects
        .iter()
        .map(|effect| match effect {
            Effect::Submit(ticket @ Ticket::Moment(..), JobSpec::Show { .. }) => ticket.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(tickets.len(), 2, "one per column");
    for (ticket, job) in tickets.into_iter().zip([7, 8]) {
        state.apply(Action::Submitted(ticket, JobId(job)));
    }
    assert!(state.apply(Action::Seek(Some(1))).is_empty());
    let picture = Arc::new(RgbImage::new(4, 3));
    state.on_event(JobEvent::Shown(JobId(7), picture.clone()));
    assert!(matches!(run(&state).view(0), View::Step(shown) if Arc::ptr_eq(shown, &picture)));
    // The last step is the finished picture itself, and nobody waits for job 8 any more.
    let effects = state.apply(Action::StepBy(1));
    assert!(
        matches!(effects.as_slice(), [Effect::Cancel(JobId(8))]),
        "{effects:?}"
    );
    assert!(matches!(run(&state).view(0), View::Finished(_)));
    state.apply(Action::StepBy(9));
    assert_eq!(run(&state).timeline.cursor, Some(2), "it stays in range");
    state.apply(Action::Seek(None));
    assert_eq!(run(&state).timeline.cursor, None);
}

#[test]
fn time_runs_to_its_end_and_stops() {
    let mut state = compared();
    state.apply(Action::Play(true));
    assert_eq!(run(&state).timeline.cursor, Some(1), "from the start");
    state.apply(Action::Tick);
    assert_eq!(run(&state).timeline.cursor, Some(2));
    state.apply(Action::Tick);
    assert!(!run(&state).timeline.playing);
}

#[test]
fn the_distance_of_the_columns_is_measured() {
    let state = compared();
    let divergence = &run(&state).timeline.divergence;
    assert_eq!(divergence.len(), 2);
    assert_eq!(divergence[0].between, Some(0.0));
    assert_eq!(divergence[1].to_frame, [Some(0.5), Some(0.5)]);
    assert_eq!(run(&state).timeline.parting(), None, "they are the same");
}

#[test]
fn a_branch_keeps_the_path_and_takes_the_numbers_of_the_form() {
    let mut state = compared();
    state.form.request.guidance_scale = 9.0;
    let effects = state.apply(Action::Branch(Moment { column: 1, step: 1 }));
    let [Effect::Submit(Ticket::Columns(_, columns), JobSpec::Run { requests, .. })] =
        effects.as_slice()
    else {
        panic!("{effects:?}");
    };
    assert_eq!(columns, &[2]);
    let request = &requests[0];
    let branch = request.branch.as_ref().expect("it branches");
    assert_eq!((branch.step, request.guidance_scale), (1, 9.0));
    assert!(request.shares_path_with(&branch.from));
    assert_eq!(branch.from.as_ref(), &run(&state).columns[1].request);
}

#[test]
fn another_answer_draws_its_column_again_and_no_other() {
    let mut state = compared();
    let effects = state.apply(Action::AnswerWith(0, "  The cat sings. ".to_owned()));
    assert!(matches!(
        effects.as_slice(),
        [Effect::Submit(Ticket::Columns(_, columns), JobSpec::Run { requests, .. })]
            if columns == &[0] && requests[0].answer.as_deref() == Some("The cat sings.")
    ));
    assert!(matches!(run(&state).view(1), View::Finished(_)));
    assert!(
        state.apply(Action::Retry(1)).is_empty(),
        "one thing at a time"
    );
}

#[test]
fn columns_are_added_and_taken_out() {
    let mut state = compared();
    let effects = state.apply(Action::AddMode(GuidanceMode::Both));
    assert!(matches!(
        effects.as_slice(),
        [Effect::Submit(Ticket::Columns(_, columns), _)] if columns == &[2]
    ));
    assert_eq!(
        run(&state).columns[2].request.seed,
        run(&state).columns[0].request.seed
    );
    state.apply(Action::RemoveColumn(2));
    state.apply(Action::RemoveColumn(0));
    assert_eq!(run(&state).columns.len(), 3, "one is at work");
    let ticket = Ticket::Columns(run(&state).id, vec![2]);
    state.apply(Action::Submitted(ticket, JobId(3)));
    state.on_event(JobEvent::Drawn(JobId(3), 0, result(JobId(3))));
    state.apply(Action::RemoveColumn(2));
    state.apply(Action::RemoveColumn(0));
    assert_eq!(run(&state).columns.len(), 1);
    assert_eq!(run(&state).columns[0].request.mode, GuidanceMode::Latent);
}

#[test]
fn a_run_survives_its_file() {
    let state = compared();
    let mut file = state.run.as_ref().map(Run::to_file).expect("a run");
    file.rest.insert("votes".to_owned(), 3.into());
    let opened = JobEvent::RunOpened(Arc::new(file), "a.lgdrun".into());
    let mut busy = running();
    busy.on_event(opened.clone());
    assert!(!busy.is_running(), "the opened run is shown");
    assert!(busy.is_busy(), "and the drawing goes on behind it");

    let mut fresh = ready();
    fresh.on_event(opened);
    let kept = run(&fresh).to_file().rest;
    assert_eq!(
        kept.get("votes"),
        Some(&3.into()),
        "unknown fields are kept"
    );
    assert_eq!(run(&fresh).columns.len(), 2);
    assert!(matches!(run(&fresh).view(0), View::Finished(_)));
    assert_eq!(fresh.form.request.question, "What happens if it rains?");
    assert!(matches!(
        fresh.apply(Action::OpenPath("b.lgdrun".into())).as_slice(),
        [Effect::Files(FileTask::OpenRun(_))]
    ));
}

#[test]
fn an_example_brings_its_question_but_never_overwrites_an_own_one() {
    for (before, after) in [
        ("", "What happens if it gets terribly hot?"),
        (
            "What happens if the cat gets hungry?",
            "What happens if it gets terribly hot?",
        ),
        (
            "What happens if the cat sings?",
            "What happens if the cat sings?",
        ),
    ] {
        let mut state = ready();
        state.form.request.question = before.to_owned();
        state.apply(Action::OpenExample("snowman.png".to_owned()));
        assert_eq!(state.form.request.question, after);
        assert!(state.frame.opening);
    }
}

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

#[test]
fn opened_files_are_remembered_newest_first_and_once() {
    let mut state = fresh();
    for name in ["a.png", "b.png", "a.png"] {
        state.on_event(JobEvent::FrameOpened(frame(FrameOrigin::File(name.into()))));
    }
    assert_eq!(
        state.recent,
        [PathBuf::from("a.png"), PathBuf::from("b.png")]
    );
    assert_eq!(
        state.session().frame,
        Some(SavedFrame::File("a.png".into()))
    );
}

#[test]
fn trouble_is_told_once_and_can_be_dismissed() {
    let mut state = ready();
    state.apply(Action::PasteFrame);
    assert!(state.frame.opening);
    for _ in 0..2 {
        state.on_event(JobEvent::FrameFailed(Problem::new("There is no picture.")));
    }
    assert!(!state.frame.opening);
    assert!(state.frame.frame.is_some(), "the frame before is kept");
    let [notice] = state.notices.as_slice() else {
        panic!("{:?}", state.notices);
    };
    let id = notice.id;
    state.apply(Action::Dismiss(id));
    assert!(state.notices.is_empty());
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

#[test]
fn several_seeds_are_rows_of_one_run() {
    let mut state = ready();
    state.form.modes = vec![GuidanceMode::Question, GuidanceMode::Latent];
    state.form.rows = 3;
    state.form.keep_seed = true;
    state.form.request.seed = 40;
    state.apply(Action::Generate);
    let columns: Vec<_> = run(&state)
        .columns
        .iter()
        .map(|column| (column.request.seed, column.request.mode))
        .collect();
    let (question, latent) = (GuidanceMode::Question, GuidanceMode::Latent);
    let expected: Vec<_> = (40..43)
        .flat_map(|seed| [(seed, question), (seed, latent)])
        .collect();
    assert_eq!(columns, expected);
    assert_eq!(run(&state).columns_per_seed(), Some(2));
    assert_eq!(run(&compared()).columns_per_seed(), None);
    state.form.rows = 100;
    assert_eq!(state.form.requests().len(), MAX_COLUMNS);
}
