//! The dry run: two real steps before a run, and what they say about it.

use super::config::TrainConfig;
use super::event::{Event, StepReport};
use super::folder::RunFolder;
use super::run::{Control, Ended, Hooks, Run};
use crate::pipeline::Problem;
use candle_core::Device;
use serde::Serialize;

/// Steps of a dry run; the first one also warms up.
const STEPS: u64 = 2;
/// Copies of the trained numbers in a checkpoint: weights, average, two moments.
const COPIES: u64 = 4;

/// What a run will cost.
#[derive(Clone, Debug, Serialize)]
pub struct Forecast {
    /// Numbers that are trained.
    pub parameters: usize,
    /// Usable samples.
    pub samples: usize,
    /// Records that cannot be used.
    pub broken: usize,
    /// Steps of the run.
    pub steps: u64,
    /// Seconds of the second step.
    pub seconds_per_step: f64,
    /// Seconds of the whole run.
    pub seconds: f64,
    /// Most memory the program held, in MiB, where the system tells.
    pub peak_mib: Option<u64>,
    /// Disk for all checkpoints, in bytes.
    pub checkpoint_bytes: u64,
    /// The losses of both steps.
    pub losses: Vec<f32>,
}

/// Trains two steps in a folder that is thrown away.
///
/// # Errors
/// What would end the run: data, memory, a loss that is not a number.
pub fn forecast(config: &TrainConfig, device: &Device) -> Result<Forecast, Problem> {
    let unwritable =
        |e: std::io::Error| Problem::new(format!("There is no temporary folder: {e}."));
    let place = tempfile::tempdir().map_err(unwritable)?;
    let folder = RunFolder::create(&place.path().join("run"), config)?;
    let mut reports: Vec<StepReport> = Vec::new();
    let (mut samples, mut broken) = (0, 0);
    let mut on_event = |event: &Event| match event {
        Event::Step(report) => reports.push(report.clone()),
        Event::Started {
            samples: usable,
            broken: unusable,
            ..
        } => (samples, broken) = (*usable, *unusable),
        _ => {}
    };
    let mut done = 0;
    let mut control = |_: bool| {
        done += 1;
        (done > STEPS).then_some(Control::Discard)
    };
    let mut hooks = Hooks {
        control: &mut control,
        on_event: &mut on_event,
    };
    // Neither checkpoints nor pictures: two steps and nothing else.
    let mut short = config.clone();
    short.trainer.checkpoint_every = u64::MAX;
    short.sample.every = 0;
    let mut run = Run::open(short, folder, device, &mut hooks)?;
    let parameters = run.trained_numbers();
    let ended = run.train(&mut hooks)?;
    debug_assert!(ended != Ended::Stopped, "nobody asks to keep a dry run");
    let steps = config.trainer.max_steps;
    let seconds_per_step = reports.last().map_or(0.0, |report| report.seconds);
    let keep = config.trainer.keep as u64 + 1;
    Ok(Forecast {
        parameters,
        samples,
        broken,
        steps,
        seconds_per_step,
        seconds: seconds_per_step * steps as f64,
        peak_mib: peak_mib(),
        checkpoint_bytes: parameters as u64 * 4 * COPIES * keep,
        losses: reports.iter().map(|report| report.losses.total).collect(),
    })
}

/// The most memory this program ever held, in MiB; known on Linux.
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib >> 10)
}
