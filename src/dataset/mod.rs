//! VQAI: records, transforms, batches; and the toon world, which makes such data.

mod error;
pub mod text;
pub mod toon;
pub mod transforms;

pub use error::{DatasetError, DatasetProblem};
