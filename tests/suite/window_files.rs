//! Pictures that say how they were drawn, and exports, through the window by accessible label.

use crate::cli::{FRAME, Place, QUESTION, example};
use crate::window::{
    Outcome, Window, ask_quickly, click, config, drop_file, has_text, open, state, wait,
    wait_until_ready,
};
use eframe::egui;
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use lgd_studio::app::{Action, NoticeKind};
use lgd_studio::job::{
    Captions, Export, ExportFormat, FrameOrigin, GuidanceMode, JobEvent, StorySize,
};
use lgd_studio::pipeline::metadata::{self, PictureTexts};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An answer picture as the command line saves it.
pub fn saved_answer(place: &Place) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let more = ["--mode", "answer", "--seed", "31", "-o", "answer.png"];
    place.ask(&example(FRAME), QUESTION, &more)?;
    Ok(place.path("answer.png"))
}

fn origin(window: &Window) -> Option<FrameOrigin> {
    let frame = state(window).frame.frame.as_ref();
    frame.map(|frame| frame.origin.clone())
}

#[test]
fn window_takes_the_settings_of_a_dropped_answer() -> Outcome {
    let place = Place::new()?;
    let answer = saved_answer(&place)?;
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    let (before, frame_before) = (state(&window).form.clone(), origin(&window));
    drop_file(&mut window, &answer);
    wait(&mut window, "there is a choice", |window| {
        state(window).offer.is_some()
    });
    assert!(has_text(&window, "This picture was drawn by LGD Studio"));
    assert!(has_text(&window, "seed 31"));
    assert_eq!(
        origin(&window),
        frame_before,
        "nothing happens before the choice"
    );

    click(&mut window, "Use its settings");
    assert!(state(&window).offer.is_none());
    let form = &state(&window).form;
    assert_eq!(form.request.question, QUESTION);
    assert_eq!(form.modes, [GuidanceMode::Answer]);
    assert_eq!(
        (form.request.seed, form.request.steps, form.keep_seed),
        (31, 3, true)
    );
    wait(&mut window, "the frame is found by its pixels", |window| {
        origin(window) == Some(FrameOrigin::Example(FRAME.to_owned()))
    });
    window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.step();
    assert_eq!(
        state(&window).form,
        before,
        "one step back is all the way back"
    );
    Ok(())
}

#[test]
fn window_uses_a_dropped_answer_as_the_frame() -> Outcome {
    let place = Place::new()?;
    let answer = saved_answer(&place)?;
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    let before = state(&window).form.clone();
    drop_file(&mut window, &answer);
    wait(&mut window, "there is a choice", |window| {
        state(window).offer.is_some()
    });
    click(&mut window, "Use it as the frame");
    assert_eq!(origin(&window), Some(FrameOrigin::File(answer.clone())));
    assert_eq!(state(&window).form, before);
    // The next start comes back to it without asking again.
    window.state_mut().save();
    drop(window);
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    assert_eq!(origin(&window), Some(FrameOrigin::File(answer.clone())));
    assert!(state(&window).offer.is_none());

    drop_file(&mut window, &answer);
    wait(&mut window, "it asks when it is dropped", |window| {
        state(window).offer.is_some()
    });
    click(&mut window, "Leave everything as it is");
    assert!(state(&window).offer.is_none());
    Ok(())
}

/// A small picture that says this about itself.
fn picture(
    folder: &Path,
    name: &str,
    request: &str,
) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let path = folder.join(name);
    let image = image::RgbImage::from_pixel(9, 9, image::Rgb([90, 140, 150]));
    let texts = PictureTexts {
        request: Some(request.to_owned()),
        parameters: None,
    };
    metadata::save(&path, &image, &texts)?;
    Ok(path)
}

#[test]
fn window_says_what_is_wrong_with_edited_settings() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    let before = state(&window).form.clone();
    for (name, request, words) in [
        (
            "steps.png",
            r#"{"question":"Why?","steps":5000}"#,
            "steps is 5000",
        ),
        ("half.png", r#"{"question":"Why?"#, "damaged"),
        (
            "mode.png",
            r#"{"question":"Why?","mode":"telepathy"}"#,
            "telepathy",
        ),
    ] {
        let path = picture(home.path(), name, request)?;
        window.state_mut().act(Action::OpenPath(path.clone()));
        wait(&mut window, "it is the frame", |window| {
            origin(window) == Some(FrameOrigin::File(path.clone()))
        });
        assert!(has_text(&window, words), "{words}");
        assert!(has_text(&window, "The picture is the frame now."));
    }
    assert_eq!(state(&window).form, before);

    let request = r#"{"question":"Why does it rain?","mood":"blue",
        "frame":{"name":"holiday.png","width":640,"height":480,"sha256":"00"}}"#;
    let path = picture(home.path(), "newer.png", request)?;
    window.state_mut().act(Action::OpenPath(path));
    wait(&mut window, "there is a choice", |window| {
        state(window).offer.is_some()
    });
    assert!(has_text(&window, "does not know are left out: mood"));
    let frame_before = origin(&window);
    click(&mut window, "Use its settings");
    wait(&mut window, "the frame is missed", |window| {
        let notices = &state(window).notices;
        let missing = |kind: &NoticeKind| matches!(kind, NoticeKind::FrameMissing(_));
        notices.iter().any(|notice| missing(&notice.kind))
    });
    assert!(has_text(&window, "holiday.png, 640 × 480"));
    assert_eq!(state(&window).form.request.question, "Why does it rain?");
    assert_eq!(origin(&window), frame_before);
    Ok(())
}

#[test]
fn window_exports_a_run_from_the_menu() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = open(config(home.path()));
    wait_until_ready(&mut window);
    ask_quickly(&mut window, |form| form.request.steps = 12);
    window.key_press(Key::Enter);
    wait(&mut window, "the answer is drawn", |window| {
        let run = state(window).run.as_ref();
        run.is_some_and(|run| run.columns.iter().all(|c| c.result().is_some()))
    });
    click(&mut window, "More about Latent");
    click(&mut window, "Export run");
    for format in [
        "grid picture",
        "PDF",
        "LaTeX table",
        "contact sheet",
        "GIF",
        "animated PNG",
        "CSV",
        "JSON",
        "times",
    ] {
        window.get_by_role_and_label(Role::Button, &format!("Export {format}…"));
    }
    window.key_press(Key::Escape);
    window.step();

    // As if a person had chosen the place in the dialog.
    let run = state(&window).run.as_ref().map(|run| run.to_file());
    let path = home.path().join("walk.gif");
    window
        .state_mut()
        .receive(JobEvent::ExportChosen(Box::new(Export {
            run: Arc::new(run.ok_or("no run")?),
            format: ExportFormat::Gif,
            path: path.clone(),
            quick: false,
            size: StorySize::default(),
            with_settings: true,
            target: None,
            captions: Captions::default(),
        })));
    wait(&mut window, "its progress is on screen", |window| {
        has_text(window, "Making the GIF")
    });
    wait(&mut window, "it is written", |window| {
        state(window).exporting.is_empty()
    });
    assert!(has_text(&window, "walk.gif"), "the notice says where");
    assert!(path.is_file());
    Ok(())
}
