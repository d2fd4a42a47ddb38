//! One line of a log file, written and read back.
//!
//! `2026-11-29T10:44:18Z WARN 4711 lgd-worker job::worker the words`. Words of several lines go on in
//! lines that begin with four spaces.

use std::fmt;

/// How much a line matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Something happened as it should.
    #[default]
    Info,
    /// It went on differently.
    Warning,
    /// It failed.
    Error,
}

impl LogLevel {
    /// All levels, the least first.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Error];

    fn word(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warning => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// A line as it is in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogLine {
    /// When, in UTC, as `2026-11-29T10:44:18Z`.
    pub at: String,
    /// How much it matters.
    pub level: LogLevel,
    /// The number of the process.
    pub process: String,
    /// The name of the thread.
    pub thread: String,
    /// The part of the program.
    pub target: String,
    /// What happened; may have several lines.
    pub text: String,
}

impl LogLine {
    /// The line that begins with this text; none when it goes on with an earlier one.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut parts = line.splitn(6, ' ');
        let mut part = || parts.next().map(str::to_owned);
        let at = part().filter(|at| at.len() == 20 && at.ends_with('Z'))?;
        let level = part()?;
        let level = LogLevel::ALL.into_iter().find(|l| l.word() == level)?;
        Some(Self {
            at,
            level,
            process: part()?,
            thread: part()?,
            target: part()?,
            text: part().unwrap_or_default(),
        })
    }

    /// Adds a line that goes on with this one.
    pub(super) fn go_on(&mut self, line: &str) {
        self.text.push('\n');
        self.text
            .push_str(line.strip_prefix("    ").unwrap_or(line));
    }

    /// The first line of the words.
    pub fn first(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = self.level.word();
        let (at, process) = (&self.at, &self.process);
        let (thread, target) = (&self.thread, &self.target);
        let text = self.text.replace('\n', "\n    ");
        write!(f, "{at} {level} {process} {thread} {target} {text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let line = LogLine {
            at: "2026-11-29T10:44:18Z".to_owned(),
            level: LogLevel::Warning,
            process: "4711".to_owned(),
            thread: "lgd-worker".to_owned(),
            target: "job::worker".to_owned(),
            text: "two words\nand a hint".to_owned(),
        };
        let written = line.to_string();
        let mut lines = written.lines();
        let mut read = LogLine::parse(lines.next().unwrap_or_default()).unwrap_or_default();
        for more in lines {
            assert_eq!(LogLine::parse(more), None);
            read.go_on(more);
        }
        assert_eq!(read, line);
        for odd in [
            "",
            "    hint",
            "yesterday WARN 1 a b c",
            "2026-11-29T10:44:18Z LOUD 1 a b c",
        ] {
            assert_eq!(LogLine::parse(odd), None, "{odd}");
        }
    }
}
