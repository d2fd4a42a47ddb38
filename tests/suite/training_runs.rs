//! Training runs: stopped, killed, resumed, steered, and everything that can go wrong on the way.

use crate::cli::{Place, example, expect_code, refused};
use crate::golden::TestResult;
use crate::vqai::toon;
use candle_core::Device;
use lgd_studio::job::training::{self, RunRequest, Steering};
use lgd_studio::job::{CancelToken, DeviceChoice};
use lgd_studio::nn::noise::Stream;
use lgd_studio::pipeline::Problem;
use lgd_studio::train::{
    Control, Ended, Event, Hooks, PinnedQuestion, Preset, Run, RunFolder, TrainConfig, read_events,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

/// A short run of the latent translation on six samples.
pub fn short(place: &Path, steps: u64) -> TestResult<TrainConfig> {
    let data = place.join("data");
    if !data.is_dir() {
        toon(&data, 6, 32)?;
    }
    let mut config = crate::training::config(Preset::Adapter, &data);
    config.optim.lr = 1e-3;
    config.optim.grad_clip = 1.0;
    config.trainer.max_steps = steps;
    config.trainer.checkpoint_every = 2;
    Ok(config)
}

/// Trains in `folder`, a new run or the one there; `answer` is asked before every step.
pub fn train(
    config: &TrainConfig,
    folder: &Path,
    mut answer: impl FnMut() -> Option<Control>,
    mut on_event: impl FnMut(&Event),
) -> Result<Ended, Problem> {
    let (folder, config) = if folder.join("config.toml").is_file() {
        RunFolder::resume(folder, &[])?
    } else {
        (RunFolder::create(folder, config)?, config.clone())
    };
    let mut control = |_| answer();
    let mut hooks = Hooks {
        control: &mut control,
        on_event: &mut on_event,
    };
    Run::open(config, folder, &Device::Cpu, &mut hooks)?.train(&mut hooks)
}

/// The last loss that was written down for every step.
pub fn losses(folder: &Path) -> TestResult<BTreeMap<u64, (f32, f64)>> {
    let mut found = BTreeMap::new();
    for event in read_events(&folder.join("events.jsonl"))? {
        if let Event::Step(report) = event {
            found.insert(report.step, (report.losses.total, report.grad_norm));
        }
    }
    Ok(found)
}

/// The bytes of the last checkpoint, but for its state's formatting.
pub fn last_checkpoint(folder: &Path, step: u64) -> TestResult<Vec<Vec<u8>>> {
    let place = folder.join(format!("checkpoints/step-{step:08}"));
    let files = ["weights", "ema", "optimizer"];
    let read = files.map(|name| std::fs::read(place.join(format!("{name}.safetensors"))));
    Ok(read.into_iter().collect::<Result<_, _>>()?)
}

#[test]
fn a_resumed_run_is_the_unbroken_one_bit_for_bit() -> TestResult {
    let place = tempfile::tempdir()?;
    let config = short(place.path(), 5)?;
    let (whole, broken) = (place.path().join("whole"), place.path().join("broken"));
    assert_eq!(train(&config, &whole, || None, |_| {})?, Ended::Finished);
    // Stopped after three steps, between two checkpoints; then the rest.
    let mut asked = 0;
    let stop_after_three = || {
        asked += 1;
        (asked > 3).then_some(Control::StopAndKeep)
    };
    assert_eq!(
        train(&config, &broken, stop_after_three, |_| {})?,
        Ended::Stopped
    );
    assert_eq!(train(&config, &broken, || None, |_| {})?, Ended::Finished);
    let expected = losses(&whole)?;
    assert_eq!(expected.len(), 5);
    assert_eq!(losses(&broken)?, expected);
    assert_eq!(last_checkpoint(&broken, 5)?, last_checkpoint(&whole, 5)?);
    // Two are kept; the folder begins with the complete configuration.
    let kept = std::fs::read_dir(whole.join("checkpoints"))?.count();
    assert_eq!(kept, 2);
    assert_eq!(TrainConfig::read(&whole.join("config.toml"), &[])?, config);
    let again = RunFolder::create(&whole, &config)
        .err()
        .ok_or("there is a run")?;
    assert!(again.to_string().contains("--resume"));
    Ok(())
}

#[test]
fn accumulated_batches_are_one_large_batch() -> TestResult {
    let place = tempfile::tempdir()?;
    let mut config = short(place.path(), 2)?;
    config.loss.dropout = 0.0;
    (config.optim.batch, config.optim.accumulation) = (2, 1);
    let (large, parts) = (place.path().join("large"), place.path().join("parts"));
    train(&config, &large, || None, |_| {})?;
    (config.optim.batch, config.optim.accumulation) = (1, 2);
    train(&config, &parts, || None, |_| {})?;
    for ((_, a), (_, b)) in losses(&large)?.iter().zip(&losses(&parts)?) {
        assert!((a.0 - b.0).abs() < 1e-4 * a.0.abs(), "{a:?} {b:?}");
        assert!((a.1 - b.1).abs() < 1e-3 * a.1, "{a:?} {b:?}");
    }
    Ok(())
}

/// The last event of a log.
pub fn last_event(folder: &Path) -> TestResult<Event> {
    let events = read_events(&folder.join("events.jsonl"))?;
    Ok(events.last().ok_or("no event")?.clone())
}

fn failure(ended: Result<Ended, Problem>, folder: &Path, words: &[&str]) -> TestResult {
    let problem = ended.err().ok_or("it did not fail")?.to_string();
    for word in words {
        assert!(problem.contains(word), "{word} is not in: {problem}");
    }
    match last_event(folder)? {
        Event::Failed { message, .. } => assert!(problem.starts_with(&message)),
        other => panic!("{other:?}"),
    }
    Ok(())
}

#[test]
fn what_goes_wrong_is_said_and_the_run_is_kept() -> TestResult {
    let place = tempfile::tempdir()?;
    let config = short(place.path(), 4)?;
    let data = place.path().join("data");

    // 1. A picture breaks in the middle of an epoch: told once, the next sample takes its place.
    let folder = place.path().join("broken-picture");
    let picture = data.join("images/train_000003a.png");
    let good = std::fs::read(&picture)?;
    std::fs::write(&picture, b"no picture")?;
    let mut told = Vec::new();
    let mut longer = config.clone();
    longer.trainer.max_steps = 7;
    let ended = train(
        &longer,
        &folder,
        || None,
        |event| {
            if let Event::Broken { record, reason } = event {
                told.push(format!("{record}: {reason}"));
            }
        },
    )?;
    assert_eq!(ended, Ended::Finished);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("train_000003: train_000003a.png"),
        "{told:?}"
    );
    std::fs::write(&picture, good)?;

    // 2. The data folder is gone after two steps; brought back, the run goes on. Some batches were read
    // ahead by then.
    let folder = place.path().join("gone");
    let mut longer = config.clone();
    longer.trainer.max_steps = 9;
    let (images, elsewhere) = (data.join("images"), data.join("elsewhere"));
    let ended = train(
        &longer,
        &folder,
        || None,
        |event| {
            if matches!(event, Event::Saved { step: 2, .. }) {
                std::fs::rename(&images, &elsewhere).expect("it can be moved");
            }
        },
    );
    failure(
        ended,
        &folder,
        &["folder of the pictures is gone", "resume", "images"],
    )?;
    std::fs::rename(&elsewhere, &images)?;
    assert_eq!(train(&config, &folder, || None, |_| {})?, Ended::Finished);

    // 3. A learning rate out of this world.
    let folder = place.path().join("nan");
    let mut wild = config.clone();
    wild.optim.lr = 1e30;
    let ended = train(&wild, &folder, || None, |_| {});
    failure(
        ended,
        &folder,
        &["not a number in step 2", "optim.lr", "No checkpoint"],
    )?;

    // 4. A checkpoint cannot be written.
    let folder = place.path().join("unwritable");
    let checkpoints = folder.join("checkpoints");
    let ended = train(
        &config,
        &folder,
        || None,
        |event| {
            if matches!(event, Event::Step(report) if report.step == 1) {
                std::fs::remove_dir(&checkpoints).expect("it is empty");
                std::fs::write(&checkpoints, b"a file").expect("it can be written");
            }
        },
    );
    failure(
        ended,
        &folder,
        &["folder of the run cannot be used", "resume the run"],
    )?;

    // 5. Two programs in one folder.
    let folder = place.path().join("nan");
    let held = RunFolder::resume(&folder, &[])?;
    let second = RunFolder::resume(&folder, &[])
        .err()
        .ok_or("it is locked")?;
    assert!(
        second
            .to_string()
            .contains("Another program trains in this folder")
    );
    drop(held);
    RunFolder::resume(&folder, &[])?;
    Ok(())
}

/// A place with data, a configuration file, and the command line of a run.
pub fn prepared(steps: u64) -> TestResult<Place> {
    let place = Place::new()?;
    let mut config = short(&place.path(""), steps)?;
    config.sample.steps = 2;
    config.sample.questions = vec![PinnedQuestion {
        image: example("cheese-party.png"),
        question: "What happens if the mouse gets hungry?".to_owned(),
    }];
    std::fs::write(place.path("train.toml"), config.to_text()?)?;
    Ok(place)
}

fn spawn(place: &Place, args: &[&str]) -> TestResult<Child> {
    Ok(place
        .command()
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?)
}

/// Kills a run `kills` times at random moments; it always goes on from a whole checkpoint, and its
/// losses are those of an unbroken run.
fn survives(kills: u64) -> TestResult {
    let place = prepared(12)?;
    let output = place.run(&["train", "train.toml", "-o", "whole"])?;
    expect_code(&output, 0)?;
    let expected = losses(&place.path("whole"))?;
    assert_eq!(expected.len(), 12);
    // A whole run and a half, so that some kills come while it loads and some while it saves.
    let began = std::time::Instant::now();
    expect_code(&place.run(&["train", "train.toml", "-o", "timed"])?, 0)?;
    let longest = began.elapsed().as_millis() as u32;

    let mut delays = Stream::new(kills, "kills", 0, 0);
    let mut started = false;
    for _ in 0..kills {
        let new = ["train", "train.toml", "-o", "killed"];
        let on = ["train", "--resume", "killed"];
        let mut child = spawn(&place, if started { &on } else { &new })?;
        let delay = delays.below(longest.max(1));
        std::thread::sleep(Duration::from_millis(delay.into()));
        child.kill()?;
        child.wait()?;
        started = place.path("killed/config.toml").is_file();
        if !started {
            // Killed before there was a run: nothing to resume, nothing in the way.
            let left = place.path("killed");
            if left.exists() {
                std::fs::remove_dir_all(left)?;
            }
        }
    }
    let last = if started {
        vec!["train", "--resume", "killed"]
    } else {
        vec!["train", "train.toml", "-o", "killed"]
    };
    expect_code(&place.run(&last)?, 0)?;
    assert_eq!(losses(&place.path("killed"))?, expected);
    let whole = last_checkpoint(&place.path("whole"), 12)?;
    assert_eq!(last_checkpoint(&place.path("killed"), 12)?, whole);
    Ok(())
}

#[test]
fn a_killed_run_goes_on_as_if_nothing_had_happened() -> TestResult {
    survives(3)
}

#[test]
#[ignore = "takes minutes: cargo test -- --ignored twenty_times"]
fn a_run_killed_twenty_times_goes_on_as_if_nothing_had_happened() -> TestResult {
    survives(20)
}

/// Waits until the log of a run has an event.
fn wait_for(folder: &Path, wanted: impl Fn(&Event) -> bool) -> TestResult {
    for _ in 0..1200 {
        let events = read_events(&folder.join("events.jsonl")).unwrap_or_default();
        if events.iter().any(&wanted) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err("the event did not come in a minute".into())
}

#[test]
fn a_run_obeys_the_lines_on_its_input() -> TestResult {
    let place = prepared(100_000)?;
    let args = ["train", "train.toml", "-o", "run", "--control", "stdin"];
    let mut child = spawn(&place, &args)?;
    let mut input = child.stdin.take().ok_or("no input")?;
    let run = place.path("run");
    wait_for(&run, |event| matches!(event, Event::Step(_)))?;
    input.write_all(b"pause\n")?;
    wait_for(&run, |event| matches!(event, Event::Paused { .. }))?;
    // Another program keeps its hands off while this one waits.
    let second = place.run(&["train", "--resume", "run"])?;
    refused(
        &second,
        1,
        &["Another program trains in this folder", "process"],
    )?;
    input.write_all(b"nonsense\nsample\ncontinue\n")?;
    wait_for(&run, |event| matches!(event, Event::Continued { .. }))?;
    input.write_all(b"stop\n")?;
    let status = child.wait()?;
    assert!(status.success(), "{status}");
    drop(input);
    let events = read_events(&run.join("events.jsonl"))?;
    let Some(Event::Stopped { step }) = events.last() else {
        return Err(format!("{:?}", events.last()).into());
    };
    let pictures: Vec<PathBuf> = events
        .iter()
        .find_map(|event| match event {
            Event::Sampled { pictures, .. } => Some(pictures.clone()),
            _ => None,
        })
        .ok_or("no samples")?;
    assert_eq!(pictures.len(), 3);
    assert!(pictures.iter().all(|picture| picture.is_file()));
    assert!(
        run.join(format!("checkpoints/step-{step:08}/state.json"))
            .is_file()
    );
    assert!(run.join("heartbeat.json").is_file());

    // The end of the input stops a resumed run; then its weights become a bundle.
    let mut child = spawn(&place, &["train", "--resume", "run", "--control", "stdin"])?;
    drop(child.stdin.take());
    assert!(child.wait()?.success());
    let output = place.run(&["train", "--resume", "run", "--promote", "mine", "--json"])?;
    expect_code(&output, 0)?;
    let about: Value = serde_json::from_slice(&output.stdout)?;
    assert!(about["step"].as_u64() >= Some(*step));
    expect_code(&place.run(&["bundle", "verify", "mine"])?, 0)
}

/// A second process that comes to a run is refused before it looks at what was asked of the first.
#[test]
fn a_refused_process_leaves_requests_to_the_run_that_has_the_folder() -> TestResult {
    let place = tempfile::tempdir()?;
    let folder = place.path().join("run");
    let _held = RunFolder::create(&folder, &short(place.path(), 4)?)?;
    training::post(&folder, Control::SaveNow)?;
    let request = RunRequest::Resume(folder.clone(), Vec::new());
    let cancel = CancelToken::default();
    let refused = training::train(
        request,
        DeviceChoice::Cpu,
        Steering::Folder,
        None,
        &cancel,
        |_| {},
    );
    let problem = refused.err().ok_or("two processes train in one folder")?;
    assert!(problem.message.contains("Another program"), "{problem}");
    assert_eq!(std::fs::read_dir(folder.join("control"))?.count(), 1);
    Ok(())
}

#[test]
fn a_dry_run_says_what_a_run_costs_and_keeps_nothing() -> TestResult {
    let place = prepared(1000)?;
    let output = place.run(&["train", "train.toml", "--dry-run", "--json"])?;
    expect_code(&output, 0)?;
    let found: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(found["samples"], 6);
    assert_eq!(found["steps"], 1000);
    assert_eq!(found["parameters"], 2 * 192 * 192 + 2 * 192);
    assert_eq!(found["losses"].as_array().map(Vec::len), Some(2));
    let (step, all) = (
        found["seconds_per_step"].as_f64(),
        found["seconds"].as_f64(),
    );
    assert!(step > Some(0.0) && all > step);
    assert!(!place.path("home/training").exists());

    refused(&place.run(&["train"])?, 2, &["CONFIG.toml"])?;
    refused(
        &place.run(&["train", "moon.toml"])?,
        1,
        &["Cannot read the configuration", "moon.toml"],
    )?;
    let set = ["train", "train.toml", "--set", "optim.rate=1"];
    refused(&place.run(&set)?, 1, &["rate", "train.toml"])?;
    let set = [
        "train",
        "train.toml",
        "--set",
        "data.image_dir=nowhere",
        "-o",
        "x",
    ];
    refused(
        &place.run(&set)?,
        1,
        &["Cannot read the data set", "nowhere"],
    )?;
    refused(
        &place.run(&["train", "--resume", "home"])?,
        1,
        &["not the folder of a run"],
    )
}

#[test]
fn a_script_for_a_cluster_begins_a_run_and_goes_on_with_it() -> TestResult {
    let place = prepared(4)?;
    let args = [
        "train",
        "train.toml",
        "--set",
        "optim.lr=1e-4",
        "-o",
        "my run",
        "--emit",
        "slurm",
    ];
    let output = place.run(&args)?;
    expect_code(&output, 0)?;
    let script = String::from_utf8(output.stdout)?;
    for line in [
        "#SBATCH --signal=INT@300",
        "if [ -e 'my run/config.toml' ]; then",
        "  srun lgd-studio train --resume 'my run'",
        "  srun lgd-studio train train.toml --set optim.lr=1e-4 -o 'my run'",
    ] {
        assert!(
            script.lines().any(|known| known == line),
            "{line}\n{script}"
        );
    }
    // The script itself, with this program in place of the cluster's.
    let shell = script
        .replace("srun lgd-studio", env!("CARGO_BIN_EXE_lgd-studio"))
        .replace("lgd-train-%j", "log");
    for _ in 0..2 {
        let ran = std::process::Command::new("bash")
            .args(["-c", &shell])
            .current_dir(place.path(""))
            .env("LGD_STUDIO_HOME", place.path("home"))
            .output()?;
        expect_code(&ran, 0)?;
    }
    assert_eq!(losses(&place.path("my run"))?.len(), 4);
    refused(
        &place.run(&["train", "train.toml", "--emit", "slurm"])?,
        2,
        &["-o DIR"],
    )?;
    let wrong = [
        "train",
        "train.toml",
        "--set",
        "optim.rate=1",
        "-o",
        "x",
        "--emit",
        "slurm",
    ];
    refused(&place.run(&wrong)?, 1, &["rate"])
}
