//! What a run tells while it works: one JSON object per line, in `events.jsonl` and on request on
//! standard output.

use super::step::Losses;
use crate::pipeline::Problem;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// One thing that happened. Steps are counted from 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run began, or goes on.
    Started {
        /// The step it starts behind; 0 for a new run.
        step: u64,
        /// Steps of the whole run.
        steps: u64,
        /// Trained numbers.
        parameters: usize,
        /// Usable samples.
        samples: usize,
        /// Records that cannot be used.
        broken: usize,
        /// The program's version.
        version: String,
        /// The process.
        pid: u32,
    },
    /// A record or its picture cannot be used.
    Broken {
        /// The record.
        record: String,
        /// Why.
        reason: String,
    },
    /// A step is done.
    Step(StepReport),
    /// A checkpoint is on the disk.
    Saved {
        /// Steps done.
        step: u64,
        /// Its folder.
        checkpoint: PathBuf,
    },
    /// The pinned questions were drawn.
    Sampled {
        /// Steps done.
        step: u64,
        /// The pictures.
        pictures: Vec<PathBuf>,
    },
    /// Something worth knowing that does not end the run.
    Warning {
        /// What.
        text: String,
    },
    /// It waits.
    Paused {
        /// Steps done.
        step: u64,
    },
    /// It goes on after a pause.
    Continued {
        /// Steps done.
        step: u64,
    },
    /// It was stopped and kept; it can be resumed.
    Stopped {
        /// Steps done.
        step: u64,
    },
    /// It was stopped and is not wanted.
    Discarded,
    /// All steps are done.
    Finished {
        /// Steps done.
        step: u64,
    },
    /// It cannot go on; it can be resumed once the reason is gone.
    Failed {
        /// Steps done.
        step: u64,
        /// What failed.
        message: String,
        /// What to do.
        hint: Option<String>,
        /// The file it is about.
        file: Option<PathBuf>,
    },
}

/// A finished step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Steps done.
    pub step: u64,
    /// The epoch, from 0.
    pub epoch: u64,
    /// The terms of the loss.
    #[serde(flatten)]
    pub losses: Losses,
    /// The learning rate.
    pub lr: f64,
    /// Norm of the gradients, before they were clipped.
    pub grad_norm: f64,
    /// How long the step took.
    pub seconds: f64,
    /// Samples of the step.
    pub samples: u64,
}

impl Event {
    /// A failure after `step` steps.
    pub fn failed(step: u64, problem: &Problem) -> Self {
        Self::Failed {
            step,
            message: problem.message.clone(),
            hint: problem.hint.clone(),
            file: problem.file.clone(),
        }
    }

    /// The event as one line, without the line's end.
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The log of a run.
pub struct EventLog {
    file: File,
    /// Whether the last line may be half a one, because the disk said no.
    torn: bool,
}

impl EventLog {
    /// Opens the log to go on writing. A half line that a killed program left is ended first.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        let mut file = File::options()
            .create(true)
            .append(true)
            .read(true)
            .open(path)?;
        if file.seek(SeekFrom::End(0))? > 0 {
            file.seek(SeekFrom::End(-1))?;
            let mut last = [0];
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                file.write_all(b"\n")?;
            }
        }
        Ok(Self { file, torn: false })
    }

    /// Appends one line; it is with the system when this returns.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn write(&mut self, event: &Event) -> std::io::Result<()> {
        let end = if self.torn { "\n" } else { "" };
        let line = format!("{end}{}\n", event.to_line());
        let written = self.file.write_all(line.as_bytes());
        self.torn = written.is_err();
        written
    }
}

/// The events of a log; lines that are no events, such as a half one, are left out.
///
/// # Errors
/// When it cannot be read.
pub fn read_events(path: &Path) -> std::io::Result<Vec<Event>> {
    let text = std::fs::read_to_string(path)?;
    let lines = text.lines();
    Ok(lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect())
}
