//! The dry run: real steps before a run, and what they say about it.
//!
//! A step with one sample comes first. It says what a sample costs, so that a batch which cannot fit
//! is refused, together with one that would fit, before the system runs out of memory.

use super::config::TrainConfig;
use super::event::{Event, StepReport};
use super::folder::RunFolder;
use super::ranks::Share;
use super::run::{Control, Ended, Hooks, Run, failed};
use crate::nn::device::Precision;
use crate::nn::room::{Held, forget_peak, held, room};
use crate::pipeline::Problem;
use candle_core::Device;
use serde::{Deserialize, Serialize};

/// Steps of a dry run; the first one also warms up.
const STEPS: u64 = 2;
/// Copies of the trained numbers in a checkpoint: weights, average, two moments.
const COPIES: u64 = 4;
/// Bytes that the first step adds for every trained number: gradient and two moments.
const STEP_BYTES: u64 = 12;

/// What a run will cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// Numbers that are trained.
    pub parameters: usize,
    /// Usable samples.
    pub samples: usize,
    /// Records that cannot be used.
    pub broken: usize,
    /// Steps of the run.
    pub steps: u64,
    /// The numbers that the large networks compute with: 16 or 32 bits.
    pub precision: Precision,
    /// Seconds of the second step.
    pub seconds_per_step: f64,
    /// Seconds of the whole run.
    pub seconds: f64,
    /// Most memory the program held, in MiB, where the system tells.
    pub peak_mib: Option<u64>,
    /// Memory that was free before, in MiB, where the system tells.
    pub free_mib: Option<u64>,
    /// Disk for all checkpoints, in bytes.
    pub checkpoint_bytes: u64,
    /// The losses of both steps.
    pub losses: Vec<f32>,
}

/// What some steps showed.
struct Measured {
    reports: Vec<StepReport>,
    parameters: usize,
    samples: usize,
    broken: usize,
    /// Bytes with everything loaded, before the first step.
    loaded: Option<Held>,
    /// Most bytes up to the end.
    peak: Option<Held>,
}

/// Trains two steps in a folder that is thrown away, with the samples of one of `ranks`.
///
/// # Errors
/// What would end the run: data, memory, a loss that is not a number.
pub fn forecast(config: &TrainConfig, device: &Device, ranks: usize) -> Result<Forecast, Problem> {
    let share = Share::of(config, 0, ranks)?;
    let mut own = config.clone();
    (own.optim.batch, own.optim.accumulation) = (share.batch, share.parts);
    let config = &own;
    // What this program holds already is not free, but it is not needed twice either.
    let room = room(device).map_err(|e| failed(&e))?;
    let free = room.map(|room| room.free);
    if config.optim.batch > 1 {
        let mut one = config.clone();
        (one.optim.batch, one.optim.accumulation) = (1, 1);
        let found = measure(&one, device, 1)?;
        refuse_what_cannot_fit(config, &found, device, free)?;
    }
    let found = measure(config, device, STEPS)?;
    let steps = config.trainer.max_steps;
    let seconds_per_step = found.reports.last().map_or(0.0, |report| report.seconds);
    let keep = config.trainer.keep as u64 + 1;
    Ok(Forecast {
        parameters: found.parameters,
        samples: found.samples,
        broken: found.broken,
        steps,
        precision: config.trainer.precision.taken_on(device),
        seconds_per_step,
        seconds: seconds_per_step * steps as f64,
        peak_mib: found.peak.map(|held| held.peak >> 20),
        free_mib: free.map(|bytes| bytes >> 20),
        checkpoint_bytes: found.parameters as u64 * 4 * COPIES * keep,
        losses: found.reports.iter().map(|r| r.losses.total).collect(),
    })
}

fn measure(config: &TrainConfig, device: &Device, steps: u64) -> Result<Measured, Problem> {
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
        (done > steps).then_some(Control::Discard)
    };
    let mut hooks = Hooks {
        control: &mut control,
        on_event: &mut on_event,
    };
    // Neither checkpoints nor pictures: the steps and nothing else.
    let mut short = config.clone();
    short.trainer.checkpoint_every = u64::MAX;
    short.trainer.max_steps = short.trainer.max_steps.max(steps + 1);
    short.sample.every = 0;
    forget_peak();
    let mut run = Run::open(short, folder, device, &mut hooks)?;
    let parameters = run.trained_numbers();
    let loaded = held();
    let ended = run.train(&mut hooks)?;
    debug_assert!(ended != Ended::Stopped, "nobody asks to keep a dry run");
    Ok(Measured {
        reports,
        parameters,
        samples,
        broken,
        loaded,
        peak: held(),
    })
}

/// Compares what a batch would need with what there is.
fn refuse_what_cannot_fit(
    config: &TrainConfig,
    one: &Measured,
    device: &Device,
    free: Option<u64>,
) -> Result<(), Problem> {
    let (Some(loaded), Some(peak), Some(free), true) =
        (one.loaded, one.peak, free, device.is_cpu())
    else {
        // The memory of a card says no by itself, with an error and not with the end of the program.
        return Ok(());
    };
    let fixed = loaded.now + one.parameters as u64 * STEP_BYTES;
    let per_sample = peak.peak.saturating_sub(fixed).max(1);
    let batch = config.optim.batch as u64;
    let needed = fixed + per_sample * batch;
    if needed <= free {
        return Ok(());
    }
    let fits = free.saturating_sub(fixed) / per_sample;
    let hint = match fits {
        0 => {
            "Set trainer.gradient_checkpointing, train fewer parts (the lora and adapter presets need least), or use a smaller data.resolution."
                .to_owned()
        }
        fits => {
            let parts = (batch * config.optim.accumulation as u64).div_ceil(fits);
            format!(
                "optim.batch = {fits} with optim.accumulation = {parts} fits and sees as many samples per step."
            )
        }
    };
    Err(Problem::new(format!(
        "A batch of {batch} does not fit: it needs about {} MiB, and {} MiB are free.",
        needed >> 20,
        free >> 20
    ))
    .hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Preset;

    #[test]
    fn a_batch_that_cannot_fit_is_refused_with_one_that_does() {
        let mib = |number: u64| number << 20;
        let held = |now, peak| Some(Held { now, peak });
        let one = Measured {
            reports: Vec::new(),
            parameters: 1 << 20,
            samples: 1,
            broken: 0,
            loaded: held(mib(100), mib(100)),
            peak: held(mib(122), mib(122)),
        };
        let mut config = TrainConfig::of_preset(Preset::Full);
        (config.optim.batch, config.optim.accumulation) = (8, 2);
        // 112 MiB stay, 10 MiB come with each sample.
        let check = |free| refuse_what_cannot_fit(&config, &one, &Device::Cpu, Some(mib(free)));
        assert!(check(192).is_ok());
        let refused = check(150).expect_err("there is not enough").to_string();
        assert!(
            refused.contains("needs about 192 MiB, and 150 MiB"),
            "{refused}"
        );
        assert!(
            refused.contains("optim.batch = 3 with optim.accumulation = 6"),
            "{refused}"
        );
        let refused = check(100).expect_err("nothing fits").to_string();
        assert!(refused.contains("adapter presets"), "{refused}");
    }
}
