//! Causal accuracy on the toon world: how often pictures show what had to happen.
//!
//! Every record of a toon data set says the scenes before and after, so that the right outcome is
//! known, and so are the others that could have happened. A picture is right when the right one is
//! the nearest (`dataset::toon`).

use super::{PictureReport, SampleReport, bootstrap::interval_of_mean};
use crate::dataset::Record;
use crate::dataset::toon::{CausalCheck, Renderer, Scene};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What had to happen in the samples of a toon data set; empty for any other.
#[derive(Debug, Default)]
pub struct Truths(BTreeMap<String, Truth>);

#[derive(Debug)]
struct Truth {
    before: Scene,
    after: Scene,
}

impl Truths {
    /// What the records of a data set say about it.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let truths = records.into_iter().filter_map(|record| {
            let scene = |key: &str| {
                let scene = record.other.get(key)?.clone();
                serde_json::from_value(scene).ok()
            };
            let (before, after) = (scene("scene_before")?, scene("scene_after")?);
            Some((record.sample_name.clone(), Truth { before, after }))
        });
        Self(truths.collect())
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The check for pictures of `size` x `size` pixels of a sample.
    pub(super) fn check(
        &self,
        renderer: &Renderer,
        sample: &str,
        size: u32,
    ) -> Option<CausalCheck> {
        let Truth { before, after } = self.0.get(sample)?;
        Some(CausalCheck::new(renderer, before, after, size))
    }
}

/// What a picture of the toon world shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    /// What had to happen.
    Right,
    /// That nothing happened.
    Unchanged,
    /// Something else that could have happened.
    Wrong,
}

/// How often the pictures of a category show what had to happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CausalReport {
    /// Pictures that were judged.
    pub pictures: usize,
    /// Share of them that are right: the mean over samples.
    pub right: f64,
    /// The 95 % interval of that, low and high; none with fewer than two samples.
    pub interval: Option<(f64, f64)>,
    /// Share that shows the frame as it was.
    pub unchanged: f64,
    /// Share that a guess among the possible outcomes would get right.
    pub chance: f64,
}

impl CausalReport {
    /// Of the samples that were judged; none when there are none.
    pub(super) fn of(samples: &[&SampleReport]) -> Option<Self> {
        let judged = samples.iter().filter(|sample| {
            let mut pictures = sample.pictures.iter();
            sample.outcomes > 0 && pictures.any(|picture| picture.shows.is_some())
        });
        let judged: Vec<&SampleReport> = judged.copied().collect();
        let shares = |what: Shown| -> Vec<f64> {
            let share = |sample: &&SampleReport| share(&sample.pictures, what);
            judged.iter().map(share).collect()
        };
        let right = shares(Shown::Right);
        Some(Self {
            pictures: judged.iter().map(|sample| pictures(sample)).sum(),
            right: mean(&right)?,
            interval: interval_of_mean(&right),
            unchanged: mean(&shares(Shown::Unchanged))?,
            chance: mean(
                &judged
                    .iter()
                    .map(|sample| 1.0 / sample.outcomes as f64)
                    .collect::<Vec<_>>(),
            )?,
        })
    }
}

fn pictures(sample: &SampleReport) -> usize {
    let judged = sample.pictures.iter();
    judged.filter(|picture| picture.shows.is_some()).count()
}

fn share(pictures: &[PictureReport], what: Shown) -> f64 {
    let judged = || pictures.iter().filter_map(|picture| picture.shows);
    judged().filter(|shown| *shown == what).count() as f64 / judged().count().max(1) as f64
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(outcomes: usize, shown: &[Option<Shown>]) -> SampleReport {
        let pictures = shown.iter().map(|shows| PictureReport {
            shows: *shows,
            ..PictureReport::default()
        });
        SampleReport {
            outcomes,
            pictures: pictures.collect(),
            ..SampleReport::default()
        }
    }

    #[test]
    fn shares_are_means_over_samples() {
        use Shown::{Right, Unchanged, Wrong};
        let samples = [
            sample(4, &[Some(Right), Some(Right)]),
            sample(2, &[Some(Right), Some(Unchanged)]),
            sample(4, &[Some(Wrong), Some(Unchanged)]),
            sample(0, &[None, None]),
        ];
        let report = CausalReport::of(&samples.iter().collect::<Vec<_>>()).expect("judged");
        assert_eq!((report.pictures, report.right), (6, 0.5));
        assert!((report.unchanged - 1.0 / 3.0).abs() < 1e-12);
        assert!((report.chance - 1.0 / 3.0).abs() < 1e-12);
        let (low, high) = report.interval.expect("three samples");
        assert!(low < 0.5 && 0.5 < high, "{low} {high}");
        assert_eq!(CausalReport::of(&[&samples[3]]), None);
    }
}
