//! The folder of a run, held by one program at a time.

use super::config::TrainConfig;
use crate::pipeline::Problem;
use crate::pipeline::whole_file::write_whole;
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The complete configuration; a folder without it is no run.
pub const CONFIG: &str = "config.toml";
/// Held while a program trains; the system lets go of it when the program dies, however it dies.
const LOCK: &str = "lock";
/// Who trains here, and when it was last alive.
const HEARTBEAT: &str = "heartbeat.json";
/// Room for the last words of a run whose disk is full.
const SPARE: &str = "spare";
const SPARE_BYTES: usize = 16 << 10;
/// Seconds between heartbeats.
const BEAT: Duration = Duration::from_secs(2);

/// A run's folder, locked.
pub struct RunFolder {
    path: PathBuf,
    _lock: File,
    beaten: Cell<Option<Instant>>,
}

/// Who trains in a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The process.
    pub pid: u32,
    /// Steps done.
    pub step: u64,
    /// Seconds since 1970.
    pub at: u64,
}

impl RunFolder {
    /// Makes the folder of a new run with its complete configuration.
    ///
    /// # Errors
    /// When there is something already, or it cannot be written.
    pub fn create(path: &Path, config: &TrainConfig) -> Result<Self, Problem> {
        if path.join(CONFIG).exists() {
            return Err(Problem::new("There is a run in this folder already.")
                .hint("Go on with it by --resume, or choose another folder.")
                .file(path));
        }
        let occupied = std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
        if occupied {
            return Err(Problem::new("The folder of the run is not empty.")
                .hint("Choose another folder.")
                .file(path));
        }
        std::fs::create_dir_all(path).map_err(|e| unwritable(path, &e))?;
        let folder = Self::lock(path)?;
        folder.write_config(config)?;
        folder.keep_spare();
        Ok(folder)
    }

    /// Takes the folder of a run that goes on, and its configuration with `settings` put over it.
    ///
    /// # Errors
    /// When it is no run, or another program trains in it.
    pub fn resume(path: &Path, settings: &[String]) -> Result<(Self, TrainConfig), Problem> {
        if !path.join(CONFIG).is_file() {
            return Err(
                Problem::new("This is not the folder of a run: it has no config.toml.")
                    .hint("Choose a folder that `lgd-studio train` made.")
                    .file(path),
            );
        }
        let folder = Self::lock(path)?;
        let config = TrainConfig::read(&path.join(CONFIG), settings)?;
        if !settings.is_empty() {
            folder.write_config(&config)?;
        }
        folder.keep_spare();
        Ok((folder, config))
    }

    fn lock(path: &Path) -> Result<Self, Problem> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join(LOCK))
            .map_err(|e| unwritable(path, &e))?;
        match file.try_lock() {
            Ok(()) => Ok(Self {
                // What the log names must be found from anywhere.
                path: std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()),
                _lock: file,
                beaten: Cell::new(None),
            }),
            Err(TryLockError::WouldBlock) => {
                let who = heartbeat(path).map_or_else(String::new, |beat| {
                    format!(" (process {}, step {})", beat.pid, beat.step)
                });
                Err(
                    Problem::new(format!("Another program trains in this folder{who}."))
                        .hint("Stop that one first, or choose another folder.")
                        .file(path),
                )
            }
            Err(TryLockError::Error(e)) => Err(unwritable(path, &e)),
        }
    }

    fn write_config(&self, config: &TrainConfig) -> Result<(), Problem> {
        write_whole(&self.path.join(CONFIG), config.to_text()?.as_bytes())?;
        Ok(())
    }

    /// Sets some room aside. On a disk that has none there is nothing to set aside.
    fn keep_spare(&self) {
        let path = self.path.join(SPARE);
        if path
            .metadata()
            .is_ok_and(|about| about.len() == SPARE_BYTES as u64)
        {
            return;
        }
        if std::fs::write(&path, [1; SPARE_BYTES]).is_err() {
            let _ = std::fs::remove_file(path);
        }
    }

    /// Gives that room up, so that a full disk can still be told about.
    pub(super) fn give_up_spare(&self) -> bool {
        std::fs::remove_file(self.path.join(SPARE)).is_ok()
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The log.
    pub fn events(&self) -> PathBuf {
        self.path.join("events.jsonl")
    }

    /// The checkpoints.
    pub fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    /// The pictures drawn after `step` steps.
    pub fn samples(&self, step: u64) -> PathBuf {
        self.path.join("samples").join(format!("step-{step:08}"))
    }

    /// Says that the run is alive, now and then.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn beat(&self, step: u64) -> Result<(), Problem> {
        if self.beaten.get().is_some_and(|last| last.elapsed() < BEAT) {
            return Ok(());
        }
        self.beaten.set(Some(Instant::now()));
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let beat = Heartbeat {
            pid: std::process::id(),
            step,
            at: now.unwrap_or_default().as_secs(),
        };
        let text = serde_json::to_vec(&beat).unwrap_or_default();
        // Not synced: it is worth nothing after a power cut.
        let beside = self.path.join(format!("{HEARTBEAT}.part"));
        std::fs::write(&beside, text)
            .and_then(|()| std::fs::rename(&beside, self.path.join(HEARTBEAT)))
            .map_err(|e| self.unwritable(&e))
    }

    /// Why the folder cannot be written, as a person reads it.
    pub fn unwritable(&self, error: &std::io::Error) -> Problem {
        unwritable(&self.path, error)
    }
}

/// Who trains in a folder, or did.
pub fn heartbeat(path: &Path) -> Option<Heartbeat> {
    let text = std::fs::read(path.join(HEARTBEAT)).ok()?;
    serde_json::from_slice(&text).ok()
}

fn unwritable(path: &Path, error: &std::io::Error) -> Problem {
    let hint = match error.kind() {
        std::io::ErrorKind::StorageFull => "Make room on the disk and resume the run.",
        std::io::ErrorKind::PermissionDenied => "Choose a folder that you may write to.",
        std::io::ErrorKind::NotFound => "Bring the folder back and resume the run.",
        _ => "Check the disk and resume the run.",
    };
    Problem::new(format!("The folder of the run cannot be used: {error}."))
        .hint(hint)
        .file(path)
}
