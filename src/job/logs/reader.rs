//! Reads the log files back: only what is new since the last time, then what is looked for.

use super::daily::day_of;
use super::{LogLevel, LogLine};
use crate::job::Problem;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most bytes of a file that are read, from its end; some fifty thousand lines.
const MOST_BYTES: u64 = 8 << 20;

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Lines that matter at least so much.
    pub least: LogLevel,
    /// Words that all have to be in a line, whatever their case.
    pub words: String,
}

/// What was found.
#[derive(Debug, Default)]
pub struct LogShown {
    /// What was looked for.
    pub query: LogQuery,
    /// The lines, oldest first.
    pub lines: Vec<Arc<LogLine>>,
    /// How many there are in all.
    pub known: usize,
}

/// The log files as far as they were read.
pub(in crate::job) struct LogReader {
    folder: PathBuf,
    files: BTreeMap<PathBuf, ReadFile>,
}

#[derive(Default)]
struct ReadFile {
    read_to: u64,
    lines: Vec<Arc<LogLine>>,
}

impl LogReader {
    /// Reads nothing yet.
    pub(in crate::job) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            files: BTreeMap::new(),
        }
    }

    /// Reads what is new; whether there was something.
    ///
    /// # Errors
    /// When the folder or a file in it cannot be read. A folder that is not there yet is empty.
    pub(in crate::job) fn refresh(&mut self) -> Result<bool, Problem> {
        let mut found = Vec::new();
        match std::fs::read_dir(&self.folder) {
            Ok(entries) => {
                let paths = entries.flatten().map(|entry| entry.path());
                found.extend(paths.filter(|path| day_of(path).is_some()));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(self.unusable(&self.folder, &error)),
        }
        let before = self.files.len();
        self.files.retain(|path, _| found.contains(path));
        let mut changed = before != self.files.len();
        for path in found {
            let file = self.files.entry(path.clone()).or_default();
            let read = file.read_on(&path);
            changed |= read.map_err(|error| self.unusable(&path, &error))?;
        }
        Ok(changed)
    }

    /// What matches, oldest first: the files are named by their days.
    pub(in crate::job) fn find(&self, query: &LogQuery) -> LogShown {
        let words = query.words.to_lowercase();
        let words: Vec<&str> = words.split_whitespace().collect();
        let all = || self.files.values().flat_map(|file| &file.lines);
        let matching = all().filter(|line| matches(line, query.least, &words));
        LogShown {
            query: query.clone(),
            lines: matching.cloned().collect(),
            known: all().count(),
        }
    }

    fn unusable(&self, path: &Path, error: &io::Error) -> Problem {
        Problem::new(format!("The log cannot be read: {error}."))
            .hint("Make sure that this is a folder that you may read and write, or set LGD_STUDIO_HOME to another one. The program works without it.")
            .file(path)
    }
}

impl ReadFile {
    /// Reads the whole lines behind what is known; whether there were any.
    fn read_on(&mut self, path: &Path) -> io::Result<bool> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        if length < self.read_to {
            *self = Self::default(); // somebody emptied it
        }
        if length == self.read_to {
            return Ok(false);
        }
        let skipped = length.saturating_sub(MOST_BYTES) > self.read_to;
        if skipped {
            self.read_to = length - MOST_BYTES;
        }
        file.seek(SeekFrom::Start(self.read_to))?;
        let mut bytes = Vec::new();
        file.take(length - self.read_to).read_to_end(&mut bytes)?;
        // The last line may still be on its way.
        let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') else {
            return Ok(false);
        };
        bytes.truncate(end + 1);
        self.read_to += bytes.len() as u64;
        let text = String::from_utf8_lossy(&bytes);
        for line in text.lines().skip(usize::from(skipped)) {
            match (LogLine::parse(line), self.lines.last_mut()) {
                (Some(line), _) => self.lines.push(Arc::new(line)),
                (None, Some(last)) => Arc::make_mut(last).go_on(line),
                (None, None) => {}
            }
        }
        Ok(true)
    }
}

fn matches(line: &LogLine, least: LogLevel, words: &[&str]) -> bool {
    if line.level < least {
        return false;
    }
    if words.is_empty() {
        return true;
    }
    let parts = [&line.at, &line.thread, &line.target, &line.text].map(|part| part.to_lowercase());
    let in_a_part = |word: &&str| parts.iter().any(|part| part.contains(word));
    words.iter().all(in_a_part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    type Outcome = Result<(), Box<dyn std::error::Error>>;

    fn line(level: &str, text: &str) -> String {
        format!("2026-11-29T10:44:18Z {level} 1 main app {text}\n")
    }

    fn words(shown: &LogShown) -> Vec<&str> {
        shown.lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn only_what_is_new_is_read_and_what_is_looked_for_is_found() -> Outcome {
        let folder = tempfile::tempdir()?;
        let mut reader = LogReader::new(folder.path().join("logs"));
        assert!(!reader.refresh()?, "no folder yet");
        std::fs::create_dir(folder.path().join("logs"))?;
        let path = |day: &str| folder.path().join(format!("logs/lgd-studio.{day}.log"));
        std::fs::write(path("2026-11-29"), line("WARN", "second\n    with a hint"))?;
        std::fs::write(path("2026-11-28"), line("INFO", "first"))?;
        assert!(reader.refresh()?);
        let all = reader.find(&LogQuery::default());
        assert_eq!(words(&all), ["first", "second\nwith a hint"]);
        assert!(!reader.refresh()?, "nothing is new");

        let mut file = File::options().append(true).open(path("2026-11-29"))?;
        write!(file, "{}2026-11-29T10:44:19Z INFO", line("ERROR", "third"))?;
        assert!(reader.refresh()?, "whole lines are");
        let loud = LogQuery {
            least: LogLevel::Warning,
            words: "HINT Second".to_owned(),
        };
        let found = reader.find(&loud);
        assert_eq!((words(&found).len(), found.known), (1, 3));
        writeln!(file, " 1 main app fourth")?;
        assert!(reader.refresh()?);
        assert_eq!(reader.find(&LogQuery::default()).lines.len(), 4);
        std::fs::remove_file(path("2026-11-28"))?;
        assert!(reader.refresh()?);
        assert_eq!(reader.find(&LogQuery::default()).lines.len(), 3);
        Ok(())
    }

    #[test]
    fn a_huge_file_is_read_from_its_end() -> Outcome {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("lgd-studio.2026-11-29.log");
        let one = line("INFO", &"word ".repeat(40));
        let count = 2 * MOST_BYTES as usize / one.len();
        std::fs::write(&path, one.repeat(count) + &line("INFO", "last"))?;
        let mut reader = LogReader::new(folder.path().to_path_buf());
        assert!(reader.refresh()?);
        let all = reader.find(&LogQuery::default());
        assert!(all.known > 10_000 && all.known < count, "{}", all.known);
        assert_eq!(words(&all).last(), Some(&"last"));
        Ok(())
    }
}
