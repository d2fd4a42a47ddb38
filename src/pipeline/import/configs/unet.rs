//! The config of a diffusers UNet.

use super::{Inferred, Shapes, size};
use serde_json::{Value, json};

/// Attention heads of Stable Diffusion 1.x, whatever the width.
const SD1_HEADS: usize = 8;
/// Width of one head in Stable Diffusion 2.x.
const SD2_HEAD_WIDTH: usize = 64;
/// Channels of every published Stable Diffusion 1.x and 2.x.
const PUBLISHED_CHANNELS: [usize; 4] = [320, 640, 1280, 1280];
/// Groups of every published group norm.
const GROUPS: usize = 32;

pub(super) fn infer(shapes: &Shapes<'_>) -> Option<Inferred> {
    let levels = shapes.count("down_blocks.");
    let channels: Option<Vec<usize>> = (0..levels)
        .map(|i| shapes.dim(&format!("down_blocks.{i}.resnets.0.conv1.weight"), 0))
        .collect();
    let channels = channels.filter(|c| !c.is_empty())?;
    let attends = |half: &str, i: usize| shapes.any(&format!("{half}_blocks.{i}.attentions."));
    let names = |half: &str, cross: &str, plain: &str| -> Vec<String> {
        (0..levels)
            .map(|i| if attends(half, i) { cross } else { plain }.to_owned())
            .collect()
    };
    let first = (0..levels).find(|&i| attends("down", i))?;
    let attention = format!("down_blocks.{first}.attentions.0");
    let context = format!("{attention}.transformer_blocks.0.attn2.to_k.weight");
    let linear = shapes.rank(&format!("{attention}.proj_in.weight")) == Some(2);
    let published = channels == PUBLISHED_CHANNELS;
    let mut assumed = Vec::new();
    let groups = divisor(&channels);
    let heads = if linear {
        json!(
            channels
                .iter()
                .map(|c| (c / SD2_HEAD_WIDTH).max(1))
                .collect::<Vec<_>>()
        )
    } else {
        json!(SD1_HEADS)
    };
    if !published {
        assumed.push(format!("UNet: {heads} attention heads"));
        assumed.push("UNet: trained at 64 x 64 latent cells".to_owned());
    }
    if groups != GROUPS {
        assumed.push(format!("UNet: {groups} groups per norm"));
    }
    let config = json!({
        "_class_name": "UNet2DConditionModel",
        "act_fn": "silu",
        "attention_head_dim": heads,
        "block_out_channels": channels,
        "center_input_sample": false,
        "cross_attention_dim": shapes.dim(&context, 1)?,
        "down_block_types": names("down", "CrossAttnDownBlock2D", "DownBlock2D"),
        "downsample_padding": 1,
        "flip_sin_to_cos": true,
        "freq_shift": 0,
        "in_channels": shapes.dim("conv_in.weight", 1)?,
        "layers_per_block": shapes.count("down_blocks.0.resnets."),
        "mid_block_scale_factor": 1,
        "mid_block_type": if shapes.any("mid_block.attentions.") {
            "UNetMidBlock2DCrossAttn"
        } else {
            "UNetMidBlock2D"
        },
        "norm_eps": 1e-5,
        "norm_num_groups": groups,
        "out_channels": shapes.dim("conv_out.weight", 0)?,
        "sample_size": 64,
        "transformer_layers_per_block": shapes.count(&format!("{attention}.transformer_blocks.")),
        "up_block_types": names("up", "CrossAttnUpBlock2D", "UpBlock2D"),
        "use_linear_projection": linear,
    });
    Some(Inferred { config, assumed })
}

/// The largest usual number of groups that divides all channels.
pub(super) fn divisor(channels: &[usize]) -> usize {
    let divides = |groups: &usize| channels.iter().all(|c| c.is_multiple_of(*groups));
    let groups = [GROUPS, 16, 8, 4, 2].into_iter().find(divides);
    groups.unwrap_or(1)
}

pub(super) fn architecture(config: &Value) -> Option<String> {
    let input = size(config, "in_channels")?;
    let channels: Vec<u64> = config
        .get("block_out_channels")?
        .as_array()?
        .iter()
        .filter_map(Value::as_u64)
        .collect();
    let context = size(config, "cross_attention_dim").unwrap_or(0);
    let published = channels.iter().map(|&c| c as usize).eq(PUBLISHED_CHANNELS);
    let family = match (published, context) {
        (true, 768) => "Stable Diffusion 1.x".to_owned(),
        (true, 1024) => "Stable Diffusion 2.x".to_owned(),
        _ => {
            let channels: Vec<String> = channels.iter().map(u64::to_string).collect();
            format!(
                "{} channels, context of width {context}",
                channels.join(", ")
            )
        }
    };
    Some(match input {
        4 => format!("{family}, text to image"),
        8 => format!("{family}, edits a picture"),
        9 => format!("{family}, inpainting"),
        n => format!("{family}, {n} input channels"),
    })
}
