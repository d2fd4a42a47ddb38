//! The files of a model bundle, in a folder or compiled into the program.

use super::{Component, Manifest, Problem, build, embedded};
use crate::nn::{LoadError, WeightSource, Weights, cancel};
use candle_core::{DType, Device};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Which bundle to work with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BundleSource {
    /// The bundle compiled into the program.
    #[default]
    Embedded,
    /// A bundle folder.
    Folder(PathBuf),
}

/// A bundle whose description has been read.
#[derive(Clone, Debug)]
pub struct Bundle {
    source: BundleSource,
    /// The description.
    pub manifest: Manifest,
}

impl Bundle {
    /// Reads the description of a bundle; the weights stay on disk.
    ///
    /// # Errors
    /// When the folder or its `lgd.json` cannot be read.
    pub fn open(source: &BundleSource) -> Result<Self, Problem> {
        let text = read(source, "lgd.json").map_err(|problem| match source {
            BundleSource::Folder(folder) if !folder.is_dir() => {
                Problem::new("There is no bundle folder of that name.")
                    .hint("Check the path, or leave it out to use the bundle inside the program.")
                    .file(folder)
            }
            BundleSource::Folder(folder) if build::is_being_made(folder) => {
                Problem::new("This bundle is not finished.")
                    .hint("Start the same import again: it goes on where it stopped.")
                    .file(folder)
            }
            _ => problem.hint("A bundle is a folder with lgd.json in it. To make one of original weights, use `lgd-studio bundle import`."),
        })?;
        let manifest =
            Manifest::parse(&text).map_err(|problem| with_file(problem, source, "lgd.json"))?;
        Ok(Self {
            source: source.clone(),
            manifest,
        })
    }

    /// Where it is.
    pub fn source(&self) -> &BundleSource {
        &self.source
    }

    /// The bytes of a small file, by path inside the bundle.
    ///
    /// # Errors
    /// When it is missing or unreadable.
    pub fn read(&self, path: &str) -> Result<Cow<'static, [u8]>, Problem> {
        match self.place(path) {
            Some(place) => std::fs::read(&place)
                .map(Cow::Owned)
                .map_err(|e| self.io_problem(&e, &place)),
            None => read(&self.source, path),
        }
    }

    /// Where a file or folder of the bundle is on disk: below the bundle's folder, or where
    /// `lgd.json` says that a part lies. None for the embedded bundle.
    pub fn place(&self, path: &str) -> Option<PathBuf> {
        let BundleSource::Folder(root) = &self.source else {
            return None;
        };
        let linked = self.manifest.links.iter().find_map(|(part, folder)| {
            let rest = path.strip_prefix(part.as_str())?;
            match rest.strip_prefix('/') {
                Some(rest) => Some(folder.join(rest)),
                None => rest.is_empty().then(|| folder.clone()),
            }
        });
        Some(linked.unwrap_or_else(|| root.join(path)))
    }

    /// The networks it has.
    pub fn components(&self) -> Vec<Component> {
        let has = |component: &Component| self.has_network(*component);
        Component::ALL.into_iter().filter(has).collect()
    }

    /// Whether it has that network, well or damaged.
    pub fn has_network(&self, component: Component) -> bool {
        let (folder, stem) = (component.folder(), component.stem());
        self.manifest.links.contains_key(folder)
            || self.has(&format!("{folder}/config.json"))
            || self.has(&format!("{folder}/{stem}.safetensors"))
            || self.has(&format!("{folder}/{stem}.safetensors.index.json"))
    }

    /// A JSON config, by path inside the bundle.
    ///
    /// # Errors
    /// When it is missing or does not describe a `T`.
    pub fn config<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, Problem> {
        serde_json::from_slice(&self.read(path)?).map_err(|e| {
            let problem = Problem::new(format!("Cannot read {path}: {e}."))
                .hint("The file may be damaged. Copy the bundle again.");
            with_file(problem, &self.source, path)
        })
    }

    /// The weights of a component, as `dtype` on `device`.
    ///
    /// # Errors
    /// When a file is missing, truncated or malformed.
    pub fn weights(
        &self,
        component: Component,
        dtype: DType,
        device: &Device,
    ) -> Result<Weights, Problem> {
        let source = self.weight_source(component)?;
        Weights::open(&[source], dtype, device)
            .map(|weights| weights.named(&format!("the {}", component.title())))
            .map_err(|e| load_problem(component, &e))
    }

    /// The weight files of a component: one file, or the shards its index names.
    fn weight_source(&self, component: Component) -> Result<WeightSource, Problem> {
        let (folder, stem) = (component.folder(), component.stem());
        let single = format!("{folder}/{stem}.safetensors");
        match self.place(folder) {
            None => {
                let (name, bytes) = embedded::file(&single)
                    .ok_or_else(|| Problem::new(format!("The embedded bundle has no {single}.")))?;
                Ok(WeightSource::Embedded(name, bytes))
            }
            Some(place) => {
                self.still_there(component)?;
                Ok(WeightSource::in_folder(&place, stem))
            }
        }
    }

    /// Refuses a part whose folder elsewhere has gone.
    fn still_there(&self, component: Component) -> Result<(), Problem> {
        match self.manifest.links.get(component.folder()) {
            Some(folder) if !folder.is_dir() => Err(vanished(component.title(), folder)),
            _ => Ok(()),
        }
    }

    /// Whether it has a file of that path.
    pub fn has(&self, path: &str) -> bool {
        match self.place(path) {
            None => embedded::file(path).is_some(),
            Some(place) => place.is_file(),
        }
    }

    /// Paths of all files, inside the bundle, sorted.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn files(&self) -> Result<Vec<String>, Problem> {
        let mut files = match &self.source {
            BundleSource::Embedded => embedded::FILES
                .iter()
                .map(|(name, _)| (*name).to_owned())
                .collect(),
            BundleSource::Folder(root) => {
                let mut files = Vec::new();
                list(root, root, &mut files)?;
                for (part, folder) in &self.manifest.links {
                    if !folder.is_dir() {
                        return Err(vanished(part, folder));
                    }
                    let mut there = Vec::new();
                    list(folder, folder, &mut there)?;
                    there.retain(|file| is_of_a_part(file));
                    files.extend(there.into_iter().map(|file| format!("{part}/{file}")));
                }
                files
            }
        };
        files.sort();
        Ok(files)
    }

    /// SHA-256 of one file, in hexadecimal; `tick` hears how many more bytes were read.
    ///
    /// # Errors
    /// When it cannot be read, or the job was cancelled.
    pub fn sha256(&self, path: &str, tick: &mut dyn FnMut(u64)) -> Result<String, Problem> {
        match self.place(path) {
            None => {
                let digest = Sha256::digest(self.read(path)?);
                Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
            }
            Some(place) => build::sha256::<std::io::Error>(&place, &mut |bytes| {
                tick(bytes);
                cancel::checkpoint().map_err(std::io::Error::other)
            })
            .map_err(|e| self.io_problem(&e, &place)),
        }
    }

    /// Size of one file in bytes.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn size(&self, path: &str) -> Result<u64, Problem> {
        match self.place(path) {
            None => Ok(self.read(path)?.len() as u64),
            Some(place) => Ok(std::fs::metadata(&place)
                .map_err(|e| self.io_problem(&e, &place))?
                .len()),
        }
    }

    /// Why a file cannot be read; a part that lies elsewhere may have gone as a whole.
    fn io_problem(&self, error: &std::io::Error, place: &Path) -> Problem {
        let mut links = self.manifest.links.iter();
        match links.find(|(_, folder)| place.starts_with(folder) && !folder.is_dir()) {
            Some((part, folder)) => vanished(part, folder),
            None => io_problem(error, place),
        }
    }
}

/// A part that lies elsewhere is not there any more.
fn vanished(part: &str, folder: &Path) -> Problem {
    Problem::new(format!(
        "The bundle uses the {part} of another folder, and that folder is not there any more."
    ))
    .hint("Bring it back (a cache may have been cleaned), or import again, copying the weights.")
    .file(folder)
}

/// Whether a file of a folder elsewhere is one that a bundle reads.
fn is_of_a_part(file: &str) -> bool {
    let kinds = [".safetensors", ".json", ".txt", ".model"];
    !file.contains('/') && kinds.iter().any(|kind| file.ends_with(kind))
}

/// A weight error as a person reads it.
pub(crate) fn load_problem(component: Component, error: &LoadError) -> Problem {
    let message = match error {
        // This report names the network itself.
        LoadError::Tensors(_) => error.message(),
        _ => format!(
            "The {} cannot be loaded. {}",
            component.title(),
            error.message()
        ),
    };
    let hint = error.hint();
    Problem {
        file: error.file().map(Path::to_path_buf),
        ..Problem::new(message)
            .hint(hint.unwrap_or("Copy the bundle again, or choose another one."))
    }
}

fn read(source: &BundleSource, path: &str) -> Result<Cow<'static, [u8]>, Problem> {
    match source {
        BundleSource::Embedded => embedded::file(path)
            .map(|(_, bytes)| Cow::Borrowed(bytes))
            .ok_or_else(|| Problem::new(format!("The embedded bundle has no {path}."))),
        BundleSource::Folder(root) => {
            let full = root.join(path);
            std::fs::read(&full)
                .map(Cow::Owned)
                .map_err(|e| io_problem(&e, &full))
        }
    }
}

fn io_problem(error: &std::io::Error, path: &Path) -> Problem {
    let problem = match error.kind() {
        std::io::ErrorKind::NotFound => Problem::new("A file of the bundle is missing.")
            .hint("Copy the bundle again, or choose another one."),
        std::io::ErrorKind::PermissionDenied => {
            Problem::new("A file of the bundle may not be read.")
                .hint("Change its permissions, or copy the bundle to a folder of your own.")
        }
        _ => Problem::new(format!("A file of the bundle cannot be read: {error}.")),
    };
    problem.file(path)
}

fn with_file(problem: Problem, source: &BundleSource, path: &str) -> Problem {
    match source {
        BundleSource::Embedded => problem,
        BundleSource::Folder(root) => problem.file(root.join(path)),
    }
}

fn list(root: &Path, folder: &Path, files: &mut Vec<String>) -> Result<(), Problem> {
    for entry in std::fs::read_dir(folder).map_err(|e| io_problem(&e, folder))? {
        let entry = entry.map_err(|e| io_problem(&e, folder))?;
        let kind = entry
            .file_type()
            .map_err(|e| io_problem(&e, &entry.path()))?;
        if build::is_of_making(&entry.file_name()) {
            continue;
        }
        if kind.is_dir() {
            list(root, &entry.path(), files)?;
        } else if let Ok(relative) = entry.path().strip_prefix(root) {
            files.push(relative.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(())
}
