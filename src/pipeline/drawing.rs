//! The denoising of one edit: the UNet under two-scale guidance, walked by a sampler.

use super::EditRequest;
use crate::diffusion::{
    BRANCHES, Denoiser, NoiseSchedule, Step, TwoScaleGuidance, branch_contexts,
    branch_image_latents, input_scale, sample,
};
use crate::models::{CrossContext, Unet};
use crate::nn::noise::TapeReader;
use candle_core::{Result, Tensor};
use std::ops::ControlFlow;

/// Everything one denoising run reads.
pub(super) struct Drawing<'a> {
    pub(super) unet: &'a Unet,
    pub(super) schedule: &'a NoiseSchedule,
    pub(super) request: &'a EditRequest,
    /// (1, 4, h, w), the frame's posterior mode.
    pub(super) image_latents: &'a Tensor,
    /// (1, L, C).
    pub(super) context: &'a Tensor,
    /// (1, L', C).
    pub(super) null_context: &'a Tensor,
}

impl Drawing<'_> {
    /// Draws with the noise of `tape` and returns the scaled latents, (1, 4, h, w). `on_step` hears
    /// the number of finished steps and the denoised estimate.
    pub(super) fn run(
        &self,
        mut tape: TapeReader,
        on_step: &mut dyn FnMut(usize, &Tensor) -> Result<()>,
    ) -> Result<Tensor> {
        let device = self.image_latents.device();
        let plan = self
            .schedule
            .plan(self.request.sampler, self.request.steps)?;
        let (contexts, mask) = branch_contexts(self.context, self.null_context)?;
        let guided = TwoScaleGuidance {
            inner: EditorUnet {
                unet: self.unet,
                context: self.unet.prepare_context(&contexts, mask.as_ref())?, // once for all steps
                image_latents: branch_image_latents(self.image_latents)?,
            },
            guidance_scale: self.request.guidance_scale,
            image_guidance_scale: self.request.image_guidance_scale,
        };
        let initial = tape.next(device)?;
        let mut noise = |_: usize| tape.next(device);
        let mut failure = None;
        let latents = sample(
            &guided,
            &plan,
            &initial,
            &mut noise,
            |step: &Step<'_>| match on_step(step.index + 1, step.denoised) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failure = Some(error);
                    ControlFlow::Break(())
                }
            },
        );
        match failure {
            Some(error) => Err(error),
            None => latents,
        }
    }
}

/// The editor's UNet with what stays the same during a run.
struct EditorUnet<'a> {
    unet: &'a Unet,
    context: CrossContext,
    /// (3, 4, h, w).
    image_latents: Tensor,
}

impl Denoiser for EditorUnet<'_> {
    fn predict_noise(&self, latents: &Tensor, sigma: f64, timestep: f64) -> Result<Tensor> {
        let scaled = (latents * input_scale(sigma))?;
        let sample = Tensor::cat(&[&scaled, &self.image_latents], 1)?; // (3, 8, h, w)
        let timesteps = Tensor::full(timestep as f32, BRANCHES, latents.device())?;
        self.unet.forward(&sample, &timesteps, &self.context)
    }
}
