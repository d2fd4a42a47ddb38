//! Bundles that are made: random ones, stopped ones, broken ones.

use crate::cli::{FRAME, Place, QUESTION, example, expect_code, refused};
use crate::golden::TestResult;
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

fn random(place: &Place, preset: &str, more: &[&str]) -> TestResult<Value> {
    let mut args = vec!["bundle", "random", "--preset", preset, "--json"];
    args.extend(more);
    let output = place.run(&args)?;
    expect_code(&output, 0)?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Everything in a folder with its bytes, by path.
fn contents(folder: &Path) -> TestResult<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder)?.display().to_string();
                found.push((name, std::fs::read(&path)?));
            }
        }
    }
    found.sort();
    Ok(found)
}

#[test]
fn a_random_bundle_loads_answers_and_says_that_it_is_random() -> TestResult {
    let place = Place::new()?;
    let made = random(&place, "tiny", &["-o", "made"])?;
    assert_eq!(made["name"], "random tiny");
    let verify = place.run(&["bundle", "verify", "made", "--json"])?;
    expect_code(&verify, 0)?;
    let verify: Value = serde_json::from_slice(&verify.stdout)?;
    assert_eq!(verify["unlisted"], serde_json::json!([]));
    let inspect = place.run(&["bundle", "inspect", "made", "--json"])?;
    let inspect: Value = serde_json::from_slice(&inspect.stdout)?;
    assert_eq!(inspect["badge"], "random weights");
    for mode in ["question", "answer", "latent", "both"] {
        let more = ["--bundle", "made", "--mode", mode, "-o", "out.png"];
        place.ask(&example(FRAME), QUESTION, &more)?;
        let picture = image::open(place.path("out.png"))?.into_rgb8();
        let first = picture.get_pixel(0, 0);
        assert!(
            picture.pixels().any(|p| p != first),
            "{mode}: a blank picture"
        );
    }
    Ok(())
}

#[test]
#[ignore = "needs 4.5 GB of disk and memory: cargo test -- --ignored random_instruct_pix2pix"]
fn a_random_instruct_pix2pix_of_full_size_draws_a_picture() -> TestResult {
    let place = Place::new()?;
    random(&place, "sd15-ip2p", &["-o", "big"])?;
    let more = ["--bundle", "big", "--mode", "question", "-o", "out.png"];
    place.ask(&example(FRAME), QUESTION, &more)?;
    Ok(())
}

#[test]
fn the_same_seed_makes_the_same_bundle() -> TestResult {
    let place = Place::new()?;
    random(&place, "tiny", &["-o", "a", "--dtype", "f16"])?;
    random(&place, "tiny", &["-o", "b", "--dtype", "f16"])?;
    random(
        &place,
        "tiny",
        &["-o", "c", "--dtype", "f16", "--seed", "1"],
    )?;
    let read = |name: &str| contents(&place.path(name));
    assert_eq!(read("a")?, read("b")?);
    assert_ne!(read("a")?, read("c")?);
    Ok(())
}

#[test]
fn what_cannot_be_made_is_refused_with_a_reason() -> TestResult {
    let place = Place::new()?;
    let args = ["bundle", "random", "--preset", "huge", "-o", "x"];
    refused(&place.run(&args)?, 2, &["huge", "sd15-flan-t5-xl"])?;
    let args = [
        "bundle", "random", "--preset", "tiny", "-o", "x", "--dtype", "int8",
    ];
    refused(&place.run(&args)?, 2, &["int8", "bf16"])?;
    std::fs::create_dir(place.path("taken"))?;
    std::fs::write(place.path("taken/note.txt"), "mine")?;
    let args = ["bundle", "random", "--preset", "tiny", "-o", "taken"];
    refused(
        &place.run(&args)?,
        1,
        &["something at the bundle's place", "taken"],
    )?;
    std::fs::write(place.path("file"), "mine")?;
    let args = ["bundle", "random", "--preset", "tiny", "-o", "file/inside"];
    refused(&place.run(&args)?, 1, &["a file is in the way", "file"])?;
    std::fs::rename(place.path("taken"), place.path("next.part"))?;
    let args = ["bundle", "random", "--preset", "tiny", "-o", "next"];
    refused(&place.run(&args)?, 1, &["another kind", "next.part"])?;
    assert_eq!(
        std::fs::read_to_string(place.path("next.part/note.txt"))?,
        "mine"
    );
    Ok(())
}

/// A real process, killed at many moments; the same command, which makes the bundle `killed`, goes on
/// until it is there, and it holds what an undisturbed build makes.
fn survives_kills(place: &Place, args: &[&str], expected: &[(String, Vec<u8>)]) -> TestResult {
    let (mut kills, mut patience) = (0, Duration::from_millis(20));
    // A busy machine only needs more patience; the loop ends with the bundle.
    loop {
        let mut child = place.command().args(args).stdout(Stdio::null()).spawn()?;
        let started = Instant::now();
        let ended = loop {
            if let Some(status) = child.try_wait()? {
                break Some(status);
            }
            if started.elapsed() > patience {
                break None;
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        if let Some(status) = ended {
            assert!(status.success(), "{status}");
            break;
        }
        child.kill()?;
        child.wait()?;
        kills += 1;
        let (folder, part) = (place.path("killed"), place.path("killed.part"));
        if folder.exists() {
            // Killed between the last rename and its own end: nothing is left to do. What is there
            // has to be whole, which the comparison below sees.
            break;
        }
        if part.exists() {
            let output = place.run(&["bundle", "inspect", "killed.part"])?;
            if output.status.code() != Some(0) {
                refused(&output, 1, &["lgd.json"])
                    .or_else(|_| refused(&output, 1, &["not finished"]))?;
            }
        }
        patience = patience.mul_f64(1.15);
    }
    assert!(kills > 3, "it was never disturbed");
    let output = place.run(&["bundle", "verify", "killed"])?;
    expect_code(&output, 0)?;
    assert!(
        contents(&place.path("killed"))? == expected,
        "another bundle"
    );
    assert!(!place.path("killed.part").exists());
    Ok(())
}

#[test]
fn a_build_that_is_killed_at_any_moment_goes_on() -> TestResult {
    let place = Place::new()?;
    random(&place, "toon-tiny", &["-o", "whole", "--dtype", "f32"])?;
    let expected = contents(&place.path("whole"))?;
    let mut args = vec!["bundle", "random", "--preset", "toon-tiny"];
    args.extend(["--dtype", "f32", "-o", "killed"]);
    survives_kills(&place, &args, &expected)
}

#[test]
fn an_import_that_is_killed_at_any_moment_goes_on() -> TestResult {
    let place = Place::new()?;
    random(&place, "toon-tiny", &["-o", "original", "--dtype", "f32"])?;
    let import = |to| ["bundle", "import", "original", "--name", "mine", "-o", to];
    expect_code(&place.run(&import("whole"))?, 0)?;
    let expected = contents(&place.path("whole"))?;
    survives_kills(&place, &import("killed"), &expected)
}
