//! Random streams that are addressed, not advanced: the numbers of one purpose at one training
//! step for one sample do not depend on what was drawn before, so resuming a run is exact.

use super::philox::{box_muller, philox4x32};
use candle_core::{Device, Result, Shape, Tensor};
use sha2::{Digest as _, Sha256};

/// A random stream addressed by (run seed, purpose, step, sample).
#[derive(Clone, Debug)]
pub struct Stream {
    key: [u32; 2],
    /// The upper half of the counter; the lower half counts blocks.
    lane: [u32; 2],
    block: u64,
    words: [u32; 4],
    used: usize,
    cached_normal: Option<f32>,
}

impl Stream {
    /// The stream of that address. Different addresses give independent streams.
    pub fn new(run_seed: u64, purpose: &str, step: u64, sample: u64) -> Self {
        let mut hash = Sha256::new();
        hash.update(run_seed.to_le_bytes());
        hash.update(step.to_le_bytes());
        hash.update(sample.to_le_bytes());
        hash.update(purpose.as_bytes());
        let digest = hash.finalize();
        let mut address = [0u32; 4];
        for (word, bytes) in address.iter_mut().zip(digest.chunks_exact(4)) {
            *word = bytes
                .iter()
                .fold(0, |word, byte| word << 8 | u32::from(*byte));
        }
        let [key0, key1, lane0, lane1] = address;
        Self {
            key: [key0, key1],
            lane: [lane0, lane1],
            block: 0,
            words: [0; 4],
            used: 4,
            cached_normal: None,
        }
    }

    /// Block `block` of four words, without advancing the stream. Lets large fills run in parallel.
    pub fn block(&self, block: u64) -> [u32; 4] {
        let counter = [
            block as u32,
            (block >> 32) as u32,
            self.lane[0],
            self.lane[1],
        ];
        philox4x32(counter, self.key)
    }

    /// The next 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        if self.used == 4 {
            self.words = self.block(self.block);
            self.block += 1;
            self.used = 0;
        }
        let word = self.words[self.used];
        self.used += 1;
        word
    }

    /// Uniform in 0..1, a multiple of 2^-24.
    pub fn uniform(&mut self) -> f32 {
        (self.next_u32() >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// Uniform in `0..bound`, without bias; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        if bound == 0 {
            return 0;
        }
        // Lemire's method: the upper half of a product, with the few biased words drawn again.
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u64::from(self.next_u32()) * u64::from(bound);
            if product as u32 >= threshold {
                return (product >> 32) as u32;
            }
        }
    }

    /// A standard normal number.
    pub fn normal(&mut self) -> f32 {
        if let Some(value) = self.cached_normal.take() {
            return value;
        }
        let (x, y) = (self.next_u32(), self.next_u32());
        let [value, cached] = box_muller(x, y);
        self.cached_normal = Some(cached);
        value
    }

    /// A tensor of standard normal numbers, drawn on the CPU and moved to `device`.
    ///
    /// # Errors
    /// When `device` has no room.
    pub fn normal_tensor(&mut self, shape: impl Into<Shape>, device: &Device) -> Result<Tensor> {
        let shape = shape.into();
        let values: Vec<f32> = (0..shape.elem_count()).map(|_| self.normal()).collect();
        Tensor::from_vec(values, shape, device)
    }

    /// The numbers `0..count` in random order.
    pub fn permutation(&mut self, count: u32) -> Vec<u32> {
        let mut order: Vec<u32> = (0..count).collect();
        for i in (1..count).rev() {
            order.swap(i as usize, self.below(i + 1) as usize);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::Stream;

    #[test]
    fn addresses_are_independent_and_repeatable() {
        let draw = |purpose, step, sample| {
            let mut stream = Stream::new(41, purpose, step, sample);
            [stream.next_u32(), stream.next_u32(), stream.next_u32()]
        };
        assert_eq!(draw("noise", 3, 1), draw("noise", 3, 1));
        assert_ne!(draw("noise", 3, 1), draw("noise", 3, 2));
        assert_ne!(draw("noise", 3, 1), draw("noise", 4, 1));
        assert_ne!(draw("noise", 3, 1), draw("dropout", 3, 1));
    }

    #[test]
    fn moments_bounds_and_permutations() {
        let mut stream = Stream::new(1, "test", 0, 0);
        let count = 100_000;
        let values: Vec<f64> = (0..count).map(|_| f64::from(stream.normal())).collect();
        let mean = values.iter().sum::<f64>() / f64::from(count);
        let variance = values.iter().map(|v| v * v).sum::<f64>() / f64::from(count);
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02);
        assert!((0..1000).all(|_| stream.below(7) < 7));
        let mut order = stream.permutation(50);
        assert_ne!(order, (0..50).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..50).collect::<Vec<_>>());
    }
}
