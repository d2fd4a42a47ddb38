//! Where the journal and the lock of a folder are: in the data folder, so that a data set is never
//! littered and one that may only be read opens as well.

use crate::job::Places;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

/// The place for the notes about a folder; one for every way to write its path.
pub(super) fn notes_of(places: Option<&Places>, folder: &Path) -> Option<PathBuf> {
    let path = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
    let name = short_hash(&[path.as_os_str().as_encoded_bytes()]);
    Some(places?.data.join("datasets").join(name))
}

/// A name of 24 letters and digits for some bytes.
pub(super) fn short_hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    digest
        .iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
