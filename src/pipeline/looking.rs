//! What the networks see of a frame.

use super::clock::Clock;
use super::conditioning::Reader;
use super::lgd::failed;
use super::{EditError, EditRequest, LgdPipeline, Manifest, Problem, Progress, Stage, WhichEditor};
use crate::dataset::transforms::fitted_size;
use crate::models::Vae;
use crate::nn::pixels;
use crate::nn::resize::{Filter, resize};
use candle_core::Tensor;
use image::RgbImage;
use std::sync::Arc;

/// A frame as a run takes it.
#[derive(Clone, Debug)]
pub struct FrameInput {
    /// The frame.
    pub image: Arc<RgbImage>,
    /// What the editor sees in place of its own view of the frame: a square of the bundle's
    /// resolution. The pictures then have its size, not the frame's.
    pub square: Option<RgbImage>,
    /// Whether a person watches the columns grow together. If not, as many are drawn at once as make
    /// it faster, so that finished ones come early and stay when the rest is stopped.
    pub watched: bool,
}

impl From<Arc<RgbImage>> for FrameInput {
    fn from(image: Arc<RgbImage>) -> Self {
        Self {
            image,
            square: None,
            watched: true,
        }
    }
}

impl FrameInput {
    /// Width and height of the pictures, in pixels.
    pub(super) fn size(&self) -> (u32, u32) {
        self.square.as_ref().unwrap_or(&self.image).dimensions()
    }
}

/// What the networks made of a frame.
pub(super) struct Seen {
    /// What each editor that draws sees, (1, 4, h, w): its posterior mode. The first column's is first.
    pub(super) image_latents: Vec<(WhichEditor, Tensor)>,
    /// (1, Q, D), when a column needs them.
    pub(super) queries: Option<Tensor>,
}

impl Seen {
    /// What an editor sees.
    pub(super) fn image_latents(&self, editor: WhichEditor) -> Result<&Tensor, EditError> {
        let mut all = self.image_latents.iter();
        let seen = all.find(|(other, _)| *other == editor);
        let seen = seen.ok_or_else(|| Problem::new("The editor cannot draw without the frame."))?;
        Ok(&seen.1)
    }
}

/// A frame at the sizes that the networks look at.
pub(super) struct Views {
    editor: RgbImage,
    /// The editors that draw, the first column's first.
    editors: Vec<WhichEditor>,
    /// There when a request needs BLIP-2 to look.
    language: Option<RgbImage>,
    /// See [`FrameInput::watched`].
    pub(super) watched: bool,
}

impl LgdPipeline {
    /// The frame as the networks that `requests` need will see it; the frame itself is let go.
    pub(super) fn views(
        &self,
        frame: FrameInput,
        requests: &[EditRequest],
        clock: &mut Clock,
        report: &mut dyn FnMut(Progress),
    ) -> Result<Views, EditError> {
        if let Some(problem) = requests.iter().flat_map(EditRequest::validate).next() {
            return Err(Problem::new(problem.to_string()).into());
        }
        for request in requests {
            self.abilities.check(request)?;
        }
        let mut editors: Vec<WhichEditor> = Vec::new();
        for request in requests {
            let editor = self.abilities.editor_of(request.mode);
            if !editors.contains(&editor) {
                editors.push(editor);
            }
        }
        clock.begin(Stage::ReadingFrame, report);
        let resolution = self.manifest.resolution as u32;
        let legs = || requests.iter().flat_map(EditRequest::legs);
        let FrameInput {
            image,
            square,
            watched,
        } = frame;
        Ok(Views {
            language: legs()
                .any(|(_, request)| Reader::needs_image(request))
                .then(|| self.language_view(&image)),
            editor: square.unwrap_or_else(|| editor_view(&image, resolution)),
            editors,
            watched,
        })
    }

    /// What the networks see of a frame.
    pub(super) fn look(
        &self,
        views: &Views,
        clock: &mut Clock,
        report: &mut dyn FnMut(Progress),
    ) -> Result<Seen, EditError> {
        self.parts.house.vacate();
        let image_latents = self.encode_image(&views.editor, &views.editors)?;
        let queries = match &views.language {
            None => None,
            Some(view) => {
                let (eyes, queries) = (&self.parts.eyes, &self.parts.queries);
                let load = || eyes.get().and_then(|_| queries.get()).map(|_| ());
                let missing = eyes.missing() + queries.missing();
                self.bring(Stage::ReadingFrame, missing, load, clock, report)?;
                Some(self.read_image(view)?)
            }
        };
        Ok(Seen {
            image_latents,
            queries,
        })
    }

    /// What BLIP-2 sees: squashed to its own square, bicubic, as its processor does.
    pub(super) fn language_view(&self, frame: &RgbImage) -> RgbImage {
        let side = self.parts.eyes_side;
        resize(frame, side, side, Filter::Bicubic)
    }

    /// The posterior mode of each editor's VAE, not scaled, (1, 4, h, w).
    fn encode_image(
        &self,
        view: &RgbImage,
        editors: &[WhichEditor],
    ) -> Result<Vec<(WhichEditor, Tensor)>, EditError> {
        let pixels = pixels::signed_unit(view, &self.device).map_err(failed)?;
        let mut seen: Vec<(Arc<Vae>, WhichEditor, Tensor)> = Vec::new();
        for editor in editors {
            let vae = self.parts.editor(*editor).vae.get()?;
            // Editors may share a VAE.
            let known = seen.iter().find(|(other, ..)| Arc::ptr_eq(other, &vae));
            let latents = match known {
                Some((.., latents)) => latents.clone(),
                None => {
                    let encoded = vae.encode_in(&pixels, self.tiles());
                    encoded.and_then(|encoded| encoded.mode()).map_err(failed)?
                }
            };
            seen.push((vae, *editor, latents));
        }
        let seen = seen.into_iter();
        Ok(seen.map(|(_, editor, latents)| (editor, latents)).collect())
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
