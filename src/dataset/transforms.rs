//! Pictures as the editor sees them in training and in validation.
//!
//! Source: the original's data set and validation script, pinned by `preprocess/` of the golden
//! numbers. Sizes are those of Pillow's `ImageOps.fit` and `Image.resize`.

use crate::nn::noise::Stream;
use crate::nn::pixels;
use crate::nn::resize::{Filter, fit, resize};
use candle_core::{Device, Result, Tensor};
use image::RgbImage;
use image::imageops::flip_horizontal_in_place;

/// Fitted sizes are multiples of this: eight latent cells, what the UNet halves three times.
const MULTIPLE: f64 = 64.0;

/// The size a picture is shown and compared at: about `resolution` on its longer side, both
/// sides multiples of 64. Returns width and height; at least 64 each.
///
/// `f = R / max(w, h)`, then `f = ceil(min(w, h) f / 64) 64 / min(w, h)`, then
/// `floor(w f / 64) 64` and likewise the height.
pub fn fitted_size(width: u32, height: u32, resolution: u32) -> (u32, u32) {
    let (width, height) = (f64::from(width.max(1)), f64::from(height.max(1)));
    let (short, long) = (width.min(height), width.max(height));
    let factor = f64::from(resolution) / long;
    let factor = (short * factor / MULTIPLE).ceil() * MULTIPLE / short;
    let fitted = |side: f64| ((side * factor / MULTIPLE).floor() * MULTIPLE).max(MULTIPLE) as u32;
    (fitted(width), fitted(height))
}

/// A validation frame: what the editor reads, and the size its result is brought back to.
#[derive(Clone, Debug)]
pub struct ValidationFrame {
    /// The frame, fitted and then squashed to `resolution` x `resolution`.
    pub input: RgbImage,
    /// Width and height of the fitted frame; targets and results are compared at this size.
    pub size: (u32, u32),
}

impl ValidationFrame {
    /// Prepares a frame for an editor that works at `resolution`.
    pub fn new(frame: &RgbImage, resolution: u32) -> Self {
        let size = fitted_size(frame.width(), frame.height(), resolution);
        let fitted = fit(frame, size.0, size.1, Filter::Lanczos);
        Self {
            input: resize(&fitted, resolution, resolution, Filter::Bicubic),
            size,
        }
    }

    /// A target picture, fitted to the frame's size and sent through the same squashing.
    pub fn target(&self, target: &RgbImage) -> RgbImage {
        let resolution = self.input.width();
        let fitted = fit(target, self.size.0, self.size.1, Filter::Lanczos);
        self.restore(&resize(&fitted, resolution, resolution, Filter::Bicubic))
    }

    /// The editor's square result, brought back to the frame's fitted size.
    pub fn restore(&self, result: &RgbImage) -> RgbImage {
        resize(result, self.size.0, self.size.1, Filter::Bicubic)
    }
}

/// The training transform: both pictures squashed to a square, mirrored together or not at all.
///
/// The original also crops at random, but to the size the picture already has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainTransform {
    /// Side of the square, in pixels.
    pub resolution: u32,
    /// How often a pair is mirrored, 0..=1.
    pub flip_probability: f32,
}

impl TrainTransform {
    /// Draws whether this pair is mirrored and applies the transform.
    ///
    /// Returns frame and edited picture, each (3, R, R) in -1..1.
    ///
    /// # Errors
    /// When the device has no room.
    pub fn apply(
        &self,
        frame: &RgbImage,
        edited: &RgbImage,
        stream: &mut Stream,
        device: &Device,
    ) -> Result<(Tensor, Tensor)> {
        let mirrored = stream.uniform() < self.flip_probability;
        Ok((
            self.pixels(frame, mirrored, device)?,
            self.pixels(edited, mirrored, device)?,
        ))
    }

    /// One picture as (3, R, R) in -1..1.
    ///
    /// # Errors
    /// When the device has no room.
    pub fn pixels(&self, picture: &RgbImage, mirrored: bool, device: &Device) -> Result<Tensor> {
        let mut square = resize(picture, self.resolution, self.resolution, Filter::Lanczos);
        if mirrored {
            flip_horizontal_in_place(&mut square);
        }
        pixels::signed_unit(&square, device)?.squeeze(0)
    }
}
