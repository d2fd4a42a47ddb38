//! New pairs in the window, by accessible label and keys, with real pictures and the real threads.

use crate::window::{Outcome, Window, config, has_text, open, state, wait};
use crate::window_dataset::folder;
use eframe::egui;
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use lgd_studio::app::{DatasetAction, OpenStrip, Saving, StripAction, StripBlocked};
use lgd_studio::dataset::toon::{Renderer, Split, samples};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Scenes of the toon world as the frames of a film.
pub fn film(home: &Path, count: usize) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let folder = home.join("film");
    std::fs::create_dir_all(&folder)?;
    let renderer = Renderer::new();
    for (number, sample) in samples(Split::Train, 9).take(count).enumerate() {
        let picture = renderer.render(&sample.before, 96);
        picture.save(folder.join(format!("shot-{}.png", number + 1)))?;
    }
    Ok(folder)
}

fn strip(window: &Window) -> Option<&OpenStrip> {
    state(window).dataset.strip.as_ref()
}

fn frames(window: &Window) -> usize {
    strip(window).map_or(0, |strip| strip.frames.len())
}

fn pairs(window: &Window) -> usize {
    let open = state(window).dataset.open.as_ref();
    open.map_or(0, |open| open.folder.pairs.len())
}

fn opened(home: &Path) -> Result<(Window, PathBuf), Box<dyn std::error::Error>> {
    let folder = folder(home, 2)?;
    let mut window = open(config(home));
    window
        .state_mut()
        .act(DatasetAction::Open(folder.clone()).into());
    wait(&mut window, "the folder is open", |window| {
        pairs(window) == 2
    });
    Ok((window, folder))
}

fn name_frames(window: &mut Window, path: &Path) {
    let label = "Path of frames";
    window.get_by_role_and_label(Role::TextInput, label).focus();
    window.step();
    let field = window.get_by_role_and_label(Role::TextInput, label);
    field.type_text(&path.display().to_string());
    window.step();
    window.key_press(Key::Enter);
    window.step();
}

fn records(folder: &Path) -> Result<Vec<Value>, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(folder.join("labels_cot_train.json"))?;
    Ok(serde_json::from_str(&text)?)
}

/// Presses a frame's button. A click that meets the strip while it still moves goes beside it; a person
/// clicks again.
fn pick(window: &mut Window, button: &str, picked: impl Fn(&OpenStrip) -> bool) {
    for _ in 0..10 {
        if strip(window).is_some_and(&picked) {
            break;
        }
        window.get_by_role_and_label(Role::Button, button).click();
        for _ in 0..3 {
            window.step();
        }
    }
}

#[test]
fn window_pairs_are_picked_from_a_folder_by_keys_and_undone() -> Outcome {
    let home = tempfile::tempdir()?;
    let film = film(home.path(), 14)?;
    let (mut window, folder) = opened(home.path())?;
    let before = std::fs::read(folder.join("labels_cot_train.json"))?;
    window.key_press_modifiers(Modifiers::COMMAND, Key::N);
    window.step();
    window.step();
    assert!(has_text(&window, "Which moments belong together?"));
    name_frames(&mut window, &film);
    wait(&mut window, "the frames are there", |window| {
        frames(window) == 14
    });
    wait(&mut window, "they are drawn", |window| {
        strip(window).is_some_and(|strip| matches!(strip.thumb(0), Some(Ok(_))))
    });
    assert!(has_text(&window, "Pick the picture before"));
    let last = strip(&window).and_then(|strip| strip.frames.last()?.file_name()?.to_str());
    assert_eq!(last, Some("shot-14.png"), "in the order of their numbers");

    window.key_press(Key::ArrowRight);
    window.step();
    window.key_press(Key::B);
    window.step();
    window.key_press(Key::ArrowRight);
    window.key_press(Key::ArrowRight);
    window.step();
    window.key_press(Key::A);
    window.step();
    let picked = strip(&window).map(|strip| (strip.before, strip.after));
    assert_eq!(picked, Some((Some(1), Some(3))));
    wait(&mut window, "both are decoded", |window| {
        state(window).dataset.strip_blocked().is_none()
    });
    assert!(has_text(&window, "shot-2.png, 96 × 96"));
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    wait(&mut window, "the pair is added", |window| {
        pairs(window) == 3
    });
    let added = records(&folder)?.pop().ok_or("no record")?;
    assert_eq!(added["sample_name"], "film_0001");
    let copy = std::fs::read(folder.join("images/film_0001b.png"))?;
    assert_eq!(copy, std::fs::read(film.join("shot-4.png"))?);
    // The next pair begins where this one ended.
    let next = strip(&window).map(|strip| (strip.before, strip.after, strip.name.clone()));
    assert_eq!(next, Some((Some(3), None, "film_0002".to_owned())));

    // Its question is written at once, on the right.
    window.key_press(Key::F2);
    window.step();
    window.step();
    let field = window.get_by_role_and_label(Role::MultilineTextInput, "Question");
    field.type_text("What comes next?");
    window.step();
    wait(&mut window, "it is saved", |window| {
        let open = state(window).dataset.open.as_ref();
        open.is_some_and(|open| open.saving == Saving::Saved)
    });
    assert_eq!(records(&folder)?[2]["question"], "What comes next?");
    window.key_press(Key::Escape); // leaves the field
    window.step();
    window.key_press(Key::Escape); // and the film
    window.step();
    window.step();
    assert!(strip(&window).is_none());
    assert!(has_text(&window, "film_0001: What comes next?"));

    for _ in 0..2 {
        window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        window.step();
    }
    wait(&mut window, "the pair is taken out", |_| {
        std::fs::read(folder.join("labels_cot_train.json")).is_ok_and(|now| now == before)
    });
    assert_eq!(pairs(&window), 2);
    window.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    wait(&mut window, "it is back", |window| pairs(window) == 3);
    window.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    wait(&mut window, "and so is its question", |_| {
        records(&folder).is_ok_and(|records| {
            let last = records.last();
            last.is_some_and(|last| last["question"] == "What comes next?")
        })
    });
    Ok(())
}

#[test]
fn window_pairs_are_made_of_two_pictures_by_mouse() -> Outcome {
    let home = tempfile::tempdir()?;
    let film = film(home.path(), 3)?;
    let (mut window, folder) = opened(home.path())?;
    window
        .get_by_role_and_label(Role::Button, "New pair")
        .click();
    window.step();
    let shot = |number: usize| film.join(format!("shot-{number}.png"));
    // As a dialog or a drop would say.
    let two = StripAction::Take(vec![shot(3), shot(1)]);
    window.state_mut().act(two.into());
    wait(&mut window, "two pictures are a pair at once", |window| {
        state(window).dataset.strip_blocked().is_none()
    });
    // A third one joins them, and takes the place of the second.
    window
        .state_mut()
        .act(StripAction::Take(vec![shot(2)]).into());
    wait(&mut window, "there are three", |window| frames(window) == 3);
    // Until everything is where it stays.
    for _ in 0..6 {
        window.step();
    }
    pick(&mut window, "Frame 3 is after", |strip| {
        strip.after == Some(2)
    });
    pick(&mut window, "Frame 2 is before", |strip| {
        strip.before == Some(1)
    });
    wait(&mut window, "both are decoded", |window| {
        state(window).dataset.strip_blocked().is_none()
    });
    let name = window.get_by_role_and_label(Role::TextInput, "Name");
    name.focus();
    window.step();
    let taken = StripAction::Name("P1".to_owned());
    window.state_mut().act(taken.into());
    window.step();
    assert_eq!(
        state(&window).dataset.strip_blocked(),
        Some(StripBlocked::NameTaken)
    );
    assert!(has_text(&window, "Another pair has this name"));
    let free = StripAction::Name("P7".to_owned());
    window.state_mut().act(free.into());
    window.step();
    window
        .get_by_role_and_label(Role::Button, "Add the pair")
        .click();
    wait(&mut window, "the pair is added", |window| {
        pairs(window) == 3
    });
    let added = records(&folder)?.pop().ok_or("no record")?;
    assert_eq!(added["image1_name"], "P7a.png");
    let (first, second) = (folder.join("images/P7a.png"), folder.join("images/P7b.png"));
    assert_eq!(std::fs::read(first)?, std::fs::read(shot(1))?);
    assert_eq!(std::fs::read(second)?, std::fs::read(shot(2))?);
    Ok(())
}

#[test]
fn window_pairs_say_what_is_wrong_with_frames() -> Outcome {
    let home = tempfile::tempdir()?;
    let film = film(home.path(), 2)?;
    image::RgbImage::new(64, 40).save(film.join("wide.png"))?;
    std::fs::write(film.join("broken.png"), "no picture")?;
    let (mut window, _folder) = opened(home.path())?;
    let shot = |name: &str| film.join(name);
    let take = |window: &mut Window, paths: Vec<PathBuf>| {
        window.state_mut().act(StripAction::Show(false).into());
        window.state_mut().act(StripAction::Take(paths).into());
    };
    take(&mut window, vec![shot("shot-1.png"), shot("wide.png")]);
    wait(&mut window, "the sizes are known", |window| {
        let blocked = state(window).dataset.strip_blocked();
        blocked == Some(StripBlocked::Sizes((96, 96), (64, 40)))
    });
    assert!(has_text(&window, "different sizes: 96 × 96 and 64 × 40"));
    take(&mut window, vec![shot("shot-1.png"), shot("broken.png")]);
    wait(&mut window, "the picture is refused", |window| {
        state(window).dataset.strip_blocked() == Some(StripBlocked::Unreadable)
    });
    assert!(has_text(&window, "One of the pictures cannot be read"));
    let empty = home.path().join("empty");
    std::fs::create_dir(&empty)?;
    take(&mut window, vec![empty]);
    wait(&mut window, "the folder is refused", |window| {
        strip(window).is_some_and(|strip| strip.failed.is_some())
    });
    assert!(has_text(&window, "There are no pictures in this folder"));
    Ok(())
}

#[test]
fn window_pairs_come_out_of_a_video() -> Outcome {
    let home = tempfile::tempdir()?;
    let (mut window, folder) = opened(home.path())?;
    window.key_press_modifiers(Modifiers::COMMAND, Key::N);
    wait(
        &mut window,
        "it is known whether videos can be read",
        |window| state(window).dataset.reads_videos.is_some(),
    );
    if state(&window).dataset.reads_videos == Some(false) {
        let required = std::env::var_os("LGD_REQUIRE_FFMPEG").is_some_and(|value| value == "1");
        assert!(!required, "ffmpeg is not installed");
        println!("skipped: ffmpeg is not installed");
        assert!(has_text(&window, "need ffmpeg, which is not installed"));
        return Ok(());
    }
    let video = home.path().join("clip.avi");
    let made = std::process::Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-f", "lavfi", "-i"])
        .args(["testsrc=duration=8:size=160x120:rate=10", "-c:v", "mjpeg"])
        .arg(&video)
        .status()?;
    assert!(made.success());
    name_frames(&mut window, &video);
    wait(&mut window, "the frames are there", |window| {
        frames(window) > 6
    });
    let kept = strip(&window).and_then(|strip| strip.frames.first().cloned());
    let kept = kept.ok_or("no frame")?;
    pick(&mut window, "Frame 2 is before", |strip| {
        strip.before == Some(1)
    });
    pick(&mut window, "Frame 4 is after", |strip| {
        strip.after == Some(3)
    });
    wait(&mut window, "both are decoded", |window| {
        state(window).dataset.strip_blocked().is_none()
    });
    window
        .get_by_role_and_label(Role::Button, "Add the pair")
        .click();
    wait(&mut window, "the pair is added", |window| {
        pairs(window) == 3
    });
    let picture = image::open(folder.join("images/clip_0001a.jpg"))?;
    assert_eq!((picture.width(), picture.height()), (160, 120));

    // A video that is none; then the film is left, and its frames are deleted.
    let broken = home.path().join("broken.mp4");
    std::fs::write(&broken, "no video")?;
    window
        .state_mut()
        .act(StripAction::Take(vec![broken]).into());
    wait(&mut window, "the video is refused", |window| {
        strip(window).is_some_and(|strip| strip.failed.is_some())
    });
    assert!(has_text(&window, "ffmpeg cannot read the video"));
    window.state_mut().act(StripAction::Show(false).into());
    wait(&mut window, "the temporary folder is deleted", |_| {
        !kept.exists()
    });
    Ok(())
}
