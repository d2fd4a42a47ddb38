//! `compare`, `replay` and run files from the command line, with the real binary.

use super::{FRAME, Place, QUESTION, example, expect_code, refused};
use crate::golden::TestResult;
use serde_json::Value;

/// A comparison in three steps in the folder `out`, as JSON.
fn compare(place: &Place, more: &[&str]) -> TestResult<Value> {
    let frame = example(FRAME).display().to_string();
    let mut args = vec![
        "compare", &frame, QUESTION, "--steps", "3", "-o", "out", "--json",
    ];
    args.extend(more);
    let output = place.run(&args)?;
    expect_code(&output, 0)?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[test]
fn every_mode_is_compared_on_one_tape_and_replayed_to_the_byte() -> TestResult {
    let place = Place::new()?;
    let report = compare(&place, &["--seeds", "5,6"])?;
    let columns = report["columns"].as_array().ok_or("columns")?;
    assert_eq!(columns.len(), 8, "four modes, two seeds");
    for mode in ["question", "answer", "latent", "both"] {
        for seed in [5, 6] {
            assert!(place.path(&format!("out/{mode}-seed-{seed}.png")).is_file());
        }
    }
    let grid = image::open(place.path("out/grid.png"))?;
    let cell = image::open(place.path("out/both-seed-5.png"))?;
    assert!(grid.width() > 4 * cell.width() && grid.height() > 2 * cell.height());

    // One column of the comparison is what `ask` gives.
    let frame = example(FRAME);
    place.ask(
        &frame,
        QUESTION,
        &["--mode", "latent", "--seed", "6", "-o", "alone.png"],
    )?;
    let pixels = |name: &str| -> TestResult<_> { Ok(image::open(place.path(name))?.into_rgb8()) };
    let same = pixels("alone.png")? == pixels("out/latent-seed-6.png")?;
    assert!(same, "the column differs from the answer alone");

    for file in ["out/run.lgdrun", "out/answer-seed-5.png"] {
        let output = place.run(&["replay", file, "--prove"])?;
        expect_code(&output, 0)?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            text.contains("identical") && !text.contains("differs"),
            "{text}"
        );
    }
    Ok(())
}

#[test]
fn an_edited_picture_is_found_out() -> TestResult {
    let place = Place::new()?;
    let frame = example(FRAME);
    std::fs::copy(&frame, place.path("mine.png"))?;
    let mine = place.path("mine.png");
    place.ask(&mine, QUESTION, &["--seed", "3", "-o", "answer.png"])?;
    // The frame lies beside the answer.
    expect_code(&place.run(&["replay", "answer.png", "--prove"])?, 0)?;

    // Another seed in the metadata: the picture does not come out again.
    let bytes = std::fs::read(place.path("answer.png"))?;
    let at = |needle: &[u8]| bytes.windows(needle.len()).position(|w| w == needle);
    let place_of = at(b"\"seed\":3").ok_or("no seed in the file")?;
    let mut edited = bytes.clone();
    edited[place_of + 7] = b'4';
    // The checksum of the text chunk has to be right for a reader to believe it.
    let start = edited[..place_of]
        .windows(4)
        .rposition(|w| w == b"tEXt" || w == b"iTXt")
        .ok_or("no text chunk")?;
    let length = edited[start - 4..start]
        .iter()
        .fold(0usize, |n, b| n << 8 | usize::from(*b));
    let end = start + 4 + length;
    let sum = crc32(&edited[start..end]).to_be_bytes();
    edited[end..end + 4].copy_from_slice(&sum);
    std::fs::write(place.path("edited.png"), &edited)?;
    let output = place.run(&["replay", "edited.png", "--prove"])?;
    expect_code(&output, 1)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("differs"), "{text}");

    std::fs::remove_file(mine)?;
    let output = place.run(&["replay", "answer.png"])?;
    refused(&output, 1, &["mine.png", "--frame"])?;
    let frame = frame.display().to_string();
    let output = place.run(&["replay", "answer.png", "--prove", "--frame", &frame])?;
    expect_code(&output, 0)?;
    let output = place.run(&["replay", &frame])?;
    refused(&output, 1, &["does not say how it was drawn"])
}

/// The checksum of PNG chunks.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[test]
fn a_run_can_be_kept_beside_a_single_answer() -> TestResult {
    let place = Place::new()?;
    let frame = example(FRAME);
    place.ask(&frame, QUESTION, &["-o", "a.png", "--run", "a.lgdrun"])?;
    let output = place.run(&["replay", "a.lgdrun", "--prove", "--json", "-o", "again"])?;
    expect_code(&output, 0)?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(report["columns"][0]["result"], "identical");
    let kept = report["columns"][0]["picture"]
        .as_str()
        .ok_or("no picture")?;
    assert!(place.path(kept).is_file());
    Ok(())
}

#[test]
fn bad_comparisons_and_replays_are_refused() -> TestResult {
    let place = Place::new()?;
    let frame = example(FRAME).display().to_string();
    let output = place.run(&["compare", &frame, "", "-o", "out"])?;
    refused(&output, 2, &["question is empty"])?;
    assert!(!place.path("out").exists());
    std::fs::write(place.path("file"), "")?;
    let output = place.run(&["compare", &frame, QUESTION, "-o", "file/out"])?;
    refused(&output, 1, &["folder cannot be made"])?;
    let output = place.run(&["ask", &frame, QUESTION, "--run", "run.zip"])?;
    refused(&output, 2, &[".lgdrun"])?;
    let output = place.run(&["replay", "no-such.lgdrun"])?;
    refused(&output, 1, &["no-such.lgdrun"])?;
    std::fs::write(place.path("bad.lgdrun"), "not a run")?;
    let output = place.run(&["replay", "bad.lgdrun"])?;
    refused(&output, 1, &["not a run", "bad.lgdrun"])
}
