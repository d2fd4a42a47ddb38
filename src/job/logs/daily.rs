//! A file per day, and the end of those that are old.

use crate::job::clock;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// What the name of a log file begins and ends with; its day is between.
const NAME: (&str, &str) = ("lgd-studio.", ".log");

/// The day of a log file by its name; none for other files, which are left alone.
pub(super) fn day_of(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    let day = name.strip_prefix(NAME.0)?.strip_suffix(NAME.1)?;
    let plain = |c: char| c.is_ascii_digit() || c == '-';
    (day.len() == 10 && day.chars().all(plain)).then_some(day)
}

/// The log file of today.
pub(super) struct DailyFile {
    folder: PathBuf,
    kept_days: i64,
    open: Option<(String, File)>,
    /// Whether a failure was told; one is enough.
    told: bool,
}

impl DailyFile {
    /// Files in `folder`, each kept for so many days.
    pub(super) fn new(folder: PathBuf, kept_days: i64) -> Self {
        Self {
            folder,
            kept_days,
            open: None,
            told: false,
        }
    }

    /// Writes a line into the file of that time. Without a disk it is lost, and said once.
    pub(super) fn write(&mut self, seconds: i64, line: &str) {
        let written = self.try_write(seconds, line);
        if let Err(error) = &written
            && !self.told
        {
            let folder = self.folder.display();
            tracing::warn!("no log is written into {folder}: {error}");
        }
        self.told = written.is_err();
    }

    fn try_write(&mut self, seconds: i64, line: &str) -> io::Result<()> {
        let today = clock::day(seconds);
        if self.open.as_ref().is_none_or(|(day, _)| *day != today) {
            std::fs::create_dir_all(&self.folder)?;
            clean(&self.folder, seconds, self.kept_days);
            let name = format!("{}{today}{}", NAME.0, NAME.1);
            let mut options = File::options();
            options.create(true).append(true);
            // It names files of the person.
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            self.open = Some((today, options.open(self.folder.join(name))?));
        }
        let Some((_, file)) = &mut self.open else {
            return Ok(());
        };
        // One call per line: other processes append to the same file.
        let written = file.write_all(format!("{line}\n").as_bytes());
        if written.is_err() {
            self.open = None;
        }
        written
    }
}

/// Deletes log files that are older than so many days, the present one included.
fn clean(folder: &Path, seconds: i64, kept_days: i64) {
    let oldest = clock::day(seconds - (kept_days - 1) * 24 * 60 * 60);
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if day_of(&path).is_some_and(|day| day < oldest.as_str())
            && let Err(error) = std::fs::remove_file(&path)
        {
            tracing::debug!(%error, path = %path.display(), "an old log stays");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60;

    fn names(folder: &Path) -> io::Result<Vec<String>> {
        let names = std::fs::read_dir(folder)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut names = names.collect::<io::Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }

    #[test]
    fn two_weeks_are_kept_and_nothing_of_others_is_deleted() -> io::Result<()> {
        let home = tempfile::tempdir()?;
        let folder = home.path().join("logs");
        let mut file = DailyFile::new(folder.clone(), 14);
        let start = 1_795_478_400; // 2026-11-24
        file.write(start, "first");
        std::fs::write(folder.join("notes.txt"), "mine")?;
        std::fs::write(folder.join("lgd-studio.2020-01-01.log.txt"), "mine")?;
        for day in 1..=14 {
            file.write(start + day * DAY, "line");
        }
        let names = names(&folder)?;
        assert_eq!(names.len(), 14 + 2, "{names:?}");
        assert!(!names.contains(&"lgd-studio.2026-11-24.log".to_owned()));
        assert!(names.contains(&"lgd-studio.2026-11-25.log".to_owned()));
        assert!(names.contains(&"notes.txt".to_owned()));
        // A later start cleans what the days between have made old.
        let mut later = DailyFile::new(folder.clone(), 14);
        later.write(start + 60 * DAY, "later");
        assert_eq!(self::names(&folder)?.len(), 1 + 2);
        Ok(())
    }

    #[test]
    fn a_folder_that_cannot_be_written_to_ends_nothing() -> io::Result<()> {
        let home = tempfile::tempdir()?;
        let folder = home.path().join("logs");
        std::fs::write(&folder, "a file is in the way")?;
        let mut file = DailyFile::new(folder.clone(), 14);
        file.write(0, "lost");
        assert!(file.told);
        std::fs::remove_file(&folder)?;
        file.write(0, "kept");
        assert!(!file.told, "it is tried again");
        let text = std::fs::read_to_string(folder.join("lgd-studio.1970-01-01.log"))?;
        assert_eq!(text, "kept\n");
        Ok(())
    }
}
