//! How alike two pictures are, in the two numbers papers report: PSNR and SSIM.
//!
//! Both are the mean over the three channels of the bytes as they are, with a value range of 255,
//! so that the numbers agree with scikit-image's (its options are beside the tests). SSIM is that
//! of Wang, Bovik, Sheikh and Simoncelli, *Image quality assessment: from error visibility to
//! structural similarity*, IEEE Transactions on Image Processing 13(4), 2004, section III-C.

use image::RgbImage;
use rayon::prelude::*;

/// Side of the Gaussian window, in pixels.
pub const SSIM_WINDOW: u32 = 11;
/// Half of the window without its centre.
const RADIUS: usize = SSIM_WINDOW as usize / 2;
/// Standard deviation of the window, in pixels (Wang et al. 2004).
const SIGMA: f64 = 1.5;
/// `(K1 L)²` with K1 = 0.01 and L = 255 (Wang et al. 2004).
const C1: f64 = 2.55 * 2.55;
/// `(K2 L)²` with K2 = 0.03 and L = 255 (Wang et al. 2004).
const C2: f64 = 7.65 * 7.65;

/// Why two pictures cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SimilarityError {
    /// Their sizes differ.
    #[error("One picture is {} × {} pixels, the other {} × {}; only equal sizes can be compared.", .0[0], .0[1], .1[0], .1[1])]
    DifferentSizes([u32; 2], [u32; 2]),
    /// A side is shorter than what the measure looks at.
    #[error("The pictures are {} × {} pixels; this measure needs at least {} on each side.", .size[0], .size[1], .least)]
    TooSmall {
        /// Width and height of both.
        size: [u32; 2],
        /// The shortest side that works.
        least: u32,
    },
}

/// Peak signal-to-noise ratio in decibels: `10 log10(255² / mean squared error)`.
///
/// The mean runs over all pixels and channels. Equal pictures give infinity.
///
/// # Errors
/// When the sizes differ or there are no pixels.
pub fn psnr(a: &RgbImage, b: &RgbImage) -> Result<f64, SimilarityError> {
    check(a, b, 1)?;
    let squares: u64 = a
        .as_raw()
        .iter()
        .zip(b.as_raw())
        .map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2))
        .sum();
    let mean = squares as f64 / a.as_raw().len() as f64;
    Ok(10.0 * (255.0 * 255.0 / mean).log10())
}

/// Mean structural similarity, 1 for equal pictures.
///
/// `SSIM = (2 μa μb + C1)(2 σab + C2) / ((μa² + μb² + C1)(σa² + σb² + C2))` under an 11 × 11
/// Gaussian window with σ = 1.5, averaged over every window that lies inside the picture and over
/// red, green and blue. Variances are those of the window as a whole, not of a sample.
///
/// # Errors
/// When the sizes differ or a side is shorter than [`SSIM_WINDOW`].
pub fn ssim(a: &RgbImage, b: &RgbImage) -> Result<f64, SimilarityError> {
    check(a, b, SSIM_WINDOW)?;
    let sum: f64 = (0..3)
        .into_par_iter()
        .map(|channel| channel_ssim(a, b, channel))
        .collect::<Vec<_>>()
        .iter()
        .sum();
    Ok(sum / 3.0)
}

fn check(a: &RgbImage, b: &RgbImage, least: u32) -> Result<(), SimilarityError> {
    let size = |image: &RgbImage| [image.width(), image.height()];
    if size(a) != size(b) {
        return Err(SimilarityError::DifferentSizes(size(a), size(b)));
    }
    if size(a).into_iter().any(|side| side < least) {
        return Err(SimilarityError::TooSmall {
            size: size(a),
            least,
        });
    }
    Ok(())
}

/// Weighted sums of `a`, `b`, `a²`, `b²` and `ab` in a window.
type Moments = [f64; 5];

/// The window is a product of two of these: weights of one row or column, with sum 1.
fn window() -> [f64; 2 * RADIUS + 1] {
    let raw: [f64; 2 * RADIUS + 1] = std::array::from_fn(|place| {
        let distance = place as f64 - RADIUS as f64;
        (-distance * distance / (2.0 * SIGMA * SIGMA)).exp()
    });
    let sum: f64 = raw.iter().sum();
    raw.map(|weight| weight / sum)
}

fn channel_ssim(a: &RgbImage, b: &RgbImage, channel: usize) -> f64 {
    let window = window();
    let width = a.width() as usize;
    let plane = |image: &RgbImage| -> Vec<f64> {
        let bytes = image.as_raw().iter().skip(channel).step_by(3);
        bytes.map(|byte| f64::from(*byte)).collect()
    };
    // Rows first, then columns.
    let rows: Vec<Vec<Moments>> = plane(a)
        .chunks_exact(width)
        .zip(plane(b).chunks_exact(width))
        .map(|(a, b)| along_row(a, b, &window))
        .collect();
    let mut sum = 0.0;
    let mut windows = 0_usize;
    for band in rows.windows(window.len()) {
        for column in 0..=width - window.len() {
            let mut moments = Moments::default();
            for (row, weight) in band.iter().zip(&window) {
                add(&mut moments, &row[column], *weight);
            }
            sum += similarity(&moments);
            windows += 1;
        }
    }
    sum / windows as f64
}

fn along_row(a: &[f64], b: &[f64], window: &[f64]) -> Vec<Moments> {
    a.windows(window.len())
        .zip(b.windows(window.len()))
        .map(|(a, b)| {
            let mut moments = Moments::default();
            for ((a, b), weight) in a.iter().zip(b).zip(window) {
                add(&mut moments, &[*a, *b, a * a, b * b, a * b], *weight);
            }
            moments
        })
        .collect()
}

fn add(sums: &mut Moments, values: &Moments, weight: f64) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += weight * value;
    }
}

fn similarity(moments: &Moments) -> f64 {
    let [a, b, aa, bb, ab] = *moments;
    let (variance_a, variance_b, covariance) = (aa - a * a, bb - b * b, ab - a * b);
    (2.0 * a * b + C1) * (2.0 * covariance + C2)
        / ((a * a + b * b + C1) * (variance_a + variance_b + C2))
}

#[cfg(test)]
mod tests {
    use super::{SimilarityError, psnr, ssim};
    use image::{Rgb, RgbImage};

    type Outcome = Result<(), SimilarityError>;

    fn picture(f: impl Fn(u32, u32) -> [u32; 3]) -> RgbImage {
        RgbImage::from_fn(37, 29, |x, y| Rgb(f(x, y).map(|value| value as u8)))
    }

    fn three() -> [RgbImage; 3] {
        [
            picture(|x, y| [7 * x + 3 * y, x * y, 1279 - 5 * x + 2 * y]),
            picture(|x, y| {
                let wave = (x * y) % 11;
                [7 * x + 3 * y + wave, x * y + 4, 1274 - 5 * x + 2 * y]
            }),
            picture(|x, y| [13 * x * x + y, 91 * y + x, 17 * x * y]),
        ]
    }

    fn close(actual: f64, expected: f64) {
        assert!((actual - expected).abs() < 1e-9, "{actual} {expected}");
    }

    // Expected numbers: scikit-image 0.26.0 on the same bytes,
    // peak_signal_noise_ratio(a, b, data_range=255) and structural_similarity(a, b,
    // gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255,
    // channel_axis=2).
    #[test]
    fn numbers_agree_with_scikit_image() -> Outcome {
        let [a, b, c] = three();
        close(psnr(&a, &b)?, 17.884_438_634_245_49);
        close(ssim(&a, &b)?, 0.885_989_651_852_662_8);
        close(psnr(&a, &c)?, 7.842_766_929_926_705);
        close(ssim(&a, &c)?, 0.021_349_207_110_000_59);
        let corner = |image| image::imageops::crop_imm(image, 0, 0, 11, 11).to_image();
        let (a, b) = (corner(&a), corner(&b));
        close(psnr(&a, &b)?, 15.677_777_942_592_478);
        close(ssim(&a, &b)?, 0.750_109_671_996_774_6);
        Ok(())
    }

    #[test]
    fn equal_pictures_are_as_alike_as_can_be() -> Outcome {
        let [a, ..] = three();
        assert_eq!(psnr(&a, &a)?, f64::INFINITY);
        close(ssim(&a, &a)?, 1.0);
        Ok(())
    }

    #[test]
    fn what_cannot_be_compared_is_said() {
        let [a, ..] = three();
        let small = RgbImage::new(37, 10);
        let sizes = SimilarityError::DifferentSizes([37, 29], [37, 10]);
        assert_eq!(psnr(&a, &small), Err(sizes));
        let too_small = SimilarityError::TooSmall {
            size: [37, 10],
            least: 11,
        };
        assert_eq!(ssim(&small, &small), Err(too_small));
        assert!(psnr(&RgbImage::new(0, 0), &RgbImage::new(0, 0)).is_err());
    }
}
