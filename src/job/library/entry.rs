//! What is known of a bundle before it is loaded.

use crate::job::bundles::BundleReport;
use crate::job::{BundleSource, Problem};
use std::path::{Path, PathBuf};

/// Where a bundle comes from, which decides what may be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BundleHome {
    /// It is part of the program.
    Program,
    /// It lies in the program's data folder.
    Data,
    /// A person named its folder.
    Added,
    /// It lies in the Hugging Face cache, which other programs use too.
    HubCache,
}

/// One bundle of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct LibraryEntry {
    /// Where it is.
    pub source: BundleSource,
    /// Where it comes from.
    pub home: BundleHome,
    /// Its name, or why its description cannot be read.
    pub name: Result<String, Problem>,
}

impl LibraryEntry {
    /// Its folder, unless it is part of the program.
    pub fn folder(&self) -> Option<&Path> {
        match &self.source {
            BundleSource::Embedded => None,
            BundleSource::Folder(folder) => Some(folder),
        }
    }
}

/// A snapshot in the Hugging Face cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedRepo {
    /// Its name on the hub, as `owner/name`.
    pub repo: String,
    /// The branch or tag that points to it, else the beginning of its commit.
    pub revision: String,
    /// The snapshot's folder.
    pub folder: PathBuf,
    /// Size of its files in bytes.
    pub bytes: u64,
    /// How many files there are.
    pub files: usize,
    /// Whether it is a bundle of this program.
    pub is_bundle: bool,
}

/// What a bundle is made of.
#[derive(Clone, Debug)]
pub struct BundleDetails {
    /// What it says of itself, and its networks.
    pub report: BundleReport,
    /// Its files, sorted by path.
    pub files: Vec<BundleFile>,
}

/// A file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleFile {
    /// Path inside the bundle.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
}

impl BundleDetails {
    /// Stored dtypes of all networks, each once, those of the largest network first.
    pub fn dtypes(&self) -> Vec<&str> {
        let mut components: Vec<_> = self.report.components.iter().collect();
        components.sort_by_key(|component| std::cmp::Reverse(component.parameters));
        let mut dtypes: Vec<&str> = Vec::new();
        for dtype in components.iter().flat_map(|component| &component.dtypes) {
            if !dtypes.contains(&dtype.as_str()) {
                dtypes.push(dtype);
            }
        }
        dtypes
    }

    /// Numbers in all networks.
    pub fn parameters(&self) -> usize {
        let components = self.report.components.iter();
        components.map(|component| component.parameters).sum()
    }
}
