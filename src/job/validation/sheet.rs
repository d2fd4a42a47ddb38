//! The contact sheet of a sample: frame and target, question and answer, and all pictures in rows of
//! three.

use crate::job::export::Lettering;
use image::{Rgb, RgbImage, imageops};

/// Pictures in a row.
const PER_ROW: u32 = 3;
/// Height of the band with the words, in pixels.
const BAND: u32 = 40;
/// Size of the words.
const TEXT: f32 = 13.0;
/// Where the two lines of words begin, below the pictures.
const LINES: [u32; 2] = [4, 21];
/// Left margin of the words.
const MARGIN: u32 = 10;

/// All pictures have the size of `target`.
pub(super) fn contact_sheet(
    input: &RgbImage,
    target: &RgbImage,
    drawn: &[RgbImage],
    words: [&str; 2],
) -> RgbImage {
    let (width, height) = target.dimensions();
    let rows = (drawn.len() as u32).div_ceil(PER_ROW);
    let size = (PER_ROW * width, (rows + 1) * height + BAND);
    let mut sheet = RgbImage::from_pixel(size.0, size.1, Rgb([255; 3]));
    let mut place = |picture: &RgbImage, column: u32, y: u32| {
        imageops::replace(&mut sheet, picture, i64::from(column * width), i64::from(y));
    };
    place(input, 0, 0);
    place(target, 1, 0);
    for (index, picture) in (0..).zip(drawn) {
        place(
            picture,
            index % PER_ROW,
            height + BAND + index / PER_ROW * height,
        );
    }
    let lettering = Lettering::new();
    let room = (size.0 - 2 * MARGIN.min(size.0 / 2)) as f32;
    for (text, y) in words.into_iter().zip(LINES) {
        let line = lettering.wrap(text, TEXT, room, 1).concat();
        lettering.draw(&mut sheet, (MARGIN, height + y), &line, TEXT, Rgb([0; 3]));
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_picture_has_its_place() {
        let picture = |level| RgbImage::from_pixel(64, 32, Rgb([level; 3]));
        let drawn: Vec<RgbImage> = (1..=4).map(|i| picture(20 * i)).collect();
        let sheet = contact_sheet(&picture(200), &picture(220), &drawn, ["What if?", ""]);
        assert_eq!(sheet.dimensions(), (3 * 64, 3 * 32 + BAND));
        let at = |x, y| sheet.get_pixel(x, y).0[0];
        assert_eq!((at(0, 0), at(64, 31), at(128, 0)), (200, 220, 255));
        let row = 32 + BAND;
        assert_eq!((at(0, row), at(64, row), at(128, row)), (20, 40, 60));
        assert_eq!((at(0, row + 32), at(64, row + 32)), (80, 255));
        let words = (32..row).flat_map(|y| (0..192).map(move |x| (x, y)));
        assert!(
            words.filter(|(x, y)| at(*x, *y) < 128).count() > 20,
            "no words"
        );
    }
}
