//! The window and the desktop around it: title, other starts, quitting, place, and what is not there.

use crate::window::{
    Outcome, Window, ask_quickly, click, config, has_text, open, open_sized, places, state, wait,
    wait_until_ready,
};
use eframe::egui;
use egui::accesskit::Role;
use egui::{Event, ViewportCommand, ViewportId};
use egui_kittest::kittest::Queryable as _;
use lgd_studio::app::{
    Action, AppConfig, Dialog, MotionChoice, Page, Session, Settings, WindowPlace,
};
use lgd_studio::job::instance::{Claim, claim};
use lgd_studio::job::{FrameOrigin, GuidanceMode};
use std::path::PathBuf;

/// What the window asked of the desktop in the last frame.
fn commands(window: &Window) -> Vec<ViewportCommand> {
    let output = &window.output().viewport_output;
    let root = output.get(&ViewportId::ROOT);
    root.map(|root| root.commands.clone()).unwrap_or_default()
}

/// Draws something that takes its time.
pub fn begin_long_run(window: &mut Window, modes: &[GuidanceMode]) {
    ask_quickly(window, |form| {
        form.modes = modes.to_vec();
        form.request.steps = 1000;
    });
    window.step();
    window.state_mut().act(Action::Generate);
    wait(window, "drawing began", |window| {
        state(window).percent_done().is_some_and(|done| done > 13)
    });
}

#[test]
fn window_title_says_how_far_the_work_is() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    assert_eq!(window.state().title(), "LGD Studio");
    begin_long_run(&mut window, &[GuidanceMode::Latent]);
    window.step();
    let title = window.state().title().to_owned();
    let percent = title.strip_suffix(" % · LGD Studio");
    assert!(
        percent.is_some_and(|number| number.parse::<u8>().is_ok()),
        "{title}"
    );
    window.state_mut().act(Action::Cancel);
    wait(&mut window, "it stopped", |window| !state(window).is_busy());
    window.run_steps(2);
    assert_eq!(window.state().title(), "LGD Studio");
    Ok(())
}

#[test]
fn window_asks_before_it_stops_work() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    begin_long_run(&mut window, &[GuidanceMode::Latent]);
    window.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Q);
    window.run_steps(6);
    assert_eq!(state(&window).dialog, Some(Dialog::Quit));
    assert!(!state(&window).quitting);
    assert!(has_text(&window, "Quit while work goes on?"));
    assert!(has_text(&window, "begins anew next time"));
    let stay = window.get_by_role_and_label(Role::Button, "Keep working");
    assert!(stay.is_focused(), "Enter does no harm");
    click(&mut window, "Keep working");
    assert_eq!(state(&window).dialog, None);
    assert!(state(&window).is_busy() && !state(&window).quitting);

    window.state_mut().act(Action::Quit);
    window.run_steps(6);
    window
        .get_by_role_and_label(Role::Button, "Quit anyway")
        .click();
    wait(&mut window, "it closes", |window| state(window).quitting);
    assert!(commands(&window).contains(&ViewportCommand::Close));
    Ok(())
}

#[test]
fn window_quits_at_once_when_nothing_would_stop() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    window.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Q);
    window.run_steps(2);
    assert!(state(&window).quitting);
    assert!(commands(&window).contains(&ViewportCommand::Close));
    Ok(())
}

#[cfg(unix)]
#[test]
fn window_opens_the_files_of_another_start() -> Outcome {
    let home = tempfile::tempdir()?;
    let Claim::First(instance) = claim(&places(home.path()), &[]) else {
        return Err("somebody else is there".into());
    };
    let mut window = open(config(home.path()));
    window.state_mut().listen(instance);
    wait_until_ready(&mut window);
    window.state_mut().act(Action::ShowPage(Page::Gallery));
    window.step();

    let picture = home.path().join("frame of mine.png");
    image::RgbImage::new(64, 48).save(&picture)?;
    let handed = claim(&places(home.path()), std::slice::from_ref(&picture));
    assert!(matches!(handed, Claim::HandedOver), "{handed:?}");
    let mut focused = false;
    wait(&mut window, "the picture is the frame", |window| {
        focused |= commands(window).contains(&ViewportCommand::Focus);
        let frame = state(window).frame.frame.as_ref();
        frame.is_some_and(|frame| frame.origin == FrameOrigin::File(picture.clone()))
    });
    assert!(focused, "it comes to the front");
    assert_eq!(state(&window).page, Page::Ask);
    assert_eq!(state(&window).recent, [picture]);

    // With the window the right to listen goes, and the next start is the first again.
    drop(window);
    let again = claim(&places(home.path()), &[]);
    assert!(matches!(again, Claim::First(_)), "{again:?}");
    Ok(())
}

#[test]
fn window_opens_the_runs_and_the_picture_of_its_command_line() -> Outcome {
    let home = tempfile::tempdir()?;
    let film = PathBuf::from("assets/conference/snowman.lgdrun");
    let mut window = open(AppConfig {
        files: vec![film.clone()],
        ..config(home.path())
    });
    wait(&mut window, "the run is shown", |window| {
        state(window).run.is_some()
    });
    assert_eq!(state(&window).recent, [film], "runs are recent files too");
    Ok(())
}

#[test]
fn window_remembers_where_it_was() -> Outcome {
    let home = tempfile::tempdir()?;
    let place = WindowPlace {
        corner: Some([2000, 100]),
        maximized: true,
    };
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    window.state_mut().act(Action::Moved(place));
    window.state_mut().save();
    window.step();
    eframe::App::on_exit(window.state_mut());
    drop(window);
    let text = std::fs::read_to_string(places(home.path()).session_file())?;
    let session: Session = toml::from_str(&text)?;
    // A test has no desktop: there the window is not maximized, and its corner stays what it was.
    assert_eq!(session.window_place.corner, place.corner);
    assert_eq!(session.window_size, Some([1280.0, 800.0]));
    Ok(())
}

#[test]
fn window_says_where_files_cannot_be_dropped() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    assert!(!has_text(&window, "No file drop here"));
    drop(window);
    let mut window = open(AppConfig {
        no_drop: true,
        ..config(home.path())
    });
    wait_until_ready(&mut window);
    assert!(has_text(&window, "No file drop here"));
    Ok(())
}

#[test]
fn window_stands_still_where_that_is_wanted() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    let still = |window: &Window| window.ctx.global_style().animation_time == 0.0;
    let heard = lgd_studio::job::JobEvent::ReducedMotion(true);
    window.state_mut().receive(heard);
    window.run_steps(2);
    assert!(still(&window), "as the system");
    for (motion, expected) in [(MotionChoice::Full, false), (MotionChoice::Reduced, true)] {
        let settings = Settings {
            motion,
            ..state(&window).settings.clone()
        };
        window
            .state_mut()
            .act(Action::EditSettings(Box::new(settings)));
        window.run_steps(2);
        assert_eq!(still(&window), expected, "{motion:?}");
    }
    Ok(())
}

#[test]
fn window_zooms_by_key_and_setting_from_half_to_three_times() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open_sized(config(home.path()), [1280.0, 800.0]);
    wait_until_ready(&mut window);
    let scale = |window: &Window| (state(window).settings.scale * 10.0).round() / 10.0;
    for (key, presses, expected) in [
        (egui::Key::Plus, 1, 1.1),
        (egui::Key::Plus, 30, 3.0),
        (egui::Key::Num0, 1, 1.0),
        (egui::Key::Minus, 30, 0.5),
        (egui::Key::Num0, 1, 1.0),
    ] {
        for _ in 0..presses {
            window.key_press_modifiers(egui::Modifiers::COMMAND, key);
            window.run_steps(2);
        }
        assert_eq!(scale(&window), expected, "{key:?}");
        // Every page can be drawn at that size, and the way to the settings is there.
        window.get_by_role_and_label(Role::Button, "Settings");
    }
    window.state_mut().act(Action::ShowDialog(Dialog::Settings));
    window.run_steps(6);
    click(&mut window, "50 %");
    assert_eq!(scale(&window), 0.5);
    Ok(())
}

#[test]
fn window_is_no_more_awake_than_its_work() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    begin_long_run(&mut window, &[GuidanceMode::Latent]);
    wait(&mut window, "the work lasts", |window| {
        window.state().is_awake()
    });
    window.state_mut().act(Action::Cancel);
    wait(&mut window, "it may sleep again", |window| {
        !window.state().is_awake()
    });
    assert_eq!(window.state().announced(), 0, "the person is there");
    window.event(Event::WindowFocused(true));
    Ok(())
}
