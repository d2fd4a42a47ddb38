//! The settings dialog, and the ways on where a device fails, by accessible label.

use crate::window::{
    Outcome, Window, ask_quickly, click, config, has_text, open, open_sized, places, state, wait,
    wait_until_ready,
};
use eframe::egui;
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use lgd_studio::app::{Action, AppConfig, BundleState, Dialog, Page, Phase, Settings};
use lgd_studio::job::{DeviceChoice, JobEvent, Precision, Problem, Remedy, Resources};
use std::path::Path;

/// A window without a word on its command line, whose settings name a device.
fn with_device(home: &Path, device: &str) -> std::io::Result<AppConfig> {
    let file = places(home).settings_file();
    std::fs::create_dir_all(file.parent().unwrap_or(home))?;
    std::fs::write(file, format!("device = \"{device}\"\n"))?;
    Ok(AppConfig {
        resources: Resources::default(),
        ..config(home)
    })
}

fn show_settings(window: &mut Window) {
    let dialog = Action::ShowDialog(Dialog::Settings);
    window.state_mut().act(dialog);
    wait(window, "the devices are known", |window| {
        !state(window).devices().is_empty()
    });
    window.step();
}

#[test]
fn window_every_dialog_keeps_its_buttons_in_view_at_any_size() -> Outcome {
    let home = tempfile::tempdir()?;
    // The last is 1280 x 800 with an interface of 250 %.
    for size in [[1280.0, 800.0], [640.0, 400.0], [512.0, 320.0]] {
        let mut window = open_sized(config(home.path()), size);
        wait_until_ready(&mut window);
        for dialog in [
            Dialog::Settings,
            Dialog::About,
            Dialog::Network,
            Dialog::Hub,
            Dialog::Import,
            Dialog::Grid,
            Dialog::Package,
            Dialog::Doctor,
        ] {
            window.state_mut().act(Action::ShowDialog(dialog));
            for _ in 0..6 {
                window.step();
            }
            let close = window.get_by_role_and_label(Role::Button, "Close");
            let rect = close.rect();
            let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, size.into());
            assert!(
                screen.contains_rect(rect),
                "{dialog:?} at {size:?}: Close is at {rect:?}"
            );
            close.click();
            window.step();
            window.step();
            assert_eq!(state(&window).dialog, None, "{dialog:?} at {size:?}");
        }
    }
    Ok(())
}

/// As when a larger interface is chosen in the settings: the dialog does not keep the height it had.
#[test]
fn window_a_dialog_follows_a_window_that_gets_smaller() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open_sized(config(home.path()), [1280.0, 800.0]);
    wait_until_ready(&mut window);
    show_settings(&mut window);
    let small = egui::vec2(640.0, 400.0);
    window.set_size(small);
    for _ in 0..6 {
        window.step();
    }
    let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, small);
    let mut headings = window.get_all_by_role_and_label(Role::Label, "Settings");
    assert!(headings.any(|heading| screen.contains_rect(heading.rect())));
    let close = window.get_by_role_and_label(Role::Button, "Close").rect();
    assert!(screen.contains_rect(close), "Close is at {close:?}");
    let theme = window.get_by_label("Theme").rect();
    assert!(
        screen.contains_rect(theme),
        "the first setting is at {theme:?}"
    );
    Ok(())
}

/// Where the window scrolls over its page, the middle of the page may be out of sight.
#[test]
fn window_what_an_empty_page_says_is_in_view_of_a_small_window() -> Outcome {
    let home = tempfile::tempdir()?;
    let size = [640.0, 400.0];
    let mut window = open_sized(config(home.path()), size);
    wait_until_ready(&mut window);
    let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, size.into());
    for (page, button) in [
        (Page::Gallery, "Ask a question"),
        (Page::Dataset, "Choose a folder…"),
    ] {
        window.state_mut().act(Action::ShowPage(page));
        wait(&mut window, button, |window| {
            let found = window.query_by_role_and_label(Role::Button, button);
            found.is_some()
        });
        window.step();
        let rect = window.get_by_role_and_label(Role::Button, button).rect();
        assert!(
            screen.contains_rect(rect),
            "{page:?}: {button} is at {rect:?}"
        );
    }
    Ok(())
}

#[test]
fn window_precision_takes_effect_without_a_restart_and_is_kept() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    let device = |window: &Window| match &state(window).bundle {
        BundleState::Ready(summary) => summary.device.clone(),
        _ => String::new(),
    };
    assert_eq!(device(&window), "cpu f32");
    show_settings(&mut window);
    assert!(has_text(&window, "On this machine that is"));
    click(&mut window, "16 bits");
    assert_eq!(state(&window).resources.precision, Precision::Bf16);
    // The command line of this window chose the device, and still does.
    assert_eq!(state(&window).resources.device, DeviceChoice::Cpu);
    assert!(has_text(&window, "This start computes on cpu"));
    wait(&mut window, "the model is loaded again", |window| {
        device(window) == "cpu bf16"
    });
    eframe::App::on_exit(window.state_mut());
    drop(window);
    let text = std::fs::read_to_string(places(home.path()).settings_file())?;
    assert!(text.contains("precision = \"bf16\""), "{text}");
    Ok(())
}

#[test]
fn window_a_device_that_is_gone_has_a_way_back_to_the_processor() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(with_device(home.path(), "cuda:15")?);
    wait(&mut window, "the model cannot be loaded", |window| {
        matches!(state(window).bundle, BundleState::Failed(_)) && !state(window).frame.opening
    });
    assert!(has_text(&window, "processor"), "the reason says what to do");
    show_settings(&mut window);
    assert!(has_text(&window, "This machine has no device cuda:15"));
    click(&mut window, "Close");
    click(&mut window, "Use the processor");
    wait_until_ready(&mut window);
    assert_eq!(state(&window).settings.device, DeviceChoice::Cpu);
    show_settings(&mut window);
    assert!(!has_text(&window, "This machine has no device"));
    eframe::App::on_exit(window.state_mut());
    drop(window);
    let text = std::fs::read_to_string(places(home.path()).settings_file())?;
    let kept: Settings = toml::from_str(&text)?;
    assert_eq!(kept.device, DeviceChoice::Cpu);
    Ok(())
}

#[test]
fn window_a_device_lost_while_drawing_is_replaced_and_the_column_drawn_again() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    ask_quickly(&mut window, |form| form.request.steps = 2);
    window.state_mut().act(Action::Generate);
    let job = state(&window)
        .run
        .as_ref()
        .and_then(|run| run.columns.first()?.job);
    let (job, _) = job.ok_or("a job was submitted")?;
    let problem = Problem::new("The graphics card does not answer any more (CUDA_ERROR_UNKNOWN).")
        .hint("Compute on the processor.")
        .remedy(Remedy::UseCpu);
    window.state_mut().receive(JobEvent::Failed(job, problem));
    window.step();
    assert!(has_text(&window, "CUDA_ERROR_UNKNOWN"));
    click(&mut window, "Use the processor");
    wait(&mut window, "the column is drawn", |window| {
        let run = state(window).run.as_ref();
        let phase = run.and_then(|run| Some(&run.columns.first()?.phase));
        matches!(phase, Some(Phase::Finished(_)))
    });
    assert_eq!(state(&window).settings.device, DeviceChoice::Cpu);
    Ok(())
}
