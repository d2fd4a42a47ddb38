//! Stories, figures and tables for papers, with the real binary and in the window: every product is
//! opened again.

use crate::cli::export::{apng, found, gif};
use crate::cli::{Place, expect_code, refused};
use crate::golden::TestResult;
use crate::window::{Outcome, Window, drawn, has_text, state, wait};
use eframe::egui;
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use image::RgbImage;
use lgd_studio::app::{Action, Dialog, NoticeKind};
use lgd_studio::job::{
    Captions, Export, ExportFormat, GuidanceMode, JobEvent, StoryPlan, StorySize, open_run,
};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Makes a small one, and says what the program told about it.
fn export(place: &Place, format: &str, path: &str) -> TestResult<Value> {
    let output = place.export(format, path, &["--size", "small", "--json"])?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The pictures, and how many milliseconds all of them are shown.
fn told(shown: Vec<(RgbImage, u32)>) -> (Vec<RgbImage>, u64) {
    let milliseconds = shown.iter().map(|(_, delay)| u64::from(*delay)).sum();
    let pictures = shown.into_iter().map(|(picture, _)| picture).collect();
    (pictures, milliseconds)
}

#[test]
fn a_story_shows_frame_question_answers_steps_and_a_wipe() -> TestResult {
    let place = Place::drawn(3)?;
    let run = open_run(&place.path("out/run.lgdrun"))?;
    let plan = StoryPlan::of(&run, StorySize::Small);
    let report = export(&place, "story-gif", "a.gif")?;
    assert_eq!(report["width_px"], plan.size.0);
    assert_eq!(report["pictures"], plan.beats.len());
    let (gif, gif_ms) = told(gif(&place.path("a.gif"))?);
    export(&place, "story-apng", "a.png")?;
    let (png, png_ms) = told(apng(&place.path("a.png"))?);
    let promised = (plan.seconds() * 1000.0).round() as u64;
    assert_eq!((gif_ms, png_ms), (promised, promised));
    for pictures in [&gif, &png] {
        assert!(pictures.len() > 60, "{} pictures", pictures.len());
        assert!(
            pictures
                .iter()
                .all(|picture| picture.dimensions() == plan.size)
        );
        let (first, last) = (pictures.first(), pictures.last());
        assert!(first.is_some() && first != last);
    }
    // With all colours the last picture ends with what was drawn, at the size of a cell.
    let last = png.last().ok_or("pictures")?;
    let (answer, frame) = (&run.columns[0].display, &run.frame);
    let cell = (160, 120);
    let small = lgd_studio::nn::resize::resize(
        answer,
        cell.0,
        cell.1,
        lgd_studio::nn::resize::Filter::Bicubic,
    );
    assert_ne!(answer.as_raw(), frame.as_raw());
    assert!(
        found(last, &small).is_some(),
        "the answer is not in the last picture"
    );
    // What was promised is about what came.
    for (path, format) in [
        ("a.gif", ExportFormat::StoryGif),
        ("a.png", ExportFormat::StoryApng),
    ] {
        let bytes = std::fs::metadata(place.path(path))?.len();
        let about = plan.about_bytes(format);
        println!("{path}: {bytes} bytes, about {about} promised");
        assert!(
            about < 4 * bytes && bytes < 4 * about,
            "{path}: {bytes} and {about}"
        );
    }
    Ok(())
}

#[test]
fn a_story_becomes_a_film_where_ffmpeg_is_and_says_so_where_it_is_not() -> TestResult {
    let place = Place::drawn(3)?;
    let command = [
        "export",
        "out/run.lgdrun",
        "--format",
        "story-mp4",
        "-o",
        "a.mp4",
        "--quick",
    ];
    // A folder without any program.
    let empty = place.path("empty");
    std::fs::create_dir(&empty)?;
    let missing = place.command().args(command).env("PATH", &empty).output()?;
    refused(&missing, 1, &["ffmpeg", "not installed", "GIF"])?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let fake = empty.join("ffmpeg");
        std::fs::write(
            &fake,
            "#!/bin/sh\necho 'Unknown encoder: the moon' >&2\nexit 3\n",
        )?;
        std::fs::set_permissions(&fake, std::fs::Permissions::from_mode(0o755))?;
        let failing = place.command().args(command).env("PATH", &empty).output()?;
        refused(&failing, 1, &["could not make the film", "the moon"])?;
    }
    assert!(!place.path("a.mp4").exists());
    let left = std::fs::read_dir(place.path("."))?.flatten();
    let left: Vec<PathBuf> = left.map(|entry| entry.path()).collect();
    assert!(
        !left
            .iter()
            .any(|path| path.extension().is_some_and(|e| e == "mp4")),
        "{left:?}"
    );
    let paths = std::env::var_os("PATH").unwrap_or_default();
    if !std::env::split_paths(&paths).any(|folder| folder.join("ffmpeg").is_file()) {
        println!("no ffmpeg here: the film itself is not made");
        return Ok(());
    }
    expect_code(&place.run(&command)?, 0)?;
    let film = std::fs::read(place.path("a.mp4"))?;
    assert_eq!(film.get(4..8), Some(&b"ftyp"[..]), "an MP4 file");
    Ok(())
}

#[test]
fn figures_and_tables_for_papers_can_be_read() -> TestResult {
    let place = Place::drawn(3)?;
    export(&place, "pdf", "a.pdf")?;
    let pdf = std::fs::read(place.path("a.pdf"))?;
    assert!(
        pdf.starts_with(b"%PDF-1.") && pdf.ends_with(b"%%EOF"),
        "a whole PDF"
    );
    let text = String::from_utf8_lossy(&pdf);
    assert_eq!(
        text.matches("/Subtype /Image").count(),
        3,
        "frame and two columns"
    );
    assert!(text.contains("/Width 200") && text.contains("/Height 150"));
    export(&place, "latex", "a.tex")?;
    let table = std::fs::read_to_string(place.path("a.tex"))?;
    assert!(table.contains("\\caption{Answers to ``What happens if the mouse gets hungry?''"));
    assert!(
        table.contains("\\label{tab:what-happens-if-the-mouse-gets}"),
        "{table}"
    );
    assert_eq!(table.matches(" \\\\\n").count(), 3, "{table}");
    assert!(
        table.contains("answer & 7 & The mouse eats the cheese. & "),
        "{table}"
    );
    // The words of a question are words.
    let output = place.run(&[
        "ask",
        "frame.png",
        "What_if 50% & more?",
        "--steps",
        "1",
        "--run",
        "b.lgdrun",
        "-o",
        "b.png",
    ])?;
    expect_code(&output, 0)?;
    let table = ["export", "b.lgdrun", "--format", "latex", "-o", "b.tex"];
    expect_code(&place.run(&table)?, 0)?;
    let table = std::fs::read_to_string(place.path("b.tex"))?;
    assert!(table.contains("``What\\_if 50\\% \\& more?''"), "{table}");
    // Without settings neither says how it was drawn.
    let plain = [
        "export",
        "out/run.lgdrun",
        "--format",
        "latex",
        "-o",
        "c.tex",
        "--leave-out-settings",
    ];
    expect_code(&place.run(&plain)?, 0)?;
    let table = std::fs::read_to_string(place.path("c.tex"))?;
    assert!(
        !table.contains("Seed") && !table.contains("toon-tiny"),
        "{table}"
    );
    Ok(())
}

/// As if a person had chosen the place in the dialog.
fn choose(window: &mut Window, path: &Path, format: ExportFormat) -> Outcome {
    let run = state(window).run.as_ref().map(|run| run.to_file());
    let export = Export {
        run: Arc::new(run.ok_or("a run")?),
        format,
        path: path.to_owned(),
        quick: false,
        size: StorySize::Small,
        with_settings: true,
        target: None,
        captions: Captions::default(),
    };
    let chosen = JobEvent::ExportChosen(Box::new(export));
    window.state_mut().receive(chosen);
    Ok(())
}

#[test]
fn window_tells_duration_and_size_before_a_story_is_made() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = drawn(home.path(), &[GuidanceMode::Answer], 3);
    window.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::E);
    window.run_steps(6);
    assert_eq!(state(&window).dialog, Some(Dialog::Story));
    let plan = state(&window).story_plan().ok_or("a plan")?;
    let (width, height) = plan.size;
    assert!(has_text(&window, &format!("{width} × {height} pixels")));
    assert!(has_text(&window, &format!("{:.1} s", plan.seconds())));
    window.get_by_role_and_label(Role::Button, "Large").click();
    window.run_steps(6);
    let large = state(&window).story_plan().ok_or("a plan")?;
    assert!(large.size.0 > width && has_text(&window, &format!("{} ×", large.size.0)));
    // As on a machine without ffmpeg.
    window
        .state_mut()
        .receive(JobEvent::Programs { mp4: false });
    window.run_steps(6);
    assert!(has_text(&window, "not installed here"));
    window.key_press(Key::Escape);
    window.run_steps(6);
    assert_eq!(state(&window).dialog, None);

    let path = home.path().join("story.gif");
    choose(&mut window, &path, ExportFormat::StoryGif)?;
    wait(&mut window, "its progress is on screen", |window| {
        has_text(window, "Making the story")
    });
    wait(&mut window, "it is written", |window| {
        state(window).exporting.is_empty()
    });
    assert!(has_text(&window, "story.gif"), "the notice says where");
    assert!(path.is_file());
    Ok(())
}

#[test]
fn window_stops_a_story_in_the_middle_and_says_where_it_cannot_write() -> Outcome {
    let home = tempfile::tempdir()?;
    let mut window = drawn(home.path(), &[GuidanceMode::Answer], 40);
    let folder = home.path().join("stories");
    std::fs::create_dir(&folder)?;
    for format in [ExportFormat::StoryApng, ExportFormat::StoryGif] {
        let ending = format.extensions().first().ok_or("an ending")?;
        choose(&mut window, &folder.join(format!("a.{ending}")), format)?;
        wait(&mut window, "some pictures are drawn", |window| {
            let exporting = state(window).exporting.first();
            exporting.is_some_and(|exporting| exporting.done.0 > 3)
        });
        let job = state(&window).exporting[0].job;
        window.state_mut().act(Action::CancelExport(job));
        wait(&mut window, "it has stopped", |window| {
            state(window).exporting.is_empty()
        });
    }
    let left: Vec<_> = std::fs::read_dir(&folder)?.flatten().collect();
    assert!(left.is_empty(), "{left:?}");

    let nowhere = home.path().join("nowhere").join("a.gif");
    choose(&mut window, &nowhere, ExportFormat::StoryGif)?;
    wait(
        &mut window,
        "it says that it cannot write there",
        |window| {
            let notices = state(window).notices.iter();
            notices.into_iter().any(|notice| {
                matches!(&notice.kind, NoticeKind::Trouble(problem)
            if problem.file.as_deref() == Some(nowhere.as_path()))
            })
        },
    );
    Ok(())
}
