//! The thread that looks after the program.

use super::{CareEvent, CareTask, CrashReport, Package, restart};
use crate::job::hub::RequestBook;
use crate::job::logs::{LogQuery, LogReader};
use crate::job::outbox::Outbox;
use crate::job::task_thread::TaskThread;
use crate::job::{JobEvent, Places, Problem, doctor};
use crossbeam_channel::Receiver;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Tasks that may wait.
const TASKS: usize = 64;

/// What the rest of `job` holds of the thread.
pub(in crate::job) struct Handle {
    thread: TaskThread<CareTask>,
}

impl Handle {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives none.
    pub(in crate::job) fn start(places: Option<Places>, outbox: Outbox) -> std::io::Result<Self> {
        let mut care = Care {
            log: places.as_ref().map(|places| LogReader::new(places.logs())),
            shown: None,
            places,
            outbox,
        };
        let thread = TaskThread::start("lgd-care", TASKS, move |tasks| care.run(tasks))?;
        Ok(Self { thread })
    }

    /// Hands over a task; false when too many wait.
    pub(in crate::job) fn ask(&self, task: CareTask) -> bool {
        self.thread.ask(task)
    }

    /// Waits for the end of what was handed over.
    pub(in crate::job) fn close(&mut self) {
        self.thread.close();
    }
}

struct Care {
    places: Option<Places>,
    outbox: Outbox,
    log: Option<LogReader>,
    /// What was looked for last.
    shown: Option<LogQuery>,
}

impl Care {
    fn run(&mut self, tasks: &Receiver<Option<CareTask>>) {
        for task in tasks.iter().map_while(|task| task) {
            let done = catch_unwind(AssertUnwindSafe(|| self.perform(task)));
            let event = done.unwrap_or_else(|_| {
                let problem =
                    Problem::new("The program made a mistake while it looked after itself.");
                Some(CareEvent::Failed(problem.hint("Your files are untouched.")))
            });
            if let Some(event) = event {
                self.outbox.send(JobEvent::Care(event));
            }
        }
    }

    fn perform(&mut self, task: CareTask) -> Option<CareEvent> {
        Some(match task {
            CareTask::ReadLog(query) => return self.read_log(query),
            CareTask::ReadCrash(path) => CareEvent::Crash(CrashReport::read(&path).map(Box::new)),
            CareTask::Opened(mark) => {
                mark.opened();
                return None;
            }
            CareTask::Examine => CareEvent::Examined(Arc::new(doctor::examine())),
            CareTask::ListPackage(choice) => {
                let items = self.places.as_ref().map(|p| Package::items(p, choice));
                CareEvent::Packed(choice, Arc::new(items.unwrap_or_default()))
            }
            CareTask::ReadRequests => {
                let (requests, count) = RequestBook::of(self.places.as_ref()).read();
                CareEvent::Requests(requests, count)
            }
            CareTask::Restart { program, safe } => {
                match restart::restart(program.as_deref(), safe) {
                    Ok(()) => CareEvent::Restarted,
                    Err(problem) => CareEvent::Failed(problem),
                }
            }
        })
    }

    /// The lines that are looked for; nothing where they are shown already.
    fn read_log(&mut self, query: LogQuery) -> Option<CareEvent> {
        let Some(log) = &mut self.log else {
            let problem = Problem::new("No log is kept here.");
            let problem = problem.hint(
                "The system knows no folder for it. Set LGD_STUDIO_HOME to a folder of your own.",
            );
            return Some(CareEvent::Log(Err(problem)));
        };
        match log.refresh() {
            Ok(changed) => {
                if !changed && self.shown.as_ref() == Some(&query) {
                    return None;
                }
                let found = log.find(&query);
                self.shown = Some(query);
                Some(CareEvent::Log(Ok(Arc::new(found))))
            }
            Err(problem) => {
                self.shown = None;
                Some(CareEvent::Log(Err(problem)))
            }
        }
    }
}
