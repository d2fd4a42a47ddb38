//! The processes of runs and dry runs: started, looked for, and heard of when they end.

use super::card::last_words;
use super::message::Tried;
use super::{Forecast, TrainConfig, listed};
use crate::job::hub::free_bytes;
use crate::job::{DeviceChoice, Places, Problem};
use crate::train::heartbeat;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use sysinfo::{Pid, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System};

/// What a run's process says on its way out.
pub(super) const LOG: &str = "log.txt";
/// Bytes of that log that are read.
const LOG_TAIL: u64 = 8192;

/// How processes are started.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub path: PathBuf,
    pub places: Places,
}

impl Program {
    /// A command of this program that finds the same folders.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        // The locks of devices are in the state folder; both must look into the same one.
        if Places::of_user().as_ref() != Some(&self.places) {
            command.env("LGD_STUDIO_HOME", &self.places.state);
        }
        command.stdin(Stdio::null());
        command
    }

    /// Starts the process of a run. It has a group of its own and no pipe, so it outlives this program.
    ///
    /// # Errors
    /// When it cannot be started, or its log cannot be written.
    pub fn launch(&self, run: &Path, devices: &[DeviceChoice]) -> Result<Child, Problem> {
        let log = File::create(run.join(LOG)).map_err(|e| not_started(&e, run))?;
        let mut command = self.command();
        command
            .arg("train")
            .arg("--resume")
            .arg(run)
            .args(["--control", "folder"])
            .args(on(devices))
            .stdout(Stdio::null())
            .stderr(log);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn().map_err(|e| not_started(&e, run))
    }

    /// Starts a dry run.
    ///
    /// # Errors
    /// When it cannot be started, or there is no temporary folder.
    pub fn try_out(
        &self,
        config: &TrainConfig,
        devices: &[DeviceChoice],
    ) -> Result<Trial, Problem> {
        let folder = tempfile::tempdir().map_err(|e| not_started(&e, Path::new("")))?;
        let file = |name: &str| folder.path().join(name);
        let begun = |e: std::io::Error| not_started(&e, folder.path());
        std::fs::write(file("config.toml"), config.to_text()?).map_err(begun)?;
        let child = self
            .command()
            .arg("train")
            .arg(file("config.toml"))
            .args(["--dry-run", "--json"])
            .args(on(devices))
            .stdout(File::create(file("out.json")).map_err(begun)?)
            .stderr(File::create(file(LOG)).map_err(begun)?)
            .spawn()
            .map_err(begun)?;
        Ok(Trial {
            child,
            config: config.clone(),
            folder,
        })
    }
}

/// The options that choose these devices.
fn on(devices: &[DeviceChoice]) -> [String; 2] {
    let option = match devices.len() {
        0 | 1 => "--device",
        _ => "--devices",
    };
    [option.to_owned(), listed(devices)]
}

fn not_started(error: &std::io::Error, run: &Path) -> Problem {
    Problem::new(format!("The training process cannot be started: {error}."))
        .hint("Make room on the disk and in memory, then try again.")
        .file(run)
}

/// A dry run at work.
pub(super) struct Trial {
    child: Child,
    config: TrainConfig,
    folder: tempfile::TempDir,
}

impl Trial {
    /// What it showed, once it is over.
    pub fn outcome(&mut self, places: &Places) -> Option<Result<Tried, Problem>> {
        let status = match self.child.try_wait() {
            Ok(None) => return None,
            Ok(Some(status)) => status,
            Err(error) => return Some(Err(not_started(&error, self.folder.path()))),
        };
        let read = |name: &str| {
            let text = std::fs::read_to_string(self.folder.path().join(name));
            text.unwrap_or_default()
        };
        if !status.success() {
            let problem = last_words(&read(LOG)).unwrap_or_else(|| {
                Problem::new("The dry run was ended by the system.").hint(
                    "The usual reason is memory: use a smaller optim.batch with more optim.accumulation, or train fewer parts.",
                )
            });
            return Some(Err(problem));
        }
        let forecast = serde_json::from_str::<Forecast>(&read("out.json"))
            .map_err(|e| Problem::new(format!("The dry run's report cannot be read: {e}.")));
        let disk_free = free_bytes(&places.training());
        Some(
            forecast
                .and_then(|forecast| within_disk(forecast, disk_free))
                .map(|forecast| Tried {
                    config: self.config.clone(),
                    forecast,
                    disk_free,
                }),
        )
    }

    /// Ends it.
    pub fn stop(mut self) {
        if let Err(error) = self.child.kill() {
            tracing::debug!(%error, "the dry run had ended already");
        }
        if let Err(error) = self.child.wait() {
            tracing::warn!(%error, "nobody waits for the dry run");
        }
    }
}

/// Refuses checkpoints that the disk has no room for.
fn within_disk(forecast: Forecast, free: Option<u64>) -> Result<Forecast, Problem> {
    match free {
        Some(free) if free < forecast.checkpoint_bytes => Err(Problem::new(format!(
            "The checkpoints need {} MiB, but the disk has {} MiB left.",
            forecast.checkpoint_bytes >> 20,
            free >> 20
        ))
        .hint("Make room on the disk, keep fewer checkpoints, or train fewer parts.")),
        _ => Ok(forecast),
    }
}

/// What the process of a run said last.
pub(super) fn words_of(run: &Path) -> Option<Problem> {
    let mut file = File::open(run.join(LOG)).ok()?;
    let length = file.metadata().ok()?.len();
    let from = SeekFrom::Start(length.saturating_sub(LOG_TAIL));
    file.seek(from).ok()?;
    let mut text = Vec::new();
    file.read_to_end(&mut text).ok()?;
    last_words(&String::from_utf8_lossy(&text))
}

/// Looks for processes of runs that another window or a terminal started.
pub(super) struct Processes(Option<System>);

impl Processes {
    pub fn new() -> Self {
        Self(System::new().ok())
    }

    /// The process that trains in a folder, by its heartbeat. A number that another program got since
    /// is not it: that one began after the heartbeat.
    pub fn of_run(&mut self, run: &Path) -> Option<u32> {
        let beat = heartbeat(run)?;
        let system = self.0.as_mut()?;
        let pid = Pid::from_u32(beat.pid);
        system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&[pid]),
            true,
            ProcessRefreshKind::nothing(),
        );
        let process = system.process(pid)?;
        let dead = matches!(
            process.status(),
            ProcessStatus::Zombie | ProcessStatus::Dead
        );
        (!dead && process.start_time() <= beat.at + 1).then_some(beat.pid)
    }
}
