//! LPIPS from a folder of weights that a person gives: the files of torchvision's AlexNet or VGG-16
//! and of the `lpips` package, as they were downloaded.

use super::lgd::failed;
use super::{EditError, Problem};
use crate::models::lpips::{Backbone, Features, LEAST_SIDE, Lpips};
use crate::nn::pixels::signed_unit;
use crate::nn::{LoadError, WeightSource, Weights};
use candle_core::{DType, Device};
use image::RgbImage;
use std::path::{Path, PathBuf};

/// What such a folder holds, for people who have none.
const WHAT_IS_NEEDED: &str = "Give a folder with two files: torchvision's alexnet-*.pth and alex.pth of the lpips package (or vgg16-*.pth and vgg.pth), both as they were downloaded or as safetensors.";

/// Endings of weight files.
const ENDINGS: [&str; 4] = ["pth", "pt", "safetensors", "bin"];

/// A loaded LPIPS.
pub struct Perceptual {
    lpips: Lpips,
    device: Device,
}

/// What it sees in a picture.
pub struct Seen(Features, (u32, u32));

impl Perceptual {
    /// Reads the weight files of a folder, strictly.
    ///
    /// # Errors
    /// When a file is missing or damaged, or belongs to another network.
    pub fn open(folder: &Path, device: &Device) -> Result<Self, EditError> {
        let sources = weight_files(folder)?;
        let weights = Weights::open(&sources, DType::F32, device);
        let weights = weights.map_err(|e| problem(&e, folder))?.named("LPIPS");
        let backbone = Backbone::of(&weights).ok_or_else(|| {
            Problem::new("There is no AlexNet and no VGG-16 in this folder.")
                .hint(WHAT_IS_NEEDED)
                .file(folder)
        })?;
        let lpips = Lpips::load(backbone, &weights);
        // What is missing says more than the first error of a half-built network.
        weights.finish().map_err(|e| problem(&e, folder))?;
        Ok(Self {
            lpips: lpips.map_err(failed)?,
            device: device.clone(),
        })
    }

    /// What it is called: LPIPS and its backbone.
    pub fn name(&self) -> String {
        format!("LPIPS ({})", self.lpips.backbone().title())
    }

    /// What it sees in a picture; none when that is too small.
    ///
    /// # Errors
    /// [`EditError::Cancelled`], or what could not be done.
    pub fn see(&self, picture: &RgbImage) -> Result<Option<Seen>, EditError> {
        let size = picture.dimensions();
        if size.0.min(size.1) < LEAST_SIDE {
            return Ok(None);
        }
        let features = signed_unit(picture, &self.device)
            .and_then(|pixel_values| self.lpips.features(&pixel_values));
        Ok(Some(Seen(features.map_err(failed)?, size)))
    }

    /// How far apart two pictures look: 0 for equal ones; none when their sizes differ.
    ///
    /// # Errors
    /// [`EditError::Cancelled`], or what could not be done.
    pub fn distance(&self, a: &Seen, b: &Seen) -> Result<Option<f64>, EditError> {
        if a.1 != b.1 {
            return Ok(None);
        }
        self.lpips.distance(&a.0, &b.0).map(Some).map_err(failed)
    }
}

fn weight_files(folder: &Path) -> Result<Vec<WeightSource>, Problem> {
    let unlisted = |e: std::io::Error| {
        let problem = Problem::new(format!("The folder of LPIPS cannot be listed: {e}."));
        problem.hint(WHAT_IS_NEEDED).file(folder)
    };
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unlisted)? {
        let path = entry.map_err(unlisted)?.path();
        let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        if ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) {
            files.push(path);
        }
    }
    if files.is_empty() {
        let problem = Problem::new("There are no weights of LPIPS in this folder.");
        return Err(problem.hint(WHAT_IS_NEEDED).file(folder));
    }
    files.sort();
    Ok(files.into_iter().map(WeightSource::File).collect())
}

fn problem(error: &LoadError, folder: &Path) -> Problem {
    Problem::new(error.message())
        .hint(error.hint().unwrap_or(WHAT_IS_NEEDED))
        .file(error.file().unwrap_or(folder))
}
