//! Stored bytes to tensors, in one pass over the bytes.

use super::TensorProblem;
use candle_core::{DType, Device, Result, Shape, Tensor};
use half::{bf16, f16};
use rayon::prelude::*;
use safetensors::tensor::Dtype;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Numbers per parallel piece; small tensors stay on one thread.
const PIECE: usize = 1 << 16;

/// A tensor from its stored little-endian bytes; floats become `dtype`.
///
/// The inner error is about the tensor, the outer one about the device.
pub(super) fn tensor(
    bytes: &[u8],
    stored: Dtype,
    shape: &Shape,
    dtype: DType,
    device: &Device,
) -> Result<std::result::Result<Tensor, TensorProblem>> {
    let make = Maker {
        bytes,
        shape,
        device,
    };
    match stored {
        Dtype::F32 => make.floats(dtype, f32::from_le_bytes),
        Dtype::BF16 => make.floats(dtype, |b| bf16::from_le_bytes(b).to_f32()),
        Dtype::F16 => make.floats(dtype, |b| f16::from_le_bytes(b).to_f32()),
        Dtype::F64 if dtype == DType::F64 => make.checked(f64::from_le_bytes, f64::is_finite),
        Dtype::F64 => make.floats(dtype, |b| f64::from_le_bytes(b) as f32),
        Dtype::U8 | Dtype::BOOL => make.plain(|[byte]: [u8; 1]| byte),
        Dtype::U32 => make.plain(u32::from_le_bytes),
        Dtype::I16 => make.plain(|b| i64::from(i16::from_le_bytes(b))),
        Dtype::I32 => make.plain(|b| i64::from(i32::from_le_bytes(b))),
        Dtype::I64 => make.plain(i64::from_le_bytes),
        other => Ok(Err(TensorProblem::Format(format!("{other:?}")))),
    }
}

/// Stored floats as f32, one thread; how many of them are not finite, or nothing for a format that
/// holds no floats.
pub(super) fn floats(bytes: &[u8], stored: Dtype, out: &mut [f32]) -> Option<usize> {
    fn each<const SIZE: usize>(
        bytes: &[u8],
        out: &mut [f32],
        read: impl Fn([u8; SIZE]) -> f32,
    ) -> usize {
        let mut bad = 0;
        for (value, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
            *value = read(*bytes);
            bad += usize::from(!value.is_finite());
        }
        bad
    }
    Some(match stored {
        Dtype::F32 => each(bytes, out, f32::from_le_bytes),
        Dtype::BF16 => each(bytes, out, |b| bf16::from_le_bytes(b).to_f32()),
        Dtype::F16 => each(bytes, out, |b| f16::from_le_bytes(b).to_f32()),
        Dtype::F64 => each(bytes, out, |b| f64::from_le_bytes(b) as f32),
        _ => return None,
    })
}

struct Maker<'a> {
    bytes: &'a [u8],
    shape: &'a Shape,
    device: &'a Device,
}

impl Maker<'_> {
    /// Floats as `dtype`, by way of f32.
    fn floats<const SIZE: usize>(
        &self,
        dtype: DType,
        read: impl Fn([u8; SIZE]) -> f32 + Sync,
    ) -> Result<std::result::Result<Tensor, TensorProblem>> {
        match dtype {
            DType::BF16 => self.checked(|b| bf16::from_f32(read(b)), bf16::is_finite),
            DType::F16 => self.checked(|b| f16::from_f32(read(b)), f16::is_finite),
            DType::F64 => self.checked(|b| f64::from(read(b)), f64::is_finite),
            _ => match self.checked(read, f32::is_finite)? {
                Ok(tensor) => tensor.to_dtype(dtype).map(Ok),
                problem => Ok(problem),
            },
        }
    }

    fn plain<T, const SIZE: usize>(
        &self,
        read: impl Fn([u8; SIZE]) -> T + Sync,
    ) -> Result<std::result::Result<Tensor, TensorProblem>>
    where
        T: candle_core::WithDType,
    {
        self.checked(read, |_| true)
    }

    fn checked<T, const SIZE: usize>(
        &self,
        read: impl Fn([u8; SIZE]) -> T + Sync,
        is_fine: impl Fn(T) -> bool + Sync,
    ) -> Result<std::result::Result<Tensor, TensorProblem>>
    where
        T: candle_core::WithDType,
    {
        let mut values = vec![T::zero(); self.bytes.len() / SIZE];
        let bad = AtomicUsize::new(0);
        values
            .par_chunks_mut(PIECE)
            .zip(self.bytes.par_chunks(PIECE * SIZE))
            .for_each(|(values, bytes)| {
                let mut bad_here = 0;
                for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
                    *value = read(*bytes);
                    bad_here += usize::from(!is_fine(*value));
                }
                bad.fetch_add(bad_here, Ordering::Relaxed);
            });
        match bad.into_inner() {
            0 => Tensor::from_vec(values, self.shape, self.device).map(Ok),
            count => Ok(Err(TensorProblem::NotFinite(count))),
        }
    }
}
