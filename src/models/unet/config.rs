//! Architecture of a diffusers UNet, read from its published `config.json`.

use candle_core::{Error, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A setting that is either one number for all blocks or one per block, from the highest
/// resolution down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PerBlock {
    /// The same everywhere.
    Same(usize),
    /// One per block.
    Each(Vec<usize>),
}

impl PerBlock {
    /// The value of block `index`, or nothing when the list is too short.
    pub fn get(&self, index: usize) -> Option<usize> {
        match self {
            Self::Same(value) => Some(*value),
            Self::Each(values) => values.get(index).copied(),
        }
    }
}

/// Sizes of a `UNet2DConditionModel` of the Stable Diffusion 1.x and 2.x family.
///
/// Field names and defaults are those of diffusers. Settings this family never uses are kept in
/// [`UnetConfig::other`] and checked when a network is loaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UnetConfig {
    /// Channels of the input: 4, or 8 when an image latent is stacked below the noisy one.
    pub in_channels: usize,
    /// Channels of the predicted noise.
    pub out_channels: usize,
    /// Channels per resolution, highest resolution first.
    pub block_out_channels: Vec<usize>,
    /// Residual blocks per resolution on the way down; one more on the way up.
    pub layers_per_block: PerBlock,
    /// `CrossAttnDownBlock2D` or `DownBlock2D` per resolution.
    pub down_block_types: Vec<String>,
    /// `CrossAttnUpBlock2D` or `UpBlock2D`, lowest resolution first.
    pub up_block_types: Vec<String>,
    /// `UNetMidBlock2DCrossAttn`, `UNetMidBlock2D`, or none.
    pub mid_block_type: Option<String>,
    /// Number of heads when `num_attention_heads` is absent. The published name is a known
    /// misnomer: it never was the width of a head.
    pub attention_head_dim: PerBlock,
    /// Number of heads.
    pub num_attention_heads: Option<PerBlock>,
    /// Width of the cross-attention context.
    pub cross_attention_dim: PerBlock,
    /// Transformer blocks behind each residual block.
    pub transformer_layers_per_block: PerBlock,
    /// The same for the way up, lowest resolution first; the reverse of the above when absent.
    pub reverse_transformer_layers_per_block: Option<Vec<usize>>,
    /// Whether the projections around the transformer are stored as matrices or as 1x1 kernels.
    pub use_linear_projection: bool,
    /// Groups of every group norm.
    pub norm_num_groups: usize,
    /// Epsilon of the residual blocks' group norms.
    pub norm_eps: f64,
    /// Zero padding of the stride-2 convolutions; 0 means one row and column below and right.
    pub downsample_padding: usize,
    /// Cosines before sines in the time embedding.
    pub flip_sin_to_cos: bool,
    /// Shift of the divisor in the time embedding's frequencies.
    pub freq_shift: f64,
    /// Height and width of the latents it was trained on.
    pub sample_size: Option<usize>,
    /// Everything else in the file.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Default for UnetConfig {
    /// The defaults of diffusers, which are the sizes of Stable Diffusion 1.x but for the context.
    fn default() -> Self {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        Self {
            in_channels: 4,
            out_channels: 4,
            block_out_channels: vec![320, 640, 1280, 1280],
            layers_per_block: PerBlock::Same(2),
            down_block_types: names(&[CROSS_DOWN, CROSS_DOWN, CROSS_DOWN, PLAIN_DOWN]),
            up_block_types: names(&[PLAIN_UP, CROSS_UP, CROSS_UP, CROSS_UP]),
            mid_block_type: Some(CROSS_MID.to_owned()),
            attention_head_dim: PerBlock::Same(8),
            num_attention_heads: None,
            cross_attention_dim: PerBlock::Same(1280),
            transformer_layers_per_block: PerBlock::Same(1),
            reverse_transformer_layers_per_block: None,
            use_linear_projection: false,
            norm_num_groups: 32,
            norm_eps: 1e-5,
            downsample_padding: 1,
            flip_sin_to_cos: true,
            freq_shift: 0.0,
            sample_size: None,
            other: Map::new(),
        }
    }
}

const CROSS_DOWN: &str = "CrossAttnDownBlock2D";
const PLAIN_DOWN: &str = "DownBlock2D";
const CROSS_UP: &str = "CrossAttnUpBlock2D";
const PLAIN_UP: &str = "UpBlock2D";
const CROSS_MID: &str = "UNetMidBlock2DCrossAttn";
const PLAIN_MID: &str = "UNetMidBlock2D";

/// Settings outside the supported family, with the only value (besides null) that is understood.
const FIXED: [(&str, &str); 17] = [
    ("act_fn", "\"silu\""),
    ("addition_embed_type", "null"),
    ("attention_type", "\"default\""),
    ("center_input_sample", "false"),
    ("class_embed_type", "null"),
    ("conv_in_kernel", "3"),
    ("conv_out_kernel", "3"),
    ("cross_attention_norm", "null"),
    ("dual_cross_attention", "false"),
    ("encoder_hid_dim", "null"),
    ("num_class_embeds", "null"),
    ("only_cross_attention", "false"),
    ("resnet_skip_time_act", "false"),
    ("resnet_time_scale_shift", "\"default\""),
    ("time_cond_proj_dim", "null"),
    ("time_embedding_type", "\"positional\""),
    ("timestep_post_act", "null"),
];

impl UnetConfig {
    /// InstructPix2Pix on Stable Diffusion 1.5: 859.5 million parameters.
    pub fn sd15_ip2p() -> Self {
        Self {
            in_channels: 8,
            cross_attention_dim: PerBlock::Same(768),
            sample_size: Some(64),
            ..Self::default()
        }
    }

    /// The same shape of network, small enough to run in milliseconds.
    pub fn tiny() -> Self {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        Self {
            in_channels: 8,
            block_out_channels: vec![16, 32],
            layers_per_block: PerBlock::Same(1),
            down_block_types: names(&[CROSS_DOWN, PLAIN_DOWN]),
            up_block_types: names(&[PLAIN_UP, CROSS_UP]),
            attention_head_dim: PerBlock::Same(4),
            cross_attention_dim: PerBlock::Same(32),
            norm_num_groups: 8,
            sample_size: Some(8),
            ..Self::default()
        }
    }

    /// Width of the time embedding.
    pub(super) fn time_width(&self) -> usize {
        4 * self.block_out_channels.first().copied().unwrap_or(0)
    }

    /// Sizes of the block at resolution `index`, counted from the highest.
    pub(super) fn level(&self, index: usize) -> Result<Level> {
        let (Some(channels), Some(layers), Some(heads), Some(context), Some(depth)) = (
            self.block_out_channels.get(index).copied(),
            self.layers_per_block.get(index),
            self.num_attention_heads
                .as_ref()
                .unwrap_or(&self.attention_head_dim)
                .get(index),
            self.cross_attention_dim.get(index),
            self.transformer_layers_per_block.get(index),
        ) else {
            bail!("the UNet config has no entry for block {index}")
        };
        Ok(Level {
            channels,
            layers,
            heads,
            context,
            depth,
        })
    }

    /// Whether the way down attends to the context at resolution `index`.
    pub(super) fn down_attends(&self, index: usize) -> Result<bool> {
        attends(self.down_block_types.get(index), CROSS_DOWN, PLAIN_DOWN)
    }

    /// Whether step `index` of the way up, counted from the lowest resolution, attends.
    pub(super) fn up_attends(&self, index: usize) -> Result<bool> {
        attends(self.up_block_types.get(index), CROSS_UP, PLAIN_UP)
    }

    /// The middle: none, or whether it attends.
    pub(super) fn mid_attends(&self) -> Result<Option<bool>> {
        match &self.mid_block_type {
            None => Ok(None),
            some => attends(some.as_ref(), CROSS_MID, PLAIN_MID).map(Some),
        }
    }

    /// Checks everything that loading relies on.
    ///
    /// # Errors
    /// Names the first setting that is inconsistent or not supported.
    pub fn validate(&self) -> Result<()> {
        let levels = self.block_out_channels.len();
        if levels == 0 || self.in_channels == 0 || self.out_channels == 0 {
            bail!("the UNet config has no blocks or no channels")
        }
        if levels > 8 {
            bail!("the UNet config has {levels} blocks, at most 8 are supported")
        }
        if self.down_block_types.len() != levels || self.up_block_types.len() != levels {
            bail!(
                "the UNet config has {levels} block_out_channels, {} down_block_types and {} \
                 up_block_types; they must be equally many",
                self.down_block_types.len(),
                self.up_block_types.len()
            )
        }
        for index in 0..levels {
            let level = self.level(index)?;
            self.down_attends(index)?;
            self.up_attends(index)?;
            if level.channels == 0
                || self.norm_num_groups == 0
                || level.channels % self.norm_num_groups != 0
            {
                bail!(
                    "{} channels of UNet block {index} do not divide into norm_num_groups = {}",
                    level.channels,
                    self.norm_num_groups
                )
            }
            if level.heads == 0 || level.channels % level.heads != 0 {
                bail!(
                    "{} channels of UNet block {index} do not divide into {} attention heads",
                    level.channels,
                    level.heads
                )
            }
        }
        self.mid_attends()?;
        for (name, supported) in FIXED {
            let supported: Value = serde_json::from_str(supported).map_err(Error::wrap)?;
            match self.other.get(name) {
                None | Some(Value::Null) => {}
                Some(value) if *value == supported => {}
                Some(Value::String(value)) if name == "act_fn" && value == "swish" => {}
                Some(Value::Array(values)) if values.iter().all(|value| *value == supported) => {}
                Some(value) => {
                    bail!("the UNet config sets {name} to {value}; only {supported} is supported")
                }
            }
        }
        for name in ["resnet_out_scale_factor", "mid_block_scale_factor"] {
            match self.other.get(name).and_then(Value::as_f64) {
                None | Some(1.0) => {}
                Some(value) => {
                    bail!("the UNet config sets {name} to {value}; only 1 is supported")
                }
            }
        }
        Ok(())
    }
}

/// Sizes at one resolution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    pub channels: usize,
    pub layers: usize,
    pub heads: usize,
    pub context: usize,
    pub depth: usize,
}

fn attends(kind: Option<&String>, cross: &str, plain: &str) -> Result<bool> {
    match kind.map(String::as_str) {
        Some(name) if name == cross => Ok(true),
        Some(name) if name == plain => Ok(false),
        Some(name) => {
            bail!("the UNet config names a block {name}; only {cross} and {plain} are supported")
        }
        None => bail!("the UNet config names too few blocks"),
    }
}
