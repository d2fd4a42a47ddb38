//! `studio.db`: opening it, bringing it up to date, and never losing one that cannot be used.

use super::Folders;
use crate::job::Problem;
use rusqlite::{Connection, ErrorCode};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One step per version, oldest first; the number of steps a file has taken is its `user_version`.
/// A step that was published is never changed, only followed by another one.
const MIGRATIONS: &[&str] = &[include_str!("first.sql"), include_str!("votes.sql")];

/// How long another window may hold the database before a write is given up.
const PATIENCE: Duration = Duration::from_secs(5);

/// An open database.
pub(super) struct Opened {
    pub(super) db: Connection,
    /// Where a damaged one was put before a new one was begun.
    pub(super) set_aside: Option<PathBuf>,
    /// Whether there was none before.
    pub(super) new: bool,
}

/// Why a database cannot be used as it is.
#[derive(Debug)]
enum Unusable {
    /// It is no database, or a part of it cannot be read.
    Damaged(String),
    /// Anything else; the file may be fine.
    Other(Problem),
}

/// Opens the database of a data folder, making both when needed.
///
/// # Errors
/// When the folder cannot be written to, or the file is of a newer version, which is left alone.
pub(super) fn open(folders: &Folders) -> Result<Opened, Problem> {
    folders.make()?;
    let file = folders.database();
    let new = !file.exists();
    let (db, set_aside) = match open_file(&file) {
        Ok(db) => (db, None),
        Err(Unusable::Other(problem)) => return Err(problem),
        Err(Unusable::Damaged(why)) => {
            tracing::warn!(why, "the database is damaged");
            let aside = set_aside(&file)?;
            match open_file(&file) {
                Ok(db) => (db, Some(aside)),
                Err(Unusable::Other(problem)) => return Err(problem),
                Err(Unusable::Damaged(why)) => return Err(cannot_open(why, &file)),
            }
        }
    };
    Ok(Opened {
        db,
        new: new || set_aside.is_some(),
        set_aside,
    })
}

fn open_file(file: &Path) -> Result<Connection, Unusable> {
    let sorted = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            Unusable::Damaged(error.to_string())
        }
        _ => Unusable::Other(cannot_open(error, file)),
    };
    let mut db = Connection::open(file).map_err(sorted)?;
    db.busy_timeout(PATIENCE).map_err(sorted)?;
    let version = version_of(&db).map_err(sorted)?;
    let known = MIGRATIONS.len();
    if version > known {
        let problem = Problem::new(format!(
            "The list of runs has version {version}, but this program knows up to {known}. It is \
             left as it is, and new runs are not kept."
        ))
        .hint("Use a newer version of LGD Studio, or another folder with LGD_STUDIO_HOME.")
        .file(file);
        return Err(Unusable::Other(problem));
    }
    let sound: String = db
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(sorted)?;
    if sound != "ok" {
        return Err(Unusable::Damaged(sound));
    }
    // Readers of another window never wait for a writer, and a write is one append.
    db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))
        .map_err(sorted)?;
    db.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;")
        .map_err(sorted)?;
    migrate(&mut db).map_err(sorted)?;
    Ok(db)
}

fn version_of(db: &Connection) -> rusqlite::Result<usize> {
    let version: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

fn migrate(db: &mut Connection) -> rusqlite::Result<()> {
    // Asked again inside: another window may have been faster.
    let step = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version = version_of(&step)?;
    for (done, sql) in MIGRATIONS.iter().enumerate().skip(version) {
        step.execute_batch(sql)?;
        step.pragma_update(None, "user_version", (done + 1) as i64)?;
    }
    step.commit()
}

/// Renames a damaged database, never over an earlier one.
fn set_aside(file: &Path) -> Result<PathBuf, Problem> {
    let beside = |ending: &str| {
        let mut name = file.file_name().unwrap_or_default().to_os_string();
        name.push(ending);
        file.with_file_name(name)
    };
    let mut number = 1;
    let mut aside = beside(".broken");
    while aside.exists() {
        number += 1;
        aside = beside(&format!(".broken-{number}"));
    }
    let failed = |error: std::io::Error| {
        Problem::new(format!(
            "The list of runs is damaged and cannot be set aside: {error}. New runs are not kept."
        ))
        .hint("Move the file away by hand and start the program again.")
        .file(file)
    };
    std::fs::rename(file, &aside).map_err(failed)?;
    // What was not yet moved into the database goes with it: a new one must not read it.
    for ending in ["-wal", "-shm"] {
        let with = beside(ending);
        if with.exists() {
            let mut name = aside.clone().into_os_string();
            name.push(ending);
            std::fs::rename(&with, name).map_err(failed)?;
        }
    }
    Ok(aside)
}

fn cannot_open(why: impl std::fmt::Display, file: &Path) -> Problem {
    Problem::new(format!(
        "The list of runs cannot be opened: {why}. New runs are not kept."
    ))
    .hint("Check the permissions and the free room of the folder, then start the program again.")
    .file(file)
}

/// A failed read or write as a person reads it.
pub(super) fn failed(error: &rusqlite::Error) -> Problem {
    let hint = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "Make room on the disk. The drawing goes on.",
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            "Check the permissions of the data folder. The drawing goes on."
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "Another window is writing for a long time. Close it, or try again."
        }
        _ => "The drawing goes on. Save what matters in a file of its own.",
    };
    Problem::new(format!("The list of runs cannot be written: {error}.")).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(home: &Path) -> Folders {
        Folders::new(home.join("data"))
    }

    fn count(db: &Connection) -> rusqlite::Result<i64> {
        db.query_row("SELECT count(*) FROM runs", [], |row| row.get(0))
    }

    #[test]
    fn an_empty_file_and_none_become_the_newest_version() -> Result<(), Box<dyn std::error::Error>>
    {
        for empty in [false, true] {
            let home = tempfile::tempdir()?;
            let folders = folders(home.path());
            if empty {
                folders.make()?;
                std::fs::write(folders.database(), "")?;
            }
            let opened = open(&folders)?;
            assert!(opened.set_aside.is_none());
            assert_eq!(version_of(&opened.db)?, MIGRATIONS.len());
            assert_eq!(count(&opened.db)?, 0);
            let mode: String = opened
                .db
                .query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
            assert_eq!(mode, "wal");
            drop(opened);
            assert!(!open(&folders)?.new, "the second time it is there");
        }
        Ok(())
    }

    #[test]
    fn a_newer_file_is_refused_and_left_alone() -> Result<(), Box<dyn std::error::Error>> {
        let home = tempfile::tempdir()?;
        let folders = folders(home.path());
        drop(open(&folders)?);
        let newer = Connection::open(folders.database())?;
        newer.pragma_update(None, "user_version", 99)?;
        newer.execute_batch("CREATE TABLE from_the_future (what TEXT)")?;
        drop(newer);
        let before = std::fs::read(folders.database())?;
        let problem = open(&folders).err().ok_or("it was opened")?;
        assert!(problem.message.contains("version 99"), "{problem}");
        assert!(problem.hint.is_some() && problem.file.is_some());
        assert_eq!(std::fs::read(folders.database())?, before);
        Ok(())
    }

    #[test]
    fn damaged_files_are_set_aside_and_all_kept() -> Result<(), Box<dyn std::error::Error>> {
        let home = tempfile::tempdir()?;
        let folders = folders(home.path());
        folders.make()?;
        let mut kept = Vec::new();
        for damage in [
            "this was a database once, or was it not",
            "SQLite format 3\0 and then",
        ] {
            for ending in ["", "-wal", "-shm"] {
                let path = format!("{}{ending}", folders.database().display());
                if std::path::Path::new(&path).exists() {
                    std::fs::remove_file(path)?;
                }
            }
            std::fs::write(folders.database(), damage.repeat(40))?;
            let opened = open(&folders)?;
            let aside = opened.set_aside.ok_or("nothing was set aside")?;
            assert_eq!(std::fs::read_to_string(&aside)?, damage.repeat(40));
            assert_eq!(count(&opened.db)?, 0);
            kept.push(aside);
        }
        kept.dedup();
        assert_eq!(kept.len(), 2, "the second does not replace the first");
        assert!(kept.iter().all(|path| path.exists()));
        Ok(())
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_told() -> Result<(), Box<dyn std::error::Error>> {
        let home = tempfile::tempdir()?;
        // A file in the place of the folder stops the administrator, too.
        std::fs::write(home.path().join("data"), "a file")?;
        let problem = open(&folders(home.path())).err().ok_or("it was opened")?;
        assert!(
            problem.hint.is_some() && problem.file.is_some(),
            "{problem}"
        );
        // And a folder in the place of the file.
        let home = tempfile::tempdir()?;
        let folders = folders(home.path());
        std::fs::create_dir_all(folders.database())?;
        let problem = open(&folders).err().ok_or("it was opened")?;
        assert!(problem.message.contains("not kept"), "{problem}");
        assert!(folders.database().is_dir());
        Ok(())
    }
}
