//! Batches that are read while the step before them is computed.
//!
//! The thread walks the same steps in the same order as the run does, and what a batch holds depends
//! on its number alone, so a run is bit for bit the same with and without it. Nothing here touches the
//! device.

use super::feeder::Feeder;
use super::prepared::Prepared;
use crate::pipeline::Problem;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

/// Where the batches of a run come from.
pub(super) enum Batches {
    /// Each is read when it is asked for.
    Asked(Box<Feeder>),
    /// Some are read ahead.
    Ahead(Prefetch),
}

/// A thread that reads ahead.
pub(super) struct Prefetch {
    ready: Option<Receiver<Result<Prepared, Problem>>>,
    thread: Option<JoinHandle<()>>,
}

impl Batches {
    /// The batches of `steps`, each of so many `parts`, at most `ahead` of them read ahead.
    pub fn start(
        feeder: Feeder,
        steps: std::ops::Range<u64>,
        parts: usize,
        ahead: usize,
    ) -> Result<Self, Problem> {
        if ahead == 0 {
            return Ok(Self::Asked(Box::new(feeder)));
        }
        // One is always in the making beside those that wait.
        let (sender, ready) = sync_channel(ahead - 1);
        let mut feeder = feeder;
        let thread = std::thread::Builder::new().name("lgd-feed".to_owned());
        let thread = thread.spawn(move || {
            for step in steps {
                for part in 0..parts {
                    let prepared = feeder.prepare(step, part);
                    let failed = prepared.is_err();
                    // Nobody takes it any more, or nothing comes after it.
                    if sender.send(prepared).is_err() || failed {
                        return;
                    }
                }
            }
        });
        let thread = thread.map_err(|e| {
            Problem::new(format!("The system gives no thread: {e}."))
                .hint("Close other programs, or set data.prefetch=0.")
        })?;
        Ok(Self::Ahead(Prefetch {
            ready: Some(ready),
            thread: Some(thread),
        }))
    }

    /// The next batch: number `part` of `step`.
    pub fn next(&mut self, step: u64, part: usize) -> Result<Prepared, Problem> {
        let ended = || Problem::new("The reading of the data has ended.").hint("Resume the run.");
        match self {
            Self::Asked(feeder) => feeder.prepare(step, part),
            Self::Ahead(Prefetch { ready, .. }) => match ready.as_ref().map(Receiver::recv) {
                Some(Ok(prepared)) => prepared,
                _ => Err(ended()),
            },
        }
    }
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        // The thread ends at its next batch, for which there is nobody.
        drop(self.ready.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that reads the data ended in an error of the program");
        }
    }
}
