//! The config of a diffusers autoencoder.

use super::unet::divisor;
use super::{Inferred, Shapes, size};
use serde_json::{Value, json};

/// Scale of the latents of Stable Diffusion 1.x and 2.x.
const SD_SCALING: f64 = 0.18215;
const PUBLISHED_CHANNELS: [usize; 4] = [128, 256, 512, 512];

pub(super) fn infer(shapes: &Shapes<'_>) -> Option<Inferred> {
    let levels = shapes.count("encoder.down_blocks.");
    let channels: Option<Vec<usize>> = (0..levels)
        .map(|i| {
            shapes.dim(
                &format!("encoder.down_blocks.{i}.resnets.0.conv1.weight"),
                0,
            )
        })
        .collect();
    let channels = channels.filter(|c| !c.is_empty())?;
    let mut assumed = Vec::new();
    if channels != PUBLISHED_CHANNELS {
        assumed.push(format!("VAE: latents scaled by {SD_SCALING}"));
    }
    let groups = divisor(&channels);
    if groups != 32 {
        assumed.push(format!("VAE: {groups} groups per norm"));
    }
    let config = json!({
        "_class_name": "AutoencoderKL",
        "act_fn": "silu",
        "block_out_channels": channels,
        "down_block_types": vec!["DownEncoderBlock2D"; levels],
        "in_channels": shapes.dim("encoder.conv_in.weight", 1)?,
        "latent_channels": shapes.dim("decoder.conv_in.weight", 1)?,
        "layers_per_block": shapes.count("encoder.down_blocks.0.resnets."),
        "norm_num_groups": groups,
        "out_channels": shapes.dim("decoder.conv_out.weight", 0)?,
        "sample_size": 512,
        "scaling_factor": SD_SCALING,
        "up_block_types": vec!["UpDecoderBlock2D"; levels],
    });
    Some(Inferred { config, assumed })
}

pub(super) fn architecture(config: &Value) -> Option<String> {
    let levels = config.get("block_out_channels")?.as_array()?.len();
    let factor = 1_usize << levels.saturating_sub(1).min(10);
    let channels = size(config, "latent_channels")?;
    Some(format!(
        "{channels} latent channels, one cell for {factor} x {factor} pixels"
    ))
}
