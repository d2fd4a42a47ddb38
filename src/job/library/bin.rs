//! Deleting bundles so that it can be taken back.
//!
//! A deleted bundle is moved to `bundles/.deleted/`, under a name that says when. When the program
//! ends, what it deleted goes to the system's bin. What no bin takes stays there for 30 days.

use crate::job::{Places, Problem};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// A program that was killed leaves deleted bundles behind; after this many seconds nobody undoes
/// them.
const UNDO_SECS: u64 = 60 * 60;
/// How long a bundle stays that no bin takes, in seconds.
const STAY_SECS: u64 = 30 * 24 * 60 * 60;

/// A bundle that was deleted and can be restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedBundle {
    /// Where it was.
    pub folder: PathBuf,
    /// Where it is until the program ends.
    pub staged: PathBuf,
}

/// Deletes a bundle of the data folder.
///
/// # Errors
/// When it is no bundle of the data folder, or cannot be moved.
pub(super) fn delete(places: Option<&Places>, folder: &Path) -> Result<DeletedBundle, Problem> {
    let shelf = places.map(Places::bundles);
    let Some(shelf) = shelf.filter(|shelf| folder.parent() == Some(shelf)) else {
        return Err(
            Problem::new("Only bundles in the program's data folder can be deleted here.")
                .hint("Take it off the list, or delete its folder in a file manager.")
                .file(folder),
        );
    };
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let staged = shelf.join(".deleted").join(format!("{}-{name}", now()));
    move_folder(folder, &staged)?;
    Ok(DeletedBundle {
        folder: folder.to_path_buf(),
        staged,
    })
}

/// Takes a deletion back.
///
/// # Errors
/// When another bundle has its place now, or it cannot be moved.
pub(super) fn restore(deleted: &DeletedBundle) -> Result<(), Problem> {
    if deleted.folder.exists() {
        return Err(Problem::new("Another bundle has its place now.")
            .hint("Rename or delete that one, then move the deleted folder back by hand.")
            .file(&deleted.staged));
    }
    move_folder(&deleted.staged, &deleted.folder)
}

/// Moves what was deleted to the system's bin: `own`, and what a program that was killed left.
pub(super) fn empty(places: Option<&Places>, own: &[DeletedBundle]) {
    let Some(folder) = places.map(|places| places.bundles().join(".deleted")) else {
        return;
    };
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    for staged in entries.map(|entry| entry.path()) {
        let name = staged.file_name().unwrap_or_default().to_string_lossy();
        let since = name
            .split_once('-')
            .and_then(|(since, _)| since.parse().ok());
        let Some(age) = since.map(|since: u64| now().saturating_sub(since)) else {
            continue; // not ours
        };
        let is_own = own.iter().any(|deleted| deleted.staged == staged);
        if !is_own && age < UNDO_SECS {
            continue;
        }
        let Err(error) = trash::delete(&staged) else {
            continue;
        };
        tracing::warn!(%error, "no bin takes a deleted bundle");
        if age >= STAY_SECS
            && let Err(error) = std::fs::remove_dir_all(&staged)
        {
            tracing::warn!(%error, "a deleted bundle stays behind");
        }
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

fn move_folder(from: &Path, to: &Path) -> Result<(), Problem> {
    let shelf = to.parent().unwrap_or(to);
    let moved = std::fs::create_dir_all(shelf).and_then(|()| std::fs::rename(from, to));
    moved.map_err(|error| {
        Problem::new(format!("The bundle cannot be moved: {error}."))
            .hint("Check the permissions of the folder, and whether another program has it open.")
            .file(from)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(home: &Path) -> Places {
        Places {
            config: home.to_path_buf(),
            data: home.to_path_buf(),
            cache: home.join("cache"),
            state: home.to_path_buf(),
        }
    }

    #[test]
    fn a_bundle_is_deleted_and_restored() -> Result<(), Box<dyn std::error::Error>> {
        let home = tempfile::tempdir()?;
        let places = places(home.path());
        let folder = places.bundles().join("mine");
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("lgd.json"), "{}")?;
        let deleted = delete(Some(&places), &folder)?;
        assert!(!folder.exists() && deleted.staged.join("lgd.json").exists());
        // It is young and nobody's own: a program beside this one may still undo it.
        empty(Some(&places), &[]);
        restore(&deleted)?;
        assert!(folder.join("lgd.json").exists() && !deleted.staged.exists());

        let again = delete(Some(&places), &folder)?;
        std::fs::create_dir_all(&folder)?;
        let refused = restore(&again).expect_err("its place is taken");
        assert!(refused.to_string().contains("has its place"), "{refused}");
        Ok(())
    }

    #[test]
    fn folders_elsewhere_are_never_deleted() -> std::io::Result<()> {
        let home = tempfile::tempdir()?;
        let places = places(home.path());
        let inside = places.bundles().join("mine/unet");
        std::fs::create_dir_all(&inside)?;
        for folder in [home.path(), &inside, &places.bundles()] {
            assert!(delete(Some(&places), folder).is_err());
            assert!(folder.exists());
        }
        assert!(delete(None, &inside).is_err());
        Ok(())
    }
}
