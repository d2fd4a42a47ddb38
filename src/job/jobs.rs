//! The handle a face holds: submit, cancel, read events.

use super::worker::{Command, Worker};
use super::{DeviceChoice, FileTask, JobEvent, JobId, JobSpec, Problem, StepPreview, files};
use crate::nn::cancel::CancelToken;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Jobs that may wait; far more than a person queues by hand.
const QUEUE: usize = 1024;
/// Events that may wait for a face that is busy.
const EVENTS: usize = 256;
/// Deep networks recurse in candle's graph code; the default stack is small for that.
const WORKER_STACK_BYTES: usize = 32 << 20;

/// What the threads need to know at start.
#[derive(Clone, Debug, Default)]
pub struct JobsConfig {
    /// The device of the worker.
    pub device: DeviceChoice,
}

/// Where the threads leave what they have to say.
#[derive(Clone)]
pub(super) struct Outbox {
    events: Sender<JobEvent>,
    previews: Arc<Mutex<Vec<StepPreview>>>,
    notify: Arc<dyn Fn() + Send + Sync>,
}

impl Outbox {
    /// An outbox with the other end of its events.
    #[cfg(test)]
    pub(super) fn for_tests() -> (Self, Receiver<JobEvent>) {
        let (events, received) = bounded(EVENTS);
        let outbox = Self {
            events,
            previews: Arc::default(),
            notify: Arc::new(|| {}),
        };
        (outbox, received)
    }

    /// Delivers a state change; waits for room. False when nobody listens any more.
    pub(super) fn send(&self, event: JobEvent) -> bool {
        let delivered = self.events.send(event).is_ok();
        (self.notify)();
        delivered
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
}

/// The running threads. Dropping it cancels everything, lets the file thread finish its writes and
/// joins both.
pub struct Jobs {
    commands: Option<Sender<Command>>,
    file_tasks: Sender<Option<FileTask>>,
    events: Option<Receiver<JobEvent>>,
    previews: Arc<Mutex<Vec<StepPreview>>>,
    refused: VecDeque<JobEvent>,
    tokens: BTreeMap<JobId, CancelToken>,
    next_id: u64,
    outbox: Outbox,
    threads: Vec<JoinHandle<()>>,
}

impl Jobs {
    /// Starts both threads. `notify` is called, from either thread, whenever there is something
    /// new to read.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        config: JobsConfig,
        notify: impl Fn() + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let (commands, command_queue) = bounded(QUEUE);
        let (file_tasks, file_queue) = bounded(QUEUE);
        let (events_in, events) = bounded(EVENTS);
        let previews: Arc<Mutex<Vec<StepPreview>>> = Arc::default();
        let outbox = Outbox {
            events: events_in,
            previews: previews.clone(),
            notify: Arc::new(notify),
        };
        let worker_outbox = outbox.clone();
        let worker = std::thread::Builder::new()
            .name("lgd-worker".to_owned())
            .stack_size(WORKER_STACK_BYTES)
            .spawn(move || Worker::new(config.device, worker_outbox).run(&command_queue))?;
        let files_outbox = outbox.clone();
        let files = std::thread::Builder::new()
            .name("lgd-files".to_owned())
            .spawn(move || files::run(&file_queue, &files_outbox))?;
        Ok(Self {
            commands: Some(commands),
            file_tasks,
            events: Some(events),
            previews,
            refused: VecDeque::new(),
            tokens: BTreeMap::new(),
            next_id: 1,
            outbox,
            threads: vec![worker, files],
        })
    }

    /// Queues a job. Exactly one of `Finished`, `Shown`, `Loaded`, `Exported`,
    /// `Failed`, `Cancelled` will answer it.
    pub fn submit(&mut self, spec: JobSpec) -> JobId {
        let id = JobId(self.next_id);
        self.next_id += 1;
        let token = CancelToken::default();
        self.tokens.insert(id, token.clone());
        let command = Command { id, spec, token };
        let stopped = || Problem::new("The worker has stopped.").hint("Start the program again.");
        let problem = match &self.commands {
            Some(queue) => match queue.try_send(command) {
                Ok(()) => return id,
                Err(TrySendError::Full(_)) => {
                    Problem::new(format!("{QUEUE} jobs are waiting already."))
                        .hint("Let some of them finish first.")
                }
                Err(TrySendError::Disconnected(_)) => stopped(),
            },
            None => stopped(),
        };
        self.refused.push_back(JobEvent::Failed(id, problem));
        (self.outbox.notify)();
        id
    }

    /// Asks a job to stop; it answers with `Cancelled` unless it was already over.
    pub fn cancel(&mut self, id: JobId) {
        if let Some(token) = self.tokens.get(&id) {
            token.cancel();
        }
    }

    /// Hands a task to the file thread. Dialogs are created here, on the caller's thread, because
    /// some systems allow them only on the window's own.
    pub fn files(&mut self, task: FileTask) {
        let refused = match files::open_dialog(task, &self.file_tasks, &self.outbox) {
            Ok(None) => return,
            Ok(Some(task)) => match self.file_tasks.try_send(Some(task)) {
                Ok(()) => return,
                Err(_) => JobEvent::FileFailed(
                    Problem::new("Too many files are waiting.").hint("Try again in a moment."),
                ),
            },
            Err(event) => *event,
        };
        self.refused.push_back(refused);
        (self.outbox.notify)();
    }

    /// The next event, if there is one.
    pub fn try_event(&mut self) -> Option<JobEvent> {
        let event = self
            .refused
            .pop_front()
            .or_else(|| self.events.as_ref()?.try_recv().ok())?;
        self.forget_finished(&event);
        Some(event)
    }

    /// Waits for the next event; `None` when `patience` is over. For the command line: a window
    /// never waits.
    pub fn wait_event(&mut self, patience: Duration) -> Option<JobEvent> {
        if let Some(event) = self.try_event() {
            return Some(event);
        }
        let event = match self.events.as_ref()?.recv_timeout(patience) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
        };
        self.forget_finished(&event);
        Some(event)
    }

    /// The newest step of every running column, once.
    pub fn take_previews(&mut self) -> Vec<StepPreview> {
        std::mem::take(&mut *self.previews.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn forget_finished(&mut self, event: &JobEvent) {
        if let Some(id) = event.ends() {
            self.tokens.remove(&id);
        }
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        for token in self.tokens.values() {
            token.cancel();
        }
        // Closing the events lets a thread that waits for room go on.
        self.events = None;
        self.commands = None;
        if self.file_tasks.send(None).is_err() {
            tracing::debug!("the file thread had ended already");
        }
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread ended in a panic");
            }
        }
    }
}
