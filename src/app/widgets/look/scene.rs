//! What one view shows, in whole numbers: the form in which the shader and the CPU get the same
//! task, so that both come to the same bytes.

use super::compare::{DifferenceKind, MAX_GAIN, Shade, WipeLine};
use super::viewport::{Placement, Room};

/// What one screen pixel covers has at most this many shares per axis: the sums of the shader have
/// 32 bits, and 4096 × 4096 × 255 is the most that fits.
const MOST_SHARES: f64 = 4096.0;
/// One screen pixel averages at most this many picture pixels per axis; beyond, some are skipped.
const MOST_COVERED: f64 = 16.0;

/// How a column or row of the view finds its place in a picture.
///
/// Screen pixel `k` has its middle at `base + (start + k × step) / 2^shift` picture pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    pub base: i32,
    pub start: i32,
    pub step: i32,
    pub shift: u32,
    /// Shares of a picture pixel are counted in `1 / 2^bits`.
    pub bits: u32,
    /// What one screen pixel covers, in shares.
    ///
    /// An enlarged picture takes one pixel's width, which is bilinear interpolation with weights
    /// in 1/4096; a reduced one takes the mean of everything under the screen pixel.
    pub width: i32,
    /// Takes the picture pixel under the middle instead: from two screen pixels per picture pixel
    /// on, people want to see the pixels.
    pub nearest: bool,
    /// Pixels of the picture; what is read beyond is its first or last.
    pub size: i32,
}

impl Axis {
    /// `zoom`: screen pixels per pixel of A. `ratio`: pixels of this picture per pixel of A.
    fn new(corner: i32, zoom: f64, ratio: f64, size: u32, view: u32) -> Self {
        let step = ratio / zoom;
        let first = (0.5 - f64::from(corner)) * step;
        let base = first.floor();
        // As many bits for the fraction as leave room for the whole view.
        let span = (f64::from(view) * step).ceil() + 2.0;
        let shift = (30.0 - span.log2().ceil()).clamp(12.0, 24.0);
        let unit = shift.exp2();
        let nearest = step <= 0.5;
        let covered = if nearest {
            1.0
        } else {
            step.clamp(1.0, MOST_COVERED)
        };
        let bits = (MOST_SHARES / covered).log2().floor();
        // More than all rounding of `step` adds up to, so that a middle that lies on the border of
        // two pixels belongs to the later one, in A and in a B of another size alike.
        let bias = if nearest {
            (f64::from(view) / 2.0).ceil() + 1.0
        } else {
            0.0
        };
        Self {
            base: base as i32,
            start: ((first - base) * unit + bias).round() as i32,
            step: (step * unit).round() as i32,
            shift: shift as u32,
            bits: bits as u32,
            width: (covered * bits.exp2()).round() as i32,
            nearest,
            size: size as i32,
        }
    }

    /// Where screen pixel `k` begins to cover the picture, in shares.
    pub fn begin(&self, k: i32) -> i32 {
        let middle = (self.start + k * self.step) >> (self.shift - self.bits);
        let begin = if self.nearest {
            (middle >> self.bits) << self.bits
        } else {
            middle - self.width / 2
        };
        begin + (self.base << self.bits)
    }

    /// Whether the middle of screen pixel `k` is on the picture.
    pub fn is_on(&self, k: i32) -> bool {
        let pixel = self.base + ((self.start + k * self.step) >> self.shift);
        (0..self.size).contains(&pixel)
    }

    fn words(&self) -> [i32; 8] {
        [
            self.base,
            self.start,
            self.step,
            self.shift as i32,
            self.bits as i32,
            self.width,
            i32::from(self.nearest),
            self.size,
        ]
    }
}

/// A [`Shade`] in whole numbers. The order is that of the constants in the shader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Formula {
    A,
    B,
    /// A in that many first columns.
    WipeColumns(i32),
    /// A in that many first rows.
    WipeRows(i32),
    /// Share of B in 1/256.
    Blend(i32),
    /// Gain.
    Absolute(i32),
    /// Gain.
    Signed(i32),
    /// Gain.
    FalseColour(i32),
    /// Gain.
    RedBlue(i32),
}

impl Formula {
    fn new(shade: Shade, view: [u32; 2]) -> Self {
        let part = |of: f32, whole: u32| (of.clamp(0.0, 1.0) * whole as f32).round() as i32;
        match shade {
            Shade::A => Self::A,
            Shade::B => Self::B,
            Shade::Wipe { line, position } => match line {
                WipeLine::Vertical => Self::WipeColumns(part(position, view[0])),
                WipeLine::Horizontal => Self::WipeRows(part(position, view[1])),
            },
            Shade::Blend { amount } => Self::Blend(part(amount, 256)),
            Shade::Difference { kind, gain } => {
                let gain = i32::from(gain.clamp(1, MAX_GAIN));
                match kind {
                    DifferenceKind::Absolute => Self::Absolute(gain),
                    DifferenceKind::Signed => Self::Signed(gain),
                    DifferenceKind::FalseColour => Self::FalseColour(gain),
                    DifferenceKind::RedBlue => Self::RedBlue(gain),
                }
            }
        }
    }

    /// The shader's number of the formula, and its amount.
    fn words(self) -> [i32; 2] {
        match self {
            Self::A => [0, 0],
            Self::B => [1, 0],
            Self::WipeColumns(amount) => [2, amount],
            Self::WipeRows(amount) => [3, amount],
            Self::Blend(amount) => [4, amount],
            Self::Absolute(amount) => [5, amount],
            Self::Signed(amount) => [6, amount],
            Self::FalseColour(amount) => [7, amount],
            Self::RedBlue(amount) => [8, amount],
        }
    }
}

/// What one view shows. Two equal scenes of the same pictures are the same on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scene {
    pub(super) view: [u32; 2],
    pub(super) a: [Axis; 2],
    pub(super) b: [Axis; 2],
    pub(super) formula: Formula,
}

impl Scene {
    /// Bytes of [`Self::uniform`].
    pub(super) const UNIFORM_BYTES: u64 = 4 * (4 + 4 * 8);

    /// Lays picture A at its placement and B, of size `b`, over the very same rectangle.
    pub fn new(room: Room, placement: Placement, b: [u32; 2], shade: Shade) -> Self {
        let axes = |size: [u32; 2]| {
            [0, 1].map(|axis| {
                let ratio = f64::from(size[axis]) / f64::from(room.picture[axis].max(1));
                let (corner, view) = (placement.corner[axis], room.view[axis]);
                Axis::new(corner, placement.zoom, ratio, size[axis], view)
            })
        };
        Self {
            view: room.view,
            a: axes(room.picture),
            b: axes(b),
            formula: Formula::new(shade, room.view),
        }
    }

    /// The whole of A, one screen pixel per picture pixel.
    pub fn whole(a: [u32; 2], b: [u32; 2], shade: Shade) -> Self {
        let room = Room {
            view: a,
            picture: a,
        };
        let placement = Placement {
            corner: [0, 0],
            zoom: 1.0,
        };
        Self::new(room, placement, b, shade)
    }

    /// The uniform of the shader for a view whose upper left corner is the target's pixel
    /// `origin`.
    pub(super) fn uniform(&self, origin: [i32; 2]) -> Vec<u8> {
        let axes = self.a.iter().chain(&self.b);
        origin
            .into_iter()
            .chain(self.formula.words())
            .chain(axes.flat_map(Axis::words))
            .flat_map(i32::to_ne_bytes)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::widgets::look::viewport::{Viewport, Zoom};

    fn axis(zoom: f64, centre: f64, size: u32, view: u32) -> Axis {
        let room = Room {
            view: [view; 2],
            picture: [size; 2],
        };
        let viewport = Viewport {
            zoom: Zoom::Scale(zoom),
            centre: [centre; 2],
        };
        Scene::new(room, viewport.place(room), room.picture, Shade::A).a[0]
    }

    #[test]
    fn one_to_one_takes_whole_pixels() {
        let axis = axis(1.0, 0.3, 1000, 640);
        for k in 0..640 {
            assert_eq!(axis.begin(k), axis.begin(0) + (k << axis.bits));
            assert_eq!(axis.begin(k) % axis.width, 0);
        }
        assert!(!axis.nearest);
    }

    #[test]
    fn every_enlarged_pixel_has_its_screen_pixels() {
        for zoom in [2, 3, 7, 50, 64] {
            let axis = axis(f64::from(zoom), 0.5, 4001, 3840);
            assert!(axis.nearest);
            let firsts: Vec<i32> = (0..3840).map(|k| axis.begin(k) >> axis.bits).collect();
            let runs: Vec<usize> = firsts.chunk_by(|a, b| a == b).map(<[i32]>::len).collect();
            let inner = &runs[1..runs.len() - 1];
            assert!(inner.iter().all(|run| *run == zoom as usize), "{zoom}");
        }
    }

    #[test]
    fn the_edges_of_a_picture_are_where_it_is_placed() {
        let axis = axis(2.5, 0.5, 100, 400);
        // 250 of 400 screen pixels, so 75 on each side.
        assert!(!axis.is_on(74) && axis.is_on(75) && axis.is_on(324) && !axis.is_on(325));
    }

    #[test]
    fn the_largest_sums_fit_into_32_bits() {
        for zoom in [3.0, 1.5, 1.0, 0.99, 0.5, 0.49, 0.3, 0.126, 0.1, 0.05, 0.02] {
            let axis = axis(zoom, 0.5, 16384, 8192);
            let total = u64::from(axis.width.unsigned_abs()).pow(2);
            assert!(total * 255 + total / 2 <= u64::from(u32::MAX), "{zoom}");
            // The fraction leaves room for the last column.
            let last = i64::from(axis.start) + 8191 * i64::from(axis.step);
            assert!(last < i64::from(i32::MAX), "{zoom}");
            assert!(axis.bits >= 8 && axis.shift >= axis.bits, "{zoom}");
        }
    }
}
