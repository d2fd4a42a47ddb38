//! The program itself: help, doctor, and a start without a display.

use super::{Place, expect_code, refused};
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
