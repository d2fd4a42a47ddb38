//! The thread of the store: takes in what is submitted, drawn and asked, one thing at a time.

use super::archive::Archive;
use super::{Folders, KeptState, RunDraft, StoreEvent, StoreTask};
use crate::job::outbox::Outbox;
use crate::job::queue::{Command, Queue};
use crate::job::{EditResult, Estimate, JobEvent, JobId, Problem, Timings, WrittenAnswer};
use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// What the store is told.
pub(in crate::job) enum Message {
    /// A run is to be drawn: write it down, then let it wait for the worker.
    Submit(Box<Command>, Box<RunDraft>),
    /// The worker took it up.
    Started(JobId),
    /// The networks have seen the frame.
    Seen(JobId, Estimate),
    /// The answer of a column is written.
    Answered(JobId, usize, WrittenAnswer),
    /// A step of a column, from 1, is drawn.
    Step(JobId, usize, usize, Estimate),
    /// A column is done.
    Drawn(JobId, usize, Arc<EditResult>),
    /// Where the time of a job went.
    Timed(JobId, Arc<Timings>),
    /// A job is over.
    Ended(JobId, KeptState, Option<Problem>),
    /// Waiting jobs have another order.
    Order(Vec<JobId>),
    /// A face wants something.
    Task(StoreTask),
    /// The program ends.
    Close,
}

/// The worker's way to the store. Only steps may be lost; the worker never waits for them.
#[derive(Clone)]
pub(in crate::job) struct Recorder {
    messages: Sender<Message>,
}

impl Recorder {
    pub(in crate::job) fn new(messages: Sender<Message>) -> Self {
        Self { messages }
    }

    /// Tells the store something that must not be lost.
    pub(in crate::job) fn tell(&self, message: Message) {
        if self.messages.send(message).is_err() {
            tracing::debug!("the store has ended already");
        }
    }

    /// Notes a step, unless the store is far behind.
    pub(in crate::job) fn step(&self, job: JobId, column: usize, step: usize, at: &Estimate) {
        let message = Message::Step(job, column, step, at.clone());
        if let Err(TrySendError::Full(_)) = self.messages.try_send(message) {
            tracing::debug!("the journal misses step {step} of column {column}");
        }
    }

    /// Notes how a job ended.
    pub(in crate::job) fn ended(&self, event: &JobEvent) {
        let Some(job) = event.ends() else {
            return;
        };
        let (state, problem) = match event {
            JobEvent::Cancelled(_) => (KeptState::Cancelled, None),
            JobEvent::Failed(_, problem) => (KeptState::Failed, Some(problem.clone())),
            _ => (KeptState::Finished, None),
        };
        self.tell(Message::Ended(job, state, problem));
    }
}

/// Works until it is told that the program ends.
pub(in crate::job) fn run(
    messages: &Receiver<Message>,
    folders: Folders,
    outbox: &Outbox,
    queue: &Queue,
) {
    let mut keeper = Keeper::open(folders, outbox, queue);
    loop {
        let message = match messages.try_recv() {
            Ok(message) => message,
            // Run files are written when there is nothing else to do, so that columns that are
            // finished at the same time are written once.
            Err(TryRecvError::Empty) => {
                keeper.write_files();
                match messages.recv() {
                    Ok(message) => message,
                    Err(_) => break,
                }
            }
            Err(TryRecvError::Disconnected) => break,
        };
        if matches!(message, Message::Close) {
            break;
        }
        keeper.take_in(message);
    }
    keeper.close();
}

struct Keeper<'a> {
    /// The archive, or why there is none.
    archive: Result<Archive, Problem>,
    outbox: &'a Outbox,
    queue: &'a Queue,
    /// The trouble that was told last: a full disk refuses every step.
    told: Option<Problem>,
}

impl<'a> Keeper<'a> {
    fn open(folders: Folders, outbox: &'a Outbox, queue: &'a Queue) -> Self {
        let say = |event| {
            outbox.send(JobEvent::Store(event));
        };
        let opened = guarded(|| Archive::open(folders));
        let archive = match opened {
            Ok((archive, events)) => {
                events.into_iter().for_each(say);
                Ok(archive)
            }
            Err(problem) => {
                say(StoreEvent::Off(problem.clone()));
                Err(problem)
            }
        };
        Self {
            archive,
            outbox,
            queue,
            told: None,
        }
    }

    fn take_in(&mut self, message: Message) {
        match message {
            Message::Submit(command, draft) => self.submit(*command, *draft),
            Message::Task(task) => self.task(task),
            other => {
                let done = match &mut self.archive {
                    Ok(archive) => guarded(|| archive.note(other)),
                    Err(_) => Ok(Vec::new()),
                };
                self.report(done);
            }
        }
    }

    /// Writes the run down, then lets it wait. A run that cannot be written down is drawn all the
    /// same.
    fn submit(&mut self, mut command: Command, draft: RunDraft) {
        let id = command.id;
        let written = match &mut self.archive {
            Ok(archive) => guarded(|| archive.submit(id, draft)),
            Err(_) => Ok(Vec::new()),
        };
        command.kept = self.archive.is_ok() && written.is_ok();
        let kept = command.kept;
        self.report(written);
        if let Err(refusal) = self.queue.push(command) {
            let event = refusal.event(id);
            if kept {
                let ended = match &event {
                    JobEvent::Failed(_, problem) => {
                        Message::Ended(id, KeptState::Failed, Some(problem.clone()))
                    }
                    _ => Message::Ended(id, KeptState::Cancelled, None),
                };
                // A line that was closed belongs to a program that ends: the job stays.
                if !self.queue.is_closed() {
                    self.take_in(ended);
                }
            }
            self.outbox.send(event);
        }
    }

    fn task(&mut self, task: StoreTask) {
        let done = match &mut self.archive {
            Ok(archive) => guarded(|| archive.task(task)),
            // There is nothing to list, and why was said at the start.
            Err(_) if matches!(task, StoreTask::List) => Ok(vec![StoreEvent::Listed(Vec::new())]),
            Err(_) if matches!(task, StoreTask::Update(_)) => Ok(Vec::new()),
            Err(problem) => Err(problem.clone()),
        };
        match done {
            Ok(events) => self.say(events),
            // What a person asked for is answered every time.
            Err(problem) => self.say(vec![StoreEvent::Failed(problem)]),
        }
    }

    fn write_files(&mut self) {
        if let Ok(archive) = &mut self.archive {
            let done = guarded(|| archive.write_files());
            self.report(done);
        }
    }

    fn report(&mut self, done: Result<Vec<StoreEvent>, Problem>) {
        match done {
            Ok(events) => self.say(events),
            Err(problem) if self.told.as_ref() == Some(&problem) => {}
            Err(problem) => {
                tracing::warn!("{problem}");
                self.told = Some(problem.clone());
                self.say(vec![StoreEvent::Failed(problem)]);
            }
        }
    }

    fn say(&self, events: Vec<StoreEvent>) {
        for event in events {
            self.outbox.send(JobEvent::Store(event));
        }
    }

    fn close(&mut self) {
        self.write_files();
        if let Ok(archive) = &mut self.archive
            && let Err(problem) = guarded(|| archive.close())
        {
            tracing::warn!("{problem}");
        }
    }
}

/// A panic here may cost what was to be kept, never the drawing.
fn guarded<T>(work: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_panic| {
        Err(
            Problem::new("The program made a mistake while it kept a run.")
                .hint("The drawing goes on. Save what matters in a file of its own."),
        )
    })
}
