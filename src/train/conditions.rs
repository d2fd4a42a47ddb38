//! What the editor is not told: classifier-free guidance needs samples without text, without
//! picture, and without both.
//!
//! One uniform number u decides for a sample, with the share s = 0.05: below 2s the texts become the
//! empty text; from s to below 3s the picture becomes nothing. So s lose their text only, s both and
//! s the picture only. Source: InstructPix2Pix, section 3.2.1, as the authors' code draws it.

use candle_core::{Device, Result, Tensor};

/// What each sample keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conditions {
    /// Whether a sample keeps its texts.
    pub text: Vec<bool>,
    /// Whether it keeps its picture.
    pub image: Vec<bool>,
}

/// States with the mask of the positions that count.
pub struct Kept {
    /// (B, L, D).
    pub states: Tensor,
    /// (B, L), 1 for positions that count; none where all do.
    pub mask: Option<Tensor>,
}

impl Conditions {
    /// Decides by uniform numbers, one per sample; comparisons in 32 bits, as in the original.
    pub fn drawn(uniform: &[f32], share: f32) -> Self {
        let decide = |keep: &dyn Fn(f32) -> bool| uniform.iter().map(|u| keep(*u)).collect();
        Self {
            text: decide(&|u| u >= 2.0 * share),
            image: decide(&|u| !(share <= u && u < 3.0 * share)),
        }
    }

    /// The same, and samples that do not see the latent lose it too.
    pub fn and_latent_of(&self, sees_latent: &[bool]) -> Self {
        let both = self.text.iter().zip(sees_latent);
        Self {
            text: both.map(|(kept, sees)| *kept && *sees).collect(),
            image: self.image.clone(),
        }
    }

    /// `states` (B, L, D), or those of the empty text, `null` (1, N, D), where the text is dropped. A
    /// shorter `null` is padded and the padding masked.
    ///
    /// # Errors
    /// On shapes that do not fit.
    pub fn latent_or_null(&self, states: &Tensor, null: &Tensor) -> Result<Kept> {
        let (length, nulls) = (states.dim(1)?, null.dim(1)?);
        if nulls == length {
            return Ok(Kept {
                states: self.text_or_null(states, null)?,
                mask: None,
            });
        }
        let null = if nulls < length {
            null.pad_with_zeros(1, 0, length - nulls)?
        } else {
            null.narrow(1, 0, length)?
        };
        let mask = self.text.iter().flat_map(|&kept| {
            (0..length).map(move |position| if kept || position < nulls { 1f32 } else { 0.0 })
        });
        let shape = (self.text.len(), length);
        Ok(Kept {
            states: self.text_or_null(states, &null)?,
            mask: Some(Tensor::from_vec(mask.collect(), shape, states.device())?),
        })
    }

    /// `states` (B, L, D), or `null` (1, L, D) where the text is dropped.
    ///
    /// # Errors
    /// On shapes that do not fit.
    pub fn text_or_null(&self, states: &Tensor, null: &Tensor) -> Result<Tensor> {
        let shape = states.shape();
        let kept = choice(&self.text, &[states.dim(0)?, 1, 1], states.device())?;
        let null = null.broadcast_as(shape)?.contiguous()?;
        kept.broadcast_as(shape)?.where_cond(states, &null)
    }

    /// `latents` (B, 4, h, w), or zeros where the picture is dropped.
    ///
    /// # Errors
    /// On shapes that do not fit.
    pub fn image_or_nothing(&self, latents: &Tensor) -> Result<Tensor> {
        let kept = choice(&self.image, &[latents.dim(0)?, 1, 1, 1], latents.device())?;
        latents.broadcast_mul(&kept.to_dtype(latents.dtype())?)
    }
}

/// One number per sample, in a shape that spreads over all of them.
fn choice(kept: &[bool], shape: &[usize], device: &Device) -> Result<Tensor> {
    let kept: Vec<u8> = kept.iter().map(|kept| u8::from(*kept)).collect();
    Tensor::from_vec(kept, shape, device)
}
