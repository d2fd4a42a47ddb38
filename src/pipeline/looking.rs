//! What the networks see of a frame.

use super::conditioning::Reader;
use super::lgd::failed;
use super::{EditError, EditRequest, LgdPipeline, Manifest};
use crate::dataset::transforms::fitted_size;
use crate::nn::pixels;
use crate::nn::resize::{Filter, resize};
use candle_core::Tensor;
use image::RgbImage;
use std::sync::Arc;

/// What the networks made of a frame.
pub(super) struct Seen {
    /// (1, 4, h, w), posterior mode.
    pub(super) image_latents: Tensor,
    /// (1, Q, D), when a column needs them.
    pub(super) queries: Option<Tensor>,
}

impl LgdPipeline {
    /// What the networks see of a frame.
    pub(super) fn look(
        &self,
        frame: Arc<RgbImage>,
        requests: &[EditRequest],
    ) -> Result<Seen, EditError> {
        let resolution = self.manifest.resolution as u32;
        let editor_view = editor_view(&frame, resolution);
        let legs = || requests.iter().flat_map(EditRequest::legs);
        let language_view = legs()
            .any(|(_, request)| Reader::needs_image(request))
            .then(|| self.language_view(&frame));
        drop(frame); // a 100 megapixel frame need not wait for the end
        Ok(Seen {
            image_latents: self.encode_image(&editor_view)?,
            queries: language_view
                .map(|view| self.read_image(&view))
                .transpose()?,
        })
    }

    /// What BLIP-2 sees: squashed to its own square, bicubic, as its processor does.
    pub(super) fn language_view(&self, frame: &RgbImage) -> RgbImage {
        let side = self.parts.eyes_side;
        resize(frame, side, side, Filter::Bicubic)
    }

    /// The VAE's posterior mode, not scaled, (1, 4, h, w).
    fn encode_image(&self, view: &RgbImage) -> Result<Tensor, EditError> {
        let vae = self.parts.vae.get()?;
        pixels::signed_unit(view, &self.device)
            .and_then(|pixels| vae.encode(&pixels)?.mode())
            .map_err(failed)
    }

    /// Queries in the language model's space, (1, Q, D).
    pub(super) fn read_image(&self, view: &RgbImage) -> Result<Tensor, EditError> {
        let Manifest {
            image_mean,
            image_std,
            ..
        } = self.manifest;
        let (eyes, queries) = (self.parts.eyes.get()?, self.parts.queries.get()?);
        pixels::normalized(view, image_mean, image_std, &self.device)
            .and_then(|pixel_values| eyes.forward(&pixel_values))
            .and_then(|image_embeds| queries.project(&queries.read(&image_embeds)?))
            .map_err(failed)
    }
}

/// What the editor sees: the frame squashed to a square as validation does it (Lanczos to the
/// fitted size, then bicubic), but without its centre crop, so that the result lies exactly over
/// the frame. A frame of extreme shape goes to the square directly: its fitted size has no bound.
fn editor_view(frame: &RgbImage, resolution: u32) -> RgbImage {
    let (width, height) = fitted_size(frame.width(), frame.height(), resolution);
    if width.max(height) > 8 * resolution {
        return resize(frame, resolution, resolution, Filter::Lanczos);
    }
    let fitted = resize(frame, width, height, Filter::Lanczos);
    resize(&fitted, resolution, resolution, Filter::Bicubic)
}
