//! What is written down when the program makes a mistake that it cannot go on from.

use crate::job::saving::write_own_text;
use crate::job::{Places, Problem, clock, logs};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Reports that are kept.
const KEPT: usize = 20;
/// Longest message of a panic, in characters.
const LONGEST: usize = 2000;
/// Largest file that can be a report, in bytes.
const MOST_BYTES: u64 = 4 << 20;

/// A mistake of the program: what, where, in which version and on which machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CrashReport {
    /// When, in seconds since 1970.
    pub at: i64,
    /// The version of the program.
    pub version: String,
    /// The system and the kind of processor.
    pub system: String,
    /// The number of the process.
    pub process: u32,
    /// The thread.
    pub thread: String,
    /// What went wrong.
    pub message: String,
    /// File and line of our code.
    pub place: String,
    /// Device, model and graphics, as far as they were known.
    pub facts: BTreeMap<String, String>,
    /// How the program came there.
    pub backtrace: String,
    /// The newest lines of the log.
    pub log: Vec<String>,
}

impl CrashReport {
    /// A report about now.
    pub(super) fn of(message: &str, place: String, thread: String, backtrace: String) -> Self {
        Self {
            at: clock::now(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            process: std::process::id(),
            thread,
            message: without_quotes(message),
            place,
            facts: super::facts::noted(),
            backtrace,
            log: logs::recent(),
        }
    }

    /// Writes the report as a whole, and deletes the oldest ones.
    ///
    /// # Errors
    /// When the disk says no.
    pub(super) fn write(&self, places: &Places) -> Result<PathBuf, Problem> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let folder = places.crashes();
        let time = clock::stamp(self.at).replace(' ', "T").replace(':', "");
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("crash-{time}-{}-{number}.json", self.process));
        let text = serde_json::to_string_pretty(self)
            .map_err(|e| Problem::new(format!("The report cannot be written: {e}.")))?;
        write_own_text(&path, &text)?;
        let all = list(&folder);
        for old in all.iter().take(all.len().saturating_sub(KEPT)) {
            // An old report that stays harms nobody.
            let _ = std::fs::remove_file(old);
        }
        Ok(path)
    }

    /// Reads a report.
    ///
    /// # Errors
    /// When there is none in the file.
    pub(super) fn read(path: &Path) -> Result<Self, Problem> {
        let unusable = |why: String| {
            Problem::new(format!("The report cannot be read: {why}."))
                .hint("The log may still tell what happened. Nothing else is lost.")
                .file(path)
        };
        let about = std::fs::metadata(path).map_err(|e| unusable(e.to_string()))?;
        if about.len() > MOST_BYTES {
            return Err(unusable("it is too large to be one".to_owned()));
        }
        let text = std::fs::read_to_string(path).map_err(|e| unusable(e.to_string()))?;
        serde_json::from_str(&text).map_err(|e| unusable(e.to_string()))
    }
}

impl fmt::Display for CrashReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.message)?;
        writeln!(f, "at {} in thread {}", self.place, self.thread)?;
        let when = clock::stamp(self.at);
        writeln!(f, "{when} UTC, version {}, {}", self.version, self.system)?;
        for (name, value) in &self.facts {
            writeln!(f, "{name}: {value}")?;
        }
        if !self.log.is_empty() {
            writeln!(f, "\nThe last lines of the log")?;
            for line in &self.log {
                writeln!(f, "{line}")?;
            }
        }
        if !self.backtrace.is_empty() {
            write!(f, "\nThe way there\n{}", self.backtrace)?;
        }
        Ok(())
    }
}

/// All reports, oldest first: their names begin with their times.
pub(super) fn list(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_one = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with("crash-") && name.ends_with(".json"))
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).filter(is_one).collect();
    paths.sort();
    paths
}

/// The newest report of a process since a time.
pub(super) fn of_process(folder: &Path, process: u32, since: i64) -> Option<PathBuf> {
    let part = format!("-{process}-");
    let wanted = |path: &&PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        let written = std::fs::metadata(path).and_then(|about| about.modified());
        let written = written
            .ok()
            .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        // A process number comes again some day.
        name.is_some_and(|name| name.contains(&part))
            && written.is_none_or(|written| written.as_secs() as i64 >= since)
    };
    list(folder).iter().rev().find(wanted).cloned()
}

/// The message of a panic without the text it may quote: about a wrong place in a text the standard
/// library says the whole text, and that may be a question.
pub(in crate::job) fn without_quotes(message: &str) -> String {
    let shown = match message.split_once('`') {
        // Names in backticks come in the middle; a quoted text ends the message.
        Some((before, _)) if before.trim_end().ends_with(" of") => format!("{before}`…`"),
        _ => message.to_owned(),
    };
    shown.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;

    #[test]
    fn a_panic_about_a_text_does_not_quote_it() {
        let question = std::hint::black_box("Wäs passiert?");
        for (from, to) in [(0, 2), (2, 5), (3, 99)] {
            let caught = catch_unwind(|| question[from..to].len());
            let Err(caught) = caught else {
                panic!("a wrong place in a text is a panic");
            };
            let message = caught.downcast_ref::<String>().cloned().unwrap_or_default();
            let shown = without_quotes(&message);
            assert!(!shown.contains("passiert"), "{shown}");
            assert!(shown.len() > 20, "{shown}");
        }
        let plain = "called `Option::unwrap()` on a `None` value";
        assert_eq!(without_quotes(plain), plain);
    }
}
