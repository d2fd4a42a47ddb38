//! The Hugging Face hub: its cache on this machine, and downloads from it on request.
//!
//! Nothing here speaks to the network by itself. A person asks for a repository, sees what it holds
//! and how large it is, and starts the download; every request is reported. Files arrive in the
//! cache that other programs use too, so nothing is downloaded twice.

mod address;
mod cache;
mod checksum;
mod choice;
mod client;
mod download;
mod error;
mod ledger;
mod listing;
mod network;
mod requests;
mod token;

pub use address::{Asked, RepoId};
pub use cache::{cache_folder, free_bytes};
pub use download::{DownloadKey, DownloadProgress, DownloadSpec, DownloadStage};
pub use error::HubError;
pub use listing::{HubFile, Listing, MAIN};
pub use network::{HUB, NetworkSettings, Patience, Secret};
pub use requests::{KEPT_REQUESTS, Purpose, Request, RequestBook};
pub use token::{TokenSource, found_token};

pub(super) use ledger::Ledger;

use super::CancelToken;
use client::Client;
use std::path::PathBuf;

/// The hub, as the settings reach it.
pub struct Hub {
    client: Client,
}

impl Hub {
    /// Gets ready; nothing is asked yet. `on_request` hears of every request that is made.
    ///
    /// # Errors
    /// When the program is to stay offline, or the proxy's address cannot be read.
    pub fn open(
        settings: &NetworkSettings,
        patience: Patience,
        on_request: impl Fn(Request) + Send + Sync + 'static,
    ) -> Result<Self, HubError> {
        let client = Client::new(settings, patience, on_request)?;
        Ok(Self { client })
    }

    /// Asks what a repository holds, and which of it is worth its download.
    ///
    /// # Errors
    /// When the hub cannot be reached, or does not show it.
    pub fn list(
        &self,
        repo: &RepoId,
        revision: &str,
        token: &CancelToken,
    ) -> Result<Listing, HubError> {
        self.client.now_for(Purpose::LookUp);
        listing::list(&self.client, repo, revision, token)
    }

    /// Downloads what is not in the cache yet and returns the folder of the snapshot. What has
    /// arrived stays when it is stopped, and is gone on with by the next call.
    ///
    /// # Errors
    /// When the hub stays away too long, a file arrives wrong twice, or the disk says no.
    pub fn download(
        &self,
        spec: &DownloadSpec,
        token: &CancelToken,
        mut on_progress: impl FnMut(DownloadProgress),
    ) -> Result<PathBuf, HubError> {
        self.client.now_for(Purpose::Download);
        download::download(&self.client, spec, token, &mut on_progress)
    }
}

impl Listing {
    /// The download of some of the files into a cache.
    pub fn spec(&self, chosen: &[bool], cache: PathBuf) -> DownloadSpec {
        let files = self.files.iter().zip(chosen);
        let files = files.filter(|(_, chosen)| **chosen);
        DownloadSpec {
            repo: self.repo.clone(),
            revision: self.revision.clone(),
            commit: self.commit.clone(),
            files: files.map(|(file, _)| file.clone()).collect(),
            cache,
        }
    }

    /// Which files to take when this variant ("fp16") is preferred to the plain one.
    pub fn wanted_as(&self, variant: Option<&str>) -> Vec<bool> {
        let paths: Vec<&str> = self.files.iter().map(|file| file.path.as_str()).collect();
        choice::wanted(&paths, variant)
    }
}
