//! The bytes of a file, mapped into memory.

use super::LoadError;
use std::fs::File;
use std::path::Path;

/// Bytes of a file, or compiled into the program.
pub enum Bytes {
    /// A mapped file.
    Mapped(memmap2::Mmap),
    /// Part of the program, or nothing.
    Static(&'static [u8]),
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Static(bytes) => bytes,
        }
    }
}

impl Bytes {
    /// Lets the system take back the memory that holds these bytes of a mapped file: they are not
    /// needed again soon. They stay readable.
    pub fn forget(&self, bytes: &[u8]) {
        let Self::Mapped(map) = self else { return };
        let offset = (bytes.as_ptr() as usize).wrapping_sub(map.as_ptr() as usize);
        if bytes.is_empty() || offset > map.len() || bytes.len() > map.len() - offset {
            return; // a copy, not a part of the file
        }
        #[cfg(unix)]
        {
            #[expect(
                unsafe_code,
                reason = "giving pages back is unsafe for writable mappings"
            )]
            // SAFETY: the mapping is read-only, so no page of it holds anything but the file's own
            // bytes; the next read fetches them again.
            let done = unsafe {
                map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, offset, bytes.len())
            };
            if let Err(error) = done {
                tracing::debug!(%error, "the system keeps the pages of a weight file");
            }
        }
    }
}

/// Maps a regular file.
///
/// # Errors
/// When it cannot be opened or is a folder or a device.
pub fn map(path: &Path) -> Result<Bytes, LoadError> {
    let unreadable = |source| LoadError::Unreadable {
        file: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    if about.is_dir() {
        return Err(unreadable(std::io::ErrorKind::IsADirectory.into()));
    }
    if !about.is_file() {
        return Err(LoadError::malformed(path, "it is not a regular file"));
    }
    if about.len() == 0 {
        return Ok(Bytes::Static(&[])); // nothing to map
    }
    #[expect(unsafe_code, reason = "mapping a file is unsafe by nature")]
    // SAFETY: the mapping is read-only and private, and the bytes are only ever read through
    // plain slices without a validity requirement. What remains is somebody changing or
    // shortening the file while it is mapped: changed values are re-checked when converted, and
    // shortening would end the program with a bus error, which we accept for weight files
    // because reading instead would double the memory of every model.
    let map = unsafe { memmap2::Mmap::map(&file) }.map_err(unreadable)?;
    Ok(Bytes::Mapped(map))
}
