//! One training step of the autoencoder.
//!
//! `L = mean(v w |d|) + 2 mean(v w d²) + 0.5 mean(v |edges of d|) + k KL`, where `d` is the decoded picture
//! minus the picture, `w = 1 + 2 min(strongest edge, 1)` looks harder at outlines, and `k` is so small
//! that the latents stay what the pictures need. Without the encoder among the trained parts the latents
//! stay as they are, and only the decoder is polished.
//!
//! Small things that are seldom there, such as the Z's of sleepers, hardly count in such a mean, and are
//! left out, though a question may be about nothing else. `v = 1 + t` looks harder there: `t` is what a
//! pixel tells of the states of things ([`Telling`]), weighted by `loss.states`.
//! Source: the form of the loss of the drawn world's reference scripts; KL of Kingma and Welling,
//! "Auto-Encoding Variational Bayes" (2014), appendix B.

use super::config::LossConfig;
use super::gradients::Gradients;
use super::networks::Networks;
use super::step::Losses;
#[cfg(doc)]
use crate::dataset::toon::Telling;
use crate::models::Posterior;
use candle_core::{D, Result, Tensor, Var};
use std::collections::BTreeMap;

/// Weight of the squared distance beside the plain one.
const SQUARED: f64 = 2.0;
/// Weight of the distance of the edges.
const EDGES: f64 = 0.5;
/// How much harder an outline is looked at.
const OUTLINE: f64 = 2.0;

/// What the autoencoder learns from.
pub struct Pictures {
    /// (B, 3, H, W) in -1..1.
    pub pixels: Tensor,
    /// Noise of the posterior, (B, 4, h, w).
    pub noise: Tensor,
    /// What each pixel tells of the states of things, (B, 1, H, W).
    pub telling: Option<Tensor>,
}

/// Runs forward and backward; the parameters stay as they are. `k` above is `kl`.
///
/// # Errors
/// On shapes that do not fit, or when cancelled.
pub fn reconstruct(
    networks: &Networks,
    parameters: &BTreeMap<String, Var>,
    loss: &LossConfig,
    pictures: &Pictures,
) -> Result<(Losses, Gradients)> {
    let vae = &networks.vae;
    let posterior = vae.encode(&pictures.pixels)?;
    let decoded = vae.decode(&posterior.sample(&pictures.noise)?)?; // (B, 3, H, W)
    let telling = pictures.telling.as_ref();
    let reconstruction = reconstruction_loss(&decoded, &pictures.pixels, telling)?;
    let divergence = divergence(&posterior)?;
    let mut losses = Losses {
        reconstruction: Some(reconstruction.to_scalar()?),
        ..Losses::default()
    };
    let whole = match divergence.track_op() {
        true => {
            losses.divergence = Some(divergence.to_scalar()?);
            (reconstruction + (divergence * loss.kl)?)?
        }
        // The encoder is left alone.
        false => reconstruction,
    };
    losses.total = whole.to_scalar()?;
    let mut gradients = Gradients::default();
    gradients.collect(parameters, &mut whole.backward()?)?;
    Ok((losses, gradients))
}

/// How far a decoded picture is from the one it should be; both (B, 3, H, W). `telling` is `t`
/// above, (B, 1, H, W). A scalar.
///
/// # Errors
/// On shapes that do not fit.
pub fn reconstruction_loss(
    decoded: &Tensor,
    pixels: &Tensor,
    telling: Option<&Tensor>,
) -> Result<Tensor> {
    let difference = (decoded - pixels)?;
    let (_, _, h, w) = difference.dims4()?;
    let states = match telling {
        Some(telling) => (telling + 1.0)?,
        None => Tensor::ones((1, 1, h, w), difference.dtype(), difference.device())?,
    };
    let weights = outlines(pixels)?.broadcast_mul(&states)?;
    let plain = difference.abs()?.broadcast_mul(&weights)?.mean_all()?;
    let squared = difference.sqr()?.broadcast_mul(&weights)?.mean_all()?;
    // Edges are linear: those of the difference are the difference of the edges. One counts as the pixel
    // it leads to.
    let (across, down) = edges(&difference)?;
    let across = across.abs()?.broadcast_mul(&states.narrow(3, 1, w - 1)?)?;
    let down = down.abs()?.broadcast_mul(&states.narrow(2, 1, h - 1)?)?;
    let count = 2.0 * difference.elem_count() as f64;
    let of_edges = ((across.sum_all()? + down.sum_all()?)? / count)?;
    plain + ((squared * SQUARED)? + (of_edges * EDGES)?)?
}

/// Steps to the right, (B, C, H, W - 1), and down, (B, C, H - 1, W).
fn edges(pixels: &Tensor) -> Result<(Tensor, Tensor)> {
    let (_, _, h, w) = pixels.dims4()?;
    let across = (pixels.narrow(3, 1, w - 1)? - pixels.narrow(3, 0, w - 1)?)?;
    let down = (pixels.narrow(2, 1, h - 1)? - pixels.narrow(2, 0, h - 1)?)?;
    Ok((across, down))
}

/// Weights of the pixels of pictures, (B, 1, H, W).
fn outlines(pixels: &Tensor) -> Result<Tensor> {
    let (across, down) = edges(&pixels.detach())?;
    let across = across
        .abs()?
        .max_keepdim(1)?
        .pad_with_zeros(D::Minus1, 0, 1)?;
    let down = down
        .abs()?
        .max_keepdim(1)?
        .pad_with_zeros(D::Minus2, 0, 1)?;
    across.maximum(&down)?.minimum(1f64)?.affine(OUTLINE, 1.0)
}

/// Distance of a posterior from the unit normal distribution, summed over a picture's latents, the mean
/// over pictures. A scalar.
fn divergence(posterior: &Posterior) -> Result<Tensor> {
    let (mean, logvar) = (posterior.mode()?, posterior.logvar()?);
    let pictures = mean.dim(0)?.max(1) as f64;
    let sum = ((mean.sqr()? + logvar.exp()?)? - (logvar + 1.0)?)?.sum_all()?;
    sum * (0.5 / pictures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{DType, Device};

    #[test]
    fn the_loss_is_what_the_formula_says() -> Result<()> {
        // One picture of 2 x 2 pixels with one outline from left to right, decoded as zero.
        let row = [0.0f32, 0.5, 0.0, 0.5];
        let pixels = Tensor::new(&[row, row, row], &Device::Cpu)?.reshape((1, 3, 2, 2))?;
        let zero = pixels.zeros_like()?;
        let loss = reconstruction_loss(&zero, &pixels, None)?;
        // Weights: the left pixels see a step of 0.5 to their right, the right ones see none.
        let plain = (0.0 * 2.0 + 0.5 * 1.0) / 2.0;
        let squared = 0.25 * 1.0 / 2.0;
        // Of two edges per pixel and channel, padding included, one in four is a step of 0.5.
        let of_edges = 0.5 / 4.0;
        let expected = plain + 2.0 * squared + 0.5 * of_edges;
        assert!((loss.to_scalar::<f32>()? - expected).abs() < 1e-6, "{loss}");
        // One pixel tells a state, and counts 13 times as much: half of the error is there.
        let told = Tensor::new(&[0.0f32, 12.0, 0.0, 0.0], &Device::Cpu)?.reshape((1, 1, 2, 2))?;
        let loss = reconstruction_loss(&zero, &pixels, Some(&told))?;
        // So is one of the two steps, the one that leads there.
        let more = (13.0 + 1.0) / 2.0;
        let expected = more * (plain + 2.0 * squared + 0.5 * of_edges);
        assert!((loss.to_scalar::<f32>()? - expected).abs() < 1e-5, "{loss}");
        // Pictures that tell nothing are looked at as ever.
        let nothing = told.zeros_like()?;
        let loss = reconstruction_loss(&zero, &pixels, Some(&nothing))?;
        let expected = plain + 2.0 * squared + 0.5 * of_edges;
        assert!((loss.to_scalar::<f32>()? - expected).abs() < 1e-6, "{loss}");
        let none = reconstruction_loss(&pixels, &pixels, Some(&told))?;
        assert_eq!(none.to_scalar::<f32>()?, 0.0);
        Ok(())
    }

    #[test]
    fn a_unit_normal_posterior_has_no_divergence() -> Result<()> {
        let moments = Tensor::zeros((2, 8, 3, 3), DType::F32, &Device::Cpu)?;
        let none = divergence(&Posterior::of_moments(moments.clone()))?;
        assert_eq!(none.to_scalar::<f32>()?, 0.0);
        // Mean 1 and variance 1: half a nat for each of 4 x 9 latents.
        let mean = Tensor::ones((2, 4, 3, 3), DType::F32, &Device::Cpu)?;
        let moments = Tensor::cat(&[&mean, &mean.zeros_like()?], 1)?;
        let some = divergence(&Posterior::of_moments(moments))?;
        assert!((some.to_scalar::<f32>()? - 18.0).abs() < 1e-4);
        Ok(())
    }
}
