//! The Ask page by accessible label: a question, its answer, the frame, and what is remembered.

use crate::window::{
    Dropped, Outcome, Window, ask_quickly, config, has_text, open, places, state, wait,
    wait_until_ready,
};
use eframe::egui;
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use lgd_studio::app::{Action, AppConfig, BundleState, Dialog, NoticeKind, Phase, ThemeChoice};
use lgd_studio::job::{BundleSource, FrameOrigin, GuidanceMode, Stage};
use std::path::PathBuf;
use std::sync::Arc;

fn shows_example(window: &Window, file: &str) -> bool {
    let frame = state(window).frame.frame.as_ref();
    frame.is_some_and(|frame| frame.origin == FrameOrigin::Example(file.to_owned()))
}

fn question(window: &Window) -> String {
    state(window).form.request.question.clone()
}

fn phase(window: &Window) -> Option<Phase> {
    let run = state(window).run.as_ref()?;
    run.columns.first().map(|column| column.phase.clone())
}

#[test]
fn window_enter_draws_the_answer_step_by_step() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    assert_eq!(question(&window), "What happens if the cat gets hungry?");
    ask_quickly(&mut window, |form| {
        form.modes = vec![GuidanceMode::Answer];
        form.request.steps = 8;
    });
    window.step();

    window.key_press(Key::Enter);
    window.step();
    assert!(state(&window).is_running());
    assert!(
        window
            .query_by_role_and_label(Role::Button, "Draw the answer")
            .is_none()
    );

    let mut steps = Vec::new();
    wait(&mut window, "the answer is drawn", |window| {
        match phase(window) {
            Some(Phase::Running(progress)) => {
                if progress.step > 0 && steps.last() != Some(&progress.step) {
                    window.step();
                    if let Some(Phase::Running(now)) = phase(window)
                        && now.stage == Stage::Drawing
                    {
                        let text = format!("Drawing {} of 8", now.step);
                        assert!(has_text(window, &text), "{text} is not on screen");
                    }
                    steps.push(progress.step);
                }
                false
            }
            Some(Phase::Queued) => false,
            Some(Phase::Finished(_)) => true,
            other => panic!("{other:?}"),
        }
    });
    // A busy machine skips some: the newest preview replaces the ones before.
    assert!(steps.len() >= 2, "the steps are watched: {steps:?}");
    assert!(steps.is_sorted());
    let field = window.get_by_role_and_label(Role::TextInput, "Answer of Answer");
    let written = state(&window)
        .run
        .as_ref()
        .and_then(|run| run.columns[0].answer.clone());
    assert_eq!(field.value(), written.map(|answer| answer.text));
    window.get_by_role_and_label(Role::Button, "Save picture…");
    window.get_by_role_and_label(Role::Button, "Copy picture");
    let Some(Phase::Finished(result)) = phase(&window) else {
        panic!("finished");
    };
    assert_eq!(result.picture.dimensions(), (512, 512), "the frame's size");
    // Frame, frame of the run, one per preview, the result; nothing twice.
    let most = 3 + result.request.steps;
    assert!(
        window.state().uploads() <= most,
        "{}",
        window.state().uploads()
    );

    window
        .get_by_role_and_label(Role::Button, "Use as next frame")
        .click();
    window.step();
    window.step();
    assert!(has_text(&window, "Earlier answer"));
    Ok(())
}

#[test]
fn window_escape_cancels_and_the_same_can_be_tried_again() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    ask_quickly(&mut window, |form| form.request.steps = 1000);
    window.step();
    window
        .get_by_role_and_label(Role::Button, "Draw the answer")
        .click();
    wait(
        &mut window,
        "drawing began",
        |window| matches!(phase(window), Some(Phase::Running(progress)) if progress.step > 0),
    );
    window.key_press(Key::Escape);
    window.step();
    wait(&mut window, "it stopped", |window| {
        matches!(phase(window), Some(Phase::Cancelled))
    });
    assert!(has_text(&window, "Cancelled"));

    window
        .get_by_role_and_label(Role::Button, "Try again")
        .click();
    wait(&mut window, "it draws again", |window| {
        state(window).is_running()
    });
    window.get_by_role_and_label(Role::Button, "Cancel").click();
    wait(&mut window, "it stopped again", |window| {
        matches!(phase(window), Some(Phase::Cancelled))
    });
    Ok(())
}

#[test]
fn window_tells_what_failed_and_what_to_do() -> Outcome {
    let home = tempfile::tempdir()?;
    let missing = home.path().join("no-such-bundle");
    let mut window = open(AppConfig {
        bundle: Some(BundleSource::Folder(missing)),
        ..config(home.path())
    });
    wait(&mut window, "the bundle fails", |window| {
        matches!(state(window).bundle, BundleState::Failed(_))
    });
    assert!(has_text(&window, "That did not work"));
    assert!(has_text(&window, "no-such-bundle"), "the file is named");
    window.get_by_role_and_label(Role::Button, "Try again");

    let broken = home.path().join("broken.png");
    std::fs::write(&broken, "not a picture")?;
    window.state_mut().act(Action::OpenPath(broken));
    wait(&mut window, "the picture is refused", |window| {
        !state(window).notices.is_empty()
    });
    window
        .get_by_role_and_label(Role::Button, "Dismiss")
        .click();
    wait(&mut window, "the notice is gone", |window| {
        state(window).notices.is_empty()
    });
    Ok(())
}

#[test]
fn window_examples_bring_their_questions() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    window
        .get_by_role_and_label(Role::Button, "Example Snowman")
        .click();
    wait(&mut window, "the snowman stands there", |window| {
        shows_example(window, "snowman.png")
    });
    assert_eq!(question(&window), "What happens if it gets terribly hot?");
    let suggestion = "What happens if somebody whistles for the dog?";
    window
        .get_by_role_and_label(Role::Button, suggestion)
        .click();
    window.step();
    window.step();
    assert_eq!(question(&window), suggestion);
    assert!(has_text(&window, "of 24 tokens"));

    // A click takes no focus that Enter would need.
    window
        .get_by_role_and_label(Role::Button, "Example Balloon")
        .click();
    wait(&mut window, "the balloon is there", |window| {
        shows_example(window, "balloon.png")
    });
    window.key_press(Key::Enter);
    wait(&mut window, "Enter draws", |window| {
        state(window).is_running()
    });
    window.key_press(Key::Escape);
    wait(&mut window, "Escape stops", |window| {
        !state(window).is_running()
    });
    Ok(())
}

#[test]
fn window_takes_pictures_that_are_dropped_pasted_or_typed() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    let picture = |name: &str, width: u32| -> image::ImageResult<PathBuf> {
        let path = home.path().join(name);
        image::RgbImage::from_pixel(width, 5, image::Rgb([90, 140, 150])).save(&path)?;
        Ok(path)
    };
    let shows = |window: &Window, width: u32| {
        let frame = state(window).frame.frame.as_ref();
        frame.is_some_and(|frame| frame.image.width() == width)
    };

    let hovered = egui::HoveredFile::default();
    window.input_mut().hovered_files.push(hovered);
    window.step();
    window.input_mut().hovered_files.clear();
    let dropped = Dropped(picture("dropped.png", 7)?);
    window.input_mut().dropped_files.push(Arc::new(dropped));
    wait(&mut window, "the dropped picture is the frame", |window| {
        shows(window, 7)
    });
    assert!(has_text(&window, "dropped.png"));

    let pasted = picture("pasted.png", 8)?;
    window.event(egui::Event::Paste(pasted.display().to_string()));
    wait(&mut window, "the pasted path is the frame", |window| {
        shows(window, 8)
    });

    let typed = picture("typed.png", 9)?;
    window
        .get_by_role_and_label(Role::TextInput, "Picture file")
        .focus();
    window.step();
    window.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.step();
    window
        .get_by_role_and_label(Role::TextInput, "Picture file")
        .type_text(&typed.display().to_string());
    window.step();
    window.key_press(Key::Enter);
    wait(&mut window, "the typed path is the frame", |window| {
        shows(window, 9)
    });
    assert_eq!(state(&window).recent.len(), 3);
    Ok(())
}

#[test]
fn window_question_field_has_a_history_and_new_lines() -> Outcome {
    let home = tempfile::tempdir()?;
    let session = places(home.path()).session_file();
    std::fs::create_dir_all(session.parent().ok_or("a folder")?)?;
    std::fs::write(&session, "history = [\"First?\", \"Second?\"]\n")?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    ask_quickly(&mut window, |form| {
        form.request.question = "Third".to_owned()
    });
    window.step();
    window
        .get_by_role_and_label(Role::MultilineTextInput, "Question")
        .focus();
    // One frame to take the focus, one to claim the arrow keys for the field.
    window.step();
    window.step();
    for (key, expected) in [
        (Key::ArrowUp, "Second?"),
        (Key::ArrowUp, "First?"),
        (Key::ArrowUp, "First?"),
        (Key::ArrowDown, "Second?"),
        (Key::ArrowDown, "Third"),
    ] {
        window.key_press(key);
        window.step();
        window.step();
        assert_eq!(question(&window), expected);
    }
    window.key_press_modifiers(Modifiers::SHIFT, Key::Enter);
    window.step();
    window.step();
    assert!(question(&window).contains('\n'), "{:?}", question(&window));
    assert!(!state(&window).is_running());
    Ok(())
}

#[test]
fn window_settings_and_session_survive_a_restart() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    window
        .get_by_role_and_label(Role::Button, "Example Balloon")
        .click();
    wait(&mut window, "the balloon is there", |window| {
        question(window) == "What happens if a needle touches the balloon?"
            && !state(window).frame.opening
    });
    window.get_by_role_and_label(Role::Button, "Both").click();
    window.step();
    window.get_by_role_and_label(Role::Button, "Keep").click();
    window.step();
    window.key_press_modifiers(Modifiers::COMMAND, Key::Comma);
    window.step();
    window.step();
    assert_eq!(state(&window).dialog, Some(Dialog::Settings));
    window.get_by_role_and_label(Role::Button, "Dark").click();
    window.step();
    window.get_by_role_and_label(Role::Button, "Close").click();
    window.step();
    ask_quickly(&mut window, |form| {
        form.request.steps = 31;
        form.request.seed = 4113;
    });
    window.step();
    let before = state(&window).session();
    eframe::App::on_exit(window.state_mut());
    drop(window);

    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    let after = state(&window).session();
    assert_eq!(after, before);
    let both = [GuidanceMode::Latent, GuidanceMode::Both];
    assert_eq!(after.form.modes, both, "a click adds a column");
    assert_eq!(
        (after.form.request.steps, after.form.request.seed),
        (31, 4113)
    );
    assert!(after.form.keep_seed);
    assert_eq!(state(&window).settings.theme, ThemeChoice::Dark);
    assert_eq!(window.ctx.theme(), egui::Theme::Dark);
    Ok(())
}

#[test]
fn window_opens_although_the_settings_are_broken() -> Outcome {
    let home = tempfile::tempdir()?;
    let file = places(home.path()).settings_file();
    std::fs::create_dir_all(file.parent().ok_or("a folder")?)?;
    std::fs::write(&file, "theme = [[[")?;
    let window = open(config(home.path()));
    assert!(matches!(
        state(&window).notices.as_slice(),
        [notice] if matches!(notice.kind, NoticeKind::SettingsBroken(_))
    ));
    assert!(has_text(&window, "set aside"));
    Ok(())
}

#[test]
fn window_work_per_frame_stays_small_while_drawing() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    window
        .get_by_role_and_label(Role::Button, "Draw the answer")
        .click();
    wait(&mut window, "it is drawn", |window| {
        matches!(phase(window), Some(Phase::Finished(_)))
    });
    let times = window
        .state()
        .times()
        .summary()
        .ok_or("frames were drawn")?;
    println!("work on the UI thread per frame: {times:?}");
    // The goal is 5 ms in 99 of 100; tests share the processor with the drawing and other tests,
    // so only the median is held to it here.
    assert!(times.median_ms <= 5.0, "{times:?}");
    Ok(())
}
