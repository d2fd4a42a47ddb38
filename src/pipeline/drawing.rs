//! The denoising of a run: columns side by side, each on its own noise tape, under two-scale
//! guidance, walked by one sampler.

use crate::diffusion::{
    BRANCHES, Denoiser, GuidanceScales, SamplingPlan, TwoScaleGuidance, Walk, branch_contexts,
    branch_image_latents, input_scale,
};
use crate::models::{Attended, CrossContext, Unet};
use crate::nn::noise::{NoiseTape, TapeReader};
use candle_core::{Result, Tensor};
use std::cell::RefCell;

/// What steers a column from some step on.
pub(super) struct Leg {
    /// The first step drawn this way; the first leg of a column starts at 0.
    pub(super) first_step: usize,
    /// (1, L, C).
    pub(super) context: Tensor,
    /// (1, L', C).
    pub(super) null_context: Tensor,
    /// Both guidance scales.
    pub(super) scales: GuidanceScales,
}

/// One picture to draw.
pub(super) struct Sketch {
    /// All its noise.
    pub(super) tape: NoiseTape,
    /// One leg, or more where a request branches off another one's path; rising first steps.
    pub(super) legs: Vec<Leg>,
}

impl Sketch {
    fn leg_at(&self, step: usize) -> Option<&Leg> {
        self.legs.iter().rev().find(|leg| leg.first_step <= step)
    }
}

/// Latent cells in a call of the network beyond which more samples make it no faster: the layers
/// of one column are large enough by then to keep every core busy.
const CELLS_PER_CALL: usize = 12 * 1024;

/// Columns that are compared while they grow; more than these are a grid.
const SIDE_BY_SIDE: usize = 8;
/// Cells of a grid that are drawn at once at most, so that the first ones appear early.
const WAVE: usize = 4;

/// How many of `columns` pictures with latents of (h, w) cells are drawn at once. A few walk side by
/// side, to be compared on the way. Of many, as many as make a call of the network faster: the
/// first are finished early, and stay when the rest is cancelled. So too where nobody watches.
pub(super) fn side_by_side(columns: usize, size: (usize, usize), watched: bool) -> usize {
    if watched && columns <= SIDE_BY_SIDE {
        return columns.max(1);
    }
    columns_per_call(size).min(WAVE)
}

/// How many columns with latents of (h, w) cells go through the network in one call.
pub(super) fn columns_per_call((height, width): (usize, usize)) -> usize {
    (CELLS_PER_CALL / (BRANCHES * height * width).max(1)).max(1)
}

/// Sketches that share a plan and a frame.
pub(super) struct Drawing<'a> {
    pub(super) unet: &'a Unet,
    pub(super) plan: &'a SamplingPlan,
    /// (1, 4, h, w), the frame's posterior mode.
    pub(super) image_latents: &'a Tensor,
    pub(super) sketches: Vec<&'a Sketch>,
    /// Learns in every step where the guided branch of a single sketch looks.
    pub(super) attended: Option<&'a RefCell<Attended>>,
}

impl Drawing<'_> {
    /// Draws all sketches and returns the scaled latents, (K, 4, h, w). `on_step` hears the number
    /// of finished steps and the denoised estimates, (K, 4, h, w).
    pub(super) fn run(
        &self,
        on_step: &mut dyn FnMut(usize, &Tensor) -> Result<()>,
    ) -> Result<Tensor> {
        let device = self.image_latents.device();
        let mut readers: Vec<TapeReader> = self.sketches.iter().map(|s| s.tape.reader()).collect();
        let mut draw = || -> Result<Tensor> {
            let noise = readers.iter_mut().map(|reader| reader.next(device));
            Tensor::cat(&noise.collect::<Result<Vec<_>>>()?, 0)
        };
        let mut walk = Walk::start(self.plan, &draw()?)?;
        let mut noise = |_: usize| draw();
        let mut editor = self.editor(0)?;
        loop {
            let next = walk.done();
            if next > 0 && self.turns_at(next) {
                editor = self.editor(next)?;
            }
            let Some(step) = walk.advance(&editor, &mut noise)? else {
                return Ok(walk.into_latents());
            };
            on_step(step.index + 1, step.denoised)?;
        }
    }

    /// Whether a sketch is steered by something else from this step on.
    fn turns_at(&self, step: usize) -> bool {
        let mut legs = self.sketches.iter().flat_map(|sketch| &sketch.legs);
        legs.any(|leg| leg.first_step == step)
    }

    /// The network as all sketches see it from this step on.
    fn editor(&self, step: usize) -> Result<Editor<'_>> {
        let (_, _, height, width) = self.image_latents.dims4()?;
        let columns = columns_per_call((height, width));
        let calls = self.sketches.chunks(columns).map(|sketches| {
            let legs: Vec<&Leg> = sketches.iter().filter_map(|s| s.leg_at(step)).collect();
            let conds: Vec<&Tensor> = legs.iter().map(|leg| &leg.context).collect();
            let unconds: Vec<&Tensor> = legs.iter().map(|leg| &leg.null_context).collect();
            let (contexts, mask) = branch_contexts(&conds, &unconds)?;
            let frames = self.image_latents.repeat((sketches.len(), 1, 1, 1))?; // (B, 4, h, w)
            Ok(TwoScaleGuidance {
                inner: Branches {
                    unet: self.unet,
                    context: self.unet.prepare_context(&contexts, mask.as_ref())?, // once for all steps
                    image_latents: branch_image_latents(&frames)?,
                    attended: self.attended,
                },
                scales: legs.iter().map(|leg| leg.scales).collect(),
            })
        });
        Ok(Editor {
            calls: calls.collect::<Result<_>>()?,
        })
    }
}

/// All columns: small ones in one call of the network, large ones one after the other.
struct Editor<'a> {
    calls: Vec<TwoScaleGuidance<Branches<'a>>>,
}

impl Denoiser for Editor<'_> {
    fn predict_noise(&self, latents: &Tensor, sigma: f64, timestep: f64) -> Result<Tensor> {
        let mut first = 0;
        let mut noise_preds = Vec::with_capacity(self.calls.len());
        for call in &self.calls {
            let count = call.scales.len();
            let latents = latents.narrow(0, first, count)?;
            noise_preds.push(call.predict_noise(&latents, sigma, timestep)?);
            first += count;
        }
        Tensor::cat(&noise_preds, 0) // (K, 4, h, w)
    }
}

/// The editor's UNet with what stays the same between turns.
struct Branches<'a> {
    unet: &'a Unet,
    context: CrossContext,
    /// (3B, 4, h, w).
    image_latents: Tensor,
    attended: Option<&'a RefCell<Attended>>,
}

impl Denoiser for Branches<'_> {
    fn predict_noise(&self, latents: &Tensor, sigma: f64, timestep: f64) -> Result<Tensor> {
        let scaled = (latents * input_scale(sigma))?;
        let sample = Tensor::cat(&[&scaled, &self.image_latents], 1)?; // (3B, 8, h, w)
        let timesteps = Tensor::full(timestep as f32, 1, latents.device())?;
        match self.attended {
            None => self.unet.forward(&sample, &timesteps, &self.context),
            Some(attended) => {
                let attended = &mut *attended.borrow_mut();
                self.unet
                    .forward_watched(&sample, &timesteps, &self.context, attended)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_columns_grow_together_and_many_in_waves() {
        assert_eq!(side_by_side(4, (64, 64), true), 4);
        assert_eq!(side_by_side(25, (64, 64), true), 1);
        assert_eq!(side_by_side(25, (16, 16), true), WAVE);
        assert_eq!(side_by_side(0, (0, 0), true), 1);
        assert_eq!(side_by_side(4, (64, 64), false), 1);
    }
}
