//! Training runs for the faces: started in this process, steered by lines on standard input.

use super::{CancelToken, DeviceChoice, Places, Problem};
use crate::pipeline::Bundle;
use crate::train::{Checkpoints, Hooks, Run, RunFolder, write_bundle};
use candle_core::Device;
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use crate::train::{Control, Ended, Event, Forecast, Losses, StepReport, TrainConfig};

/// Stack of the thread that trains: going backward through a network is one call inside another.
const STACK_BYTES: usize = 256 << 20;
/// How often a paused run looks for Ctrl-C.
const TICK: Duration = Duration::from_millis(50);
/// Lines on standard input that may wait to be heard.
const WAITING_LINES: usize = 64;

/// A run to be started or resumed.
#[derive(Clone, Debug)]
pub enum RunRequest {
    /// A new one, in a folder of its own.
    New(Box<TrainConfig>, PathBuf),
    /// One that goes on, with settings put over its own.
    Resume(PathBuf, Vec<String>),
}

/// Trains until the run ends. Cancelling saves and stops it.
///
/// With `listen` the run obeys the lines `pause`, `continue`, `stop`, `discard`, `sample` and `save` on
/// standard input, and stops, saved, when the input ends.
///
/// # Errors
/// What ended the run; it can be resumed.
pub fn train(
    request: RunRequest,
    device: DeviceChoice,
    listen: bool,
    cancel: &CancelToken,
    mut on_event: impl FnMut(&Event) + Send,
) -> Result<Ended, Problem> {
    let device = open_device(device)?;
    let lines = listen.then(listen_to_input).transpose()?;
    let folder = match &request {
        RunRequest::New(_, folder) | RunRequest::Resume(folder, _) => folder.clone(),
    };
    let ended = on_large_stack(|| {
        let (folder, config) = match request {
            RunRequest::New(config, path) => (RunFolder::create(&path, &config)?, *config),
            RunRequest::Resume(path, settings) => RunFolder::resume(&path, &settings)?,
        };
        let mut control = |wait| next_control(lines.as_ref(), cancel, wait);
        let mut hooks = Hooks {
            control: &mut control,
            on_event: &mut on_event,
        };
        Run::open(config, folder, &device, &mut hooks)?.train(&mut hooks)
    })?;
    if ended == Ended::Discarded {
        discard(&folder)?;
    }
    Ok(ended)
}

/// What a run will cost, from two real steps.
///
/// # Errors
/// What would end the run.
pub fn forecast(config: &TrainConfig, device: DeviceChoice) -> Result<Forecast, Problem> {
    let device = open_device(device)?;
    on_large_stack(|| crate::train::forecast(config, &device))
}

/// Writes the newest checkpoint of a run as a bundle, with the averaged weights; returns its step.
///
/// # Errors
/// When the run has no checkpoint, or a file cannot be read or written.
pub fn promote(run: &Path, folder: &Path) -> Result<u64, Problem> {
    let (held, config) = RunFolder::resume(run, &[])?;
    let unusable = |e: std::io::Error| held.unwritable(&e);
    let checkpoints = Checkpoints::open(&held.checkpoints()).map_err(unusable)?;
    let (newest, passed_over) = checkpoints.newest(&Device::Cpu).map_err(unusable)?;
    for text in passed_over {
        tracing::warn!("{text}");
    }
    let checkpoint = newest.ok_or_else(|| {
        Problem::new("This run has no checkpoint yet.")
            .hint("Let it train until it writes one, or tell it `save`.")
            .file(run)
    })?;
    let base = Bundle::open(&config.bundle())?;
    let step = checkpoint.progress.step;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    write_bundle(&base, &checkpoint.averages, &name, folder)?;
    Ok(step)
}

/// A folder for a new run that is not there yet, named after its configuration.
pub fn free_folder(places: &Places, config: &Path) -> PathBuf {
    let stem = config.file_stem().unwrap_or_default().to_string_lossy();
    let runs = places.training();
    let mut number = 1u32;
    loop {
        let folder = runs.join(format!("{stem}-{number}"));
        if !folder.exists() {
            return folder;
        }
        number += 1;
    }
}

fn open_device(device: DeviceChoice) -> Result<Device, Problem> {
    device.open().map_err(|e| Problem::new(e.to_string()))
}

fn no_thread(error: &std::io::Error) -> Problem {
    Problem::new(format!("The system gives no thread: {error}."))
        .hint("Close other programs and try again.")
}

fn on_large_stack<T: Send>(work: impl FnOnce() -> Result<T, Problem> + Send) -> Result<T, Problem> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("lgd-train".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, work)
            .map_err(|e| no_thread(&e))?;
        thread.join().unwrap_or_else(|_| {
            Err(
                Problem::new("The training ended in an error of the program.")
                    .hint("Resume the run, and please report what you did."),
            )
        })
    })
}

/// Hears standard input. The thread ends with the input, or with the program: reading cannot be
/// interrupted.
fn listen_to_input() -> Result<Receiver<Control>, Problem> {
    let (sender, receiver) = bounded(WAITING_LINES);
    std::thread::Builder::new()
        .name("lgd-control".to_owned())
        .spawn(move || {
            for line in std::io::stdin().lock().lines() {
                let Ok(line) = line else { break };
                let sent = match parse(line.trim()) {
                    Some(control) => sender.send(control),
                    None => {
                        tracing::warn!("{line:?} is no command of a run");
                        Ok(())
                    }
                };
                if sent.is_err() {
                    break;
                }
            }
        })
        .map_err(|e| no_thread(&e))?;
    Ok(receiver)
}

fn parse(line: &str) -> Option<Control> {
    Some(match line {
        "pause" => Control::Pause,
        "continue" => Control::Continue,
        "stop" => Control::StopAndKeep,
        "discard" => Control::Discard,
        "sample" => Control::SampleNow,
        "save" => Control::SaveNow,
        _ => return None,
    })
}

/// The next request; Ctrl-C and the end of the input ask to stop.
fn next_control(
    lines: Option<&Receiver<Control>>,
    cancel: &CancelToken,
    wait: bool,
) -> Option<Control> {
    loop {
        if cancel.is_cancelled() {
            return Some(Control::StopAndKeep);
        }
        let lines = lines?;
        let patience = if wait { TICK } else { Duration::ZERO };
        match lines.recv_timeout(patience) {
            Ok(control) => return Some(control),
            Err(RecvTimeoutError::Disconnected) => return Some(Control::StopAndKeep),
            Err(RecvTimeoutError::Timeout) if wait => {}
            Err(RecvTimeoutError::Timeout) => return None,
        }
    }
}

/// Moves a run that is not wanted to the system's bin.
fn discard(folder: &Path) -> Result<(), Problem> {
    trash::delete(folder).map_err(|e| {
        Problem::new(format!(
            "The run was stopped, but it cannot go to the bin: {e}."
        ))
        .hint("Delete the folder yourself.")
        .file(folder)
    })
}
