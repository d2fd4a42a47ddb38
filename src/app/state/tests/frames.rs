//! What a question is about: the first frame, examples, files, and trouble with them.

use super::*;

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
fn a_picture_that_opens_takes_the_trouble_of_the_one_before_away() {
    let mut state = ready();
    state.notify(NoticeKind::Copied);
    state.on_event(JobEvent::FrameFailed(Problem::new("There is no picture.")));
    assert_eq!(state.notices.len(), 2);
    state.on_event(JobEvent::FrameOpened(frame(FrameOrigin::File(
        "a.png".into(),
    ))));
    let left: Vec<_> = state.notices.iter().map(|notice| &notice.kind).collect();
    assert_eq!(left, [&NoticeKind::Copied]);
}
