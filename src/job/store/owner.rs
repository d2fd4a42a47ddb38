//! Whose jobs are whose: every open program holds a lock on a small file of its own.
//!
//! The system lets go of the lock when the program ends, however it ends, so a lock that can be
//! taken belongs to a program that is gone. Unlike a process number, it cannot be somebody else's
//! by now. Two windows on one folder never take each other's jobs.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// This program, as the owner of its jobs, until it is dropped.
#[derive(Debug)]
pub(super) struct Owner {
    name: String,
    path: PathBuf,
    _lock: File,
}

fn lock_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.lock"))
}

impl Owner {
    /// Makes an owner whose lock file is in `folder`.
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        std::fs::create_dir_all(folder)?;
        let time = SystemTime::now().duration_since(UNIX_EPOCH);
        let name = format!(
            "{}-{}-{}",
            std::process::id(),
            time.map_or(0, |time| time.as_nanos()),
            COUNTER.fetch_add(1, Ordering::Relaxed)
        );
        let path = lock_file(folder, &name);
        let lock = File::create_new(&path)?;
        lock.lock()?;
        Ok(Self {
            name,
            path,
            _lock: lock,
        })
    }

    /// The name in the database.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, "a lock file stays behind");
        }
    }
}

/// Whether the program of that name is still there. In doubt it is: jobs are never taken from a
/// program that may be drawing them.
pub(super) fn is_alive(folder: &Path, name: &str) -> bool {
    match File::open(lock_file(folder, name)) {
        Ok(file) => match file.try_lock() {
            Ok(()) => false,
            Err(TryLockError::WouldBlock) => true,
            Err(TryLockError::Error(error)) => {
                tracing::warn!(%error, "a lock cannot be tried");
                true
            }
        },
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// Removes what a program that is gone left behind.
pub(super) fn forget(folder: &Path, name: &str) {
    if let Err(error) = std::fs::remove_file(lock_file(folder, name)) {
        tracing::debug!(%error, "an old lock file stays behind");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_alive_until_it_goes() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let one = Owner::new(folder.path())?;
        let two = Owner::new(folder.path())?;
        assert_ne!(one.name(), two.name());
        assert!(is_alive(folder.path(), one.name()));
        let name = one.name().to_owned();
        drop(one);
        assert!(!is_alive(folder.path(), &name));
        assert!(is_alive(folder.path(), two.name()));
        // A killed program leaves its file, but not its lock.
        std::fs::write(lock_file(folder.path(), "killed"), "")?;
        assert!(!is_alive(folder.path(), "killed"));
        Ok(())
    }
}
