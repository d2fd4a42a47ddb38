//! Where the store puts its files.

use crate::job::{Problem, is_run_file};
use std::path::{Path, PathBuf};

/// The folders and files of a data folder.
#[derive(Clone, Debug)]
pub(in crate::job) struct Folders {
    data: PathBuf,
}

impl Folders {
    /// The folders inside a data folder; none need exist.
    pub(in crate::job) fn new(data: PathBuf) -> Self {
        Self { data }
    }

    /// The database.
    pub(super) fn database(&self) -> PathBuf {
        self.data.join("studio.db")
    }

    /// Run files and journals.
    pub(super) fn runs(&self) -> PathBuf {
        self.data.join("runs")
    }

    /// Run files that were deleted, until they go to the system's bin.
    pub(super) fn deleted(&self) -> PathBuf {
        self.runs().join(".deleted")
    }

    /// Frames.
    pub(super) fn frames(&self) -> PathBuf {
        self.data.join("frames")
    }

    /// The frame with this checksum.
    pub(super) fn frame(&self, sha256: &str) -> PathBuf {
        self.frames().join(format!("{sha256}.png"))
    }

    /// Locks of open programs.
    pub(super) fn owners(&self) -> PathBuf {
        self.data.join(".open")
    }

    /// Makes all folders.
    ///
    /// # Errors
    /// When one cannot be made.
    pub(super) fn make(&self) -> Result<(), Problem> {
        for folder in [self.runs(), self.frames()] {
            std::fs::create_dir_all(&folder).map_err(|error| {
                Problem::new(format!(
                    "The folder for runs cannot be made: {error}. New runs are not kept."
                ))
                .hint("Choose another folder with LGD_STUDIO_HOME, or change its permissions.")
                .file(&folder)
            })?;
        }
        Ok(())
    }

    /// Bytes and run files in the folders.
    pub(super) fn measure(&self) -> (usize, u64) {
        let (mut runs, mut bytes) = (0, 0);
        let folders = [self.runs(), self.frames(), self.deleted()];
        let files = folders.iter().flat_map(std::fs::read_dir).flatten();
        for entry in files.flatten() {
            let Ok(about) = entry.metadata() else {
                continue;
            };
            if about.is_file() {
                bytes += about.len();
                runs += usize::from(is_run_file(&entry.path()));
            }
        }
        bytes += std::fs::metadata(self.database()).map_or(0, |about| about.len());
        (runs, bytes)
    }
}

/// The journal beside a run file.
pub(super) fn journal_of(run_file: &Path) -> PathBuf {
    run_file.with_extension("steps")
}
