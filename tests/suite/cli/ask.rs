//! `ask` and what it leaves: pictures, their metadata, explanations.

use super::{ANSWER, FRAME, Place, QUESTION, example, expect_code, refused};
use crate::golden::TestResult;
use image::RgbImage;
use serde_json::Value;

#[test]
fn every_example_is_answered_in_every_mode() -> TestResult {
    let place = Place::new()?;
    let mut frames = 0;
    for entry in std::fs::read_dir(example(""))? {
        let frame = entry?.path();
        if frame.extension().is_none_or(|e| e != "png") || frame.ends_with("thumbnails.png") {
            continue;
        }
        frames += 1;
        for mode in ["question", "answer", "latent", "both"] {
            let result = place.ask(&frame, QUESTION, &["--mode", mode, "-o", "out.png"])?;
            let picture = image::open(place.path("out.png"))?.into_rgb8();
            assert_eq!(
                picture.dimensions(),
                (512, 512),
                "the picture has the frame's size"
            );
            let first = picture.get_pixel(0, 0);
            assert!(
                picture.pixels().any(|p| p != first),
                "{} {mode}: a blank picture",
                frame.display()
            );
            let wrote = result["answer"]
                .as_str()
                .is_some_and(|text| !text.is_empty());
            assert_eq!(
                wrote,
                ["answer", "both"].contains(&mode),
                "{} {mode}",
                frame.display()
            );
        }
    }
    assert_eq!(frames, 12);
    Ok(())
}

#[test]
fn the_answer_is_the_right_one_and_a_given_answer_is_used() -> TestResult {
    let place = Place::new()?;
    let written = place.ask(
        &example(FRAME),
        QUESTION,
        &["--mode", "answer", "-o", "a.png"],
    )?;
    assert_eq!(written["answer"], ANSWER);
    assert_eq!(written["answer_given"], false);
    let given = ["--mode", "answer", "--answer", ANSWER, "-o", "b.png"];
    assert_eq!(
        place.ask(&example(FRAME), QUESTION, &given)?["answer_given"],
        true
    );
    let pixels =
        |name: &str| -> TestResult<RgbImage> { Ok(image::open(place.path(name))?.into_rgb8()) };
    assert_eq!(
        pixels("a.png")?,
        pixels("b.png")?,
        "the same sentence draws the same picture"
    );
    Ok(())
}

#[test]
fn the_same_seed_is_the_same_file_and_another_seed_another_picture() -> TestResult {
    let place = Place::new()?;
    for (name, seed) in [("a.png", "7"), ("b.png", "7"), ("c.png", "8")] {
        place.ask(&example(FRAME), QUESTION, &["--seed", seed, "-o", name])?;
    }
    let bytes = |name: &str| std::fs::read(place.path(name));
    assert!(
        bytes("a.png")? == bytes("b.png")?,
        "same request, other bytes"
    );
    let pixels =
        |name: &str| -> TestResult<RgbImage> { Ok(image::open(place.path(name))?.into_rgb8()) };
    assert!(
        pixels("a.png")? != pixels("c.png")?,
        "the seed has no effect"
    );
    Ok(())
}

#[test]
fn samplers_and_generators_can_be_chosen() -> TestResult {
    let place = Place::new()?;
    let mut pictures = Vec::new();
    for more in [
        ["--sampler", "euler-ancestral"],
        ["--sampler", "euler-ancestral-diffusers"],
        ["--sampler", "dpm-solver2m"],
        ["--noise", "philox"],
    ] {
        place.ask(
            &example(FRAME),
            QUESTION,
            &[more[0], more[1], "-o", "out.png"],
        )?;
        pictures.push(image::open(place.path("out.png"))?.into_rgb8());
    }
    assert!(pictures[0] != pictures[2] && pictures[0] != pictures[3]);
    Ok(())
}

#[test]
fn a_picture_remembers_its_request() -> TestResult {
    let place = Place::new()?;
    place.ask(
        &example(FRAME),
        QUESTION,
        &["--mode", "both", "--seed", "5", "-o", "out.png"],
    )?;
    let output = place.run(&["metadata", "out.png", "--json"])?;
    expect_code(&output, 0)?;
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let request = &metadata["lgd_request"];
    assert_eq!(request["question"], QUESTION);
    assert_eq!(request["mode"], "both");
    assert_eq!(request["seed"], 5);
    assert_eq!(request["steps"], 3);
    assert_eq!(request["written_answer"], ANSWER);
    assert_eq!(request["bundle"], "toon-tiny");
    let line = metadata["parameters"].as_str().unwrap_or_default();
    assert!(
        line.starts_with(QUESTION) && line.contains("Steps: 3, Sampler: Euler a"),
        "{line}"
    );
    let plain = place.run(&["metadata", &example(FRAME).display().to_string()])?;
    expect_code(&plain, 0)?;
    assert!(String::from_utf8_lossy(&plain.stdout).contains("512 x 512"));
    Ok(())
}

#[test]
fn awkward_frames_are_answered_at_their_own_size() -> TestResult {
    let place = Place::new()?;
    let fixtures = crate::golden::root()?.join("preprocess/images");
    for name in [
        "one.png",
        "gray16.png",
        "palette.png",
        "cmyk.jpg",
        "exif_rot6.jpg",
        "gray_alpha.png",
        "rgba.png",
    ] {
        let frame = fixtures.join(name);
        place.ask(&frame, QUESTION, &["-o", "out.png"])?;
        let (width, height) = image::image_dimensions(&frame)?;
        let expected = if name == "exif_rot6.jpg" {
            (height, width)
        } else {
            (width, height)
        };
        assert_eq!(
            image::image_dimensions(place.path("out.png"))?,
            expected,
            "{name}"
        );
    }
    let thin = place.path("thin.png");
    RgbImage::from_fn(2000, 1, |x, _| image::Rgb([x as u8, 0, 0])).save(&thin)?;
    place.ask(&thin, QUESTION, &["-o", "out.png"])?;
    Ok(())
}

#[test]
fn a_very_long_question_is_cut_and_said_so() -> TestResult {
    let place = Place::new()?;
    let question = "why ".repeat(3000);
    for mode in ["question", "latent"] {
        let result = place.ask(
            &example(FRAME),
            &question,
            &["--mode", mode, "-o", "out.png"],
        )?;
        let notice = result["notices"][0].as_str().unwrap_or_default();
        assert!(notice.contains("the model reads the first 24"), "{notice}");
    }
    Ok(())
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_with_130_and_leaves_nothing() -> TestResult {
    let place = Place::new()?;
    let child = place
        .command()
        .args(["ask", &example(FRAME).display().to_string(), QUESTION])
        .args(["--steps", "1000", "-o", "out.png"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()?;
    std::thread::sleep(std::time::Duration::from_secs(3));
    let asked = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()?;
    assert!(asked.success());
    let output = child.wait_with_output()?;
    expect_code(&output, 130)?;
    assert!(!place.path("out.png").exists());
    Ok(())
}

#[test]
fn words_can_be_left_out_and_an_unknown_one_lists_them() -> TestResult {
    let place = Place::new()?;
    let frame = example(FRAME);
    let without = [
        "--mode",
        "question",
        "--without",
        "HUNGRY",
        "-o",
        "without.png",
    ];
    let report = place.ask(&frame, QUESTION, &without)?;
    let left_out = &report["request"]["without"];
    let expected = serde_json::json!([{ "of": "question", "place": 7, "word": "hungry" }]);
    assert_eq!(left_out, &expected);
    place.ask(&frame, QUESTION, &["--mode", "question", "-o", "whole.png"])?;
    let pixels =
        |name: &str| -> TestResult<RgbImage> { Ok(image::open(place.path(name))?.into_rgb8()) };
    assert!(pixels("without.png")? != pixels("whole.png")?);
    // The picture remembers what was left out.
    let output = place.run(&["replay", "without.png", "--prove"])?;
    expect_code(&output, 0)?;
    let output = place.run(&["metadata", "without.png"])?;
    assert!(String::from_utf8_lossy(&output.stdout).contains("Without: hungry"));

    let frame = frame.display().to_string();
    let unknown = place.run(&[
        "ask",
        &frame,
        QUESTION,
        "--without",
        "dog",
        "--without",
        "mouse",
    ])?;
    refused(
        &unknown,
        2,
        &[
            "dog",
            "What happens if the mouse gets hungry ?",
            "\"query 1\" to \"query 16\"",
        ],
    )
}

#[test]
fn a_picture_is_explained_in_a_folder() -> TestResult {
    let place = Place::new()?;
    let more = ["--explain", "why", "-o", "answer.png"];
    let report = place.ask(&example(FRAME), QUESTION, &more)?;
    let explanation = &report["explanation"];
    assert_eq!(explanation["latent_reads"], ANSWER);
    let pieces = explanation["pieces"].as_array().ok_or("pieces")?;
    assert_eq!(pieces.len(), 16 + 8);
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
    let shares: f64 = pieces.iter().map(|piece| number(&piece["attention"])).sum();
    let all = shares + number(&explanation["attention_elsewhere"]);
    assert!((all - 1.0).abs() < 2e-3, "{all}");
    for piece in pieces {
        let map = piece["attention_map"].as_str().ok_or("a map")?;
        assert_eq!(image::open(place.path(map))?.width(), 512);
        let measured = piece["of"] == "question";
        assert_eq!(piece["effect"].is_object(), measured, "{piece}");
    }
    let csv = std::fs::read_to_string(place.path("why/effect.csv"))?;
    assert_eq!(csv.lines().count(), 1 + pieces.len());
    assert!(csv.contains("question,7,\"hungry\","), "{csv}");
    assert!(place.path("why/effect-question-07-hungry.png").is_file());
    assert!(place.path("why/attention-query-16.png").is_file());
    Ok(())
}
