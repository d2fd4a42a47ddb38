//! Runs of several processes: what they compute together, how they are started, and what becomes of a
//! run that loses one of them.

use crate::cli::{Place, expect_code, refused};
use crate::golden::TestResult;
use crate::training_runs::{last_event, losses, short};
use candle_core::Device;
use lgd_studio::train::{Event, Preset, TrainConfig, read_events};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

/// Where the sums of half batches and of whole ones may differ, relative: each f32 addition rounds by up
/// to 6e-8, a loss is a mean over thousands of numbers, and what follows multiplies both.
const LOSSES: f32 = 2e-5;
/// The same of weights after a few steps, absolute: where a gradient is next to nothing, rounding decides
/// about its sign, and AdamW's first steps move a weight by the whole learning rate (1e-3) either way.
const MOST_WEIGHTS: f32 = 1e-5;

/// A place with data and a configuration of two samples a step.
fn prepared(steps: u64, change: impl FnOnce(&mut TrainConfig)) -> TestResult<Place> {
    let place = Place::new()?;
    let mut config = short(&place.path(""), steps)?;
    config.loss.dropout = 0.2;
    (config.optim.batch, config.optim.accumulation) = (2, 1);
    change(&mut config);
    std::fs::write(place.path("train.toml"), config.to_text()?)?;
    Ok(place)
}

fn same_losses(a: &Path, b: &Path, steps: usize) -> TestResult {
    let (a, b) = (losses(a)?, losses(b)?);
    assert_eq!((a.len(), b.len()), (steps, steps));
    for ((step, a), b) in a.iter().zip(b.values()) {
        assert!(
            (a.0 - b.0).abs() <= LOSSES * a.0.abs(),
            "step {step}: {a:?} {b:?}"
        );
        let norm = f64::from(LOSSES) * 10.0;
        assert!((a.1 - b.1).abs() <= norm * a.1, "step {step}: {a:?} {b:?}");
    }
    Ok(())
}

/// Weights, averages and the optimiser's state of both runs, but for rounding.
fn same_weights(a: &Path, b: &Path, step: u64) -> TestResult {
    for file in ["weights", "ema", "optimizer"] {
        let read = |run: &Path| {
            let path = run.join(format!("checkpoints/step-{step:08}/{file}.safetensors"));
            let tensors = candle_core::safetensors::load(path, &Device::Cpu)?;
            Ok::<BTreeMap<_, _>, candle_core::Error>(tensors.into_iter().collect())
        };
        let (a, b) = (read(a)?, read(b)?);
        assert_eq!(a.len(), b.len());
        let (mut far, mut all) = (0, 0);
        for (name, a) in &a {
            let b = b.get(name).ok_or_else(|| format!("{name} is missing"))?;
            let distance = (a - b)?.abs()?.flatten_all()?.to_vec1::<f32>()?;
            all += distance.len();
            far += distance.iter().filter(|d| **d > MOST_WEIGHTS).count();
        }
        assert!(far * 1000 <= all, "{file}: {far} of {all} differ");
    }
    Ok(())
}

#[test]
fn two_ranks_on_half_batches_are_one_on_the_whole_batch() -> TestResult {
    let place = prepared(4, |_| {})?;
    expect_code(&place.run(&["train", "train.toml", "-o", "one"])?, 0)?;
    let args = [
        "train",
        "train.toml",
        "-o",
        "two",
        "--ranks",
        "2",
        "--device",
        "cpu",
    ];
    expect_code(&place.run(&args)?, 0)?;
    same_losses(&place.path("one"), &place.path("two"), 4)?;
    same_weights(&place.path("one"), &place.path("two"), 4)?;
    // One of them writes: events once per step, and what a step saw is the whole of it.
    let events = read_events(&place.path("two/events.jsonl"))?;
    let steps = events.iter().filter_map(|event| match event {
        Event::Step(report) => Some(report.samples),
        _ => None,
    });
    assert_eq!(steps.collect::<Vec<_>>(), [2; 4]);
    // Twice the same is the same to the last bit.
    let args = [
        "train",
        "train.toml",
        "-o",
        "again",
        "--ranks",
        "2",
        "--device",
        "cpu",
    ];
    expect_code(&place.run(&args)?, 0)?;
    assert_eq!(losses(&place.path("two"))?, losses(&place.path("again"))?);
    Ok(())
}

/// Whole batches are dealt out where there are enough, and every trained part of LGD but the contrastive
/// projection is in it. Gradients that only one of the ranks has are everybody's.
#[test]
fn accumulated_batches_are_dealt_out_to_ranks() -> TestResult {
    let place = prepared(2, |config| {
        let full = TrainConfig::of_preset(Preset::Full);
        config.model.train = full.model.train;
        config.model.bridges = TrainConfig::of_preset(Preset::ToonTiny).model.bridges;
        config.data.resolution = 64;
        config.optim.lr = 1e-5;
        (config.optim.batch, config.optim.accumulation) = (1, 2);
    })?;
    expect_code(&place.run(&["train", "train.toml", "-o", "one"])?, 0)?;
    let args = ["train", "train.toml", "-o", "two", "--devices", "cpu,cpu"];
    expect_code(&place.run(&args)?, 0)?;
    same_losses(&place.path("one"), &place.path("two"), 2)
}

#[test]
fn a_run_goes_on_with_another_number_of_ranks() -> TestResult {
    let place = prepared(5, |_| {})?;
    expect_code(&place.run(&["train", "train.toml", "-o", "whole"])?, 0)?;
    let begun = [
        "train",
        "train.toml",
        "-o",
        "run",
        "--set",
        "trainer.max_steps=2",
    ];
    expect_code(&place.run(&begun)?, 0)?;
    let on = [
        "train",
        "--resume",
        "run",
        "--set",
        "trainer.max_steps=4",
        "--ranks",
        "2",
    ];
    expect_code(
        &place.run(&[on.as_slice(), &["--device", "cpu"]].concat())?,
        0,
    )?;
    let on = ["train", "--resume", "run", "--set", "trainer.max_steps=5"];
    expect_code(&place.run(&on)?, 0)?;
    same_losses(&place.path("whole"), &place.path("run"), 5)?;
    same_weights(&place.path("whole"), &place.path("run"), 5)
}

/// A rank as `torchrun` starts it.
fn rank(place: &Place, rank: usize, port: u16, args: &[&str]) -> TestResult<Child> {
    Ok(place
        .command()
        .args(args)
        .env("RANK", rank.to_string())
        .env("LOCAL_RANK", rank.to_string())
        .env("WORLD_SIZE", "2")
        .env("MASTER_ADDR", "127.0.0.1")
        .env("MASTER_PORT", port.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?)
}

fn free_port() -> TestResult<u16> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    Ok(listener.local_addr()?.port())
}

#[test]
fn a_lost_rank_ends_the_run_which_is_kept() -> TestResult {
    let place = prepared(100_000, |config| config.trainer.checkpoint_every = 1)?;
    let args = ["train", "train.toml", "-o", "run", "--device", "cpu"];
    let port = free_port()?;
    let first = rank(&place, 0, port, &args)?;
    let mut second = rank(&place, 1, port, &args)?;
    let run = place.path("run");
    let saved = || -> TestResult<bool> {
        let events = read_events(&run.join("events.jsonl")).unwrap_or_default();
        Ok(events
            .iter()
            .any(|event| matches!(event, Event::Saved { step: 2.., .. })))
    };
    for _ in 0..1200 {
        if saved()? {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    second.kill()?;
    second.wait()?;
    let output = first.wait_with_output()?;
    refused(&output, 1, &["Rank 1 is lost", "The run is kept"])?;
    let Event::Failed { step, message, .. } = last_event(&run)? else {
        return Err("the log does not say it".into());
    };
    assert!(message.contains("Rank 1 is lost"), "{message}");
    assert!(step >= 2);
    // It goes on from there, with fewer ranks.
    let next = format!("trainer.max_steps={}", step + 1);
    let args = ["train", "--resume", "run", "--set", &next];
    expect_code(&place.run(&args)?, 0)?;
    assert_eq!(losses(&run)?.len() as u64, step + 1);
    Ok(())
}

#[test]
fn what_ranks_cannot_share_or_find_is_said_by_rank_0() -> TestResult {
    let place = prepared(2, |config| config.optim.batch = 3)?;
    let args = [
        "train",
        "train.toml",
        "-o",
        "run",
        "--ranks",
        "2",
        "--device",
        "cpu",
    ];
    let words = ["2 ranks cannot share 1 batches of 3", "optim.batch = 4"];
    refused(&place.run(&args)?, 1, &words)?;
    let missing = [
        "train", "--resume", "nowhere", "--ranks", "2", "--device", "cpu",
    ];
    refused(&place.run(&missing)?, 1, &["not the folder of a run"])?;
    // A rank that cannot open its device says so, and nobody waits for it.
    let args = [
        "train",
        "train.toml",
        "-o",
        "run2",
        "--devices",
        "cpu,cuda:7",
        "--set",
        "optim.batch=4",
    ];
    if lgd_studio::job::DeviceChoice::available().len() == 1 {
        refused(
            &place.run(&args)?,
            1,
            &["Rank 1 ended", "without CUDA support"],
        )?;
    }
    let mut twice = place.command();
    twice.args(["train", "train.toml", "-o", "run3", "--ranks", "2"]);
    twice.envs([("RANK", "0"), ("WORLD_SIZE", "2"), ("MASTER_PORT", "1")]);
    refused(&twice.output()?, 2, &["leave out --ranks"])
}

/// The same by MPI: `mpirun` starts two ranks, which compute what one does.
#[cfg(feature = "mpi")]
#[test]
fn ranks_of_mpirun_sum_by_mpi() -> TestResult {
    let place = prepared(3, |_| {})?;
    expect_code(&place.run(&["train", "train.toml", "-o", "one"])?, 0)?;
    let output = std::process::Command::new("mpirun")
        .args(["--allow-run-as-root", "--oversubscribe", "-np", "2"])
        .arg(env!("CARGO_BIN_EXE_lgd-studio"))
        .args(["train", "train.toml", "-o", "two", "--device", "cpu"])
        .current_dir(place.path(""))
        .env("LGD_STUDIO_HOME", place.path("home"))
        .output()?;
    expect_code(&output, 0)?;
    same_losses(&place.path("one"), &place.path("two"), 3)?;
    same_weights(&place.path("one"), &place.path("two"), 3)
}
