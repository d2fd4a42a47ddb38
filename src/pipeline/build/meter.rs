//! How far a build is.

use super::{BuildProgress, BuildStage};
use std::time::Instant;

/// Counts bytes and guesses how long the rest takes.
pub(crate) struct Meter<'a> {
    report: &'a mut dyn FnMut(BuildProgress),
    stage: BuildStage,
    file: String,
    pub(super) done: u64,
    total: u64,
    /// When the stage began, and what was done by then.
    since: (Instant, u64),
}

impl<'a> Meter<'a> {
    /// Begins to count towards `total` bytes.
    pub(crate) fn new(total: u64, report: &'a mut dyn FnMut(BuildProgress)) -> Self {
        Self {
            report,
            stage: BuildStage::Reading,
            file: String::new(),
            done: 0,
            total,
            since: (Instant::now(), 0),
        }
    }

    /// A file comes next.
    pub(crate) fn begin(&mut self, stage: BuildStage, file: &str) {
        if stage != self.stage {
            self.since = (Instant::now(), self.done);
        }
        (self.stage, self.file) = (stage, file.to_owned());
        self.advance(0);
    }

    /// So many bytes more are done.
    pub(crate) fn advance(&mut self, bytes: u64) {
        self.done += bytes;
        let (since, before) = self.since;
        let (elapsed, fresh) = (
            since.elapsed().as_secs_f64(),
            self.done - before.min(self.done),
        );
        let left = self.total.saturating_sub(self.done);
        (self.report)(BuildProgress {
            stage: self.stage,
            file: self.file.clone(),
            bytes_done: self.done,
            bytes_total: self.total,
            seconds_left: (fresh > 0 && elapsed > 0.5)
                .then(|| elapsed / fresh as f64 * left as f64),
        });
    }
}
