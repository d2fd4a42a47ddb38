//! Evaluations as the state sees them: drafts, what is asked for, what comes back.

use super::*;
use crate::app::settings::{Session, Settings};
use crate::app::state::{Action, Page};
use crate::job::{BundleSource, Expected, GuidanceMode, MethodReport};
use std::path::Path;

fn state() -> AppState {
    let mut state = AppState::new(
        Settings::default(),
        Session::default(),
        BundleSource::Embedded,
        1,
    );
    state.evaluate.home = Some("/data/evaluations".into());
    state
}

fn edit(state: &mut AppState, change: impl FnOnce(&mut EvaluationDraft)) -> Vec<Effect> {
    let mut draft = state.evaluate.draft.clone();
    change(&mut draft);
    state.apply(Action::Evaluate(EvaluateAction::Edit(Box::new(draft))))
}

fn with_data(draft: &mut EvaluationDraft) {
    draft.dataset = "/sets/vqai".into();
}

fn validation(evaluation: Option<Evaluation>) -> Arc<Validation> {
    Arc::new(Validation {
        samples: 2,
        unscored: evaluation.is_none().then(|| Problem::new("no CLIP")),
        evaluation,
        ..Validation::default()
    })
}

#[test]
fn a_draft_is_the_papers_until_somebody_changes_it() {
    let mut state = state();
    assert_eq!(state.evaluation_wanted(), Err(DraftProblem::NoData));
    assert!(edit(&mut state, |draft| draft.limit = "5".into()).is_empty());
    let effects = edit(&mut state, with_data);
    let [Effect::Files(FileTask::Foresee(spec))] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!((spec.seeds.len(), spec.settings.steps), (9, 50));
    assert_eq!(spec.limit, Some(5));
    assert_eq!(spec.modes.len(), 3);
    let usual = Path::new("/data/evaluations/vqai-val-toon-tiny-50-7.5-1.8-x9");
    assert_eq!(spec.output, usual);
    type Change = fn(&mut EvaluationDraft);
    let changes: [(Change, DraftProblem); 3] = [
        (|draft| draft.modes.clear(), DraftProblem::NoMode),
        (|draft| draft.seeds = "1, two".into(), DraftProblem::Seeds),
        (|draft| draft.limit = "0".into(), DraftProblem::Limit),
    ];
    for (change, problem) in changes {
        let before = state.evaluate.draft.clone();
        assert!(edit(&mut state, change).is_empty());
        assert_eq!(state.evaluation_wanted(), Err(problem));
        assert!(
            state
                .apply(Action::Evaluate(EvaluateAction::Start))
                .is_empty()
        );
        edit(&mut state, |draft| *draft = before);
    }
    edit(&mut state, |draft| draft.seeds = "7 7, 13;".into());
    assert_eq!(state.evaluate.draft.seeds(), Some(vec![7, 13]));
    let paper = state.evaluate.draft.as_paper();
    assert_eq!(paper.seeds().map(|seeds| seeds.len()), Some(9));
    assert_eq!(paper.limit, "5");
    // It is there again after the next start.
    assert_eq!(state.session().evaluation, state.evaluate.draft);
}

#[test]
fn only_the_outlook_of_the_newest_draft_is_shown() {
    let mut state = state();
    edit(&mut state, with_data);
    let old = state.evaluation_wanted().expect("complete");
    edit(&mut state, |draft| draft.modes = vec![GuidanceMode::Both]);
    let new = state.evaluation_wanted().expect("complete");
    let outlook = |pictures| {
        Box::new(Outlook {
            splits: vec!["val".into()],
            work: Ok(Expected {
                pictures,
                ..Expected::default()
            }),
        })
    };
    state.on_event(JobEvent::Foreseen(Box::new(old), outlook(1)));
    assert!(state.evaluate.outlook.is_none() && state.evaluate.looking);
    state.on_event(JobEvent::Foreseen(Box::new(new), outlook(2)));
    assert_eq!(state.evaluate.outlook, Some(*outlook(2)));
    assert!(!state.evaluate.looking);
}

#[test]
fn an_evaluation_runs_is_stopped_and_goes_on() {
    let mut state = state();
    state.apply(Action::ShowPage(Page::Evaluate));
    edit(&mut state, with_data);
    let start = || Action::Evaluate(EvaluateAction::Start);
    let effects = state.apply(start());
    assert!(matches!(
        effects.as_slice(),
        [Effect::Submit(Ticket::Evaluation, JobSpec::Validate(_))]
    ));
    state.apply(Action::Submitted(Ticket::Evaluation, JobId(7)));
    assert!(state.apply(start()).is_empty(), "one at a time");
    state.on_event(JobEvent::Started(JobId(7)));
    let preview = |job, step| StepPreview {
        job: JobId(job),
        column: 0,
        step,
        steps: 100,
        seconds_left: 3.0,
        picture: None,
        estimates: Vec::new(),
    };
    state.on_preview(preview(7, 40));
    state.on_preview(preview(6, 90));
    let going = state.evaluate.going.clone().expect("at work");
    assert_eq!((going.step, going.stage), (40, Some(Stage::Drawing)));
    let stop = state.apply(Action::Evaluate(EvaluateAction::Stop));
    assert!(matches!(stop.as_slice(), [Effect::Cancel(JobId(7))]));
    // What was drawn is looked at again.
    let effects = state.on_event(JobEvent::Cancelled(JobId(7)));
    assert!(matches!(
        effects.as_slice(),
        [Effect::Files(FileTask::Foresee(_))]
    ));
    assert!(state.evaluate.going.is_none() && state.evaluate.problem.is_none());

    state.apply(start());
    state.apply(Action::Submitted(Ticket::Evaluation, JobId(8)));
    state.on_event(JobEvent::Validated(JobId(8), validation(None)));
    assert!(state.evaluate.shown.is_none() && state.evaluate.unscored.is_some());
    assert_eq!(state.evaluate.problem, Some(Problem::new("no CLIP")));
    state.apply(start());
    state.apply(Action::Submitted(Ticket::Evaluation, JobId(9)));
    assert!(state.evaluate.problem.is_none());
    let found = Evaluation {
        report: Report {
            methods: vec![MethodReport::default()],
            ..Report::default()
        },
        earlier: None,
    };
    state.on_event(JobEvent::Validated(JobId(9), validation(Some(found))));
    let folder = state
        .evaluate
        .shown
        .as_ref()
        .map(|shown| shown.folder.clone());
    assert_eq!(state.evaluate.draft.folders, Vec::from_iter(folder));
}

#[test]
fn reports_are_compared_and_exported() {
    let mut state = state();
    let folder = PathBuf::from("/out/mine");
    let export = || Action::Evaluate(EvaluateAction::Export(ReportFormat::Latex));
    assert!(state.apply(export()).is_empty(), "there is nothing yet");
    state.apply(Action::Evaluate(EvaluateAction::Score(folder.clone())));
    state.apply(Action::Submitted(Ticket::Evaluation, JobId(1)));
    state.on_event(JobEvent::Evaluated(JobId(1), Arc::default()));
    let earlier = PathBuf::from("/out/before");
    let opened = Ok(Arc::new(Report::new("clip".into())));
    state.on_event(JobEvent::ReportOpened(earlier.clone(), opened));
    let effects = state.apply(export());
    let [Effect::Files(FileTask::PickReport(wanted))] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(wanted.path, Path::new("mine.tex"));
    assert_eq!(wanted.against, Some(earlier.clone()));
    assert!(wanted.found.earlier.is_some());
    state.apply(Action::Evaluate(EvaluateAction::Compare(None)));
    assert!(state.evaluate.against.is_none());
    let problem = Problem::new("no report there");
    state.on_event(JobEvent::ReportOpened(earlier, Err(problem.clone())));
    let told = state.notices.last().map(|notice| &notice.kind);
    assert_eq!(told, Some(&NoticeKind::Trouble(problem)));
}
