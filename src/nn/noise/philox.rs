//! The counter-based Philox generator, bare and as torch uses it on CUDA.
//!
//! Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011),
//! Philox4x32-10. The layout of seed, subsequence and offset is that of cuRAND's
//! `curand_init` and `curand_normal4`, and the order of elements that of torch's CUDA kernels.
//!
//! What is verified: the bare function against the paper's three published vectors; the layout
//! against twelve published outputs of `torch.randn` on CUDA with seed 0. cuRAND's fast sine,
//! cosine and logarithm differ from ours in the last bits, so equality with a GPU is within about
//! 1e-6, not bit for bit; and tensors of more elements than a GPU has resident threads depend on
//! the GPU in torch itself (see [`PhiloxCuda::with_resident_threads`]). Neither was run on a GPU here.

/// Rounds of the recommended variant.
const ROUNDS: usize = 10;

/// Four random words for one counter and key: Philox4x32-10.
pub fn philox4x32(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for round in 0..ROUNDS {
        if round > 0 {
            key[0] = key[0].wrapping_add(0x9e37_79b9);
            key[1] = key[1].wrapping_add(0xbb67_ae85);
        }
        let product0 = u64::from(counter[0]) * 0xd251_1f53;
        let product1 = u64::from(counter[2]) * 0xcd9e_8d57;
        counter = [
            (product1 >> 32) as u32 ^ counter[1] ^ key[0],
            product1 as u32,
            (product0 >> 32) as u32 ^ counter[3] ^ key[1],
            product0 as u32,
        ];
    }
    counter
}

/// A pair of normal numbers from two words, sine first, as cuRAND orders them.
pub(super) fn box_muller(x: u32, y: u32) -> [f32; 2] {
    /// 2^-32
    const SCALE: f32 = 2.328_306_4e-10;
    /// 2 pi 2^-32
    const TURN: f32 = 1.462_918e-9;
    let u = x as f32 * SCALE + SCALE / 2.0;
    let v = y as f32 * TURN + TURN / 2.0;
    let radius = (-2.0 * u.ln()).sqrt();
    let (sin, cos) = v.sin_cos();
    [radius * sin, radius * cos]
}

/// A random number generator that draws what `torch.Generator("cuda").manual_seed(seed)` draws.
#[derive(Clone, Debug)]
pub struct PhiloxCuda {
    seed: u64,
    /// Words drawn per thread so far; always a multiple of four.
    offset: u64,
    resident_threads: u64,
}

impl PhiloxCuda {
    /// Threads per block of torch's random kernels.
    const BLOCK: u64 = 256;
    /// Normal numbers per cuRAND call.
    const UNROLL: u64 = 4;
    /// Resident threads of an A100, the usual machine of the papers: 108 processors of 2048.
    /// Latents up to 4x128x128 are smaller on every GPU of the last ten years, so this number
    /// has no influence on them.
    pub const A100_THREADS: u64 = 108 * 2048;

    /// A fresh generator.
    pub fn new(seed: u64) -> Self {
        Self::with_resident_threads(seed, Self::A100_THREADS)
    }

    /// A fresh generator for a GPU with that many resident threads (processors times threads per
    /// processor). It matters only for tensors with more elements than that.
    pub fn with_resident_threads(seed: u64, resident_threads: u64) -> Self {
        Self {
            seed,
            offset: 0,
            resident_threads: resident_threads.max(Self::BLOCK),
        }
    }

    /// `count` numbers of one `torch.randn` call, float32.
    pub fn normal(&mut self, count: usize) -> Vec<f32> {
        let numel = count as u64;
        if numel == 0 {
            return Vec::new();
        }
        let blocks = numel
            .div_ceil(Self::BLOCK)
            .min(self.resident_threads / Self::BLOCK);
        let threads = blocks * Self::BLOCK;
        let key = [self.seed as u32, (self.seed >> 32) as u32];
        let values = (0..numel)
            .map(|element| {
                let (thread, turn) = (element % threads, element / threads);
                let call = self.offset / 4 + turn / Self::UNROLL;
                let counter = [
                    call as u32,
                    (call >> 32) as u32,
                    thread as u32,
                    (thread >> 32) as u32,
                ];
                let words = philox4x32(counter, key);
                match turn % Self::UNROLL {
                    0 => box_muller(words[0], words[1])[0],
                    1 => box_muller(words[0], words[1])[1],
                    2 => box_muller(words[2], words[3])[0],
                    _ => box_muller(words[2], words[3])[1],
                }
            })
            .collect();
        let calls = (numel - 1) / (threads * Self::UNROLL) + 1;
        self.offset += calls * 4;
        values
    }
}

#[cfg(test)]
mod tests {
    use super::{PhiloxCuda, philox4x32};

    /// The known answers published with the paper's library (Random123).
    #[test]
    fn published_vectors() {
        assert_eq!(
            philox4x32([0; 4], [0; 2]),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            philox4x32([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox4x32(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    /// What `torch.manual_seed(0); torch.randn(3, 4, device="cuda")` is known to print.
    #[test]
    fn published_torch_numbers() {
        let expected = [
            -0.924_662_6_f32,
            -0.425_344_15,
            -2.643_845_7,
            0.145_183_88,
            -0.120_866_47,
            -0.579_725_6,
            -0.622_851_2,
            -0.328_387_1,
            -1.074_542_3,
            -0.363_144_07,
            -1.671_050_7,
            2.265_505,
        ];
        let actual = PhiloxCuda::new(0).normal(12);
        for (a, e) in actual.iter().zip(expected) {
            assert!((a - e).abs() < 2e-6, "{a} is not {e}");
        }
    }

    /// A tensor larger than the GPU reuses its threads: the second normal of the first call.
    #[test]
    fn large_tensors_wrap_around_the_threads() {
        let large = PhiloxCuda::with_resident_threads(7, 512).normal(3000);
        let small = PhiloxCuda::with_resident_threads(7, 512).normal(512);
        assert_eq!(large[..512], small[..]);
        let mut generator = PhiloxCuda::with_resident_threads(7, 512);
        generator.normal(3000);
        assert_eq!(generator.offset, 8);
        assert_eq!(large.len(), 3000);
    }
}
