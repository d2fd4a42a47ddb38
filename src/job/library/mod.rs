//! The bundles known on this machine: found, looked into, checked, renamed, deleted.
//!
//! `lgd-library` does what takes milliseconds; checking gigabytes has a thread of its own, so that
//! nothing waits behind it. What happens is told through [`LibraryEvent`]s; how far something is
//! goes through a one-place slot per task, where the newest wins.

mod bin;
mod entry;
mod listing;
mod network;
mod news;
mod reveal;
mod thread;
mod verify;

pub use bin::DeletedBundle;
pub use entry::{BundleDetails, BundleFile, BundleHome, CachedRepo, LibraryEntry};
pub use network::{DownloadEnd, HubEvent, HubTask};
pub use news::LibraryNews;
pub use verify::{FileCheck, FileVerdict, VerifyReport};

pub(super) use thread::Handle;
pub(super) use verify::verify;

use super::{BundleSource, Problem};
use std::path::PathBuf;

/// Where bundles are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shelves {
    /// Folders that a person added.
    pub added: Vec<PathBuf>,
    /// The Hugging Face cache, where it is looked into.
    pub hub_cache: Option<PathBuf>,
}

/// What is to be done with bundles.
#[derive(Clone, Debug, PartialEq)]
pub enum LibraryTask {
    /// Look for bundles; ends in `Listed`.
    List(Shelves),
    /// Read what a bundle is made of; ends in `Inspected`.
    Inspect(BundleSource),
    /// Compare every checksum and load every network; ends in `Verified`.
    Verify(BundleSource),
    /// Stop checking a bundle; it still ends in `Verified`.
    StopVerifying(BundleSource),
    /// Give a bundle another name; ends in `Renamed` or `Failed`.
    Rename(BundleSource, String),
    /// Delete a bundle of the data folder so that it can be taken back; ends in `Deleted` or
    /// `Failed`.
    Delete(PathBuf),
    /// Take a deletion back; ends in `Restored` or `Failed`.
    Restore(DeletedBundle),
    /// Ask something of the hub.
    Hub(HubTask),
    /// Show a folder in the system's file manager; silent when it works, else `Failed`.
    Reveal(PathBuf),
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum LibraryEvent {
    /// All bundles there are, or why the data folder cannot be read.
    Listed(Result<Listed, Problem>),
    /// What a bundle is made of, or why it cannot be used.
    Inspected(BundleSource, Result<Box<BundleDetails>, Problem>),
    /// One file of a bundle was checked.
    Checked(BundleSource, FileCheck),
    /// A check is over.
    Verified(BundleSource, VerifyReport),
    /// A bundle has another name now.
    Renamed(BundleSource, String),
    /// A bundle was deleted.
    Deleted(DeletedBundle),
    /// A deleted bundle is there again.
    Restored(PathBuf),
    /// What became of something that was asked of the hub.
    Hub(HubEvent),
    /// Something could not be done.
    Failed(Problem),
}

/// What was found on the shelves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listed {
    /// Bundles, the embedded one first.
    pub bundles: Vec<LibraryEntry>,
    /// Downloads of this and other programs in the Hugging Face cache that are no bundles.
    pub cached: Vec<CachedRepo>,
}
