//! How much memory the networks work with, beside their weights.
//!
//! Formulas from the sizes in the configs, one factor each fitted to what full-size networks were
//! measured to take on a processor. They are meant to be right within a few percent where it
//! matters: at full size.

use crate::models::blip2::Blip2Config;
use crate::models::eva_vit::EvaVitConfig;
use crate::models::vae::Tiles;
use crate::models::{UnetConfig, VaeConfig};
use serde::{Deserialize, Serialize};

/// Bytes of one number.
const NUMBER: u64 = 4;
/// Branches of guidance, drawn together.
const BRANCHES: u64 = 3;

/// Bytes that each network works with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkSizes {
    /// The VAE looks at the frame, ...
    pub encode: u64,
    /// ... in tiles.
    pub encode_tiled: u64,
    /// BLIP-2's image encoder.
    pub eyes: u64,
    /// The language model.
    pub language: u64,
    /// One call of the UNet.
    pub draw: u64,
    /// What a column keeps between steps.
    pub column: u64,
    /// The VAE paints a picture, ...
    pub decode: u64,
    /// ... in tiles.
    pub decode_tiled: u64,
}

/// The image encoder: patches of a picture of `side` pixels through one block.
pub(super) fn eyes(config: &EvaVitConfig) -> u64 {
    let tokens = (config.grid() * config.grid() + 1) as u64;
    let (width, inner) = (config.hidden_size as u64, config.intermediate_size as u64);
    NUMBER * tokens * (10 * width + 3 * inner)
}

/// The language model: `tokens` of input, five beams with one score per word.
pub(super) fn language(config: &Blip2Config, tokens: usize) -> u64 {
    let text = &config.text_config;
    let (width, inner) = (text.d_model as u64, text.d_ff as u64);
    let encoder = NUMBER * tokens as u64 * (8 * width + 4 * inner);
    // Keys and values of every block, for the beams and for the input.
    let heads = (text.num_heads * text.d_kv) as u64;
    let cache = NUMBER * text.decoder_layers() as u64 * 2 * heads * (tokens as u64 + 5 * 77);
    let scores = NUMBER * 5 * 4 * text.vocab_size as u64;
    encoder.max(cache + scores)
}

/// One call of the UNet on `columns` columns of `cells` latent cells each.
pub(super) fn draw(config: &UnetConfig, cells: usize, columns: usize) -> u64 {
    let first = config.block_out_channels.first().copied().unwrap_or(0) as u64;
    let kept = config.block_out_channels.iter().enumerate();
    let kept: u64 = kept
        .map(|(level, channels)| {
            let blocks = layers(config, level) + 1;
            (blocks * *channels as u64) >> (2 * level).min(63)
        })
        .sum();
    // Beside the skip connections, the widest moment: a block that joins two of them, or the gated
    // layer of a transformer.
    NUMBER * BRANCHES * columns as u64 * cells as u64 * (kept + 28 * first)
}

/// Blocks of a level on the way down; there is one more on the way up.
fn layers(config: &UnetConfig, level: usize) -> u64 {
    config.layers_per_block.get(level).unwrap_or(1) as u64
}

/// Keys and values of the context in every transformer of the UNet.
pub(super) fn column(config: &UnetConfig, context: usize, cells: usize) -> u64 {
    let levels = config.block_out_channels.iter().enumerate();
    let widths: u64 = levels
        .map(|(level, channels)| (2 * layers(config, level) + 1) * *channels as u64)
        .sum();
    NUMBER * (BRANCHES * 2 * context as u64 * widths + 16 * cells as u64)
}

/// The VAE's encoder on a picture of `side` pixels, in one piece or in tiles.
pub(super) fn encode(config: &VaeConfig, side: usize, tiles: Option<Tiles>) -> u64 {
    let first = config.block_out_channels.first().copied().unwrap_or(0) as u64;
    NUMBER * pixels(config, side, tiles) * 4 * first
}

/// The VAE's decoder to a picture of `side` pixels.
pub(super) fn decode(config: &VaeConfig, side: usize, tiles: Option<Tiles>) -> u64 {
    let channels = &config.block_out_channels;
    let first = channels.first().copied().unwrap_or(0) as u64;
    let second = channels.get(1).copied().unwrap_or(0) as u64;
    // The last level starts with the channels of the one below, at the full size.
    NUMBER * pixels(config, side, tiles) * (2 * first + 2 * second.max(first))
}

/// Pixels that are worked on at once.
fn pixels(config: &VaeConfig, side: usize, tiles: Option<Tiles>) -> u64 {
    let side = match tiles {
        Some(tiles) => side.min(tiles.cells * config.scale_factor()),
        None => side,
    };
    (side * side) as u64
}
