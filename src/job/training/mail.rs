//! Requests to a run that nobody holds a pipe to: small files in its folder, each whole and taken
//! once. So a window that was opened later steers a run as well as the one that started it.

use super::Control;
use crate::job::Problem;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The folder of the requests, inside the run's.
const FOLDER: &str = "control";

/// Asks something of the run in `run`.
///
/// # Errors
/// When the folder cannot be written.
pub fn post(run: &Path, control: Control) -> Result<(), Problem> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let folder = run.join(FOLDER);
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    // Names sort by time, and two programs never choose the same one.
    let name = format!(
        "{:020}-{}-{:06}",
        now.unwrap_or_default().as_micros(),
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    );
    let beside = folder.join(format!(".{name}"));
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&beside, super::word(control)))
        .and_then(|()| std::fs::rename(&beside, folder.join(name)))
        .map_err(|e| {
            Problem::new(format!("The run cannot be told: {e}."))
                .hint("Check that its folder is there and can be written.")
                .file(run)
        })
}

/// The run's side.
pub(super) struct Mailbox {
    folder: PathBuf,
    taken: std::collections::VecDeque<Control>,
}

impl Mailbox {
    /// Opens the box of a run; what was asked of its last process is thrown away.
    pub fn open(run: &Path) -> Self {
        let mut mailbox = Self {
            folder: run.join(FOLDER),
            taken: std::collections::VecDeque::new(),
        };
        while mailbox.next().is_some() {}
        mailbox
    }

    /// The oldest request nobody took yet.
    pub fn next(&mut self) -> Option<Control> {
        if self.taken.is_empty() {
            self.collect();
        }
        self.taken.pop_front()
    }

    fn collect(&mut self) {
        // No folder: nobody asked for anything.
        let Ok(entries) = std::fs::read_dir(&self.folder) else {
            return;
        };
        let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        names.retain(|name| !name.to_string_lossy().starts_with('.'));
        names.sort();
        for name in names {
            let path = self.folder.join(name);
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::warn!(%error, "a request cannot be taken out of the box");
                return;
            }
            self.taken.extend(super::parse(text.trim()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_heard_once_and_in_order_and_old_ones_never() -> Result<(), Problem> {
        let run = tempfile::tempdir().map_err(|e| Problem::new(e.to_string()))?;
        post(run.path(), Control::Discard)?;
        let mut mailbox = Mailbox::open(run.path());
        assert_eq!(mailbox.next(), None);
        for control in [Control::Pause, Control::SaveNow, Control::Continue] {
            post(run.path(), control)?;
        }
        assert_eq!(mailbox.next(), Some(Control::Pause));
        assert_eq!(mailbox.next(), Some(Control::SaveNow));
        assert_eq!(mailbox.next(), Some(Control::Continue));
        assert_eq!(mailbox.next(), None);
        Ok(())
    }
}
