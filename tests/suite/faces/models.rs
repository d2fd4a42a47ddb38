//! The Models page: shelves, imports and downloads.

use super::camera::Camera;
use super::{act, click};
use crate::fake_hub::{FakeHub, Fault, REPO, checksum};
use crate::window::{Outcome, places, state, wait};
use crate::window_hub::{files, look_up, only_download, start, window_on};
use crate::window_models::{copy_bundle, select};
use crate::window_models_failures::{UNET, import_state, look_at, originals};
use lgd_studio::app::{Action, Dialog, DownloadState, ImportStep, LibraryAction};
use lgd_studio::job::BundleSource;
use std::time::Duration;

pub fn shelves(camera: &mut Camera) -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = crate::window_models::models(home.path());
    camera.look(&mut window, "models-embedded")?;
    drop(window);
    let folder = copy_bundle(home.path(), "mine")?;
    let broken = places(home.path()).bundles().join("broken");
    std::fs::create_dir_all(broken.join("unet"))?;
    std::fs::write(broken.join("lgd.json"), "{ \"format\": 1, \"name\": ")?;
    let mut window = crate::window_models::models(home.path());
    select(&mut window, &folder);
    std::fs::remove_file(folder.join("scheduler/scheduler_config.json"))?;
    click(&mut window, "Check files");
    let source = BundleSource::Folder(folder.clone());
    wait(&mut window, "the check is over", |window| {
        let check = state(window).library.check(&source);
        check.is_some_and(|check| !check.is_running())
    });
    camera.look(&mut window, "models-checked")?;
    click(&mut window, "Rename");
    camera.look(&mut window, "models-rename")?;
    let delete = LibraryAction::Use(source.clone());
    act(&mut window, Action::Library(delete));
    act(&mut window, Action::Library(LibraryAction::Delete(source)));
    camera.look(&mut window, "models-delete")?;
    select(&mut window, &broken);
    camera.look(&mut window, "models-broken")
}

pub fn importing(camera: &mut Camera) -> Outcome {
    let home = tempfile::tempdir()?;
    let folder = originals(home.path())?;
    let mut window = crate::window_models_failures::models(home.path());
    act(&mut window, Action::ShowDialog(Dialog::Import));
    camera.look(&mut window, "import-empty")?;
    act(&mut window, Action::CloseDialog);
    look_at(&mut window, &folder);
    camera.look(&mut window, "import-found")?;
    // The file is cut off between the look and the import.
    let whole = std::fs::read(folder.join(UNET))?;
    let half = whole.get(..whole.len() / 2).ok_or("empty")?;
    std::fs::write(folder.join(UNET), half)?;
    click(&mut window, "Make the bundle");
    wait(&mut window, "the import failed", |window| {
        matches!(import_state(window), Some(ImportStep::Failed(_)))
    });
    camera.look(&mut window, "import-failed")
}

pub fn downloading(camera: &mut Camera) -> Outcome {
    let fake = FakeHub::start(&files())?;
    let home = tempfile::tempdir()?;
    let mut window = window_on(home.path(), &fake);
    act(&mut window, Action::ShowDialog(Dialog::Hub));
    camera.look(&mut window, "hub-empty")?;
    act(&mut window, Action::CloseDialog);
    look_up(&mut window);
    camera.look(&mut window, "hub-found")?;
    fake.known().slowly = Some((2_000, Duration::from_millis(50)));
    start(&mut window);
    wait(&mut window, "something arrives", |window| {
        let downloads = &state(window).library.hub.downloads;
        downloads.first().is_some_and(|one| one.arrived > 5_000)
    });
    camera.look(&mut window, "download-running")?;
    click(&mut window, &format!("Pause {REPO}"));
    wait(&mut window, "it is paused", |window| {
        only_download(window) == Some(DownloadState::Paused)
    });
    camera.look(&mut window, "download-paused")?;
    fake.known().slowly = None;
    fake.fault(&checksum(&files()[1].1), [Fault::Status(403, None)]);
    click(&mut window, &format!("Continue {REPO}"));
    wait(&mut window, "it failed", |window| {
        matches!(only_download(window), Some(DownloadState::Failed(_)))
    });
    camera.look(&mut window, "download-failed")?;
    act(&mut window, Action::ShowDialog(Dialog::Network));
    camera.look(&mut window, "network-requests")
}
