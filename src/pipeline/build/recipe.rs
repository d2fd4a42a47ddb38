//! What a bundle will be made of, before anything is written.

use crate::nn::StoredDtype;
use crate::pipeline::{EditError, Manifest, Problem};
use std::collections::BTreeMap;
use std::ops::Range;

/// A whole bundle: its description, its small files and its weights.
pub(crate) struct Recipe {
    /// The description, without checksums.
    pub(crate) manifest: Manifest,
    /// Configs and tokenizers, by path inside the bundle.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// The networks.
    pub(crate) weights: Vec<WeightPlan>,
}

/// The weights of one network.
pub(crate) struct WeightPlan {
    /// Its folder in the bundle.
    pub(crate) folder: String,
    /// The published name of its weight file without `.safetensors`.
    pub(crate) stem: &'static str,
    /// Its tensors.
    pub(crate) tensors: Vec<RecipeTensor>,
    /// Where their numbers come from.
    pub(crate) values: Box<dyn Values>,
}

/// One tensor of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RecipeTensor {
    /// Its published name.
    pub(crate) name: String,
    /// Its shape.
    pub(crate) dims: Vec<usize>,
    /// The number format it is written in.
    pub(crate) dtype: StoredDtype,
    /// Tells tensors of equal name and shape apart whose numbers differ: where they come from.
    pub(crate) origin: String,
}

impl RecipeTensor {
    /// Bytes of its numbers.
    pub(crate) fn bytes(&self) -> u64 {
        let numbers: u64 = self.dims.iter().map(|&d| d as u64).product();
        (numbers * self.dtype.bitsize() as u64).div_ceil(8)
    }
}

/// Writes a stretch of a tensor's little-endian bytes, whose start is a multiple of
/// [`super::shard::BLOCK`].
pub(crate) type Fill<'a> =
    Box<dyn Fn(Range<usize>, &mut [u8]) -> Result<(), Problem> + Send + Sync + 'a>;

/// Where the numbers of tensors come from.
pub(crate) trait Values: Send + Sync {
    /// Ready to write the bytes of one tensor. May hold that tensor, and no other, in memory.
    ///
    /// # Errors
    /// When the numbers cannot be had, or not in the format that is wanted.
    fn open(&self, tensor: &RecipeTensor) -> Result<Fill<'_>, EditError>;
}
