//! Causal features: what the contrastive loss pulls near and pushes away.
//!
//! Per sample a few vectors, features of the true effect. A sample's own are its positives, those of
//! other samples its negatives. The file is safetensors: one tensor (n, D) per sample, under the
//! sample's name.

use super::error::{DatasetError, DatasetProblem};
use crate::nn::noise::Stream;
use crate::nn::{WeightSource, Weights};
use candle_core::{DType, Device, Result, Tensor};
use std::path::Path;

/// Vectors per sample, positives and negatives together.
const ROWS: usize = 8;
/// Most positives among them.
const MOST_POSITIVES: usize = 4;

/// The features of a data set.
pub struct CausalFeatures {
    weights: Weights,
    /// Names and numbers of vectors.
    samples: Vec<(String, usize)>,
    width: usize,
}

impl CausalFeatures {
    /// Opens a file of features of width `width`.
    ///
    /// # Errors
    /// When it cannot be read, is empty, or its tensors are not (n, `width`).
    pub fn open(path: &Path, width: usize) -> std::result::Result<Self, DatasetError> {
        let unusable = |what: String| DatasetProblem::Features(what).at(path);
        let source = WeightSource::File(path.to_path_buf());
        let weights = Weights::open(&[source], DType::F32, &Device::Cpu)
            .map_err(|e| unusable(e.to_string()))?;
        let mut samples = Vec::new();
        for name in weights.names() {
            let dims = weights.dims(&name).unwrap_or_default();
            match dims.as_slice() {
                &[rows, found] if found == width && rows > 0 => samples.push((name, rows)),
                _ => {
                    let what = format!("{name} is {dims:?}, expected (n, {width}) with n above 0");
                    return Err(unusable(what));
                }
            }
        }
        if samples.len() < 2 {
            return Err(unusable("it has features of fewer than two samples".into()));
        }
        samples.sort();
        Ok(Self {
            weights,
            samples,
            width,
        })
    }

    /// Features (8, D) for a sample, positives first, and how many are positives: none for a sample
    /// that the file does not know.
    ///
    /// # Errors
    /// When a tensor cannot be read.
    pub fn draw(&self, sample: &str, stream: &mut Stream) -> Result<(Tensor, usize)> {
        let known = self
            .samples
            .binary_search_by(|(name, _)| name.as_str().cmp(sample));
        let Ok(own) = known else {
            return Ok((
                Tensor::zeros((ROWS, self.width), DType::F32, &Device::Cpu)?,
                0,
            ));
        };
        let own_rows = self.samples.get(own).map_or(0, |(_, rows)| *rows);
        let near = own_rows.min(MOST_POSITIVES);
        let mut rows = Vec::with_capacity(ROWS);
        for row in stream.permutation(own_rows as u32).into_iter().take(near) {
            rows.push(self.row(own, row as usize)?);
        }
        while rows.len() < ROWS {
            // One of the others: a draw among all but this one.
            let drawn = stream.below(self.samples.len() as u32 - 1) as usize;
            let other = drawn + usize::from(drawn >= own);
            let count = self.samples.get(other).map_or(1, |(_, rows)| *rows);
            rows.push(self.row(other, stream.below(count as u32) as usize)?);
        }
        Ok((Tensor::stack(&rows, 0)?, near))
    }

    fn row(&self, sample: usize, row: usize) -> Result<Tensor> {
        let Some((name, rows)) = self.samples.get(sample) else {
            candle_core::bail!("there are no causal features number {sample}")
        };
        self.weights.get((*rows, self.width), name)?.get(row)
    }
}
