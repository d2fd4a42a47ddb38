//! The handle a face holds: submit, cancel, read events.

use super::care;
use super::datasets;
use super::desktop;
use super::instance::{self, Instance};
use super::library;
use super::making::{self, BundleTask, Making, MakingCommand};
use super::memory::Peaks;
use super::outbox::Outbox;
use super::queue::{Command, Queue};
use super::resources::{Resources, SharedResources};
use super::store::{self, Folders, KeptState, Message, Recorder, RunDraft, StoreEvent};
use super::worker::Worker;
use super::{
    DatasetNews, DatasetTask, DesktopTask, FileTask, JobEvent, JobId, JobSpec, LibraryEvent,
    LibraryNews, LibraryTask, LoadProgress, Places, Problem, Sabotage, Span, StepPreview,
    TrainingEvent, TrainingNews, TrainingTask, files, training,
};
use crate::nn::cancel::CancelToken;
use crate::nn::{compute_behind_the_window, make_way};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Tasks for files and for the store that may wait.
const TASKS: usize = 1024;
/// Deep networks recurse in candle's graph code; the default stack is small for that.
const WORKER_STACK_BYTES: usize = 32 << 20;

/// What the threads need to know at start.
#[derive(Clone, Debug, Default)]
pub struct JobsConfig {
    /// What networks may use.
    pub resources: Resources,
    /// Where runs are kept; without, none are.
    pub places: Option<Places>,
    /// What training runs are started with; without, this program itself.
    pub program: Option<PathBuf>,
    /// Failures that a soak test asks for.
    pub sabotage: Sabotage,
    /// Whether everything that belongs to the person is left alone: no runs are kept, no bundles of theirs
    /// are found. Logs and reports are still read.
    pub safe: bool,
    /// Whether there is a window that the work must not slow down.
    pub window: bool,
}

/// The running threads. Dropping it stops the work, lets files and store finish their writes and
/// joins all. Kept runs that wait or are at work come back at the next start.
pub struct Jobs {
    queue: Arc<Queue>,
    worker: Option<JoinHandle<()>>,
    store: Option<Sender<Message>>,
    care: care::Handle,
    library: library::Handle,
    training: training::Handle,
    datasets: datasets::Handle,
    desktop: desktop::Handle,
    starts: Option<instance::Listener>,
    file_tasks: Sender<Option<FileTask>>,
    bundle_tasks: Sender<Option<MakingCommand>>,
    events: Option<Receiver<JobEvent>>,
    refused: VecDeque<JobEvent>,
    tokens: BTreeMap<JobId, CancelToken>,
    next_id: u64,
    outbox: Outbox,
    resources: SharedResources,
    threads: Vec<JoinHandle<()>>,
}

impl Jobs {
    /// Starts the threads. `notify` is called, from any of them, whenever there is something new to
    /// read.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        config: JobsConfig,
        notify: impl Fn() + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        if config.window && !compute_behind_the_window() {
            tracing::debug!("the threads that compute were there before the window");
        }
        let queue = Arc::new(Queue::default());
        let (file_tasks, file_queue) = bounded(TASKS);
        let (bundle_tasks, bundle_queue) = bounded(TASKS);
        let (outbox, events) = Outbox::new(notify);
        let care = care::Handle::start(config.places.clone(), outbox.clone())?;
        let places = config.places.filter(|_| !config.safe);
        let library = library::Handle::start(places.clone(), outbox.clone())?;
        let training = training::Handle::start(places.clone(), config.program, outbox.clone())?;
        let datasets = datasets::Handle::start(places.clone(), outbox.clone())?;
        let caches = places.clone();
        let (store, keeper) = match places {
            None => (None, None),
            Some(places) => {
                let (messages, received) = bounded(TASKS);
                let (outbox, queue) = (outbox.clone(), queue.clone());
                let folders = Folders::new(places.data);
                let keeper = std::thread::Builder::new()
                    .name("lgd-store".to_owned())
                    .spawn(move || store::run(&received, folders, &outbox, &queue))?;
                (Some(messages), Some(keeper))
            }
        };
        let resources = SharedResources::new(config.resources);
        let worker = Worker::new(
            resources.clone(),
            outbox.clone(),
            store.clone().map(Recorder::new),
        )
        .remembering(Peaks::open(caches.as_ref()))
        .sabotaged(config.sabotage);
        let worker_queue = queue.clone();
        let worker = std::thread::Builder::new()
            .name("lgd-worker".to_owned())
            .stack_size(WORKER_STACK_BYTES)
            .spawn(move || {
                if config.window {
                    make_way();
                }
                worker.run(&worker_queue);
            })?;
        let files_outbox = outbox.clone();
        let files = std::thread::Builder::new()
            .name("lgd-files".to_owned())
            .spawn(move || files::run(&file_queue, &files_outbox))?;
        let bundles_outbox = outbox.clone();
        let bundles = std::thread::Builder::new()
            .name("lgd-bundles".to_owned())
            .stack_size(WORKER_STACK_BYTES)
            .spawn(move || making::run(&bundle_queue, &bundles_outbox))?;
        Ok(Self {
            queue,
            worker: Some(worker),
            store,
            care,
            library,
            training,
            datasets,
            desktop: desktop::Handle::default(),
            starts: None,
            file_tasks,
            bundle_tasks,
            events: Some(events),
            refused: VecDeque::new(),
            tokens: BTreeMap::new(),
            next_id: 1,
            outbox,
            resources,
            threads: keeper.into_iter().chain([files, bundles]).collect(),
        })
    }

    /// Queues a job. Exactly one of `Finished`, `Shown`, `Loaded`, `Exported`,
    /// `Failed`, `Cancelled` will answer it.
    pub fn submit(&mut self, spec: JobSpec) -> JobId {
        let command = self.command(spec);
        let id = command.id;
        self.push(command);
        id
    }

    /// Queues work on a bundle. Exactly one of `Bundle`, `Failed`, `Cancelled` will answer it.
    pub fn make(&mut self, task: BundleTask) -> JobId {
        let (id, token) = self.next_job();
        let command = MakingCommand { id, task, token };
        if self.bundle_tasks.try_send(Some(command)).is_err() {
            let problem = Problem::new("Too much work on bundles is waiting.");
            let problem = problem.hint("Let some of it finish first.");
            self.answer(JobEvent::Failed(id, problem));
        }
        id
    }

    /// Tells or asks the desktop something.
    pub fn desktop(&mut self, task: DesktopTask) {
        self.desktop.ask(task, &self.outbox);
    }

    /// Listens for other starts of the program, each of which becomes a [`JobEvent::StartedAgain`].
    pub fn listen(&mut self, instance: Instance) {
        let outbox = self.outbox.clone();
        let listener = instance.listen(move |files| {
            outbox.send(JobEvent::StartedAgain(files));
        });
        match listener {
            Ok(listener) => self.starts = Some(listener),
            Err(error) => tracing::warn!(%error, "other starts are not heard"),
        }
    }

    /// Queues a run that is written down before it may start, and kept as it is drawn. A run that
    /// cannot be kept is drawn all the same.
    pub fn submit_kept(&mut self, spec: JobSpec, draft: RunDraft) -> JobId {
        let command = self.command(spec);
        let id = command.id;
        let message = Message::Submit(Box::new(command), Box::new(draft));
        let sent = match &self.store {
            Some(store) => store.try_send(message),
            None => Err(TrySendError::Disconnected(message)),
        };
        if let Err(
            TrySendError::Full(Message::Submit(command, _))
            | TrySendError::Disconnected(Message::Submit(command, _)),
        ) = sent
        {
            self.push(*command);
        }
        id
    }

    fn next_job(&mut self) -> (JobId, CancelToken) {
        let id = JobId(self.next_id);
        self.next_id += 1;
        let token = CancelToken::default();
        self.tokens.insert(id, token.clone());
        (id, token)
    }

    fn command(&mut self, spec: JobSpec) -> Command {
        let (id, token) = self.next_job();
        Command {
            id,
            spec,
            token,
            asked: Instant::now(),
            kept: false,
        }
    }

    fn push(&mut self, command: Command) {
        let id = command.id;
        if let Err(refusal) = self.queue.push(command) {
            self.answer(refusal.event(id));
        }
    }

    /// Answers in place of a thread.
    fn answer(&mut self, event: JobEvent) {
        self.refused.push_back(event);
        self.outbox.wake();
    }

    /// Asks a job to stop; it answers with `Cancelled` unless it was already over. One that waits
    /// answers at once.
    pub fn cancel(&mut self, id: JobId) {
        let Some(token) = self.tokens.get(&id) else {
            return;
        };
        token.cancel();
        if let Some(command) = self.queue.take(id) {
            if command.kept {
                self.tell_store(Message::Ended(id, KeptState::Cancelled, None));
            }
            self.answer(JobEvent::Cancelled(id));
        }
    }

    /// Puts the runs that wait into this order; what it does not name comes after.
    pub fn order(&mut self, order: &[JobId]) {
        self.queue.order(order);
        self.tell_store(Message::Order(order.to_vec()));
    }

    /// Holds back the runs that wait, or lets them go on. What is at work goes on.
    pub fn hold(&mut self, held: bool) {
        self.queue.hold(held);
    }

    fn tell_store(&mut self, message: Message) {
        let full = self.store.as_ref().map(|store| store.try_send(message));
        if let Some(Err(error)) = full {
            tracing::warn!(%error, "the store did not hear what changed");
        }
    }

    /// Hands a task to the store; a refused one is answered.
    fn ask_store(&mut self, task: super::StoreTask) {
        let sent = match &self.store {
            Some(store) => store.try_send(Message::Task(task)).is_ok(),
            None => false,
        };
        if !sent {
            let problem = match &self.store {
                Some(_) => Problem::new("Too much is waiting to be kept."),
                None => Problem::new("No runs are kept here."),
            };
            let problem = problem.hint("Try again in a moment, or save the run in a file.");
            self.answer(JobEvent::Store(StoreEvent::Failed(problem)));
        }
    }

    /// Hands a task to the file thread, or to the store. Dialogs are created here, on the caller's thread, because
    /// some systems allow them only on the window's own.
    pub fn files(&mut self, task: FileTask) {
        self.files_in(task, &str::to_owned);
    }

    /// [`Jobs::files`] with the kinds of files named in the window's language, which `words` knows.
    pub fn files_in(&mut self, task: FileTask, words: &dyn Fn(&str) -> String) {
        let task = match task {
            FileTask::Store(task) => return self.ask_store(task),
            other => other,
        };
        let refused = match files::open_dialog(task, words, &self.file_tasks, &self.outbox) {
            Ok(None) => return,
            Ok(Some(task)) => match self.file_tasks.try_send(Some(task)) {
                Ok(()) => return,
                Err(_) => JobEvent::FileFailed(
                    Problem::new("Too many files are waiting.").hint("Try again in a moment."),
                ),
            },
            Err(event) => *event,
        };
        self.answer(refused);
    }

    /// Hands over a task about the program itself.
    pub fn care(&mut self, task: care::CareTask) {
        if !self.care.ask(task) {
            tracing::debug!("too much is waiting to be looked after");
        }
    }

    /// Hands a task to the library of bundles.
    pub fn library(&mut self, task: LibraryTask) {
        if !self.library.ask(task) {
            let problem = Problem::new("Too much is waiting for the bundles.");
            let problem = problem.hint("Try again in a moment.");
            self.answer(JobEvent::Library(LibraryEvent::Failed(problem)));
        }
    }

    /// How far the library's long tasks are, once per change.
    pub fn take_library_news(&mut self) -> LibraryNews {
        self.library.news()
    }

    /// Hands a task to the thread that looks after training runs.
    pub fn training(&mut self, task: TrainingTask) {
        if !self.training.ask(task) {
            let problem = Problem::new("Training runs cannot be reached.");
            let problem = problem.hint("Try again in a moment, or use `lgd-studio train`.");
            self.answer(JobEvent::Training(TrainingEvent::Failed(problem)));
        }
    }

    /// How training runs stand, where there is something new.
    pub fn take_training_news(&mut self) -> TrainingNews {
        self.training.news()
    }

    /// Hands a task to the thread of the opened data set.
    pub fn dataset(&mut self, task: DatasetTask) {
        if !self.datasets.ask(task) {
            let problem = Problem::new("Too much is waiting for the data set.");
            let problem = problem.hint("Try again in a moment.");
            self.answer(JobEvent::FileFailed(problem));
        }
    }

    /// What happened to the opened data set, once per change.
    pub fn take_dataset_news(&mut self) -> DatasetNews {
        self.datasets.news()
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
        self.outbox.take_previews()
    }

    /// Spans that were measured since the last time, oldest first.
    pub fn take_spans(&mut self) -> Vec<(JobId, Span)> {
        self.outbox.take_spans()
    }

    /// How far the loading for a job is, where there is something new.
    pub fn take_loading(&mut self) -> Option<(JobId, LoadProgress)> {
        self.outbox.take_loading()
    }

    /// Sets what networks may use, from the next job on.
    pub fn set_resources(&mut self, resources: Resources) {
        self.resources.set(resources);
    }

    /// How far every bundle's making is, where there is something new.
    pub fn take_making(&mut self) -> Vec<Making> {
        self.outbox.take_making()
    }

    fn forget_finished(&mut self, event: &JobEvent) {
        if let Some(id) = event.ends() {
            self.tokens.remove(&id);
        }
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        // First the line: what is cancelled from now on was not cancelled by a person.
        self.queue.close();
        for token in self.tokens.values() {
            token.cancel();
        }
        // Closing the events lets a thread that waits for room go on.
        self.events = None;
        self.care.close();
        self.starts = None;
        self.desktop.close();
        self.library.close();
        self.training.close();
        self.datasets.close();
        // The worker before the store, which hears its last words.
        let worker = self.worker.take();
        join(worker);
        if let Some(store) = self.store.take()
            && store.send(Message::Close).is_err()
        {
            tracing::debug!("the store had ended already");
        }
        if self.bundle_tasks.send(None).is_err() {
            tracing::debug!("the thread for bundles had ended already");
        }
        if self.file_tasks.send(None).is_err() {
            tracing::debug!("the file thread had ended already");
        }
        join(self.threads.drain(..));
    }
}

fn join(threads: impl IntoIterator<Item = JoinHandle<()>>) {
    for thread in threads {
        if thread.join().is_err() {
            tracing::error!("a thread ended in a panic");
        }
    }
}
