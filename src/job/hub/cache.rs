//! The cache that all programs share which download from the hub.
//!
//! Layout: `models--owner--name/` with `blobs/` (the files, named by their checksum), `snapshots/`
//! (one folder per commit, links to blobs under the files' own names) and `refs/` (branches and
//! tags, each a file with a commit).

use super::{HubError, HubFile, RepoId};
use std::path::{Path, PathBuf};

/// Where the cache is, as the hub's own tools look for it; none when there is no home folder.
pub fn cache_folder() -> Option<PathBuf> {
    let set = |name| {
        let value = std::env::var_os(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    };
    let home = || directories::BaseDirs::new().map(|dirs| dirs.home_dir().join(".cache"));
    set("HF_HUB_CACHE")
        .or_else(|| set("HUGGINGFACE_HUB_CACHE"))
        .or_else(|| Some(set("HF_HOME")?.join("hub")))
        .or_else(|| {
            let cache = set("XDG_CACHE_HOME").or_else(home)?;
            Some(cache.join("huggingface").join("hub"))
        })
}

/// The folders of one repository in the cache.
pub(super) struct RepoCache {
    root: PathBuf,
}

impl RepoCache {
    pub(super) fn new(cache: &Path, repo: &RepoId) -> Self {
        Self {
            root: cache.join(repo.folder()),
        }
    }

    /// Where the bytes of a file are once they are whole.
    pub(super) fn blob(&self, file: &HubFile) -> PathBuf {
        self.root.join("blobs").join(&file.checksum)
    }

    /// Where they are until then, as the hub's own tools name it.
    pub(super) fn incomplete(&self, file: &HubFile) -> PathBuf {
        let name = format!("{}.incomplete", file.checksum);
        self.root.join("blobs").join(name)
    }

    /// The folder of a commit.
    pub(super) fn snapshot(&self, commit: &str) -> PathBuf {
        self.root.join("snapshots").join(commit)
    }

    /// Makes the folder of the blobs.
    pub(super) fn prepare(&self) -> Result<(), HubError> {
        make_folder(&self.root.join("blobs"))
    }

    /// Puts a whole blob into a snapshot under its own name.
    pub(super) fn link(&self, file: &HubFile, commit: &str) -> Result<(), HubError> {
        let place = self.snapshot(commit).join(&file.path);
        if let Some(folder) = place.parent() {
            make_folder(folder)?;
        }
        let blob = self.blob(file);
        if std::fs::metadata(&place).is_ok_and(|about| about.len() == file.bytes) {
            return Ok(());
        }
        // A link to a blob that was thrown away meanwhile.
        if place.symlink_metadata().is_ok() {
            std::fs::remove_file(&place).map_err(|e| HubError::disk(&e, &place))?;
        }
        let up = "../".repeat(file.path.matches('/').count() + 2);
        let target = format!("{up}blobs/{}", file.checksum);
        if symlink(Path::new(&target), &place).is_ok() {
            return Ok(());
        }
        // Systems without links for everybody get the file itself, as the hub's own tools do.
        std::fs::hard_link(&blob, &place)
            .or_else(|_refused| std::fs::copy(&blob, &place).map(|_bytes| ()))
            .map_err(|e| HubError::disk(&e, &place))
    }

    /// Writes down which commit a branch or tag points to.
    pub(super) fn point(&self, revision: &str, commit: &str) -> Result<(), HubError> {
        if revision == commit {
            return Ok(());
        }
        let place = self.root.join("refs").join(revision);
        if let Some(folder) = place.parent() {
            make_folder(folder)?;
        }
        std::fs::write(&place, commit).map_err(|e| HubError::disk(&e, &place))
    }
}

#[cfg(unix)]
fn symlink(target: &Path, place: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, place)
}

#[cfg(windows)]
fn symlink(target: &Path, place: &Path) -> std::io::Result<()> {
    std::os::windows::fs::symlink_file(target, place)
}

fn make_folder(folder: &Path) -> Result<(), HubError> {
    std::fs::create_dir_all(folder).map_err(|e| HubError::disk(&e, folder))
}

/// Bytes free where a folder is or will be; none where the system does not say.
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|ancestor| ancestor.is_dir())?;
    fs4::available_space(there).ok()
}
