//! A thread that does one task after the other until it is told to end.

use crossbeam_channel::{Receiver, Sender, bounded};
use std::thread::JoinHandle;

/// What the rest of `job` holds of such a thread.
pub(super) struct TaskThread<T> {
    name: &'static str,
    tasks: Sender<Option<T>>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> TaskThread<T> {
    /// Starts `work` on a thread called `name`, with room for so many tasks that wait. Work ends when
    /// it receives nothing, or when the channel is closed.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(
        name: &'static str,
        waiting: usize,
        work: impl FnOnce(&Receiver<Option<T>>) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (tasks, received) = bounded(waiting);
        let builder = std::thread::Builder::new().name(name.to_owned());
        let thread = builder.spawn(move || work(&received))?;
        Ok(Self {
            name,
            tasks,
            thread: Some(thread),
        })
    }

    /// Hands over a task; false when too many wait.
    pub(super) fn ask(&self, task: T) -> bool {
        self.tasks.try_send(Some(task)).is_ok()
    }

    /// Hands over a task that may not get lost, and waits where too many do; false when the thread has
    /// ended.
    pub(super) fn insist(&self, task: T) -> bool {
        self.tasks.send(Some(task)).is_ok()
    }

    /// Waits for the end of what was handed over.
    pub(super) fn close(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        if self.tasks.send(None).is_err() {
            tracing::debug!("{} had ended already", self.name);
        }
        if thread.join().is_err() {
            tracing::error!("{} ended in a panic", self.name);
        }
    }
}
