//! The gallery as a table of actions and events in, state and effects out.

use super::*;
use crate::app::settings::{Session, Settings};
use crate::app::state::Action;
use crate::job::{BundleSource, FrameFacts, GuidanceMode, KeptState};
use image::RgbImage;

/// A finished run about a hungry cat.
pub fn entry(number: i64) -> RunEntry {
    let request = EditRequest {
        question: "What happens if the cat gets hungry?".to_owned(),
        seed: 7,
        ..EditRequest::default()
    };
    RunEntry {
        id: RunKey(number),
        created: 1_700_000_000 + number,
        question: request.question.clone(),
        modes: vec![GuidanceMode::Latent],
        seeds: vec![7],
        bundle: "toon-tiny".to_owned(),
        bundle_fingerprint: "abc".to_owned(),
        bundle_source: BundleSource::Embedded,
        frame: FrameFacts {
            name: Some("fishbowl.png".to_owned()),
            sha256: "00".to_owned(),
            ..FrameFacts::default()
        },
        columns: vec![request],
        finished: 1,
        state: KeptState::Finished,
        problem: None,
        starred: false,
        file: format!("runs/{number}.lgdrun").into(),
        frame_file: "frames/00.png".into(),
    }
}

/// The gallery of five runs.
fn gallery() -> AppState {
    let mut state = AppState::new(
        Settings::default(),
        Session::default(),
        BundleSource::Embedded,
        1,
    );
    state.keeps_runs = true;
    assert!(matches!(
        state.apply(Action::ShowPage(Page::Gallery)).as_slice(),
        [Effect::Files(FileTask::Store(StoreTask::List))]
    ));
    state.on_gallery_store(&StoreEvent::Listed((1..=5).map(entry).collect()));
    state
}

fn act(state: &mut AppState, action: GalleryAction) -> Vec<Effect> {
    state.apply(Action::Gallery(action))
}

fn keys(numbers: &[i64]) -> Vec<RunKey> {
    numbers.iter().copied().map(RunKey).collect()
}

fn cover(answers: &[&str]) -> Result<Cover, Problem> {
    Ok(Cover {
        picture: Arc::new(RgbImage::new(2, 2)),
        answers: answers.iter().map(|answer| (*answer).to_owned()).collect(),
    })
}

fn covered(state: &mut AppState, run: i64, cover: Result<Cover, Problem>) -> Vec<RunKey> {
    let effects = state.on_gallery_event(JobEvent::Covered(run, cover));
    asked(&effects)
}

fn asked(effects: &[Effect]) -> Vec<RunKey> {
    let key = |effect: &Effect| match effect {
        Effect::Files(FileTask::Cover(request)) => Some(RunKey(request.run)),
        _ => None,
    };
    effects.iter().filter_map(key).collect()
}

#[test]
fn the_newest_comes_first_and_all_answers_are_read_in_the_end() {
    let mut state = gallery();
    assert_eq!(state.gallery.shown, keys(&[5, 4, 3, 2, 1]));
    assert_eq!(state.gallery.unread(), 5);
    // What is on screen is asked for at once, and once.
    let want = |state: &mut AppState| act(state, GalleryAction::Want(keys(&[3, 1])));
    assert_eq!(asked(&want(&mut state)), keys(&[3, 1]));
    assert!(want(&mut state).is_empty());
    // Two were asked for when the list came, and two are on screen: the next waits.
    assert_eq!(covered(&mut state, 5, cover(&["It rains."])), []);
    assert_eq!(covered(&mut state, 4, cover(&[])), []);
    assert_eq!(covered(&mut state, 3, cover(&[])), keys(&[2]));
    covered(&mut state, 2, Err(Problem::new("gone")));
    covered(&mut state, 1, cover(&[]));
    assert_eq!(state.gallery.unread(), 0);
    assert!(matches!(
        state.gallery.cover(RunKey(2)),
        Some(CoverState::Failed(_))
    ));

    act(
        &mut state,
        GalleryAction::Search(Filter {
            words: "rains".to_owned(),
            ..Filter::default()
        }),
    );
    assert_eq!(state.gallery.shown, keys(&[5]));
}

#[test]
fn pictures_are_put_away_but_answers_stay() {
    let mut state = gallery();
    let many = KEPT_PICTURES as i64 + 3;
    state.on_gallery_store(&StoreEvent::Listed((1..=many).map(entry).collect()));
    for run in 1..=many {
        covered(&mut state, run, cover(&["It rains."]));
    }
    let ready = |key: i64| matches!(state.gallery.cover(RunKey(key)), Some(CoverState::Ready(_)));
    assert!(!ready(1) && !ready(3) && ready(4) && ready(many));
    assert_eq!(state.gallery.answers(RunKey(1)), ["It rains."]);
    let again = act(&mut state, GalleryAction::Want(keys(&[1, 4])));
    assert_eq!(
        asked(&again),
        keys(&[1]),
        "it comes back when it is looked at"
    );
}

#[test]
fn the_cursor_moves_over_what_is_shown_and_clicks_select_more() {
    let mut state = gallery();
    for (by, expected) in [(1, 5), (1, 4), (2, 2), (9, 1), (-1, 2), (-9, 5)] {
        let effects = act(&mut state, GalleryAction::Move(by));
        assert_eq!(state.gallery.selected, keys(&[expected]), "{by}");
        assert!(matches!(
            effects.as_slice(),
            [Effect::Files(FileTask::ReadRun(path))] if path.ends_with(format!("{expected}.lgdrun"))
        ));
    }
    act(&mut state, GalleryAction::Toggle(RunKey(3)));
    act(&mut state, GalleryAction::Toggle(RunKey(1)));
    act(&mut state, GalleryAction::Toggle(RunKey(3)));
    assert_eq!(state.gallery.selected, keys(&[5, 1]));
    // A run that was read after the cursor moved on is not shown.
    let late = JobEvent::RunRead("runs/5.lgdrun".into(), Err(Problem::new("late")));
    state.on_gallery_event(late);
    assert!(state.gallery.looked_at.is_none());
    let right = JobEvent::RunRead("runs/1.lgdrun".into(), Err(Problem::new("damaged")));
    state.on_gallery_event(right);
    assert!(matches!(
        &state.gallery.looked_at,
        Some((RunKey(1), Err(_)))
    ));
}

#[test]
fn stars_deletions_and_their_undo_reach_the_store() {
    let mut state = gallery();
    act(&mut state, GalleryAction::Select(RunKey(2)));
    act(&mut state, GalleryAction::Toggle(RunKey(4)));
    let effects = act(&mut state, GalleryAction::Star);
    let starred = |effect: &Effect| match effect {
        Effect::Files(FileTask::Store(StoreTask::Star(key, star))) => (*key, *star),
        other => panic!("{other:?}"),
    };
    let stars: Vec<_> = effects.iter().map(starred).collect();
    assert_eq!(stars, [(RunKey(2), true), (RunKey(4), true)]);
    for key in [2, 4] {
        let run = RunEntry {
            starred: true,
            ..entry(key)
        };
        state.on_gallery_store(&StoreEvent::Changed(Box::new(run)));
    }
    let stars: Vec<_> = act(&mut state, GalleryAction::Star)
        .iter()
        .map(starred)
        .collect();
    assert_eq!(stars, [(RunKey(2), false), (RunKey(4), false)]);

    assert!(matches!(
        act(&mut state, GalleryAction::Delete).as_slice(),
        [Effect::Files(FileTask::Store(StoreTask::Delete(gone)))] if *gone == keys(&[2, 4])
    ));
    state.on_gallery_store(&StoreEvent::Deleted(keys(&[2, 4])));
    assert_eq!(state.gallery.shown, keys(&[5, 3, 1]));
    assert!(state.gallery.selected.is_empty());
    let told = state.notices.last().map(|notice| notice.kind.clone());
    assert_eq!(told, Some(NoticeKind::RunsDeleted(keys(&[2, 4]))));
    state.on_gallery_store(&StoreEvent::Restored(vec![entry(2), entry(4)]));
    assert_eq!(state.gallery.shown, keys(&[5, 4, 3, 2, 1]));
}

#[test]
fn recalling_takes_as_much_as_was_asked_for() {
    let mut state = gallery();
    let mut run = entry(6);
    run.columns = [GuidanceMode::Answer, GuidanceMode::Both]
        .map(|mode| EditRequest {
            mode,
            steps: 33,
            ..entry(6).columns[0].clone()
        })
        .to_vec();
    state.on_gallery_store(&StoreEvent::Changed(Box::new(run)));
    let mine = Form {
        request: EditRequest {
            question: "What happens if it rains?".to_owned(),
            seed: 99,
            ..EditRequest::default()
        },
        ..Form::default()
    };
    for what in [Recall::Seed, Recall::Settings, Recall::All] {
        state.form = mine.clone();
        state.page = Page::Gallery;
        act(&mut state, GalleryAction::Select(RunKey(6)));
        let effects = act(&mut state, GalleryAction::Recall(what));
        let form = &state.form;
        let settings = what != Recall::Seed;
        assert_eq!(
            form.request.steps,
            if settings { 33 } else { 20 },
            "{what:?}"
        );
        assert_eq!(form.modes.len(), if settings { 2 } else { 1 }, "{what:?}");
        let seed = if what == Recall::Settings { 99 } else { 7 };
        assert_eq!(form.request.seed, seed, "{what:?}");
        assert_eq!(form.keep_seed, what != Recall::Settings, "{what:?}");
        let asks_the_same = form.request.question == entry(6).question;
        assert_eq!(asks_the_same, what == Recall::All, "{what:?}");
        let looks = matches!(effects.as_slice(), [Effect::Files(FileTask::FindFrame(_))]);
        assert_eq!(looks, what == Recall::All, "{what:?}");
        assert_eq!(state.page, Page::Ask);
        state.apply(Action::Undo);
        assert_eq!(state.form, mine, "one step back is all the way back");
    }
}
