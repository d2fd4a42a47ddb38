//! `nn/weights` without the part that makes tensors.

#[path = "../../../src/nn/weights/error.rs"]
mod error;
#[path = "../../../src/nn/weights/files/mod.rs"]
pub mod files;

pub use error::LoadError;
