//! The thread that looks after training runs: finds them, follows their logs, starts the next one when
//! a device is free. The runs themselves are processes and need none of this to go on.

use super::message::{TrainingEvent, TrainingNews, TrainingTask};
use super::process::{Program, Trial};
use super::runs::Runs;
use super::{health, promote};
use crate::job::devices::Devices;
use crate::job::outbox::Outbox;
use crate::job::task_thread::TaskThread;
use crate::job::{JobEvent, Places, Problem};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Tasks that may wait.
const TASKS: usize = 256;
/// Time between two looks while somebody watches.
const WATCHED: Duration = Duration::from_millis(250);
/// The same while nobody does: the queue goes on all the same.
const UNWATCHED: Duration = Duration::from_secs(2);
/// Time between two looks at the devices.
const DEVICES: Duration = Duration::from_secs(1);

/// What the rest of `job` holds of it.
pub(in crate::job) struct Handle {
    news: Arc<Mutex<TrainingNews>>,
    /// None where there is no place for runs.
    thread: Option<TaskThread<TrainingTask>>,
}

impl Handle {
    /// Starts the thread. `program` is what runs are started with, this program itself as a rule.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(in crate::job) fn start(
        places: Option<Places>,
        program: Option<PathBuf>,
        outbox: Outbox,
    ) -> std::io::Result<Self> {
        let news: Arc<Mutex<TrainingNews>> = Arc::default();
        let board = news.clone();
        let path = program.or_else(|| std::env::current_exe().ok());
        let thread = match places.zip(path) {
            None => None,
            Some((places, path)) => {
                let program = Program { path, places };
                let training = Training::new(program, outbox, board);
                let work = move |tasks: &Receiver<_>| training.run(tasks);
                Some(TaskThread::start("lgd-training", TASKS, work)?)
            }
        };
        Ok(Self { news, thread })
    }

    /// Hands over a task; false when too many wait, or there is no place for runs.
    pub(in crate::job) fn ask(&self, task: TrainingTask) -> bool {
        self.thread.as_ref().is_some_and(|thread| thread.ask(task))
    }

    /// What is new since the last look.
    pub(in crate::job) fn news(&self) -> TrainingNews {
        std::mem::take(&mut *self.news.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends the thread; runs go on.
    pub(in crate::job) fn close(&mut self) {
        if let Some(thread) = &mut self.thread {
            thread.close();
        }
    }
}

struct Training {
    program: Program,
    outbox: Outbox,
    news: Arc<Mutex<TrainingNews>>,
    runs: Runs,
    devices: Option<Devices>,
    devices_read: Option<Instant>,
    watched: bool,
    trial: Option<Trial>,
    promotions: Vec<JoinHandle<()>>,
}

impl Training {
    fn new(program: Program, outbox: Outbox, news: Arc<Mutex<TrainingNews>>) -> Self {
        Self {
            runs: Runs::new(program.clone()),
            program,
            outbox,
            news,
            devices: None,
            devices_read: None,
            watched: false,
            trial: None,
            promotions: Vec::new(),
        }
    }

    fn run(mut self, tasks: &Receiver<Option<TrainingTask>>) {
        let mut begun = false;
        loop {
            let patience = match self.watched || self.trial.is_some() {
                true => WATCHED,
                false => UNWATCHED,
            };
            // Until somebody asks for something nothing is looked at: most programs train nothing.
            let heard = match begun {
                true => tasks.recv_timeout(patience),
                false => tasks.recv().or(Err(RecvTimeoutError::Disconnected)),
            };
            begun = true;
            match heard {
                Ok(Some(task)) => {
                    let done = catch_unwind(AssertUnwindSafe(|| self.perform(task)));
                    if done.is_err() {
                        self.tell(TrainingEvent::Failed(our_mistake()));
                    }
                }
                Ok(None) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if catch_unwind(AssertUnwindSafe(|| self.look())).is_err() {
                tracing::error!("looking at the training runs ended in a panic");
            }
        }
        if let Some(trial) = self.trial.take() {
            trial.stop();
        }
        for promotion in self.promotions {
            if promotion.join().is_err() {
                tracing::error!("making a bundle of a run ended in a panic");
            }
        }
    }

    fn tell(&self, event: TrainingEvent) {
        self.outbox.send(JobEvent::Training(event));
    }

    fn perform(&mut self, task: TrainingTask) {
        let done = match task {
            TrainingTask::Watch(watched) => {
                self.watched = watched;
                self.devices_read = None;
                Ok(())
            }
            TrainingTask::Follow(runs) => {
                self.runs.follow(runs);
                Ok(())
            }
            TrainingTask::Examine(folder) => {
                let found = health::examine(&folder).map(Arc::new);
                self.tell(TrainingEvent::Examined(folder, found));
                Ok(())
            }
            TrainingTask::Try(config, devices) => {
                self.stop_trying();
                match self.program.try_out(&config, &devices) {
                    Ok(trial) => self.trial = Some(trial),
                    Err(problem) => self.tell(TrainingEvent::Tried(Err(problem))),
                }
                Ok(())
            }
            TrainingTask::StopTrying => {
                self.stop_trying();
                Ok(())
            }
            TrainingTask::Queue {
                name,
                config,
                devices,
            } => self
                .runs
                .queue_new(&name, &config, &devices)
                .map(|run| self.tell(TrainingEvent::Queued(run))),
            TrainingTask::Resume(run) => self.runs.queue(&run),
            TrainingTask::Unqueue(run) => self.runs.unqueue(&run),
            TrainingTask::Launch(run) => self.runs.launch(&run),
            TrainingTask::Control(run, control) => super::post(&run, control),
            TrainingTask::Delete(run) => self.runs.delete(&run),
            TrainingTask::Promote(run) => self.promote(run),
            TrainingTask::ExportLora(run) => self.beside(move || {
                let (file, step) = super::export_lora_beside(&run)?;
                Ok(TrainingEvent::LoraWritten(file, step))
            }),
            TrainingTask::Read(path) => {
                let picture = picture(&path);
                self.tell(TrainingEvent::Picture(path, picture));
                Ok(())
            }
        };
        if let Err(problem) = done {
            self.tell(TrainingEvent::Failed(problem));
        }
    }

    fn stop_trying(&mut self) {
        if let Some(trial) = self.trial.take() {
            trial.stop();
        }
    }

    /// Makes a bundle of a run.
    fn promote(&mut self, run: PathBuf) -> Result<(), Problem> {
        let folder = free_bundle(&self.program.places, &run);
        self.beside(move || {
            let step = promote(&run, &folder)?;
            Ok(TrainingEvent::Promoted(folder, step))
        })
    }

    /// Writes something large on a thread of its own.
    fn beside(
        &mut self,
        work: impl FnOnce() -> Result<TrainingEvent, Problem> + Send + 'static,
    ) -> Result<(), Problem> {
        let outbox = self.outbox.clone();
        let work = move || {
            let made = catch_unwind(AssertUnwindSafe(work));
            let event = match made.unwrap_or_else(|_| Err(our_mistake())) {
                Ok(event) => event,
                Err(problem) => TrainingEvent::Failed(problem),
            };
            outbox.send(JobEvent::Training(event));
        };
        let thread = std::thread::Builder::new()
            .name("lgd-promote".to_owned())
            .spawn(work)
            .map_err(|e| super::no_thread(&e))?;
        self.promotions.retain(|thread| !thread.is_finished());
        self.promotions.push(thread);
        Ok(())
    }

    /// Looks at everything once and says what changed.
    fn look(&mut self) {
        if let Some(trial) = &mut self.trial
            && let Some(outcome) = trial.outcome(&self.program.places)
        {
            self.trial = None;
            self.tell(TrainingEvent::Tried(outcome.map(Arc::new)));
        }
        let (cards, histories) = self.runs.look();
        if let Some(next) = self.runs.next() {
            self.tell(TrainingEvent::Next(next));
        }
        let due = self
            .devices_read
            .is_none_or(|read| read.elapsed() >= DEVICES);
        let devices = (self.watched && due).then(|| {
            self.devices_read = Some(Instant::now());
            let devices = self.devices.get_or_insert_with(Devices::open);
            Arc::new(devices.read())
        });
        if cards.is_none() && histories.is_empty() && devices.is_none() {
            return;
        }
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        if cards.is_some() {
            news.runs = cards;
        }
        if devices.is_some() {
            news.devices = devices;
        }
        for (run, history) in histories {
            news.histories.retain(|(known, _)| *known != run);
            news.histories.push((run, history));
        }
        drop(news);
        self.outbox.wake();
    }
}

fn our_mistake() -> Problem {
    Problem::new("The program made a mistake with this run.")
        .hint("The run itself is not touched. Please report it with the log.")
}

fn picture(path: &Path) -> Result<Arc<image::RgbImage>, Problem> {
    use crate::pipeline::frame_image::{self, Reading};
    Ok(Arc::new(frame_image::open(path, Reading::Upright)?))
}

/// A folder among the bundles that is not there yet, named after a run.
fn free_bundle(places: &Places, run: &Path) -> PathBuf {
    let name = run.file_name().unwrap_or_default().to_string_lossy();
    super::free_name(&places.bundles(), &name, true)
}
