//! Files that appear whole and survive a power cut, and how much room there is.

use crate::pipeline::Problem;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// What a file is called until it is whole.
pub(super) const UNFINISHED: &str = "writing";

/// A file that is written beside its place and renamed when it is whole.
pub(super) struct Whole {
    file: File,
    beside: PathBuf,
    path: PathBuf,
}

impl Whole {
    /// Begins a file; its folder is made when there is none.
    pub fn create(path: &Path) -> Result<Self, Problem> {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(|e| write_problem(&e, folder))?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".");
        name.push(UNFINISHED);
        let beside = path.with_file_name(name);
        Ok(Self {
            file: File::create(&beside).map_err(|e| write_problem(&e, &beside))?,
            beside,
            path: path.to_path_buf(),
        })
    }

    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        let written = self.file.write_all(bytes);
        written.map_err(|e| write_problem(&e, &self.path))
    }

    /// Brings it to the disk and to its place.
    pub fn finish(self) -> Result<(), Problem> {
        let done = self.file.sync_all();
        let done = done.and_then(|()| std::fs::rename(&self.beside, &self.path));
        done.map_err(|e| write_problem(&e, &self.path))?;
        sync_folder(self.path.parent());
        Ok(())
    }
}

/// Writes a small file whole.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    let mut file = Whole::create(path)?;
    file.write(bytes)?;
    file.finish()
}

/// Brings a rename to the disk. Systems that cannot do that for a folder do it by themselves.
pub(super) fn sync_folder(folder: Option<&Path>) {
    if let Some(Err(error)) = folder.map(|folder| File::open(folder).and_then(|f| f.sync_all())) {
        tracing::debug!("a folder cannot be brought to the disk: {error}");
    }
}

/// JSON as people like to read it.
pub(super) fn json(value: &impl Serialize) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}

/// A finished hash in hexadecimal.
pub(super) fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// SHA-256 of a file, in hexadecimal; `tick` hears how many more bytes were read and may stop it.
pub(crate) fn sha256<E: From<io::Error>>(
    path: &Path,
    tick: &mut dyn FnMut(u64) -> Result<(), E>,
) -> Result<String, E> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut block = vec![0; 1 << 20];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(hex(hash)),
            n => {
                hash.update(block.get(..n).unwrap_or_default());
                tick(n as u64)?;
            }
        }
    }
}

/// Refuses to begin what the disk has no room for.
pub(super) fn room_for(needed: u64, folder: &Path) -> Result<(), Problem> {
    let free = match fs4::available_space(folder) {
        Ok(free) => free,
        Err(error) => {
            tracing::warn!("the free space of the disk is not known: {error}");
            return Ok(());
        }
    };
    if free >= needed {
        return Ok(());
    }
    Err(Problem::new(format!(
        "The bundle needs {} more, but the disk has {} left.",
        size(needed),
        size(free)
    ))
    .hint("Free some space, choose a folder on another disk, or a smaller number format such as bf16.")
    .file(folder))
}

/// A size for people.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

/// An error of writing as a person reads it.
pub(super) fn write_problem(error: &io::Error, path: &Path) -> Problem {
    let problem = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Problem::new("The disk is full; the bundle is not finished.")
                .hint("Free some space and start the same again: it goes on where it stopped.")
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Problem::new("The bundle may not be written there.")
                .hint("Choose a folder of your own.")
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            Problem::new("The bundle cannot be written there: a file is in the way.")
                .hint("Choose another folder.")
        }
        _ => Problem::new(format!("The bundle cannot be written: {error}."))
            .hint("Check the disk, then start the same again: it goes on where it stopped."),
    };
    problem.file(path)
}
