//! What happens about the program itself: actions and events in, state and effects out.

use super::*;
use crate::app::settings::{Session, ThemeChoice, to_text};
use crate::app::state::{Action, Page};
use crate::job::hub::Secret;
use crate::job::{BundleSource, JobEvent};

fn fresh() -> AppState {
    let bundle = BundleSource::Embedded;
    AppState::new(Settings::default(), Session::default(), bundle, 1)
}

fn shown(query: &LogQuery, known: usize) -> JobEvent {
    JobEvent::Care(CareEvent::Log(Ok(Arc::new(LogShown {
        query: query.clone(),
        lines: Vec::new(),
        known,
    }))))
}

#[test]
fn the_log_shows_what_is_looked_for_now() {
    let mut state = fresh();
    let effects = state.apply(Action::ShowPage(Page::Log));
    assert!(matches!(effects[..], [Effect::Care(CareTask::ReadLog(_))]));
    let words = LogQuery {
        words: "device".to_owned(),
        ..LogQuery::default()
    };
    state.apply(CareAction::Search(words.clone()).into());
    state.on_event(shown(&LogQuery::default(), 5));
    assert!(state.care.log.shown.is_none(), "that was asked before");
    state.on_event(shown(&words, 7));
    let known = state
        .care
        .log
        .shown
        .as_ref()
        .and_then(|shown| shown.as_ref().ok());
    assert_eq!(known.map(|shown| shown.known), Some(7));

    state.begin_frame(0.5);
    assert!(!state.care.log.is_due(state.now));
    state.begin_frame(1.5);
    assert!(state.care.log.is_due(state.now));
    state.apply(CareAction::LookAgain.into());
    assert!(!state.care.log.is_due(state.now));
    state.begin_frame(9.0);
    state.apply(CareAction::Follow(false).into());
    assert!(!state.care.log.is_due(state.now));
}

#[test]
fn a_bad_end_is_told_until_it_is_dealt_with() {
    let mut state = fresh();
    let end = BadEnd {
        report: Some("crash.json".into()),
        ..BadEnd::default()
    };
    let effects = state.ended_badly(end);
    assert!(matches!(
        effects[..],
        [Effect::Care(CareTask::ReadCrash(_))]
    ));
    assert_eq!(state.dialog, Some(Dialog::LastEnd));
    state.apply(Action::ShowDialog(Dialog::Package));
    state.apply(Action::CloseDialog);
    assert_eq!(
        state.dialog,
        Some(Dialog::LastEnd),
        "the package came between"
    );
    state.apply(Action::CloseDialog);
    assert!(state.care.last_end.is_none());
    assert_eq!(state.dialog, None);
}

#[test]
fn settings_are_shown_before_they_are_used_and_can_be_taken_back() {
    let mut state = fresh();
    state.settings.network.token = Secret::new("hf_mine".to_owned());
    let before = state.settings.clone();
    let text = "theme = \"dark\"\nscale = 9.0\nfont = \"serif\"\n\n[network]\noffline = true\n";
    state.settings_read("other.toml".into(), Ok(text.to_owned()));
    assert_eq!(state.settings, before, "nothing has changed yet");
    let Some(Ok(exchange)) = &state.care.exchange else {
        panic!("{:?}", state.care.exchange);
    };
    let names: Vec<_> = exchange.changes.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["network.offline", "scale", "theme"]);
    assert_eq!(exchange.unknown, ["font"]);
    assert!(exchange.limited);
    state.apply(CareAction::TakeImported.into());
    assert_eq!(state.settings.theme, ThemeChoice::Dark);
    assert_eq!(state.settings.network.token.reveal(), "hf_mine");

    let undo = |state: &AppState| match state.notices.last().map(|notice| &notice.kind) {
        Some(NoticeKind::SettingsImported(before) | NoticeKind::SettingsReset(before)) => {
            CareAction::TakeBack(before.clone())
        }
        other => panic!("{other:?}"),
    };
    let back = undo(&state);
    state.apply(back.into());
    assert_eq!(state.settings, before);
    state.apply(CareAction::ResetSettings.into());
    assert_eq!(state.settings, Settings::default());
    let back = undo(&state);
    state.apply(back.into());
    assert_eq!(state.settings, before);
}

#[test]
fn what_are_no_settings_is_refused_with_a_reason() {
    let now = Settings::default();
    for (text, reason) in [
        ("theme = [", "can be used"),
        ("theme = \"pink\"", "pink"),
        ("scale = \"large\"", "string"),
        ("[package]\nname = \"other\"\n", "none of its names"),
        ("", "none of its names"),
    ] {
        let problem = Exchange::read(text, "a.toml".into(), &now).err();
        let message = problem.map(|problem| problem.message).unwrap_or_default();
        assert!(message.contains(reason), "{text:?}: {message}");
    }
    let mut own = now.clone();
    own.network.token = Secret::new("hf_x".to_owned());
    let read = Exchange::read(&to_text(&own).unwrap_or_default(), "a.toml".into(), &now);
    let changes = read.map(|read| read.changes).unwrap_or_default();
    assert_eq!(changes.len(), 1);
    assert!(!format!("{changes:?}").contains("hf_x"));
}
