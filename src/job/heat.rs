//! Numbers over a picture as colours: attention and change, on screen and in files.

use crate::nn::resize::{Filter, resize};
use image::{Rgb, RgbImage};
use std::sync::LazyLock;

/// Strongest covering of the picture below, 0..=1.
const COVER: f32 = 0.74;

/// Numbers over a picture, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeatMap {
    /// Cells in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// One number per cell, not negative.
    pub values: Vec<f32>,
}

impl HeatMap {
    /// The largest number.
    pub fn largest(&self) -> f32 {
        self.values.iter().copied().fold(0.0, f32::max)
    }

    /// Colours with red, green, blue and a covering that grows with the number; `top` gets the
    /// brightest one.
    pub fn colours(&self, top: f32) -> Vec<[u8; 4]> {
        let top = top.max(f32::MIN_POSITIVE);
        let level = |value: &f32| (255.0 * (value / top).clamp(0.0, 1.0)).round() as usize;
        let colours = self.values.iter().map(|value| COLOURS.get(level(value)));
        colours
            .map(|colour| colour.copied().unwrap_or_default())
            .collect()
    }

    /// `picture` with the map laid over it, smoothed to its size.
    pub fn over(&self, picture: &RgbImage, top: f32) -> RgbImage {
        let colours = self.colours(top);
        let side = (self.width as u32, self.height as u32);
        let layer = |pick: fn(&[u8; 4]) -> Rgb<u8>| {
            let small = RgbImage::from_fn(side.0, side.1, |x, y| {
                let cell = y as usize * self.width + x as usize;
                colours.get(cell).map_or(Rgb([0; 3]), pick)
            });
            resize(&small, picture.width(), picture.height(), Filter::Bilinear)
        };
        let (colour, cover) = (
            layer(|c| Rgb([c[0], c[1], c[2]])),
            layer(|c| Rgb([c[3]; 3])),
        );
        let mut over = picture.clone();
        let layers = colour.pixels().zip(cover.pixels());
        for (pixel, (colour, cover)) in over.pixels_mut().zip(layers) {
            let alpha = u32::from(cover.0[0]);
            for (below, above) in pixel.0.iter_mut().zip(colour.0) {
                let mixed = u32::from(*below) * (255 - alpha) + u32::from(above) * alpha;
                *below = ((mixed + 127) / 255) as u8;
            }
        }
        over
    }
}

/// Colour and covering of 256 strengths: the path through OKLab is too slow for every cell.
static COLOURS: LazyLock<Vec<[u8; 4]>> = LazyLock::new(|| {
    let of = |level: usize| {
        let strength = level as f32 / 255.0;
        let [r, g, b] = heat_colour(strength);
        [r, g, b, (255.0 * COVER * strength.powf(0.75)).round() as u8]
    };
    (0..256).map(of).collect()
});

/// The colour of a strength, 0..=1: from dark violet over red to light yellow, in even steps of
/// lightness.
///
/// Source: Ottosson, "A perceptual color space for image processing" (OKLab); the path is our own.
pub fn heat_colour(strength: f32) -> [u8; 3] {
    let t = strength.clamp(0.0, 1.0);
    let lightness = 0.28 + 0.64 * t;
    let chroma = 0.12 + 0.07 * (std::f32::consts::PI * t).sin();
    let hue = (300.0 + 165.0 * t).to_radians(); // violet, red, yellow
    let (a, b) = (chroma * hue.cos(), chroma * hue.sin());
    let l = (lightness + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
    let m = (lightness - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
    let s = (lightness - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
    let linear = [
        4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
        -1.268_438 * l + 2.609_757_4 * m - 0.341_319_38 * s,
        -0.004_196_086 * l - 0.703_418_6 * m + 1.707_614_7 * s,
    ];
    linear.map(|x| {
        let x = x.clamp(0.0, 1.0);
        let encoded = if x <= 0.003_130_8 {
            12.92 * x
        } else {
            1.055 * x.powf(1.0 / 2.4) - 0.055
        };
        (255.0 * encoded).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// OKLab's lightness of a colour.
    fn lightness([r, g, b]: [u8; 3]) -> f32 {
        let linear = |x: u8| {
            let x = f32::from(x) / 255.0;
            if x <= 0.04045 {
                x / 12.92
            } else {
                ((x + 0.055) / 1.055).powf(2.4)
            }
        };
        let (r, g, b) = (linear(r), linear(g), linear(b));
        let l = 0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b;
        let m = 0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b;
        let s = 0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b;
        0.210_454_26 * l.cbrt() + 0.793_617_8 * m.cbrt() - 0.004_072_047 * s.cbrt()
    }

    #[test]
    fn equal_steps_of_strength_are_equal_steps_of_lightness() {
        let steps: Vec<f32> = (0..=20)
            .map(|i| lightness(heat_colour(i as f32 / 20.0)))
            .collect();
        for pair in steps.windows(2) {
            let step = pair[1] - pair[0];
            assert!((0.026..0.038).contains(&step), "{steps:?}");
        }
    }

    #[test]
    fn a_map_covers_the_picture_where_it_is_strong() {
        let picture = RgbImage::from_pixel(8, 4, Rgb([10, 20, 30]));
        let map = HeatMap {
            width: 2,
            height: 1,
            values: vec![0.0, 4.0],
        };
        let over = map.over(&picture, map.largest());
        assert_eq!(over.get_pixel(0, 0).0, [10, 20, 30]);
        let hot = over.get_pixel(7, 3).0;
        assert!(hot[0] > 150 && hot[1] > 120, "{hot:?}");
        let nothing = HeatMap {
            values: vec![0.0; 2],
            ..map
        };
        assert_eq!(nothing.over(&picture, 0.0), picture);
    }
}
