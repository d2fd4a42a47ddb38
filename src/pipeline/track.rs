//! The denoised estimate after every step: what scrubbing through time shows.

use crate::nn::LatentRgb;
use candle_core::{DType, Device, Result, Tensor, bail};
use half::f16;
use half::slice::HalfFloatSliceExt as _;
use image::RgbImage;
use std::sync::Arc;

/// The clean latents as they were estimated after one step, scaled, (C, h, w), half precision.
///
/// A picture needs no more: half precision moves a decoded byte by less than one level.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Channels, height and width in latent cells.
    pub shape: [usize; 3],
    /// The numbers, row by row, channel by channel.
    pub values: Arc<[f16]>,
}

impl Estimate {
    /// Rounds scaled latents, (1, C, h, w) or (C, h, w).
    ///
    /// # Errors
    /// On another shape.
    pub fn of(latents: &Tensor) -> Result<Self> {
        let latents = match latents.rank() {
            4 => latents.squeeze(0)?,
            _ => latents.clone(),
        };
        let (channels, height, width) = latents.dims3()?;
        let values = latents.to_dtype(DType::F16)?.flatten_all()?.to_vec1()?;
        Ok(Self {
            shape: [channels, height, width],
            values: values.into(),
        })
    }

    /// The latents as a tensor, (1, C, h, w), float32.
    ///
    /// # Errors
    /// When the numbers do not fill the shape, or `device` has no room.
    pub fn to_tensor(&self, device: &Device) -> Result<Tensor> {
        let [channels, height, width] = self.shape;
        if self.values.len() != channels * height * width {
            bail!("{} numbers do not fill {:?}", self.values.len(), self.shape)
        }
        let values: Vec<f32> = self.values.iter().map(|v| v.to_f32()).collect();
        Tensor::from_vec(values, (1, channels, height, width), device)
    }

    /// A quick guess of its colours, one pixel per cell.
    ///
    /// # Errors
    /// When the matrix is for another number of channels.
    pub fn colours(&self, matrix: &LatentRgb) -> Result<RgbImage> {
        let values: Vec<f32> = self.values.iter().map(|v| v.to_f32()).collect();
        matrix.colours_of(&values, self.shape)
    }

    /// Root mean square difference to another estimate; none when the shapes differ. Scaled latents
    /// have a deviation near 1, so 1 is about as far apart as two unrelated pictures get.
    pub fn distance(&self, other: &Self) -> Option<f32> {
        if self.shape != other.shape || self.values.is_empty() {
            return None;
        }
        // In blocks, because numbers are widened many at once: the window measures whole runs.
        const BLOCK: usize = 1024;
        let (mut a, mut b) = ([0.0; BLOCK], [0.0; BLOCK]);
        let blocks = self.values.chunks(BLOCK).zip(other.values.chunks(BLOCK));
        let mut sum = 0.0;
        for (from_a, from_b) in blocks {
            let (a, b) = (&mut a[..from_a.len()], &mut b[..from_b.len()]);
            from_a.convert_to_f32_slice(a);
            from_b.convert_to_f32_slice(b);
            sum += squares(a, b);
        }
        Some((sum / self.values.len() as f32).sqrt())
    }
}

/// The sum of squared differences.
fn squares(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += (a - b) * (a - b);
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(a, b)| (a - b) * (a - b));
    sums.into_iter().chain(rest).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_keeps_half_precision_and_knows_distances() -> Result<()> {
        let latents = Tensor::new(&[[[[0.5f32, -1.25], [2.0, 0.0]]]], &Device::Cpu)?;
        let estimate = Estimate::of(&latents)?;
        assert_eq!(estimate.shape, [1, 2, 2]);
        let back = estimate.to_tensor(&Device::Cpu)?;
        assert_eq!(
            back.flatten_all()?.to_vec1::<f32>()?,
            [0.5, -1.25, 2.0, 0.0]
        );
        let moved = Estimate::of(&(latents + 1.0)?)?;
        assert_eq!(estimate.distance(&moved), Some(1.0));
        // Longer than a block, and no multiple of what is summed at once.
        let long = |value: f32| Estimate {
            shape: [1, 43, 59],
            values: vec![f16::from_f32(value); 43 * 59].into(),
        };
        assert_eq!(long(0.25).distance(&long(-0.5)), Some(0.75));
        let other = Estimate {
            shape: [1, 1, 4],
            ..moved
        };
        assert_eq!(estimate.distance(&other), None);
        Ok(())
    }
}
