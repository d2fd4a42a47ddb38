//! Layer 0: differentiable layers, attention, seeded noise, image resizing, weight files.
//!
//! Everything a network calls comes from here, because candle's fused norms and softmax drop
//! gradients without saying so and its convolution and attention are slow on a CPU. Each function
//! has one fast forward path and an explicit vector-Jacobian product, so a network is written once
//! and serves inference and training.
//!
//! Shape legend used by all crate docs: B batch, C channels, H W pixels, h w latent cells (H/8,
//! W/8), L text tokens, Q queries, P patches, D width, N heads.

mod activation;
mod attention;
pub mod cancel;
mod conv;
pub mod device;
mod device_failure;
mod embedding;
mod flash;
mod gemm;
mod im2col;
mod int8;
mod linear;
mod low_rank;
mod memory;
pub mod noise;
mod norm;
mod parallel;
pub mod pixels;
mod priority;
mod quantised;
pub mod resize;
pub mod room;
mod scratch;
mod simd;
pub mod similarity;
mod sums;
mod transpose;
mod upsample;
mod vjp;
mod weights;
mod winograd;

pub use activation::{gated_gelu, geglu, gelu_erf, gelu_tanh, quick_gelu, silu};
pub use attention::Heads;
pub use conv::Conv2d;
pub use device_failure::DeviceFailure;
pub use embedding::Embedding;
pub use flash::has_paired_halves;
pub use gemm::Products;
pub use im2col::Padding;
pub use int8::has_fast_eight_bits;
pub use linear::Linear;
pub use low_rank::{LowRankRule, low_rank_delta};
pub use memory::{give_back_freed_memory, keep_freed_memory};
pub use noise::{NoiseGenerator, NoiseTape};
pub use norm::{GroupNorm, LayerNorm, RmsNorm};
pub use parallel::use_threads;
pub use pixels::LatentRgb;
pub use priority::{compute_behind_the_window, make_way};
pub use quantised::Bits;
pub use sums::{shift_channels, sum};
pub use transpose::transposed;
pub use upsample::upsample_nearest2x;
pub use weights::{
    LoadError, RandomValues, StoredDtype, StoredTensor, StoredWeights, TensorProblem, TensorReport,
    WeightFile, WeightFormat, WeightSource, Weights, refresh_copies, shards_of,
};
