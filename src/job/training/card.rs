//! A run as one line of a list: what it is, how it stands, what went wrong.

use super::history::Standing;
use super::{Event, TrainConfig, device_list};
use crate::job::{DeviceChoice, Problem};
use crate::pipeline::whole_file::write_whole;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// What the window keeps beside a run.
const NOTE: &str = "studio.json";

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// It waits for its device.
    Waiting,
    /// Its process loads.
    Starting,
    /// It trains.
    Training,
    /// It waits after a step, on request.
    Paused,
    /// It was stopped and can go on.
    Stopped,
    /// All steps are done.
    Finished,
    /// It could not go on; the reason is known.
    Failed,
    /// Its process is gone without a word.
    Killed,
}

impl RunState {
    /// Whether a process works on it.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Starting | Self::Training | Self::Paused)
    }

    /// Whether it can go on.
    pub fn can_resume(self) -> bool {
        matches!(self, Self::Stopped | Self::Failed | Self::Killed)
    }
}

/// A run in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct RunCard {
    /// Its folder.
    pub folder: PathBuf,
    /// The name of the folder.
    pub name: String,
    /// How it stands.
    pub state: RunState,
    /// Its configuration, or why that cannot be read.
    pub config: Result<Arc<TrainConfig>, Problem>,
    /// Where it trains: one process on each.
    pub devices: Vec<DeviceChoice>,
    /// Steps done.
    pub step: u64,
    /// Steps of the whole run.
    pub steps: u64,
    /// The newest loss.
    pub loss: Option<f32>,
    /// Seconds of a step, lately.
    pub seconds_per_step: Option<f64>,
    /// What went wrong.
    pub problem: Option<Problem>,
    /// Its process, while there is one.
    pub pid: Option<u32>,
    /// When its configuration was written.
    pub since: SystemTime,
}

impl RunCard {
    /// Seconds until all steps are done, at the pace of late.
    pub fn seconds_left(&self) -> Option<f64> {
        let left = self.steps.saturating_sub(self.step) as f64;
        self.seconds_per_step.map(|seconds| seconds * left)
    }

    /// How much of it is done, from 0 to 1.
    pub fn share(&self) -> f32 {
        self.step as f32 / self.steps.max(1) as f32
    }
}

/// What the window remembers of a run, besides what the run says itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// The devices, as they are written on a command line.
    #[serde(default)]
    pub device: String,
    /// Its place in the queue; none when it does not wait.
    #[serde(default)]
    pub waiting: Option<u64>,
}

impl Note {
    /// The note of a run; a run of the command line has none.
    pub fn read(run: &Path) -> Self {
        let text = std::fs::read(run.join(NOTE)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Writes it down.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, run: &Path) -> Result<(), Problem> {
        let text = serde_json::to_vec_pretty(self).unwrap_or_default();
        write_whole(&run.join(NOTE), &text)?;
        Ok(())
    }

    /// The devices, the processor where none is noted.
    pub fn devices(&self) -> Vec<DeviceChoice> {
        match device_list(&self.device) {
            devices if devices.is_empty() => vec![DeviceChoice::Cpu],
            devices => devices,
        }
    }
}

/// How a run stands, from the end of its log, whether it has a process, and what that process said
/// when it could not begin.
pub(super) fn judge(
    standing: &Standing,
    waiting: bool,
    alive: bool,
    begun: bool,
    last_words: Option<Problem>,
    saved: Option<u64>,
) -> (RunState, Option<Problem>) {
    if alive {
        let state = match &standing.last {
            _ if !begun => RunState::Starting,
            Some(Event::Paused { .. }) => RunState::Paused,
            _ => RunState::Training,
        };
        return (state, None);
    }
    if waiting {
        return (RunState::Waiting, None);
    }
    match &standing.last {
        // A process that could not begin again says so on its way out.
        _ if !begun && last_words.is_some() => (RunState::Failed, last_words),
        None => (RunState::Stopped, None),
        Some(Event::Finished { .. }) => (RunState::Finished, None),
        Some(Event::Stopped { .. } | Event::Discarded) => (RunState::Stopped, None),
        Some(Event::Failed {
            message,
            hint,
            file,
            ..
        }) => {
            let problem = Problem {
                message: message.clone(),
                hint: hint.clone(),
                file: file.clone(),
                ..Problem::default()
            };
            (RunState::Failed, Some(problem))
        }
        Some(_) => match last_words {
            Some(problem) => (RunState::Failed, Some(problem)),
            None => (RunState::Killed, Some(vanished(standing.step, saved))),
        },
    }
}

fn vanished(step: u64, saved: Option<u64>) -> Problem {
    let from = match saved {
        Some(step) => format!("goes on from the checkpoint of step {step}"),
        None => "begins again, because no checkpoint was written".to_owned(),
    };
    Problem::new(format!(
        "The process of this run ended behind step {step} without saying why."
    ))
    .hint(format!(
        "Resume it: it {from}. If the system ended it for want of memory, start a run with a smaller batch."
    ))
}

/// What a process said last, as [`Problem`] writes itself; warnings and notes before it are left out.
pub(super) fn last_words(log: &str) -> Option<Problem> {
    const LEVELS: [&str; 5] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"];
    let is_note = |line: &str| {
        LEVELS
            .iter()
            .any(|level| line.trim_start().starts_with(level))
    };
    let lines: Vec<&str> = log.lines().collect();
    let after = lines.iter().rposition(|line| is_note(line));
    let said = lines
        .get(after.map_or(0, |at| at + 1)..)
        .unwrap_or_default();
    let mut said = said.iter().filter(|line| !line.trim().is_empty());
    let mut problem = Problem::new(*said.next()?);
    let mut hints = Vec::new();
    for line in said {
        match line.strip_prefix("File: ") {
            Some(file) => problem = problem.file(file),
            None => hints.push(*line),
        }
    }
    if !hints.is_empty() {
        problem = problem.hint(hints.join("\n"));
    }
    Some(problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(last: Option<Event>) -> Standing {
        Standing {
            step: 7,
            last,
            ..Standing::default()
        }
    }

    #[test]
    fn the_end_of_a_log_and_the_process_say_how_a_run_stands() {
        let steps = || Some(Event::Continued { step: 7 });
        let state = |last, waiting, alive, begun| {
            judge(&standing(last), waiting, alive, begun, None, Some(5)).0
        };
        assert_eq!(state(None, true, false, false), RunState::Waiting);
        assert_eq!(state(None, false, true, false), RunState::Starting);
        assert_eq!(state(steps(), false, true, true), RunState::Training);
        let paused = Some(Event::Paused { step: 7 });
        assert_eq!(state(paused.clone(), false, true, true), RunState::Paused);
        assert_eq!(state(paused, false, false, true), RunState::Killed);
        let finished = Some(Event::Finished { step: 7 });
        assert_eq!(state(finished, false, false, true), RunState::Finished);
        // It is being resumed: what the log says is of the last process.
        let stopped = Some(Event::Stopped { step: 7 });
        assert_eq!(state(stopped, false, true, false), RunState::Starting);
        let (killed, problem) = judge(&standing(steps()), false, false, true, None, Some(5));
        assert_eq!(killed, RunState::Killed);
        let text = problem.expect("it says so").to_string();
        assert!(text.contains("step 7") && text.contains("step 5"), "{text}");
    }

    #[test]
    fn the_last_words_of_a_process_become_a_problem() {
        let problem = Problem::new("The data folder is gone.")
            .hint("Bring it back.")
            .file("data/images");
        let log = format!(" WARN lgd: something\n{problem}\n");
        assert_eq!(last_words(&log), Some(problem.clone()));
        assert_eq!(last_words(" WARN something\n"), None);
        assert_eq!(last_words(""), None);
        let (state, told) = judge(
            &standing(None),
            false,
            false,
            false,
            Some(problem.clone()),
            None,
        );
        assert_eq!((state, told), (RunState::Failed, Some(problem)));
    }
}
