//! Edits that are not in the lists yet, one JSON line each, on disk before anything else happens.

use super::pair::Change;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Result, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// The open journal of a folder.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
}

impl Journal {
    /// Opens the journal, and reads what an earlier program left in it. A last line that was cut off
    /// while it was written is nothing anybody was told to be safe.
    ///
    /// # Errors
    /// When the disk says no.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<Change>)> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let changes: Vec<Change> = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        if !bytes.is_empty() && !bytes.ends_with(b"\n") {
            file.write_all(b"\n")?; // the next line must not grow onto a torn one
        }
        Ok((Self { file }, changes))
    }

    /// Writes edits down. When it returns, a killed program has them.
    ///
    /// # Errors
    /// When the disk says no.
    pub(super) fn note(&mut self, change: &Change) -> Result<()> {
        let mut line = serde_json::to_vec(change).map_err(std::io::Error::other)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }

    /// Makes sure that even a power failure leaves what was noted.
    ///
    /// # Errors
    /// When the disk says no.
    pub(super) fn sync(&self) -> Result<()> {
        self.file.sync_data()
    }

    /// Forgets everything: it is in the lists now.
    ///
    /// # Errors
    /// When the disk says no.
    pub(super) fn clear(&mut self) -> Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.sync_data()
    }
}
