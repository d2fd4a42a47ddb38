//! What the command line refuses, in words that say what to do.

use super::{FRAME, Place, QUESTION, example, refused};
use crate::golden::TestResult;
use std::process::Output;

#[test]
fn bad_frames_are_refused_with_what_to_do() -> TestResult {
    let place = Place::new()?;
    std::fs::write(place.path("text.png"), "this is a letter, not a picture")?;
    std::fs::write(place.path("empty.png"), "")?;
    let whole = std::fs::read(example(FRAME))?;
    std::fs::write(place.path("cut.png"), &whole[..whole.len() / 2])?;
    std::fs::create_dir(place.path("folder.png"))?;
    for name in [
        "text.png",
        "empty.png",
        "cut.png",
        "folder.png",
        "absent.png",
    ] {
        let output = place.run(&["ask", name, QUESTION, "-o", "out.png"])?;
        refused(&output, 1, &["File: ", name])?;
        assert!(
            !place.path("out.png").exists(),
            "{name} left something behind"
        );
    }
    Ok(())
}

#[test]
fn nonsense_is_wrong_usage() -> TestResult {
    let place = Place::new()?;
    let frame = example(FRAME).display().to_string();
    let ask = |more: &[&str]| -> TestResult<Output> {
        let mut args = vec!["ask", &frame, QUESTION, "-o", "out.png"];
        args.extend(more);
        place.run(&args)
    };
    refused(&ask(&["--steps", "0"])?, 2, &["between 1 and 1000"])?;
    refused(&ask(&["--steps", "many"])?, 2, &["many"])?;
    refused(&ask(&["--steps", "-3"])?, 2, &[])?;
    refused(
        &ask(&["--guidance-scale", "NaN"])?,
        2,
        &["text guidance scale"],
    )?;
    refused(
        &ask(&["--image-guidance-scale", "inf"])?,
        2,
        &["image guidance scale"],
    )?;
    refused(&ask(&["--seed", "1.5"])?, 2, &["1.5"])?;
    refused(&ask(&["--mode", "guess"])?, 2, &["guess"])?;
    refused(&ask(&["--device", "abacus"])?, 2, &["abacus"])?;
    refused(
        &ask(&["--mode", "answer", "--answer", " "])?,
        2,
        &["answer is empty"],
    )?;
    refused(
        &place.run(&["ask", &frame, "   ", "-o", "out.png"])?,
        2,
        &["question is empty"],
    )?;
    refused(
        &place.run(&["ask", &frame, QUESTION, "-o", "out.txt"])?,
        2,
        &["PNG"],
    )?;
    refused(&place.run(&["ask", &frame])?, 2, &[])?;
    let everything = ask(&["--steps", "0", "--guidance-scale", "-1"])?;
    refused(&everything, 2, &["number of steps", "text guidance scale"])?;
    assert!(!place.path("out.png").exists());
    Ok(())
}

#[test]
fn places_that_cannot_be_written_are_refused() -> TestResult {
    let place = Place::new()?;
    let frame = example(FRAME).display().to_string();
    let missing = place.run(&[
        "ask",
        &frame,
        QUESTION,
        "--steps",
        "1",
        "-o",
        "nowhere/out.png",
    ])?;
    refused(&missing, 1, &["does not exist", "nowhere"])?;
    std::fs::write(place.path("file"), "")?;
    let inside_file = place.run(&[
        "ask",
        &frame,
        QUESTION,
        "--steps",
        "1",
        "-o",
        "file/out.png",
    ])?;
    refused(&inside_file, 1, &["File: "])?;
    std::fs::create_dir(place.path("out.png"))?;
    let onto_folder = place.run(&["ask", &frame, QUESTION, "--steps", "1", "-o", "out.png"])?;
    refused(&onto_folder, 1, &["out.png"])?;
    std::fs::copy(&frame, place.path("frame.png"))?;
    let onto_itself = place.run(&["ask", "frame.png", QUESTION, "-o", "frame.png"])?;
    refused(&onto_itself, 2, &["overwrite the frame"])?;
    let left: Vec<_> = std::fs::read_dir(place.path(""))?
        .filter_map(|e| Some(e.ok()?.file_name()))
        .collect();
    // The three of this test, and the program's own log.
    assert_eq!(left.len(), 4, "something was left behind: {left:?}");
    assert!(left.iter().any(|name| name == "home"), "{left:?}");
    Ok(())
}
