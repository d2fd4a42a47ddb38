//! Downloads that are not finished, written down so that a restart can go on with them.

use super::{DownloadKey, DownloadSpec};
use crate::job::{Places, Problem, write_text};
use std::path::{Path, PathBuf};

/// The folder of the notes; without one nothing is remembered.
pub(in crate::job) struct Ledger {
    folder: Option<PathBuf>,
}

impl Ledger {
    pub(in crate::job) fn new(places: Option<&Places>) -> Self {
        Self {
            folder: places.map(|places| places.data.join("downloads")),
        }
    }

    /// All downloads that are not finished, sorted by name.
    pub(in crate::job) fn all(&self) -> Vec<DownloadSpec> {
        let folder = self.folder.iter();
        let entries = folder.filter_map(|folder| std::fs::read_dir(folder).ok());
        let mut specs: Vec<DownloadSpec> = entries
            .flatten()
            .flatten()
            .filter_map(|entry| read(&entry.path()))
            .collect();
        specs.sort_by_key(DownloadSpec::key);
        specs
    }

    /// Writes a download down.
    ///
    /// # Errors
    /// When the disk says no.
    pub(in crate::job) fn keep(&self, spec: &DownloadSpec) -> Result<(), Problem> {
        let Some(place) = self.place(&spec.key()) else {
            return Ok(());
        };
        let text = serde_json::to_string_pretty(spec)
            .map_err(|e| Problem::new(format!("The download cannot be written down: {e}.")))?;
        write_text(&place, &text)
    }

    /// Forgets a download.
    pub(in crate::job) fn forget(&self, key: &DownloadKey) {
        if let Some(place) = self.place(key)
            && let Err(error) = std::fs::remove_file(&place)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %place.display(), "a note stays behind");
        }
    }

    /// Throws away what has arrived, and forgets the download.
    pub(in crate::job) fn discard(&self, spec: &DownloadSpec) {
        spec.discard();
        self.forget(&spec.key());
    }

    fn place(&self, key: &DownloadKey) -> Option<PathBuf> {
        let name = key.0.replace('/', "--");
        Some(self.folder.as_ref()?.join(format!("{name}.json")))
    }
}

fn read(path: &Path) -> Option<DownloadSpec> {
    if path.extension().is_none_or(|ending| ending != "json") {
        return None;
    }
    let text = std::fs::read(path).ok()?;
    match serde_json::from_slice(&text) {
        Ok(spec) => Some(spec),
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "a note of a download is broken");
            None
        }
    }
}
