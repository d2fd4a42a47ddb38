//! The way in, by accessible label: a first question at one press, the tour, the help.

use crate::faces::texts::rows_on_screen;
use crate::window::{
    Outcome, Window, click, config, has_text, open, open_sized, state, wait, wait_until_ready,
};
use eframe::egui;
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use lgd_studio::app::{Action, AppConfig, Dialog, GuideAction, Page, Phase, Stop};
use std::path::Path;
use std::time::{Duration, Instant};

const FIRST: &str = "Ask: What happens if the cat gets hungry?";

fn first_window(home: &Path) -> Window {
    open(AppConfig {
        first_run: true,
        ..config(home)
    })
}

fn button(window: &Window, label: &str) -> bool {
    window
        .query_by_role_and_label(Role::Button, label)
        .is_some()
}

#[test]
fn window_a_first_question_is_one_press_away() -> Outcome {
    let home = tempfile::tempdir()?;
    let opened = Instant::now();
    let mut window = first_window(home.path());
    window.run_steps(4);
    assert!(has_text(&window, "Ask a picture what happens next"));
    click(&mut window, FIRST);
    wait(&mut window, "the question is asked", |window| {
        state(window).is_running()
    });
    // Ten seconds for a person; the machine of the tests is busy, and nobody has to read here.
    let asked = opened.elapsed();
    println!("asked after {asked:?}");
    assert!(asked < Duration::from_secs(10), "{asked:?}");
    assert_eq!(
        state(&window).history,
        ["What happens if the cat gets hungry?"]
    );
    wait(&mut window, "the answer is drawn", |window| {
        let run = state(window).run.as_ref();
        let phase = run.and_then(|run| Some(&run.columns.first()?.phase));
        matches!(phase, Some(Phase::Finished(_)))
    });
    eframe::App::on_exit(window.state_mut());
    drop(window);
    let mut window = open(config(home.path()));
    window.run_steps(4);
    assert_eq!(state(&window).dialog, None, "it was seen");
    Ok(())
}

#[test]
fn window_a_welcome_that_was_not_answered_comes_again() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = first_window(home.path());
    window.run_steps(3);
    eframe::App::on_exit(window.state_mut());
    drop(window);
    let mut window = open(config(home.path()));
    window.run_steps(3);
    assert_eq!(state(&window).dialog, Some(Dialog::Welcome));
    window.key_press(Key::Escape);
    window.run_steps(3);
    assert_eq!(state(&window).dialog, None);
    eframe::App::on_exit(window.state_mut());
    drop(window);
    let mut window = open(config(home.path()));
    window.run_steps(3);
    assert_eq!(state(&window).dialog, None);
    Ok(())
}

#[test]
fn window_the_tour_stops_at_real_controls_and_is_left_at_any_moment() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = first_window(home.path());
    wait_until_ready(&mut window);
    click(&mut window, "Show me around");
    assert_eq!(state(&window).dialog, None);
    for (place, heading) in [
        (1, "Choose one of the drawn frames"),
        (2, "Ask what happens if something changes"),
        (3, "Choose several to compare"),
        (4, "Press this, or Enter"),
        (5, "You watch each step"),
    ] {
        assert!(has_text(&window, heading), "{heading}");
        assert!(has_text(&window, &format!("{place} of 5")));
        if place < 5 {
            click(&mut window, "Next");
        }
    }
    assert!(!button(&window, "Skip"), "there is nothing left to skip");
    click(&mut window, "Back");
    // The controls are the real ones.
    click(&mut window, "Draw the answer");
    wait(&mut window, "it draws", |window| state(window).is_running());
    assert_eq!(state(&window).guide.stop, Some(Stop::Draw));
    window.key_press(Key::Escape);
    window.run_steps(3);
    assert_eq!(
        state(&window).guide.stop,
        None,
        "Escape leaves the tour first"
    );
    assert!(state(&window).is_running());
    window.key_press(Key::Escape);
    wait(&mut window, "Escape cancels again", |window| {
        !state(window).is_running()
    });

    // It starts again from the list of commands, and from the help.
    window.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.run_steps(3);
    window
        .get_by_role_and_label(Role::TextInput, "Command")
        .type_text("around");
    window.run_steps(3);
    window.key_press(Key::Enter);
    window.run_steps(6);
    assert_eq!(state(&window).guide.stop, Some(Stop::Frame));
    click(&mut window, "Skip");
    assert_eq!(state(&window).guide.stop, None);
    window.key_press(Key::F1);
    window.run_steps(6);
    assert_eq!(state(&window).page, Page::Help);
    click(&mut window, "Show me around");
    assert_eq!(
        (state(&window).page, state(&window).guide.stop),
        (Page::Ask, Some(Stop::Frame))
    );
    Ok(())
}

#[test]
fn window_the_tour_keeps_its_card_on_screen_at_any_size() -> Outcome {
    let home = tempfile::tempdir()?;
    let sizes = [[1280.0, 800.0], [980.0, 640.0], [2560.0, 1440.0]];
    // The last scrolls over its page, to where the tour is.
    for size in sizes.into_iter().chain([[640.0, 400.0]]) {
        let mut window = open_sized(config(home.path()), size);
        wait_until_ready(&mut window);
        window.state_mut().act(Action::Guide(GuideAction::Tour));
        for stop in Stop::ALL {
            window.run_steps(6);
            let next = if stop == Stop::Answers {
                "Done"
            } else {
                "Next"
            };
            let card = window.get_by_role_and_label(Role::Button, next).rect();
            let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, size.into());
            assert!(screen.contains_rect(card), "{stop:?} at {size:?}: {card:?}");
            if stop == Stop::Draw {
                let draw = window.get_by_role_and_label(Role::Button, "Draw the answer");
                assert!(
                    screen.contains_rect(draw.rect()),
                    "{size:?}: {:?}",
                    draw.rect()
                );
            }
            window.state_mut().act(Action::Guide(GuideAction::Step(1)));
        }
    }
    Ok(())
}

#[test]
fn window_the_help_shows_the_three_ways_and_every_key() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open_sized(config(home.path()), [1600.0, 2400.0]);
    wait_until_ready(&mut window);
    window.event(egui::Event::Key {
        key: Key::Questionmark,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::NONE,
    });
    window.run_steps(3);
    assert_eq!(state(&window).page, Page::Help);
    wait(&mut window, "the recording is read", |window| {
        !state(window).guide.films.is_empty()
    });
    window.run_steps(3);
    let answer = state(&window).guide.films[0]
        .columns
        .iter()
        .find_map(|column| column.answer.clone())
        .ok_or("the recording has an answer")?;
    let question = state(&window).guide.films[0].question.clone();
    for words in [
        question.as_str(),
        answer.as_str(),
        "The editor reads your question as it is.",
        "The language model writes an answer first",
        "its hidden states of frame and question",
        "Its sentence",
        "Ctrl+K",
        "Draw the answer",
        "Shift+Enter",
        "Help and keys",
        "F1",
    ] {
        assert!(has_text(&window, words), "{words}");
    }
    // The keys stand in columns of one width, and what they do as far behind them in each.
    let left = |label| window.get_by_label(label).rect().left();
    let begins = [
        "Draw the answer",
        "Go to Dataset",
        "Vote for picture 1",
        "Find a command",
    ]
    .map(left);
    let steps: Vec<f32> = begins.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(steps[0] > 100.0, "{begins:?}");
    assert!(
        steps.iter().all(|step| (step - steps[0]).abs() < 1.0),
        "{begins:?}"
    );
    click(&mut window, "Ask this yourself");
    wait(&mut window, "it is asked", |window| {
        state(window).is_running()
    });
    assert_eq!(state(&window).page, Page::Ask);
    Ok(())
}

#[test]
fn window_every_page_of_a_new_installation_says_what_to_do_next() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    for (page, next) in [
        (Page::Ask, "Draw the answer"),
        (Page::Gallery, "Ask a question"),
        (Page::Dataset, "Choose a folder…"),
        (Page::Vote, "Make an evaluation first"),
        (Page::Evaluate, "Choose the folder: Data set"),
        (Page::Train, "Start"),
        (Page::Models, "Download…"),
        (Page::Help, "Show me around"),
    ] {
        window.state_mut().act(Action::ShowPage(page));
        window.run_steps(6);
        // What is kept may still be looked up.
        wait(&mut window, &format!("{page:?} offers {next}"), |window| {
            let mut buttons = window.query_all_by_role(Role::Button);
            buttons.any(|node| node.accesskit_node().label().as_deref() == Some(next))
        });
        let rows = rows_on_screen(&window);
        let cut = rows.iter().find(|row| row.text == next && row.elided);
        assert!(cut.is_none(), "{page:?}: {cut:?}");
    }
    Ok(())
}
