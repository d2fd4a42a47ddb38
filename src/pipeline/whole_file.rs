//! Files that are there whole or not at all: written beside their place and renamed.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// How the name of an unfinished file begins and ends.
const BESIDE: &str = ".lgd-";
const UNFINISHED: &str = ".part";

/// Why a file could not be saved.
#[derive(Debug, thiserror::Error)]
#[error("{}\n{}\nFile: {}", self.message(), self.hint(), self.path.display())]
pub struct SaveError {
    /// What is wrong.
    #[source]
    pub kind: SaveProblem,
    /// The file that was to be written.
    pub path: PathBuf,
}

/// What keeps a file from being saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveProblem {
    /// The name does not end in a known extension.
    #[error("Cannot save the picture: the name does not say which format it should have.")]
    UnknownFormat,
    /// The path is a folder.
    #[error("Cannot save the file: there is a folder of this name.")]
    IsFolder,
    /// The folder does not exist.
    #[error("Cannot save the file: the folder does not exist.")]
    NoFolder,
    /// The format cannot hold the picture.
    #[error("Cannot save the picture: {0}.")]
    Encoding(String),
    /// The system refused.
    #[error("Cannot save the file: {}.", write_reason(.0))]
    Io(#[from] io::Error),
}

fn write_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "the folder may not be written to".to_owned()
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "the disk is full".to_owned(),
        _ => error.to_string(),
    }
}

impl SaveError {
    /// What failed.
    pub fn message(&self) -> String {
        self.kind.to_string()
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match &self.kind {
            SaveProblem::UnknownFormat => "End the name with .png, .jpg or .webp.",
            SaveProblem::IsFolder => "Choose a file name inside it.",
            SaveProblem::NoFolder => "Create the folder first, or choose another one.",
            SaveProblem::Encoding(_) => "Save it as PNG.",
            SaveProblem::Io(e) => match e.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "Free some space, or choose another disk."
                }
                _ => "Choose another folder, for example your own pictures.",
            },
        }
    }

    /// The file that was to be written.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Writes a file so that it is there whole or not at all: beside its place, synced, renamed.
///
/// # Errors
/// When it cannot be written; then nothing is left behind.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), SaveError> {
    write_new(path, bytes, |beside| {
        File::options().write(true).create_new(true).open(beside)
    })
}

/// The same for a file that only its owner may read, where the system knows such a thing.
///
/// # Errors
/// As [`write_whole`].
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), SaveError> {
    write_new(path, bytes, |path| {
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path)
    })
}

/// Whether a file is one that is being written, or was when its program ended: not yet in its place.
pub fn is_unfinished(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with(BESIDE) && name.ends_with(UNFINISHED)
}

/// Writes a new file made by `create` and puts it in place.
fn write_new(
    path: &Path,
    bytes: &[u8],
    create: impl FnOnce(&Path) -> io::Result<File>,
) -> Result<(), SaveError> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let failed = |kind| SaveError {
        kind,
        path: path.to_owned(),
    };
    // A link keeps pointing where it points; its target is replaced.
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if target.is_dir() {
        return Err(failed(SaveProblem::IsFolder));
    }
    let folder = match target.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => return Err(failed(SaveProblem::IsFolder)),
    };
    if !folder.is_dir() {
        return Err(failed(SaveProblem::NoFolder));
    }
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let beside = folder.join(format!(
        "{BESIDE}{}-{number}{UNFINISHED}",
        std::process::id()
    ));
    let written = create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        drop(file);
        std::fs::rename(&beside, &target)
    });
    if let Err(e) = written {
        // The first failure is the one worth reporting. A file of that name that somebody else
        // made is left alone.
        if e.kind() != io::ErrorKind::AlreadyExists {
            let _ = std::fs::remove_file(&beside);
        }
        return Err(failed(SaveProblem::Io(e)));
    }
    // The new name survives a power cut only when the folder is synced too; not all systems can.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}
