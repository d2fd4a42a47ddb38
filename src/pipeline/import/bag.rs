//! The tensors of one model folder or one file, with what lies beside them.

use super::super::Problem;
use super::names::Naming;
use super::read::weight_problem;
use super::{Part, PlannedFile, TensorPlace, WeightFileRef};
use crate::nn::{StoredDtype, WeightFile};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One stored tensor.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub place: TensorPlace,
    pub dims: Vec<usize>,
    pub dtype: StoredDtype,
}

/// What one model folder or file holds.
#[derive(Debug)]
pub(super) struct Bag {
    /// Where it was found.
    pub origin: PathBuf,
    /// Its tensors by the names that count: without what a training wrapper put before all of them.
    pub tensors: BTreeMap<String, Stored>,
    /// The naming they follow.
    pub naming: Naming,
    /// The config beside them.
    pub config: Option<Value>,
    /// Files beside them that belong to a network.
    pub files: Vec<PlannedFile>,
    /// The licence that a model card or the file itself names.
    pub licence: Option<String>,
    /// Whether it was found in the folder of a second editor.
    pub second_editor: bool,
}

/// What wrappers for several devices and for compilation put before every name.
const WRAPPERS: [&str; 2] = ["module.", "_orig_mod."];

impl Bag {
    /// Opens the weight files of one model, and adds them to the plan's.
    ///
    /// # Errors
    /// When one is damaged, or two hold a tensor of the same name.
    pub fn open(
        origin: &Path,
        paths: &[PathBuf],
        weight_files: &mut Vec<WeightFileRef>,
    ) -> Result<Self, Problem> {
        let mut tensors = BTreeMap::new();
        let mut licence = None;
        for path in paths {
            let file = WeightFile::open(path).map_err(|e| weight_problem(&e))?;
            licence = licence.or_else(|| {
                let extras = file.extras();
                let found = extras.get("license").or(extras.get("modelspec.license"));
                found.cloned()
            });
            for (name, tensor) in file.tensors() {
                let stored = Stored {
                    place: TensorPlace {
                        file: weight_files.len(),
                        name: name.clone(),
                    },
                    dims: tensor.dims().to_vec(),
                    dtype: tensor.dtype(),
                };
                if tensors.insert(name.clone(), stored).is_some() {
                    return Err(Problem::new(format!("Two files of one model hold {name}."))
                        .hint("Remove the file that does not belong to this model.")
                        .file(path));
                }
            }
            weight_files.push(WeightFileRef {
                path: path.clone(),
                bytes: file.size(),
                format: file.format().title().to_owned(),
            });
        }
        let mut bag = Self::of(origin, tensors);
        bag.licence = licence;
        Ok(bag)
    }

    /// A bag of tensors with nothing beside them.
    pub fn of(origin: &Path, tensors: BTreeMap<String, Stored>) -> Self {
        let tensors = without_wrapper(tensors);
        Self {
            origin: origin.to_owned(),
            naming: Naming::of(tensors.keys().map(String::as_str)),
            tensors,
            config: None,
            files: Vec::new(),
            licence: None,
            second_editor: false,
        }
    }

    /// Whether it holds a trained latent translation, so that its UNet is LGD's.
    pub fn has_adapter(&self) -> bool {
        self.naming == Naming::LatentDiffusion
            && self
                .tensors
                .keys()
                .any(|name| name.starts_with("model.latent_mlp."))
    }

    /// The part it is by itself, when it is one.
    pub fn part(&self) -> Option<Part> {
        match self.naming {
            Naming::Published(part) => Some(part),
            Naming::Lavis | Naming::Eva => Some(Part::Blip2),
            Naming::CompvisVae => Some(Part::Vae),
            Naming::CompvisUnet => Some(Part::Unet),
            Naming::LatentDiffusion | Naming::Unknown => None,
        }
    }
}

fn without_wrapper(tensors: BTreeMap<String, Stored>) -> BTreeMap<String, Stored> {
    let wrapper = WRAPPERS.iter().find(|wrapper| {
        !tensors.is_empty() && tensors.keys().all(|name| name.starts_with(*wrapper))
    });
    match wrapper {
        Some(wrapper) => tensors
            .into_iter()
            .map(|(name, stored)| (name.split_at(wrapper.len()).1.to_owned(), stored))
            .collect(),
        None => tensors,
    }
}
