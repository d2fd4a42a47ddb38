//! Which networks are in memory when, and how much they need.
//!
//! A [`MemoryModel`] knows a bundle's sizes, taken from the headers of its files and from its
//! configs. It forecasts every [`MemoryPlan`], and the first that fits is used. The same numbers are
//! shown before a run; what a run really took is measured and replaces them.

mod forecast;
mod plan;
mod work;

pub use forecast::{Forecast, MemoryModel, PartSize, PartSizes, SecondSizes, Workload};
pub use plan::{MemoryPlan, MemorySize};
pub use work::WorkSizes;

use crate::models::blip2::Blip2Config;
use crate::models::vae::Tiles;
use crate::models::{UnetConfig, VaeConfig};
use std::sync::Arc;

/// What one editor is made of.
pub(super) struct EditorShape {
    pub(super) unet: Arc<UnetConfig>,
    pub(super) vae: Arc<VaeConfig>,
}

/// The architectures of a bundle, as far as it has them.
pub(super) struct Architectures<'a> {
    pub(super) blip2: Option<&'a Blip2Config>,
    pub(super) first: EditorShape,
    pub(super) second: Option<EditorShape>,
    /// Side of the editor's square, in pixels.
    pub(super) side: usize,
    /// Tokens of a context: both streams.
    pub(super) context: usize,
}

/// The model of a bundle from its configs and the sizes of its weights.
pub(super) fn model(about: &Architectures<'_>, base: u64, parts: PartSizes) -> MemoryModel {
    let latent_side = about.side / about.first.vae.scale_factor().max(1);
    MemoryModel {
        base,
        parts,
        work: WorkSizes {
            eyes: about
                .blip2
                .map_or(0, |blip2| work::eyes(&blip2.vision_config)),
            language: about
                .blip2
                .map_or(0, |blip2| work::language(blip2, about.context)),
            ..drawing(&about.first, about)
        },
        second: about.second.as_ref().map(|second| drawing(second, about)),
        columns_per_call: super::drawing::columns_per_call((latent_side, latent_side)),
    }
}

/// What an editor works with.
fn drawing(editor: &EditorShape, about: &Architectures<'_>) -> WorkSizes {
    let EditorShape { unet, vae } = editor;
    let latent_side = about.side / vae.scale_factor().max(1);
    let cells = latent_side * latent_side;
    let tiles = Some(Tiles::default());
    WorkSizes {
        encode: work::encode(vae, about.side, None),
        encode_tiled: work::encode(vae, about.side, tiles),
        eyes: 0,
        language: 0,
        draw: work::draw(unet, cells, 1),
        column: work::column(unet, about.context, cells),
        decode: work::decode(vae, about.side, None),
        decode_tiled: work::decode(vae, about.side, tiles),
    }
}
