//! A few pictures of the window, for its layout.

use crate::window::{Outcome, Window, can_draw, config, state, wait_until_ready};
use egui_kittest::{Harness, SnapshotOptions};
use lgd_studio::app::{Action, Dialog, LgdApp, Settings, ThemeChoice};
use lgd_studio::job::{JobEvent, Problem};

/// Draws the window at half size: enough to see the layout, small enough to keep.
fn snapshot(name: &str, theme: ThemeChoice, prepare: impl FnOnce(&mut Window)) -> Outcome {
    if !can_draw() {
        return Ok(());
    }
    let home = tempfile::tempdir()?;
    let mut window = Harness::builder()
        .with_size([1280.0, 800.0])
        .with_pixels_per_point(0.5)
        .wgpu()
        .build_eframe(|cc| LgdApp::new(cc, config(home.path())).expect("threads start"));
    wait_until_ready(&mut window);
    window
        .state_mut()
        .act(Action::EditSettings(Box::new(Settings {
            theme,
            ..Settings::default()
        })));
    prepare(&mut window);
    window.run_steps(3);
    // Software drivers differ a little in how they blend edges.
    let options = SnapshotOptions::new().threshold(1.5).max_failed_pixels(300);
    window.snapshot_options(name, &options);
    Ok(())
}

#[test]
fn window_snapshot_waiting_light() -> Outcome {
    snapshot("waiting_light", ThemeChoice::Light, |_window| {})
}

#[test]
fn window_snapshot_failed_dark() -> Outcome {
    snapshot("failed_dark", ThemeChoice::Dark, |window| {
        window.state_mut().act(Action::Generate);
        let job = state(window)
            .run
            .as_ref()
            .and_then(|run| run.columns.first()?.job)
            .expect("a job was submitted");
        let problem = Problem::new("The device is out of memory after 3.1 GB.")
            .hint("Choose a smaller bundle, or close other programs.");
        window.state_mut().receive(JobEvent::Failed(job.0, problem));
    })
}

#[test]
fn window_snapshot_about_light() -> Outcome {
    snapshot("about_light", ThemeChoice::Light, |window| {
        window.state_mut().act(Action::ShowDialog(Dialog::About));
    })
}
