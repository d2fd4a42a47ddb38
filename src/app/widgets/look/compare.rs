//! The ways to compare two pictures, and everything a person can set about them. Plain data.

use super::viewport::{Room, Viewport};
use serde::{Deserialize, Serialize};

/// The strongest amplification of a difference.
pub const MAX_GAIN: u8 = 64;

/// How two pictures are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compare {
    /// B, and A for as long as it is held.
    #[default]
    Flip,
    /// A beside B, zoomed and panned together.
    SideBySide,
    /// A on one side of a line, B on the other.
    Wipe,
    /// B over A, more or less transparent.
    Blend,
    /// What changed from A to B.
    Difference,
}

impl Compare {
    /// Every way, in the order of the controls.
    pub const ALL: [Self; 5] = [
        Self::Flip,
        Self::SideBySide,
        Self::Wipe,
        Self::Blend,
        Self::Difference,
    ];
}

/// Where the line of a wipe is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WipeLine {
    /// From top to bottom; A is on its left.
    #[default]
    Vertical,
    /// From left to right; A is above it.
    Horizontal,
}

/// How a difference is drawn. It is that of the 8-bit values as they are stored (sRGB), so 3 here
/// is 3 in every picture editor; it is not a difference of linear light.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DifferenceKind {
    /// `gain × |B − A|` per channel; black is equal.
    #[default]
    Absolute,
    /// `128 + gain × (B − A) / 2` per channel; grey is equal, brighter means that B is. Half, so
    /// that nothing is cut off without amplification.
    Signed,
    /// The largest `gain × |B − A|` of the three channels on a scale from black over violet and
    /// orange to white.
    FalseColour,
    /// `gain × (B − A)`, the mean of the three channels, on a scale from blue (B is darker) over
    /// white (equal) to red (B is brighter).
    RedBlue,
}

impl DifferenceKind {
    /// Every kind, in the order of the controls.
    pub const ALL: [Self; 4] = [
        Self::Absolute,
        Self::Signed,
        Self::FalseColour,
        Self::RedBlue,
    ];
}

/// What one view computes from A and B.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shade {
    /// Shows A.
    A,
    /// Shows B.
    B,
    /// Shows A left of or above the line, B on the other side.
    Wipe {
        /// Which way the line runs.
        line: WipeLine,
        /// Where it is, as a part of the view, 0..1; rounded to whole screen pixels.
        position: f32,
    },
    /// Shows `A + amount × (B − A)`, rounded to the nearest.
    Blend {
        /// Share of B, 0..1; rounded to 1/256.
        amount: f32,
    },
    /// Shows what changed.
    Difference {
        /// How it is drawn.
        kind: DifferenceKind,
        /// What it is multiplied with, 1..=[`MAX_GAIN`]; what exceeds the range is cut off.
        gain: u8,
    },
}

/// Everything a person can set about a comparison. What belongs to one way of comparing is kept
/// while another is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LookState {
    /// How the pictures are compared.
    pub compare: Compare,
    /// Which way the line of a wipe runs.
    pub wipe_line: WipeLine,
    /// Where that line is, as a part of the view, 0..1.
    pub wipe_position: f32,
    /// Share of B in a blend, 0..1.
    pub blend_amount: f32,
    /// How a difference is drawn.
    pub difference: DifferenceKind,
    /// What a difference is multiplied with, 1..=[`MAX_GAIN`].
    pub gain: u8,
    /// Whether pixels under the pointer are enlarged.
    pub loupe: bool,
    /// Whether the histograms are shown.
    pub histogram: bool,
    /// Which part of the pictures is shown, in all views alike.
    #[serde(skip)]
    pub viewport: Viewport,
    /// Screen and picture of the view that was drawn last.
    #[serde(skip)]
    pub room: Room,
    /// Whether A is held in place of B, as of the last frame.
    #[serde(skip)]
    pub held: bool,
}

impl Default for LookState {
    fn default() -> Self {
        Self {
            compare: Compare::default(),
            wipe_line: WipeLine::default(),
            wipe_position: 0.5,
            blend_amount: 0.5,
            difference: DifferenceKind::default(),
            gain: 1,
            loupe: false,
            histogram: false,
            viewport: Viewport::default(),
            room: Room::default(),
            held: false,
        }
    }
}

impl LookState {
    /// What the views compute, from left to right.
    pub fn shades(&self) -> Vec<Shade> {
        match self.compare {
            Compare::Flip if self.held => vec![Shade::A],
            Compare::Flip => vec![Shade::B],
            Compare::SideBySide => vec![Shade::A, Shade::B],
            Compare::Wipe => vec![Shade::Wipe {
                line: self.wipe_line,
                position: self.wipe_position,
            }],
            Compare::Blend => vec![Shade::Blend {
                amount: self.blend_amount,
            }],
            Compare::Difference => vec![Shade::Difference {
                kind: self.difference,
                gain: self.gain,
            }],
        }
    }

    /// Screen pixels per pixel of A in the view that was drawn last.
    pub fn zoom(&self) -> f64 {
        self.viewport.scale(self.room)
    }
}
