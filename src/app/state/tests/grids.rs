//! Maps, grids, pairs, and what pictures are compared with.

use super::*;
use crate::job::{Axis, Grid, GridProblem, Parameter, Target};

/// A state that draws a grid of these axes as job 2.
fn drawing(x: &str, y: &str) -> AppState {
    let mut state = ready();
    let axis = |parameter, values: &str| AxisDraft {
        parameter: Some(parameter),
        values: values.to_owned(),
    };
    let mut form = state.form.clone();
    form.request.steps = 2;
    form.grid.x = axis(Parameter::GuidanceScale, x);
    form.grid.y = axis(Parameter::ImageGuidanceScale, y);
    state.apply(Action::EditForm(Box::new(form)));
    let effects = state.apply(GridAction::Draw.into());
    let Some(Effect::Submit(ticket @ Ticket::Columns(..), _)) = effects.first() else {
        panic!("{effects:?}");
    };
    state.apply(Action::Submitted(ticket.clone(), JobId(2)));
    state.on_event(JobEvent::Started(JobId(2)));
    state
}

/// What the worker would draw in a cell.
fn drawn(state: &mut AppState, cell: usize) {
    let request = run(state).columns[cell].request.clone();
    let result = EditResult {
        request,
        stages: vec![crate::job::StageSeconds {
            stage: Stage::Drawing,
            seconds: 3.0,
        }],
        ..result(JobId(2)).as_ref().clone()
    };
    state.on_event(JobEvent::Drawn(JobId(2), cell, Arc::new(result)));
}

fn scales(request: &EditRequest) -> (f64, f64) {
    (request.guidance_scale, request.image_guidance_scale)
}

#[test]
fn a_map_is_planned_around_the_form_and_drawn_from_one_seed() {
    let mut state = ready();
    state.form.request.guidance_scale = 7.5;
    state.apply(GridAction::Plan { map: true }.into());
    assert_eq!(state.dialog, Some(Dialog::Grid));
    assert_eq!(state.form.grid.x.values, "1.5..13.5:3");
    let effects = state.apply(GridAction::Draw.into());
    let [Effect::Submit(Ticket::Columns(_, cells), JobSpec::Run { requests, .. })] =
        effects.as_slice()
    else {
        panic!("{effects:?}");
    };
    assert_eq!((cells.len(), requests.len()), (25, 25));
    let seed = state.form.request.seed;
    assert!(
        requests.iter().all(|request| request.seed == seed),
        "one noise tape"
    );
    assert_eq!(state.dialog, None);
    // The form's own values are the middle, and chosen first.
    assert_eq!((run(&state).home, run(&state).chosen), (12, 12));
    assert_eq!(state.present_cell(), Some(12));
    assert_eq!(scales(&requests[12]), (7.5, 1.5));
    state.apply(Action::Undo);
    assert_eq!(state.form.grid.x.values, "1..9:2", "planning can be undone");
}

#[test]
fn finished_cells_stay_when_the_rest_is_cancelled_and_drawn_later() {
    let mut state = drawing("1,2", "3,4");
    drawn(&mut state, 1);
    assert!(matches!(
        state.apply(Action::Cancel).as_slice(),
        [Effect::Cancel(JobId(2))]
    ));
    state.on_event(JobEvent::Cancelled(JobId(2)));
    assert!(matches!(run(&state).view(1), View::Finished(_)));
    assert!(matches!(run(&state).columns[2].phase, Phase::Cancelled));
    assert_eq!(run(&state).cells_done(), (1, 4));
    let effects = state.apply(GridAction::DrawRest.into());
    assert!(
        matches!(effects.as_slice(), [Effect::Submit(Ticket::Columns(_, cells), _)] if cells == &[0, 2, 3]),
        "{effects:?}"
    );
    assert!(matches!(run(&state).view(1), View::Finished(_)));
    assert!(state.apply(GridAction::DrawRest.into()).is_empty());
}

#[test]
fn a_cell_is_chosen_and_adopted_as_one_step() {
    let mut state = drawing("1,2", "3,4");
    for cell in 0..4 {
        drawn(&mut state, cell);
    }
    let before = state.form.clone();
    assert_eq!(state.present_cell(), None);
    state.apply(GridAction::Choose(2).into());
    assert_eq!(run(&state).measured(), [2, 3], "against the middle");
    state.apply(GridAction::Choose(9).into());
    assert_eq!(run(&state).chosen, 2, "there is no tenth cell");
    state.apply(GridAction::Adopt(2).into());
    assert_eq!(scales(&state.form.request), (1.0, 4.0));
    assert_eq!(state.present_cell(), Some(2));
    assert_eq!(state.form.request.seed, before.request.seed);
    state.apply(Action::Undo);
    assert_eq!(state.form, before);
    // Only the chosen cell is decoded under the cursor.
    let effects = state.apply(Action::Seek(Some(1)));
    assert!(
        matches!(effects.as_slice(), [Effect::Submit(Ticket::Moment(_, moment), _)] if moment.column == 2),
        "{effects:?}"
    );
}

#[test]
fn adopting_a_seed_keeps_it_and_a_mode_replaces_the_others() {
    let mut state = ready();
    let mut form = state.form.clone();
    form.modes = GuidanceMode::ALL.to_vec();
    form.grid.x = AxisDraft {
        parameter: Some(Parameter::Seed),
        values: "7..9".to_owned(),
    };
    form.grid.y = AxisDraft {
        parameter: Some(Parameter::Mode),
        values: "latent, both".to_owned(),
    };
    state.apply(Action::EditForm(Box::new(form)));
    state.apply(GridAction::Draw.into());
    state.apply(GridAction::Adopt(4).into());
    assert_eq!(state.form.modes, [GuidanceMode::Both]);
    assert_eq!((state.form.request.seed, state.form.keep_seed), (8, true));
}

#[test]
fn grids_that_cannot_be_drawn_say_why() {
    let edited = |x: &str, parameter| {
        let mut state = ready();
        state.form.grid.x.values = x.to_owned();
        state.form.grid.y.parameter = parameter;
        state
    };
    let image = Some(Parameter::ImageGuidanceScale);
    for (state, blocked) in [
        (edited("1,x", image), Blocked::Axis),
        (
            edited("1..20", image),
            Blocked::Grid(GridProblem::TooMany(100)),
        ),
        (
            edited("1..3", Some(Parameter::GuidanceScale)),
            Blocked::Grid(GridProblem::SameParameter),
        ),
        (fresh(), Blocked::NoFrame),
    ] {
        assert_eq!(state.planned_grid(), Err(blocked));
    }
    assert!(matches!(
        edited("1,200", image).planned_grid(),
        Err(Blocked::Request(_))
    ));
    let mut blocked = edited("1,x", image);
    assert!(blocked.apply(GridAction::Draw.into()).is_empty());
}

#[test]
fn the_time_of_a_grid_is_known_after_the_first_run() {
    let mut state = drawing("1,2", "3,4");
    let requests: Vec<_> = run(&state)
        .columns
        .iter()
        .map(|c| c.request.clone())
        .collect();
    assert_eq!(state.seconds_for(&requests), None);
    for cell in 0..4 {
        drawn(&mut state, cell);
    }
    state.on_event(JobEvent::Finished(JobId(2)));
    // Four cells of two steps took three seconds.
    assert_eq!(state.seconds_for(&requests), Some(3.0));
}

#[test]
fn a_grid_survives_its_file_and_knows_what_is_missing() {
    let mut state = drawing("1,2", "3,4");
    for cell in [3, 0] {
        drawn(&mut state, cell);
    }
    let file = run(&state).to_file();
    assert_eq!(file.columns.len(), 2);
    let mut fresh = ready();
    fresh.on_event(JobEvent::RunOpened(
        Arc::new(file.clone()),
        "a.lgdrun".into(),
    ));
    assert_eq!(run(&fresh).grid, run(&state).grid);
    assert_eq!(run(&fresh).cells_done(), (2, 4));
    assert!(matches!(run(&fresh).view(3), View::Finished(_)));
    assert_eq!(scales(&run(&fresh).columns[1].request), (2.0, 3.0));
    let effects = fresh.apply(GridAction::DrawRest.into());
    assert!(matches!(
        effects.as_slice(),
        [Effect::Submit(Ticket::Columns(_, cells), _)] if cells == &[1, 2]
    ));
    // Axes that do not fit the columns are left alone.
    let mut odd = file;
    odd.grid = Some(Grid {
        x: Axis::parse(Parameter::Steps, "99").ok(),
        y: None,
    });
    fresh = ready();
    fresh.on_event(JobEvent::RunOpened(Arc::new(odd), "b.lgdrun".into()));
    assert_eq!(run(&fresh).grid, None);
    assert_eq!(run(&fresh).columns.len(), 2);
}

#[test]
fn a_kept_grid_comes_back_with_its_axes() {
    let mut state = drawing("1,2,3", "3,4,5");
    for cell in [0, 1] {
        drawn(&mut state, cell);
    }
    let draft = run(&state).to_draft(BundleSource::Embedded, Vec::new());
    assert_eq!(draft.grid, run(&state).grid);
    // Killed before a file was written, the store knows the requests alone.
    let requests: Vec<_> = draft
        .columns
        .iter()
        .map(|(request, _)| request.clone())
        .collect();
    assert_eq!(Grid::of(&requests), draft.grid);
    let file = crate::job::RunFile {
        grid: None,
        ..run(&state).to_file()
    };
    let mut fresh = ready();
    fresh.on_event(JobEvent::RunOpened(Arc::new(file), "a.lgdrun".into()));
    assert_eq!(run(&fresh).grid, None, "two pictures may be anything");
}

#[test]
fn a_grid_waits_for_its_turn_like_any_run() {
    let mut state = running();
    let effects = state.apply(GridAction::Draw.into());
    let [Effect::Submit(Ticket::Columns(id, cells), _)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(cells.len(), 25);
    let waiting = state.run_by_id(*id).expect("it waits");
    assert!(waiting.board().is_some());
    assert!(
        run(&state).board().is_none(),
        "the page shows what is being drawn"
    );
}

#[test]
fn two_questions_are_asked_in_every_mode() {
    let mut state = ready();
    state.form.modes = vec![GuidanceMode::Question, GuidanceMode::Latent];
    state.form.rows = 3;
    for useless in ["", " What happens if the cat gets hungry? "] {
        state.form.second = Some(useless.to_owned());
        assert_eq!(state.generate_blocked(), Some(Blocked::SecondQuestion));
    }
    state.form.second = Some("What happens if it rains? ".to_owned());
    let effects = state.apply(Action::Generate);
    let [Effect::Submit(Ticket::Columns(_, columns), JobSpec::Run { requests, .. })] =
        effects.as_slice()
    else {
        panic!("{effects:?}");
    };
    assert_eq!(columns, &[0, 1, 2, 3]);
    let asked: Vec<_> = requests
        .iter()
        .map(|request| (request.mode, request.question.as_str()))
        .collect();
    let (hungry, rains) = (
        "What happens if the cat gets hungry?",
        "What happens if it rains?",
    );
    let (question, latent) = (GuidanceMode::Question, GuidanceMode::Latent);
    assert_eq!(
        asked,
        [
            (question, hungry),
            (question, rains),
            (latent, hungry),
            (latent, rains)
        ]
    );
    assert!(
        requests
            .iter()
            .all(|request| request.seed == requests[0].seed)
    );
    assert!(run(&state).pairs().is_some() && run(&state).board().is_none());
    assert_eq!(run(&state).measured(), [0, 1, 2, 3]);
    assert!(state.apply(Action::AddMode(GuidanceMode::Both)).is_empty());
}

#[test]
fn clip_is_asked_about_one_pair_at_a_time() {
    let mut state = compared();
    let picture = || Arc::new(RgbImage::new(4, 3));
    let (a, b, c) = (picture(), picture(), picture());
    let effects = state.apply(Action::Measure(a.clone(), b.clone()));
    let [
        Effect::Files(FileTask::Measure(..)),
        Effect::Submit(ticket, JobSpec::Liken { .. }),
    ] = effects.as_slice()
    else {
        panic!("{effects:?}");
    };
    state.apply(Action::Submitted(ticket.clone(), JobId(7)));
    assert!(!state.should_measure(&a, &b) && state.should_measure(&a, &c));
    let effects = state.apply(Action::Measure(a.clone(), c.clone()));
    assert!(
        matches!(effects.as_slice(), [Effect::Files(_)]),
        "{effects:?}"
    );
    assert!(!state.should_measure(&a, &c), "CLIP is busy");
    state.on_event(JobEvent::Likened(a.clone(), b.clone(), Some(0.75)));
    state.on_event(JobEvent::Finished(JobId(7)));
    assert_eq!(state.likeness_of(&a, &b), Likeness::Known(0.75));
    assert!(state.should_measure(&a, &c));

    let effects = state.apply(Action::Measure(a.clone(), c.clone()));
    assert!(
        matches!(effects.as_slice(), [Effect::Submit(..)]),
        "{effects:?}"
    );
    state.apply(Action::Submitted(Ticket::Likeness, JobId(8)));
    state.on_event(JobEvent::Likened(a.clone(), c.clone(), None));
    state.on_event(JobEvent::Finished(JobId(8)));
    assert_eq!(state.likeness_of(&a, &c), Likeness::NoJudge);
    assert!(!state.should_measure(&a, &c), "it is never asked again");

    let mut state = compared();
    state.apply(Action::Measure(a.clone(), b.clone()));
    state.apply(Action::Submitted(Ticket::Likeness, JobId(9)));
    let problem = Problem::new("A file of the bundle is missing.");
    state.on_event(JobEvent::Failed(JobId(9), problem.clone()));
    assert_eq!(state.likeness_of(&a, &b), Likeness::Failed(problem));
    assert!(
        matches!(run(&state).view(0), View::Finished(_)),
        "no column failed"
    );
}

#[test]
fn a_target_belongs_to_its_run() {
    let mut state = compared();
    let effects = state.apply(TargetAction::Open("hoped.png".into()).into());
    assert!(matches!(
        effects.as_slice(),
        [Effect::Files(FileTask::OpenTarget(_, (4, 3)))]
    ));
    let target = |size| {
        let target = Target::new(RgbImage::new(9, 9), "hoped.png".to_owned(), size);
        JobEvent::TargetOpened(Arc::new(target))
    };
    state.on_event(target((8, 8)));
    assert!(run(&state).target.is_none(), "it was made for another run");
    state.on_event(target((4, 3)));
    let file = run(&state).to_file();
    let kept = file
        .target
        .as_ref()
        .map(|target| target.facts.name.as_str());
    assert_eq!(kept, Some("hoped.png"));
    state.apply(TargetAction::Remove.into());
    assert!(run(&state).target.is_none());
    assert!(fresh().apply(TargetAction::Pick.into()).is_empty());
}
