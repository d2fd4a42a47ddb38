//! A thread that does one task after the other until it is told to end.

use crate::nn::make_way;
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::thread::JoinHandle;

/// What the rest of `job` holds of such a thread.
pub(super) struct TaskThread<T> {
    name: &'static str,
    /// Without a bound of its own, because nobody may wait for room in it.
    tasks: Sender<Option<T>>,
    /// Tasks that may wait before others are refused.
    room: usize,
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> TaskThread<T> {
    /// Starts `work` on a thread called `name`, with room for so many tasks that wait; it makes way for the
    /// window, as do the processes it starts. Work ends when
    /// it receives nothing, or when the channel is closed. No call waits for room: most tasks are
    /// refused where there is none, and those that may not be come no faster than fingers move.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(
        name: &'static str,
        room: usize,
        work: impl FnOnce(&Receiver<Option<T>>) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (tasks, received) = unbounded();
        let builder = std::thread::Builder::new().name(name.to_owned());
        let thread = builder.spawn(move || {
            make_way();
            work(&received);
        })?;
        Ok(Self {
            name,
            tasks,
            room,
            thread: Some(thread),
        })
    }

    /// Hands over a task; false when too many wait.
    pub(super) fn ask(&self, task: T) -> bool {
        self.tasks.len() < self.room && self.insist(task)
    }

    /// Hands over a task that may not get lost, however many wait; false when the thread has ended.
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn a_thread_that_is_busy_holds_nobody_up() -> std::io::Result<()> {
        const ROOM: usize = 8;
        let (release, released) = crossbeam_channel::bounded::<()>(0);
        let (done, results) = unbounded();
        let mut thread = TaskThread::start("test-tasks", ROOM, move |tasks| {
            let _ = released.recv();
            while let Ok(Some(task)) = tasks.recv() {
                let _ = done.send(task);
            }
        })?;
        let begin = Instant::now();
        let taken = (0..2 * ROOM).filter(|task| thread.ask(*task)).count();
        assert_eq!(taken, ROOM, "more than there is room for are refused");
        assert!((100..1100).all(|task| thread.insist(task)));
        assert!(begin.elapsed() < Duration::from_secs(5), "nobody waits");
        drop(release);
        thread.close();
        let results: Vec<usize> = results.try_iter().collect();
        let expected: Vec<usize> = (0..ROOM).chain(100..1100).collect();
        assert_eq!(results, expected);
        Ok(())
    }
}
