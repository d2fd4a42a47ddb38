//! How the program ended the last time: every window marks its start, and takes the mark away at its
//! end.
//!
//! The mark is a locked file. The system lets go of the lock however a process ends, so a mark whose
//! lock can be taken belongs to a window that crashed or was killed. Whether that window had opened is
//! written in it; starts that fail in a row are counted beside it.

use super::report;
use crate::job::{Places, clock};
use serde::{Deserialize, Serialize};
use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Starts that fail in a row before something is offered about it.
const TOO_MANY: u32 = 2;

/// What a mark says.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Note {
    process: u32,
    started: i64,
    opened: bool,
    safe: bool,
}

/// The mark of this start.
#[derive(Debug)]
pub struct StartMark {
    path: PathBuf,
    file: Mutex<File>,
    note: Note,
    failures: PathBuf,
}

/// How a window ended that did not end by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BadEnd {
    /// When it was started, in seconds since 1970.
    pub started: i64,
    /// Whether it had opened.
    pub opened: bool,
    /// Its report; none when it was ended from outside.
    pub report: Option<PathBuf>,
}

/// What is known of earlier starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// The newest bad end that nobody was told about.
    pub bad_end: Option<BadEnd>,
    /// Starts in a row that ended before the window had opened.
    pub failed_starts: u32,
}

impl Past {
    /// Whether so many starts failed that the next one should be asked about.
    pub fn keeps_failing(&self) -> bool {
        self.failed_starts >= TOO_MANY
    }
}

/// Looks at how earlier windows ended, then marks this start. Without a folder that can be written to
/// nothing is known and nothing is marked.
pub fn begin(places: &Places, safe: bool) -> (Option<StartMark>, Past) {
    let folder = places.starts();
    let past = look_back(&folder, &places.crashes());
    match mark(&folder, safe) {
        Ok(mark) => (Some(mark), past),
        Err(error) => {
            tracing::warn!("this start is not marked: {error}");
            (None, past)
        }
    }
}

fn look_back(folder: &Path, crashes: &Path) -> Past {
    let failures = folder.join("failed");
    let counted = std::fs::read_to_string(&failures).ok();
    let before = counted
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0);
    let mut failed = before;
    let mut ended: Vec<Note> = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|end| end == "start")
            && let Some(note) = left_behind(&path)
        {
            ended.push(note);
        }
    }
    ended.sort_by_key(|note| note.started);
    for note in &ended {
        failed = match (note.opened, note.safe) {
            (true, false) => 0,
            (false, false) => failed + 1,
            // A start in safe mode says nothing about the others.
            (_, true) => failed,
        };
    }
    if failed != before {
        count(&failures, failed);
    }
    let bad_end = ended.last().map(|note| BadEnd {
        started: note.started,
        opened: note.opened,
        report: report::of_process(crashes, note.process, note.started),
    });
    Past {
        bad_end,
        failed_starts: failed,
    }
}

/// The note of a window that is gone; its mark is taken away. None for one that still runs.
fn left_behind(path: &Path) -> Option<Note> {
    let mut file = File::open(path).ok()?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return None,
        Err(TryLockError::Error(error)) => {
            // In doubt it is still there: nobody is told of a crash that was none.
            tracing::debug!(%error, "a mark cannot be tried");
            return None;
        }
    }
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    if let Err(error) = std::fs::remove_file(path) {
        tracing::debug!(%error, "an old mark stays behind");
    }
    // A mark without words was left between making and writing it: a start that failed at once.
    Some(serde_json::from_str(&text).unwrap_or_default())
}

fn mark(folder: &Path, safe: bool) -> io::Result<StartMark> {
    std::fs::create_dir_all(folder)?;
    let note = Note {
        process: std::process::id(),
        started: clock::now(),
        opened: false,
        safe,
    };
    let path = folder.join(format!("{}-{}.start", note.process, unique()));
    let mut options = File::options();
    let file = options
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)?;
    file.lock()?;
    let mark = StartMark {
        path,
        file: Mutex::new(file),
        note,
        failures: folder.join("failed"),
    };
    mark.write(&mark.note)?;
    Ok(mark)
}

fn unique() -> u128 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos())
}

fn count(file: &Path, failed: u32) {
    let written = match failed {
        0 => match std::fs::remove_file(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        },
        failed => std::fs::write(file, failed.to_string()),
    };
    if let Err(error) = written {
        tracing::debug!(%error, "failed starts are not counted");
    }
}

impl StartMark {
    fn write(&self, note: &Note) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(serde_json::to_string(note)?.as_bytes())
    }

    /// The window has opened: this start did not fail.
    pub(super) fn opened(&self) {
        let note = Note {
            opened: true,
            ..self.note.clone()
        };
        if let Err(error) = self.write(&note) {
            tracing::debug!(%error, "the mark of this start cannot be changed");
        }
        if !note.safe {
            count(&self.failures, 0);
        }
    }

    /// The program ends as it should.
    pub fn end(&self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, "the mark of this start stays behind");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(home: &Path) -> Places {
        Places {
            config: home.into(),
            data: home.into(),
            cache: home.into(),
            state: home.into(),
        }
    }

    fn start(home: &Path, safe: bool) -> Result<(StartMark, Past), &'static str> {
        let (mark, past) = begin(&places(home), safe);
        Ok((mark.ok_or("the folder can be written to")?, past))
    }

    #[test]
    fn a_window_that_runs_or_ended_well_is_no_crash() -> Result<(), Box<dyn std::error::Error>> {
        let home = tempfile::tempdir()?;
        let (first, past) = start(home.path(), false)?;
        assert_eq!(past, Past::default());
        let (second, past) = start(home.path(), false)?;
        assert_eq!(past, Past::default(), "the first still runs");
        first.end();
        second.opened();
        second.end();
        drop((first, second));
        assert_eq!(start(home.path(), false)?.1, Past::default());
        Ok(())
    }

    #[test]
    fn two_failed_starts_in_a_row_are_counted_and_one_that_opens_ends_the_row()
    -> Result<(), Box<dyn std::error::Error>> {
        let home = tempfile::tempdir()?;
        // A dropped mark is what a killed process leaves behind.
        drop(start(home.path(), false)?);
        let (mark, past) = start(home.path(), false)?;
        assert!(!past.keeps_failing());
        assert!(past.bad_end.is_some_and(|end| !end.opened));
        drop(mark);
        let (mark, past) = start(home.path(), true)?;
        assert!(past.keeps_failing());
        mark.opened();
        mark.end();
        drop(mark);
        let (mark, past) = start(home.path(), false)?;
        assert!(past.keeps_failing(), "safe mode mends nothing");
        assert_eq!(past.bad_end, None, "that was told before");
        mark.opened();
        drop(mark);
        let (_, past) = start(home.path(), false)?;
        assert_eq!(past.failed_starts, 0);
        assert!(past.bad_end.is_some_and(|end| end.opened));
        Ok(())
    }

    #[test]
    fn a_folder_that_cannot_be_used_costs_only_the_mark() -> std::io::Result<()> {
        let home = tempfile::tempdir()?;
        std::fs::write(home.path().join("starts"), "in the way")?;
        let (mark, past) = begin(&places(home.path()), false);
        assert!(mark.is_none());
        assert_eq!(past, Past::default());
        Ok(())
    }
}
