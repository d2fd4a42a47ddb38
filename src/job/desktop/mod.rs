//! What the desktop around the window is told: that long work has ended, and that the machine may
//! not fall asleep. A thread of its own, because a desktop may take its time to answer; one that does
//! not answer at all costs nothing but a line in the log.

mod awake;
mod motion;
mod notice;

use super::JobEvent;
use super::outbox::Outbox;
use super::task_thread::TaskThread;
use awake::Awake;
use crossbeam_channel::Receiver;
use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(all(unix, not(target_os = "macos")))]
use std::time::Duration;

/// Tasks that may wait. More only come where the desktop hangs, and then nobody misses them.
const TASKS: usize = 32;

/// How long an answer may take.
#[cfg(all(unix, not(target_os = "macos")))]
const PATIENCE: Duration = Duration::from_secs(2);

/// What the program is called in the records of a desktop.
const PROGRAM: &str = "LGD Studio";
/// The same, as an identifier.
const PROGRAM_ID: &str = "lgd-studio";

/// Something to tell the desktop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DesktopTask {
    /// Shows a message beside the clock, or wherever messages go here.
    Announce {
        /// What happened.
        title: String,
        /// To what.
        body: String,
    },
    /// Asks whether the system wants less motion; ends in `ReducedMotion`, or in nothing where the
    /// system does not say.
    AskMotion,
    /// Keeps screen and machine awake for this reason, in the words of the person; lets them sleep
    /// again without one.
    KeepAwake(Option<String>),
}

/// What the rest of `job` holds of the thread; it starts with the first task.
#[derive(Default)]
pub(super) struct Handle {
    thread: Option<TaskThread<DesktopTask>>,
}

impl Handle {
    /// Hands over a task. One that cannot be handed over is dropped.
    pub(super) fn ask(&mut self, task: DesktopTask, outbox: &Outbox) {
        if self.thread.is_none() {
            let outbox = outbox.clone();
            let work = move |tasks: &Receiver<_>| run(tasks, &outbox);
            self.thread = TaskThread::start("lgd-desktop", TASKS, work)
                .inspect_err(|error| tracing::warn!(%error, "the desktop is not told anything"))
                .ok();
        }
        if let Some(thread) = &self.thread
            && !thread.ask(task)
        {
            tracing::debug!("the desktop does not answer");
        }
    }

    /// Lets the machine sleep again and ends the thread.
    pub(super) fn close(&mut self) {
        if let Some(thread) = &mut self.thread {
            thread.close();
        }
    }
}

fn run(tasks: &Receiver<Option<DesktopTask>>, outbox: &Outbox) {
    let mut awake = Awake::default();
    while let Ok(Some(task)) = tasks.recv() {
        // The libraries talk to other programs; whatever these do, the window goes on.
        let told = catch_unwind(AssertUnwindSafe(|| match task {
            DesktopTask::Announce { title, body } => notice::announce(&title, &body),
            DesktopTask::AskMotion => {
                if let Some(reduced) = motion::reduced() {
                    outbox.send(JobEvent::ReducedMotion(reduced));
                }
            }
            DesktopTask::KeepAwake(Some(reason)) => awake.hold(&reason),
            DesktopTask::KeepAwake(None) => awake.release(),
        }));
        if told.is_err() {
            tracing::warn!("the desktop could not be told");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_desktop_that_is_not_there_holds_nobody_up() {
        let (outbox, _events) = Outbox::for_tests();
        let mut handle = Handle::default();
        handle.close(); // nothing was begun
        for _ in 0..3 * TASKS {
            handle.ask(DesktopTask::KeepAwake(None), &outbox); // refused at worst
        }
        handle.close();
        handle.close();
    }
}
