//! How alike CLIP finds two pictures: the cosine of their image embeddings.
//!
//! The judge of the paper's Sim and AUC metrics. A bundle may have one in `clip/` (transformers
//! `CLIPModel`); the embedded one has none. A folder of its own serves as well.

use super::bundle::load_problem;
use super::lgd::failed;
use super::parts::{part, strictly};
use super::{Bundle, BundleSource, Component, EditError, Problem};
use crate::models::clip::{Clip, ClipConfig, l2_normalized};
use crate::nn::pixels::{self, CLIP_MEAN, CLIP_STD};
use crate::nn::resize::{Filter, resize};
use crate::nn::{WeightSource, Weights};
use candle_core::{DType, Device, Result, Tensor};
use image::RgbImage;
use std::path::Path;

/// A loaded CLIP.
pub struct Likeness {
    clip: Clip,
    device: Device,
}

impl Likeness {
    /// Reads a bundle's CLIP, strictly; none where the bundle has none.
    ///
    /// # Errors
    /// When a file is damaged or one of several is missing.
    pub fn load(
        source: &BundleSource,
        device: &Device,
    ) -> std::result::Result<Option<Self>, EditError> {
        const CONFIG: &str = "clip/config.json";
        let bundle = Bundle::open(source)?;
        if !bundle.has(CONFIG) {
            return Ok(None);
        }
        let config: ClipConfig = bundle.config(CONFIG)?;
        let clip = part(&bundle, Component::Clip, device, |weights| {
            Clip::load(&config, weights)
        })?;
        let device = device.clone();
        Ok(Some(Self { clip, device }))
    }

    /// Reads a folder with `config.json` and `model.safetensors`, as CLIP is published, strictly.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn open(folder: &Path, device: &Device) -> std::result::Result<Self, EditError> {
        let path = folder.join("config.json");
        let unreadable = |reason: String| {
            Problem::new(format!("Cannot read the CLIP's config: {reason}."))
                .hint("A CLIP folder has config.json and model.safetensors in it. Download both again.")
                .file(&path)
        };
        let text = std::fs::read(&path).map_err(|e| unreadable(e.to_string()))?;
        let config: ClipConfig =
            serde_json::from_slice(&text).map_err(|e| unreadable(e.to_string()))?;
        let source = WeightSource::in_folder(folder, "model");
        let weights = Weights::open(&[source], DType::F32, device)
            .map_err(|e| load_problem(Component::Clip, &e))?
            .named("the CLIP");
        let clip = strictly(Component::Clip, &weights, |weights| {
            Clip::load(&config, weights)
        })?;
        let device = device.clone();
        Ok(Self { clip, device })
    }

    /// Normalised embeddings of pictures, in order; they may have different sizes.
    ///
    /// # Errors
    /// [`EditError::Cancelled`], or what could not be done.
    pub fn embed(&self, pictures: &[&RgbImage]) -> std::result::Result<Vec<Vec<f32>>, EditError> {
        self.embeddings(pictures)
            .and_then(|embeds| embeds.to_vec2())
            .map_err(failed)
    }

    /// The cosine of both pictures' embeddings, -1..=1; they may have different sizes.
    ///
    /// # Errors
    /// [`EditError::Cancelled`], or what could not be done.
    pub fn cosine(&self, a: &RgbImage, b: &RgbImage) -> std::result::Result<f64, EditError> {
        self.embeddings(&[a, b])
            .and_then(|embeds| {
                let (a, b) = (embeds.narrow(0, 0, 1)?, embeds.narrow(0, 1, 1)?);
                a.mul(&b)?.sum_all()?.to_scalar::<f32>()
            })
            .map(f64::from)
            .map_err(failed)
    }

    /// Normalised embeddings, (B, E).
    fn embeddings(&self, pictures: &[&RgbImage]) -> Result<Tensor> {
        let side = self.clip.vision().config().image_size as u32;
        let pixel_values = pictures
            .iter()
            .map(|picture| clip_pixels(picture, side, &self.device))
            .collect::<Result<Vec<_>>>()?;
        let pixel_values = Tensor::cat(&pixel_values, 0)?; // (B, 3, side, side)
        l2_normalized(&self.clip.image_features(&pixel_values)?)
    }
}

/// A picture as CLIP's processor prepares it: the shorter side to `side` (bicubic), the middle cut
/// out, normalised. Returns (1, 3, side, side).
///
/// # Errors
/// When `device` has no room.
pub fn clip_pixels(picture: &RgbImage, side: u32, device: &Device) -> Result<Tensor> {
    let (width, height) = picture.dimensions();
    let shorter = u64::from(width.min(height).max(1));
    // Cut off, not rounded, as the processor does.
    let scaled = |length: u32| (u64::from(length) * u64::from(side) / shorter).max(1) as u32;
    let (width, height) = (scaled(width), scaled(height));
    let resized = resize(picture, width, height, Filter::Bicubic);
    // Half a pixel goes to the even side, as torchvision rounds.
    let margin = |length: u32| (f64::from(length - side) / 2.0).round_ties_even() as u32;
    let (left, top) = (margin(width), margin(height));
    let middle = image::imageops::crop_imm(&resized, left, top, side, side).to_image();
    pixels::normalized(&middle, CLIP_MEAN, CLIP_STD, device)
}
