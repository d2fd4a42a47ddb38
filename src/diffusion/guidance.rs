//! Two-scale guidance: how strongly the question and the frame steer.
//!
//! `uncond + s_T (cond - image_cond) + s_I (image_cond - uncond)`, with the text scale `s_T` and
//! the image scale `s_I`. Source: Brooks et al., "InstructPix2Pix", section 3.2.1, equation 3.

use super::Denoiser;
use candle_core::{Result, Tensor, bail};

/// Branches that are evaluated together: with everything, with the frame only, with nothing.
pub const BRANCHES: usize = 3;

/// Runs a denoiser's three branches as one batch and combines them.
///
/// The inner denoiser sees (3B, 4, h, w) and has to be prepared for the branches in the order
/// `[cond, image_cond, uncond]`; [`branch_image_latents`] and [`branch_contexts`] build its inputs.
/// k-diffusion combines denoised latents instead of noise: as the weights sum to one and both are
/// the same linear function of each other, the result is the same.
#[derive(Clone, Copy, Debug)]
pub struct TwoScaleGuidance<D> {
    /// Evaluates all branches.
    pub inner: D,
    /// `s_T`; usually 3 to 10.
    pub guidance_scale: f64,
    /// `s_I`; usually 1 to 2.
    pub image_guidance_scale: f64,
}

impl<D: Denoiser> Denoiser for TwoScaleGuidance<D> {
    fn predict_noise(&self, latents: &Tensor, sigma: f64, timestep: f64) -> Result<Tensor> {
        let batch = Tensor::cat(&[latents; BRANCHES], 0)?; // (3B, 4, h, w)
        let noise_pred = self.inner.predict_noise(&batch, sigma, timestep)?;
        let branches = noise_pred.chunk(BRANCHES, 0)?;
        let [cond, image_cond, uncond] = branches.as_slice() else {
            bail!("the denoiser answered for {} branches", branches.len())
        };
        let text = ((cond - image_cond)? * self.guidance_scale)?;
        let image = ((image_cond - uncond)? * self.image_guidance_scale)?;
        ((uncond + text)? + image)?.contiguous() // (B, 4, h, w)
    }
}

/// The image latents of the branches: (B, 4, h, w) to (3B, 4, h, w), zeros in the last.
///
/// # Errors
/// When memory runs out.
pub fn branch_image_latents(image_latents: &Tensor) -> Result<Tensor> {
    Tensor::cat(
        &[image_latents, image_latents, &image_latents.zeros_like()?],
        0,
    )
}

/// The contexts of the branches, the shorter one padded to the longer.
///
/// - `cond`: (B, L, D); `uncond`: (B, L', D)
///
/// Returns (3B, max(L, L'), D), and a mask of (3B, max(L, L')) with 1 where a context has a
/// position, unless all have all.
///
/// # Errors
/// When the widths or batches differ.
pub fn branch_contexts(cond: &Tensor, uncond: &Tensor) -> Result<(Tensor, Option<Tensor>)> {
    let (batch, cond_length, width) = cond.dims3()?;
    let (uncond_batch, uncond_length, uncond_width) = uncond.dims3()?;
    if (batch, width) != (uncond_batch, uncond_width) {
        bail!(
            "the contexts are {:?} and {:?}, they may differ in length only",
            cond.dims(),
            uncond.dims()
        )
    }
    let length = cond_length.max(uncond_length);
    let padded = |context: &Tensor, own: usize| context.pad_with_zeros(1, 0, length - own);
    let uncond = padded(uncond, uncond_length)?;
    let contexts = Tensor::cat(&[&padded(cond, cond_length)?, &uncond, &uncond], 0)?; // (3B, L, D)
    if cond_length == uncond_length {
        return Ok((contexts, None));
    }
    let mask: Vec<f32> = [cond_length, uncond_length, uncond_length]
        .into_iter()
        .flat_map(|own| std::iter::repeat_n(own, batch))
        .flat_map(|own| (0..length).map(move |i| if i < own { 1.0 } else { 0.0 }))
        .collect();
    let mask = Tensor::from_vec(mask, (BRANCHES * batch, length), cond.device())?;
    Ok((contexts, Some(mask)))
}
