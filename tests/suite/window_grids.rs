//! Maps, grids, pairs and targets in the window by accessible label, with the real jobs and the
//! embedded bundle. No graphics adapter is needed.

use crate::window::{
    Dropped, Outcome, Window, ask_quickly, click, config, has_text, open, state, wait,
    wait_until_ready,
};
use eframe::egui;
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use lgd_studio::app::{Action, Dialog, GridAction, Likeness, Phase, Run};
use lgd_studio::job::GuidanceMode;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn run(window: &Window) -> &Run {
    state(window).run.as_ref().expect("there is a run")
}

fn finished(window: &Window) -> bool {
    let run = state(window).run.as_ref();
    run.is_some_and(|run| run.columns.iter().all(|column| column.result().is_some()))
}

fn done(window: &Window) -> usize {
    run(window).cells_done().0
}

/// Replaces what stands in a field.
fn write(window: &mut Window, role: Role, label: &str, text: &str) {
    window.get_by_role_and_label(role, label).focus();
    window.step();
    window.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.step();
    window.get_by_role_and_label(role, label).type_text(text);
    window.step();
    window.step();
}

/// A window whose answers take this many steps.
fn quick(home: &Path, steps: usize) -> Window {
    let mut window = open(config(home));
    wait_until_ready(&mut window);
    ask_quickly(&mut window, |form| form.request.steps = steps);
    window.step();
    window
}

#[test]
fn window_draws_a_guidance_map_and_adopts_a_cell() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = quick(home.path(), 2);
    click(&mut window, "Guidance map…");
    assert_eq!(state(&window).dialog, Some(Dialog::Grid));
    let planned = state(&window).planned_grid().map(|grid| grid.cells());
    assert_eq!(planned, Ok(25), "{:?}", state(&window).form.grid);
    window.step();
    assert!(has_text(&window, "25 pictures"));
    assert!(has_text(&window, "time unknown until the first run"));
    write(&mut window, Role::TextInput, "Values of Columns", "3,5,7");
    write(&mut window, Role::TextInput, "Values of Rows", "1..2:0.5");
    assert!(has_text(&window, "9 pictures"));
    click(&mut window, "Draw the grid");
    assert_eq!(state(&window).dialog, None);
    assert!(state(&window).is_running());
    wait(&mut window, "all cells are drawn", |window| {
        finished(window)
    });
    let scales: Vec<_> = run(&window)
        .columns
        .iter()
        .map(|c| (c.request.guidance_scale, c.request.image_guidance_scale))
        .collect();
    assert_eq!(
        scales[..4],
        [(3.0, 1.0), (5.0, 1.0), (7.0, 1.0), (3.0, 1.5)]
    );
    let chosen = |window: &Window| run(window).chosen;
    assert_eq!(chosen(&window), 4, "the present scales are in the middle");
    window.get_by_role_and_label(Role::Image, "Chosen cell, Text scale 5, Image scale 1.5");

    // A click chooses, arrows move, Enter adopts.
    click(&mut window, "Text scale 7, Image scale 1");
    assert_eq!(chosen(&window), 2);
    for (key, cell) in [
        (Key::ArrowDown, 5),
        (Key::ArrowLeft, 4),
        (Key::ArrowUp, 1),
        (Key::ArrowUp, 1),
        (Key::ArrowRight, 2),
    ] {
        window.key_press(key);
        window.step();
        window.step();
        assert_eq!(chosen(&window), cell, "{key:?}");
    }
    window.key_press(Key::Enter);
    window.step();
    window.step();
    let form = |window: &Window| state(window).form.request.clone();
    assert_eq!(form(&window).guidance_scale, 7.0);
    assert_eq!(form(&window).image_guidance_scale, 1.0);
    assert!(!state(&window).is_running(), "Enter drew nothing");
    window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.step();
    assert_eq!(form(&window).guidance_scale, 5.0, "one step");
    assert_eq!(form(&window).image_guidance_scale, 1.5);
    click(&mut window, "Text scale 3, Image scale 2");
    click(&mut window, "Use these scales");
    assert_eq!(form(&window).guidance_scale, 3.0);
    assert_eq!(state(&window).present_cell(), Some(6));
    // The next one knows how long it will take.
    click(&mut window, "X/Y grid…");
    assert!(has_text(&window, "as fast as the last run"));
    Ok(())
}

#[test]
fn window_keeps_finished_cells_when_a_map_is_cancelled() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = quick(home.path(), 8);
    window.key_press_modifiers(Modifiers::COMMAND, Key::M);
    window.step();
    window.step();
    click(&mut window, "Draw the grid");
    wait(&mut window, "the first cells are there", |window| {
        let on_screen = has_text(window, "of 25 drawn");
        done(window) > 0 && on_screen
    });
    assert!(done(&window) < 25, "they appear before the others");
    click(&mut window, "Cancel");
    wait(&mut window, "it stopped", |window| {
        !state(window).is_running()
    });
    let kept = done(&window);
    assert!((1..25).contains(&kept), "{kept}");
    let cancelled = |column: &&lgd_studio::app::Column| matches!(column.phase, Phase::Cancelled);
    let rest = run(&window).columns.iter().filter(cancelled).count();
    assert_eq!(rest, 25 - kept);
    // Time runs for the cells that have some.
    window.get_by_role_and_label(Role::Slider, "Step");
    click(&mut window, "Draw the rest");
    wait(&mut window, "the rest is drawn", |window| finished(window));
    assert!(has_text(&window, "25 pictures"));
    Ok(())
}

#[test]
fn window_says_what_is_wrong_with_the_values_of_a_grid() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = quick(home.path(), 2);
    window.key_press_modifiers(Modifiers::COMMAND, Key::G);
    window.step();
    window.step();
    for (values, complaint) in [
        ("1,two", "\"two\" is not a number"),
        ("9..1", "The range 9..1 has no values"),
        ("5,5", "5 is there twice"),
        ("1..40", "200 pictures are too many"),
    ] {
        write(&mut window, Role::TextInput, "Values of Columns", values);
        assert!(has_text(&window, complaint), "{values}: {complaint}");
        let draw = window.get_by_role_and_label(Role::Button, "Draw the grid");
        assert!(draw.accesskit_node().is_disabled(), "{values}");
    }
    // Enter in a field of one line draws.
    write(&mut window, Role::TextInput, "Values of Columns", "1,2");
    write(&mut window, Role::TextInput, "Values of Rows", "1");
    assert!(has_text(&window, "2 pictures"));
    window.key_press(Key::Enter);
    window.step();
    window.step();
    wait(&mut window, "it is drawn", |window| {
        state(window).run.is_some() && finished(window)
    });
    assert_eq!(run(&window).columns.len(), 2);
    Ok(())
}

#[test]
fn window_draws_grids_over_words() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = quick(home.path(), 2);
    ask_quickly(&mut window, |form| {
        use lgd_studio::job::Parameter;
        form.grid.x.parameter = Some(Parameter::Question);
        form.grid.x.values =
            "What happens if it rains?\nWhat happens if it snows?\nWhat happens if the cat sleeps?"
                .to_owned();
        form.grid.y.parameter = Some(Parameter::Mode);
        form.grid.y.values = "question, latent".to_owned();
    });
    window.state_mut().act(GridAction::Draw.into());
    wait(&mut window, "it is drawn", |window| finished(window));
    click(
        &mut window,
        "Question What happens if it snows?, Guided by Latent",
    );
    click(&mut window, "Use these values");
    let form = &state(&window).form;
    assert_eq!(form.request.question, "What happens if it snows?");
    assert_eq!(form.modes, [GuidanceMode::Latent]);
    Ok(())
}

#[test]
fn window_asks_two_questions_and_shows_what_changes() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = quick(home.path(), 3);
    click(&mut window, "Ask two questions");
    let second = state(&window).form.second.clone();
    assert!(
        second.is_some_and(|second| !second.is_empty()),
        "one is offered"
    );
    write(
        &mut window,
        Role::TextInput,
        "Second question",
        "What happens if it rains?",
    );
    window.key_press(Key::Enter);
    window.step();
    wait(&mut window, "both are drawn", |window| {
        state(window).run.is_some() && finished(window)
    });
    let asked: Vec<_> = run(&window)
        .columns
        .iter()
        .map(|c| (c.request.question.clone(), c.request.seed))
        .collect();
    assert_eq!(asked[1].0, "What happens if it rains?");
    assert_eq!(asked[0].1, asked[1].1, "one noise tape");
    window.get_by_role_and_label(Role::Image, "Change from the first answer to the second");
    assert!(has_text(&window, "red brighter, blue darker"));
    window.get_by_role_and_label(Role::SpinButton, "Amplification");
    click(&mut window, "Ask one question");
    assert_eq!(state(&window).form.second, None);
    Ok(())
}

/// A picture file of one colour.
fn picture(home: &Path, name: &str, side: u32) -> image::ImageResult<PathBuf> {
    let path = home.join(name);
    image::RgbImage::from_pixel(side, side, image::Rgb([90, 140, 150])).save(&path)?;
    Ok(path)
}

#[test]
fn window_compares_with_a_target_picture() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = quick(home.path(), 2);
    window.key_press(Key::Enter);
    wait(&mut window, "it is drawn", |window| {
        state(window).run.is_some() && finished(window)
    });
    click(&mut window, "Look closely");
    click(&mut window, "Target");
    let typed = picture(home.path(), "hoped.png", 300)?;
    write(
        &mut window,
        Role::TextInput,
        "Path of the target picture",
        &typed.display().to_string(),
    );
    window.key_press(Key::Enter);
    let target = |window: &Window| run(window).target.clone();
    wait(&mut window, "the target is there", |window| {
        target(window).is_some()
    });
    window.step();
    assert!(has_text(&window, "hoped.png, resized from 300 × 300"));
    let first = window.get_by_role_and_label(Role::ComboBox, "First picture");
    assert_eq!(first.value().as_deref(), Some("Target"));
    let size = target(&window).map(|target| target.picture.dimensions());
    assert_eq!(size, Some(run(&window).frame.display.dimensions()));
    for way in ["Flip", "Side by side", "Wipe", "Blend", "Difference"] {
        click(&mut window, way);
    }
    wait(&mut window, "the pictures are measured", |window| {
        has_text(window, "PSNR") && has_text(window, "CLIP –")
    });
    let picture_of = |window: &Window| run(window).columns[0].result().cloned();
    let (a, b) = (target(&window), picture_of(&window));
    let (a, b) = (a.ok_or("target")?, b.ok_or("result")?);
    let likeness = state(&window).likeness_of(&a.picture, &b.display);
    assert_eq!(likeness, Likeness::NoJudge, "the embedded bundle has none");

    // A picture that is dropped while two are looked at is a target, not the next frame.
    let dropped = picture(home.path(), "dropped.png", 512)?;
    let frame = state(&window)
        .frame
        .frame
        .as_ref()
        .map(|f| f.origin.clone());
    window
        .input_mut()
        .dropped_files
        .push(Arc::new(Dropped(dropped)));
    wait(&mut window, "the dropped one is the target", |window| {
        let name = target(window).map(|target| target.facts.name.clone());
        name.as_deref() == Some("dropped.png")
    });
    let after = state(&window)
        .frame
        .frame
        .as_ref()
        .map(|f| f.origin.clone());
    assert_eq!(after, frame);
    click(&mut window, "Target");
    click(&mut window, "Remove the target");
    assert!(target(&window).is_none());

    // What is no picture is refused.
    let broken = home.path().join("broken.png");
    std::fs::write(&broken, "no picture")?;
    let open = lgd_studio::app::TargetAction::Open(broken);
    window.state_mut().act(open.into());
    wait(&mut window, "it is refused", |window| {
        !state(window).notices.is_empty()
    });
    Ok(())
}

#[test]
fn window_time_follows_the_strip_and_the_slider() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = quick(home.path(), 9);
    window.state_mut().act(Action::Generate);
    wait(&mut window, "it is drawn", |window| finished(window));
    let cursor = |window: &Window| run(window).timeline.cursor;
    let strip = |window: &Window| {
        let strip =
            window.get_by_role_and_label(Role::Image, "How far the picture is from the frame");
        strip.rect()
    };
    let slider = |window: &Window| window.get_by_role_and_label(Role::Slider, "Step").rect();

    // The strip's steps stand where the slider has them: the middle of nine is the fifth.
    let track = slider(&window);
    for (along, step) in [(0.5, 5), (0.0, 1), (1.0, 9)] {
        let x = track.left() + track.width() * along;
        let at = egui::pos2(x, strip(&window).center().y);
        window.drag_at(at);
        window.step();
        window.drop_at(at);
        window.step();
        assert_eq!(
            cursor(&window),
            Some(step),
            "a click at {along} of the strip"
        );
    }
    // The knob is dragged from the last step to the middle and on to the first.
    let knob = egui::pos2(track.right() - 8.0, track.center().y);
    window.drag_at(knob);
    window.step();
    for (along, step) in [(0.5, 5), (0.25, 3), (0.0, 1)] {
        let to = egui::pos2(track.left() + track.width() * along, track.center().y);
        window.event(egui::Event::PointerMoved(to));
        window.step();
        window.step();
        assert_eq!(
            cursor(&window),
            Some(step),
            "dragged to {along} of the slider"
        );
    }
    window.drop_at(egui::pos2(track.left(), track.center().y));
    window.step();
    Ok(())
}
