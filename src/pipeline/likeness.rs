//! How alike CLIP finds two pictures: the cosine of their image embeddings.
//!
//! The judge of the paper's Sim and AUC metrics. A bundle may have one in `clip/` (transformers
//! `CLIPModel`); the embedded one has none.

use super::lgd::failed;
use super::parts::part;
use super::{Bundle, BundleSource, Component, EditError};
use crate::models::clip::{Clip, ClipConfig, l2_normalized};
use crate::nn::pixels::{self, CLIP_MEAN, CLIP_STD};
use crate::nn::resize::{Filter, resize};
use candle_core::{Device, Result, Tensor};
use image::RgbImage;

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
    let (left, top) = ((width - side) / 2, (height - side) / 2);
    let middle = image::imageops::crop_imm(&resized, left, top, side, side).to_image();
    pixels::normalized(&middle, CLIP_MEAN, CLIP_STD, device)
}
