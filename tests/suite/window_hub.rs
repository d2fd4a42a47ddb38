//! Downloads in the window by accessible label, from a server on this machine.

use crate::fake_hub::{FakeHub, Fault, REPO, checksum, noise};
use crate::window::{
    Outcome, Window, click, config_with_hub, has_text, open, show_models, state, wait,
};
use eframe::egui;
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use lgd_studio::app::{Action, DownloadState, Shelved};
use std::path::Path;
use std::time::Duration;

const WEIGHTS: &str = "vae/diffusion_pytorch_model.safetensors";

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("README.md", b"# A toon\n".to_vec()),
        (WEIGHTS, noise(600_000, 5)),
    ]
}

/// A window on the Models page whose hub is that server.
pub fn window_on(home: &Path, fake: &FakeHub) -> Window {
    let mut window = open(config_with_hub(home));
    let mut settings = state(&window).settings.clone();
    settings.network.endpoint = fake.address.clone();
    window
        .state_mut()
        .act(Action::EditSettings(Box::new(settings)));
    show_models(&mut window);
    window
}

/// Opens the dialog and looks the repository up.
pub fn look_up(window: &mut Window) {
    click(window, "Download…");
    window
        .get_by_role_and_label(Role::TextInput, "Repository")
        .focus();
    window.step();
    window
        .get_by_role_and_label(Role::TextInput, "Repository")
        .type_text(REPO);
    window.step();
    click(window, "Look up");
    wait(window, "the hub answered", |window| {
        state(window).library.hub.found.is_some()
    });
}

pub fn start(window: &mut Window) {
    let bytes: usize = files().iter().map(|(_, bytes)| bytes.len()).sum();
    click(window, &format!("Download {:.0} kB", bytes as f64 / 1e3));
}

pub fn only_download(window: &Window) -> Option<DownloadState> {
    let downloads = &state(window).library.hub.downloads;
    downloads.first().map(|download| download.state.clone())
}

#[test]
fn window_hub_looks_up_downloads_and_counts_every_request() -> Outcome {
    let fake = FakeHub::start(&files())?;
    let home = tempfile::tempdir()?;
    let mut window = window_on(home.path(), &fake);
    assert!(has_text(&window, "Network requests: 0"));
    look_up(&mut window);
    assert_eq!(fake.heard("").len(), 1, "only the list was asked for");
    assert!(has_text(&window, "licence mit"));
    assert!(has_text(&window, WEIGHTS));
    start(&mut window);
    assert!(state(&window).dialog.is_none());
    wait(&mut window, "the snapshot is on the list", |window| {
        let library = &state(window).library;
        library.hub.downloads.is_empty() && !library.cached.is_empty()
    });
    assert!(has_text(&window, "is downloaded"));
    assert!(has_text(&window, "In the Hugging Face cache"));
    let shown = state(&window).library.selected.clone();
    let Some(Shelved::Cached(folder)) = shown else {
        panic!("what arrived is selected: {shown:?}");
    };
    assert_eq!(std::fs::read(folder.join(WEIGHTS))?, files()[1].1);
    let heard = fake.heard("").len();
    assert_eq!(state(&window).library.hub.request_count, heard);
    let count = format!("Network requests: {heard}");
    window
        .get_by_role_and_label(Role::Button, count.as_str())
        .click();
    for _ in 0..4 {
        window.step();
    }
    assert!(has_text(&window, "GET http://127.0.0.1"));
    assert!(!has_text(&window, "Signature"));
    Ok(())
}

#[test]
fn window_hub_fields_take_the_width_of_the_dialog() -> Outcome {
    let fake = FakeHub::start(&files())?;
    let home = tempfile::tempdir()?;
    let mut window = window_on(home.path(), &fake);
    click(&mut window, "Download…");
    window.step();
    let of = |role, label| window.get_by_role_and_label(role, label).rect();
    let repository = of(Role::TextInput, "Repository");
    let revision = of(Role::TextInput, "Revision");
    let look_up = of(Role::Button, "Look up");
    let close = of(Role::Button, "Close");
    assert!(
        repository.right() < revision.left(),
        "{repository} {revision}"
    );
    assert!(revision.right() < look_up.left(), "{revision} {look_up}");
    assert!(
        (look_up.right() - close.right()).abs() < 1.5,
        "{look_up} {close}"
    );
    assert!(
        repository.width() > 2.0 * revision.width(),
        "{repository} {revision}"
    );
    Ok(())
}

#[test]
fn window_hub_downloads_pause_and_go_on_after_a_restart() -> Outcome {
    let fake = FakeHub::start(&files())?;
    fake.known().slowly = Some((10_000, Duration::from_millis(20)));
    let home = tempfile::tempdir()?;
    let mut window = window_on(home.path(), &fake);
    look_up(&mut window);
    start(&mut window);
    wait(&mut window, "something arrives", |window| {
        let downloads = &state(window).library.hub.downloads;
        downloads
            .first()
            .is_some_and(|download| download.arrived > 50_000)
    });
    assert!(has_text(&window, "Downloading"));
    click(&mut window, &format!("Pause {REPO}"));
    wait(&mut window, "it is paused", |window| {
        only_download(window) == Some(DownloadState::Paused)
    });
    drop(window);

    fake.known().slowly = None;
    let mut window = window_on(home.path(), &fake);
    wait(&mut window, "it is known again", |window| {
        only_download(window) == Some(DownloadState::Paused)
    });
    assert!(has_text(&window, "Paused"));
    let arrived = state(&window).library.hub.downloads[0].arrived;
    assert!(arrived > 50_000, "{arrived}");
    click(&mut window, &format!("Continue {REPO}"));
    wait(&mut window, "it is whole", |window| {
        state(window).library.hub.downloads.is_empty()
    });
    let heard = fake.heard(&checksum(&files()[1].1));
    assert!(heard.last().is_some_and(|heard| heard.from >= Some(50_000)));
    Ok(())
}

#[test]
fn window_hub_failures_say_what_to_do() -> Outcome {
    let fake = FakeHub::start(&files())?;
    fake.fault("/api/", [Fault::Status(404, None)]);
    let home = tempfile::tempdir()?;
    let mut window = window_on(home.path(), &fake);
    look_up(&mut window);
    assert!(has_text(&window, "There is no somebody/toon"));
    click(&mut window, "Look up");
    wait(&mut window, "the hub answered better", |window| {
        matches!(state(window).library.hub.found, Some(Ok(_)))
    });
    // The link to the file is good for nothing.
    fake.fault(&checksum(&files()[1].1), [Fault::Status(403, None)]);
    start(&mut window);
    wait(&mut window, "it failed", |window| {
        matches!(only_download(window), Some(DownloadState::Failed(_)))
    });
    assert!(has_text(&window, "Interrupted"));
    assert!(has_text(&window, "Accept its conditions"));
    click(&mut window, &format!("Discard {REPO}"));
    assert!(only_download(&window).is_none());
    Ok(())
}

#[test]
fn window_hub_stays_offline_when_it_is_told_to() -> Outcome {
    let fake = FakeHub::start(&files())?;
    let home = tempfile::tempdir()?;
    let mut window = window_on(home.path(), &fake);
    click(&mut window, "Network requests: 0");
    window
        .get_by_role_and_label(Role::CheckBox, "Stay offline")
        .click();
    window.step();
    window.step();
    assert!(state(&window).settings.network.offline);
    click(&mut window, "Close");
    assert!(has_text(&window, "Offline, network requests: 0"));
    click(&mut window, "Download…");
    assert!(has_text(&window, "The program is set to stay offline."));
    window
        .get_by_role_and_label(Role::TextInput, "Repository")
        .type_text(REPO);
    window.step();
    window.step();
    click(&mut window, "Look up");
    assert!(
        state(&window).library.hub.looking_up.is_none(),
        "the button is off"
    );
    assert!(fake.heard("").is_empty());
    Ok(())
}

#[test]
fn window_hub_refuses_what_is_no_repository() -> Outcome {
    let fake = FakeHub::start(&files())?;
    let home = tempfile::tempdir()?;
    let mut window = window_on(home.path(), &fake);
    click(&mut window, "Download…");
    assert!(has_text(&window, "timbrooks/instruct-pix2pix"));
    let field = window.get_by_role_and_label(Role::TextInput, "Repository");
    field.focus();
    window.step();
    window
        .get_by_role_and_label(Role::TextInput, "Repository")
        .type_text("one two three");
    window.step();
    click(&mut window, "Look up");
    assert!(has_text(&window, "is no name of a repository"));
    assert!(fake.heard("").is_empty());
    Ok(())
}
