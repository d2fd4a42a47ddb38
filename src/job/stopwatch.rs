//! Measures where the time of a job goes, from its submission on.

use super::EditRequest;
use crate::pipeline::{Span, Spent, Timings, Work};
use std::time::Instant;

/// The clock of one job.
pub(super) struct Stopwatch {
    zero: Instant,
    timings: Timings,
}

impl Stopwatch {
    /// The clock of a job that was submitted at `zero`.
    pub(super) fn new(zero: Instant, requests: &[EditRequest]) -> Self {
        let name = |request: &EditRequest| {
            let (mode, seed) = (request.mode.name(), request.seed);
            format!("{mode}, seed {seed}")
        };
        Self {
            zero,
            timings: Timings {
                columns: requests.iter().map(name).collect(),
                ..Timings::default()
            },
        }
    }

    /// Notes a piece of work; the span it is on this clock comes back.
    pub(super) fn note(&mut self, spent: Spent) -> Span {
        let since = |from: Instant, to: Instant| {
            let seconds = to.saturating_duration_since(from).as_secs_f64();
            (seconds * 1e6).round() / 1e6
        };
        let span = Span {
            work: spent.work,
            start: since(self.zero, spent.from),
            seconds: since(spent.from, spent.to),
            step: spent.step,
            columns: spent.columns,
            parts: 1,
        };
        self.timings.push(span.clone());
        span
    }

    /// Notes work for all columns that ends now.
    pub(super) fn since(&mut self, work: Work, from: Instant) -> Span {
        self.note(Spent::on(work, from, Instant::now()))
    }

    /// The whole, up to now.
    pub(super) fn finish(self, device: String) -> Timings {
        let seconds = self.zero.elapsed().as_secs_f64();
        Timings {
            device,
            ..self.timings.filled((seconds * 1e6).round() / 1e6)
        }
    }
}
