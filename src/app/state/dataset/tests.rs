//! The Dataset page as plain data: actions and events in, state and effects out.

use super::*;
use crate::app::settings::{Session, Settings};
use crate::app::state::{Action, AppState};
use crate::job::datasets::{Opened, ReviewState, Split, StripSource};
use crate::job::{BundleSource, DatasetEvent};
use serde_json::json;
use std::path::Path;

fn pair(index: usize, question: &str, answer: &str) -> Pair {
    let record = json!({
        "sample_name": format!("S{index:02}"),
        "image1_name": "a.png",
        "image2_name": "b.png",
        "question": question,
        "sent": answer,
    });
    Pair::of("train", index, &record, None).expect("it is a pair")
}

fn opened(holder: Holder) -> AppState {
    let mut state = AppState::new(
        Settings::default(),
        Session::default(),
        BundleSource::Embedded,
        1,
    );
    let path = PathBuf::from("some/folder");
    let effects = state.apply(DatasetAction::Open(path.clone()).into());
    assert!(
        matches!(&effects[..], [Effect::Dataset(DatasetTask::Open(1, _))]),
        "{effects:?}"
    );
    let folder = Folder {
        path: path.clone(),
        splits: vec![Split {
            name: "train".to_owned(),
            list: path.join("labels_cot_train.json"),
            count: 3,
        }],
        pairs: vec![
            pair(0, "What if it rains?", "Everything gets wet."),
            pair(1, "What if the cat is hungry?", ""),
            pair(2, "What if it snows?", "The garden turns white."),
        ],
        unreadable: Vec::new(),
    };
    let opened = Opened {
        folder,
        holder,
        recovered: 0,
    };
    state.on_dataset_event(DatasetEvent::Opened(1, path, Ok(Box::new(opened))));
    state
}

fn open(state: &AppState) -> &OpenFolder {
    state.dataset.open.as_ref().expect("a folder is open")
}

fn question(state: &AppState, place: usize) -> &str {
    &open(state).pair(place).expect("there is a pair").question
}

fn write(state: &mut AppState, place: usize, text: &str) -> Vec<Effect> {
    state.apply(DatasetAction::Edit(place, Field::Question, Some(json!(text))).into())
}

#[test]
fn words_and_answers_are_looked_for() {
    let mut state = opened(Holder::Us);
    assert_eq!(open(&state).shown, [0, 1, 2]);
    for (filter, expected) in [
        (
            PairFilter {
                words: "IF it".to_owned(),
                ..PairFilter::default()
            },
            vec![0, 2],
        ),
        (
            PairFilter {
                answered: Some(false),
                ..PairFilter::default()
            },
            vec![1],
        ),
        (
            PairFilter {
                state: Some(ReviewState::Open),
                words: "white".to_owned(),
                ..PairFilter::default()
            },
            vec![2],
        ),
        (
            PairFilter {
                category: Some(CategoryChoice::None),
                ..PairFilter::default()
            },
            vec![0, 1, 2],
        ),
    ] {
        state.apply(DatasetAction::Search(filter).into());
        assert_eq!(open(&state).shown, expected);
        assert!(open(&state).position().is_some(), "the cursor is shown");
    }
}

#[test]
fn typing_is_noted_at_every_key_and_undone_as_one_step() {
    let mut state = opened(Holder::Us);
    for text in ["W", "Wh", "Why?"] {
        let effects = write(&mut state, 0, text);
        let [Effect::Dataset(DatasetTask::Edit(changes))] = &effects[..] else {
            panic!("{effects:?}");
        };
        assert_eq!(changes[0].after, Some(json!(text)));
    }
    assert_eq!(open(&state).saving, Saving::Noted);
    state.apply(Action::Settle);
    write(&mut state, 0, "Why not?");
    state.apply(Action::Undo);
    assert_eq!(question(&state, 0), "Why?");
    let effects = state.apply(Action::Undo);
    assert_eq!(question(&state, 0), "What if it rains?");
    assert!(
        matches!(&effects[..], [Effect::Dataset(DatasetTask::Edit(changes)), ..]
            if changes[0].after == Some(json!("What if it rains?"))),
        "what is undone is noted, too: {effects:?}"
    );
    state.apply(Action::Redo);
    state.apply(Action::Redo);
    assert_eq!(question(&state, 0), "Why not?");
    assert_eq!(state.undo_possible(), (true, false));
}

#[test]
fn what_was_typed_after_a_save_began_is_not_called_saved() {
    let mut state = opened(Holder::Us);
    write(&mut state, 0, "a");
    write(&mut state, 0, "ab");
    state.on_dataset_event(DatasetEvent::Saved(SaveReport::default(), 1));
    assert_eq!(open(&state).saving, Saving::Noted);
    state.on_dataset_event(DatasetEvent::Saved(SaveReport::default(), 2));
    assert_eq!(open(&state).saving, Saving::Saved);
}

#[test]
fn a_folder_that_another_window_edits_is_only_looked_at() {
    let mut state = opened(Holder::Another);
    assert!(write(&mut state, 0, "mine").is_empty());
    assert_eq!(question(&state, 0), "What if it rains?");
}

#[test]
fn what_others_think_is_hidden_until_one_has_decided() {
    let mut state = opened(Holder::Us);
    state.apply(DatasetAction::Annotator("Anna".to_owned()).into());
    state.apply(DatasetAction::Review(Some(Verdict::Accepted)).into());
    let shown = |state: &AppState| {
        let me = state.dataset.me();
        open(state).pair(0).map(|pair| pair.review_state(&me))
    };
    assert_eq!(shown(&state), Some(ReviewState::Once));
    state.apply(DatasetAction::Annotator("Ben".to_owned()).into());
    assert_eq!(shown(&state), Some(ReviewState::Waiting));
    state.apply(DatasetAction::Review(Some(Verdict::Rejected)).into());
    assert_eq!(shown(&state), Some(ReviewState::Disputed));
    // One's word is taken back alone.
    state.apply(Action::Undo);
    assert_eq!(shown(&state), Some(ReviewState::Waiting));
    // The next pair that Ben has not seen is the one after it.
    state.apply(DatasetAction::NextOpen.into());
    assert_eq!(open(&state).cursor, Some(1));
}

#[test]
fn a_conflict_is_settled_either_way() {
    for ours in [true, false] {
        let mut state = opened(Holder::Us);
        write(&mut state, 0, "mine");
        let change = open(&state).pair(0).expect("a pair").place.clone();
        let conflict = Conflict {
            ours: Change {
                place: change,
                field: Field::Question,
                before: Some(json!("What if it rains?")),
                after: Some(json!("mine")),
                listed: None,
            },
            theirs: Some(json!("theirs")),
            gone: false,
        };
        let report = SaveReport {
            written: 0,
            conflicts: vec![conflict],
        };
        state.on_dataset_event(DatasetEvent::Saved(report.clone(), 1));
        // Whoever types on does not get a second question about the same words.
        state.on_dataset_event(DatasetEvent::Saved(report, 1));
        assert_eq!(open(&state).conflicts.len(), 1);
        let effects = state.apply(DatasetAction::Resolve(0, ours).into());
        assert!(open(&state).conflicts.is_empty());
        if ours {
            assert!(
                matches!(&effects[..], [Effect::Dataset(DatasetTask::Edit(changes))]
                    if changes[0].before == Some(json!("theirs"))
                        && changes[0].after == Some(json!("mine"))),
                "{effects:?}"
            );
        } else {
            assert_eq!(question(&state, 0), "theirs");
        }
    }
}

#[test]
fn the_cursor_comes_back_to_its_pair() {
    let mut state = opened(Holder::Us);
    state.apply(DatasetAction::Select(2).into());
    let memory = state.session().dataset;
    assert!(memory.open);
    assert_eq!(memory.recent[0].name, "S02");
    state.apply(DatasetAction::Close.into());
    assert!(!state.session().dataset.open);
}

#[test]
fn the_next_key_cancels_the_quick_answer() {
    use crate::app::state::Ticket;
    use crate::job::{JobEvent, JobId, JobSpec};
    use image::RgbImage;
    use std::sync::Arc;

    let mut state = opened(Holder::Us);
    let summary = crate::app::state::tests::summary();
    state.bundle = crate::app::state::BundleState::Ready(summary);
    let picture = Arc::new(RgbImage::new(8, 8));
    let pictures = PairPictures {
        before: picture.clone(),
        after: picture,
    };
    state.on_dataset_event(DatasetEvent::Looked(1, 0, Ok(pictures)));
    let off = write(&mut state, 0, "Why");
    assert!(
        !off.iter()
            .any(|effect| matches!(effect, Effect::Submit(..)))
    );
    let drawn = |effects: &[Effect]| {
        let mut effects = effects.iter();
        effects.any(|effect| {
            matches!(effect, Effect::Submit(Ticket::Sketch, JobSpec::Run { requests, .. })
                if requests[0].steps == SKETCH_STEPS)
        })
    };
    let effects = state.apply(DatasetAction::Sketch(true).into());
    assert!(drawn(&effects), "{effects:?}");
    state.apply(Action::Submitted(Ticket::Sketch, JobId(7)));
    let effects = write(&mut state, 0, "Why?");
    let cancelled = effects
        .iter()
        .position(|effect| matches!(effect, Effect::Cancel(JobId(7))));
    assert!(cancelled.is_some() && drawn(&effects), "{effects:?}");
    state.apply(Action::Submitted(Ticket::Sketch, JobId(8)));
    // The end of the one that was cancelled ends nothing else.
    state.on_event(JobEvent::Cancelled(JobId(7)));
    assert_eq!(state.dataset.sketch.job, Some(JobId(8)));
    state.on_event(JobEvent::Finished(JobId(8)));
    assert_eq!(state.dataset.sketch.job, None);
    let effects = state.apply(DatasetAction::Select(1).into());
    assert!(!drawn(&effects));
}

fn strip(state: &AppState) -> &OpenStrip {
    state.dataset.strip.as_ref().expect("frames are shown")
}

/// Frames of a folder, of which the first and the last are picked and decoded.
fn picked(state: &mut AppState) {
    use crate::job::datasets::{LargeFrame, Strip};
    state.apply(StripAction::Take(vec![PathBuf::from("some/My film")]).into());
    let frames = (1..=3).map(|number| PathBuf::from(format!("f{number}.jpg")));
    let frames = Strip {
        frames: frames.collect(),
        cut: false,
    };
    state.on_dataset_event(DatasetEvent::Gathered(1, Ok(Some(frames))));
    state.apply(StripAction::Before(Some(0)).into());
    state.apply(StripAction::Move(99).into());
    assert_eq!(state.dataset.strip_blocked(), Some(StripBlocked::NoAfter));
    state.apply(StripAction::After(None).into());
    assert_eq!(state.dataset.strip_blocked(), Some(StripBlocked::Decoding));
    let large = || {
        Ok(LargeFrame {
            picture: Default::default(),
            size: (8, 6),
        })
    };
    let frames = vec![(0, large()), (2, large())];
    state.on_dataset_event(DatasetEvent::FramesLooked(1, frames));
    assert_eq!(state.dataset.strip_blocked(), None);
}

#[test]
fn a_new_pair_is_picked_added_undone_and_done_again() {
    let mut state = opened(Holder::Us);
    picked(&mut state);
    assert_eq!(strip(&state).name, "My_film_0001");
    let effects = state.apply(StripAction::Add.into());
    let [Effect::Dataset(DatasetTask::Add(1, new))] = &effects[..] else {
        panic!("{effects:?}");
    };
    let new = new.clone();
    assert_eq!(
        (new.before.as_path(), new.after.as_path()),
        (Path::new("f1.jpg"), Path::new("f3.jpg"))
    );
    assert_eq!(state.dataset.strip_blocked(), Some(StripBlocked::Adding));
    assert!(
        state.apply(Action::Undo).is_empty(),
        "nobody knows yet where it will stand"
    );
    let mut fresh = pair(3, "", "");
    fresh.place.name.clone_from(&new.name);
    let added = || DatasetEvent::Added(1, new.clone(), Ok(Box::new(fresh.clone())));
    state.on_dataset_event(added());
    assert_eq!(
        (open(&state).cursor, open(&state).shown.len()),
        (Some(3), 4)
    );
    assert_eq!(open(&state).folder.splits[0].count, 4);
    assert_eq!((strip(&state).before, strip(&state).after), (Some(2), None));
    assert_eq!(strip(&state).name, "My_film_0002");
    write(&mut state, 3, "Why?");
    state.apply(Action::Undo);
    let effects = state.apply(Action::Undo);
    assert!(
        matches!(&effects[0], Effect::Dataset(DatasetTask::TakeOut(1, out, place))
            if *out == new && place.name == new.name),
        "{effects:?}"
    );
    assert_eq!(open(&state).folder.pairs.len(), 3);
    assert!(open(&state).cursor.is_some_and(|cursor| cursor < 3));
    let effects = state.apply(Action::Redo);
    assert!(matches!(&effects[..], [Effect::Dataset(DatasetTask::Add(1, again))] if *again == new));
    state.on_dataset_event(added());
    state.apply(Action::Redo);
    assert_eq!(question(&state, 3), "Why?");
    assert_eq!(state.undo_possible(), (true, false));
}

#[test]
fn a_pair_that_could_not_be_added_is_no_step() {
    let mut state = opened(Holder::Us);
    picked(&mut state);
    let effects = state.apply(StripAction::Add.into());
    let [Effect::Dataset(DatasetTask::Add(1, new))] = &effects[..] else {
        panic!("{effects:?}");
    };
    let failed = DatasetEvent::Added(1, new.clone(), Err(Problem::new("The disk is full.")));
    state.on_dataset_event(failed);
    assert!(strip(&state).failed.is_some());
    assert_eq!(
        (open(&state).folder.pairs.len(), state.undo_possible()),
        (3, (false, false))
    );
    assert_eq!(state.dataset.strip_blocked(), None, "it can be tried again");
    let effects = state.apply(StripAction::Show(false).into());
    assert_eq!(effects.len(), 1, "its frames are dropped");
}

#[test]
fn a_pair_that_could_not_be_taken_out_is_shown_again() {
    let mut state = opened(Holder::Us);
    let problem = Problem::new("Another program has written about it.");
    let place = open(&state).pair(0).expect("a pair").place.clone();
    let effects = state.on_dataset_event(DatasetEvent::TakenOut(1, place, Err(problem)));
    assert!(
        matches!(&effects[..], [.., Effect::Dataset(DatasetTask::Open(2, _))]),
        "{effects:?}"
    );
}

#[test]
fn where_frames_come_from_is_told_by_their_endings() {
    let mut state = opened(Holder::Us);
    let mut source = |paths: &[&str]| {
        let paths = paths.iter().map(PathBuf::from).collect();
        let effects = state.apply(StripAction::Take(paths).into());
        match effects.last() {
            Some(Effect::Dataset(DatasetTask::Gather(_, source))) => source.clone(),
            other => panic!("{other:?}"),
        }
    };
    let pictures =
        |names: &[&str]| StripSource::Pictures(names.iter().map(PathBuf::from).collect());
    assert_eq!(source(&["a.PNG", "b.jpg"]), pictures(&["a.PNG", "b.jpg"]));
    assert_eq!(
        source(&["b.jpg", "c.jpg"]),
        pictures(&["a.PNG", "b.jpg", "c.jpg"])
    );
    assert_eq!(
        source(&["x.MKV"]),
        StripSource::Video(PathBuf::from("x.MKV"), 1.0)
    );
    assert_eq!(
        source(&["folder"]),
        StripSource::Folder(PathBuf::from("folder"))
    );
    let effects = state.apply(StripAction::PerSecond(5.0).into());
    assert!(effects.is_empty(), "a folder has no rate");
}
