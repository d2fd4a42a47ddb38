//! What a run's log says so far: curves, samples, lines, and how the run stands. The log is read on as
//! it grows; only whole lines count.

use super::curve::Curve;
use super::{Event, StepReport};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Lines of the log that are kept to be shown.
const LINES: usize = 400;
/// Weight of the newest step in the running seconds per step.
const NEWEST: f64 = 0.1;

/// Curves of a run, each as (step, value).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves {
    /// The weighted sum of all terms.
    pub total: Arc<[[f64; 2]]>,
    /// Mean squared error of the predicted noise.
    pub noise: Arc<[[f64; 2]]>,
    /// Cross-entropy of the answer.
    pub answer: Arc<[[f64; 2]]>,
    /// The contrastive loss.
    pub contrastive: Arc<[[f64; 2]]>,
    /// The learning rate.
    pub lr: Arc<[[f64; 2]]>,
    /// Samples per second.
    pub speed: Arc<[[f64; 2]]>,
    /// Norm of the gradients.
    pub grad_norm: Arc<[[f64; 2]]>,
}

/// Pictures of the pinned questions after some steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleSet {
    /// Steps done.
    pub step: u64,
    /// The pictures, `QUESTION_MODE.png`.
    pub pictures: Vec<PathBuf>,
}

/// A run to look at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunHistory {
    /// The curves.
    pub curves: Curves,
    /// Samples, the oldest first.
    pub samples: Vec<SampleSet>,
    /// The newest lines of the log, but for the steps.
    pub lines: Vec<Event>,
    /// Steps of the newest checkpoint.
    pub saved: Option<u64>,
}

/// How a log ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Standing {
    /// Steps done.
    pub step: u64,
    /// Steps of the whole run, once it said so.
    pub steps: Option<u64>,
    /// The newest loss.
    pub loss: Option<f32>,
    /// Seconds of a step, lately.
    pub seconds_per_step: Option<f64>,
    /// The newest event that is about the run as a whole: started, paused, ended.
    pub last: Option<Event>,
}

/// A log that is read on.
#[derive(Debug, Default)]
pub(super) struct Tail {
    at: u64,
    total: Curve,
    noise: Curve,
    answer: Curve,
    contrastive: Curve,
    lr: Curve,
    speed: Curve,
    grad_norm: Curve,
    samples: Vec<SampleSet>,
    lines: Vec<Event>,
    /// Steps of the newest checkpoint.
    pub saved: Option<u64>,
    /// The newest process that wrote here.
    pub process: Option<u32>,
    /// How the log ends.
    pub standing: Standing,
}

impl Tail {
    /// Reads what was added; whether anything was. A log that became shorter is read again.
    pub fn read_on(&mut self, log: &Path) -> std::io::Result<bool> {
        let mut file = match File::open(log) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let length = file.metadata()?.len();
        if length < self.at {
            *self = Self::default();
        }
        if length == self.at {
            return Ok(false);
        }
        file.seek(SeekFrom::Start(self.at))?;
        let mut lines = BufReader::new(file);
        let mut line = Vec::new();
        let mut any = false;
        loop {
            line.clear();
            let read = lines.read_until(b'\n', &mut line)?;
            // Half a line is read again when it is whole.
            if read == 0 || line.last() != Some(&b'\n') {
                return Ok(any);
            }
            self.at += read as u64;
            any = true;
            if let Ok(event) = serde_json::from_slice(&line) {
                self.take(event);
            }
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Step(report) => return self.take_step(&report),
            Event::Started {
                step, steps, pid, ..
            } => {
                self.process = Some(pid);
                self.rewind(step);
                self.standing.steps = Some(steps);
                self.standing.step = step;
            }
            Event::Saved { step, .. } => self.saved = Some(step),
            Event::Sampled { step, ref pictures } => {
                self.samples.retain(|set| set.step != step);
                let pictures = pictures.clone();
                self.samples.push(SampleSet { step, pictures });
            }
            _ => {}
        }
        if !matches!(
            event,
            Event::Broken { .. }
                | Event::Saved { .. }
                | Event::Sampled { .. }
                | Event::Warning { .. }
        ) {
            self.standing.last = Some(event.clone());
        }
        if self.lines.len() >= LINES {
            self.lines.drain(..LINES / 4);
        }
        self.lines.push(event);
    }

    fn take_step(&mut self, report: &StepReport) {
        let step = report.step;
        let losses = &report.losses;
        self.total.push(step, losses.total.into());
        for (curve, value) in [
            (&mut self.noise, losses.diffusion),
            (&mut self.answer, losses.answer),
            (&mut self.contrastive, losses.contrastive),
        ] {
            if let Some(value) = value {
                curve.push(step, value.into());
            }
        }
        self.lr.push(step, report.lr);
        self.grad_norm.push(step, report.grad_norm);
        let seconds = report.seconds.max(1e-9);
        self.speed.push(step, report.samples as f64 / seconds);
        let standing = &mut self.standing;
        standing.step = step;
        standing.loss = Some(losses.total);
        let mean = standing.seconds_per_step.unwrap_or(seconds);
        standing.seconds_per_step = Some(mean + (seconds - mean) * NEWEST);
    }

    /// Steps behind `step` are done again.
    fn rewind(&mut self, step: u64) {
        for curve in [
            &mut self.total,
            &mut self.noise,
            &mut self.answer,
            &mut self.contrastive,
            &mut self.lr,
            &mut self.speed,
            &mut self.grad_norm,
        ] {
            curve.rewind(step);
        }
        self.samples.retain(|set| set.step <= step);
    }

    /// What there is to look at.
    pub fn history(&self) -> RunHistory {
        RunHistory {
            curves: Curves {
                total: self.total.points(),
                noise: self.noise.points(),
                answer: self.answer.points(),
                contrastive: self.contrastive.points(),
                lr: self.lr.points(),
                speed: self.speed.points(),
                grad_norm: self.grad_norm.points(),
            },
            samples: self.samples.clone(),
            lines: self.lines.clone(),
            saved: self.saved,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Losses;
    use super::*;
    use std::io::Write as _;

    fn step(step: u64, total: f32) -> Event {
        Event::Step(StepReport {
            step,
            epoch: 0,
            losses: Losses {
                total,
                diffusion: Some(total),
                ..Losses::default()
            },
            lr: 1e-3,
            grad_norm: 1.0,
            seconds: 0.5,
            samples: 4,
        })
    }

    #[test]
    fn a_log_is_read_on_and_a_killed_run_does_its_steps_again() -> std::io::Result<()> {
        let place = tempfile::tempdir()?;
        let log = place.path().join("events.jsonl");
        let mut tail = Tail::default();
        assert!(!tail.read_on(&log)?, "there is none yet");
        let mut file = File::options().create(true).append(true).open(&log)?;
        for number in 1..=5 {
            writeln!(file, "{}", step(number, 1.0).to_line())?;
        }
        write!(file, "{{\"event\":\"ste")?;
        assert!(tail.read_on(&log)?);
        assert_eq!((tail.standing.step, tail.standing.loss), (5, Some(1.0)));
        assert!(!tail.read_on(&log)?, "half a line is no line");
        // Killed; the last checkpoint was that of step 3.
        writeln!(file)?;
        let started = Event::Started {
            step: 3,
            steps: 9,
            parameters: 1,
            samples: 6,
            broken: 0,
            version: String::new(),
            pid: 1,
        };
        writeln!(file, "{}", started.to_line())?;
        writeln!(file, "{}", step(4, 2.0).to_line())?;
        assert!(tail.read_on(&log)?);
        let history = tail.history();
        let steps: Vec<f64> = history.curves.total.iter().map(|[step, _]| *step).collect();
        assert_eq!(steps, [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(history.curves.total.last(), Some(&[4.0, 2.0]));
        assert_eq!(history.curves.speed.last(), Some(&[4.0, 8.0]));
        assert!(history.curves.answer.is_empty());
        assert_eq!(tail.standing.steps, Some(9));
        assert_eq!(tail.standing.last, Some(started));
        Ok(())
    }
}
