//! Pictures side by side, and whether two are the same.

use image::{Rgb, RgbImage, imageops};
use std::fmt;
use std::sync::Arc;

/// Pixels between the cells of a grid.
const GAP: u32 = 8;
/// What shows between the cells.
const GROUND: Rgb<u8> = Rgb([255, 255, 255]);

/// The pictures in rows of `columns`, in order; every cell has the size of the largest picture.
pub fn grid(pictures: &[Arc<RgbImage>], columns: usize) -> RgbImage {
    let columns = columns.clamp(1, pictures.len().max(1));
    let rows = pictures.len().div_ceil(columns);
    let side = |of: fn(&RgbImage) -> u32| pictures.iter().map(|p| of(p)).max().unwrap_or(0);
    let (width, height) = (side(RgbImage::width), side(RgbImage::height));
    let length = |cells: usize, side: u32| (cells as u32 * (side + GAP)).saturating_sub(GAP);
    let mut sheet = RgbImage::from_pixel(length(columns, width), length(rows, height), GROUND);
    for (index, picture) in pictures.iter().enumerate() {
        let place = |i: usize, side: u32| i64::from(i as u32 * (side + GAP));
        let (x, y) = (
            place(index % columns, width),
            place(index / columns, height),
        );
        imageops::replace(&mut sheet, picture.as_ref(), x, y);
    }
    sheet
}

/// How many columns each seed has, when there are several seeds and all have as many; then the
/// columns stand in rows, one per seed.
pub fn columns_per_seed(seeds: &[u64]) -> Option<usize> {
    let first = seeds.first()?;
    let count = seeds.iter().take_while(|seed| *seed == first).count();
    let even = seeds
        .chunks(count)
        .all(|row| row.len() == count && row.iter().all(|seed| Some(seed) == row.first()));
    (even && count < seeds.len()).then_some(count)
}

/// How equal two pictures are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sameness {
    /// Every byte.
    Identical,
    /// No channel of any pixel is off by more than one level; this share of the pixels is off.
    Close(f64),
    /// More than that.
    Differs {
        /// The largest difference of a channel, in levels.
        largest: u8,
        /// The share of pixels that differ, 0..=1.
        share: f64,
    },
    /// They have different sizes.
    OtherSize,
}

impl Sameness {
    /// A word for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identical => "identical",
            Self::Close(_) => "within 1/255",
            Self::Differs { .. } => "differs",
            Self::OtherSize => "other size",
        }
    }

    /// The largest difference of a channel, in levels.
    pub fn largest(self) -> Option<u8> {
        match self {
            Self::Identical => Some(0),
            Self::Close(_) => Some(1),
            Self::Differs { largest, .. } => Some(largest),
            Self::OtherSize => None,
        }
    }

    /// The share of pixels that differ, 0..=1.
    pub fn share(self) -> Option<f64> {
        match self {
            Self::Identical => Some(0.0),
            Self::Close(share) | Self::Differs { share, .. } => Some(share),
            Self::OtherSize => None,
        }
    }

    /// Whether no eye and no metric would tell them apart.
    pub fn agrees(self) -> bool {
        matches!(self, Self::Identical | Self::Close(_))
    }
}

impl fmt::Display for Sameness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identical => f.write_str("identical"),
            Self::Close(share) => {
                write!(f, "within 1/255 ({:.2} % of the pixels)", 100.0 * share)
            }
            Self::Differs { largest, share } => write!(
                f,
                "differs by up to {largest}/255 ({:.2} % of the pixels)",
                100.0 * share
            ),
            Self::OtherSize => f.write_str("has another size"),
        }
    }
}

/// Compares two pictures byte by byte.
pub fn sameness(a: &RgbImage, b: &RgbImage) -> Sameness {
    if a.dimensions() != b.dimensions() {
        return Sameness::OtherSize;
    }
    let (mut largest, mut differing) = (0, 0usize);
    for (a, b) in a.pixels().zip(b.pixels()) {
        let off = a.0.iter().zip(b.0).map(|(a, b)| a.abs_diff(b)).max();
        let off = off.unwrap_or(0);
        largest = largest.max(off);
        differing += usize::from(off > 0);
    }
    let share = differing as f64 / (a.pixels().len().max(1)) as f64;
    match largest {
        0 => Sameness::Identical,
        1 => Sameness::Close(share),
        largest => Sameness::Differs { largest, share },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_has_its_cells_in_order() {
        let cell = |level| Arc::new(RgbImage::from_pixel(4, 3, Rgb([level; 3])));
        let sheet = grid(&[cell(10), cell(20), cell(30)], 2);
        assert_eq!(sheet.dimensions(), (2 * 4 + GAP, 2 * 3 + GAP));
        let at = |x, y| sheet.get_pixel(x, y).0[0];
        assert_eq!((at(0, 0), at(4 + GAP, 0), at(0, 3 + GAP)), (10, 20, 30));
        assert_eq!((at(4, 0), at(4 + GAP, 3 + GAP)), (255, 255));
    }

    #[test]
    fn sameness_has_four_answers() {
        let picture = |level| {
            RgbImage::from_fn(2, 2, |x, y| {
                Rgb([10, if x + y == 0 { level } else { 50 }, 90])
            })
        };
        let base = picture(50);
        assert_eq!(sameness(&base, &picture(50)), Sameness::Identical);
        assert_eq!(sameness(&base, &picture(51)), Sameness::Close(0.25));
        let differs = Sameness::Differs {
            largest: 30,
            share: 0.25,
        };
        assert_eq!(sameness(&base, &picture(20)), differs);
        assert_eq!(sameness(&base, &RgbImage::new(1, 2)), Sameness::OtherSize);
    }
}
