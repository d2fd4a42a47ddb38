//! Deleting runs so that it can be taken back.
//!
//! A deleted run file is moved to `runs/.deleted/` and its row only marked, so undo works even where
//! there is no bin. When the program ends, what it deleted goes to the system's bin. Where that is
//! not possible, a file stays in `.deleted` for 30 days.

use super::archive::Archive;
use super::database::failed;
use super::folders::journal_of;
use super::rows;
use super::{RunEntry, RunKey};
use crate::job::Problem;
use std::path::{Path, PathBuf};

/// A window that was killed leaves deleted runs behind; after this many seconds nobody undoes them.
const UNDO_SECS: i64 = 60 * 60;
/// How long a run stays that no bin takes, in seconds.
const STAY_SECS: i64 = 30 * 24 * 60 * 60;

/// Deletes runs and returns those that are gone now.
///
/// # Errors
/// When a run is being drawn, or a file cannot be moved.
pub(super) fn delete(archive: &mut Archive, runs: Vec<RunKey>) -> Result<Vec<RunKey>, Problem> {
    if runs.iter().any(|run| archive.is_active(*run)) {
        return Err(Problem::new("The run was not deleted: it is being drawn.")
            .hint("Cancel it first, or wait until it is done."));
    }
    for run in &runs {
        let entry = archive.entry(*run)?;
        move_file(&entry.file, &staged(archive, &entry))?;
        archive.writing(|db| rows::set_deleted(db, *run, Some(rows::now())))?;
        archive.staged.insert(*run);
    }
    Ok(runs)
}

/// Takes a deletion back and returns the runs that are there again.
///
/// # Errors
/// When a file cannot be moved back.
pub(super) fn restore(archive: &mut Archive, runs: Vec<RunKey>) -> Result<Vec<RunEntry>, Problem> {
    let mut back = Vec::new();
    for run in runs {
        let entry = archive.entry(run)?;
        move_file(&staged(archive, &entry), &entry.file)?;
        archive.writing(|db| rows::set_deleted(db, run, None))?;
        archive.staged.remove(&run);
        back.push(entry);
    }
    Ok(back)
}

/// Moves what this program deleted to the system's bin.
///
/// # Errors
/// When the database cannot be read or written.
pub(super) fn empty_own(archive: &mut Archive) -> Result<(), Problem> {
    let runs: Vec<RunKey> = std::mem::take(&mut archive.staged).into_iter().collect();
    empty(archive, &runs)
}

/// Moves what a program that was killed had deleted to the system's bin.
///
/// # Errors
/// When the database cannot be read or written.
pub(super) fn empty_old(archive: &mut Archive) -> Result<(), Problem> {
    let before = rows::now() - UNDO_SECS;
    let runs = rows::deleted_before(&archive.db, before).map_err(|e| failed(&e))?;
    empty(archive, &runs)
}

fn empty(archive: &mut Archive, runs: &[RunKey]) -> Result<(), Problem> {
    let old = rows::deleted_before(&archive.db, rows::now() - STAY_SECS).map_err(|e| failed(&e))?;
    for run in runs {
        let entry = archive.entry(*run)?;
        let file = staged(archive, &entry);
        if file.exists()
            && let Err(error) = trash::delete(&file)
        {
            tracing::warn!(%error, "no bin takes a deleted run");
            if !old.contains(run) {
                continue;
            }
            if let Err(error) = std::fs::remove_file(&file) {
                tracing::warn!(%error, "a deleted run stays behind");
                continue;
            }
        }
        let sha256 = &entry.frame.sha256;
        let unused = archive.writing(|db| {
            rows::forget(db, *run)?;
            Ok(!rows::frame_is_used(db, sha256)?)
        })?;
        if unused {
            remove(&entry.frame_file);
        }
        remove(&journal_of(&entry.file));
    }
    Ok(())
}

fn staged(archive: &Archive, entry: &RunEntry) -> PathBuf {
    let name = entry.file.file_name().unwrap_or_default();
    archive.folders.deleted().join(name)
}

/// Moves a run file; a run without finished columns has none.
fn move_file(from: &Path, to: &Path) -> Result<(), Problem> {
    if !from.exists() {
        return Ok(());
    }
    let folder = to.parent().unwrap_or(to);
    let moved = std::fs::create_dir_all(folder).and_then(|()| std::fs::rename(from, to));
    moved.map_err(|error| {
        Problem::new(format!("The run cannot be moved: {error}."))
            .hint("Check the permissions of the folder, and whether another program has it open.")
            .file(from)
    })
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, path = %path.display(), "a file stays behind");
    }
}
