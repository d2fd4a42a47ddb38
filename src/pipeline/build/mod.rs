//! Making bundles: from a plan of tensors and small files to a whole folder.
//!
//! A recipe names every file with every tensor in it and knows how to make their bytes;
//! `making` writes them in blocks, so that no tensor need be in memory whole, and keeps a journal,
//! so that a build that was stopped in any way goes on where it was. Recipes come from original
//! checkpoints ([`ImportSpec`]) or from nowhere ([`RandomSpec`]).

mod disk;
mod import;
mod journal;
mod making;
mod meter;
mod random;
mod recipe;
mod shard;
mod spec;
mod template;

pub(super) use disk::sha256;
pub(crate) use journal::is_being_made;
pub(super) use journal::is_of_making;
pub(crate) use meter::Meter;
pub use spec::{BuildProgress, BuildStage, ImportSpec, MadeBundle, Preset, RandomSpec, StoredAs};

use super::EditError;
use super::import::{RecogniseSettings, Recognised, recognise};
use crate::nn::cancel;

/// Makes up a bundle; `report` hears how far it is. Runs on the calling thread, and is stopped
/// through the token of the surrounding [`crate::nn::cancel::scope`].
///
/// # Errors
/// [`EditError::Cancelled`], or what could not be done. Either way, the same call goes on later.
pub fn random(
    spec: &RandomSpec,
    report: &mut dyn FnMut(BuildProgress),
) -> Result<MadeBundle, EditError> {
    let recipe = random::recipe(spec)?;
    making::make(&recipe, &spec.to, making::SHARD_BYTES, report)
}

/// What an import would read, and the bytes its weights would take.
///
/// # Errors
/// When a path is missing or damaged, nothing is recognised, or a wanted part is not there.
pub fn look(spec: &ImportSpec) -> Result<(Recognised, u64), EditError> {
    let plan = recognise(&spec.paths, &RecogniseSettings::default())?;
    cancel::checkpoint().map_err(|_cancelled| EditError::Cancelled)?;
    let bytes = match &spec.in_place {
        true => 0,
        false => import::weight_bytes(&plan.chosen(spec.weights), spec.stored_as),
    };
    Ok((plan, bytes))
}

/// Converts original weights to a bundle, or describes where they are; `report` hears how far it is.
/// Runs and is stopped as [`random()`].
///
/// # Errors
/// As [`look`] and [`random()`].
pub fn import(
    spec: &ImportSpec,
    report: &mut dyn FnMut(BuildProgress),
) -> Result<MadeBundle, EditError> {
    report(BuildProgress {
        stage: BuildStage::Reading,
        file: String::new(),
        bytes_done: 0,
        bytes_total: 0,
        seconds_left: None,
    });
    let (plan, _) = look(spec)?;
    let recipe = import::recipe(&plan, spec)?;
    making::make(&recipe, &spec.to, making::SHARD_BYTES, report)
}
