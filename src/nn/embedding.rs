//! Token and position tables.

use super::Weights;
use candle_core::{Result, Tensor};

/// A table of `rows` vectors.
#[derive(Clone, Debug)]
pub struct Embedding {
    weight: Tensor,
}

impl Embedding {
    /// Reads `weight` (rows, D).
    ///
    /// # Errors
    /// When the tensor cannot be read.
    pub fn load(weights: &Weights, rows: usize, width: usize) -> Result<Self> {
        Ok(Self {
            weight: weights.get((rows, width), "weight")?,
        })
    }

    /// From a tensor: `weight` (rows, D).
    pub fn new(weight: Tensor) -> Self {
        Self { weight }
    }

    /// The table itself, (rows, D).
    pub fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// Integer ids of any shape to the same shape with a last dimension D.
    ///
    /// # Errors
    /// On an id outside the table.
    pub fn forward(&self, ids: &Tensor) -> Result<Tensor> {
        let mut dims = ids.dims().to_vec();
        dims.push(self.weight.dim(1)?);
        self.weight
            .index_select(&ids.flatten_all()?, 0)?
            .reshape(dims)
    }
}
