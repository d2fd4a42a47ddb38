//! Downloads as tables: actions and events in, state and effects out.

use super::*;
use crate::app::settings::{Session, Settings};
use crate::app::state::{Action, Dialog};
use crate::job::JobEvent;
use crate::job::care::CareEvent;
use crate::job::hub::{
    Asked, DownloadKey, DownloadProgress, DownloadSpec, DownloadStage, HubFile, Listing, Purpose,
    Request,
};
use crate::job::library::{DownloadEnd, HubEvent, HubTask};

fn fresh() -> AppState {
    let (settings, session) = (Settings::default(), Session::default());
    let mut state = AppState::new(settings, session, BundleSource::Embedded, 1);
    state.library.hub_cache = Some("/cache".into());
    state
}

fn asked(repo: &str) -> Asked {
    repo.parse().expect("it is a name")
}

fn listing() -> Listing {
    let file = |path: &str, bytes| HubFile {
        path: path.to_owned(),
        bytes,
        checksum: "aa".to_owned(),
    };
    Listing {
        repo: asked("a/b").repo,
        revision: "main".to_owned(),
        commit: "c0ffee".to_owned(),
        files: vec![file("large.bin", 90), file("large.safetensors", 100)],
        wanted: vec![false, true],
        licence: None,
    }
}

fn act(state: &mut AppState, action: HubAction) -> Vec<HubTask> {
    let effects = state.apply(Action::Hub(action));
    tasks(effects)
}

fn tasks(effects: Vec<Effect>) -> Vec<HubTask> {
    let tasks = effects.into_iter().filter_map(|effect| match effect {
        Effect::Library(LibraryTask::Hub(task)) => Some(task),
        _ => None,
    });
    tasks.collect()
}

fn on(state: &mut AppState, event: HubEvent) -> Vec<Effect> {
    state.on_event(JobEvent::Library(LibraryEvent::Hub(event)))
}

fn found(about: &str) -> HubEvent {
    HubEvent::Found {
        asked: asked(about),
        listing: Ok(Box::new(listing())),
        free: Some(150),
    }
}

/// A state with one download at work.
fn downloading() -> (AppState, DownloadKey) {
    let mut state = fresh();
    act(&mut state, HubAction::LookUp(asked("a/b")));
    on(&mut state, found("a/b"));
    state.dialog = Some(Dialog::Hub);
    let begun = act(&mut state, HubAction::Start);
    let [HubTask::Download(spec, _)] = begun.as_slice() else {
        panic!("{begun:?}");
    };
    assert_eq!(spec.files.len(), 1, "only what is chosen");
    assert_eq!(state.dialog, None);
    let key = spec.key();
    (state, key)
}

fn first(state: &AppState) -> Option<&DownloadState> {
    state
        .library
        .hub
        .downloads
        .first()
        .map(|download| &download.state)
}

fn progress(bytes: u64) -> DownloadProgress {
    DownloadProgress {
        stage: DownloadStage::Receiving,
        file: "large.safetensors".to_owned(),
        file_bytes: (bytes, 100),
        files: (0, 1),
        bytes: (bytes, 100),
        speed: 1.0,
        seconds_left: None,
    }
}

#[test]
fn only_the_last_question_to_the_hub_is_answered() {
    let mut state = fresh();
    act(&mut state, HubAction::LookUp(asked("old/one")));
    act(&mut state, HubAction::LookUp(asked("a/b")));
    on(&mut state, found("old/one"));
    assert_eq!(state.library.hub.found, None);
    on(&mut state, found("a/b"));
    assert!(matches!(&state.library.hub.found, Some(Ok(found)) if found.bytes() == 100));
    act(&mut state, HubAction::LookUp(asked("a/b")));
    let stopped = act(&mut state, HubAction::StopLookingUp);
    assert_eq!(stopped, [HubTask::StopLookingUp]);
    on(&mut state, found("a/b"));
    assert_eq!(state.library.hub.found, None, "nobody waits for it");
}

#[test]
fn files_are_chosen_before_the_download() {
    let mut state = fresh();
    act(&mut state, HubAction::LookUp(asked("a/b")));
    on(&mut state, found("a/b"));
    let chosen = |state: &AppState| match &state.library.hub.found {
        Some(Ok(found)) => (found.bytes(), found.lacks_room()),
        other => panic!("{other:?}"),
    };
    assert_eq!(chosen(&state), (100, false));
    act(&mut state, HubAction::Choose(vec![true, true]));
    assert_eq!(chosen(&state), (190, true), "150 bytes are free");
    act(&mut state, HubAction::Choose(vec![true]));
    assert_eq!(chosen(&state).0, 190, "an answer per file");
}

#[test]
fn a_download_pauses_goes_on_and_ends() {
    let (mut state, key) = downloading();
    let begun_again = act(&mut state, HubAction::Resume(key.clone()));
    assert!(begun_again.is_empty(), "it is at work");
    let news = |bytes| LibraryNews {
        downloading: vec![(key.clone(), progress(bytes))],
        ..LibraryNews::default()
    };
    state.on_library_news(news(40));
    assert_eq!(state.library.hub.downloads[0].arrived, 40);
    let pause = act(&mut state, HubAction::Pause(key.clone()));
    assert_eq!(pause, [HubTask::Pause(key.clone())]);
    assert_eq!(first(&state), Some(&DownloadState::Pausing));
    assert!(act(&mut state, HubAction::Discard(key.clone())).is_empty());
    on(
        &mut state,
        HubEvent::Ended(key.clone(), DownloadEnd::Paused),
    );
    assert_eq!(first(&state), Some(&DownloadState::Paused));
    state.on_library_news(news(60));
    assert_eq!(state.library.hub.downloads[0].arrived, 40, "late news");

    let resumed = act(&mut state, HubAction::Resume(key.clone()));
    assert!(matches!(resumed.as_slice(), [HubTask::Download(..)]));
    let folder = PathBuf::from("/cache/models--a--b/snapshots/c0ffee");
    let end = DownloadEnd::Done(folder.clone());
    let effects = on(&mut state, HubEvent::Ended(key, end));
    assert!(matches!(
        effects.as_slice(),
        [Effect::Library(LibraryTask::List(_))]
    ));
    assert_eq!(first(&state), None);
    let listed = crate::job::library::Listed {
        bundles: Vec::new(),
        cached: vec![CachedRepo {
            repo: "a/b".to_owned(),
            revision: "main".to_owned(),
            folder: folder.clone(),
            bytes: 100,
            files: 1,
            is_bundle: false,
        }],
    };
    state.on_event(JobEvent::Library(LibraryEvent::Listed(Ok(listed))));
    assert_eq!(state.library.selected, Some(Shelved::Cached(folder)));
}

#[test]
fn a_failed_download_can_be_gone_on_with_or_discarded() {
    let (mut state, key) = downloading();
    let problem = Problem::new("The disk is full.");
    let failed = HubEvent::Ended(key.clone(), DownloadEnd::Failed(problem.clone()));
    on(&mut state, failed.clone());
    assert_eq!(first(&state), Some(&DownloadState::Failed(problem)));
    let resumed = act(&mut state, HubAction::Resume(key.clone()));
    assert_eq!(resumed.len(), 1);
    on(&mut state, failed);
    let discarded = act(&mut state, HubAction::Discard(key));
    assert!(matches!(discarded.as_slice(), [HubTask::Discard(_)]));
    assert_eq!(first(&state), None);
}

#[test]
fn downloads_of_an_earlier_start_wait() {
    let mut state = fresh();
    let looked = tasks(state.apply(Action::ShowPage(Page::Models)));
    assert_eq!(looked, [HubTask::FindUnfinished]);
    let spec: DownloadSpec = listing().spec(&[true, true], "/cache".into());
    let unfinished = HubEvent::Unfinished(vec![(spec, 77)]);
    on(&mut state, unfinished.clone());
    on(&mut state, unfinished);
    assert_eq!(state.library.hub.downloads.len(), 1);
    assert_eq!(state.library.hub.downloads[0].arrived, 77);
    assert_eq!(first(&state), Some(&DownloadState::Paused));
}

#[test]
fn every_request_is_counted() {
    let mut state = fresh();
    let request = |id: u64, bytes: Option<u64>| Request {
        id,
        at: 1,
        method: "GET".to_owned(),
        address: "https://hub/a".to_owned(),
        purpose: Purpose::Download,
        answer: Ok(200),
        bytes,
    };
    let mut tell = |ids: std::ops::Range<u64>, bytes| {
        let news = LibraryNews {
            requests: ids.map(|id| request(id, bytes)).collect(),
            ..LibraryNews::default()
        };
        state.on_library_news(news);
    };
    for start in [10, 610, 1210] {
        tell(start..start + 600, None);
    }
    tell(1800..1810, Some(7));
    let hub = &state.library.hub;
    assert_eq!(hub.request_count, 1800, "a second word is no request");
    assert_eq!(hub.requests.len(), 1000, "the newest");
    assert_eq!(hub.requests.last().and_then(|last| last.bytes), Some(7));

    // Those of earlier starts, whose list may already have some of this one.
    let mut state = fresh();
    state.on_library_news(LibraryNews {
        requests: vec![request(11, None), request(12, None)],
        ..LibraryNews::default()
    });
    let earlier = (1..=11).map(|id| request(id, Some(1))).collect();
    state.on_event(JobEvent::Care(CareEvent::Requests(earlier, 2011)));
    assert_eq!(state.library.hub.request_count, 2012);
    assert_eq!(state.library.hub.requests.len(), 12);
}

#[test]
fn nothing_is_asked_without_a_place_for_files() {
    let mut state = fresh();
    state.library.hub_cache = None;
    assert!(act(&mut state, HubAction::LookUp(asked("a/b"))).is_empty());
}
