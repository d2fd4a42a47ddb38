//! Where the threads leave what they have to say to the face that holds them.

use super::making::Making;
use super::{JobEvent, JobId, LoadProgress, Span, StepPreview};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::{Arc, Mutex, PoisonError};

/// Events that may wait for a face that is busy.
const EVENTS: usize = 256;
/// Measured spans that may wait for a face; one that looks away longer reads the whole at the end.
const SPANS: usize = 4096;

/// Where the threads leave what they have to say.
#[derive(Clone)]
pub(super) struct Outbox {
    events: Sender<JobEvent>,
    previews: Arc<Mutex<Vec<StepPreview>>>,
    spans: Arc<Mutex<Vec<(JobId, Span)>>>,
    making: Arc<Mutex<Vec<Making>>>,
    loading: Arc<Mutex<Option<(JobId, LoadProgress)>>>,
    notify: Arc<dyn Fn() + Send + Sync>,
}

impl Outbox {
    /// An outbox with the other end of its events. `notify` is called, from any thread, whenever there
    /// is something new to read.
    pub(super) fn new(notify: impl Fn() + Send + Sync + 'static) -> (Self, Receiver<JobEvent>) {
        let (events, received) = bounded(EVENTS);
        let outbox = Self {
            events,
            previews: Arc::default(),
            spans: Arc::default(),
            making: Arc::default(),
            loading: Arc::default(),
            notify: Arc::new(notify),
        };
        (outbox, received)
    }

    /// An outbox with the other end of its events.
    #[cfg(test)]
    pub(super) fn for_tests() -> (Self, Receiver<JobEvent>) {
        Self::new(|| {})
    }

    /// Delivers a state change; waits for room. False when nobody listens any more.
    pub(super) fn send(&self, event: JobEvent) -> bool {
        let delivered = self.events.send(event).is_ok();
        (self.notify)();
        delivered
    }

    /// Says that there is something new to look at.
    pub(super) fn wake(&self) {
        (self.notify)();
    }

    /// Replaces the newest preview of its column; estimates nobody took yet stay.
    pub(super) fn show(&self, preview: StepPreview) {
        let mut previews = self.previews.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (preview.job, preview.column);
        match previews.iter_mut().find(|p| (p.job, p.column) == place) {
            Some(older) => {
                let mut estimates = std::mem::take(&mut older.estimates);
                estimates.extend(preview.estimates);
                *older = StepPreview {
                    estimates,
                    picture: preview.picture.or(older.picture.take()),
                    ..preview
                };
            }
            None => previews.push(preview),
        }
        drop(previews);
        (self.notify)();
    }

    /// Leaves a measured span of a job at work.
    pub(super) fn spend(&self, job: JobId, span: Span) {
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        if spans.len() < SPANS {
            spans.push((job, span));
        }
    }

    /// Replaces what is known of how far the loading for a job is.
    pub(super) fn show_loading(&self, job: JobId, progress: LoadProgress) {
        *self.loading.lock().unwrap_or_else(PoisonError::into_inner) = Some((job, progress));
        (self.notify)();
    }

    /// Replaces what is known of how far a bundle's making is.
    pub(super) fn show_making(&self, newest: Making) {
        let mut all = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|older| older.job != newest.job);
        all.push(newest);
        drop(all);
        (self.notify)();
    }

    /// Drops what nobody took yet of a bundle's making, before its end is told.
    pub(super) fn forget_making(&self, job: JobId) {
        let mut all = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|older| older.job != job);
    }
    /// Takes the newest step of every running column.
    pub(super) fn take_previews(&self) -> Vec<StepPreview> {
        take(&self.previews)
    }

    /// Takes the spans that were measured since the last time, oldest first.
    pub(super) fn take_spans(&self) -> Vec<(JobId, Span)> {
        take(&self.spans)
    }

    /// Takes how far the loading for a job is.
    pub(super) fn take_loading(&self) -> Option<(JobId, LoadProgress)> {
        take(&self.loading)
    }

    /// Takes how far every bundle's making is.
    pub(super) fn take_making(&self) -> Vec<Making> {
        take(&self.making)
    }
}

fn take<T: Default>(kept: &Mutex<T>) -> T {
    std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner))
}
