//! The shelves as tables: actions and events in, state and effects out.

use super::*;
use crate::app::settings::{Session, Settings};
use crate::app::state::{Action, Ticket};
use crate::job::bundles::BundleReport;
use crate::job::library::{FileCheck, FileVerdict, HubTask, ImportTask, Listed, VerifyReport};
use crate::job::{BuildProgress, BuildStage, JobEvent, JobSpec};

fn fresh() -> AppState {
    AppState::new(
        Settings::default(),
        Session::default(),
        BundleSource::Embedded,
        1,
    )
}

fn mine() -> BundleSource {
    BundleSource::Folder("/data/bundles/mine".into())
}

fn entry(source: BundleSource, home: BundleHome) -> LibraryEntry {
    LibraryEntry {
        source,
        home,
        name: Ok("a name".to_owned()),
    }
}

/// A state whose shelves hold the embedded bundle and one in the data folder.
fn listed() -> AppState {
    let mut state = fresh();
    state.apply(Action::ShowPage(Page::Models));
    let bundles = vec![
        entry(BundleSource::Embedded, BundleHome::Program),
        entry(mine(), BundleHome::Data),
    ];
    let listed = Listed {
        bundles,
        cached: Vec::new(),
    };
    let looks = on(&mut state, LibraryEvent::Listed(Ok(listed)));
    assert_eq!(looks.len(), 2, "both are looked into: {looks:?}");
    state
}

fn on(state: &mut AppState, event: LibraryEvent) -> Vec<Effect> {
    state.on_event(JobEvent::Library(event))
}

fn act(state: &mut AppState, action: LibraryAction) -> Vec<Effect> {
    state.apply(Action::Library(action))
}

fn tasks(effects: &[Effect]) -> Vec<&LibraryTask> {
    let tasks = effects.iter().filter_map(|effect| match effect {
        Effect::Library(task) => Some(task),
        _ => None,
    });
    tasks.collect()
}

fn loads(effects: &[Effect]) -> Vec<&BundleSource> {
    let loads = effects.iter().filter_map(|effect| match effect {
        Effect::Submit(Ticket::Bundle, JobSpec::Load(source)) => Some(source),
        _ => None,
    });
    loads.collect()
}

#[test]
fn the_shelves_are_looked_through_once() {
    let mut state = fresh();
    let first = state.apply(Action::ShowPage(Page::Models));
    let first = tasks(&first);
    assert!(matches!(first[0], LibraryTask::List(_)), "{first:?}");
    let downloads = LibraryTask::Hub(HubTask::FindUnfinished);
    let imports = LibraryTask::Import(ImportTask::FindUnfinished);
    assert_eq!(
        first[1..],
        [&downloads, &imports],
        "what an earlier start left unfinished too"
    );
    assert!(state.apply(Action::ShowPage(Page::Models)).is_empty());
    let mut state = listed();
    assert!(state.apply(Action::ShowPage(Page::Models)).is_empty());
    let again = act(&mut state, LibraryAction::Refresh);
    assert!(matches!(tasks(&again).as_slice(), [LibraryTask::List(_)]));
    let embedded = Shelved::Bundle(BundleSource::Embedded);
    assert_eq!(state.library.selected, Some(embedded));
}

#[test]
fn the_bundle_in_use_survives_in_the_settings() {
    let mut state = listed();
    let effects = act(&mut state, LibraryAction::Use(mine()));
    assert_eq!(loads(&effects), [&mine()]);
    assert_eq!(state.settings.models.source(), mine());
    let again = act(&mut state, LibraryAction::Use(mine()));
    assert!(again.is_empty(), "it answers already");
    let back = act(&mut state, LibraryAction::Use(BundleSource::Embedded));
    assert_eq!(loads(&back), [&BundleSource::Embedded]);
    assert_eq!(state.settings.models.bundle, None);
}

#[test]
fn deleting_the_bundle_in_use_needs_a_yes() {
    let mut state = listed();
    act(&mut state, LibraryAction::Use(mine()));
    assert!(act(&mut state, LibraryAction::Delete(mine())).is_empty());
    assert_eq!(state.library.confirming, Some(mine()));
    assert!(act(&mut state, LibraryAction::Confirm(false)).is_empty());
    assert_eq!(state.library.confirming, None);

    act(&mut state, LibraryAction::Delete(mine()));
    let effects = act(&mut state, LibraryAction::Confirm(true));
    assert_eq!(loads(&effects), [&BundleSource::Embedded]);
    let delete = LibraryTask::Delete("/data/bundles/mine".into());
    assert_eq!(tasks(&effects), [&delete]);
    assert_eq!(state.bundle_source, BundleSource::Embedded);
}

#[test]
fn a_deleted_bundle_can_be_restored() {
    let mut state = listed();
    act(&mut state, LibraryAction::Select(Shelved::Bundle(mine())));
    let effects = act(&mut state, LibraryAction::Delete(mine()));
    assert_eq!(tasks(&effects).len(), 1);
    let deleted = DeletedBundle {
        folder: "/data/bundles/mine".into(),
        staged: "/data/bundles/.deleted/1-mine".into(),
    };
    on(&mut state, LibraryEvent::Deleted(deleted.clone()));
    assert!(state.library.bundle(&mine()).is_none());
    let embedded = Shelved::Bundle(BundleSource::Embedded);
    assert_eq!(state.library.selected, Some(embedded));
    let told = state
        .notices
        .iter()
        .any(|notice| notice.kind == NoticeKind::BundleDeleted(deleted.clone()));
    assert!(told);
    let undo = act(&mut state, LibraryAction::Restore(deleted.clone()));
    assert_eq!(tasks(&undo), [&LibraryTask::Restore(deleted.clone())]);
    let effects = on(&mut state, LibraryEvent::Restored(deleted.folder));
    assert!(matches!(tasks(&effects).as_slice(), [LibraryTask::List(_)]));
    assert_eq!(state.library.selected, Some(Shelved::Bundle(mine())));
}

#[test]
fn the_embedded_bundle_is_never_deleted() {
    let mut state = listed();
    let home = state.library.bundle(&BundleSource::Embedded);
    assert!(home.is_some_and(|entry| !state.can_delete(entry)));
    act(&mut state, LibraryAction::Use(mine()));
    let effects = act(&mut state, LibraryAction::Delete(BundleSource::Embedded));
    assert!(effects.is_empty());
}

#[test]
fn a_check_goes_its_way() {
    let mut state = listed();
    let effects = act(&mut state, LibraryAction::Verify(mine()));
    assert_eq!(tasks(&effects), [&LibraryTask::Verify(mine())]);
    assert!(act(&mut state, LibraryAction::Verify(mine())).is_empty());
    let progress = BuildProgress {
        stage: BuildStage::Checking,
        file: "unet/config.json".to_owned(),
        bytes_done: 5,
        bytes_total: 10,
        seconds_left: None,
    };
    let news = LibraryNews {
        verifying: vec![(mine(), progress.clone())],
        ..LibraryNews::default()
    };
    state.on_library_news(news.clone());
    let check = |state: &AppState| state.library.check(&mine()).cloned().unwrap_or_default();
    assert_eq!(check(&state).progress, Some(progress));

    let changed = FileCheck {
        path: "unet/config.json".to_owned(),
        verdict: FileVerdict::Changed,
    };
    on(&mut state, LibraryEvent::Checked(mine(), changed));
    assert!(state.library.is_damaged(&mine()));
    act(&mut state, LibraryAction::StopVerifying(mine()));
    assert!(check(&state).stopping);
    on(
        &mut state,
        LibraryEvent::Verified(mine(), VerifyReport::Stopped),
    );
    assert!(!check(&state).is_running());
    // What was under way when it ended changes nothing.
    state.on_library_news(news);
    assert_eq!(check(&state).progress, None);

    act(&mut state, LibraryAction::Verify(mine()));
    assert!(
        !state.library.is_damaged(&mine()),
        "a new check knows nothing"
    );
    let report = VerifyReport::Done {
        networks: None,
        loaded: true,
    };
    on(&mut state, LibraryEvent::Verified(mine(), report));
    assert!(!state.library.is_damaged(&mine()));
}

#[test]
fn an_added_folder_is_kept_and_can_be_taken_off() {
    let mut state = listed();
    let folder = PathBuf::from("/elsewhere/large");
    let effects = act(&mut state, LibraryAction::Add(folder.clone()));
    let [LibraryTask::List(shelves)] = tasks(&effects)[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(shelves.added.as_slice(), std::slice::from_ref(&folder));
    act(&mut state, LibraryAction::Add(folder.clone()));
    assert_eq!(state.settings.models.folders.len(), 1, "once is enough");
    let source = BundleSource::Folder(folder.clone());
    act(&mut state, LibraryAction::Use(source));
    let effects = act(&mut state, LibraryAction::Forget(folder));
    assert!(state.settings.models.folders.is_empty());
    assert_eq!(loads(&effects), [&BundleSource::Embedded]);
}

#[test]
fn a_name_is_changed_only_for_another_one() {
    let mut state = listed();
    for same in ["", "  ", "a name", " a name "] {
        let rename = LibraryAction::Rename(mine(), same.to_owned());
        assert!(act(&mut state, rename).is_empty(), "{same:?}");
    }
    let rename = LibraryAction::Rename(mine(), " another ".to_owned());
    let effects = act(&mut state, rename);
    let task = LibraryTask::Rename(mine(), "another".to_owned());
    assert_eq!(tasks(&effects), [&task]);
    let details = BundleDetails {
        report: BundleReport {
            name: "a name".to_owned(),
            description: String::new(),
            licence: None,
            resolution: 64,
            modes: Vec::new(),
            second_editor_modes: Vec::new(),
            unavailable_modes: Vec::new(),
            badge: None,
            links: Vec::new(),
            components: Vec::new(),
            bytes: 1,
        },
        files: Vec::new(),
    };
    on(
        &mut state,
        LibraryEvent::Inspected(mine(), Ok(Box::new(details))),
    );
    on(
        &mut state,
        LibraryEvent::Renamed(mine(), "another".to_owned()),
    );
    let named = state
        .library
        .bundle(&mine())
        .map(|entry| entry.name.clone());
    assert_eq!(named, Some(Ok("another".to_owned())));
    let inside = state.library.details(&mine());
    assert!(matches!(inside, Some(Ok(details)) if details.report.name == "another"));
}

#[test]
fn trouble_is_said_where_it_belongs() {
    let mut state = fresh();
    state.apply(Action::ShowPage(Page::Models));
    let problem = Problem::new("The bundle folder cannot be listed.");
    on(&mut state, LibraryEvent::Listed(Err(problem.clone())));
    assert_eq!(state.library.problem, Some(problem));
    assert_eq!(state.library.bundles.as_deref(), Some([].as_slice()));

    let mut state = listed();
    let broken = Problem::new("A file of the bundle is missing.");
    on(
        &mut state,
        LibraryEvent::Inspected(mine(), Err(broken.clone())),
    );
    assert_eq!(state.library.damage(&mine()), Some(&broken));
    on(&mut state, LibraryEvent::Failed(broken.clone()));
    assert_eq!(
        state.notices.last().map(|n| &n.kind),
        Some(&NoticeKind::Trouble(broken))
    );
}

#[test]
fn a_run_keeps_the_bundle_that_drew_it() {
    let mut state = listed();
    let frame = crate::job::Frame::new(
        image::RgbImage::new(8, 8),
        crate::job::FrameOrigin::Clipboard,
    );
    state.on_event(JobEvent::FrameOpened(frame));
    state.form.request.question = "What happens if it rains?".to_owned();
    state.apply(Action::Generate);
    act(&mut state, LibraryAction::Use(mine()));
    let drawn_with = |effects: &[Effect]| match effects {
        [Effect::Submit(Ticket::Columns(..), JobSpec::Run { bundle, .. })] => bundle.clone(),
        other => panic!("{other:?}"),
    };
    state.apply(Action::Cancel);
    for column in &mut state.run.as_mut().expect("it was asked").columns {
        column.phase = crate::app::state::Phase::Cancelled;
    }
    let again = state.apply(Action::Retry(0));
    assert_eq!(drawn_with(&again), BundleSource::Embedded);
    for column in &mut state.run.as_mut().expect("it was asked").columns {
        column.phase = crate::app::state::Phase::Cancelled;
    }
    let anew = state.apply(Action::Generate);
    assert_eq!(drawn_with(&anew), mine());
}
