//! What `crate::nn` offers the importer.

pub use crate::weights::LoadError;
pub use crate::weights::files::{StoredDtype, StoredTensor, WeightFile, WeightFormat, shards_of};
