//! One weight file of any kind: names, shapes and bytes, nothing converted.
//!
//! A file is mapped and only its description is read. What it really is decides, not its name.
//! Whatever a file claims is checked against its real size before anything is allocated.

mod index;
mod map;
mod safetensors;

pub use ::safetensors::tensor::Dtype as StoredDtype;
pub(super) use index::{is_index, shards};

use super::LoadError;
use map::Bytes;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What kind of file weights are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightFormat {
    /// A safetensors file.
    Safetensors,
}

impl WeightFormat {
    /// As shown.
    pub fn title(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
        }
    }
}

/// One tensor of a weight file, still in the file.
#[derive(Clone, Debug)]
pub struct StoredTensor {
    dims: Vec<usize>,
    dtype: StoredDtype,
    place: Place,
}

/// Where the numbers of a tensor are.
#[derive(Clone, Debug)]
enum Place {
    /// In order, at these bytes of the file.
    Bytes(Range<usize>),
}

impl StoredTensor {
    /// Its shape.
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// How its numbers are stored.
    pub fn dtype(&self) -> StoredDtype {
        self.dtype
    }

    /// Numbers in it.
    pub fn parameters(&self) -> usize {
        self.dims.iter().product()
    }
}

/// An opened weight file. Opening reads its description only; numbers are fetched one tensor at a
/// time.
pub struct WeightFile {
    path: PathBuf,
    format: WeightFormat,
    tensors: BTreeMap<String, StoredTensor>,
    extras: BTreeMap<String, String>,
    bytes: Bytes,
}

impl fmt::Debug for WeightFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut file = f.debug_struct("WeightFile");
        file.field("path", &self.path);
        file.field("tensors", &self.tensors.len());
        file.finish_non_exhaustive()
    }
}

impl WeightFile {
    /// Opens a weight file of any kind that is understood.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or is of no known kind.
    pub fn open(path: &Path) -> Result<Self, LoadError> {
        Self::of(path.to_owned(), map::map(path)?)
    }

    /// The same for a file compiled into the program; `name` is shown in messages.
    ///
    /// # Errors
    /// As [`WeightFile::open`].
    pub fn embedded(name: &str, bytes: &'static [u8]) -> Result<Self, LoadError> {
        Self::of(PathBuf::from(name), Bytes::Static(bytes))
    }

    fn of(path: PathBuf, bytes: Bytes) -> Result<Self, LoadError> {
        let malformed = |reason: String| LoadError::malformed(&path, reason);
        let data = bytes.as_ref();
        if data.is_empty() {
            return Err(malformed("it is empty".to_owned()));
        }
        if looks_like_pickle(data) {
            let reason = "it is a PyTorch checkpoint, not a safetensors file";
            return Err(malformed(reason.to_owned()));
        }
        let header = safetensors::read(data).map_err(malformed)?;
        Ok(Self {
            path,
            format: WeightFormat::Safetensors,
            tensors: header.tensors,
            extras: header.metadata,
            bytes,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What kind of file it is.
    pub fn format(&self) -> WeightFormat {
        self.format
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.bytes.as_ref().len() as u64
    }

    /// Its tensors by name.
    pub fn tensors(&self) -> &BTreeMap<String, StoredTensor> {
        &self.tensors
    }

    /// Texts and numbers stored beside the tensors: the metadata of a safetensors file, the epoch
    /// and step of a training checkpoint.
    pub fn extras(&self) -> &BTreeMap<String, String> {
        &self.extras
    }

    /// The numbers of one tensor: contiguous, row by row, little-endian, as stored. Borrowed from the
    /// mapped file wherever they lie there like that.
    ///
    /// # Errors
    /// When there is no such tensor or its bytes are damaged.
    pub fn bytes(&self, name: &str) -> Result<Cow<'_, [u8]>, LoadError> {
        let data = self.bytes.as_ref();
        let found = self
            .tensors
            .get(name)
            .and_then(|tensor| match &tensor.place {
                Place::Bytes(range) => data.get(range.clone()).map(Cow::Borrowed),
            });
        found.ok_or_else(|| LoadError::malformed(&self.path, format!("{name} is not in it")))
    }

    /// Says that `bytes`, which [`WeightFile::bytes`] gave, are not needed again soon, so that a
    /// network does not stay in memory twice while it is loaded.
    pub fn forget(&self, bytes: &[u8]) {
        self.bytes.forget(bytes);
    }
}

/// A zip or a bare pickle, which people take for safetensors when only the name was changed.
fn looks_like_pickle(data: &[u8]) -> bool {
    data.starts_with(b"PK\x03\x04") || data.starts_with(b"\x80\x02") && data.get(8) != Some(&b'{')
}
