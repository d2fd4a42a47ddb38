//! Runs that cannot go on, from a terminal: what they say, and that they are kept.

use crate::cli::{expect_code, refused};
use crate::golden::TestResult;
use crate::training_runs::{last_event, losses, prepared};
use lgd_studio::train::{Event, RunFolder, TrainConfig, read_events};
use std::process::{Command, Output, Stdio};

/// Whether a small disk can be put over a folder for one command.
pub fn small_disks() -> bool {
    let tried = Command::new("unshare")
        .args(["-rm", "sh", "-c", "mount -t tmpfs none /mnt"])
        .stderr(Stdio::null())
        .status();
    tried.is_ok_and(|status| status.success())
}

/// A disk that is full, really: first only where the checkpoints lie, then under the whole run. The run
/// says so in its log, keeps what it had, and goes on once there is room.
#[test]
fn a_full_disk_ends_a_run_that_can_go_on() -> TestResult {
    if !small_disks() {
        println!("this system lets nobody mount a small disk");
        return Ok(());
    }
    let place = prepared(4)?;
    let config = TrainConfig::read(&place.path("train.toml"), &[])?;
    let expected = {
        expect_code(&place.run(&["train", "train.toml", "-o", "whole"])?, 0)?;
        losses(&place.path("whole"))?
    };
    let under = |disk: &str, kib: u32, script: &str| -> TestResult<Output> {
        let mut command = Command::new("unshare");
        command
            .current_dir(place.path(""))
            .env("LGD_STUDIO_HOME", place.path("home"))
            .env("LGD", env!("CARGO_BIN_EXE_lgd-studio"))
            .args(["-rm", "sh", "-c"])
            .arg(format!(
                "mount -t tmpfs -o size={kib}k none {disk} && {script}"
            ));
        Ok(command.output()?)
    };

    // 1. No room for a checkpoint.
    drop(RunFolder::create(&place.path("run"), &config)?);
    std::fs::create_dir(place.path("run/checkpoints"))?;
    let script = "exec \"$LGD\" train --resume run";
    let output = under("run/checkpoints", 64, script)?;
    refused(
        &output,
        1,
        &["No space left", "Make room on the disk and resume"],
    )?;
    match last_event(&place.path("run"))? {
        Event::Failed { step, hint, .. } => {
            assert_eq!(step, 2);
            assert!(hint.is_some_and(|hint| hint.contains("Make room")));
        }
        other => panic!("{other:?}"),
    }
    expect_code(&place.run(&["train", "--resume", "run"])?, 0)?;
    assert_eq!(losses(&place.path("run"))?, expected);

    // 2. No room at all: the last words still find their way into the log.
    drop(RunFolder::create(&place.path("seed"), &config)?);
    std::fs::create_dir(place.path("tight"))?;
    let script = "cp -r seed/. tight && \
         { (until grep -q '^9,' tight/steps.csv; do sleep 0.1; done; cat /dev/zero > tight/other) & \
         \"$LGD\" train --resume tight --set trainer.max_steps=100000 \
             --set trainer.checkpoint_every=100000; \
         code=$?; cp tight/events.jsonl seen.jsonl; exit $code; } 2> said.txt";
    let output = under("tight", 400, script)?;
    let said = std::fs::read_to_string(place.path("said.txt"))?;
    assert!(
        said.contains("No space left") && said.contains("Make room on the disk"),
        "{said}"
    );
    expect_code(&output, 1)?;
    let events = read_events(&place.path("seen.jsonl"))?;
    assert!(
        matches!(events.last(), Some(Event::Failed { .. })),
        "{:?}",
        events.last()
    );
    Ok(())
}
