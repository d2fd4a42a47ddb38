//! Weights as people have them, on the way to a bundle.
//!
//! [`recognise()`] looks at folders and files and says what they hold: a [`Recognised`] plan names,
//! for every tensor of a bundle, the stored tensors it is made from and how. Nothing is written and
//! only headers are read. [`Recognised::open`] then gives the bytes of one tensor after the other.
//!
//! On the way, the files of one model are put into one bag (`folder`, `bag`), the naming of its
//! tensors is found and translated (`names`), and what belongs to one network becomes one component
//! (`assemble`) with a config read off its shapes where no file has one (`configs`).

mod assemble;
mod bag;
mod configs;
mod folder;
mod names;
mod outlook;
mod plan;
mod read;
mod recognise;

pub use plan::{
    LeftOver, MissingPart, ModeOutlook, Part, PlannedFile, PlannedTensor, Recognised,
    RecognisedComponent, TensorOperation, TensorPlace, WeightFileRef, WeightKind,
};
pub use read::{OpenedFiles, not_finite};
pub use recognise::recognise;

/// What may be decided when files are looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecogniseSettings {
    /// Side in pixels of the pictures BLIP-2 shall see. Its position table is resized when the
    /// stored one is of another size; without a wish it stays
    /// as it is stored, except that LGD's BLIP-2 sees 364 pixels.
    pub blip2_side: Option<usize>,
    /// The variant of a published folder that is wanted where it has several: "fp16".
    pub variant: Option<String>,
}
