//! Columns beside each other, and time in them.

use super::*;

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
