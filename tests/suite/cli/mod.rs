//! The command line as a person uses it: the real binary, the embedded bundle, real files.

mod ask;
mod bundles;
mod compare;
pub mod export;
mod grid;
mod program;
mod refusals;
mod score;

use crate::golden::TestResult;
use image::imageops;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A mouse beside a cheese, and a question with a known answer.
pub const FRAME: &str = "cheese-party.png";
pub const QUESTION: &str = "What happens if the mouse gets hungry?";
/// Size of the frame of [`Place::drawn`].
pub const DRAWN_SIZE: (u32, u32) = (200, 150);
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

    /// With the run of two modes about the frame `frame.png`, which is shown as it is in every export.
    pub fn drawn(steps: usize) -> TestResult<Self> {
        let place = Self::new()?;
        let frame = image::open(example(FRAME))?.into_rgb8();
        let frame = imageops::thumbnail(&frame, DRAWN_SIZE.0, DRAWN_SIZE.1);
        frame.save(place.path("frame.png"))?;
        let compare = ["compare", "frame.png", QUESTION, "--modes", "answer,latent"];
        let steps = steps.to_string();
        let mut args = compare.to_vec();
        args.extend(["--steps", &steps, "--seeds", "7", "-o", "out"]);
        expect_code(&place.run(&args)?, 0)?;
        Ok(place)
    }

    /// Exports the run that was drawn.
    pub fn export(&self, format: &str, path: &str, more: &[&str]) -> TestResult<Output> {
        let mut args = vec!["export", "out/run.lgdrun", "--format", format, "-o", path];
        args.extend(more);
        let output = self.run(&args)?;
        expect_code(&output, 0)?;
        Ok(output)
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
