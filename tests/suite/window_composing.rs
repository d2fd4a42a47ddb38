//! Words that come from an input method, as Chinese does: sounds are typed, a word is chosen, and only
//! then is it text.

use crate::window::{Outcome, Window, config, has_text, open, state, wait, wait_until_ready};
use eframe::egui;
use egui::accesskit::Role;
use egui::{Event, ImeEvent, Key, Modifiers};
use egui_kittest::Node;
use egui_kittest::kittest::Queryable as _;
use lgd_studio::app::{Action, AppConfig, BundleState, ConferenceAction, Dialog, Page, Scene};
use lgd_studio::job::FilmSource;

/// What an input method says while a word is composed; nothing ends it.
fn compose(window: &mut Window, sounds: &str) {
    let length = sounds.chars().count();
    window
        .input_mut()
        .events
        .push(Event::Ime(ImeEvent::Preedit {
            text: sounds.to_owned(),
            active_range_chars: Some(length..length),
        }));
    window.step();
}

/// A word is chosen. On most systems the end of the composition is told first.
fn settle(window: &mut Window, word: &str) {
    for event in [
        ImeEvent::Preedit {
            text: String::new(),
            active_range_chars: None,
        },
        ImeEvent::Commit(word.to_owned()),
    ] {
        window.input_mut().events.push(Event::Ime(event));
    }
    window.step();
}

fn press(window: &mut Window, key: Key) {
    window.key_press(key);
    window.step();
}

fn question(window: &Window) -> String {
    state(window).form.request.question.clone()
}

fn field<'a>(window: &'a Window, label: &'a str) -> Node<'a> {
    let roles = [Role::TextInput, Role::MultilineTextInput];
    let mut found = roles
        .into_iter()
        .filter_map(|role| window.query_by_role_and_label(role, label));
    found.next().expect(label)
}

/// Puts the cursor into the field of this name, behind everything in it.
fn typing(window: &mut Window, label: &str) {
    field(window, label).focus();
    window.run_steps(2);
    window.key_press_modifiers(Modifiers::COMMAND, Key::End);
    window.run_steps(2);
}

/// What stands in the field of this name.
fn shown(window: &Window, label: &str) -> String {
    field(window, label).value().unwrap_or_default()
}

#[test]
fn window_composing_in_the_question_asks_nothing_before_a_word_is_chosen() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    let before = question(&window);
    typing(&mut window, "Question");
    compose(&mut window, "xia");
    compose(&mut window, "xiayu");
    window.step();
    // It stands in the field, and is neither counted nor remembered.
    assert_eq!(shown(&window, "Question"), format!("{before}xiayu"));
    assert_eq!(question(&window), before);
    // Enter, Escape and the arrows belong to the input method.
    for key in [Key::Enter, Key::ArrowUp, Key::Enter] {
        press(&mut window, key);
    }
    assert!(!state(&window).is_busy() && question(&window) == before);
    // Enter that settles a word, in one frame with it.
    window.input_mut().events.push(Event::Key {
        key: Key::Enter,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::NONE,
    });
    settle(&mut window, "下雨");
    assert_eq!(question(&window), format!("{before}下雨"));
    assert!(!state(&window).is_busy(), "Enter was the input method's");
    // A composition that is given up leaves nothing.
    compose(&mut window, "ni");
    compose(&mut window, "");
    assert_eq!(shown(&window, "Question"), format!("{before}下雨"));
    // The next Enter asks, without what is still open elsewhere.
    press(&mut window, Key::Enter);
    assert!(state(&window).is_busy(), "Enter asks again");
    press(&mut window, Key::Escape);
    Ok(())
}

#[test]
fn window_composing_is_not_asked_by_a_click_in_the_middle_of_a_word() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    let before = question(&window);
    typing(&mut window, "Question");
    compose(&mut window, "xiayu");
    let draw = window.get_by_role_and_label(Role::Button, "Draw the answer");
    draw.click();
    wait(&mut window, "it is asked", |window| state(window).is_busy());
    let run = state(&window).run.as_ref().expect("it runs");
    assert_eq!(run.columns[0].request.question, before);
    assert_eq!(question(&window), before);
    assert_eq!(shown(&window, "Question"), before, "half a word is left");
    press(&mut window, Key::Escape);
    Ok(())
}

fn scene(window: &Window) -> Option<Scene> {
    let conference = state(window).conference.as_ref();
    conference.map(|conference| conference.scene)
}

/// Conference mode, where a visitor is about to write a question.
fn visit(home: &std::path::Path) -> Window {
    let mut window = open(AppConfig {
        conference: Some(FilmSource::BuiltIn),
        ..config(home)
    });
    wait(&mut window, "the bundle is there", |window| {
        matches!(state(window).bundle, BundleState::Ready(_))
    });
    let choose = ConferenceAction::Choose("balloon.png".to_owned());
    window.state_mut().act(choose.into());
    wait(&mut window, "the frame is there", |window| {
        state(window).frame.frame.is_some()
    });
    typing(&mut window, "Your question");
    window
}

#[test]
fn window_composing_a_visitors_question_counts_characters_of_words_alone() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = visit(home.path());
    settle(&mut window, &"雨".repeat(118));
    assert!(has_text(&window, "2 characters left"));
    // Six sounds for two characters: they fit, though their letters would not.
    compose(&mut window, "dafeng");
    assert!(shown(&window, "Your question").ends_with("雨dafeng"));
    assert!(has_text(&window, "2 characters left"));
    press(&mut window, Key::Enter);
    assert_eq!(scene(&window), Some(Scene::Question), "Enter is not ours");
    settle(&mut window, "大风");
    window.step();
    assert!(has_text(&window, "0 characters left"));
    assert!(shown(&window, "Your question").ends_with("雨大风"));
    // What is more than fits is left out, a character as a whole.
    compose(&mut window, "xiaxue");
    settle(&mut window, "下雪");
    window.step();
    assert!(shown(&window, "Your question").ends_with("雨大风"));
    assert_eq!(shown(&window, "Your question").chars().count(), 120);
    // Whoever composes for a long time is there all the same.
    let begun = window.ctx.input(|input| input.time);
    for seconds in (0..200).step_by(5) {
        window.input_mut().time = Some(begun + f64::from(seconds));
        compose(&mut window, &"a".repeat(1 + seconds as usize % 3));
    }
    assert_eq!(scene(&window), Some(Scene::Question));
    settle(&mut window, "");
    press(&mut window, Key::Enter);
    assert_eq!(scene(&window), Some(Scene::Drawing));
    let asked = &state(&window).form.request.question;
    assert!(asked.chars().count() == 120 && asked.ends_with("雨大风"));
    Ok(())
}

#[test]
fn window_composing_in_the_list_of_commands_picks_none() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    window.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.step();
    window.step();
    compose(&mut window, "mo");
    press(&mut window, Key::Enter);
    assert_eq!(state(&window).dialog, Some(Dialog::Palette));
    settle(&mut window, "模");
    window.step();
    assert_eq!(state(&window).dialog, Some(Dialog::Palette));
    assert!(has_text(&window, "No command is called like that"));
    Ok(())
}

#[test]
fn window_composing_in_a_setting_keeps_only_words() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    window.state_mut().act(Action::ShowPage(Page::Models));
    window.state_mut().act(Action::ShowDialog(Dialog::Network));
    window.run_steps(3);
    let kept = |window: &Window| state(window).settings.network.proxy.clone();
    typing(&mut window, "Proxy");
    compose(&mut window, "daili");
    window.step();
    assert_eq!(
        (kept(&window), shown(&window, "Proxy")),
        (String::new(), "daili".to_owned())
    );
    settle(&mut window, "代理");
    window.step();
    assert_eq!(kept(&window), "代理");
    Ok(())
}

#[test]
fn window_composing_that_nobody_goes_on_with_ends_a_visit() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = visit(home.path());
    let begun = window.ctx.input(|input| input.time);
    for seconds in (0..60).step_by(5) {
        window.input_mut().time = Some(begun + f64::from(seconds));
        // As Wayland does: the same again in every frame.
        compose(&mut window, "dafeng");
    }
    assert_eq!(scene(&window), Some(Scene::Attract));
    Ok(())
}
