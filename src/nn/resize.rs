//! Picture resizing that gives the same bytes as Pillow.
//!
//! The models were trained on pictures resized by Pillow, and its result depends on details: the
//! filter widens when shrinking, coefficients are fixed-point numbers with 22 fractional bits, and
//! the horizontal pass is rounded to 8 bits before the vertical one. Source: the behaviour of
//! Pillow's `Image.resize` and `ImageOps.fit` on 8-bit pictures, pinned by the golden numbers in
//! `tests/fixtures/preprocess`.

use super::simd::vectorised;
use image::RgbImage;
use rayon::prelude::*;

/// Fractional bits of a coefficient: 32 minus 8 for the pixel and 2 for overshoot.
const PRECISION_BITS: u32 = 32 - 8 - 2;
/// Bytes per pixel.
const RGB: usize = 3;

/// How a new pixel is mixed from old ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Mean of the covered pixels.
    Box,
    /// Triangle of radius 1.
    Bilinear,
    /// Cubic of radius 2 with a = -0.5.
    Bicubic,
    /// Windowed sinc of radius 3.
    Lanczos,
}

impl Filter {
    /// Radius in source pixels when the size does not shrink.
    fn support(self) -> f64 {
        match self {
            Self::Box => 0.5,
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
            Self::Lanczos => 3.0,
        }
    }

    fn weight(self, x: f64) -> f64 {
        let distance = x.abs();
        match self {
            Self::Box if x > -0.5 && x <= 0.5 => 1.0,
            Self::Bilinear if distance < 1.0 => 1.0 - distance,
            Self::Bicubic => {
                const A: f64 = -0.5;
                if distance < 1.0 {
                    ((A + 2.0) * distance - (A + 3.0)) * distance * distance + 1.0
                } else if distance < 2.0 {
                    (((distance - 5.0) * distance + 8.0) * distance - 4.0) * A
                } else {
                    0.0
                }
            }
            Self::Lanczos if (-3.0..3.0).contains(&x) => sinc(x) * sinc(x / 3.0),
            _ => 0.0,
        }
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        1.0
    } else {
        let x = x * std::f64::consts::PI;
        x.sin() / x
    }
}

/// The part of a picture that is resized, in pixels with fractions. Single precision, because
/// that is how Pillow takes it and it decides the last bit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crop {
    /// Left edge.
    pub left: f32,
    /// Top edge.
    pub top: f32,
    /// Right edge.
    pub right: f32,
    /// Bottom edge.
    pub bottom: f32,
}

impl Crop {
    /// The whole picture.
    pub fn whole(image: &RgbImage) -> Self {
        Self {
            left: 0.0,
            top: 0.0,
            right: image.width() as f32,
            bottom: image.height() as f32,
        }
    }

    /// The largest centred part with the proportions of `width` x `height`.
    pub fn centred(image: &RgbImage, width: u32, height: u32) -> Self {
        let (image_width, image_height) = (f64::from(image.width()), f64::from(image.height()));
        let image_ratio = image_width / image_height;
        let ratio = f64::from(width) / f64::from(height);
        let (crop_width, crop_height) = if image_ratio == ratio {
            (image_width, image_height)
        } else if image_ratio >= ratio {
            (ratio * image_height, image_height)
        } else {
            (image_width, image_width / ratio)
        };
        let left = (image_width - crop_width) * 0.5;
        let top = (image_height - crop_height) * 0.5;
        Self {
            left: left as f32,
            top: top as f32,
            right: (left + crop_width) as f32,
            bottom: (top + crop_height) as f32,
        }
    }
}

/// Resizes to `width` x `height`, proportions not kept, like Pillow's `Image.resize`. Sizes of 0
/// are taken as 1.
pub fn resize(image: &RgbImage, width: u32, height: u32, filter: Filter) -> RgbImage {
    resize_part(image, Crop::whole(image), width, height, filter)
}

/// Cuts the centred part with the right proportions and resizes it to `width` x `height`, like
/// Pillow's `ImageOps.fit`.
pub fn fit(image: &RgbImage, width: u32, height: u32, filter: Filter) -> RgbImage {
    let (width, height) = (width.max(1), height.max(1));
    let crop = Crop::centred(image, width, height);
    resize_part(image, crop, width, height, filter)
}

/// Resizes one part of a picture to `width` x `height`, like Pillow's `Image.resize` with `box`.
pub fn resize_part(
    image: &RgbImage,
    crop: Crop,
    width: u32,
    height: u32,
    filter: Filter,
) -> RgbImage {
    let (width, height) = (width.max(1), height.max(1));
    let (source_width, source_height) = image.dimensions();
    if source_width == 0 || source_height == 0 {
        return RgbImage::new(width, height);
    }
    let across = width != source_width || crop.left != 0.0 || crop.right != width as f32;
    let down = height != source_height || crop.top != 0.0 || crop.bottom != height as f32;
    let columns = Taps::new(source_width, crop.left, crop.right, width, filter);
    let mut rows = Taps::new(source_height, crop.top, crop.bottom, height, filter);
    let source_bytes = source_width as usize * RGB;
    let result_bytes = width as usize * RGB;
    let source = image.as_raw().as_slice();
    let bytes = match (across, down) {
        (false, false) => source.to_vec(),
        (false, true) => vertical(source, source_bytes, &rows),
        (true, true) if rows_first((source_width, source_height), (width, height)) => {
            let short = vertical(source, source_bytes, &rows);
            horizontal(&short, source_bytes, &columns)
        }
        (true, _) => {
            // Rows that no output row needs are not touched.
            let (first, last) = rows.used();
            let used = source.get(first * source_bytes..last * source_bytes);
            rows.shift(first);
            let narrow = horizontal(used.unwrap_or_default(), source_bytes, &columns);
            if down {
                vertical(&narrow, result_bytes, &rows)
            } else {
                narrow
            }
        }
    };
    RgbImage::from_raw(width, height, bytes).expect("both passes give whole rows")
}

/// Whether the vertical pass goes first: when the height shrinks by more than twice as many pixels
/// as the width. Between the passes overshoot is cut off, so the order shows at hard edges. Pillow
/// does it since version 13 (found by experiment); older ones always start with the horizontal pass.
fn rows_first(source: (u32, u32), result: (u32, u32)) -> bool {
    let shrinks = |source: u32, result: u32| i64::from(source) - i64::from(result);
    let height = shrinks(source.1, result.1);
    height > 0 && height > 2 * shrinks(source.0, result.0)
}

/// For each output pixel along one axis, the first input pixel and the coefficients from there.
struct Taps(Vec<(usize, Vec<i32>)>);

impl Taps {
    fn new(input: u32, start: f32, end: f32, output: u32, filter: Filter) -> Self {
        let scale = f64::from(end - start) / f64::from(output);
        let filter_scale = scale.max(1.0);
        let support = filter.support() * filter_scale;
        let taps = (0..output)
            .map(|i| {
                let centre = f64::from(start) + (f64::from(i) + 0.5) * scale;
                let first = (centre - support + 0.5).max(0.0) as u32;
                let first = first.min(input.saturating_sub(1));
                let last = (centre + support + 0.5).max(0.0) as u32;
                let last = last.min(input).max(first);
                let weights: Vec<f64> = (first..last)
                    .map(|x| filter.weight((f64::from(x) - centre + 0.5) * (1.0 / filter_scale)))
                    .collect();
                let sum: f64 = weights.iter().sum();
                let coefficients = weights
                    .iter()
                    .map(|w| fixed_point(if sum == 0.0 { *w } else { w / sum }))
                    .collect();
                (first as usize, coefficients)
            })
            .collect();
        Self(taps)
    }

    /// The range of input pixels that any output pixel needs.
    fn used(&self) -> (usize, usize) {
        let first = self.0.iter().map(|(first, _)| *first).min();
        let last = self.0.iter().map(|(first, c)| first + c.len()).max();
        (first.unwrap_or(0), last.unwrap_or(0))
    }

    /// Counts input pixels from `offset` on.
    fn shift(&mut self, offset: usize) {
        for (first, _) in &mut self.0 {
            *first -= offset;
        }
    }
}

fn fixed_point(weight: f64) -> i32 {
    let scaled = weight * f64::from(1 << PRECISION_BITS);
    // Rounded away from zero, then cut.
    (if weight < 0.0 {
        scaled - 0.5
    } else {
        scaled + 0.5
    }) as i32
}

fn to_byte(sum: i32) -> u8 {
    (sum >> PRECISION_BITS).clamp(0, 255) as u8
}

/// Half of the last bit kept, so that the shift rounds.
const HALF: i32 = 1 << (PRECISION_BITS - 1);

fn horizontal(rows: &[u8], row_bytes: usize, taps: &Taps) -> Vec<u8> {
    // One coefficient per byte instead of one per pixel, so that a row is a plain dot product.
    let taps: Vec<(usize, Vec<i32>)> = taps
        .0
        .iter()
        .map(|(first, c)| (first * RGB, c.iter().flat_map(|c| [*c; RGB]).collect()))
        .collect();
    let out_row_bytes = taps.len() * RGB;
    let mut out = vec![0; rows.len() / row_bytes * out_row_bytes];
    out.par_chunks_exact_mut(out_row_bytes)
        .zip(rows.par_chunks_exact(row_bytes))
        .with_min_len(16)
        .for_each(|(out, row)| {
            vectorised(
                #[inline(always)]
                || mix_pixels(out, row, &taps),
            );
        });
    out
}

fn vertical(rows: &[u8], row_bytes: usize, taps: &Taps) -> Vec<u8> {
    let mut out = vec![0; taps.0.len() * row_bytes];
    out.par_chunks_exact_mut(row_bytes)
        .zip(&taps.0)
        .for_each_init(Vec::new, |sums, (out, (first, coefficients))| {
            sums.clear();
            sums.resize(row_bytes, HALF);
            let rows = rows[first * row_bytes..].chunks_exact(row_bytes);
            vectorised(
                #[inline(always)]
                || {
                    for (row, coefficient) in rows.zip(coefficients) {
                        add_row(sums, row, *coefficient);
                    }
                    for (byte, sum) in out.iter_mut().zip(&*sums) {
                        *byte = to_byte(*sum);
                    }
                },
            );
        });
    out
}

/// One output row: for each pixel the dot product of the bytes from `first` on with the
/// coefficients. Sums stay below 2^31; `wrapping` only spares the checks.
#[inline(always)]
fn mix_pixels(out: &mut [u8], row: &[u8], taps: &[(usize, Vec<i32>)]) {
    /// A multiple of three, so that each lane keeps its colour.
    const LANES: usize = 8 * RGB;
    for (pixel, (first, coefficients)) in out.chunks_exact_mut(RGB).zip(taps) {
        let mut lanes = [0_i32; LANES];
        let (bytes, bytes_left) = row[*first..].as_chunks::<LANES>();
        let (factors, factors_left) = coefficients.as_chunks::<LANES>();
        for (bytes, factors) in bytes.iter().zip(factors) {
            for ((lane, byte), factor) in lanes.iter_mut().zip(bytes).zip(factors) {
                *lane = lane.wrapping_add(i32::from(*byte).wrapping_mul(*factor));
            }
        }
        let left = bytes.get(factors.len()).map_or(bytes_left, |bytes| bytes);
        for ((lane, byte), factor) in lanes.iter_mut().zip(left).zip(factors_left) {
            *lane = lane.wrapping_add(i32::from(*byte).wrapping_mul(*factor));
        }
        for (channel, byte) in pixel.iter_mut().enumerate() {
            let lanes = lanes.iter().skip(channel).step_by(RGB);
            *byte = to_byte(lanes.fold(HALF, |sum, lane| sum.wrapping_add(*lane)));
        }
    }
}

/// Adds one source row times its coefficient.
#[inline(always)]
fn add_row(sums: &mut [i32], row: &[u8], coefficient: i32) {
    for (sum, byte) in sums.iter_mut().zip(row) {
        *sum = sum.wrapping_add(i32::from(*byte).wrapping_mul(coefficient));
    }
}

#[cfg(test)]
mod tests {
    use super::{Filter, fit, resize};
    use image::{Rgb, RgbImage};

    #[test]
    fn one_colour_stays_one_colour_and_odd_sizes_work() {
        let colour = Rgb([3, 200, 255]);
        for (from, to) in [((1, 1), (7, 5)), ((9, 4), (1, 1)), ((300, 2), (5, 64))] {
            let image = RgbImage::from_pixel(from.0, from.1, colour);
            for filter in [
                Filter::Box,
                Filter::Bilinear,
                Filter::Bicubic,
                Filter::Lanczos,
            ] {
                for result in [
                    resize(&image, to.0, to.1, filter),
                    fit(&image, to.0, to.1, filter),
                ] {
                    assert_eq!(result.dimensions(), to);
                    assert!(result.pixels().all(|p| *p == colour), "{filter:?}");
                }
            }
        }
    }

    #[test]
    fn the_same_size_is_a_copy() {
        let image = RgbImage::from_fn(5, 4, |x, y| Rgb([x as u8, y as u8, 9]));
        assert_eq!(resize(&image, 5, 4, Filter::Lanczos), image);
        assert_eq!(fit(&image, 5, 4, Filter::Lanczos), image);
    }

    #[test]
    fn an_empty_picture_does_not_panic() {
        assert_eq!(
            resize(&RgbImage::new(0, 3), 2, 2, Filter::Box).dimensions(),
            (2, 2)
        );
    }
}
