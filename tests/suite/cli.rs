//! The command line as a person uses it: the real binary, the embedded bundle, real files.

use crate::golden::TestResult;
use image::RgbImage;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A mouse beside a cheese, and a question with a known answer.
pub const FRAME: &str = "cheese-party.png";
pub const QUESTION: &str = "What happens if the mouse gets hungry?";
const ANSWER: &str = "The mouse eats the cheese.";

/// One temporary folder per test, with settings of its own.
pub struct Place(tempfile::TempDir);

impl Place {
    pub fn new() -> TestResult<Self> {
        Ok(Self(tempfile::tempdir()?))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lgd-studio"));
        command
            .current_dir(self.0.path())
            .env("LGD_STUDIO_HOME", self.path("home"))
            .env_remove("RUST_LOG");
        command
    }

    pub fn run(&self, args: &[&str]) -> TestResult<Output> {
        Ok(self.command().args(args).output()?)
    }

    /// `ask` with few steps, as JSON.
    pub fn ask(&self, frame: &Path, question: &str, more: &[&str]) -> TestResult<Value> {
        let frame = frame.display().to_string();
        let mut args = vec!["ask", &frame, question, "--json", "--steps", "3"];
        args.extend(more);
        let output = self.run(&args)?;
        expect_code(&output, 0)?;
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

pub fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("assets/frames")
        .join(name)
}

pub fn expect_code(output: &Output, code: i32) -> TestResult {
    if output.status.code() == Some(code) {
        return Ok(());
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Err(format!(
        "{} instead of code {code}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    )
    .into())
}

/// A refusal: its code, words that must be in it, no panic, nothing on stdout.
pub fn refused(output: &Output, code: i32, words: &[&str]) -> TestResult {
    expect_code(output, code)?;
    let text = String::from_utf8_lossy(&output.stderr);
    for word in words {
        if !text.contains(word) {
            return Err(format!("\"{word}\" is not in the message:\n{text}").into());
        }
    }
    if text.contains("panicked") || !output.stdout.is_empty() {
        return Err(format!("a panic or half a result:\n{text}").into());
    }
    Ok(())
}

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
    let left: Vec<_> = std::fs::read_dir(place.0.path())?
        .filter_map(|e| Some(e.ok()?.file_name()))
        .collect();
    // The three of this test, and the program's own log.
    assert_eq!(left.len(), 4, "something was left behind: {left:?}");
    assert!(left.iter().any(|name| name == "home"), "{left:?}");
    Ok(())
}

/// A copy of the embedded bundle with one file changed.
fn damaged_bundle(place: &Place, damage: impl FnOnce(&Path) -> TestResult) -> TestResult<String> {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/toon-tiny");
    let to = place.path("bundle");
    if to.exists() {
        std::fs::remove_dir_all(&to)?;
    }
    for folder in ["", "blip2", "unet", "vae", "adapter", "scheduler"] {
        std::fs::create_dir_all(to.join(folder))?;
        for entry in std::fs::read_dir(from.join(folder))? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                std::fs::copy(entry.path(), to.join(folder).join(entry.file_name()))?;
            }
        }
    }
    damage(&to)?;
    Ok(to.display().to_string())
}

fn cut(path: &Path, length: usize) -> TestResult {
    let bytes = std::fs::read(path)?;
    Ok(std::fs::write(path, &bytes[..length])?)
}

#[test]
fn a_bundle_folder_works_and_damaged_ones_are_explained() -> TestResult {
    let place = Place::new()?;
    let frame = example(FRAME).display().to_string();
    let ask = |bundle: &str| {
        place.run(&[
            "ask", &frame, QUESTION, "--steps", "1", "-o", "out.png", "--bundle", bundle,
        ])
    };

    let whole = damaged_bundle(&place, |_| Ok(()))?;
    expect_code(&ask(&whole)?, 0)?;
    expect_code(&place.run(&["bundle", "verify", &whole])?, 0)?;
    std::fs::remove_file(place.path("out.png"))?;

    let weights = "unet/diffusion_pytorch_model.safetensors";
    let no_file = damaged_bundle(&place, |b| Ok(std::fs::remove_file(b.join(weights))?))?;
    refused(&ask(&no_file)?, 1, &["UNet", "no such file", weights])?;
    expect_code(&place.run(&["bundle", "verify", &no_file])?, 1)?;
    let truncated = damaged_bundle(&place, |b| cut(&b.join(weights), 1_000_000))?;
    refused(&ask(&truncated)?, 1, &["UNet", weights])?;
    let no_json = damaged_bundle(&place, |b| Ok(std::fs::remove_file(b.join("lgd.json"))?))?;
    refused(&ask(&no_json)?, 1, &["lgd.json"])?;
    let bad_json = damaged_bundle(&place, |b| {
        Ok(std::fs::write(b.join("lgd.json"), "{\"format\": 1")?)
    })?;
    refused(&ask(&bad_json)?, 1, &["lgd.json"])?;
    let future = damaged_bundle(&place, |b| {
        let text = std::fs::read_to_string(b.join("lgd.json"))?;
        Ok(std::fs::write(
            b.join("lgd.json"),
            text.replacen("\"format\": 1", "\"format\": 99", 1),
        )?)
    })?;
    refused(&ask(&future)?, 1, &["format 99"])?;
    let no_tokenizer = damaged_bundle(&place, |b| {
        Ok(std::fs::remove_file(b.join("blip2/tokenizer.json"))?)
    })?;
    refused(&ask(&no_tokenizer)?, 1, &["tokenizer.json"])?;
    let nan = damaged_bundle(&place, |b| poison(&b.join("adapter/adapter.safetensors")))?;
    refused(&ask(&nan)?, 1, &["latent translation", "not"])?;
    refused(
        &ask("no/such/bundle")?,
        1,
        &["no bundle folder", "no/such/bundle"],
    )?;
    assert!(!place.path("out.png").exists());
    Ok(())
}

/// Overwrites the last stored value with a NaN.
fn poison(path: &Path) -> TestResult {
    let mut bytes = std::fs::read(path)?;
    let at = bytes.len() - 2;
    bytes[at..].copy_from_slice(&0x7e00u16.to_le_bytes());
    Ok(std::fs::write(path, bytes)?)
}

#[test]
fn bundles_are_listed_inspected_and_verified() -> TestResult {
    let place = Place::new()?;
    let list = place.run(&["bundle", "list"])?;
    expect_code(&list, 0)?;
    assert!(String::from_utf8_lossy(&list.stdout).contains("toon-tiny"));
    let inspected = place.run(&["bundle", "inspect", "toon-tiny", "--json"])?;
    expect_code(&inspected, 0)?;
    let report: Value = serde_json::from_slice(&inspected.stdout)?;
    assert_eq!(report["resolution"], 128);
    let parameters: Vec<_> = report["components"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|part| part["parameters"].as_u64())
        .collect();
    assert_eq!(parameters, [6_504_000, 11_857_956, 1_718_807, 74_112]);
    let verified = place.run(&["bundle", "verify", "toon-tiny", "--json"])?;
    expect_code(&verified, 0)?;
    let report: Value = serde_json::from_slice(&verified.stdout)?;
    assert_eq!(report["checked"], 13);
    Ok(())
}

#[test]
fn doctor_reports_and_help_names_every_command() -> TestResult {
    let place = Place::new()?;
    let doctor = place.run(&["doctor", "--json"])?;
    expect_code(&doctor, 0)?;
    let findings: Vec<Value> = serde_json::from_slice(&doctor.stdout)?;
    for what in [
        "processor",
        "memory",
        "compute devices",
        "display",
        "graphics driver",
    ] {
        assert!(
            findings.iter().any(|finding| finding["what"] == what),
            "{what} is missing"
        );
    }
    let help = place.run(&["--help"])?;
    expect_code(&help, 0)?;
    let text = String::from_utf8_lossy(&help.stdout).into_owned();
    for command in ["ask", "metadata", "bundle", "doctor"] {
        assert!(text.contains(command));
        let help = place.run(&[command, "--help"])?;
        expect_code(&help, 0)?;
    }
    Ok(())
}

#[cfg(unix)]
#[test]
fn without_a_display_the_window_names_the_command_line() -> TestResult {
    if cfg!(target_os = "macos") {
        return Ok(());
    }
    let place = Place::new()?;
    let mut command = place.command();
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
        command.env_remove(name);
    }
    refused(&command.output()?, 1, &["display", "lgd-studio ask"])
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
