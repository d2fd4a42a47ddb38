//! Work on bundles that takes a while: looking into originals, importing, making up, verifying.
//!
//! It has a thread of its own, `lgd-bundles`, so that neither a drawing nor a save waits behind
//! gigabytes. [`super::Jobs::make`] starts a task, [`super::Jobs::take_making`] says how far each is,
//! and exactly one of [`JobEvent::Bundle`], [`JobEvent::Failed`] and [`JobEvent::Cancelled`] ends it.
//! A build that was cancelled or killed goes on where it was when the same task is started again.

use super::bundles::{self, Verification};
use super::outbox::Outbox;
use super::{BundleSource, JobEvent, JobId, Problem};
use crate::nn::cancel::{self, CancelToken};
use crate::pipeline::EditError;
use crate::pipeline::build::{self, BuildProgress, ImportSpec, MadeBundle, RandomSpec};
use crate::pipeline::import::Recognised;
use crossbeam_channel::Receiver;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What to do with a bundle.
#[derive(Clone, Debug)]
pub enum BundleTask {
    /// Look into original files without writing anything; ends in [`BundleEvent::Recognised`].
    Recognise(ImportSpec),
    /// Convert original files to a bundle; ends in [`BundleEvent::Made`].
    Import(ImportSpec),
    /// Make up a bundle; ends in [`BundleEvent::Made`].
    Random(RandomSpec),
    /// Compare every checksum and load every network; ends in [`BundleEvent::Verified`].
    Verify(BundleSource),
}

/// How a task on a bundle ended well.
#[derive(Clone, Debug)]
pub enum BundleEvent {
    /// What the files hold, and the bytes that its weights will take in the bundle.
    Recognised(Box<Recognised>, u64),
    /// The bundle is there, whole.
    Made(MadeBundle),
    /// What the check found.
    Verified(Verification),
}

/// How far a task is; the newest replaces older ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Making {
    /// The task.
    pub job: JobId,
    /// How far it is.
    pub progress: BuildProgress,
}

/// A task with what stops it.
pub(super) struct MakingCommand {
    pub(super) id: JobId,
    pub(super) task: BundleTask,
    pub(super) token: CancelToken,
}

/// Works until it is told to end.
pub(super) fn run(queue: &Receiver<Option<MakingCommand>>, outbox: &Outbox) {
    while let Ok(Some(command)) = queue.recv() {
        let MakingCommand { id, task, token } = command;
        let last = if token.is_cancelled() {
            JobEvent::Cancelled(id)
        } else {
            outbox.send(JobEvent::Started(id));
            perform(id, task, &token, outbox)
        };
        outbox.forget_making(id);
        outbox.send(last);
    }
}

/// Does one task and returns its one final event, whatever happens.
fn perform(id: JobId, task: BundleTask, token: &CancelToken, outbox: &Outbox) -> JobEvent {
    let mut report = |progress| outbox.show_making(Making { job: id, progress });
    let work = || cancel::scope(token, || do_task(task, &mut report));
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(event)) => JobEvent::Bundle(id, event),
        Ok(Err(error)) => match error.problem() {
            Some(problem) => JobEvent::Failed(id, problem),
            None => JobEvent::Cancelled(id),
        },
        Err(panic) => JobEvent::Failed(
            id,
            Problem::new(format!(
                "The program made a mistake: {}.",
                super::care::without_quotes(super::worker::panic_text(&*panic))
            ))
            .hint("Nothing else is lost. Try again, and please report it with the log."),
        ),
    }
}

fn do_task(
    task: BundleTask,
    report: &mut dyn FnMut(BuildProgress),
) -> Result<BundleEvent, EditError> {
    Ok(match task {
        BundleTask::Recognise(spec) => {
            let (plan, bytes) = build::look(&spec)?;
            BundleEvent::Recognised(Box::new(plan), bytes)
        }
        BundleTask::Import(spec) => BundleEvent::Made(build::import(&spec, report)?),
        BundleTask::Random(spec) => BundleEvent::Made(build::random(&spec, report)?),
        BundleTask::Verify(source) => BundleEvent::Verified(bundles::verify(&source, report)?),
    })
}
