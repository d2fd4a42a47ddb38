//! The line in front of the worker: runs in an order that can be changed, and quick jobs that pass
//! them.
//!
//! A channel would hand out jobs as they came. Here a waiting run can be moved, taken out and held
//! back, while loading a bundle or showing a step of a finished run never waits behind runs.

use super::{JobEvent, JobId, JobSpec, Problem};
use crate::nn::cancel::CancelToken;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Jobs that may wait; far more than a person queues by hand.
const MOST: usize = 1024;

/// One queued job.
pub(super) struct Command {
    pub(super) id: JobId,
    pub(super) spec: JobSpec,
    pub(super) token: CancelToken,
    /// When it was submitted.
    pub(super) asked: Instant,
    /// Whether the store keeps what it draws.
    pub(super) kept: bool,
}

/// What the worker does next.
pub(super) enum Next {
    /// This.
    Job(Box<Command>),
    /// Nothing has come for a while.
    Rest,
    /// The line was closed: it ends.
    Closed,
}

/// Why a job was not taken into the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It was cancelled before it got there.
    Cancelled,
    /// Too many jobs wait.
    Full,
    /// The worker has gone.
    Closed,
}

impl Refusal {
    /// The final event of a job that was refused.
    pub(super) fn event(self, id: JobId) -> JobEvent {
        match self {
            Self::Cancelled => JobEvent::Cancelled(id),
            Self::Full => JobEvent::Failed(
                id,
                Problem::new(format!("{MOST} jobs are waiting already."))
                    .hint("Let some of them finish first."),
            ),
            Self::Closed => JobEvent::Failed(
                id,
                Problem::new("The worker has stopped.").hint("Start the program again."),
            ),
        }
    }
}

/// The line. Shared by the handle of the face, the store and the worker.
#[derive(Default)]
pub(super) struct Queue {
    line: Mutex<Line>,
    changed: Condvar,
}

#[derive(Default)]
struct Line {
    /// Bundles to load and steps to show, oldest first.
    quick: VecDeque<Command>,
    /// Runs and evaluations, next first.
    runs: VecDeque<Command>,
    /// The order a person chose; a run it does not name goes to the end.
    order: Vec<JobId>,
    held: bool,
    closed: bool,
}

impl Queue {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a job wait. A job whose token was cancelled on the way is refused, so that whoever
    /// cancels finds it either here or not yet sent, never in between.
    pub(super) fn push(&self, command: Command) -> Result<(), Refusal> {
        let mut line = self.line();
        if line.closed {
            return Err(Refusal::Closed);
        }
        if command.token.is_cancelled() {
            return Err(Refusal::Cancelled);
        }
        if line.quick.len() + line.runs.len() >= MOST {
            return Err(Refusal::Full);
        }
        if matches!(
            command.spec,
            JobSpec::Run { .. } | JobSpec::Score(_) | JobSpec::Validate(_)
        ) {
            line.runs.push_back(command);
            line.sort();
        } else {
            line.quick.push_back(command);
        }
        drop(line);
        self.changed.notify_one();
        Ok(())
    }

    /// Takes a waiting job out.
    pub(super) fn take(&self, id: JobId) -> Option<Command> {
        let mut line = self.line();
        let Line { quick, runs, .. } = &mut *line;
        [quick, runs].into_iter().find_map(|jobs| {
            let place = jobs.iter().position(|command| command.id == id)?;
            jobs.remove(place)
        })
    }

    /// Puts the waiting runs into this order; what it does not name comes after, as it was.
    pub(super) fn order(&self, order: &[JobId]) {
        let mut line = self.line();
        line.order = order.to_vec();
        line.sort();
    }

    /// Holds the runs back, or lets them go on. What is at work is not stopped.
    pub(super) fn hold(&self, held: bool) {
        self.line().held = held;
        self.changed.notify_one();
    }

    /// Ends the line: nobody waits any more.
    pub(super) fn close(&self) {
        self.line().closed = true;
        self.changed.notify_all();
    }

    /// Whether the program is about to end.
    pub(super) fn is_closed(&self) -> bool {
        self.line().closed
    }

    /// The next job, once there is one. With `patience`, `Rest` once none has come for so long.
    pub(super) fn next(&self, patience: Option<Duration>) -> Next {
        let mut line = self.line();
        let since = Instant::now();
        loop {
            if line.closed {
                return Next::Closed;
            }
            if let Some(command) = line.pop() {
                return Next::Job(Box::new(command));
            }
            let Some(patience) = patience else {
                let waited = self.changed.wait(line);
                line = waited.unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = patience.saturating_sub(since.elapsed());
            if left.is_zero() {
                return Next::Rest;
            }
            let waited = self.changed.wait_timeout(line, left);
            line = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Line {
    fn pop(&mut self) -> Option<Command> {
        if let Some(quick) = self.quick.pop_front() {
            return Some(quick);
        }
        if self.held {
            return None;
        }
        self.runs.pop_front()
    }

    fn sort(&mut self) {
        let Self { runs, order, .. } = self;
        let place = |command: &Command| order.iter().position(|id| *id == command.id);
        runs.make_contiguous()
            .sort_by_key(|command| place(command).unwrap_or(usize::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{BundleSource, Frame, FrameOrigin};
    use image::RgbImage;

    fn run(id: u64) -> Command {
        command(
            id,
            JobSpec::Run {
                bundle: BundleSource::Embedded,
                frame: Frame::new(RgbImage::new(1, 1), FrameOrigin::Dropped),
                requests: Vec::new(),
            },
        )
    }

    fn load(id: u64) -> Command {
        command(id, JobSpec::Load(BundleSource::Embedded))
    }

    fn command(id: u64, spec: JobSpec) -> Command {
        Command {
            id: JobId(id),
            spec,
            token: CancelToken::default(),
            asked: Instant::now(),
            kept: false,
        }
    }

    fn filled() -> Queue {
        let queue = Queue::default();
        for command in [run(1), run(2), load(3), run(4)] {
            assert_eq!(queue.push(command), Ok(()));
        }
        queue
    }

    fn next(queue: &Queue) -> Option<u64> {
        queue.line().pop().map(|command| command.id.0)
    }

    #[test]
    fn quick_jobs_pass_runs_and_runs_keep_their_order() {
        let queue = filled();
        let order: Vec<_> = (0..5).map(|_| next(&queue)).collect();
        assert_eq!(order, [Some(3), Some(1), Some(2), Some(4), None]);
    }

    #[test]
    fn runs_can_be_moved_even_before_they_arrive() {
        let queue = filled();
        queue.order(&[JobId(4), JobId(5), JobId(1)]);
        assert_eq!(queue.push(run(6)), Ok(()));
        assert_eq!(queue.push(run(5)), Ok(()));
        let order: Vec<_> = (0..6).filter_map(|_| next(&queue)).collect();
        assert_eq!(order, [3, 4, 5, 1, 2, 6]);
    }

    #[test]
    fn held_runs_wait_and_quick_jobs_do_not() {
        let queue = filled();
        queue.hold(true);
        assert_eq!((next(&queue), next(&queue)), (Some(3), None));
        queue.hold(false);
        assert_eq!(next(&queue), Some(1));
    }

    #[test]
    fn whoever_waits_long_enough_may_rest() {
        let queue = Queue::default();
        let short = Some(Duration::from_millis(20));
        let begun = Instant::now();
        assert!(matches!(queue.next(short), Next::Rest));
        assert!(begun.elapsed() >= Duration::from_millis(20));
        assert_eq!(queue.push(run(1)), Ok(()));
        assert!(matches!(queue.next(short), Next::Job(job) if job.id == JobId(1)));
        queue.close();
        assert!(matches!(queue.next(None), Next::Closed));
    }

    #[test]
    fn a_waiting_job_is_taken_out_once_and_a_cancelled_one_never_gets_in() {
        let queue = filled();
        assert!(queue.take(JobId(2)).is_some());
        assert!(queue.take(JobId(2)).is_none());
        let late = run(7);
        late.token.cancel();
        assert_eq!(queue.push(late), Err(Refusal::Cancelled));
        queue.close();
        assert_eq!(queue.push(run(8)), Err(Refusal::Closed));
        assert!(matches!(queue.next(None), Next::Closed));
    }
}
