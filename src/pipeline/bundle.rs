//! The files of a model bundle, in a folder or compiled into the program.

use super::embedded;
use super::{Manifest, Problem};
use crate::nn::{LoadError, WeightSource, Weights};
use candle_core::{DType, Device};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::io::Read as _;
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

/// The networks of a bundle, by folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Component {
    /// Vision tower, Q-Former and language model.
    Blip2,
    /// The denoiser.
    Unet,
    /// The autoencoder.
    Vae,
    /// The two linear layers of the latent translation.
    Adapter,
    /// The judge of likeness; a bundle need not have one.
    Clip,
}

impl Component {
    /// All components a bundle must have.
    pub const ALL: [Self; 4] = [Self::Blip2, Self::Unet, Self::Vae, Self::Adapter];

    /// The folder, and in messages the name.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Blip2 => "blip2",
            Self::Unet => "unet",
            Self::Vae => "vae",
            Self::Adapter => "adapter",
            Self::Clip => "clip",
        }
    }

    /// What a person calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Blip2 => "BLIP-2",
            Self::Unet => "UNet",
            Self::Vae => "VAE",
            Self::Adapter => "latent translation",
            Self::Clip => "CLIP",
        }
    }

    /// The published name of the weight file, without `.safetensors`.
    pub(crate) fn stem(self) -> &'static str {
        match self {
            Self::Blip2 | Self::Clip => "model",
            Self::Unet | Self::Vae => "diffusion_pytorch_model",
            Self::Adapter => "adapter",
        }
    }
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
            _ => problem
                .hint("A bundle is a folder with lgd.json, blip2, unet, vae and adapter in it."),
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
        read(&self.source, path)
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
        match &self.source {
            BundleSource::Embedded => {
                let (name, bytes) = embedded::file(&single)
                    .ok_or_else(|| Problem::new(format!("The embedded bundle has no {single}.")))?;
                Ok(WeightSource::Embedded(name, bytes))
            }
            BundleSource::Folder(root) => Ok(WeightSource::in_folder(&root.join(folder), stem)),
        }
    }

    /// Whether it has a file of that path.
    pub fn has(&self, path: &str) -> bool {
        match &self.source {
            BundleSource::Embedded => embedded::file(path).is_some(),
            BundleSource::Folder(root) => root.join(path).is_file(),
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
                files
            }
        };
        files.sort();
        Ok(files)
    }

    /// SHA-256 of one file, in hexadecimal.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn sha256(&self, path: &str) -> Result<String, Problem> {
        let mut hasher = Sha256::new();
        match &self.source {
            BundleSource::Embedded => hasher.update(self.read(path)?),
            BundleSource::Folder(root) => {
                let full = root.join(path);
                let io = |e: std::io::Error| io_problem(&e, &full);
                let mut file = std::fs::File::open(&full).map_err(io)?;
                let mut block = vec![0; 1 << 20];
                loop {
                    match file.read(&mut block).map_err(io)? {
                        0 => break,
                        n => hasher.update(&block[..n]),
                    }
                }
            }
        }
        Ok(hasher
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect())
    }

    /// Size of one file in bytes.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn size(&self, path: &str) -> Result<u64, Problem> {
        match &self.source {
            BundleSource::Embedded => Ok(self.read(path)?.len() as u64),
            BundleSource::Folder(root) => {
                let full = root.join(path);
                Ok(std::fs::metadata(&full)
                    .map_err(|e| io_problem(&e, &full))?
                    .len())
            }
        }
    }
}

/// A weight error as a person reads it.
pub(crate) fn load_problem(component: Component, error: &LoadError) -> Problem {
    Problem {
        message: match error {
            // This report names the network itself.
            LoadError::Tensors(_) => error.message(),
            _ => format!(
                "The {} cannot be loaded. {}",
                component.title(),
                error.message()
            ),
        },
        hint: Some(
            error
                .hint()
                .unwrap_or("Copy the bundle again, or choose another one.")
                .to_owned(),
        ),
        file: error.file().map(Path::to_path_buf),
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
        if kind.is_dir() {
            list(root, &entry.path(), files)?;
        } else if let Ok(relative) = entry.path().strip_prefix(root) {
            files.push(relative.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(())
}
