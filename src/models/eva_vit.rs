//! The image encoder of BLIP-2: EVA's vision transformer.
//!
//! Pre-norm blocks over patches and a class token, learned absolute positions, one merged
//! projection for queries, keys and values. Source: Fang et al., "EVA: Exploring the Limits of
//! Masked Visual Representation Learning at Scale"; tensor names as in transformers' BLIP-2.

use super::t5::Activation;
use crate::nn::{Conv2d, Heads, LayerNorm, Linear, Weights, cancel};
use candle_core::{D, DType, Result, Tensor};
use serde::{Deserialize, Serialize};

/// Architecture of the image encoder (`vision_config`). Absent fields take the values of ViT-g.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EvaVitConfig {
    /// Width D of the hidden states.
    pub hidden_size: usize,
    /// Inner width of the feed-forward layers.
    pub intermediate_size: usize,
    /// Number of blocks.
    pub num_hidden_layers: usize,
    /// Attention heads.
    pub num_attention_heads: usize,
    /// Side of the square image the position table belongs to, in pixels.
    pub image_size: usize,
    /// Side of a patch, in pixels.
    pub patch_size: usize,
    /// Activation of the feed-forward layers.
    pub hidden_act: String,
    /// Added to the variance under the root.
    pub layer_norm_eps: f64,
    /// Whether the merged projection has a bias.
    pub qkv_bias: bool,
}

impl Default for EvaVitConfig {
    fn default() -> Self {
        Self {
            hidden_size: 1408,
            intermediate_size: 6144,
            num_hidden_layers: 39,
            num_attention_heads: 16,
            image_size: 224,
            patch_size: 14,
            hidden_act: "gelu".to_owned(),
            layer_norm_eps: 1e-6,
            qkv_bias: true,
        }
    }
}

impl EvaVitConfig {
    /// A size for tests.
    pub fn tiny() -> Self {
        Self {
            hidden_size: 32,
            intermediate_size: 64,
            num_hidden_layers: 2,
            num_attention_heads: 4,
            image_size: 56,
            ..Self::default()
        }
    }

    /// Patches along one side of the position table.
    pub fn grid(&self) -> usize {
        self.image_size / self.patch_size.max(1)
    }

    fn validate(&self) -> Result<()> {
        let Self {
            hidden_size,
            num_attention_heads: heads,
            ..
        } = self;
        if self.grid() == 0 || self.patch_size == 0 {
            candle_core::bail!(
                "an image of {} pixels cannot be cut into patches of {}",
                self.image_size,
                self.patch_size
            );
        }
        if *heads == 0 || *hidden_size == 0 || hidden_size % heads != 0 {
            candle_core::bail!("a width of {hidden_size} cannot be split into {heads} heads");
        }
        Ok(())
    }
}

/// The image encoder.
#[derive(Clone, Debug)]
pub struct EvaVit {
    class_embedding: Tensor,
    position_embedding: Tensor,
    patch_embedding: Conv2d,
    blocks: Vec<Block>,
    post_layernorm: LayerNorm,
    patch_size: usize,
}

impl EvaVit {
    /// `weights` points at `vision_model`.
    ///
    /// # Errors
    /// When the config is unusable or a tensor cannot be read.
    pub fn load(config: &EvaVitConfig, weights: &Weights) -> Result<Self> {
        config.validate()?;
        let (width, patch) = (config.hidden_size, config.patch_size);
        let positions = config.grid() * config.grid() + 1;
        let embeddings = weights.pp("embeddings");
        Ok(Self {
            class_embedding: embeddings.get((1, 1, width), "class_embedding")?,
            position_embedding: embeddings.get((1, positions, width), "position_embedding")?,
            patch_embedding: Conv2d::load(
                &embeddings.pp("patch_embedding"),
                3,
                width,
                patch,
                patch,
                0,
            )?,
            blocks: (0..config.num_hidden_layers)
                .map(|i| Block::load(config, &weights.pp("encoder.layers").pp(i)))
                .collect::<Result<_>>()?,
            post_layernorm: LayerNorm::load(
                &weights.pp("post_layernorm"),
                width,
                config.layer_norm_eps,
            )?,
            patch_size: patch,
        })
    }

    /// Image tokens (B, 1 + P, D) of `pixel_values` (B, 3, H, W), class token first.
    ///
    /// Pixels are normalised by the bundle's mean and deviation. H and W need not be the size the
    /// weights were trained at: the position table is then resized. Takes and gives f32; works in the
    /// dtype of its weights.
    ///
    /// # Errors
    /// On an image smaller than a patch, or when cancelled.
    pub fn forward(&self, pixel_values: &Tensor) -> Result<Tensor> {
        self.normed(&self.forward_blocks(pixel_values)?)
    }

    /// The last norm over what [`EvaVit::forward_blocks`] gives.
    ///
    /// # Errors
    /// On a shape that does not fit.
    pub fn normed(&self, tokens: &Tensor) -> Result<Tensor> {
        self.post_layernorm.forward(tokens)?.to_dtype(DType::F32)
    }

    /// The same before the last norm, as the original module returns it.
    ///
    /// # Errors
    /// As [`EvaVit::forward`].
    pub fn forward_blocks(&self, pixel_values: &Tensor) -> Result<Tensor> {
        let (b, _, height, width) = pixel_values.dims4()?;
        let (rows, columns) = (height / self.patch_size, width / self.patch_size);
        if rows == 0 || columns == 0 {
            candle_core::bail!(
                "an image of {width} x {height} pixels is smaller than a patch of {}",
                self.patch_size
            );
        }
        // 1. Patches and class token.
        let patches = self
            .patch_embedding
            .forward(&pixel_values.to_dtype(self.class_embedding.dtype())?)? // (B, D, h, w)
            .flatten_from(2)?
            .transpose(1, 2)?; // (B, P, D)
        let (_, _, d) = patches.dims3()?;
        let class = self.class_embedding.broadcast_as((b, 1, d))?;
        let tokens = Tensor::cat(&[&class, &patches], 1)?; // (B, 1 + P, D)
        // 2. Positions.
        let positions = resize_positions(&self.position_embedding, rows, columns)?;
        let mut hidden_states = tokens.broadcast_add(&positions)?;
        // 3. Blocks.
        for block in &self.blocks {
            cancel::checkpoint()?;
            hidden_states = block.forward(&hidden_states)?;
        }
        Ok(hidden_states)
    }
}

#[derive(Clone, Debug)]
struct Block {
    layer_norm1: LayerNorm,
    qkv: Linear,
    projection: Linear,
    layer_norm2: LayerNorm,
    fc1: Linear,
    fc2: Linear,
    activation: Activation,
    heads: usize,
}

impl Block {
    fn load(config: &EvaVitConfig, weights: &Weights) -> Result<Self> {
        let (width, inner) = (config.hidden_size, config.intermediate_size);
        let norm = |name| LayerNorm::load(&weights.pp(name), width, config.layer_norm_eps);
        let qkv = weights.pp("self_attn.qkv");
        Ok(Self {
            layer_norm1: norm("layer_norm1")?,
            qkv: if config.qkv_bias {
                Linear::load(&qkv, width, 3 * width)?
            } else {
                Linear::load_no_bias(&qkv, width, 3 * width)?
            },
            projection: Linear::load(&weights.pp("self_attn.projection"), width, width)?,
            layer_norm2: norm("layer_norm2")?,
            fc1: Linear::load(&weights.pp("mlp.fc1"), width, inner)?,
            fc2: Linear::load(&weights.pp("mlp.fc2"), inner, width)?,
            activation: Activation::from_name(&config.hidden_act)?,
            heads: config.num_attention_heads,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (_, _, width) = x.dims3()?;
        let qkv = self.qkv.forward(&self.layer_norm1.forward(x)?)?; // (B, P, 3D)
        let part = |i: usize| qkv.narrow(D::Minus1, i * width, width)?.contiguous();
        let scale = ((width / self.heads) as f64).powf(-0.5);
        let attended =
            Heads::new(self.heads, scale).attend(&part(0)?, &part(1)?, &part(2)?, None)?;
        let x = (x + self.projection.forward(&attended)?)?;
        let inner = self.fc1.forward(&self.layer_norm2.forward(&x)?)?;
        &x + self.fc2.forward(&self.activation.forward(&inner)?)?
    }
}

/// Resizes a position table (1, 1 + S*S, D) of a square grid to (1, 1 + rows*columns, D).
///
/// Bicubic without antialiasing, pixel centres aligned; the class token's entry stays.
///
/// # Errors
/// When the table does not belong to a square grid.
pub fn resize_positions(table: &Tensor, rows: usize, columns: usize) -> Result<Tensor> {
    let (_, length, width) = table.dims3()?;
    let side = length.saturating_sub(1).isqrt();
    if side == 0 || side * side + 1 != length {
        candle_core::bail!("a position table of {length} entries is not a square grid");
    }
    if (rows, columns) == (side, side) {
        return Ok(table.clone());
    }
    let class = table.narrow(1, 0, 1)?;
    let grid = table.narrow(1, 1, side * side)?.contiguous()?;
    let (device, dtype) = (table.device(), table.dtype());
    let vertical = Tensor::from_vec(bicubic_matrix(side, rows), (rows, side), device)?;
    let horizontal = Tensor::from_vec(bicubic_matrix(side, columns), (columns, side), device)?;
    let grid = vertical
        .to_dtype(dtype)?
        .matmul(&grid.reshape((side, side * width))?)? // (rows, S*D)
        .reshape((rows, side, width))?;
    let grid = horizontal
        .to_dtype(dtype)?
        .broadcast_left(rows)?
        .contiguous()?
        .matmul(&grid)? // (rows, columns, D)
        .reshape((1, rows * columns, width))?;
    Tensor::cat(&[&class, &grid], 1)
}

/// Weights (to, from), row by row, of a bicubic resize with repeated borders.
fn bicubic_matrix(from: usize, to: usize) -> Vec<f32> {
    let mut matrix = vec![0f32; from * to];
    for (i, row) in matrix.chunks_exact_mut(from).enumerate() {
        let centre = (i as f64 + 0.5) * from as f64 / to as f64 - 0.5;
        let first = centre.floor();
        for tap in -1..=2 {
            let position = first + f64::from(tap);
            let weight = cubic(centre - position);
            let source = position.clamp(0.0, (from - 1) as f64) as usize;
            row[source] += weight as f32;
        }
    }
    matrix
}

/// Keys' cubic kernel with the slope that torch uses, -0.75.
fn cubic(distance: f64) -> f64 {
    const SLOPE: f64 = -0.75;
    let x = distance.abs();
    if x <= 1.0 {
        ((SLOPE + 2.0) * x - (SLOPE + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        ((SLOPE * x - 5.0 * SLOPE) * x + 8.0 * SLOPE) * x - 4.0 * SLOPE
    } else {
        0.0
    }
}
