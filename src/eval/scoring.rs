//! Looks at the pictures of every sample.

use super::{
    MethodReport, PictureReport, ReadFolder, SampleFolder, SampleReport, Shown, Skipped, Truths,
};
use crate::dataset::Categories;
use crate::dataset::toon::{CausalCheck, Renderer};
use crate::nn::cancel;
use crate::nn::similarity::{psnr, ssim};
use crate::pipeline::frame_image::{self, Reading};
use crate::pipeline::{EditError, FrameError, GuidanceMode, Likeness, Perceptual};
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

/// Who judges pictures; PSNR and SSIM need nobody.
#[derive(Clone, Copy, Default)]
pub struct Judges<'a> {
    /// CLIP, for the similarities of the paper.
    pub clip: Option<&'a Likeness>,
    /// LPIPS.
    pub lpips: Option<&'a Perceptual>,
}

/// Scores the samples of `read` and sums them up. Without CLIP there are no similarities; what is in
/// `truths` is judged without anybody.
///
/// A sample with a picture that cannot be read is skipped with the reason. Pictures are read as they
/// are stored, as the original does. Stops between samples when the token of the surrounding
/// [`scope`](crate::nn::cancel::scope) is cancelled.
///
/// # Errors
/// [`EditError::Cancelled`], or when CLIP fails.
pub fn score(
    judges: Judges<'_>,
    name: String,
    mode: Option<GuidanceMode>,
    read: ReadFolder,
    (categories, truths): (&Categories, &Truths),
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
    let renderer = Renderer::new();
    for (index, sample) in read.samples.into_iter().enumerate() {
        if cancel::checkpoint().is_err() {
            return Err(EditError::Cancelled);
        }
        match Pictures::open(&sample) {
            Ok(pictures) => {
                let check = (pictures.square())
                    .and_then(|size| truths.check(&renderer, &sample.name, size));
                let mut found = pictures.measure(judges, sample)?;
                if let Some(check) = check {
                    pictures.check(&check, &mut found);
                }
                report.samples.push(found);
            }
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

    /// The side of the pictures, where they are squares of one size.
    fn square(&self) -> Option<u32> {
        let (width, height) = self.target.dimensions();
        (width == height).then_some(width)
    }

    /// What the pictures show, on the toon world.
    fn check(&self, check: &CausalCheck, report: &mut SampleReport) {
        report.outcomes = check.count();
        for (picture, report) in self.generated.iter().zip(&mut report.pictures) {
            let verdict = check.judge(picture);
            report.shows = verdict.map(|verdict| match (verdict.right, verdict.unchanged) {
                (true, _) => Shown::Right,
                (_, true) => Shown::Unchanged,
                _ => Shown::Wrong,
            });
        }
    }

    /// How alike the pictures are to frame and target.
    fn measure(&self, judges: Judges<'_>, sample: SampleFolder) -> Result<SampleReport, EditError> {
        let distances = self.distances(judges.lpips)?;
        let first = [&self.input, &self.target];
        let all: Vec<&RgbImage> = first.into_iter().chain(&self.generated).collect();
        let embeds = match judges.clip {
            Some(clip) => clip.embed(&all)?,
            None => Vec::new(),
        };
        let (input, target) = (embeds.first(), embeds.get(1));
        let wanted = change(input, target);
        let files = sample.generated.iter().zip(&self.generated).enumerate();
        let pictures = files.map(|(index, (file, picture))| {
            let embed = embeds.get(2 + index);
            PictureReport {
                file: file_name(&file.path),
                seed: file.seed,
                score: percent(target, embed),
                input_score: percent(input, embed),
                psnr: psnr(picture, &self.target)
                    .ok()
                    .filter(|value| value.is_finite()),
                ssim: ssim(picture, &self.target).ok(),
                lpips: distances.get(index).copied().flatten(),
                direction: change(input, embed)
                    .zip(wanted.as_ref())
                    .and_then(|(change, wanted)| direction(&change, wanted)),
                shows: None,
            }
        });
        Ok(SampleReport {
            pictures: pictures.collect(),
            input: file_name(&sample.input),
            target: file_name(&sample.target),
            input_score: percent(input, target),
            outcomes: 0,
            name: sample.name,
            folder: sample.path,
        })
    }
}

impl Pictures {
    /// How far each picture looks from the target.
    fn distances(&self, judge: Option<&Perceptual>) -> Result<Vec<Option<f64>>, EditError> {
        let Some(judge) = judge else {
            return Ok(Vec::new());
        };
        let target = judge.see(&self.target)?;
        let distance = |picture| {
            if cancel::checkpoint().is_err() {
                return Err(EditError::Cancelled);
            }
            match (&target, judge.see(picture)?) {
                (Some(target), Some(seen)) => judge.distance(target, &seen),
                _ => Ok(None),
            }
        };
        self.generated.iter().map(distance).collect()
    }
}

/// 100 times the cosine of two embeddings, where both are known.
fn percent(a: Option<&Vec<f32>>, b: Option<&Vec<f32>>) -> Option<f64> {
    Some(100.0 * dot(a?, b?))
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

fn change(from: Option<&Vec<f32>>, to: Option<&Vec<f32>>) -> Option<Vec<f32>> {
    let both = to?.iter().zip(from?);
    Some(both.map(|(to, from)| to - from).collect())
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
