//! Safetensors files and shard indexes: mapped, checked, not yet converted.
//!
//! Source: the safetensors format (length, JSON header, data). The header is checked by the
//! `safetensors` crate: bounded size, offsets in order without gaps or overlaps, sizes that match
//! shapes. On top of that, an index may only name files in its own folder.

use super::LoadError;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, SafeTensorError};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

/// Largest shard index that is read; the ones in use are far below 1 MB.
const MAX_INDEX_BYTES: u64 = 64 << 20;

/// Where the tensors of one network are.
#[derive(Clone, Debug)]
pub enum WeightSource {
    /// A safetensors file on disk, or a `*.safetensors.index.json` that names its shards.
    File(PathBuf),
    /// Bytes compiled into the program, with the name shown in messages.
    Embedded(&'static str, &'static [u8]),
}

impl WeightSource {
    /// The weights `STEM.safetensors` in `folder`, or their shards when only the index
    /// `STEM.safetensors.index.json` is there. When neither is, opening the result says so.
    pub fn in_folder(folder: &Path, stem: &str) -> Self {
        let whole = folder.join(format!("{stem}.safetensors"));
        let index = folder.join(format!("{stem}.safetensors.index.json"));
        Self::File(if !whole.exists() && index.exists() {
            index
        } else {
            whole
        })
    }
}

enum Bytes {
    Mapped(memmap2::Mmap),
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

/// One stored tensor.
pub(super) struct Entry {
    pub dims: Vec<usize>,
    pub dtype: Dtype,
    file: usize,
    range: Range<usize>,
}

/// All opened files and where each tensor is.
#[derive(Default)]
pub(super) struct Files {
    files: Vec<(PathBuf, Bytes)>,
    pub entries: BTreeMap<String, Entry>,
}

impl Files {
    pub fn open(sources: &[WeightSource]) -> Result<Self, LoadError> {
        let mut files = Self::default();
        for source in sources {
            match source {
                WeightSource::Embedded(name, bytes) => {
                    files.add(PathBuf::from(name), Bytes::Static(bytes))?;
                }
                WeightSource::File(path) if is_index(path) => {
                    for shard in shards(path)? {
                        files.add(shard.clone(), map(&shard)?)?;
                    }
                }
                WeightSource::File(path) => files.add(path.clone(), map(path)?)?,
            }
        }
        Ok(files)
    }

    /// The stored bytes of a tensor.
    pub fn bytes(&self, entry: &Entry) -> &[u8] {
        let file = self.files.get(entry.file);
        file.and_then(|(_, bytes)| bytes.as_ref().get(entry.range.clone()))
            .unwrap_or_default()
    }

    /// The files, for messages.
    pub fn names(&self) -> Vec<PathBuf> {
        self.files.iter().map(|(path, _)| path.clone()).collect()
    }

    fn add(&mut self, path: PathBuf, bytes: Bytes) -> Result<(), LoadError> {
        let malformed = |reason: String| LoadError::Malformed {
            file: path.clone(),
            reason,
        };
        let data = bytes.as_ref();
        if data.is_empty() {
            return Err(malformed("it is empty".to_owned()));
        }
        if looks_like_pickle(data) {
            let reason = "it is a PyTorch checkpoint, not a safetensors file";
            return Err(malformed(reason.to_owned()));
        }
        let (header, metadata) =
            SafeTensors::read_metadata(data).map_err(|e| malformed(reason(&e, data.len())))?;
        let start = header + size_of::<u64>();
        #[expect(
            clippy::iter_over_hash_type,
            reason = "the entries go into a sorted map"
        )]
        for (name, info) in metadata.tensors() {
            let (from, to) = info.data_offsets;
            let entry = Entry {
                dims: info.shape.clone(),
                dtype: info.dtype,
                file: self.files.len(),
                range: start + from..start + to,
            };
            if self.entries.insert(name.clone(), entry).is_some() {
                let reason = format!("another file of the same model also holds {name}");
                return Err(malformed(reason));
            }
        }
        self.files.push((path, bytes));
        Ok(())
    }
}

/// A zip or a bare pickle, which people take for safetensors when only the name was changed.
fn looks_like_pickle(data: &[u8]) -> bool {
    data.starts_with(b"PK\x03\x04") || data.starts_with(b"\x80\x02") && data.get(8) != Some(&b'{')
}

fn reason(error: &SafeTensorError, length: usize) -> String {
    match error {
        SafeTensorError::HeaderTooSmall => format!("it has only {length} bytes"),
        SafeTensorError::HeaderTooLarge | SafeTensorError::InvalidHeaderLength => {
            "its header claims to be longer than the file".to_owned()
        }
        SafeTensorError::InvalidHeader(_) => "its header is not text".to_owned(),
        SafeTensorError::InvalidHeaderDeserialization(source) => {
            format!("its header cannot be understood ({source})")
        }
        SafeTensorError::InvalidOffset(name) => {
            format!("the place of {name} in the file is wrong")
        }
        SafeTensorError::TensorInvalidInfo => {
            "a tensor has another size than its shape says".to_owned()
        }
        SafeTensorError::ValidationOverflow => "a tensor is impossibly large".to_owned(),
        SafeTensorError::MetadataIncompleteBuffer => {
            format!("its length of {length} bytes is not what its header says")
        }
        other => other.to_string(),
    }
}

fn map(path: &Path) -> Result<Bytes, LoadError> {
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
        let reason = "it is not a regular file".to_owned();
        return Err(LoadError::Malformed {
            file: path.to_owned(),
            reason,
        });
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

fn is_index(path: &Path) -> bool {
    path.extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("json"))
}

/// The shards an index names, in order, each once.
fn shards(index: &Path) -> Result<Vec<PathBuf>, LoadError> {
    #[derive(serde::Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let unreadable = |source| LoadError::Unreadable {
        file: index.to_owned(),
        source,
    };
    let malformed = |reason: String| LoadError::Malformed {
        file: index.to_owned(),
        reason,
    };
    let mut text = Vec::new();
    let file = File::open(index).map_err(unreadable)?;
    let mut limited = file.take(MAX_INDEX_BYTES + 1);
    limited.read_to_end(&mut text).map_err(unreadable)?;
    if text.len() as u64 > MAX_INDEX_BYTES {
        return Err(malformed("it is too long for a shard index".to_owned()));
    }
    let parsed: Index = serde_json::from_slice(&text)
        .map_err(|e| malformed(format!("it is not a shard index ({e})")))?;
    let names: BTreeSet<&String> = parsed.weight_map.values().collect();
    if names.is_empty() {
        return Err(malformed("the shard index names no file".to_owned()));
    }
    let folder = index.parent().unwrap_or(Path::new(""));
    let inside = |name: &String| {
        let mut parts = Path::new(name).components();
        let plain = matches!(parts.next(), Some(Component::Normal(_))) && parts.next().is_none();
        if plain && !name.contains(['\\', ':', '\0']) && !name.ends_with(".json") {
            Ok(folder.join(name))
        } else {
            let reason = format!(
                "the shard index names \"{name}\", which is not a weight file in its folder"
            );
            Err(malformed(reason))
        }
    };
    names.into_iter().map(inside).collect()
}
