//! Thumbnails that are ready: left here by their threads and taken by the window once per frame, so
//! that a window that does not look cannot hold up the work.

use super::{Examining, FrameThumb, Gathering, Opening, StripId, Thumbnail};
use crate::job::Problem;
use std::sync::{Arc, Mutex, PoisonError};

/// What happened since the last look.
#[derive(Clone, Debug, Default)]
pub struct DatasetNews {
    /// Thumbnails of pairs, or why there is none.
    pub thumbnails: Vec<(Opening, usize, Result<Thumbnail, Problem>)>,
    /// How far the examination of a folder is.
    pub examining: Option<Examining>,
    /// Small frames of a filmstrip, or why there is none.
    pub frames: Vec<(StripId, usize, Result<FrameThumb, Problem>)>,
    /// How far a filmstrip is.
    pub gathering: Option<(StripId, Gathering)>,
}

/// Where threads leave news.
#[derive(Clone, Default)]
pub(super) struct NewsBoard(Arc<Mutex<DatasetNews>>);

impl NewsBoard {
    /// Adds a thumbnail.
    pub(super) fn thumbnail(&self, of: Opening, pair: usize, made: Result<Thumbnail, Problem>) {
        self.change(|news| news.thumbnails.push((of, pair, made)));
    }

    /// Replaces what was said of the examination.
    pub(super) fn examining(&self, progress: Examining) {
        self.change(|news| news.examining = Some(progress));
    }

    /// Adds a small frame.
    pub(super) fn frame(&self, of: StripId, frame: usize, made: Result<FrameThumb, Problem>) {
        self.change(|news| news.frames.push((of, frame, made)));
    }

    /// Replaces what was said of the filmstrip.
    pub(super) fn gathering(&self, of: StripId, progress: Gathering) {
        self.change(|news| news.gathering = Some((of, progress)));
    }

    /// Takes everything.
    pub(super) fn take(&self) -> DatasetNews {
        self.change(std::mem::take)
    }

    fn change<T>(&self, change: impl FnOnce(&mut DatasetNews) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
