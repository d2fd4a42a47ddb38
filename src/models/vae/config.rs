//! Architecture of a diffusers autoencoder, read from its published `config.json`.

use candle_core::{Result, bail};
use serde::{Deserialize, Serialize};

/// Sizes of an `AutoencoderKL`. Field names and defaults are those of diffusers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VaeConfig {
    /// Channels of the picture going in.
    pub in_channels: usize,
    /// Channels of the picture coming out.
    pub out_channels: usize,
    /// Channels of a latent.
    pub latent_channels: usize,
    /// Channels per resolution, highest first.
    pub block_out_channels: Vec<usize>,
    /// Residual blocks per resolution of the encoder; the decoder has one more.
    pub layers_per_block: usize,
    /// Groups of every group norm.
    pub norm_num_groups: usize,
    /// Whether the lowest resolution attends over all its cells.
    pub mid_block_add_attention: bool,
    /// Whether a 1x1 convolution follows the encoder.
    pub use_quant_conv: bool,
    /// Whether a 1x1 convolution precedes the decoder.
    pub use_post_quant_conv: bool,
    /// Factor that brings latents to unit variance for the diffusion model.
    pub scaling_factor: f64,
    /// Subtracted before scaling; newer models only.
    pub shift_factor: Option<f64>,
    /// Only `DownEncoderBlock2D` is supported.
    pub down_block_types: Vec<String>,
    /// Only `UpDecoderBlock2D` is supported.
    pub up_block_types: Vec<String>,
    /// Only SiLU is supported.
    pub act_fn: String,
}

impl Default for VaeConfig {
    /// The defaults of diffusers.
    fn default() -> Self {
        Self {
            in_channels: 3,
            out_channels: 3,
            latent_channels: 4,
            block_out_channels: vec![64],
            layers_per_block: 1,
            norm_num_groups: 32,
            mid_block_add_attention: true,
            use_quant_conv: true,
            use_post_quant_conv: true,
            scaling_factor: 0.18215,
            shift_factor: None,
            down_block_types: vec!["DownEncoderBlock2D".into()],
            up_block_types: vec!["UpDecoderBlock2D".into()],
            act_fn: "silu".into(),
        }
    }
}

impl VaeConfig {
    /// The autoencoder of Stable Diffusion 1.x and InstructPix2Pix.
    pub fn sd15() -> Self {
        Self {
            layers_per_block: 2,
            ..Self::levels(&[128, 256, 512, 512])
        }
    }

    /// The same shape of network, small enough to run in milliseconds.
    pub fn tiny() -> Self {
        Self {
            norm_num_groups: 4,
            ..Self::levels(&[8, 8, 16, 16])
        }
    }

    fn levels(channels: &[usize]) -> Self {
        Self {
            block_out_channels: channels.to_vec(),
            down_block_types: vec!["DownEncoderBlock2D".into(); channels.len()],
            up_block_types: vec!["UpDecoderBlock2D".into(); channels.len()],
            ..Self::default()
        }
    }

    /// Pixels per latent cell along one side.
    pub fn scale_factor(&self) -> usize {
        1 << self.block_out_channels.len().saturating_sub(1).min(16)
    }

    /// Checks everything that loading relies on.
    ///
    /// # Errors
    /// Names the first setting that is inconsistent or not supported.
    pub fn validate(&self) -> Result<()> {
        let levels = self.block_out_channels.len();
        if levels == 0 || levels > 8 {
            bail!("the VAE config has {levels} blocks, 1 to 8 are supported")
        }
        if self.down_block_types.len() != levels || self.up_block_types.len() != levels {
            bail!(
                "the VAE config has {levels} block_out_channels, {} down_block_types and {} \
                 up_block_types; they must be equally many",
                self.down_block_types.len(),
                self.up_block_types.len()
            )
        }
        for (kinds, supported) in [
            (&self.down_block_types, "DownEncoderBlock2D"),
            (&self.up_block_types, "UpDecoderBlock2D"),
        ] {
            if let Some(kind) = kinds.iter().find(|kind| *kind != supported) {
                bail!("the VAE config names a block {kind}; only {supported} is supported")
            }
        }
        if !matches!(self.act_fn.as_str(), "silu" | "swish") {
            bail!(
                "the VAE config sets act_fn to {}; only silu is supported",
                self.act_fn
            )
        }
        for channels in &self.block_out_channels {
            let groups = self.norm_num_groups;
            if *channels == 0 || groups == 0 || channels % groups != 0 {
                bail!(
                    "{channels} channels of the VAE do not divide into norm_num_groups = {groups}"
                )
            }
        }
        Ok(())
    }
}
