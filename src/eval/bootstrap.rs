//! How far the metrics would move with other samples: percentile bootstrap intervals.
//!
//! Whole samples are drawn again, never single pictures: the pictures of a sample are not
//! independent. Source: Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993, chapter 13.

use super::Metrics;
use crate::nn::noise::Stream;

/// How often the samples are drawn again.
pub const RESAMPLES: usize = 2000;
/// Seed of the draws: the same samples always give the same interval.
const SEED: u64 = 41;
/// The share of the means outside the interval, on each side: 95 % lie inside.
const TAIL: f64 = 0.025;

/// The 95 % interval of the mean of `samples`, low and high; `None` with fewer than two samples.
///
/// The same samples in the same order give the same interval.
pub fn intervals(samples: &[Metrics]) -> Option<(Metrics, Metrics)> {
    let values: Vec<[f64; 4]> = samples.iter().map(Metrics::values).collect();
    let (low, high) = of_means(&values)?;
    Some((Metrics::from_values(low), Metrics::from_values(high)))
}

/// The same for a single number of every sample.
pub(super) fn interval_of_mean(samples: &[f64]) -> Option<(f64, f64)> {
    let values: Vec<[f64; 1]> = samples.iter().map(|value| [*value]).collect();
    let ([low], [high]) = of_means(&values)?;
    Some((low, high))
}

fn of_means<const N: usize>(samples: &[[f64; N]]) -> Option<([f64; N], [f64; N])> {
    let count = u32::try_from(samples.len()).ok().filter(|n| *n > 1)?;
    let mut stream = Stream::new(SEED, "bootstrap", 0, 0);
    let mut means: [Vec<f64>; N] = std::array::from_fn(|_| Vec::with_capacity(RESAMPLES));
    for _ in 0..RESAMPLES {
        let mut sums = [0.0; N];
        for _ in 0..count {
            let drawn = samples.get(stream.below(count) as usize)?;
            for (sum, value) in sums.iter_mut().zip(drawn) {
                *sum += value;
            }
        }
        for (means, sum) in means.iter_mut().zip(sums) {
            means.push(sum / f64::from(count));
        }
    }
    for means in &mut means {
        means.sort_by(f64::total_cmp);
    }
    let at = |share: f64| std::array::from_fn(|i| quantile(&means[i], share));
    Some((at(TAIL), at(1.0 - TAIL)))
}

/// The value below which `share` of the sorted values lie, interpolated; 0 without values.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * sorted.len().saturating_sub(1) as f64;
    let below = sorted.get(place.floor() as usize).copied().unwrap_or(0.0);
    let above = sorted.get(place.ceil() as usize).copied().unwrap_or(below);
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(values: impl IntoIterator<Item = f64>) -> Vec<Metrics> {
        let of = |value| Metrics::from_values([value; 4]);
        values.into_iter().map(of).collect()
    }

    #[test]
    fn quantiles_are_interpolated() {
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.5), 2.0);
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), 3.0);
        assert_eq!(quantile(&[], 0.5), 0.0);
    }

    #[test]
    fn the_interval_is_that_of_the_normal_approximation() {
        // 400 values 0, 1, 0, 1, …: the mean is 0.5, its standard error 0.5 / sqrt(400) = 0.025.
        let samples = samples((0..400).map(|i| f64::from(i % 2)));
        let (low, high) = intervals(&samples).expect("enough samples");
        for value in low.values() {
            assert!((value - (0.5 - 1.96 * 0.025)).abs() < 0.006, "{low:?}");
        }
        for value in high.values() {
            assert!((value - (0.5 + 1.96 * 0.025)).abs() < 0.006, "{high:?}");
        }
        assert_eq!(intervals(&samples), Some((low, high)), "the same again");
    }

    #[test]
    fn one_sample_says_nothing_about_others() {
        assert_eq!(intervals(&samples([0.7])), None);
        let (low, high) = intervals(&samples([0.7, 0.7])).expect("two");
        assert!((low.sim_avg - 0.7).abs() < 1e-12 && (high.sim_avg - 0.7).abs() < 1e-12);
    }
}
