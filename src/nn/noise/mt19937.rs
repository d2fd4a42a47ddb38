//! The Mersenne Twister as torch's CPU generator uses it.
//!
//! Source: Matsumoto and Nishimura, "Mersenne Twister" (1998), MT19937; the ways of turning its
//! words into numbers follow the behaviour of torch 2.6 on a CPU (`randn`, `rand`, `randint`),
//! which is pinned by the golden numbers in `tests/fixtures/rng`.

/// Words of state.
const N: usize = 624;
/// Distance of the word a word is mixed with.
const M: usize = 397;
/// From this many elements on torch fills normal numbers in groups of sixteen.
const GROUP: usize = 16;

/// A random number generator that draws what `torch.Generator("cpu").manual_seed(seed)` draws.
#[derive(Clone)]
pub struct Mt19937 {
    state: [u32; N],
    next: usize,
    /// The second number of the last scalar Box-Muller pair.
    cached_normal: Option<f64>,
}

impl Mt19937 {
    /// A fresh generator. Like torch, only the lower 32 bits of `seed` count.
    pub fn new(seed: u64) -> Self {
        let mut state = [0u32; N];
        let mut word = (seed & 0xffff_ffff) as u32;
        for (i, slot) in (0u32..).zip(state.iter_mut()) {
            if i > 0 {
                word = 1_812_433_253_u32
                    .wrapping_mul(word ^ (word >> 30))
                    .wrapping_add(i);
            }
            *slot = word;
        }
        Self {
            state,
            next: N,
            cached_normal: None,
        }
    }

    /// A generator whose state comes from several words, by the inventors' `init_by_array`; Python's
    /// `random` seeds itself so. An empty `key` counts as one zero.
    pub fn from_key(key: &[u32]) -> Self {
        let key = if key.is_empty() { &[0][..] } else { key };
        let mut generator = Self::new(19_650_218);
        let state = &mut generator.state;
        let mixed = |state: &[u32; N], i: usize, factor: u32| {
            let before = state[i - 1];
            state[i] ^ (before ^ (before >> 30)).wrapping_mul(factor)
        };
        let wrap = |state: &mut [u32; N], i: &mut usize| {
            *i += 1;
            if *i == N {
                state[0] = state[N - 1];
                *i = 1;
            }
        };
        let (mut i, mut j) = (1, 0);
        for _ in 0..N.max(key.len()) {
            state[i] = mixed(state, i, 1_664_525)
                .wrapping_add(key[j])
                .wrapping_add(j as u32);
            wrap(state, &mut i);
            j = (j + 1) % key.len();
        }
        for _ in 1..N {
            state[i] = mixed(state, i, 1_566_083_941).wrapping_sub(i as u32);
            wrap(state, &mut i);
        }
        state[0] = 0x8000_0000;
        generator
    }

    /// The next 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        if self.next == N {
            self.twist();
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    fn twist(&mut self) {
        for i in 0..N {
            let y = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % N] & 0x7fff_ffff);
            let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + M) % N] ^ (y >> 1) ^ odd;
        }
        self.next = 0;
    }

    /// The next 64 random bits; torch takes the upper half first.
    fn next_u64(&mut self) -> u64 {
        let high = u64::from(self.next_u32());
        high << 32 | u64::from(self.next_u32())
    }

    /// The next number of `torch.rand`: uniform in 0..1, a multiple of 2^-24.
    pub fn uniform(&mut self) -> f32 {
        (self.next_u32() & 0x00ff_ffff) as f32 * (1.0 / 16_777_216.0)
    }

    fn uniform_f64(&mut self) -> f64 {
        (self.next_u64() & 0x001f_ffff_ffff_ffff) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// The next number of `torch.randint(low, high)` for ranges below 2^28; `low` when the range
    /// is empty.
    pub fn integer(&mut self, low: i64, high: i64) -> i64 {
        let range = u64::try_from(high.saturating_sub(low)).unwrap_or(0);
        let word = u64::from(self.next_u32());
        low + (word.checked_rem(range).unwrap_or(0)) as i64
    }

    /// `count` numbers of one `torch.randn` call, float32.
    ///
    /// Fewer than sixteen come one by one from double precision Box-Muller pairs, whose second
    /// half is kept for the next call. From sixteen on, uniform numbers are drawn for all
    /// elements and turned group by group; an incomplete last group is drawn again for the last
    /// sixteen elements.
    pub fn normal(&mut self, count: usize) -> Vec<f32> {
        if count < GROUP {
            return (0..count).map(|_| self.normal_scalar() as f32).collect();
        }
        let mut values: Vec<f32> = (0..count).map(|_| self.uniform()).collect();
        values.chunks_exact_mut(GROUP).for_each(box_muller_group);
        if !count.is_multiple_of(GROUP) {
            let last = &mut values[count - GROUP..];
            last.fill_with(|| self.uniform());
            box_muller_group(last);
        }
        values
    }

    fn normal_scalar(&mut self) -> f64 {
        if let Some(value) = self.cached_normal.take() {
            return value;
        }
        let (u1, u2) = (self.uniform_f64(), self.uniform_f64());
        let radius = (-2.0 * (-u2).ln_1p()).sqrt();
        let (sin, cos) = (2.0 * std::f64::consts::PI * u1).sin_cos();
        self.cached_normal = Some(radius * sin);
        radius * cos
    }
}

/// Turns sixteen uniform numbers into normal ones: element `j` with element `j + 8`.
///
/// The angle is a single precision number; the rest is computed in double precision and rounded
/// once, which is nearest to every vector library torch may use here.
fn box_muller_group(group: &mut [f32]) {
    let (first, second) = group.split_at_mut(GROUP / 2);
    for (a, b) in first.iter_mut().zip(second) {
        let radius = (-2.0 * f64::from(1.0 - *a).ln()).sqrt();
        // A single precision product, as in torch's vector code: its rounding shows in the result.
        let angle = std::f32::consts::TAU * *b;
        let (sin, cos) = f64::from(angle).sin_cos();
        *a = (radius * cos) as f32;
        *b = (radius * sin) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::Mt19937;

    /// The reference implementation's 10,000th word for the default seed, as in the C++ standard.
    #[test]
    fn ten_thousandth_word_of_the_default_seed() {
        let mut generator = Mt19937::new(5489);
        let last = (0..10_000).map(|_| generator.next_u32()).last();
        assert_eq!(last, Some(4_123_659_995));
    }

    /// The first words the inventors publish for `init_by_array({0x123, 0x234, 0x345, 0x456})`.
    #[test]
    fn published_words_of_a_key() {
        let mut generator = Mt19937::from_key(&[0x123, 0x234, 0x345, 0x456]);
        let words = [(); 3].map(|()| generator.next_u32());
        assert_eq!(words, [1_067_595_299, 955_945_823, 477_289_528]);
    }

    #[test]
    fn only_the_lower_half_of_the_seed_counts() {
        let (mut a, mut b) = (Mt19937::new(5), Mt19937::new((1 << 40) + 5));
        assert_eq!(a.next_u32(), b.next_u32());
    }
}
