//! What the editor is asked in a step, and how far its guess is from the noise.

use super::conditions::{Conditions, Kept};
use super::networks::Networks;
use super::step::{Batch, Conditioning, Draws, NoiseWeights, Picture, StepSettings};
use crate::diffusion::NoiseSchedule;
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
    /// How much each cell's error counts, where not all count the same: (B, 1, h, w).
    weights: Option<Tensor>,
}

impl Picture {
    /// The distribution of its latents, off the tape: the autoencoder is frozen.
    fn posterior(&self, vae: &Vae) -> Result<Posterior> {
        match self {
            Self::Pixels(pixels) => vae.encode(pixels),
            Self::Moments(moments) => Ok(Posterior::of_moments(moments.clone())),
            Self::Unseen => bail!("the editor does not learn, and was asked to"),
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
        let weights = settings.noise.of(
            &networks.schedule,
            &draws.timesteps,
            &target,
            &vae.scale(&image_latents)?,
        )?;
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
            weights,
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

    /// `mean(w (noise_pred - noise)^2)`.
    fn error_of(&self, noise_pred: &Tensor) -> Result<Tensor> {
        let error = (noise_pred.to_dtype(DType::F32)? - self.noise.to_dtype(DType::F32)?)?.sqr()?;
        match &self.weights {
            Some(weights) => error.broadcast_mul(weights)?.mean_all(),
            None => error.mean_all(),
        }
    }
}

impl NoiseWeights {
    /// How much each cell's error counts, (B, 1, h, w); nothing where all count the same.
    ///
    /// `target` and `image_latents` are the scaled latents of the frames after and before, (B, 4, h, w).
    fn of(
        &self,
        schedule: &NoiseSchedule,
        timesteps: &[usize],
        target: &Tensor,
        image_latents: &Tensor,
    ) -> Result<Option<Tensor>> {
        /// Mean distance of scaled latents above which a cell counts as changed.
        const CHANGED: f64 = 0.1;
        if self.min_snr == 0.0 && self.change == 0.0 {
            return Ok(None);
        }
        let kept = schedule.alphas_cumprod();
        let of_noise = timesteps.iter().map(|&t| {
            let signal = kept.get(t).copied().unwrap_or(0.0);
            let snr = signal / (1.0 - signal);
            match self.min_snr > 0.0 {
                true => (self.min_snr / snr).min(1.0) as f32,
                false => 1.0,
            }
        });
        let shape = (timesteps.len(), 1, 1, 1);
        let of_noise = Tensor::from_vec(of_noise.collect(), shape, target.device())?;
        let distance = (target - image_latents)?.abs()?.mean_keepdim(1)?; // (B, 1, h, w)
        let changed = distance.gt(CHANGED)?.to_dtype(DType::F32)?;
        let of_change = ((changed * self.change)? + 1.0)?;
        of_change.broadcast_mul(&of_noise).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::ScheduleConfig;
    use candle_core::Device;

    #[test]
    fn noise_counts_less_where_there_is_little_of_it_and_more_where_the_picture_changes()
    -> Result<()> {
        let schedule = NoiseSchedule::new(&ScheduleConfig::stable_diffusion())?;
        let before = Tensor::zeros((2, 4, 1, 2), DType::F32, &Device::Cpu)?;
        let after = Tensor::new(&[[[[0f32, 1.0]]]], &Device::Cpu)?;
        let after = after.broadcast_as(before.shape())?.contiguous()?;
        let of = |min_snr, change| {
            let weights = NoiseWeights { min_snr, change };
            weights.of(&schedule, &[10, 900], &after, &before)
        };
        assert!(of(0.0, 0.0)?.is_none());
        let numbers = |weights: Option<Tensor>| weights.map(|w| w.flatten_all()?.to_vec1::<f32>());
        let plain = numbers(of(0.0, 1.5)?).transpose()?;
        assert_eq!(plain, Some(vec![1.0, 2.5, 1.0, 2.5]));
        let signal = schedule.alphas_cumprod()[10];
        let little = (5.0 * (1.0 - signal) / signal) as f32;
        let both = numbers(of(5.0, 1.0)?).transpose()?.unwrap_or_default();
        assert!((both[0] - little).abs() < 1e-6 && (both[1] - 2.0 * little).abs() < 1e-6);
        assert_eq!(both[2..], [1.0, 2.0]);
        Ok(())
    }
}
