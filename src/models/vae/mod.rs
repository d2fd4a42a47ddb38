//! The autoencoder between pictures and latents.
//!
//! Diffusers' `AutoencoderKL`, any size, with the published tensor names (the middle attention
//! under its new and its old names). It always runs in f32: decoding in half precision overflows
//! in the published weights.
//! Source: Rombach et al., "High-Resolution Image Synthesis with Latent Diffusion Models",
//! section 3.1; layer order and names of diffusers 0.32 (Apache-2.0), written anew.

mod blocks;
mod config;
mod tiles;

pub use config::VaeConfig;
pub use tiles::Tiles;

use crate::nn::{Conv2d, Weights};
use blocks::{Decoder, Encoder};
use candle_core::{DType, Result, Tensor, bail};

/// The range the log-variance is cut to, as in the original.
const LOGVAR_RANGE: (f64, f64) = (-30.0, 20.0);

/// A loaded autoencoder.
#[derive(Clone, Debug)]
pub struct Vae {
    encoder: Encoder,
    quant_conv: Option<Conv2d>,
    post_quant_conv: Option<Conv2d>,
    decoder: Decoder,
    config: VaeConfig,
}

impl Vae {
    /// Builds the network from f32 tensors with diffusers' names.
    ///
    /// # Errors
    /// When the config is inconsistent or outside the supported family, or the tensors are not
    /// f32. Missing and wrongly shaped tensors are noted in `weights`; ask its `finish`.
    pub fn load(config: &VaeConfig, weights: &Weights) -> Result<Self> {
        config.validate()?;
        let latent = config.latent_channels;
        let conv = |used: bool, name: &str, channels: usize| {
            used.then(|| Conv2d::load(&weights.pp(name), channels, channels, 1, 1, 0))
                .transpose()
        };
        if weights.dtype() != DType::F32 {
            bail!(
                "the VAE runs in f32, but its weights are read as {:?}",
                weights.dtype()
            )
        }
        Ok(Self {
            encoder: Encoder::load(config, &weights.pp("encoder"))?,
            quant_conv: conv(config.use_quant_conv, "quant_conv", 2 * latent)?,
            post_quant_conv: conv(config.use_post_quant_conv, "post_quant_conv", latent)?,
            decoder: Decoder::load(config, &weights.pp("decoder"))?,
            config: config.clone(),
        })
    }

    /// The sizes it was built with.
    pub fn config(&self) -> &VaeConfig {
        &self.config
    }

    /// Encodes pictures.
    ///
    /// `pixels`: (B, 3, H, W) in -1..1; H and W multiples of [`VaeConfig::scale_factor`].
    ///
    /// # Errors
    /// On a shape that does not fit, or as cancelled.
    pub fn encode(&self, pixels: &Tensor) -> Result<Posterior> {
        self.encode_in(pixels, None)
    }

    /// [`Vae::encode`], in tiles where there are some.
    ///
    /// # Errors
    /// As [`Vae::encode`].
    pub fn encode_in(&self, pixels: &Tensor, tiles: Option<Tiles>) -> Result<Posterior> {
        let pixels = pixels.to_dtype(DType::F32)?;
        let cell = self.config.scale_factor();
        let mut moments = self.encoder.forward(&pixels, cell, tiles)?;
        if let Some(conv) = &self.quant_conv {
            moments = conv.forward(&moments)?;
        }
        Ok(Posterior { moments })
    }

    /// Decodes latents that are already divided by the scaling factor.
    ///
    /// `latents`: (B, 4, h, w). Returns (B, 3, 8h, 8w), mostly but not always within -1..1.
    ///
    /// # Errors
    /// On a shape that does not fit, or as cancelled.
    pub fn decode(&self, latents: &Tensor) -> Result<Tensor> {
        self.decode_in(latents, None)
    }

    /// [`Vae::decode`], in tiles where there are some.
    ///
    /// # Errors
    /// As [`Vae::decode`].
    pub fn decode_in(&self, latents: &Tensor, tiles: Option<Tiles>) -> Result<Tensor> {
        let mut latents = latents.to_dtype(DType::F32)?;
        if let Some(conv) = &self.post_quant_conv {
            latents = conv.forward(&latents)?;
        }
        let cell = self.config.scale_factor();
        self.decoder.forward(&latents, cell, tiles)
    }

    /// [`Vae::decode_in`] of latents as the sampler leaves them, times the scaling factor.
    ///
    /// # Errors
    /// As [`Vae::decode`].
    pub fn decode_scaled(&self, latents: &Tensor, tiles: Option<Tiles>) -> Result<Tensor> {
        let (scale, shift) = (self.config.scaling_factor, self.config.shift_factor);
        self.decode_in(&latents.affine(1.0 / scale, shift.unwrap_or(0.0))?, tiles)
    }

    /// Unscaled latents times the scaling factor, as the diffusion model expects its targets.
    ///
    /// # Errors
    /// Never in practice.
    pub fn scale(&self, latents: &Tensor) -> Result<Tensor> {
        let (scale, shift) = (self.config.scaling_factor, self.config.shift_factor);
        latents.affine(scale, -shift.unwrap_or(0.0) * scale)
    }
}

/// What the encoder says about a picture: a normal distribution over latents.
#[derive(Clone, Debug)]
pub struct Posterior {
    moments: Tensor,
}

impl Posterior {
    /// From mean and log-variance as [`Posterior::moments`] gave them.
    pub fn of_moments(moments: Tensor) -> Self {
        Self { moments }
    }

    /// Mean and log-variance as the network gives them, (B, 8, h, w).
    pub fn moments(&self) -> &Tensor {
        &self.moments
    }

    /// The most likely latents, (B, 4, h, w), not scaled.
    ///
    /// # Errors
    /// Never in practice.
    pub fn mode(&self) -> Result<Tensor> {
        let channels = self.moments.dim(1)? / 2;
        self.moments.narrow(1, 0, channels)?.contiguous()
    }

    /// The log-variance within -30..20, (B, 4, h, w).
    ///
    /// # Errors
    /// Never in practice.
    pub fn logvar(&self) -> Result<Tensor> {
        let channels = self.moments.dim(1)? / 2;
        let (low, high) = LOGVAR_RANGE;
        self.moments.narrow(1, channels, channels)?.clamp(low, high)
    }

    /// Latents drawn with the given unit noise, (B, 4, h, w), not scaled.
    ///
    /// # Errors
    /// When `noise` has another shape.
    pub fn sample(&self, noise: &Tensor) -> Result<Tensor> {
        let deviation = (self.logvar()? * 0.5)?.exp()?;
        self.mode()? + (deviation * noise)?
    }
}
