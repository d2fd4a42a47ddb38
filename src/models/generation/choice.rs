//! Choosing among next tokens: the likeliest, or drawn at random.

use serde::{Deserialize, Serialize};

/// How tokens are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sampling {
    /// Above 1 is bolder, below 1 is safer.
    pub temperature: f64,
    /// Only this many likeliest tokens take part; 0 for all.
    pub top_k: usize,
    /// Only the likeliest tokens that together reach this probability take part; 1 for all.
    pub top_p: f64,
}

impl Default for Sampling {
    /// What transformers uses when nothing is said.
    fn default() -> Self {
        Self {
            temperature: 1.0,
            top_k: 50,
            top_p: 1.0,
        }
    }
}

/// The random numbers of a sampled answer (SplitMix64: Steele et al., "Fast Splittable
/// Pseudorandom Number Generators").
#[derive(Clone, Debug)]
pub struct AnswerRng(u64);

impl AnswerRng {
    /// Starts the sequence of `seed`.
    pub fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number in 0..1.
    pub fn next_unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Turns logits into log probabilities, in place.
pub(crate) fn log_softmax(row: &mut [f32]) {
    let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = row.iter().map(|&x| f64::from(x - max).exp()).sum();
    let offset = f64::from(max) + sum.ln();
    for x in row {
        *x = (f64::from(*x) - offset) as f32;
    }
}

/// Temperature, then the likeliest k, then the likeliest that reach p; the rest becomes -inf.
pub(super) fn filter(row: &mut [f32], sampling: &Sampling, keep_at_least: usize) {
    for x in row.iter_mut() {
        *x = (f64::from(*x) / sampling.temperature) as f32;
    }
    let mut sorted: Vec<f32> = row.to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let mut keep = sorted.len();
    if sampling.top_k > 0 {
        keep = keep.min(sampling.top_k.max(keep_at_least));
    }
    if sampling.top_p < 1.0 {
        let kept = sorted.get(..keep).unwrap_or_default();
        let max = f64::from(kept.first().copied().unwrap_or_default());
        let weight = |x: f32| (f64::from(x) - max).exp();
        let all: f64 = kept.iter().map(|&x| weight(x)).sum();
        // A token takes part while those before it do not yet reach p.
        let reached = kept
            .iter()
            .scan(0.0, |before, &x| {
                let take = *before < sampling.top_p * all;
                *before += weight(x);
                Some(take)
            })
            .take_while(|&take| take)
            .count();
        keep = keep.min(reached.max(keep_at_least));
    }
    if let Some(&limit) = keep.checked_sub(1).and_then(|last| sorted.get(last)) {
        for x in row.iter_mut().filter(|x| **x < limit) {
            *x = f32::NEG_INFINITY;
        }
    }
}

/// Places of the `count` highest values, highest first, the earlier of two equal ones first.
pub(super) fn highest(values: &[f64], count: usize) -> Vec<usize> {
    let mut best: Vec<(f64, usize)> = Vec::with_capacity(count + 1);
    for (index, &value) in values.iter().enumerate() {
        if best.len() == count && best.last().is_some_and(|&(low, _)| value <= low) {
            continue;
        }
        let place = best.partition_point(|&(other, _)| other >= value);
        best.insert(place, (value, index));
        best.truncate(count);
    }
    best.into_iter().map(|(_, index)| index).collect()
}

/// Draws `count` different places with probabilities proportional to `exp(value)`.
///
/// Once everything with a probability is drawn, the highest of the rest follow.
pub(super) fn draw(values: &[f64], count: usize, rng: &mut AnswerRng) -> Vec<usize> {
    let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut weights: Vec<(usize, f64)> = values
        .iter()
        .map(|&value| (value - max).exp())
        .enumerate()
        .filter(|(_, weight)| *weight > 0.0)
        .collect();
    let mut drawn = Vec::with_capacity(count);
    while drawn.len() < count && !weights.is_empty() {
        let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
        let mut left = rng.next_unit() * total;
        let place = weights
            .iter()
            .position(|(_, weight)| {
                left -= weight;
                left < 0.0
            })
            .unwrap_or(weights.len() - 1);
        drawn.push(weights.remove(place).0);
    }
    if drawn.len() < count {
        let rest = highest(values, values.len().min(2 * count));
        let missing: Vec<usize> = rest.into_iter().filter(|i| !drawn.contains(i)).collect();
        drawn.extend(missing.into_iter().take(count - drawn.len()));
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_come_first_and_ties_keep_their_order() {
        assert_eq!(highest(&[1.0, 3.0, 3.0, -2.0, 5.0], 3), [4, 1, 2]);
        assert_eq!(highest(&[f64::NEG_INFINITY, 0.0], 2), [1, 0]);
    }

    #[test]
    fn a_draw_follows_its_seed_and_the_probabilities() {
        let values = [0.5f64, 0.3, 0.2, 0.0].map(f64::ln);
        let mut rng = AnswerRng::from_seed(7);
        let mut counts = [0usize; 4];
        for _ in 0..20_000 {
            let drawn = draw(&values, 1, &mut rng);
            counts[drawn[0]] += 1;
        }
        for (count, expected) in counts.iter().zip([0.5, 0.3, 0.2, 0.0]) {
            assert!(
                (*count as f64 / 20_000.0 - expected).abs() < 0.015,
                "{counts:?}"
            );
        }
        let all = draw(&values, 4, &mut AnswerRng::from_seed(1));
        assert_eq!(all.len(), 4);
        assert_eq!(all[3], 3); // impossible, so it comes last
        assert_eq!(all, draw(&values, 4, &mut AnswerRng::from_seed(1)));
    }

    #[test]
    fn filters_keep_the_likeliest() {
        let row = [0.4f32, 0.3, 0.2, 0.1].map(f32::ln);
        let kept = |sampling: Sampling, at_least| {
            let mut row = row;
            filter(&mut row, &sampling, at_least);
            row.iter().filter(|x| x.is_finite()).count()
        };
        let all = Sampling {
            top_k: 0,
            ..Sampling::default()
        };
        assert_eq!(kept(all, 1), 4);
        assert_eq!(kept(Sampling { top_k: 1, ..all }, 1), 1);
        assert_eq!(kept(Sampling { top_k: 1, ..all }, 2), 2);
        assert_eq!(kept(Sampling { top_p: 0.65, ..all }, 1), 2);
        assert_eq!(kept(Sampling { top_p: 0.75, ..all }, 1), 3);
        assert_eq!(kept(Sampling { top_p: 0.01, ..all }, 1), 1);
    }
}
