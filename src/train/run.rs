//! A training run: a folder that can be stopped, killed and resumed.
//!
//! `config.toml` comes first and is complete, `events.jsonl` tells everything that happens, `steps.csv`
//! and `tensorboard/` the steps for other programs, `checkpoints/` holds what is needed to go on,
//! `samples/` the pinned questions as they change.
//! What a step does depends on its number and the seed alone, so a resumed run is bit for bit the
//! unbroken one on the CPU.

use super::checkpoint::{Checkpoint, Checkpoints, Progress, Tensors};
use super::config::TrainConfig;
use super::ema::Ema;
use super::event::{Event, EventLog, StepReport};
use super::folder::RunFolder;
use super::learner::Learner;
use super::networks::Group;
use super::prefetch::Batches;
use super::ranks::{Alone, Collective};
use super::sample;
use super::tables::Tables;
use crate::dataset::BrokenRecord;
use crate::nn::DeviceFailure;
use crate::nn::device::Precision;
use crate::pipeline::Problem;
use candle_core::{Device, Var};
use std::collections::BTreeMap;
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

/// A run with everything loaded, as rank 0 has it.
pub struct Run {
    learner: Learner,
    folder: RunFolder,
    log: EventLog,
    /// Open once it is known behind which step the run goes on.
    tables: Option<Tables>,
    ema: Ema,
    checkpoints: Checkpoints,
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
        Self::open_with(config, folder, device, Box::new(Alone), hooks)
    }

    /// The same as rank 0 of several, of which the others call [`super::follow()`].
    ///
    /// # Errors
    /// As [`Run::open`], or when a rank is lost.
    pub fn open_with(
        config: TrainConfig,
        folder: RunFolder,
        device: &Device,
        ranks: Box<dyn Collective>,
        hooks: &mut Hooks<'_>,
    ) -> Result<Self, Problem> {
        let mut ranks = ranks;
        let log = EventLog::open(&folder.events()).map_err(|e| folder.unwritable(&e))?;
        // Whoever looks finds the process while it still loads.
        folder.beat(0)?;
        ranks.broadcast(config.to_text()?.into_bytes())?;
        let learner = Learner::open(config, device, ranks)?;
        let checkpoints =
            Checkpoints::open(&folder.checkpoints()).map_err(|e| folder.unwritable(&e))?;
        let (decay, parameters) = (learner.config.optim.ema, &learner.trainee.parameters);
        let mut run = Self {
            ema: Ema::new(decay, parameters).map_err(|e| failed(&e))?,
            learner,
            folder,
            log,
            tables: None,
            checkpoints,
            saved: None,
        };
        match run.begin(hooks) {
            Ok(()) => Ok(run),
            Err(problem) => {
                run.learner.ranks.leave(&problem.message);
                Err(problem)
            }
        }
    }

    /// Goes on from the newest checkpoint, with all ranks.
    fn begin(&mut self, hooks: &mut Hooks<'_>) -> Result<(), Problem> {
        let found = self.checkpoints.newest(&self.learner.device);
        let (newest, passed_over) = found.map_err(|e| self.folder.unwritable(&e))?;
        for text in passed_over {
            self.tell(hooks, Event::Warning { text })?;
        }
        if let Some(checkpoint) = &newest {
            self.restore(checkpoint)?;
        }
        self.learner.begin_together(newest)?;
        let tables = Tables::open(self.folder.path(), self.learner.step);
        self.tables = Some(tables.map_err(|e| self.folder.unwritable(&e))?);
        self.announce(hooks)
    }

    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), Problem> {
        let other = |what: &str| {
            Problem::new(format!(
                "The checkpoint does not belong to this run: {what}."
            ))
            .hint("Resume it with the configuration it was started with, or start a new run.")
            .file(self.folder.path())
        };
        let progress = &checkpoint.progress;
        let config = &self.learner.config;
        if progress.seed != config.trainer.seed {
            return Err(other("the seed is another one"));
        }
        if progress.position != progress.step * config.samples_per_step() {
            return Err(other("it saw another number of samples per step"));
        }
        let decay = config.optim.ema;
        let mut averages = BTreeMap::new();
        for name in self.learner.trainee.parameters.keys() {
            let Some(average) = checkpoint.averages.get(name) else {
                return Err(other(&format!("it has no {name}")));
            };
            let average = Var::from_tensor(average).map_err(|e| failed(&e))?;
            averages.insert(name.clone(), average);
        }
        let (weights, optimizer) = (&checkpoint.weights, &checkpoint.optimizer);
        self.learner
            .restore(weights, optimizer, progress.optimizer_steps)
            .map_err(|what| other(&what))?;
        self.ema = Ema::restore(decay, averages, progress.ema_updates);
        self.learner.step = progress.step;
        self.saved = Some(progress.step);
        Ok(())
    }

    fn announce(&mut self, hooks: &mut Hooks<'_>) -> Result<(), Problem> {
        let learner = &self.learner;
        let broken = learner.records.broken.clone();
        let started = Event::Started {
            step: learner.step,
            steps: learner.config.trainer.max_steps,
            parameters: learner.numbers(),
            samples: learner.records.usable.len(),
            broken: broken.len(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
        };
        self.tell(hooks, started)?;
        let precision = self.learner.config.trainer.precision;
        if self.learner.device.is_cpu() && precision == Precision::Bf16 {
            let text = "bf16 is slow on the processor: good for trying it out, not for training.";
            let text = text.to_owned();
            self.tell(hooks, Event::Warning { text })?;
        }
        if self.learner.config.trainer.products.is_missing() {
            let text = "This processor has no products of 16 bits: they are computed in 32.";
            let text = text.to_owned();
            self.tell(hooks, Event::Warning { text })?;
        }
        for broken in broken {
            let (record, reason) = (broken.record, broken.reason);
            self.tell(hooks, Event::Broken { record, reason })?;
        }
        Ok(())
    }

    /// Steps done.
    pub fn steps_done(&self) -> u64 {
        self.learner.step
    }

    /// Numbers that are trained.
    pub fn trained_numbers(&self) -> usize {
        self.learner.numbers()
    }

    /// Trains until all steps are done or somebody asks to stop.
    ///
    /// # Errors
    /// What ended it, which is also the log's last event; the run can be resumed.
    pub fn train(&mut self, hooks: &mut Hooks<'_>) -> Result<Ended, Problem> {
        let ended = self.walk(hooks);
        match &ended {
            Ok(ended) => self.learner.dismiss(*ended),
            Err(problem) => {
                self.learner.ranks.leave(&problem.message);
                let event = Event::failed(self.learner.step, problem);
                // The problem itself is the one worth reporting. On a full disk there is room for it
                // still.
                let logged = self.log.write(&event).is_ok()
                    || self.folder.give_up_spare() && self.log.write(&event).is_ok();
                if logged {
                    (hooks.on_event)(&event);
                }
            }
        }
        ended
    }

    fn walk(&mut self, hooks: &mut Hooks<'_>) -> Result<Ended, Problem> {
        let mut batches = self.learner.batches()?;
        let steps = self.learner.config.trainer.max_steps;
        while self.learner.step < steps {
            if let Some(ended) = self.obey(hooks)? {
                return Ok(ended);
            }
            self.learner.call()?;
            self.one_step(&mut batches, hooks)?;
            let (config, step) = (&self.learner.config, self.learner.step);
            let save = step.is_multiple_of(config.trainer.checkpoint_every);
            let draw = config.sample.every > 0 && step.is_multiple_of(config.sample.every);
            if save {
                self.save(hooks)?;
            }
            if draw {
                self.sample(hooks)?;
            }
        }
        self.save(hooks)?;
        let step = self.learner.step;
        self.tell(hooks, Event::Finished { step })?;
        Ok(Ended::Finished)
    }

    /// Does what was asked for since the last step.
    fn obey(&mut self, hooks: &mut Hooks<'_>) -> Result<Option<Ended>, Problem> {
        let (mut paused, step) = (false, self.learner.step);
        while let Some(control) = (hooks.control)(paused) {
            match control {
                Control::Pause if !paused => {
                    paused = true;
                    self.save(hooks)?;
                    self.tell(hooks, Event::Paused { step })?;
                }
                Control::Continue if paused => {
                    paused = false;
                    self.tell(hooks, Event::Continued { step })?;
                }
                Control::Pause | Control::Continue => {}
                Control::SaveNow => self.save(hooks)?,
                Control::SampleNow => self.sample(hooks)?,
                Control::StopAndKeep => {
                    self.save(hooks)?;
                    self.tell(hooks, Event::Stopped { step })?;
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

    /// One optimiser step of all ranks, and what is said about it.
    fn one_step(&mut self, batches: &mut Batches, hooks: &mut Hooks<'_>) -> Result<(), Problem> {
        let began = Instant::now();
        let before = self.learner.step;
        let learnt = self.learner.learn(batches)?;
        for BrokenRecord { record, reason } in learnt.broken {
            self.tell(hooks, Event::Broken { record, reason })?;
        }
        if self.learner.step == before {
            return Err(self.not_a_number(learnt.losses.total));
        }
        self.ema
            .update(&self.learner.trainee.parameters)
            .map_err(|e| failed(&e))?;
        let report = StepReport {
            step: self.learner.step,
            epoch: learnt.epoch,
            losses: learnt.losses,
            lr: learnt.lr,
            grad_norm: learnt.grad_norm,
            seconds: began.elapsed().as_secs_f64(),
            samples: self.learner.config.samples_per_step(),
        };
        self.tell(hooks, Event::Step(report))?;
        self.folder.beat(self.learner.step)
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
        Problem::new(format!("{what} not a number in step {}.", self.learner.step + 1)).hint(format!(
            "{since}. Resume with a smaller learning rate, for example --set optim.lr={:e}, or with --set optim.grad_clip=1.",
            self.learner.config.optim.lr / 3.0
        ))
    }

    fn save(&mut self, hooks: &mut Hooks<'_>) -> Result<(), Problem> {
        if self.saved == Some(self.learner.step) {
            return Ok(());
        }
        let parameters = &self.learner.trainee.parameters;
        let checkpoint = Checkpoint {
            progress: Progress::new(
                self.learner.step,
                self.learner.optimizer.steps(),
                self.ema.updates(),
                self.learner.config.trainer.seed,
                self.learner.step * self.learner.config.samples_per_step(),
            ),
            weights: plain(parameters),
            averages: plain(self.ema.averages()),
            optimizer: self
                .learner
                .optimizer
                .state(parameters)
                .map_err(|e| failed(&e))?,
        };
        let place = self.checkpoints.save(&checkpoint);
        let place = place.map_err(|e| self.folder.unwritable(&e))?;
        self.saved = Some(self.learner.step);
        self.checkpoints
            .prune(self.learner.config.trainer.keep)
            .map_err(|e| self.folder.unwritable(&e))?;
        let (step, checkpoint) = (self.learner.step, place);
        self.tell(hooks, Event::Saved { step, checkpoint })
    }

    /// Draws the pinned questions with the averaged weights. A failure is told and does not end the
    /// run.
    fn sample(&mut self, hooks: &mut Hooks<'_>) -> Result<(), Problem> {
        let config = &self.learner.config;
        let why = match config.model.train.contains(&Group::Encoder) {
            true => Some(
                "Nothing is drawn: the editor does not know the latents of an encoder that is being trained.",
            ),
            false if config.sample.questions.is_empty() => {
                Some("There are no pinned questions to draw; add some to sample.questions.")
            }
            false => None,
        };
        if let Some(text) = why {
            let text = text.to_owned();
            return self.tell(hooks, Event::Warning { text });
        }
        let averages = plain(self.ema.averages());
        let place = self.folder.samples(self.learner.step);
        let drawn = sample::draw(
            &self.learner.config,
            &averages,
            &place,
            &self.learner.device,
        );
        let event = match drawn {
            Ok(pictures) => Event::Sampled {
                step: self.learner.step,
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
