//! All weight files of one network, opened together.

use super::LoadError;
use super::files::{StoredTensor, WeightFile, is_index, shards_of};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where the tensors of one network are.
#[derive(Clone, Debug)]
pub enum WeightSource {
    /// A weight file on disk, or a `*.index.json` that names its shards.
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

/// All opened files and which of them holds each tensor.
#[derive(Default)]
pub(super) struct Files {
    files: Vec<WeightFile>,
    owners: BTreeMap<String, usize>,
}

impl Files {
    pub fn open(sources: &[WeightSource]) -> Result<Self, LoadError> {
        let mut files = Self::default();
        for source in sources {
            match source {
                WeightSource::Embedded(name, bytes) => {
                    files.add(WeightFile::embedded(name, bytes)?)?;
                }
                WeightSource::File(path) if is_index(path) => {
                    for shard in shards_of(path)? {
                        files.add(WeightFile::open(&shard)?)?;
                    }
                }
                WeightSource::File(path) => files.add(WeightFile::open(path)?)?,
            }
        }
        Ok(files)
    }

    /// The stored tensor of that name.
    pub fn get(&self, name: &str) -> Option<&StoredTensor> {
        let file = self.files.get(*self.owners.get(name)?)?;
        file.tensors().get(name)
    }

    /// All tensors, by name.
    pub fn tensors(&self) -> impl Iterator<Item = (&String, &StoredTensor)> {
        let names = self.owners.keys();
        names.filter_map(|name| Some((name, self.get(name)?)))
    }

    /// The names of all tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.owners.keys()
    }

    /// How many tensors there are.
    pub fn len(&self) -> usize {
        self.owners.len()
    }

    /// The stored bytes of a tensor.
    pub fn bytes(&self, name: &str) -> Result<Cow<'_, [u8]>, LoadError> {
        let owner = self.owners.get(name).and_then(|&i| self.files.get(i));
        match owner {
            Some(file) => file.bytes(name),
            None => Err(LoadError::Invalid(format!("There is no tensor {name}."))),
        }
    }

    /// As [`WeightFile::forget`], for the file that holds the tensor.
    pub fn forget(&self, name: &str, bytes: &[u8]) {
        let owner = self.owners.get(name).and_then(|&i| self.files.get(i));
        if let Some(file) = owner {
            file.forget(bytes);
        }
    }

    /// The files, for messages.
    pub fn paths(&self) -> Vec<PathBuf> {
        let paths = self.files.iter().map(|file| file.path().to_path_buf());
        paths.collect()
    }

    fn add(&mut self, file: WeightFile) -> Result<(), LoadError> {
        for name in file.tensors().keys() {
            if self.owners.insert(name.clone(), self.files.len()).is_some() {
                let reason = format!("another file of the same model also holds {name}");
                return Err(LoadError::malformed(file.path(), reason));
            }
        }
        self.files.push(file);
        Ok(())
    }
}
