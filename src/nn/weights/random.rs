//! Made-up weights of any shape, the same for the same seed and name.

use crate::nn::noise::Stream;
use candle_core::{DType, Device, Result, Shape, Tensor};
use rayon::prelude::*;

/// Words per block of the generator.
const BLOCK: usize = 4;
/// Numbers per parallel piece, a multiple of [`BLOCK`].
const PIECE: usize = 1 << 14;

/// The numbers of one made-up tensor; any stretch of them can be had on its own.
///
/// They keep activations near their size: uniform with standard deviation `1 / sqrt(fan_in)` for
/// matrices and kernels, ones for weights of norms, and small ones for the rest (biases, tokens,
/// positions).
#[derive(Clone, Debug)]
pub struct RandomValues {
    stream: Stream,
    /// Uniform in `-half_width..half_width`; none for ones.
    half_width: Option<f32>,
}

impl RandomValues {
    /// Numbers for the tensor `path` of shape `dims`.
    pub fn new(seed: u64, path: &str, dims: &[usize]) -> Self {
        let is_weight = path.rsplit('.').next() == Some("weight");
        let deviation = if is_weight {
            let fan_in: usize = dims.iter().skip(1).product();
            (fan_in.max(1) as f32).sqrt().recip()
        } else {
            0.02
        };
        let is_norm = is_weight && dims.len() < 2;
        Self {
            stream: Stream::new(seed, path, 0, 0),
            // A uniform distribution of width 2 sqrt(3) has deviation 1; it is cheap, without tails.
            half_width: (!is_norm).then_some(3_f32.sqrt() * deviation),
        }
    }

    /// Fills `values` with the numbers from position `first` on, which is a multiple of 4.
    pub fn fill(&self, first: usize, values: &mut [f32]) {
        let Some(half_width) = self.half_width else {
            values.fill(1.0);
            return;
        };
        let scale = half_width / 2_147_483_648.0;
        values
            .par_chunks_mut(PIECE)
            .enumerate()
            .for_each(|(piece, values)| {
                let first = (first + piece * PIECE) / BLOCK;
                for (block, values) in values.chunks_mut(BLOCK).enumerate() {
                    let words = self.stream.block((first + block) as u64);
                    for (value, word) in values.iter_mut().zip(words) {
                        *value = (word as i32) as f32 * scale;
                    }
                }
            });
    }
}

/// The tensor `path`, made up.
pub(super) fn tensor(
    seed: u64,
    path: &str,
    shape: &Shape,
    dtype: DType,
    device: &Device,
) -> Result<Tensor> {
    let mut values = vec![0_f32; shape.elem_count()];
    RandomValues::new(seed, path, shape.dims()).fill(0, &mut values);
    Tensor::from_vec(values, shape, device)?.to_dtype(dtype)
}
