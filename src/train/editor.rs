//! What the editor is asked in a step, and how far its guess is from the noise.

use super::conditions::{Conditions, Kept};
use super::networks::Networks;
use super::step::{Batch, Conditioning, Draws, Picture, StepSettings};
use crate::models::{Posterior, Vae};
use candle_core::backprop::GradStore;
use candle_core::{DType, Result, Tensor, Var, bail};

/// Noisy latents, and everything that helps to find the noise in them.
pub(super) struct EditorTask {
    /// (B, 8, h, w).
    sample: Tensor,
    /// (B).
    timesteps: Tensor,
    /// (B, L, C), on the tape where the translation is trained.
    context: Tensor,
    /// (B, L), where some of it is padding.
    mask: Option<Tensor>,
    /// What is to be predicted, (B, 4, h, w).
    noise: Tensor,
}

impl Picture {
    /// The distribution of its latents, off the tape: the autoencoder is frozen.
    fn posterior(&self, vae: &Vae) -> Result<Posterior> {
        match self {
            Self::Pixels(pixels) => vae.encode(pixels),
            Self::Moments(moments) => Ok(Posterior::of_moments(moments.clone())),
        }
    }
}

impl EditorTask {
    /// Prepares it: noise on the latents of the frame after, and the context with some of it left out.
    pub fn new(
        networks: &Networks,
        batch: &Batch,
        draws: &Draws,
        settings: &StepSettings,
        latent: &Tensor,
        null: &Tensor,
        watch: &mut dyn FnMut(&'static str, &Tensor),
    ) -> Result<Self> {
        // 1. Pictures to latents.
        let vae = &networks.vae;
        let target = batch.edited.posterior(vae)?;
        let target = target.sample(&draws.posterior_noise)?.detach();
        let target = vae.scale(&target)?; // (B, 4, h, w)
        watch("z_start", &target);
        let conditions = Conditions::drawn(&draws.conditioning, settings.dropout);
        let image_latents = batch.image.posterior(vae)?.mode()?.detach();
        let image_latents = conditions.image_or_nothing(&image_latents)?; // (B, 4, h, w)
        watch("image_latent_after_dropout", &image_latents);

        // 2. What the editor is told, some of it left out.
        let seen = conditions.and_latent_of(&batch.sees_latent);
        let Kept { states, mask } = seen.latent_or_null(latent, null)?; // (B, Q + L, D)
        watch("context0_after_dropout", &states);
        let sentences = networks.states(&batch.sentences)?; // (B, S, D)
        let sentences = conditions.text_or_null(&sentences, null)?;
        watch("context1_after_dropout", &sentences);
        let context = match (settings.conditioning, &networks.predictive_proj) {
            (Conditioning::Linked, Some(projection)) => networks
                .translator
                .linked_context(&projection.forward(&states)?, &sentences)?,
            _ => networks.translator.context(&states, &sentences)?,
        }; // (B, Q + L + S, C)
        let mask = match mask {
            Some(mask) => {
                let (b, s, _) = sentences.dims3()?;
                let visible = Tensor::ones((b, s), mask.dtype(), mask.device())?;
                Some(Tensor::cat(&[&mask, &visible], 1)?)
            }
            None => None,
        };

        // 3. Noise.
        let noisy = networks
            .schedule
            .q_sample(&target, &draws.noise, &draws.timesteps)?;
        let sample = Tensor::cat(&[&noisy, &image_latents], 1)?; // (B, 8, h, w)
        let timesteps: Vec<f32> = draws.timesteps.iter().map(|t| *t as f32).collect();
        Ok(Self {
            timesteps: Tensor::new(timesteps, sample.device())?,
            sample,
            context,
            mask,
            noise: draws.noise.clone(),
        })
    }

    /// The loss, and what is to be differentiated: the loss itself.
    pub fn loss(self, networks: &Networks) -> Result<(f32, Option<Tensor>)> {
        let unet = &networks.unet;
        let context = unet.prepare_context(&self.context, self.mask.as_ref())?;
        let noise_pred = unet.forward(&self.sample, &self.timesteps, &context)?;
        let loss = self.error_of(&noise_pred)?;
        Ok((loss.to_scalar()?, Some(loss)))
    }

    /// The loss, after the way back through the editor, which computes its pieces again. `found` sees
    /// their gradients; what is still to be differentiated has the context's gradient as its own.
    pub fn loss_recomputed(
        self,
        networks: &Networks,
        found: &mut dyn FnMut(&mut GradStore) -> Result<()>,
    ) -> Result<(f32, Option<Tensor>)> {
        let (noise_pred, kept) = networks.unet.forward_recomputed(
            &self.sample,
            &self.timesteps,
            &self.context,
            self.mask.as_ref(),
        )?;
        let noise_pred = Var::from_tensor(&noise_pred)?;
        let loss = self.error_of(&noise_pred)?;
        let Some(gradient) = loss.backward()?.remove(&noise_pred) else {
            bail!("the loss does not depend on the predicted noise")
        };
        let wanted = self.context.track_op();
        let of_context = kept.backward(&gradient, wanted, found)?;
        let rest = match of_context.filter(|_| wanted) {
            Some(of_context) => {
                let of_context = of_context.to_dtype(self.context.dtype())?;
                Some((&self.context * of_context)?.sum_all()?)
            }
            None => None,
        };
        Ok((loss.to_scalar()?, rest))
    }

    /// `mean((noise_pred - noise)^2)`.
    fn error_of(&self, noise_pred: &Tensor) -> Result<Tensor> {
        (noise_pred.to_dtype(DType::F32)? - self.noise.to_dtype(DType::F32)?)?
            .sqr()?
            .mean_all()
    }
}
