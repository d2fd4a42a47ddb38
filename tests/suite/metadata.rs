//! What a saved picture remembers, and how it gets onto the disk.

use crate::golden::TestResult;
use image::{Rgb, RgbImage};
use lgd_studio::pipeline::frame_image::{self, FrameProblem, Reading};
use lgd_studio::pipeline::metadata::{Parameters, PictureTexts, read, save};
use lgd_studio::pipeline::whole_file::{SaveProblem, write_whole};
use lgd_studio::pipeline::{EditRequest, GuidanceMode};
use serde_json::json;
use std::path::Path;

fn sample() -> RgbImage {
    RgbImage::from_fn(24, 16, |x, y| Rgb([(x * 9) as u8, (y * 9) as u8, 77]))
}

fn files(folder: &Path) -> TestResult<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

#[test]
fn a_request_survives_in_a_png_with_fields_nobody_knows() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("answer.png");
    for question in [
        "What if it rains?",
        "Et s'il pleuvait déjà ?",
        "如果下雨了怎么办? ☔",
        "two\nlines",
        "",
    ] {
        let request = EditRequest {
            question: question.to_owned(),
            seed: u64::MAX,
            mode: GuidanceMode::Both,
            ..EditRequest::default()
        };
        let parameters = Parameters::of(&request, 24, 16, "toon-tiny");
        let mut value = serde_json::to_value(&request)?;
        value["from_the_future"] = json!({"deep": [1, 2.5, null, "☔"]});
        let texts = PictureTexts::new(&value, &parameters)?;
        assert_eq!(save(&path, &sample(), &texts)?.note, None);
        let metadata = read(&path)?;
        assert_eq!(metadata.request.as_ref(), Some(&value));
        assert_eq!(metadata.parameters, Some(parameters.to_string()));
        assert_eq!((metadata.width, metadata.height), (24, 16));
        let again: EditRequest = serde_json::from_value(metadata.request.unwrap_or_default())?;
        assert_eq!(again, request);
        assert_eq!(frame_image::open(&path, Reading::Upright)?, sample());
    }
    assert_eq!(files(folder.path())?, ["answer.png"]);
    Ok(())
}

#[test]
fn the_line_is_the_one_web_uis_write() {
    let request = EditRequest {
        question: "What if it rains?".to_owned(),
        ..EditRequest::default()
    };
    let line = Parameters::of(&request, 128, 64, "toon-tiny").to_string();
    assert!(
        line.starts_with("What if it rains?\nSteps: 20, Sampler: Euler a, CFG scale: 5, Image CFG scale: 1.5, Seed: 0, Size: 128x64, Model: toon-tiny"),
        "{line}"
    );
    let line = Parameters::of(&request, 1, 1, "a, b: c").to_string();
    assert!(line.contains("Model: \"a, b: c\""), "{line}");
}

#[test]
fn other_formats_say_that_they_forget() -> TestResult {
    let folder = tempfile::tempdir()?;
    let request = EditRequest::default();
    let texts = PictureTexts::new(&request, &Parameters::of(&request, 24, 16, "x"))?;
    for name in ["a.jpg", "a.JPEG", "a.webp"] {
        let path = folder.path().join(name);
        assert!(save(&path, &sample(), &texts)?.note.is_some());
        assert_eq!(save(&path, &sample(), &PictureTexts::none())?.note, None);
        let metadata = read(&path)?;
        assert_eq!((metadata.width, metadata.height), (24, 16));
        assert_eq!((metadata.request, metadata.parameters), (None, None));
    }
    for name in ["picture", "picture.bmp", "picture.png.txt"] {
        let error = save(&folder.path().join(name), &sample(), &texts).expect_err("no format");
        assert!(matches!(error.kind, SaveProblem::UnknownFormat), "{error}");
    }
    Ok(())
}

#[test]
fn files_appear_whole_or_not_at_all() -> TestResult {
    let folder = tempfile::tempdir()?;
    let none = PictureTexts::none();
    let error = save(&folder.path().join("no/where.png"), &sample(), &none).expect_err("no folder");
    assert!(matches!(error.kind, SaveProblem::NoFolder), "{error}");
    assert!(error.to_string().ends_with("where.png"), "{error}");
    let inside = folder.path().join("folder.png");
    std::fs::create_dir(&inside)?;
    let error = save(&inside, &sample(), &none).expect_err("a folder");
    assert!(matches!(error.kind, SaveProblem::IsFolder), "{error}");
    // A picture the format cannot hold leaves the old file alone.
    let path = folder.path().join("old.webp");
    std::fs::write(&path, b"old")?;
    let error = save(&path, &RgbImage::new(20_000, 1), &none).expect_err("too wide for WebP");
    assert!(matches!(error.kind, SaveProblem::Encoding(_)), "{error}");
    assert_eq!(std::fs::read(&path)?, b"old");
    save(&path, &sample(), &none)?;
    assert_eq!(frame_image::open(&path, Reading::Upright)?, sample());
    assert_eq!(files(folder.path())?, ["folder.png", "old.webp"]);
    Ok(())
}

#[cfg(unix)]
#[test]
fn links_stay_links_and_locked_folders_are_explained() -> TestResult {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir()?;
    let (target, link) = (folder.path().join("target"), folder.path().join("link"));
    std::fs::write(&target, b"old")?;
    std::os::unix::fs::symlink(&target, &link)?;
    write_whole(&link, b"new")?;
    assert_eq!(std::fs::read(&target)?, b"new");
    assert!(std::fs::symlink_metadata(&link)?.is_symlink());
    let locked = folder.path().join("locked");
    std::fs::create_dir(&locked)?;
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o555))?;
    // The administrator may write everywhere, so the refusal cannot always be provoked.
    if let Err(error) = write_whole(&locked.join("x.png"), b"x") {
        assert!(error.message().contains("may not be written to"), "{error}");
    }
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o755))?;
    Ok(())
}

#[test]
fn pictures_of_others_and_damaged_ones() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("x.png");
    save(&path, &sample(), &PictureTexts::none())?;
    let metadata = read(&path)?;
    assert_eq!((metadata.request, metadata.parameters), (None, None));
    let texts = PictureTexts {
        request: Some("{ not json".to_owned()),
        parameters: Some("by somebody else".to_owned()),
    };
    save(&path, &sample(), &texts)?;
    let metadata = read(&path)?;
    assert!(metadata.request.is_none() && metadata.request_problem.is_some());
    assert_eq!(metadata.parameters.as_deref(), Some("by somebody else"));
    // The texts stand before the pixels, so a cut-off file still tells.
    let bytes = std::fs::read(&path)?;
    std::fs::write(&path, &bytes[..bytes.len() - 30])?;
    assert_eq!(read(&path)?.parameters.as_deref(), Some("by somebody else"));
    for cut in 0..bytes.len() {
        std::fs::write(&path, &bytes[..cut])?;
        let _ = read(&path);
    }
    std::fs::write(&path, b"not a picture at all")?;
    assert!(matches!(
        read(&path).expect_err("text").kind,
        FrameProblem::NotAPicture
    ));
    assert!(matches!(
        read(folder.path()).expect_err("folder").kind,
        FrameProblem::Folder
    ));
    Ok(())
}
