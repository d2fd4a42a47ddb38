//! Training runs for the faces: trained in this process, steered by lines on standard input or by
//! requests in the run's folder; and, for the window, looked after as processes of their own.

mod card;
mod curve;
mod health;
mod history;
mod hold;
mod mail;
mod message;
mod process;
mod ranks;
mod recipe;
mod runs;
mod thread;

use super::{CancelToken, DeviceChoice, Places, Problem};
use crate::pipeline::Bundle;
use crate::train::{
    Checkpoint, Checkpoints, Hooks, Run, RunFolder, latent_facts, write_bundle_with, write_lora,
};
use candle_core::Device;
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use crate::train::{
    Bridge, Control, Ended, Event, Forecast, Group, Losses, LrSchedule, PinnedQuestion, Preset,
    StepReport, TrainConfig,
};
pub use card::{RunCard, RunState};
pub use health::{DataHealth, SplitHealth};
pub use history::{Curves, RunHistory, SampleSet};
pub use hold::{HeldDevice, device_key, hold_device};
pub use mail::post;
pub use message::{TrainingEvent, TrainingNews, TrainingTask, Tried};
pub use ranks::{Company, device_list, devices_for, listed, rendezvous, train_along};
pub use recipe::{Recipe, RecipeData, RecipeNews, Stage, follow_recipe};

use mail::Mailbox;
pub(super) use thread::Handle;

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

/// Who steers a run, besides Ctrl-C.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Steering {
    /// Nobody.
    #[default]
    Nobody,
    /// The lines `pause`, `continue`, `stop`, `discard`, `sample` and `save` on standard input; the run
    /// stops, saved, when the input ends.
    Input,
    /// Requests that [`post`] leaves in the run's folder.
    Folder,
}

/// Where requests come from.
enum Requests {
    None,
    Lines(Receiver<Control>),
    Mail(Mailbox),
}

/// Trains until the run ends, alone or as the first of several. Cancelling saves and stops it. With
/// `places`, no other run has a device of theirs meanwhile.
///
/// # Errors
/// What ended the run; it can be resumed.
pub fn train(
    request: RunRequest,
    company: impl Into<Company>,
    steering: Steering,
    places: Option<&Places>,
    cancel: &CancelToken,
    mut on_event: impl FnMut(&Event) + Send,
) -> Result<Ended, Problem> {
    let company = company.into();
    company.share_processor();
    let device = open_device(company.device())?;
    let folder = match &request {
        RunRequest::New(_, folder) | RunRequest::Resume(folder, _) => folder.clone(),
    };
    let cache = places.map(Places::features);
    let ended = on_large_stack(|| {
        let (mut ranks, helpers) = company.meet(&device, &folder)?;
        let begun = begin(request, &company, steering, places);
        let (run_folder, mut config, mut requests, _held) = match begun {
            Ok(begun) => begun,
            Err(problem) => {
                ranks.leave(&problem.message);
                return Err(problem);
            }
        };
        // Only here: the run's folder keeps what was written.
        if let Some(cache) = &cache {
            config.data.resolve_cache(cache);
        }
        let mut control = |wait| next_control(&mut requests, cancel, wait);
        let mut hooks = Hooks {
            control: &mut control,
            on_event: &mut on_event,
        };
        let run = Run::open_with(config, run_folder, &device, ranks, &mut hooks);
        let ended = run.and_then(|mut run| run.train(&mut hooks));
        drop(helpers);
        ended
    })?;
    if ended == Ended::Discarded {
        discard(&folder)?;
    }
    Ok(ended)
}

/// What a run holds while it trains.
type Begun = (RunFolder, TrainConfig, Requests, Vec<HeldDevice>);

/// Takes the folder and the devices of a run, and opens its ears.
fn begin(
    request: RunRequest,
    company: &Company,
    steering: Steering,
    places: Option<&Places>,
) -> Result<Begun, Problem> {
    let hold = |path: &Path| -> Result<Vec<HeldDevice>, Problem> {
        let Some(places) = places else {
            return Ok(Vec::new());
        };
        let devices = company.held().into_iter();
        devices
            .map(|device| hold_device(places, device, path))
            .collect()
    };
    // Who trains in this very folder is worth knowing before who has the device, but a new run that
    // cannot begin leaves no folder behind.
    let (path, folder, config, held) = match request {
        RunRequest::New(config, path) => {
            let held = hold(&path)?;
            let folder = RunFolder::create(&path, &config)?;
            (path, folder, *config, held)
        }
        RunRequest::Resume(path, settings) => {
            let (folder, config) = RunFolder::resume(&path, &settings)?;
            let held = hold(&path)?;
            (path, folder, config, held)
        }
    };
    // Only now: opening the box throws away what is in it, and it was another run's until here.
    let requests = match steering {
        Steering::Nobody => Requests::None,
        Steering::Input => Requests::Lines(listen_to_input()?),
        Steering::Folder => Requests::Mail(Mailbox::open(&path)),
    };
    Ok((folder, config, requests, held))
}

/// What a run will cost, from two real steps. Of several ranks one is measured, with its share of the
/// samples and of the processor.
///
/// # Errors
/// What would end the run.
pub fn forecast(config: &TrainConfig, company: impl Into<Company>) -> Result<Forecast, Problem> {
    let company = company.into();
    company.share_processor();
    let device = open_device(company.device())?;
    let ranks = company.ranks();
    on_large_stack(|| crate::train::forecast(config, &device, ranks))
}

/// Writes the newest checkpoint of a run as a bundle, with the averaged weights; returns its step.
///
/// # Errors
/// When the run has no checkpoint, or a file cannot be read or written.
pub fn promote(run: &Path, folder: &Path) -> Result<u64, Problem> {
    let (config, checkpoint) = newest(run)?;
    let base = Bundle::open(&config.bundle())?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let latents = latent_facts(&config, &checkpoint.averages)?;
    write_bundle_with(
        &base,
        &checkpoint.averages,
        &config.model.lora,
        latents.as_ref(),
        &name,
        folder,
    )?;
    Ok(checkpoint.progress.step)
}

/// Writes the averaged low-rank pairs of a run's newest checkpoint as a file that diffusers reads;
/// returns its step.
///
/// # Errors
/// When the run has no checkpoint or trained no such pairs, or a file cannot be read or written.
pub fn export_lora(run: &Path, file: &Path) -> Result<u64, Problem> {
    let (config, checkpoint) = newest(run)?;
    write_lora(&checkpoint.averages, &config.model.lora, file)?;
    Ok(checkpoint.progress.step)
}

/// Writes the averaged low-rank pairs of a run's newest checkpoint into the run's folder; returns the
/// file and its step. The one of a step that is there already is left as it is.
///
/// # Errors
/// As [`export_lora`].
pub fn export_lora_beside(run: &Path) -> Result<(PathBuf, u64), Problem> {
    let (config, checkpoint) = newest(run)?;
    let step = checkpoint.progress.step;
    let file = run.join(format!("lora-step-{step:08}.safetensors"));
    if !file.is_file() {
        write_lora(&checkpoint.averages, &config.model.lora, &file)?;
    }
    Ok((file, step))
}

/// The newest checkpoint of a run that nobody trains meanwhile, and the run's configuration.
fn newest(run: &Path) -> Result<(TrainConfig, Checkpoint), Problem> {
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
    Ok((config, checkpoint))
}

/// A folder for a new run that is not there yet, named after its configuration.
pub fn free_folder(places: &Places, config: &Path) -> PathBuf {
    let stem = config.file_stem().unwrap_or_default().to_string_lossy();
    free_name(&places.training(), &stem, false)
}

/// A folder below `shelf` that is not there yet: `name` itself where `bare`, or `name-1`, `name-2`, …
fn free_name(shelf: &Path, name: &str, bare: bool) -> PathBuf {
    let clean = |c: char| match c {
        '/' | '\\' | ':' => '-',
        c => c,
    };
    let name: String = name
        .trim()
        .trim_start_matches('.')
        .chars()
        .map(clean)
        .collect();
    let name = match name.as_str() {
        "" => "run",
        name => name,
    };
    let numbered = (1u32..).map(|number| format!("{name}-{number}"));
    let names = bare.then(|| name.to_owned()).into_iter().chain(numbered);
    let mut folders = names.map(|name| shelf.join(name));
    let free = folders.find(|folder| !folder.exists());
    free.unwrap_or_else(|| shelf.join(name))
}

fn open_device(device: DeviceChoice) -> Result<Device, Problem> {
    device.open().map_err(Problem::from)
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

/// The requests and how they are written.
const WORDS: [(Control, &str); 6] = [
    (Control::Pause, "pause"),
    (Control::Continue, "continue"),
    (Control::StopAndKeep, "stop"),
    (Control::Discard, "discard"),
    (Control::SampleNow, "sample"),
    (Control::SaveNow, "save"),
];

fn parse(line: &str) -> Option<Control> {
    let known = WORDS.iter().find(|(_, word)| *word == line);
    known.map(|(control, _)| *control)
}

fn word(control: Control) -> &'static str {
    let known = WORDS.iter().find(|(known, _)| *known == control);
    known.map_or("", |(_, word)| word)
}

/// The next request; Ctrl-C and the end of the input ask to stop.
fn next_control(requests: &mut Requests, cancel: &CancelToken, wait: bool) -> Option<Control> {
    let patience = if wait { TICK } else { Duration::ZERO };
    loop {
        if cancel.is_cancelled() {
            return Some(Control::StopAndKeep);
        }
        let heard = match requests {
            Requests::None => return None,
            Requests::Lines(lines) => match lines.recv_timeout(patience) {
                Err(RecvTimeoutError::Disconnected) => Some(Control::StopAndKeep),
                heard => heard.ok(),
            },
            Requests::Mail(mailbox) => {
                let next = mailbox.next();
                if next.is_none() {
                    std::thread::sleep(patience);
                }
                next
            }
        };
        if heard.is_some() || !wait {
            return heard;
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
