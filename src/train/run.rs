//! A training run: a folder that can be stopped, killed and resumed.
//!
//! `config.toml` comes first and is complete, `events.jsonl` tells everything that happens, `steps.csv`
//! and `tensorboard/` the steps for other programs, `checkpoints/` holds what is needed to go on,
//! `samples/` the pinned questions as they change.
//! What a step does depends on its number and the seed alone, so a resumed run is bit for bit the
//! unbroken one on the CPU.

use super::adamw::AdamW;
use super::checkpoint::{Checkpoint, Checkpoints, Progress, Tensors};
use super::config::TrainConfig;
use super::ema::Ema;
use super::event::{Event, EventLog, StepReport};
use super::feeder::Feeder;
use super::folder::RunFolder;
use super::frozen::Frozen;
use super::gradients::Gradients;
use super::networks::Trainee;
use super::prefetch::Batches;
use super::sample;
use super::step::{Losses, step};
use super::tables::Tables;
use crate::dataset::Records;
use crate::nn::DeviceFailure;
use crate::pipeline::{Bundle, Problem};
use candle_core::{Device, Var};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// What a person can ask of a run that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Wait after this step.
    Pause,
    /// Go on.
    Continue,
    /// Save and leave.
    StopAndKeep,
    /// Leave; nothing of the run is wanted.
    Discard,
    /// Draw the pinned questions after this step.
    SampleNow,
    /// Save after this step.
    SaveNow,
}

/// The run's ear and mouth.
pub struct Hooks<'a> {
    /// The next request, if there is one. When `true` is given it waits for one, because the run is
    /// paused.
    pub control: &'a mut dyn FnMut(bool) -> Option<Control>,
    /// Hears every event, after it is in the log.
    pub on_event: &'a mut dyn FnMut(&Event),
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All steps are done.
    Finished,
    /// It was stopped and can be resumed.
    Stopped,
    /// It was stopped and is not wanted.
    Discarded,
}

/// A run with everything loaded.
pub struct Run {
    config: TrainConfig,
    folder: RunFolder,
    log: EventLog,
    /// Open once it is known behind which step the run goes on.
    tables: Option<Tables>,
    device: Device,
    trainee: Trainee,
    frozen: Arc<Frozen>,
    records: Records,
    /// Taken when the training begins.
    feeder: Option<Feeder>,
    optimizer: AdamW,
    ema: Ema,
    checkpoints: Checkpoints,
    /// Steps done.
    step: u64,
    saved: Option<u64>,
}

/// A tensor error of a run as a person reads it.
pub(super) fn failed(error: &candle_core::Error) -> Problem {
    let text = error.to_string();
    let hint = match DeviceFailure::of(error) {
        Some(DeviceFailure::Full) => {
            "Use a smaller optim.batch with more optim.accumulation, or a smaller resolution."
        }
        Some(DeviceFailure::Lost(_)) => {
            "The graphics card does not answer any more. Resume the run from its newest checkpoint; if it happens again, check the driver with `lgd-studio doctor`."
        }
        None => {
            "Resume the run. If it happens again, check the bundle with `lgd-studio bundle verify`."
        }
    };
    Problem::new(format!("The training step failed: {text}.")).hint(hint)
}

impl Run {
    /// Loads bundle and data, and the newest whole checkpoint of the folder if there is one.
    ///
    /// # Errors
    /// When something cannot be read, or another program trains in this folder.
    pub fn open(
        config: TrainConfig,
        folder: RunFolder,
        device: &Device,
        hooks: &mut Hooks<'_>,
    ) -> Result<Self, Problem> {
        let log = EventLog::open(&folder.events()).map_err(|e| folder.unwritable(&e))?;
        // Whoever looks finds the process while it still loads.
        folder.beat(0)?;
        let bundle = Bundle::open(&config.bundle())?;
        let seed = config.trainer.seed;
        let trainee = Trainee::load(&bundle, &config.model, seed, device)?;
        let frozen = Arc::new(Frozen::open(&config, &bundle, device)?);
        let feeder = Feeder::open(&config, &trainee, frozen.clone())?;
        let checkpoints =
            Checkpoints::open(&folder.checkpoints()).map_err(|e| folder.unwritable(&e))?;
        let mut run = Self {
            optimizer: AdamW::new(config.adamw()),
            ema: Ema::new(config.optim.ema, &trainee.parameters).map_err(|e| failed(&e))?,
            config,
            folder,
            log,
            tables: None,
            device: device.clone(),
            trainee,
            frozen,
            records: feeder.records().clone(),
            feeder: Some(feeder),
            checkpoints,
            step: 0,
            saved: None,
        };
        let found = run.checkpoints.newest(device);
        let (newest, passed_over) = found.map_err(|e| run.folder.unwritable(&e))?;
        for text in passed_over {
            run.tell(hooks, Event::Warning { text })?;
        }
        if let Some(checkpoint) = newest {
            run.restore(checkpoint)?;
        }
        let tables = Tables::open(run.folder.path(), run.step);
        run.tables = Some(tables.map_err(|e| run.folder.unwritable(&e))?);
        run.announce(hooks)?;
        Ok(run)
    }

    fn restore(&mut self, checkpoint: Checkpoint) -> Result<(), Problem> {
        let other = |what: &str| {
            Problem::new(format!(
                "The checkpoint does not belong to this run: {what}."
            ))
            .hint("Resume it with the configuration it was started with, or start a new run.")
            .file(self.folder.path())
        };
        let progress = &checkpoint.progress;
        if progress.seed != self.config.trainer.seed {
            return Err(other("the seed is another one"));
        }
        if progress.position != progress.step * self.config.samples_per_step() {
            return Err(other("it saw another number of samples per step"));
        }
        let mut averages = BTreeMap::new();
        let parameters = &self.trainee.parameters;
        for (name, var) in parameters {
            let (Some(weight), Some(average)) =
                (checkpoint.weights.get(name), checkpoint.averages.get(name))
            else {
                return Err(other(&format!("it has no {name}")));
            };
            var.set(weight)
                .map_err(|e| other(&format!("{name} does not fit ({e})")))?;
            let average = Var::from_tensor(average).map_err(|e| failed(&e))?;
            averages.insert(name.clone(), average);
        }
        if checkpoint.weights.len() != parameters.len() {
            return Err(other("it trained other parts"));
        }
        self.ema = Ema::restore(self.config.optim.ema, averages, progress.ema_updates);
        self.optimizer
            .restore(parameters, &checkpoint.optimizer, progress.optimizer_steps)
            .map_err(|e| failed(&e))?;
        self.step = progress.step;
        self.saved = Some(self.step);
        Ok(())
    }

    fn announce(&mut self, hooks: &mut Hooks<'_>) -> Result<(), Problem> {
        let parameters = self.trainee.parameters.values().map(|var| var.elem_count());
        let broken = self.records.broken.clone();
        let started = Event::Started {
            step: self.step,
            steps: self.config.trainer.max_steps,
            parameters: parameters.sum(),
            samples: self.records.usable.len(),
            broken: broken.len(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
        };
        self.tell(hooks, started)?;
        for broken in broken {
            let (record, reason) = (broken.record, broken.reason);
            self.tell(hooks, Event::Broken { record, reason })?;
        }
        Ok(())
    }

    /// Steps done.
    pub fn steps_done(&self) -> u64 {
        self.step
    }

    /// Numbers that are trained.
    pub fn trained_numbers(&self) -> usize {
        self.trainee
            .parameters
            .values()
            .map(|var| var.elem_count())
            .sum()
    }

    /// Trains until all steps are done or somebody asks to stop.
    ///
    /// # Errors
    /// What ended it, which is also the log's last event; the run can be resumed.
    pub fn train(&mut self, hooks: &mut Hooks<'_>) -> Result<Ended, Problem> {
        let ended = self.walk(hooks);
        if let Err(problem) = &ended {
            let event = Event::failed(self.step, problem);
            // The problem itself is the one worth reporting. On a full disk there is room for it still.
            let logged = self.log.write(&event).is_ok()
                || self.folder.give_up_spare() && self.log.write(&event).is_ok();
            if logged {
                (hooks.on_event)(&event);
            }
        }
        ended
    }

    fn walk(&mut self, hooks: &mut Hooks<'_>) -> Result<Ended, Problem> {
        let Some(feeder) = self.feeder.take() else {
            return Err(Problem::new("This run was trained already."));
        };
        let (steps, optim) = (self.config.trainer.max_steps, &self.config.optim);
        let ahead = self.config.data.prefetch;
        let mut batches = Batches::start(feeder, self.step..steps, optim.accumulation, ahead)?;
        while self.step < steps {
            if let Some(ended) = self.obey(hooks)? {
                return Ok(ended);
            }
            self.one_step(&mut batches, hooks)?;
            let (trainer, sample) = (&self.config.trainer, &self.config.sample);
            let save = self.step.is_multiple_of(trainer.checkpoint_every);
            let draw = sample.every > 0 && self.step.is_multiple_of(sample.every);
            if save {
                self.save(hooks)?;
            }
            if draw {
                self.sample(hooks)?;
            }
        }
        self.save(hooks)?;
        self.tell(hooks, Event::Finished { step: self.step })?;
        Ok(Ended::Finished)
    }

    /// Does what was asked for since the last step.
    fn obey(&mut self, hooks: &mut Hooks<'_>) -> Result<Option<Ended>, Problem> {
        let mut paused = false;
        while let Some(control) = (hooks.control)(paused) {
            match control {
                Control::Pause if !paused => {
                    paused = true;
                    self.save(hooks)?;
                    self.tell(hooks, Event::Paused { step: self.step })?;
                }
                Control::Continue if paused => {
                    paused = false;
                    self.tell(hooks, Event::Continued { step: self.step })?;
                }
                Control::Pause | Control::Continue => {}
                Control::SaveNow => self.save(hooks)?,
                Control::SampleNow => self.sample(hooks)?,
                Control::StopAndKeep => {
                    self.save(hooks)?;
                    self.tell(hooks, Event::Stopped { step: self.step })?;
                    return Ok(Some(Ended::Stopped));
                }
                Control::Discard => {
                    self.tell(hooks, Event::Discarded)?;
                    return Ok(Some(Ended::Discarded));
                }
            }
        }
        Ok(None)
    }

    /// One optimiser step: forward and backward on every batch of it, then the update.
    fn one_step(&mut self, batches: &mut Batches, hooks: &mut Hooks<'_>) -> Result<(), Problem> {
        let began = Instant::now();
        let parts = self.config.optim.accumulation;
        let share = 1.0 / parts as f32;
        let mut losses = Losses::default();
        let mut gradients = Gradients::default();
        let mut unreadable = Vec::new();
        let mut epoch = 0;
        for part in 0..parts {
            let mut prepared = batches.next(self.step, part)?;
            unreadable.append(&mut prepared.broken);
            epoch = prepared.epoch;
            let trainee = &self.trainee;
            let (parameters, settings) = (&trainee.parameters, self.config.step());
            let completed = self.frozen.complete(&trainee.networks, prepared);
            let (batch, draws) = completed.map_err(|e| failed(&e))?;
            let (of_part, more) = step(
                &trainee.networks,
                parameters,
                &settings,
                &batch,
                &draws,
                &mut |_, _| {},
            )
            .map_err(|e| failed(&e))?;
            losses.add_share(&of_part, share);
            gradients.accumulate(more).map_err(|e| failed(&e))?;
        }
        for broken in unreadable {
            let (record, reason) = (broken.record, broken.reason);
            self.tell(hooks, Event::Broken { record, reason })?;
        }
        gradients.scale(share.into()).map_err(|e| failed(&e))?;
        let grad_norm = gradients
            .clip(self.config.optim.grad_clip)
            .map_err(|e| failed(&e))?;
        if !losses.total.is_finite() || !grad_norm.is_finite() {
            return Err(self.not_a_number(losses.total));
        }
        let steps = self.config.trainer.max_steps;
        let lr = self.config.optim.lr * self.config.optim.schedule.factor(self.step, steps);
        let parameters = &self.trainee.parameters;
        self.optimizer
            .update(parameters, gradients.by_name(), lr)
            .and_then(|()| self.ema.update(parameters))
            .map_err(|e| failed(&e))?;
        self.step += 1;
        let report = StepReport {
            step: self.step,
            epoch,
            losses,
            lr,
            grad_norm,
            seconds: began.elapsed().as_secs_f64(),
            samples: self.config.samples_per_step(),
        };
        self.tell(hooks, Event::Step(report))?;
        self.folder.beat(self.step)
    }

    fn not_a_number(&self, loss: f32) -> Problem {
        let what = if loss.is_finite() {
            "The gradients are"
        } else {
            "The loss is"
        };
        let since = match self.saved {
            Some(step) => format!("The checkpoint of step {step} is good"),
            None => "No checkpoint was written yet".to_owned(),
        };
        Problem::new(format!("{what} not a number in step {}.", self.step + 1)).hint(format!(
            "{since}. Resume with a smaller learning rate, for example --set optim.lr={:e}, or with --set optim.grad_clip=1.",
            self.config.optim.lr / 3.0
        ))
    }

    fn save(&mut self, hooks: &mut Hooks<'_>) -> Result<(), Problem> {
        if self.saved == Some(self.step) {
            return Ok(());
        }
        let parameters = &self.trainee.parameters;
        let checkpoint = Checkpoint {
            progress: Progress::new(
                self.step,
                self.optimizer.steps(),
                self.ema.updates(),
                self.config.trainer.seed,
                self.step * self.config.samples_per_step(),
            ),
            weights: plain(parameters),
            averages: plain(self.ema.averages()),
            optimizer: self.optimizer.state(parameters).map_err(|e| failed(&e))?,
        };
        let place = self.checkpoints.save(&checkpoint);
        let place = place.map_err(|e| self.folder.unwritable(&e))?;
        self.saved = Some(self.step);
        self.checkpoints
            .prune(self.config.trainer.keep)
            .map_err(|e| self.folder.unwritable(&e))?;
        let (step, checkpoint) = (self.step, place);
        self.tell(hooks, Event::Saved { step, checkpoint })
    }

    /// Draws the pinned questions with the averaged weights. A failure is told and does not end the
    /// run.
    fn sample(&mut self, hooks: &mut Hooks<'_>) -> Result<(), Problem> {
        if self.config.sample.questions.is_empty() {
            let text =
                "There are no pinned questions to draw; add some to sample.questions.".into();
            return self.tell(hooks, Event::Warning { text });
        }
        let averages = plain(self.ema.averages());
        let place = self.folder.samples(self.step);
        let drawn = sample::draw(&self.config, &averages, &place, &self.device);
        let event = match drawn {
            Ok(pictures) => Event::Sampled {
                step: self.step,
                pictures,
            },
            Err(problem) => Event::Warning {
                text: problem.to_string(),
            },
        };
        self.tell(hooks, event)
    }

    fn tell(&mut self, hooks: &mut Hooks<'_>, event: Event) -> Result<(), Problem> {
        let logged = self.log.write(&event);
        let written = logged.and_then(|()| match (&event, &mut self.tables) {
            (Event::Step(report), Some(tables)) => tables.write(report),
            _ => Ok(()),
        });
        written.map_err(|e| self.folder.unwritable(&e))?;
        (hooks.on_event)(&event);
        Ok(())
    }
}

/// The values of variables, off the tape.
fn plain(variables: &BTreeMap<String, Var>) -> Tensors {
    let values = variables.iter();
    values
        .map(|(name, var)| (name.clone(), var.as_tensor().detach()))
        .collect()
}
