//! The four numbers of the paper's table.
//!
//! With `s` the score of a picture, 100 times the cosine of its CLIP embedding and the target's:
//!
//! - Sim-Avg: mean of all `s`, divided by 100
//! - Sim-Best: mean over the samples of the best `s` of each, divided by 100
//! - AUC-Avg: mean over p = 100, 99, …, 1 of the share of all `s` above p
//! - AUC-Best: the same with the best `s` of each sample
//!
//! A sample's share of each is a number of its own, because every sample has as many pictures. So
//! each metric is a mean over samples, which the bootstrap needs.

use serde::{Deserialize, Serialize};

/// Highest threshold of the AUC metrics; the lowest is 1.
const THRESHOLDS: f64 = 100.0;

/// Sim-Avg, Sim-Best, AUC-Avg and AUC-Best, each in 0..=1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Mean similarity of all pictures.
    pub sim_avg: f64,
    /// Mean similarity of the best picture of each sample.
    pub sim_best: f64,
    /// Mean share of all pictures above a threshold, over the thresholds.
    pub auc_avg: f64,
    /// The same for the best picture of each sample.
    pub auc_best: f64,
}

impl Metrics {
    /// Names of the four, in the order of [`Metrics::values`].
    pub const NAMES: [&str; 4] = ["Sim-Avg", "Sim-Best", "AUC-Avg", "AUC-Best"];

    /// What one sample adds; `None` without a score. Scores are in percent.
    pub fn of_sample(scores: &[f64]) -> Option<Self> {
        let best = scores.iter().copied().reduce(f64::max)?;
        let mean = |of: &dyn Fn(f64) -> f64| {
            scores.iter().map(|score| of(*score)).sum::<f64>() / scores.len() as f64
        };
        Some(Self {
            sim_avg: mean(&|score| score) / 100.0,
            sim_best: best / 100.0,
            auc_avg: mean(&share_of_thresholds_below),
            auc_best: share_of_thresholds_below(best),
        })
    }

    /// The mean over samples; `None` without one.
    pub fn mean<'a>(samples: impl IntoIterator<Item = &'a Self>) -> Option<Self> {
        let (mut sums, mut count) = ([0.0; 4], 0_usize);
        for sample in samples {
            for (sum, value) in sums.iter_mut().zip(sample.values()) {
                *sum += value;
            }
            count += 1;
        }
        (count > 0).then(|| Self::from_values(sums.map(|sum| sum / count as f64)))
    }

    /// The four numbers in the order of [`Metrics::NAMES`].
    pub fn values(&self) -> [f64; 4] {
        [self.sim_avg, self.sim_best, self.auc_avg, self.auc_best]
    }

    /// The inverse of [`Metrics::values`].
    pub fn from_values([sim_avg, sim_best, auc_avg, auc_best]: [f64; 4]) -> Self {
        Self {
            sim_avg,
            sim_best,
            auc_avg,
            auc_best,
        }
    }

    /// What has to be added to `other` to get this.
    pub fn minus(&self, other: &Self) -> Self {
        let (a, b) = (self.values(), other.values());
        Self::from_values(std::array::from_fn(|i| a[i] - b[i]))
    }
}

/// The share of the thresholds 1, 2, …, 100 that are strictly below a score.
fn share_of_thresholds_below(score: f64) -> f64 {
    (score.ceil() - 1.0).clamp(0.0, THRESHOLDS) / THRESHOLDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_passed_only_from_above() {
        for (score, below) in [
            (100.0, 99.0),
            (100.2, 100.0),
            (99.999, 99.0),
            (50.0, 49.0),
            (50.001, 50.0),
            (1.0, 0.0),
            (0.3, 0.0),
            (-20.0, 0.0),
        ] {
            assert_eq!(share_of_thresholds_below(score), below / 100.0, "{score}");
        }
    }

    #[test]
    fn the_four_numbers_by_hand() {
        // Above 1..=80 and above 1..=60: 80 and 60 of 100 thresholds.
        let first = Metrics::of_sample(&[80.5, 60.5]).expect("scores");
        assert_eq!(first.values(), [0.705, 0.805, 0.7, 0.8]);
        let second = Metrics::of_sample(&[90.5, 20.5]).expect("scores");
        let mean = Metrics::mean([&first, &second]).expect("samples");
        let expected = [0.63, 0.855, 0.625, 0.85];
        for (got, expected) in mean.values().into_iter().zip(expected) {
            assert!((got - expected).abs() < 1e-12, "{mean:?}");
        }
        assert_eq!(Metrics::of_sample(&[]), None);
        assert_eq!(Metrics::mean([]), None);
    }
}
