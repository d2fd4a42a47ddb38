//! One weight file of any kind: names, shapes and bytes, nothing converted.
//!
//! A file is mapped and only its description is read. What it really is decides, not its name.
//! Whatever a file claims is checked against its real size before anything is allocated.

mod flaw;
mod index;
mod map;
mod pickle;
mod pytorch;
mod safetensors;
mod state_dict;
mod zip;

pub use ::safetensors::tensor::Dtype as StoredDtype;
pub(super) use index::is_index;
pub use index::shards_of;

use super::LoadError;
use flaw::Flaw;
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
    /// A PyTorch checkpoint: a zip with a pickle in it.
    PytorchZip,
    /// A PyTorch checkpoint as it was before PyTorch 1.6.
    PytorchLegacy,
}

impl WeightFormat {
    /// As shown.
    pub fn title(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::PytorchZip => "PyTorch checkpoint",
            Self::PytorchLegacy => "old PyTorch checkpoint",
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
    /// In a storage that is packed, or not in order.
    View {
        storage: zip::Member,
        /// The first element.
        offset: usize,
        /// Elements from one to the next, per dimension.
        strides: Vec<usize>,
    },
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
        match describe(bytes.as_ref()) {
            Ok((format, tensors, extras)) => Ok(Self {
                path,
                format,
                tensors,
                extras,
                bytes,
            }),
            Err(flaw) => Err(flaw.of(&path)),
        }
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
        let tensor = self.tensors.get(name);
        let tensor = tensor.ok_or_else(|| Flaw::from(format!("{name} is not in it")));
        tensor
            .and_then(|tensor| tensor.bytes(data))
            .map_err(|flaw| flaw.of(&self.path))
    }

    /// Says that `bytes`, which [`WeightFile::bytes`] gave, are not needed again soon, so that a
    /// network does not stay in memory twice while it is loaded.
    pub fn forget(&self, bytes: &[u8]) {
        self.bytes.forget(bytes);
    }
}

impl StoredTensor {
    fn bytes<'a>(&self, data: &'a [u8]) -> Result<Cow<'a, [u8]>, Flaw> {
        let found = match &self.place {
            Place::Bytes(range) => data.get(range.clone()).map(Cow::Borrowed),
            Place::View {
                storage,
                offset,
                strides,
            } => {
                let size = self.dtype.bitsize() / 8;
                let storage = storage.bytes(data)?;
                pytorch::gathered(&storage, size, &self.dims, strides, *offset).map(Cow::Owned)
            }
        };
        found.ok_or_else(|| "it ends before its numbers do".into())
    }
}

type Description = (
    WeightFormat,
    BTreeMap<String, StoredTensor>,
    BTreeMap<String, String>,
);

/// What a file holds; what it begins with decides what it is.
fn describe(data: &[u8]) -> Result<Description, Flaw> {
    if data.is_empty() {
        return Err("it is empty".into());
    }
    if data.starts_with(b"PK\x03\x04") {
        let checkpoint = pytorch::read_zip(data)?;
        return Ok((
            WeightFormat::PytorchZip,
            checkpoint.tensors,
            checkpoint.extras,
        ));
    }
    if pytorch::is_bare_pickle(data) {
        let checkpoint = pytorch::read_legacy(data)?;
        let format = WeightFormat::PytorchLegacy;
        return Ok((format, checkpoint.tensors, checkpoint.extras));
    }
    let header = safetensors::read(data)?;
    Ok((WeightFormat::Safetensors, header.tensors, header.metadata))
}
