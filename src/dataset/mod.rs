//! VQAI: records, transforms, batches.

pub mod text;
pub mod transforms;
