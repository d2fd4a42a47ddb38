//! Where the time of a run's jobs went: whole for jobs that are over, and as far as it is known for
//! the one at work.

use super::{AppState, Run};
use crate::job::{JobId, Span, Timings, remember_timings};
use std::sync::Arc;

/// The measured times of a run.
#[derive(Clone, Debug, Default)]
pub struct Times {
    /// Of its jobs that are over, oldest first.
    pub over: Vec<Arc<Timings>>,
    /// Of the job at work.
    live: Option<(JobId, Timings)>,
}

impl Times {
    /// Those a file kept.
    pub fn kept(over: &[Arc<Timings>]) -> Self {
        Self {
            over: over.to_vec(),
            live: None,
        }
    }

    /// All that is known, oldest job first, the one at work last.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Timings> {
        let live = self.live.iter().map(|(_, timings)| timings);
        self.over.iter().map(Arc::as_ref).chain(live)
    }

    /// Whether the last of them is still at work.
    pub fn is_live(&self) -> bool {
        self.live.is_some()
    }
}

impl AppState {
    /// Takes in spans that were measured just now.
    pub fn on_spans(&mut self, spans: Vec<(JobId, Span)>) {
        for (job, span) in spans {
            let at_work = |run: &&mut Run| run.jobs().contains(&job);
            let Some(run) = self.runs_mut().find(at_work) else {
                continue;
            };
            match &mut run.times.live {
                Some((known, timings)) if *known == job => timings.push(span),
                live => {
                    let mut timings = Timings::default();
                    timings.push(span);
                    *live = Some((job, timings));
                }
            }
        }
    }

    /// The whole of a job that is about to end.
    pub(super) fn timed(&mut self, job: JobId, timings: Arc<Timings>) {
        let drew = |run: &&mut Run| {
            let mut jobs = run.columns.iter().filter_map(|column| column.job);
            jobs.any(|(known, _)| known == job)
        };
        if let Some(run) = self.runs_mut().find(drew) {
            run.times.live = None;
            remember_timings(&mut run.times.over, timings);
        }
    }
}
