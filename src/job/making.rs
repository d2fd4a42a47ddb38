//! Work on bundles that takes a while: looking into originals, importing, making up, verifying.
//!
//! It has a thread of its own, `lgd-bundles`, so that neither a drawing nor a save waits behind
//! gigabytes. [`super::Jobs::make`] starts a task, [`super::Jobs::take_making`] says how far each is,
//! and exactly one of [`JobEvent::Bundle`], [`JobEvent::Failed`] and [`JobEvent::Cancelled`] ends it.
//! A build that was cancelled or killed goes on where it was when the same task is started again.

use super::bundles::Verification;
use super::{BundleSource, JobId};
use crate::pipeline::build::{BuildProgress, ImportPreview, ImportSpec, MadeBundle, RandomSpec};

/// What to do with a bundle.
#[derive(Clone, Debug)]
pub enum BundleTask {
    /// Look into original files without writing anything; ends in [`BundleEvent::Recognised`].
    Recognise(ImportSpec),
    /// Convert original files to a bundle; ends in [`BundleEvent::Made`].
    Import(ImportSpec),
    /// Make up a bundle; ends in [`BundleEvent::Made`].
    Random(RandomSpec),
    /// Compare every checksum and load every network; ends in [`BundleEvent::Verified`].
    Verify(BundleSource),
}

/// How a task on a bundle ended well.
#[derive(Clone, Debug)]
pub enum BundleEvent {
    /// What the files hold.
    Recognised(Box<ImportPreview>),
    /// The bundle is there, whole.
    Made(MadeBundle),
    /// What the check found.
    Verified(Verification),
}

/// How far a task is; the newest replaces older ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Making {
    /// The task.
    pub job: JobId,
    /// How far it is.
    pub progress: BuildProgress,
}
