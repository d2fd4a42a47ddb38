//! Two-scale guidance: how strongly the question and the frame steer.
//!
//! `uncond + s_T (cond - image_cond) + s_I (image_cond - uncond)`, with the text scale `s_T` and
//! the image scale `s_I`. Source: Brooks et al., "InstructPix2Pix", section 3.2.1, equation 3.

use super::Denoiser;
use candle_core::{Result, Tensor, bail};

/// Branches that are evaluated together: with everything, with the frame only, with nothing.
pub const BRANCHES: usize = 3;

/// How strongly one sample is steered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GuidanceScales {
    /// `s_T`; usually 3 to 10.
    pub text: f64,
    /// `s_I`; usually 1 to 2.
    pub image: f64,
}

/// Runs a denoiser's three branches as one batch and combines them.
///
/// The inner denoiser sees (3B, 4, h, w) and has to be prepared for the branches in the order
/// `[cond, image_cond, uncond]`; [`branch_image_latents`] and [`branch_contexts`] build its inputs.
/// k-diffusion combines denoised latents instead of noise: as the weights sum to one and both are
/// the same linear function of each other, the result is the same.
#[derive(Clone, Debug)]
pub struct TwoScaleGuidance<D> {
    /// Evaluates all branches.
    pub inner: D,
    /// One entry per sample.
    pub scales: Vec<GuidanceScales>,
}

impl<D: Denoiser> Denoiser for TwoScaleGuidance<D> {
    fn predict_noise(&self, latents: &Tensor, sigma: f64, timestep: f64) -> Result<Tensor> {
        let samples = latents.dim(0)?;
        if self.scales.len() != samples {
            bail!(
                "{samples} samples have {} pairs of scales",
                self.scales.len()
            )
        }
        let batch = Tensor::cat(&[latents; BRANCHES], 0)?; // (3B, 4, h, w)
        let noise_pred = self.inner.predict_noise(&batch, sigma, timestep)?;
        let branches = noise_pred.chunk(BRANCHES, 0)?;
        let [cond, image_cond, uncond] = branches.as_slice() else {
            bail!("the denoiser answered for {} branches", branches.len())
        };
        let guided = self.scales.iter().enumerate().map(|(i, scales)| {
            let [cond, image_cond, uncond] = [cond, image_cond, uncond].map(|b| b.narrow(0, i, 1));
            let (image_cond, uncond) = (image_cond?, uncond?);
            let text = ((cond? - &image_cond)? * scales.text)?;
            let image = ((image_cond - &uncond)? * scales.image)?;
            (uncond + text)? + image // (1, 4, h, w)
        });
        Tensor::cat(&guided.collect::<Result<Vec<_>>>()?, 0) // (B, 4, h, w)
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

/// The contexts of the branches, shorter ones padded to the longest.
///
/// - `conds` and `unconds`: one (1, L, D) per sample, each with its own L
///
/// Returns (3B, L, D) for the longest L, and a mask of (3B, L) with 1 where a context has a
/// position, unless all have all.
///
/// # Errors
/// When the widths or numbers differ.
pub fn branch_contexts(conds: &[&Tensor], unconds: &[&Tensor]) -> Result<(Tensor, Option<Tensor>)> {
    if conds.len() != unconds.len() {
        bail!(
            "{} contexts cannot be guided by {}",
            conds.len(),
            unconds.len()
        )
    }
    let contexts = [conds, unconds, unconds].concat();
    let lengths = contexts
        .iter()
        .map(|context| context.dim(1))
        .collect::<Result<Vec<_>>>()?;
    let length = lengths.iter().copied().max().unwrap_or(0);
    let padded = contexts
        .iter()
        .zip(&lengths)
        .map(|(context, own)| context.pad_with_zeros(1, 0, length - own))
        .collect::<Result<Vec<_>>>()?;
    let padded = Tensor::cat(&padded, 0)?; // (3B, L, D)
    if lengths.iter().all(|own| *own == length) {
        return Ok((padded, None));
    }
    let mask: Vec<f32> = lengths
        .iter()
        .flat_map(|own| (0..length).map(move |i| if i < *own { 1.0 } else { 0.0 }))
        .collect();
    let mask = Tensor::from_vec(mask, (lengths.len(), length), padded.device())?;
    Ok((padded, Some(mask)))
}
