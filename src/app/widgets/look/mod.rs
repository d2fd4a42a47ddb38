//! Looking closely: two pictures compared pixel by pixel.
//!
//! Picture B lies over picture A's rectangle, whatever its own size is. A [`LookState`] says how
//! the two are compared and which part is shown; [`Look`] draws controls, views and histograms.
//!
//! | file | what it is |
//! |---|---|
//! | `compare` | the ways to compare and all settings, plain data |
//! | `viewport` | zoom and pan, plain maths |
//! | `scene` | what one view shows, in whole numbers |
//! | `reference` | the CPU's way from a scene to pixels |
//! | `gpu`, `assets/shaders/look.wgsl` | the graphics device's way to the same pixels |
//! | `painter` | chooses between the two, keeps textures and histograms |
//! | `view`, `input`, `controls`, `loupe`, `histogram` | what is on screen and what it does |
//!
//! Sampling: from two screen pixels per picture pixel on, the nearest pixel; below, bilinear
//! interpolation; of a reduced picture, the mean of all that a screen pixel covers. At 1:1 every
//! screen pixel is a picture pixel. Everything works on the stored bytes (sRGB): pictures are
//! shown as they are, and differences are those of the bytes, not of linear light.
//!
//! ```ignore
//! // Once, in `eframe`'s creation: the painter. Kept by the panel: the state.
//! let mut painter = LookPainter::new(cc.wgpu_render_state.as_ref());
//! let mut state = LookState::default();
//! // In every frame:
//! let look = Look { texts, tokens, a: &frame, b: &answer, a_name: "Before", b_name: "After" };
//! look.controls_ui(ui, &mut state);
//! look.view_ui(ui, &mut painter, &mut state, well);
//! look.histograms_ui(ui, &mut painter, &state);
//! ```

mod compare;
mod controls;
mod gpu;
mod histogram;
mod input;
mod loupe;
mod painter;
pub mod reference;
mod scene;
mod view;
mod viewport;

pub use compare::{Compare, DifferenceKind, LookState, MAX_GAIN, Shade, WipeLine};
pub use gpu::{LookCallback, LookResources};
pub use histogram::Histogram;
pub use loupe::Reading;
pub use painter::{LookPainter, view_px};
pub use scene::Scene;
pub use viewport::{MAX_ZOOM, Placement, Room, Viewport, Zoom};

use crate::app::texts::Texts;
use crate::app::theme::Tokens;
use image::RgbImage;
use std::sync::Arc;

/// Two pictures to look at, and how to speak of them.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// The texts.
    pub texts: &'a Texts,
    /// The colours.
    pub tokens: &'a Tokens,
    /// Picture A, whose rectangle and pixels zoom and pan are about.
    pub a: &'a Arc<RgbImage>,
    /// Picture B, which lies over A's rectangle.
    pub b: &'a Arc<RgbImage>,
    /// What A is called.
    pub a_name: &'a str,
    /// What B is called.
    pub b_name: &'a str,
}
