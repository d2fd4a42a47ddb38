//! Everything an evaluation found, as it is kept in a file.

use super::{CausalReport, Metrics, Shown, Skipped, intervals};
use crate::dataset::Categories;
use crate::pipeline::{GuidanceMode, Problem};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A whole evaluation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// The program that made it.
    pub program: String,
    /// Its version.
    pub version: String,
    /// Where CLIP came from; empty when there was none, and then there are no similarities.
    pub clip: String,
    /// Which LPIPS looked at the pictures; empty when there was none.
    pub lpips: String,
    /// How the pictures were drawn, in words for people, where that is known.
    pub drawn: Vec<String>,
    /// One per mode or folder.
    pub methods: Vec<MethodReport>,
}

/// One way of drawing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MethodReport {
    /// The mode's name, or that of the folder.
    pub name: String,
    /// The guidance mode, where it is known.
    pub mode: Option<GuidanceMode>,
    /// Where the pictures are.
    pub folders: Vec<PathBuf>,
    /// Generated pictures per sample.
    pub pictures: usize,
    /// The total first, then every category.
    pub categories: Vec<CategoryReport>,
    /// Every sample.
    pub samples: Vec<SampleReport>,
    /// Folders that are not used.
    pub skipped: Vec<Skipped>,
    /// Samples that the categories do not know, so that no number holds them.
    pub unlisted: Vec<String>,
}

/// The numbers of one category.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CategoryReport {
    /// Its name.
    pub category: String,
    /// Samples with pictures.
    pub samples: usize,
    /// The paper's metrics; none without a sample.
    pub metrics: Option<Metrics>,
    /// Lower ends of the 95 % intervals; none with fewer than two samples.
    pub low: Option<Metrics>,
    /// Upper ends.
    pub high: Option<Metrics>,
    /// Mean PSNR to the target in dB, over the pictures that have a finite one.
    pub psnr: Option<f64>,
    /// Mean SSIM to the target.
    pub ssim: Option<f64>,
    /// Mean LPIPS to the target, smaller is more alike; none without its weights.
    pub lpips: Option<f64>,
    /// Mean CLIP direction, see [`PictureReport::direction`].
    pub direction: Option<f64>,
    /// Causal accuracy, on the toon world.
    pub causal: Option<CausalReport>,
}

/// One sample.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SampleReport {
    /// Its name.
    pub name: String,
    /// Where its pictures are.
    pub folder: PathBuf,
    /// File name of the frame.
    pub input: String,
    /// File name of the target.
    pub target: String,
    /// Score of the frame itself against the target, in percent: what doing nothing would get.
    pub input_score: Option<f64>,
    /// Outcomes that are possible, on the toon world; 0 for any other.
    pub outcomes: usize,
    /// Its generated pictures.
    pub pictures: Vec<PictureReport>,
}

/// One generated picture.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PictureReport {
    /// File name inside the sample's folder.
    pub file: String,
    /// Its seed, where the name has one.
    pub seed: Option<u64>,
    /// 100 times the cosine of its CLIP embedding and the target's; none without CLIP.
    pub score: Option<f64>,
    /// The same with the frame's.
    pub input_score: Option<f64>,
    /// PSNR to the target in dB; none for other sizes and for equal pictures, where it is infinite.
    pub psnr: Option<f64>,
    /// SSIM to the target; none for other sizes.
    pub ssim: Option<f64>,
    /// LPIPS to the target; none without its weights, for other sizes and for very small pictures.
    pub lpips: Option<f64>,
    /// Cosine of the change from the frame to this picture and the change from the frame to the
    /// target, in CLIP's space, -1..=1; none where nothing changes.
    pub direction: Option<f64>,
    /// What it shows, on the toon world.
    pub shows: Option<Shown>,
}

impl SampleReport {
    /// What the sample adds to the metrics.
    pub fn metrics(&self) -> Option<Metrics> {
        let scores = self.pictures.iter().map(|picture| picture.score);
        Metrics::of_sample(&scores.collect::<Option<Vec<f64>>>()?)
    }
}

impl MethodReport {
    /// Sums up `samples`, by name, for the total and every category.
    pub(super) fn sum_up(&mut self, categories: &Categories) {
        let by_name: BTreeMap<&str, &SampleReport> = self
            .samples
            .iter()
            .map(|sample| (sample.name.as_str(), sample))
            .collect();
        let found = |names: &[String]| -> Vec<&SampleReport> {
            let names = names.iter().filter_map(|name| by_name.get(name.as_str()));
            names.copied().collect()
        };
        let all: Vec<&SampleReport> = match categories.total() {
            Some(names) => found(names),
            None => self.samples.iter().collect(),
        };
        let unlisted = self.samples.iter().filter(|sample| {
            let listed = |name: &String| *name == sample.name;
            categories
                .total()
                .is_some_and(|names| !names.iter().any(listed))
        });
        let unlisted = unlisted.map(|sample| sample.name.clone()).collect();
        let others = categories
            .others()
            .map(|(category, names)| (category, found(names)));
        let reports = std::iter::once((Categories::TOTAL, all)).chain(others);
        let reports = reports.map(|(category, samples)| CategoryReport::of(category, &samples));
        self.categories = reports.collect();
        self.unlisted = unlisted;
    }

    /// The numbers of all samples.
    pub fn total(&self) -> Option<&CategoryReport> {
        self.categories.first()
    }
}

impl CategoryReport {
    fn of(category: &str, samples: &[&SampleReport]) -> Self {
        let metrics: Vec<Metrics> = samples
            .iter()
            .filter_map(|sample| sample.metrics())
            .collect();
        let interval = intervals(&metrics);
        let pictures = || samples.iter().flat_map(|sample| &sample.pictures);
        Self {
            category: category.to_owned(),
            samples: samples.len(),
            metrics: Metrics::mean(&metrics),
            low: interval.map(|(low, _)| low),
            high: interval.map(|(_, high)| high),
            psnr: mean(pictures().filter_map(|picture| picture.psnr)),
            ssim: mean(pictures().filter_map(|picture| picture.ssim)),
            lpips: mean(pictures().filter_map(|picture| picture.lpips)),
            direction: mean(pictures().filter_map(|picture| picture.direction)),
            causal: CausalReport::of(samples),
        }
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, count), value| {
        (sum + value, count + 1)
    });
    (count > 0).then(|| sum / count as f64)
}

impl Report {
    /// An empty report of this program.
    pub fn new(clip: String) -> Self {
        Self {
            program: "LGD Studio".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            clip,
            ..Self::default()
        }
    }

    /// Reads a report that was saved as JSON.
    ///
    /// # Errors
    /// When it cannot be read or is no report.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        let problem = |reason: String| {
            Problem::new(format!("Cannot read the earlier report: {reason}."))
                .hint("Name a report that was saved with -o report.json.")
                .file(path)
        };
        let text = std::fs::read(path).map_err(|e| problem(e.to_string()))?;
        let report: Self = serde_json::from_slice(&text).map_err(|e| problem(e.to_string()))?;
        if report.methods.is_empty() {
            return Err(problem("it holds no evaluation".to_owned()));
        }
        Ok(report)
    }
}
