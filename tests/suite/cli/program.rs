//! The program itself: help, doctor, and a start without a display.

use super::{FRAME, Place, QUESTION, example, expect_code, refused};
use crate::golden::TestResult;
use serde_json::Value;

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

#[test]
fn options_of_every_command_stand_before_it_or_after_it() -> TestResult {
    let place = Place::new()?;
    let frame = example(FRAME).display().to_string();
    let ask = ["ask", &frame, QUESTION, "--steps", "1", "-o", "a.png"];
    for (before, after) in [
        (&["--device", "cpu", "--json"][..], &[][..]),
        (&[], &["--device", "cpu", "--json"]),
        (&["--device", "cuda:99", "--json"], &["--device", "cpu"]),
    ] {
        let output = place.run(&[before, &ask, after].concat())?;
        expect_code(&output, 0)?;
        let told: Value = serde_json::from_slice(&output.stdout)?;
        assert_eq!(told["request"]["question"], QUESTION);
    }
    let nowhere = [&["--device", "cuda:99"][..], &ask].concat();
    refused(&place.run(&nowhere)?, 1, &["device cpu"])?;
    // What is for the window is not dropped in silence.
    for (args, words) in [
        (
            &["a.png", "doctor"][..],
            ["a.png is for the window", "./NAME"],
        ),
        (
            &["--safe-mode", "doctor"],
            ["--safe-mode is for the window", "Leave it out"],
        ),
        (
            &["--kiosk", "--device", "cpu", "doctor"],
            ["--kiosk", "no command opens"],
        ),
    ] {
        refused(&place.run(args)?, 2, &words)?;
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
