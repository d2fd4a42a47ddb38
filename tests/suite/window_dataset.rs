//! The Dataset page by accessible label, with the real threads behind it.

use crate::window::{Outcome, Window, config, has_text, open, state, wait};
use eframe::egui;
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use lgd_studio::app::{AppConfig, DatasetAction, OpenFolder, Page, Saving, ThumbState};
use lgd_studio::job::datasets::Holder;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A folder with some pairs of plain colours.
pub fn folder(home: &Path, count: usize) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let folder = home.join("pairs");
    std::fs::create_dir_all(folder.join("images"))?;
    let mut records = Vec::new();
    for number in 0..count {
        let names = ["a", "b"].map(|side| format!("P{number}{side}.png"));
        for (name, shade) in names.iter().zip([60, 190]) {
            let colour = image::Rgb([shade, (number * 40 % 255) as u8, 120]);
            let picture = image::RgbImage::from_pixel(64, 48, colour);
            picture.save(folder.join("images").join(name))?;
        }
        records.push(json!({
            "sample_name": format!("P{number}"),
            "image1_name": names[0],
            "image2_name": names[1],
            "question": format!("What happens to number {number}?"),
            "sent": if number == 1 { "" } else { "It changes." },
        }));
    }
    let list = serde_json::to_string_pretty(&records)?;
    std::fs::write(folder.join("labels_cot_train.json"), list)?;
    Ok(folder)
}

fn opened(window: &Window) -> Option<&OpenFolder> {
    state(window).dataset.open.as_ref()
}

pub fn open_folder(window: &mut Window, folder: &Path) {
    window
        .state_mut()
        .act(DatasetAction::Open(folder.to_path_buf()).into());
    wait(window, "the folder is open", |window| {
        opened(window).is_some()
    });
}

fn question_on_disk(folder: &Path, record: usize) -> Option<String> {
    let text = std::fs::read_to_string(folder.join("labels_cot_train.json")).ok()?;
    let records: Value = serde_json::from_str(&text).ok()?;
    Some(records[record]["question"].as_str()?.to_owned())
}

#[test]
fn window_dataset_opens_filters_and_compares() -> Outcome {
    let home = tempfile::tempdir()?;
    let folder = folder(home.path(), 5)?;
    let mut window = open(config(home.path()));
    window.key_press_modifiers(Modifiers::COMMAND, Key::Num3);
    window.step();
    assert_eq!(state(&window).page, Page::Dataset);
    assert!(has_text(&window, "Open a data set"));
    let path = window.get_by_role_and_label(Role::TextInput, "Folder of the data set");
    path.focus();
    window.step();
    let path = window.get_by_role_and_label(Role::TextInput, "Folder of the data set");
    path.type_text(&folder.display().to_string());
    window.step();
    window.key_press(Key::Enter);
    wait(&mut window, "the thumbnails are there", |window| {
        opened(window).is_some_and(|open| {
            (0..5).all(|place| matches!(open.thumb(place), Some(ThumbState::Ready(_))))
        })
    });
    assert!(has_text(&window, "5 pairs"));
    assert!(has_text(&window, "P3: What happens to number 3?"));

    window.key_press_modifiers(Modifiers::COMMAND, Key::F);
    window.step();
    window.step();
    let search = window.get_by_role_and_label(Role::TextInput, "Search pairs");
    search.type_text("number 3");
    window.step();
    window.step();
    let shown = opened(&window).map(|open| open.shown.clone());
    assert_eq!(shown, Some(vec![3]));
    assert!(has_text(&window, "1 of 5 pairs"));
    window.get_by_role_and_label(Role::Button, "Clear").click();
    window.step();
    window.step();

    window.state_mut().act(DatasetAction::Look(true).into());
    wait(&mut window, "both pictures are decoded", |window| {
        opened(window).is_some_and(|open| open.pictures.is_some())
    });
    assert!(has_text(&window, "Back to the list"));
    window.key_press(Key::Escape);
    window.step();
    assert!(!state(&window).dataset.looking);
    Ok(())
}

#[test]
fn window_dataset_types_undoes_and_saves_by_itself() -> Outcome {
    let home = tempfile::tempdir()?;
    let folder = folder(home.path(), 3)?;
    let mut window = open(config(home.path()));
    open_folder(&mut window, &folder);
    window.key_press(Key::N);
    window.step();
    assert_eq!(opened(&window).and_then(|open| open.cursor), Some(1));
    window.key_press(Key::F2);
    window.step();
    window.step();
    let field = window.get_by_role_and_label(Role::MultilineTextInput, "Question");
    field.type_text(" Really?");
    window.step();
    assert_eq!(
        opened(&window).map(|open| open.saving.clone()),
        Some(Saving::Noted)
    );
    wait(&mut window, "it is saved", |window| {
        opened(window).is_some_and(|open| open.saving == Saving::Saved)
    });
    let written = question_on_disk(&folder, 1).ok_or("no question")?;
    assert!(written.contains("Really?"), "{written}");

    window.key_press(Key::Escape); // leaves the field
    window.step();
    window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    wait(&mut window, "the undone text is saved", |_| {
        question_on_disk(&folder, 1).as_deref() == Some("What happens to number 1?")
    });

    window.key_press(Key::Num3);
    window.key_press(Key::Y);
    window.step();
    wait(&mut window, "category and review are saved", |_| {
        let text = std::fs::read_to_string(folder.join("labels_cot_train.json"));
        text.is_ok_and(|text| text.contains("fewer entities") && text.contains("accepted"))
    });
    Ok(())
}

#[test]
fn window_dataset_second_window_looks_only() -> Outcome {
    let home = tempfile::tempdir()?;
    let folder = folder(home.path(), 2)?;
    let mut first = open(config(home.path()));
    open_folder(&mut first, &folder);
    let mut second = open(config(home.path()));
    open_folder(&mut second, &folder);
    assert_eq!(
        opened(&second).map(|open| open.holder.clone()),
        Some(Holder::Another)
    );
    assert!(has_text(&second, "Another window edits this folder"));
    drop(first);
    second
        .get_by_role_and_label(Role::Button, "Try again")
        .click();
    wait(&mut second, "it may edit now", |window| {
        opened(window).is_some_and(|open| open.holder == Holder::Us)
    });
    assert!(!has_text(&second, "Another window edits this folder"));
    Ok(())
}

#[test]
fn window_dataset_opens_the_folder_of_the_command_line() -> Outcome {
    let home = tempfile::tempdir()?;
    let folder = folder(home.path(), 2)?;
    let mut window = open(AppConfig {
        files: vec![folder],
        ..config(home.path())
    });
    wait(&mut window, "the folder is open", |window| {
        opened(window).is_some()
    });
    assert_eq!(state(&window).page, Page::Dataset);
    assert!(!state(&window).frame.opening);
    Ok(())
}

#[test]
fn window_dataset_says_what_is_wrong_with_a_folder() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    let nothing = home.path().to_path_buf();
    window.state_mut().act(DatasetAction::Open(nothing).into());
    wait(&mut window, "the folder is refused", |window| {
        state(window).dataset.failed.is_some()
    });
    assert!(has_text(
        &window,
        "There are no lists of records in this folder"
    ));
    assert!(has_text(&window, "Choose a folder…"));
    Ok(())
}
