//! Imports as tables: actions and events in, state and effects out.

use super::*;
use crate::app::settings::{Session, Settings};
use crate::app::state::{Action, Ticket};
use crate::job::library::ImportTask;
use crate::job::{
    BundleEvent, BundleTask, ImportSpec, JobEvent, JobId, MadeBundle, Making, Recognised,
    WeightKind,
};

fn fresh() -> AppState {
    let (settings, session) = (Settings::default(), Session::default());
    let mut state = AppState::new(settings, session, BundleSource::Embedded, 1);
    state.library.import.shelf = Some("/data/bundles".into());
    state
}

fn act(state: &mut AppState, action: ImportAction) -> Vec<Effect> {
    state.apply(Action::Import(action))
}

fn ask_to_recognise(effects: &[Effect]) -> usize {
    let asked = effects.iter().filter(|effect| {
        matches!(
            effect,
            Effect::Make(Ticket::Recognise, BundleTask::Recognise(_))
        )
    });
    asked.count()
}

fn found() -> Recognised {
    Recognised {
        suggested_name: "Instruct Pix2Pix".to_owned(),
        ..Recognised::default()
    }
}

/// A state that knows what one path holds.
fn looked() -> AppState {
    let mut state = fresh();
    let effects = act(&mut state, ImportAction::Open(vec!["/models/ip2p".into()]));
    assert_eq!(ask_to_recognise(&effects), 1);
    assert_eq!(state.dialog, Some(Dialog::Import));
    state.apply(Action::Submitted(Ticket::Recognise, JobId(7)));
    assert!(state.library.import.is_looking());
    let event = BundleEvent::Recognised(Box::new(found()), 10);
    state.on_event(JobEvent::Bundle(JobId(7), event));
    assert!(!state.library.import.is_looking());
    state
}

/// A state with one import at work, and its folder.
fn importing() -> (AppState, PathBuf) {
    let mut state = looked();
    let effects = act(&mut state, ImportAction::Start);
    let to = PathBuf::from("/data/bundles/Instruct-Pix2Pix");
    let noted = |effect: &Effect| matches!(effect, Effect::Library(LibraryTask::Import(ImportTask::Note(spec))) if spec.to == to);
    assert!(noted(&effects[0]), "it is written down first: {effects:?}");
    let Effect::Make(ticket, BundleTask::Import(spec)) = &effects[1] else {
        panic!("{effects:?}");
    };
    assert_eq!((&spec.to, spec.weights), (&to, WeightKind::Plain));
    state.apply(Action::Submitted(ticket.clone(), JobId(8)));
    assert_eq!(state.dialog, None);
    (state, to)
}

fn step(state: &AppState) -> Option<&ImportStep> {
    state
        .library
        .import
        .going
        .first()
        .map(|importing| &importing.state)
}

#[test]
fn what_files_hold_is_looked_at_anew_for_every_change() {
    let mut state = looked();
    assert_eq!(state.library.import.plan.name, "Instruct Pix2Pix");
    let more = act(&mut state, ImportAction::Add(vec!["/models/blip2".into()]));
    assert_eq!(ask_to_recognise(&more), 1);
    assert!(state.library.import.recognised().is_none());
    let same = act(&mut state, ImportAction::Add(vec!["/models/blip2".into()]));
    assert!(same.is_empty());
    state.apply(Action::Submitted(Ticket::Recognise, JobId(9)));
    let fewer = act(&mut state, ImportAction::Remove("/models/blip2".into()));
    assert!(matches!(fewer[0], Effect::Cancel(JobId(9))), "{fewer:?}");
    // The answer about what was chosen before comes too late.
    let event = BundleEvent::Recognised(Box::new(found()), 10);
    state.on_event(JobEvent::Bundle(JobId(9), event));
    assert!(state.library.import.recognised().is_none());
    act(&mut state, ImportAction::Remove("/models/ip2p".into()));
    assert!(!state.library.import.is_looking());
}

#[test]
fn an_import_stops_goes_on_and_ends() {
    let (mut state, to) = importing();
    assert_eq!(step(&state), Some(&ImportStep::Running(JobId(8))));
    let progress = crate::job::BuildProgress {
        stage: crate::job::BuildStage::Writing,
        file: "unet".to_owned(),
        bytes_done: 1,
        bytes_total: 2,
        seconds_left: None,
    };
    state.on_making(vec![Making {
        job: JobId(8),
        progress,
    }]);
    assert!(state.library.import.going[0].progress.is_some());
    let stop = act(&mut state, ImportAction::Stop(to.clone()));
    assert!(matches!(stop.as_slice(), [Effect::Cancel(JobId(8))]));
    state.on_event(JobEvent::Cancelled(JobId(8)));
    assert_eq!(step(&state), Some(&ImportStep::Stopped));

    let again = act(&mut state, ImportAction::Continue(to.clone()));
    let [Effect::Make(ticket, BundleTask::Import(_))] = again.as_slice() else {
        panic!("{again:?}");
    };
    state.apply(Action::Submitted(ticket.clone(), JobId(10)));
    let made = MadeBundle {
        folder: to.clone(),
        name: "Instruct Pix2Pix".to_owned(),
        bytes: 2,
        bytes_kept: 1,
        seconds: 1.0,
    };
    state.on_event(JobEvent::Bundle(JobId(10), BundleEvent::Made(made)));
    assert_eq!(step(&state), None);
    let shown = Shelved::Bundle(BundleSource::Folder(to));
    assert_eq!(state.library.selected, Some(shown));
}

#[test]
fn failed_and_interrupted_imports_wait_for_a_person() {
    let (mut state, to) = importing();
    let problem = Problem::new("The disk is full.");
    state.on_event(JobEvent::Failed(JobId(8), problem.clone()));
    assert_eq!(step(&state), Some(&ImportStep::Failed(problem)));
    let discard = act(&mut state, ImportAction::Discard(to.clone()));
    let task = LibraryTask::Import(ImportTask::Discard(to.clone()));
    assert!(matches!(discard.as_slice(), [Effect::Library(known)] if *known == task));
    assert_eq!(step(&state), None);

    let spec = ImportSpec::new(vec!["/models/ip2p".into()], to);
    let event = LibraryEvent::ImportsFound(vec![spec]);
    state.on_event(JobEvent::Library(event));
    assert_eq!(step(&state), Some(&ImportStep::Stopped));
}

#[test]
fn nothing_is_made_without_a_name() {
    let mut state = looked();
    for (name, folder) in [
        ("", None),
        (" ../.. ", None),
        ("a/b c", Some("/data/bundles/a-b-c")),
        (".hidden", Some("/data/bundles/hidden")),
    ] {
        let plan = ImportPlan {
            name: name.to_owned(),
            ..state.library.import.plan.clone()
        };
        act(&mut state, ImportAction::Plan(plan));
        let target = state.library.import.target();
        assert_eq!(
            target.as_deref(),
            folder.map(std::path::Path::new),
            "{name:?}"
        );
    }
}
