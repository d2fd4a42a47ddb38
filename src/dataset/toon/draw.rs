//! Draws as Python's `random` module makes them, so that the splits are the reference's splits.
//!
//! The toon world's splits are defined by a seed of `random.Random`. With the same generator and
//! the same ways of turning its bits into choices the same seed gives the same scenes, sample for
//! sample. Source: the documented behaviour of CPython 3.11's `random`, checked against a recorded
//! split in `tests/suite/toon.rs`.

use crate::nn::noise::Mt19937;

/// A generator that draws what `random.Random(seed)` draws.
#[derive(Clone)]
pub(super) struct Draw(Mt19937);

impl Draw {
    pub fn new(seed: u64) -> Self {
        let (low, high) = (seed as u32, (seed >> 32) as u32);
        let key = if high == 0 {
            vec![low]
        } else {
            vec![low, high]
        };
        Self(Mt19937::from_key(&key))
    }

    /// Uniform in 0..1, a multiple of 2^-53.
    fn uniform(&mut self) -> f64 {
        let high = f64::from(self.0.next_u32() >> 5);
        let low = f64::from(self.0.next_u32() >> 6);
        (high * 67_108_864.0 + low) * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Uniform in `0..bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        if bound == 0 {
            return 0;
        }
        let bits = usize::BITS - bound.leading_zeros();
        loop {
            let drawn = (self.0.next_u32() >> (32 - bits.min(32))) as usize;
            if drawn < bound {
                return drawn;
            }
        }
    }

    /// An index, as often as its weight says.
    pub fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut sum = 0.0;
        let sums: Vec<f64> = weights
            .iter()
            .map(|weight| {
                sum += weight;
                sum
            })
            .collect();
        let at = self.uniform() * sum;
        let found = sums.partition_point(|sum| *sum <= at);
        found.min(weights.len().saturating_sub(1))
    }

    /// `count` different items in random order. Python draws so from up to 21 items.
    pub fn sample<T: Clone>(&mut self, items: &[T], count: usize) -> Vec<T> {
        let mut pool = items.to_vec();
        let mut chosen = Vec::with_capacity(count);
        for _ in 0..count.min(items.len()) {
            chosen.push(pool.swap_remove(self.below(pool.len())));
        }
        chosen
    }

    /// A whole number between both ends, which are included.
    pub fn between(&mut self, [low, high]: [i32; 2]) -> i32 {
        low + self.below((high - low + 1).max(0) as usize) as i32
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Draw;

    /// `random.Random(41)`: six numbers below ten, a sample of three, six weighted choices, an order.
    #[test]
    fn draws_are_those_of_python() {
        let mut draw = Draw::new(41);
        let below: Vec<usize> = (0..6).map(|_| draw.below(10)).collect();
        let sample = draw.sample(&["a", "b", "c", "d", "e"], 3);
        let weighted: Vec<usize> = (0..6)
            .map(|_| draw.weighted(&[0.1, 0.0, 2.0, 1.0]))
            .collect();
        let mut order = [0, 1, 2, 3, 4, 5, 6];
        draw.shuffle(&mut order);
        assert_eq!(below, [6, 5, 3, 2, 6, 9]);
        assert_eq!(sample, ["c", "e", "b"]);
        assert_eq!(weighted, [3, 3, 0, 2, 3, 0]);
        assert_eq!(order, [4, 0, 3, 5, 2, 6, 1]);
    }
}
