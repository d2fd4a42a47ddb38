//! The comparisons on the CPU: pure functions, and the measure for the shader in
//! `assets/shaders/look.wgsl`, which has to come to the same bytes. Also what paints where there
//! is no graphics device.

use super::compare::Shade;
use super::scene::{Axis, Formula, Scene};
use image::{Rgb, RgbImage, Rgba, RgbaImage};

/// The false colours, 32 steps apart; the brightness of the scale only rises.
const HEAT: [[i32; 3]; 9] = [
    [0, 0, 0],
    [22, 20, 84],
    [70, 24, 132],
    [128, 28, 136],
    [184, 44, 112],
    [226, 82, 72],
    [246, 134, 40],
    [252, 194, 70],
    [255, 248, 214],
];

/// Equal, brighter and darker of [`Formula::RedBlue`].
const PAPER: [i32; 3] = [244, 244, 244];
const RED: [i32; 3] = [190, 30, 45];
const BLUE: [i32; 3] = [35, 90, 190];

/// The whole comparison at the size of A, one pixel per pixel of A; B is brought to A's size.
///
/// For example a picture of the differences, to save.
pub fn whole(shade: Shade, a: &RgbImage, b: &RgbImage) -> RgbImage {
    let scene = Scene::whole(a.dimensions().into(), b.dimensions().into(), shade);
    let shown = compose(&scene, a, b);
    RgbImage::from_fn(a.width(), a.height(), |x, y| {
        let [red, green, blue, _alpha] = shown.get_pixel(x, y).0;
        Rgb([red, green, blue])
    })
}

/// What a view shows, one pixel per screen pixel; clear where there is no picture.
///
/// The scene has to be made for the sizes of these pictures.
pub fn compose(scene: &Scene, a: &RgbImage, b: &RgbImage) -> RgbaImage {
    let [width, height] = scene.view;
    RgbaImage::from_fn(width, height, |x, y| {
        let at = [x as i32, y as i32];
        let on = scene.a[0].is_on(at[0]) && scene.a[1].is_on(at[1]);
        if !on {
            return Rgba([0; 4]);
        }
        let [red, green, blue] = colour(scene, a, b, at).map(|value| value as u8);
        Rgba([red, green, blue, 255])
    })
}

/// The colour of the view's pixel `at`, 0..=255.
fn colour(scene: &Scene, a: &RgbImage, b: &RgbImage, at: [i32; 2]) -> [i32; 3] {
    let a = || sample(a, &scene.a, at);
    let b = || sample(b, &scene.b, at);
    let differences = |gain: i32| {
        let (a, b) = (a(), b());
        [0, 1, 2].map(|channel| (b[channel] - a[channel]) * gain)
    };
    match scene.formula {
        Formula::A => a(),
        Formula::B => b(),
        Formula::WipeColumns(columns) if at[0] < columns => a(),
        Formula::WipeRows(rows) if at[1] < rows => a(),
        Formula::WipeColumns(_) | Formula::WipeRows(_) => b(),
        Formula::Blend(amount) => {
            let (a, b) = (a(), b());
            [0, 1, 2].map(|channel| {
                let mixed = a[channel] * (256 - amount) + b[channel] * amount;
                (mixed + 128) >> 8
            })
        }
        Formula::Absolute(gain) => differences(gain).map(|difference| difference.abs().min(255)),
        Formula::Signed(gain) => {
            differences(gain).map(|difference| (128 + difference / 2).clamp(0, 255))
        }
        Formula::FalseColour(gain) => {
            let [red, green, blue] = differences(gain).map(i32::abs);
            false_colour(red.max(green).max(blue).min(255))
        }
        Formula::RedBlue(gain) => {
            let [red, green, blue] = differences(gain);
            red_blue(((red + green + blue) / 3).clamp(-255, 255))
        }
    }
}

fn red_blue(change: i32) -> [i32; 3] {
    let hue = if change > 0 { RED } else { BLUE };
    let part = change.abs();
    [0, 1, 2].map(|channel| (PAPER[channel] * (255 - part) + hue[channel] * part + 127) / 255)
}

fn false_colour(magnitude: i32) -> [i32; 3] {
    let (stop, part) = ((magnitude >> 5) as usize, magnitude & 31);
    [0, 1, 2].map(|channel| {
        let (below, above) = (HEAT[stop][channel], HEAT[stop + 1][channel]);
        (below * (32 - part) + above * part + 16) >> 5
    })
}

/// The mean of what a screen pixel covers, every picture pixel by its share.
fn sample(picture: &RgbImage, [x, y]: &[Axis; 2], at: [i32; 2]) -> [i32; 3] {
    let mut sum = [0_u32; 3];
    for (row, height) in shares(y, at[1]) {
        for (column, width) in shares(x, at[0]) {
            let pixel = picture.get_pixel(column, row).0;
            for (sum, value) in sum.iter_mut().zip(pixel) {
                *sum += height * width * u32::from(value);
            }
        }
    }
    let total = (x.width * y.width) as u32;
    sum.map(|sum| ((sum + total / 2) / total) as i32)
}

/// The picture's columns (or rows) under screen pixel `k`, and the share of each.
fn shares(axis: &Axis, k: i32) -> impl Iterator<Item = (u32, u32)> {
    let (bits, last) = (axis.bits, axis.size - 1);
    let begin = axis.begin(k);
    let end = begin + axis.width;
    (begin >> bits..=(end - 1) >> bits).map(move |pixel| {
        let share = end.min((pixel + 1) << bits) - begin.max(pixel << bits);
        (pixel.clamp(0, last) as u32, share as u32)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::widgets::look::compare::{DifferenceKind, WipeLine};

    fn pair() -> [RgbImage; 2] {
        let a = RgbImage::from_fn(256, 3, |x, y| Rgb([x as u8, 7, (y * 100) as u8]));
        let b = RgbImage::from_fn(256, 3, |x, _| Rgb([100, 9, x as u8]));
        [a, b]
    }

    #[test]
    fn a_difference_is_that_of_the_bytes() {
        let [a, b] = pair();
        let at = |kind, gain, x, y| {
            let shade = Shade::Difference { kind, gain };
            whole(shade, &a, &b).get_pixel(x, y).0
        };
        // A is (30, 7, 100), B is (100, 9, 30).
        assert_eq!(at(DifferenceKind::Absolute, 1, 30, 1), [70, 2, 70]);
        assert_eq!(at(DifferenceKind::Absolute, 16, 30, 1), [255, 32, 255]);
        assert_eq!(at(DifferenceKind::Signed, 1, 30, 1), [163, 129, 93]);
        assert_eq!(at(DifferenceKind::Signed, 4, 30, 1), [255, 132, 0]);
        // The mean change is (70 + 2 - 70) / 3, which is none; in row 0 it is (70 + 2 + 30) / 3.
        assert_eq!(
            at(DifferenceKind::RedBlue, 1, 30, 1),
            PAPER.map(|v| v as u8)
        );
        assert_eq!(at(DifferenceKind::RedBlue, 1, 30, 0), [237, 215, 217]);
        assert_eq!(at(DifferenceKind::RedBlue, 64, 30, 0), RED.map(|v| v as u8));
        let hot = false_colour(70);
        assert_eq!(
            at(DifferenceKind::FalseColour, 1, 30, 1).map(i32::from),
            hot
        );
        assert_eq!(false_colour(0), [0; 3]);
    }

    #[test]
    fn equal_pictures_differ_nowhere() {
        let [a, _] = pair();
        for (kind, expected) in [
            (DifferenceKind::Absolute, [0; 3]),
            (DifferenceKind::Signed, [128; 3]),
            (DifferenceKind::FalseColour, [0; 3]),
            (DifferenceKind::RedBlue, [244; 3]),
        ] {
            let shown = whole(Shade::Difference { kind, gain: 64 }, &a, &a);
            assert!(shown.pixels().all(|pixel| pixel.0 == expected), "{kind:?}");
        }
    }

    #[test]
    fn wipe_and_blend_end_in_the_pictures_themselves() {
        let [a, b] = pair();
        for line in [WipeLine::Vertical, WipeLine::Horizontal] {
            let wipe = |position| whole(Shade::Wipe { line, position }, &a, &b);
            assert_eq!(wipe(1.0), a);
            assert_eq!(wipe(0.0), b);
        }
        let blend = |amount| whole(Shade::Blend { amount }, &a, &b);
        assert_eq!(blend(0.0), a);
        assert_eq!(blend(1.0), b);
        assert_eq!(blend(0.5).get_pixel(50, 0).0, [75, 8, 25]);
    }

    #[test]
    fn a_larger_picture_is_averaged_onto_a_smaller_one() {
        let [a, _] = pair();
        let b = image::imageops::resize(&a, 768, 6, image::imageops::FilterType::Nearest);
        assert_eq!(whole(Shade::B, &a, &b), a);
        let stripes = RgbImage::from_fn(512, 6, |x, _| Rgb([(x % 2 * 255) as u8; 3]));
        let shown = whole(Shade::B, &a, &stripes);
        assert!(shown.pixels().all(|pixel| pixel.0 == [128; 3]));
    }

    #[test]
    fn false_colours_only_get_brighter() {
        let luma = |magnitude| {
            let [red, green, blue] = false_colour(magnitude);
            299 * red + 587 * green + 114 * blue
        };
        assert!((1..256).all(|magnitude| luma(magnitude) > luma(magnitude - 1)));
    }
}
