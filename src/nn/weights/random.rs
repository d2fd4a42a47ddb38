//! Made-up weights of any shape, the same for the same seed and name.

use crate::nn::noise::Stream;
use candle_core::{DType, Device, Result, Shape, Tensor};
use rayon::prelude::*;

/// Words per block of the generator.
const BLOCK: usize = 4;
/// Numbers per parallel piece, a multiple of [`BLOCK`].
const PIECE: usize = 1 << 14;

/// Values that keep activations near their size: uniform with standard deviation
/// `1 / sqrt(fan_in)` for matrices and kernels, ones for weights of norms, and small ones for the
/// rest (biases, tokens, positions).
pub(super) fn tensor(
    seed: u64,
    path: &str,
    shape: &Shape,
    dtype: DType,
    device: &Device,
) -> Result<Tensor> {
    let dims = shape.dims();
    let is_weight = path.rsplit('.').next() == Some("weight");
    if is_weight && dims.len() < 2 {
        return Tensor::ones(shape, dtype, device);
    }
    let deviation = if is_weight {
        let fan_in: usize = dims.iter().skip(1).product();
        (fan_in.max(1) as f32).sqrt().recip()
    } else {
        0.02
    };
    // A uniform distribution of width 2 sqrt(3) has deviation 1; it is cheap and has no tails.
    let half_width = 3_f32.sqrt() * deviation;
    let stream = Stream::new(seed, path, 0, 0);
    let mut values = vec![0_f32; shape.elem_count()];
    values
        .par_chunks_mut(PIECE)
        .enumerate()
        .for_each(|(piece, values)| {
            let first = piece * PIECE / BLOCK;
            for (block, values) in values.chunks_mut(BLOCK).enumerate() {
                let words = stream.block((first + block) as u64);
                for (value, word) in values.iter_mut().zip(words) {
                    *value = (word as i32) as f32 * (half_width / 2_147_483_648.0);
                }
            }
        });
    Tensor::from_vec(values, shape, device)?.to_dtype(dtype)
}
