//! One training step of the autoencoder.
//!
//! `L = mean(w |d|) + 2 mean(w d²) + 0.5 mean |edges of d| + k KL`, where `d` is the decoded picture
//! minus the picture, `w = 1 + 2 min(strongest edge, 1)` looks harder at outlines, and `k` is so small
//! that the latents stay what the pictures need. Without the encoder among the trained parts the latents
//! stay as they are, and only the decoder is polished.
//!
//! Small things that are seldom there, such as candles, hardly count in such a mean, and are left out.
//! With `loss.focus` (`f`) every `w` is multiplied by `1 + f e / mean(e)`, where `e` is the error of the
//! pixel itself: the more a pixel is wrong, the more it counts.
//! Source: the form of the loss of the drawn world's reference scripts; KL of Kingma and Welling,
//! "Auto-Encoding Variational Bayes" (2014), appendix B.

use super::config::LossConfig;
use super::gradients::Gradients;
use super::networks::Networks;
use super::step::Losses;
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
}

/// Runs forward and backward; the parameters stay as they are. `k` and `f` above are `kl` and `focus`.
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
    let reconstruction = reconstruction_loss(&decoded, &pictures.pixels, loss.focus)?;
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

/// How far a decoded picture is from the one it should be; both (B, 3, H, W). `focus` is `f` above. A
/// scalar.
///
/// # Errors
/// On shapes that do not fit.
pub fn reconstruction_loss(decoded: &Tensor, pixels: &Tensor, focus: f64) -> Result<Tensor> {
    let difference = (decoded - pixels)?;
    let weights = match focus > 0.0 {
        true => (outlines(pixels)? * errors(&difference)?.affine(focus, 1.0)?)?,
        false => outlines(pixels)?,
    };
    let plain = difference.abs()?.broadcast_mul(&weights)?.mean_all()?;
    let squared = difference.sqr()?.broadcast_mul(&weights)?.mean_all()?;
    // Edges are linear: those of the difference are the difference of the edges.
    let (across, down) = edges(&difference)?;
    let count = 2.0 * difference.elem_count() as f64;
    let of_edges = ((across.abs()?.sum_all()? + down.abs()?.sum_all()?)? / count)?;
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

/// The largest error of a pixel's colours, as a multiple of the mean, (B, 1, H, W).
fn errors(difference: &Tensor) -> Result<Tensor> {
    let errors = difference.detach().abs()?.max_keepdim(1)?;
    // A picture without an error divides by nearly nothing, not by nothing.
    let mean = (errors.mean_all()? + 1e-12)?;
    errors.broadcast_div(&mean)
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
        let loss = reconstruction_loss(&pixels.zeros_like()?, &pixels, 0.0)?;
        // Weights: the left pixels see a step of 0.5 to their right, the right ones see none.
        let plain = (0.0 * 2.0 + 0.5 * 1.0) / 2.0;
        let squared = 0.25 * 1.0 / 2.0;
        // Of two edges per pixel and channel, padding included, one in four is a step of 0.5.
        let of_edges = 0.5 / 4.0;
        let expected = plain + 2.0 * squared + 0.5 * of_edges;
        assert!((loss.to_scalar::<f32>()? - expected).abs() < 1e-6, "{loss}");
        // The right pixels are wrong by 0.5 and the left ones by nothing: twice the mean.
        let loss = reconstruction_loss(&pixels.zeros_like()?, &pixels, 3.0)?;
        let expected = (1.0 + 3.0 * 2.0) * (plain + 2.0 * squared) + 0.5 * of_edges;
        assert!((loss.to_scalar::<f32>()? - expected).abs() < 1e-6, "{loss}");
        // Wrong by 0.4, 0.2, 0 and 0, on a picture without outlines: 8/3 and 4/3 of the mean.
        let grey = pixels.zeros_like()?;
        let wrong = Tensor::new(&[0.4f32, 0.2, 0.0, 0.0], &Device::Cpu)?.reshape((1, 1, 2, 2))?;
        let loss = reconstruction_loss(&grey.broadcast_add(&wrong)?, &grey, 3.0)?;
        let (first, second) = (1.0 + 3.0 * 8.0 / 3.0, 1.0 + 3.0 * 4.0 / 3.0);
        let plain = (first * 0.4 + second * 0.2) / 4.0;
        let squared = (first * 0.16 + second * 0.04) / 4.0;
        // Steps of 0.2 across, 0.4 and 0.2 down, of eight with the padding.
        let of_edges = (0.2 + 0.4 + 0.2) / 8.0;
        let expected = plain + 2.0 * squared + 0.5 * of_edges;
        assert!((loss.to_scalar::<f32>()? - expected).abs() < 1e-6, "{loss}");
        for focus in [0.0, 3.0] {
            let none = reconstruction_loss(&pixels, &pixels, focus)?;
            assert_eq!(none.to_scalar::<f32>()?, 0.0);
        }
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
