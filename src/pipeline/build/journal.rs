//! What a build has finished, so that one that was stopped goes on from there.

use super::disk;
use crate::pipeline::Problem;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// The journal's name in the folder of a bundle that is being made.
const JOURNAL: &str = ".making.json";
/// Held while somebody is making the bundle; the system lets go of it when the program dies.
const LOCK: &str = ".making.lock";

/// What is finished, by path inside the bundle.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Journal {
    #[serde(default)]
    pub done: BTreeMap<String, Done>,
}

/// A finished weight file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Done {
    /// Equal for files that will have equal bytes.
    pub plan: String,
    /// Its size.
    pub bytes: u64,
    /// Its checksum.
    pub sha256: String,
}

impl Journal {
    /// The journal in `folder`; an empty one when there is none that can be read.
    pub fn open(folder: &Path) -> Self {
        let text = std::fs::read(folder.join(JOURNAL)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Writes it down, whole.
    pub fn save(&self, folder: &Path) -> Result<(), Problem> {
        disk::write(&folder.join(JOURNAL), &disk::json(self))
    }
}

/// Whether a build was in this folder and has not cleaned up behind itself.
pub(crate) fn is_being_made(folder: &Path) -> bool {
    folder.join(JOURNAL).is_file() || folder.join(LOCK).is_file()
}

/// Whether a file belongs to the making of the bundle and not to the bundle.
pub(crate) fn is_of_making(name: &OsStr) -> bool {
    name == JOURNAL || name == LOCK
}

/// Removes the traces of a build from a bundle that is whole.
pub(super) fn clean_up(folder: &Path) {
    for name in [JOURNAL, LOCK] {
        match std::fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!("a file of the build stays behind: {error}");
            }
            _ => {}
        }
    }
}

/// The right to make the bundle in a folder; two at a time would spoil each other's files.
pub(super) struct Claim {
    _lock: File,
}

impl Claim {
    /// Claims `folder`, which exists.
    pub fn of(folder: &Path) -> Result<Self, Problem> {
        let path: PathBuf = folder.join(LOCK);
        let file = File::create(&path).map_err(|e| disk::write_problem(&e, &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _lock: file }),
            Err(TryLockError::WouldBlock) => Err(Problem::new(
                "Another LGD Studio is making this bundle right now.",
            )
            .hint("Wait until it is done, or choose another folder.")
            .file(folder)),
            // Some network file systems have no locks; then there is nothing to ask.
            Err(TryLockError::Error(error)) => {
                tracing::warn!("the folder cannot be claimed: {error}");
                Ok(Self { _lock: file })
            }
        }
    }
}
