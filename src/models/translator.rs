//! The bridge of LGD: carries the language model's states into the UNet's context space.
//!
//! Two linear layers. `mlp` changes the width for both streams; `latent_mlp` first reshapes the
//! stream of the latent within the language model's space. Source: the LGD paper's latent
//! translator; tensor names `mlp.*` and `latent_mlp.*`.

use crate::nn::{Linear, Weights};
use candle_core::{D, Result, Tensor};

/// Maps the language model's space (width D) into the UNet's context space (width C).
#[derive(Clone, Debug)]
pub struct LatentTranslator {
    mlp: Linear,
    latent_mlp: Option<Linear>,
    text_width: usize,
    context_width: usize,
}

impl LatentTranslator {
    /// Reads `mlp` and, unless the file has only that, `latent_mlp`.
    ///
    /// # Errors
    /// When a tensor cannot be read.
    pub fn load(text_width: usize, context_width: usize, weights: &Weights) -> Result<Self> {
        let latent = weights.pp("latent_mlp");
        // A file that knows only `mlp` has no second layer; random weights know no names at all.
        let latent_mlp = if latent.has("weight") || !weights.has("mlp.weight") {
            Some(Linear::load(&latent, text_width, text_width)?)
        } else {
            None
        };
        // Training's contrastive loss uses the first, validation reads the averages by `pp("ema")`.
        weights.ignore("predictive_proj");
        weights.ignore("ema");
        Ok(Self {
            mlp: Linear::load(&weights.pp("mlp"), text_width, context_width)?,
            latent_mlp,
            text_width,
            context_width,
        })
    }

    /// Width D it reads.
    pub fn text_width(&self) -> usize {
        self.text_width
    }

    /// Width C it makes.
    pub fn context_width(&self) -> usize {
        self.context_width
    }

    /// The first stream inside the language model's space, before `mlp`: (B, L, D) to the same.
    ///
    /// # Errors
    /// On a shape that does not fit.
    pub fn translate_latent(&self, latent: &Tensor) -> Result<Tensor> {
        match &self.latent_mlp {
            Some(latent_mlp) => latent_mlp.forward(latent),
            None => Ok(latent.clone()),
        }
    }

    /// `[mlp(latent_mlp(latent)) ; mlp(text)]`, (B, L1 + L2, C).
    ///
    /// - `latent`: (B, L1, D), the latent or the encoding of the empty text. One that already has
    ///   the context's width, (B, L1, C), is used unchanged.
    /// - `text`: (B, L2, D), the encoding of a text, possibly the empty one
    ///
    /// Where D equals C, a first stream counts as one of the language model's.
    ///
    /// # Errors
    /// On a shape that does not fit.
    pub fn context(&self, latent: &Tensor, text: &Tensor) -> Result<Tensor> {
        let width = latent.dim(D::Minus1)?;
        let first = if width == self.text_width {
            self.mlp.forward(&self.translate_latent(latent)?)?
        } else if width == self.context_width {
            latent.clone()
        } else {
            candle_core::bail!(
                "a latent of width {width} fits neither the language model ({}) nor the UNet ({})",
                self.text_width,
                self.context_width
            );
        };
        Tensor::cat(&[&first, &self.mlp.forward(text)?], 1)
    }

    /// `[mlp(code) ; mlp(text)]`, (B, L1 + L2, C): the form in which another projection of the latent
    /// has taken the place of `latent_mlp`. `code` is (B, L1, D), the rest as in
    /// [`LatentTranslator::context`].
    ///
    /// # Errors
    /// On a shape that does not fit.
    pub fn linked_context(&self, code: &Tensor, text: &Tensor) -> Result<Tensor> {
        Tensor::cat(&[&self.mlp.forward(code)?, &self.mlp.forward(text)?], 1)
    }
}
