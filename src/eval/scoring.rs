//! Looks at the pictures of every sample.

use super::{
    Categories, MethodReport, PictureReport, ReadFolder, SampleFolder, SampleReport, Skipped,
};
use crate::nn::cancel;
use crate::nn::similarity::{psnr, ssim};
use crate::pipeline::frame_image::{self, Reading};
use crate::pipeline::{EditError, FrameError, GuidanceMode, Likeness};
use image::RgbImage;
use std::path::Path;

/// How far the scoring is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scored {
    /// Samples that were looked at.
    pub done: usize,
    /// Samples in all.
    pub total: usize,
}

/// Scores the samples of `read` and sums them up.
///
/// A sample with a picture that cannot be read is skipped with the reason. Pictures are read as they
/// are stored, as the original does. Stops between samples when the token of the surrounding
/// [`scope`](crate::nn::cancel::scope) is cancelled.
///
/// # Errors
/// [`EditError::Cancelled`], or when CLIP fails.
pub fn score(
    judge: &Likeness,
    name: String,
    mode: Option<GuidanceMode>,
    read: ReadFolder,
    categories: &Categories,
    on_sample: &mut dyn FnMut(Scored),
) -> Result<MethodReport, EditError> {
    let total = read.samples.len();
    let mut report = MethodReport {
        name,
        mode,
        pictures: read.pictures,
        skipped: read.skipped,
        ..MethodReport::default()
    };
    for (index, sample) in read.samples.into_iter().enumerate() {
        if cancel::checkpoint().is_err() {
            return Err(EditError::Cancelled);
        }
        match Pictures::open(&sample) {
            Ok(pictures) => report.samples.push(pictures.judge(judge, sample)?),
            Err(error) => report.skipped.push(Skipped {
                name: sample.name,
                reason: format!("A picture cannot be used: {}", on_one_line(&error)),
            }),
        }
        let done = index + 1;
        on_sample(Scored { done, total });
    }
    report.sum_up(categories);
    Ok(report)
}

fn on_one_line(error: &FrameError) -> String {
    let file = error.path().and_then(Path::file_name).unwrap_or_default();
    format!("{} ({})", error.message(), file.display())
}

/// The decoded pictures of a sample.
struct Pictures {
    input: RgbImage,
    target: RgbImage,
    generated: Vec<RgbImage>,
}

impl Pictures {
    fn open(sample: &SampleFolder) -> Result<Self, FrameError> {
        let open = |path: &Path| frame_image::open(path, Reading::AsStored);
        let generated = sample.generated.iter().map(|picture| open(&picture.path));
        Ok(Self {
            input: open(&sample.input)?,
            target: open(&sample.target)?,
            generated: generated.collect::<Result<_, _>>()?,
        })
    }

    fn judge(&self, judge: &Likeness, sample: SampleFolder) -> Result<SampleReport, EditError> {
        let first = [&self.input, &self.target];
        let all: Vec<&RgbImage> = first.into_iter().chain(&self.generated).collect();
        let embeds = judge.embed(&all)?;
        let [input, target, generated @ ..] = embeds.as_slice() else {
            return Ok(SampleReport::default()); // every picture has an embedding
        };
        let wanted = change(input, target);
        let files = sample.generated.iter().zip(&self.generated).zip(generated);
        let pictures = files.map(|((file, picture), embed)| PictureReport {
            file: file_name(&file.path),
            seed: file.seed,
            score: 100.0 * dot(target, embed),
            input_score: 100.0 * dot(input, embed),
            psnr: psnr(picture, &self.target)
                .ok()
                .filter(|value| value.is_finite()),
            ssim: ssim(picture, &self.target).ok(),
            direction: direction(&change(input, embed), &wanted),
        });
        Ok(SampleReport {
            pictures: pictures.collect(),
            input: file_name(&sample.input),
            target: file_name(&sample.target),
            input_score: 100.0 * dot(input, target),
            name: sample.name,
            folder: sample.path,
        })
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The cosine of two embeddings that have length 1.
fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum()
}

fn change(from: &[f32], to: &[f32]) -> Vec<f32> {
    to.iter().zip(from).map(|(to, from)| to - from).collect()
}

/// The cosine of two changes; none where one of them is nothing.
///
/// Source: Gal et al., *StyleGAN-NADA*, 2022, section 4.1, here between pictures only.
fn direction(a: &[f32], b: &[f32]) -> Option<f64> {
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    (lengths > 1e-12).then(|| dot(a, b) / lengths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_cosines_of_changes() {
        let direction = |a: [f32; 2], b: [f32; 2]| direction(&a, &b);
        assert_eq!(direction([1.0, 0.0], [2.0, 0.0]), Some(1.0));
        assert_eq!(direction([1.0, 0.0], [0.0, 3.0]), Some(0.0));
        assert_eq!(direction([1.0, 0.0], [-0.5, 0.0]), Some(-1.0));
        assert_eq!(direction([0.0, 0.0], [1.0, 0.0]), None);
    }
}
