//! Making bundles: from a plan of tensors and small files to a whole folder.
//!
//! A [`Recipe`] names every file with every tensor in it and knows how to make their bytes;
//! [`build`] writes them in blocks, so that no tensor need be in memory whole, and keeps a journal,
//! so that a build that was stopped in any way goes on where it was. Recipes come from original
//! checkpoints ([`ImportSpec`]) or from nowhere ([`RandomSpec`]).

mod spec;

pub use spec::{
    BuildProgress, BuildStage, EditorWeights, FoundPart, ImportPreview, ImportSpec, MadeBundle,
    MissingPart, ModeOutlook, Preset, RandomSpec, StoredAs,
};
