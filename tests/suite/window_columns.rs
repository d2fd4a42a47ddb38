//! Several columns in the window by accessible label: modes, time, answers, looking closely, run
//! files. No graphics adapter is needed.

use crate::window::{
    Outcome, Window, ask_quickly, config, drawn, has_text, open, state, wait, wait_until_ready,
};
use eframe::egui;
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use lgd_studio::app::{Action, Dialog, Run};
use lgd_studio::job::GuidanceMode;

fn run(window: &Window) -> &Run {
    state(window).run.as_ref().expect("there is a run")
}

fn finished(window: &Window) -> bool {
    let run = state(window).run.as_ref();
    run.is_some_and(|run| run.columns.iter().all(|column| column.result().is_some()))
}

/// A window in which Answer and Latent have drawn in four steps.
fn compared(home: &std::path::Path) -> Window {
    let mut window = open(config(home));
    wait_until_ready(&mut window);
    ask_quickly(&mut window, |form| form.request.steps = 4);
    window.step();
    // The other mode is one click away; the form starts with Latent.
    window.get_by_role_and_label(Role::Button, "Answer").click();
    window.step();
    window.step();
    window.key_press(Key::Enter);
    wait(&mut window, "both columns are drawn", |window| {
        finished(window)
    });
    window
}

#[test]
fn window_columns_share_one_clock() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = compared(home.path());
    let modes: Vec<GuidanceMode> = run(&window)
        .columns
        .iter()
        .map(|c| c.request.mode)
        .collect();
    assert_eq!(modes, [GuidanceMode::Answer, GuidanceMode::Latent]);
    let seeds: Vec<u64> = run(&window)
        .columns
        .iter()
        .map(|c| c.request.seed)
        .collect();
    assert_eq!(seeds[0], seeds[1], "one noise tape");
    window.get_by_role_and_label(Role::Image, "Answer picture, Answer");
    window.get_by_role_and_label(Role::Image, "Answer picture, Latent");
    window.get_by_role_and_label(Role::Slider, "Step");
    assert!(has_text(
        &window,
        "The columns differ from the first step on"
    ));

    for (key, cursor) in [
        (Key::Comma, Some(3)),
        (Key::Comma, Some(2)),
        (Key::Period, Some(3)),
        (Key::Home, Some(1)),
        (Key::End, None),
    ] {
        window.key_press(key);
        window.step();
        assert_eq!(run(&window).timeline.cursor, cursor, "{key:?}");
    }
    window.key_press(Key::Home);
    window.step();
    wait(&mut window, "the first step is decoded", |window| {
        let moment = |column| run(window).moment(column);
        (0..2).all(|column| {
            let picture = moment(column).and_then(|at| run(window).timeline.picture(at));
            matches!(picture, Some((_, true)))
        })
    });
    window.get_by_role_and_label(Role::Button, "Play").click();
    wait(&mut window, "time ran to its end", |window| {
        let timeline = &run(window).timeline;
        !timeline.playing && timeline.cursor == Some(4)
    });
    Ok(())
}

#[test]
fn window_answers_can_be_edited_and_steps_branched() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = compared(home.path());
    let latent = run(&window).columns[1].result().cloned().expect("drawn");
    window
        .get_by_role_and_label(Role::TextInput, "Answer of Answer")
        .focus();
    window.step();
    window
        .get_by_role_and_label(Role::TextInput, "Answer of Answer")
        .type_text(" The cat sleeps.");
    window.step();
    window.key_press(Key::Enter);
    window.step();
    wait(&mut window, "it is drawn again", |window| {
        let answer = run(window).columns[0]
            .result()
            .and_then(|r| r.answer.clone());
        answer.is_some_and(|answer| answer.given && answer.text.contains("The cat sleeps."))
    });
    let kept = run(&window).columns[1].result().cloned().expect("kept");
    assert!(
        std::sync::Arc::ptr_eq(&latent, &kept),
        "only what depends on it runs again"
    );

    window.key_press(Key::Home);
    window.step();
    window
        .get_by_role_and_label(Role::Button, "More about Latent")
        .click();
    window.step();
    window.step();
    window
        .get_by_role_and_label(Role::Button, "Branch from step 1")
        .click();
    window.step();
    wait(&mut window, "the branch is drawn", |window| {
        run(window).columns.len() == 3 && finished(window)
    });
    // Nothing was changed, so the branch ends where its path did.
    let branch = run(&window).columns[2].result().cloned().expect("drawn");
    assert!(branch.picture == kept.picture);
    Ok(())
}

#[test]
fn window_looks_closely_at_two_pictures() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = compared(home.path());
    window
        .get_by_role_and_label(Role::Button, "Look closely")
        .click();
    window.step();
    window.step();
    window.get_by_role_and_label(Role::ComboBox, "First picture");
    window.get_by_role_and_label(Role::ComboBox, "Second picture");
    window
        .get_by_role_and_label(Role::Button, "Difference")
        .click();
    wait(&mut window, "the pictures are measured", |window| {
        has_text(window, "PSNR")
    });
    window.key_press(Key::V);
    window.step();
    window.step();
    assert!(!state(&window).looking);
    window.get_by_role_and_label(Role::Image, "Answer picture, Latent");
    Ok(())
}

#[test]
fn window_opens_a_run_file_like_a_picture() -> Outcome {
    use lgd_studio::job::{FileTask, Jobs, JobsConfig};
    let home = tempfile::tempdir()?;
    let window = compared(home.path());
    let file = home.path().join("mine.lgdrun");
    let kept = run(&window).to_file();
    let mut jobs = Jobs::start(JobsConfig::default(), || {})?;
    jobs.files(FileTask::SaveRun(kept.into(), file.clone()));
    drop(jobs); // finishes its writes
    drop(window);

    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    window.state_mut().act(Action::OpenPath(file));
    wait(&mut window, "the run is open", finished_now);
    assert_eq!(run(&window).columns.len(), 2);
    window.get_by_role_and_label(Role::Image, "Answer picture, Answer");
    window.get_by_role_and_label(Role::Slider, "Step");
    Ok(())
}

#[test]
fn window_commands_are_found_by_name() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    window.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.step();
    window.step();
    assert_eq!(state(&window).dialog, Some(Dialog::Palette));
    window
        .get_by_role_and_label(Role::TextInput, "Command")
        .type_text("about");
    window.step();
    window.step();
    window.get_by_role_and_label(Role::Button, "About this program");
    window.key_press(Key::Enter);
    window.step();
    window.step();
    assert_eq!(state(&window).dialog, Some(Dialog::About));
    window.key_press(Key::Escape);
    window.step();
    window.step();
    assert_eq!(state(&window).dialog, None);
    assert!(state(&window).run.is_none(), "Enter drew nothing");
    Ok(())
}

fn finished_now(window: &mut Window) -> bool {
    finished(window)
}

#[test]
fn window_columns_stand_in_one_line_with_and_without_an_answer() -> Outcome {
    let home = tempfile::tempdir()?;
    let modes = [GuidanceMode::Question, GuidanceMode::Answer];
    let mut window = drawn(home.path(), &modes, 2);
    window.step();
    window.step();
    let top = |mode: &str| {
        let save = format!("Save picture of {mode}");
        let button = window.get_by_role_and_label(Role::Button, &save);
        button.rect().top()
    };
    // Only one of them has a written answer above its buttons.
    let (bare, answered) = (top("Question"), top("Answer"));
    assert!((bare - answered).abs() < 1.0, "{bare} and {answered}");
    Ok(())
}
