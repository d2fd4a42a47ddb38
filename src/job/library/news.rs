//! How far long tasks are: one place per task, where the newest wins, so that a window that does not
//! look cannot hold up the work.

use crate::job::hub::{DownloadKey, DownloadProgress, Request};
use crate::job::{BuildProgress, BundleSource};
use std::sync::{Arc, Mutex, PoisonError};

/// What happened since the last look.
#[derive(Clone, Debug, Default)]
pub struct LibraryNews {
    /// Checks at work, with how far they are.
    pub verifying: Vec<(BundleSource, BuildProgress)>,
    /// Downloads at work, with how far they are.
    pub downloading: Vec<(DownloadKey, DownloadProgress)>,
    /// Requests that were made, the newest last.
    pub requests: Vec<Request>,
}

/// Where threads leave news.
#[derive(Clone, Default)]
pub(in crate::job) struct NewsBoard(Arc<Mutex<LibraryNews>>);

impl NewsBoard {
    /// Replaces what was said about that check.
    pub(super) fn verifying(&self, source: &BundleSource, progress: BuildProgress) {
        self.change(|news| {
            news.verifying.retain(|(known, _)| known != source);
            news.verifying.push((source.clone(), progress));
        });
    }

    /// Replaces what was said about that download.
    pub(super) fn downloading(&self, key: &DownloadKey, progress: DownloadProgress) {
        self.change(|news| {
            news.downloading.retain(|(known, _)| known != key);
            news.downloading.push((key.clone(), progress));
        });
    }

    /// Notes a request; none is left out.
    pub(super) fn requested(&self, request: Request) {
        self.change(|news| news.requests.push(request));
    }

    /// Takes everything.
    pub(in crate::job) fn take(&self) -> LibraryNews {
        self.change(std::mem::take)
    }

    fn change<T>(&self, change: impl FnOnce(&mut LibraryNews) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
