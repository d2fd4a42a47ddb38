//! The Models page by accessible label, with the real library behind it.

use crate::window::{Outcome, Window, click, config, has_text, open, places, state, wait};
use eframe::egui;
use egui::Key;
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use lgd_studio::app::{Action, BundleState, LibraryAction, Page, Shelved};
use lgd_studio::job::BundleSource;
use lgd_studio::job::library::{FileVerdict, VerifyReport};
use std::path::{Path, PathBuf};

/// Copies the tracked bundle into the data folder.
pub fn copy_bundle(home: &Path, name: &str) -> std::io::Result<PathBuf> {
    let to = places(home).bundles().join(name);
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/toon-tiny");
    copy_folder(&from, &to)?;
    Ok(to)
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// A window on the page, once everything on it was looked into.
pub fn models(home: &Path) -> Window {
    let mut window = open(config(home));
    window.get_by_role_and_label(Role::Button, "Models").click();
    wait(&mut window, "the shelves were looked through", |window| {
        let library = &state(window).library;
        let looked_into =
            |source| library.damage(source).is_some() || library.details(source).is_some();
        let bundles = library.bundles.as_ref();
        bundles.is_some_and(|all| all.iter().all(|entry| looked_into(&entry.source)))
    });
    window
}

pub fn select(window: &mut Window, folder: &Path) {
    let shelved = Shelved::Bundle(BundleSource::Folder(folder.to_path_buf()));
    let action = LibraryAction::Select(shelved);
    window.state_mut().act(Action::Library(action));
    window.step();
    window.step();
}

#[test]
fn window_models_lists_what_is_there_and_lets_it_answer() -> Outcome {
    let home = tempfile::tempdir()?;
    let window = models(home.path());
    assert_eq!(state(&window).page, Page::Models);
    assert!(has_text(&window, "one bundle"));
    assert!(has_text(&window, "The embedded bundle is small"));
    assert!(has_text(&window, "In use") && has_text(&window, "Embedded"));
    assert!(
        window
            .query_by_role_and_label(Role::Button, "Delete")
            .is_none()
    );
    assert!(
        window
            .query_by_role_and_label(Role::Button, "Rename")
            .is_none()
    );
    assert!(has_text(&window, "128 × 128 px"));
    assert!(has_text(&window, "BLIP-2") && has_text(&window, "UNet"));
    drop(window);

    let folder = copy_bundle(home.path(), "mine")?;
    let mut window = models(home.path());
    assert!(has_text(&window, "2 bundles"));
    select(&mut window, &folder);
    click(&mut window, "Use this bundle");
    wait(&mut window, "it answers", |window| {
        matches!(state(window).bundle, BundleState::Ready(_))
    });
    assert_eq!(
        state(&window).bundle_source,
        BundleSource::Folder(folder.clone())
    );
    window.state_mut().save();
    drop(window);
    // The choice survives a restart.
    let window = open(config(home.path()));
    assert_eq!(state(&window).bundle_source, BundleSource::Folder(folder));
    Ok(())
}

#[test]
fn window_models_checks_files_and_names_the_damaged_ones() -> Outcome {
    let home = tempfile::tempdir()?;
    let folder = copy_bundle(home.path(), "mine")?;
    let mut window = models(home.path());
    select(&mut window, &folder);
    click(&mut window, "Check files");
    let source = BundleSource::Folder(folder.clone());
    let over = |window: &mut Window| {
        let check = state(window).library.check(&source);
        check.is_some_and(|check| !check.is_running())
    };
    wait(&mut window, "the check is over", over);
    let check = state(&window).library.check(&source).cloned();
    let check = check.ok_or("there was a check")?;
    let good = VerifyReport::Done {
        networks: None,
        loaded: true,
    };
    assert_eq!(check.report, Some(good));
    assert!(check.files.iter().all(|file| !file.verdict.is_damage()));

    // A changed byte in the weights, and a file that is gone.
    let weights = folder.join("vae/diffusion_pytorch_model.safetensors");
    let mut bytes = std::fs::read(&weights)?;
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&weights, bytes)?;
    std::fs::remove_file(folder.join("scheduler/scheduler_config.json"))?;
    click(&mut window, "Check files");
    wait(&mut window, "the second check is over", over);
    assert!(has_text(&window, "2 files are not as they should be"));
    assert!(has_text(&window, "Damaged"));
    assert!(has_text(&window, "changed") && has_text(&window, "unreadable"));
    let check = state(&window).library.check(&source).cloned();
    let check = check.ok_or("there was a check")?;
    let verdict = check.verdict("vae/diffusion_pytorch_model.safetensors");
    assert_eq!(verdict, Some(&FileVerdict::Changed));
    Ok(())
}

#[test]
fn window_models_renames_deletes_and_undoes() -> Outcome {
    let home = tempfile::tempdir()?;
    let folder = copy_bundle(home.path(), "mine")?;
    let mut window = models(home.path());
    select(&mut window, &folder);
    let source = BundleSource::Folder(folder.clone());
    click(&mut window, "Rename");
    window.step();
    let field = window.get_by_role_and_label(Role::TextInput, "Name of the bundle");
    field.type_text(" and more");
    window.step();
    window.key_press(Key::Enter);
    window.step();
    wait(&mut window, "it has another name", |window| {
        let entry = state(window).library.bundle(&source);
        entry.is_some_and(|entry| entry.name.as_deref() == Ok("toon-tiny and more"))
    });
    let description = std::fs::read_to_string(folder.join("lgd.json"))?;
    assert!(
        description.contains("\"toon-tiny and more\""),
        "{description}"
    );

    click(&mut window, "Use this bundle");
    click(&mut window, "Delete");
    assert!(has_text(&window, "This bundle answers now"));
    click(&mut window, "Keep it");
    assert!(folder.exists());
    click(&mut window, "Delete");
    click(&mut window, "Delete it");
    wait(&mut window, "it is gone", |window| {
        state(window).library.bundle(&source).is_none()
    });
    assert!(!folder.exists());
    assert_eq!(state(&window).bundle_source, BundleSource::Embedded);
    click(&mut window, "Undo");
    wait(&mut window, "it is there again", |window| {
        state(window).library.bundle(&source).is_some()
    });
    assert!(folder.join("lgd.json").exists());
    Ok(())
}

#[test]
fn window_models_says_why_a_folder_is_no_bundle() -> Outcome {
    let home = tempfile::tempdir()?;
    let folder = places(home.path()).bundles().join("empty");
    std::fs::create_dir_all(&folder)?;
    let mut window = models(home.path());
    select(&mut window, &folder);
    assert!(has_text(&window, "empty"));
    assert!(has_text(&window, "Damaged"));
    assert!(has_text(&window, "A bundle is a folder with lgd.json"));
    let elsewhere = home.path().join("elsewhere");
    copy_folder(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("models/toon-tiny"),
        &elsewhere,
    )?;
    let add = LibraryAction::Add(elsewhere.clone());
    window.state_mut().act(Action::Library(add));
    wait(&mut window, "the added folder is listed", |window| {
        let source = BundleSource::Folder(elsewhere.clone());
        matches!(state(window).library.details(&source), Some(Ok(_)))
    });
    assert!(has_text(&window, "Added folder"));
    click(&mut window, "Take off the list");
    assert!(elsewhere.join("lgd.json").exists(), "its files stay");
    assert!(!has_text(&window, "Added folder"));
    Ok(())
}

#[test]
fn window_models_shows_what_originals_hold_before_anything_is_written() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = models(home.path());
    click(&mut window, "Import…");
    assert!(has_text(&window, "First you see what they hold"));
    let editor = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/toon-tiny/unet");
    window
        .get_by_role_and_label(Role::TextInput, "Path")
        .focus();
    window.step();
    window
        .get_by_role_and_label(Role::TextInput, "Path")
        .type_text(&editor.display().to_string());
    window.step();
    click(&mut window, "Add");
    wait(&mut window, "the files were looked at", |window| {
        state(window).library.import.found.is_some()
    });
    assert!(has_text(&window, "What they hold") && has_text(&window, "UNet"));
    assert!(
        has_text(&window, "Not there"),
        "a bundle needs more than that"
    );
    assert!(!places(home.path()).bundles().exists());
    Ok(())
}
