//! Weights as people have them, on the way to a bundle.
//!
//! Folders and files are looked at and what they hold is written down: a [`Recognised`] plan names,
//! for every tensor of a bundle, the stored tensors it is made from and how. Nothing is written and
//! only headers are read. [`Recognised::open`] then gives the bytes of one tensor after the other.

mod plan;
mod read;

pub use plan::{
    LeftOver, MissingPart, ModeOutlook, Part, PlannedFile, PlannedTensor, Recognised,
    RecognisedComponent, TensorOperation, TensorPlace, WeightFileRef, WeightKind,
};
pub use read::OpenedFiles;

/// What may be decided when files are looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecogniseSettings {
    /// Side in pixels of the pictures BLIP-2 shall see. Its position table is resized when the
    /// stored one is of another size; without a wish it stays as it is stored.
    pub blip2_side: Option<usize>,
}
