//! Which networks are in memory when, and how much they need.
//!
//! A [`MemoryModel`] knows a bundle's sizes, taken from the headers of its files and from its
//! configs. It forecasts every [`MemoryPlan`], and the first that fits is used. The same numbers are
//! shown before a run; what a run really took is measured and replaces them.

mod forecast;
mod plan;
mod work;

pub use forecast::{Forecast, MemoryModel, PartSize, PartSizes, Workload};
pub use plan::{MemoryPlan, MemorySize};
pub use work::WorkSizes;

use crate::models::blip2::Blip2Config;
use crate::models::vae::Tiles;
use crate::models::{UnetConfig, VaeConfig};

/// The architectures of a bundle, as far as it has them.
pub(super) struct Architectures<'a> {
    pub(super) blip2: Option<&'a Blip2Config>,
    pub(super) unet: &'a UnetConfig,
    pub(super) vae: &'a VaeConfig,
    /// Side of the editor's square, in pixels.
    pub(super) side: usize,
    /// Tokens of a context: both streams.
    pub(super) context: usize,
}

/// The model of a bundle from its configs and the sizes of its weights.
pub(super) fn model(about: &Architectures<'_>, base: u64, parts: PartSizes) -> MemoryModel {
    let latent_side = about.side / about.vae.scale_factor().max(1);
    let cells = latent_side * latent_side;
    let tiles = Some(Tiles::default());
    MemoryModel {
        base,
        parts,
        work: WorkSizes {
            encode: work::encode(about.vae, about.side, None),
            encode_tiled: work::encode(about.vae, about.side, tiles),
            eyes: about
                .blip2
                .map_or(0, |blip2| work::eyes(&blip2.vision_config)),
            language: about
                .blip2
                .map_or(0, |blip2| work::language(blip2, about.context)),
            draw: work::draw(about.unet, cells, 1),
            column: work::column(about.unet, about.context, cells),
            decode: work::decode(about.vae, about.side, None),
            decode_tiled: work::decode(about.vae, about.side, tiles),
        },
        columns_per_call: super::drawing::columns_per_call((latent_side, latent_side)),
    }
}
