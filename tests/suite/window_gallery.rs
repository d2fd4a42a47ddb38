//! The Gallery page by accessible label, with the real store behind it.

use crate::window::{
    Outcome, Window, ask_quickly, config, has_text, open, state, wait, wait_until_ready,
};
use eframe::egui;
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use lgd_studio::app::{CoverState, Page, Phase};
use lgd_studio::job::{
    BundleSource, EditRequest, FrameFacts, GuidanceMode, JobEvent, KeptState, RunEntry, RunKey,
    StoreEvent,
};
use std::path::Path;

pub const RAIN: &str = "What happens if it rains?";
pub const SUN: &str = "What happens if the sun shines?";

/// Draws an answer in two steps.
fn draw(window: &mut Window, question: &str, seed: u64, modes: &[GuidanceMode]) {
    ask_quickly(window, |form| {
        form.request.question = question.to_owned();
        form.request.seed = seed;
        form.request.steps = 2;
        form.keep_seed = true;
        form.modes = modes.to_vec();
    });
    window.step();
    window.key_press(Key::Enter);
    wait(window, "the answer is drawn", |window| {
        let run = state(window).run.as_ref();
        run.is_some_and(|run| {
            let drawn = |phase: &Phase| matches!(phase, Phase::Finished(_));
            run.columns[0].request.question == question
                && run.columns.iter().all(|column| drawn(&column.phase))
        })
    });
}

/// A window on the gallery with two runs, the sunny one the newer.
pub fn gallery(home: &Path) -> Window {
    let mut window = open(config(home));
    wait_until_ready(&mut window);
    draw(&mut window, RAIN, 5, &[GuidanceMode::Latent]);
    draw(
        &mut window,
        SUN,
        6,
        &[GuidanceMode::Answer, GuidanceMode::Latent],
    );
    window
        .get_by_role_and_label(Role::Button, "Gallery")
        .click();
    wait(
        &mut window,
        "both runs are finished in the list",
        |window| {
            let runs = state(window).gallery.runs.as_ref();
            runs.is_some_and(|runs| runs.len() == 2 && runs.values().all(|run| run.finished > 0))
        },
    );
    wait(&mut window, "their covers are read", |window| {
        state(window).gallery.unread() == 0
    });
    window
}

fn cards(window: &Window, question: &str) -> usize {
    let cards = window.query_all_by_label_contains(question);
    cards
        .filter(|card| card.accesskit_node().role() == Role::Button)
        .count()
}

pub fn click_card(window: &mut Window, question: &str, modifiers: Modifiers) {
    let found = window.query_all_by_label_contains(question);
    let mut buttons = found.filter(|card| card.accesskit_node().role() == Role::Button);
    let card = buttons.next().expect("there is a card");
    card.click_modifiers(modifiers);
    drop(buttons);
    window.step();
    window.step();
}

fn current(window: &Window) -> RunEntry {
    state(window)
        .gallery
        .current()
        .cloned()
        .expect("a run is selected")
}

#[test]
fn window_gallery_finds_stars_and_deletes_runs() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = gallery(home.path());
    assert_eq!((cards(&window, RAIN), cards(&window, SUN)), (1, 1));
    let newest = state(&window).gallery.shown[0];
    let newest = state(&window)
        .gallery
        .run(newest)
        .map(|run| run.question.clone());
    assert_eq!(newest.as_deref(), Some(SUN));
    assert!(has_text(&window, "2 runs"));

    window
        .get_by_role_and_label(Role::TextInput, "Search runs")
        .focus();
    window.step();
    window
        .get_by_role_and_label(Role::TextInput, "Search runs")
        .type_text("RAINS what");
    window.step();
    window.step();
    assert_eq!((cards(&window, RAIN), cards(&window, SUN)), (1, 0));
    window.get_by_role_and_label(Role::Button, "Clear").click();
    window.step();
    window.step();
    assert_eq!(cards(&window, SUN), 1);

    click_card(&mut window, RAIN, Modifiers::NONE);
    wait(&mut window, "its picture is there", |window| {
        window
            .query_by_role_and_label(Role::Image, "Answer picture, Latent")
            .is_some()
    });
    window.key_press(Key::S);
    wait(&mut window, "it has a star", |window| {
        current(window).starred
    });
    window
        .get_by_role_and_label(Role::Button, "Starred")
        .click();
    window.step();
    window.step();
    assert_eq!((cards(&window, RAIN), cards(&window, SUN)), (1, 0));
    window.get_by_role_and_label(Role::Button, "Clear").click();
    window.step();

    window.key_press(Key::Delete);
    wait(&mut window, "it is gone", |window| cards(window, RAIN) == 0);
    assert!(has_text(&window, "Runs deleted: 1"));
    window.get_by_role_and_label(Role::Button, "Undo").click();
    wait(&mut window, "it is back", |window| cards(window, RAIN) == 1);
    // What is kept is kept for the next window, and so is the page.
    window.state_mut().save();
    drop(window);
    let mut window = open(config(home.path()));
    wait(&mut window, "the gallery is listed at once", |window| {
        cards(window, RAIN) == 1
    });
    Ok(())
}

#[test]
fn window_gallery_compares_and_recalls() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = gallery(home.path());
    // The arrow keys go from the newest on.
    window.key_press(Key::ArrowRight);
    window.step();
    assert_eq!(current(&window).question, SUN);
    window.key_press(Key::ArrowRight);
    window.step();
    assert_eq!(current(&window).question, RAIN);
    click_card(&mut window, SUN, Modifiers::COMMAND);
    // Question, modes and seed differ; frame, bundle and the numbers do not.
    window.get_by_role_and_label(Role::Group, "Differences, 3 settings");
    assert!(has_text(&window, "What differs"));

    click_card(&mut window, RAIN, Modifiers::NONE);
    let before = state(&window).form.clone();
    window.get_by_role_and_label(Role::Button, "Seed").click();
    window.step();
    window.step();
    assert_eq!(state(&window).page, Page::Ask);
    assert_eq!(state(&window).form.request.seed, 5);
    assert_eq!(state(&window).form.request.question, SUN);
    window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.step();
    assert_eq!(state(&window).form, before);

    window.key_press_modifiers(Modifiers::COMMAND, Key::Num2);
    window.step();
    window.step();
    assert_eq!(state(&window).page, Page::Gallery);
    window
        .get_by_role_and_label(Role::Button, "Everything")
        .click();
    wait(&mut window, "question and frame are there", |window| {
        let state = state(window);
        state.form.request.question == RAIN && !state.frame.opening
    });
    assert_eq!(state(&window).form.modes, [GuidanceMode::Latent]);

    window.key_press_modifiers(Modifiers::COMMAND, Key::Num2);
    window.step();
    window.step();
    window.key_press(Key::Enter);
    wait(&mut window, "the run is on the Ask page", |window| {
        let run = state(window).run.as_ref();
        let opened = run.is_some_and(|run| run.columns[0].request.question == RAIN);
        opened && state(window).page == Page::Ask
    });
    Ok(())
}

#[test]
fn window_gallery_says_which_run_is_damaged_and_where_to_begin() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    window.key_press_modifiers(Modifiers::COMMAND, Key::Num2);
    wait(&mut window, "it is empty", |window| {
        has_text(window, "No runs yet")
    });
    window
        .get_by_role_and_label(Role::Button, "Ask a question")
        .click();
    window.step();
    window.step();
    assert_eq!(state(&window).page, Page::Ask);
    drop(window);

    let mut window = gallery(home.path());
    click_card(&mut window, RAIN, Modifiers::NONE);
    let file = current(&window).file;
    drop(window);
    std::fs::write(&file, "not a run")?;
    let mut window = open(config(home.path()));
    window.key_press_modifiers(Modifiers::COMMAND, Key::Num2);
    wait(&mut window, "both cards are there", |window| {
        cards(window, RAIN) == 1 && cards(window, SUN) == 1
    });
    click_card(&mut window, RAIN, Modifiers::NONE);
    wait(&mut window, "it says what is wrong", |window| {
        has_text(window, "This run cannot be read")
    });
    assert!(has_text(&window, "is not a run of LGD Studio"));
    click_card(&mut window, SUN, Modifiers::NONE);
    wait(&mut window, "the other one is whole", |window| {
        window
            .query_by_role_and_label(Role::Image, "Answer picture, Answer")
            .is_some()
    });
    Ok(())
}

/// Puts two thousand runs into the list, whose files are gone.
pub fn show_many(window: &mut Window, home: &Path) {
    let run = |number: i64| RunEntry {
        id: RunKey(number),
        created: 1_700_000_000 + number,
        question: format!("What happens if it snows {number} times?"),
        modes: vec![GuidanceMode::Latent],
        seeds: vec![7],
        bundle: "toon-tiny".to_owned(),
        bundle_fingerprint: String::new(),
        bundle_source: BundleSource::Embedded,
        frame: FrameFacts::default(),
        columns: vec![EditRequest::default()],
        finished: 1,
        state: KeptState::Finished,
        problem: None,
        starred: false,
        file: home.join(format!("{number}.lgdrun")),
        frame_file: home.join("frame.png"),
    };
    let many = StoreEvent::Listed((1..=2000).map(run).collect());
    window.state_mut().receive(JobEvent::Store(many));
}

#[test]
fn window_gallery_lays_out_only_what_is_on_screen() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    window.key_press_modifiers(Modifiers::COMMAND, Key::Num2);
    wait(&mut window, "it is listed", |window| {
        state(window).gallery.runs.is_some()
    });
    show_many(&mut window, home.path());
    window.step();
    window.step();
    let on_screen = cards(&window, "What happens if it snows");
    assert!(
        (4..40).contains(&on_screen),
        "{on_screen} cards are laid out"
    );
    assert!(has_text(&window, "2000 runs"));
    assert_eq!(cards(&window, "snows 2000 times"), 1);
    // Their files are gone; the cards say so.
    let first = RunKey(2000);
    wait(&mut window, "the first card says what is wrong", |window| {
        matches!(
            state(window).gallery.cover(first),
            Some(CoverState::Failed(_))
        )
    });
    // The cursor is brought into view, row by row.
    for _ in 0..30 {
        window.key_press(Key::ArrowDown);
        window.step();
    }
    window.step();
    let cursor = current(&window);
    assert!(cursor.id < RunKey(1940), "{:?}", cursor.id);
    assert_eq!(cards(&window, &cursor.question), 1, "it is on screen");
    assert_eq!(cards(&window, "snows 2000 times"), 0);
    Ok(())
}
