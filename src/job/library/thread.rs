//! The thread of the library, and those of the checks it starts.

use super::network::Network;
use super::news::NewsBoard;
use super::verify::{VerifyReport, verify};
use super::{BundleDetails, BundleFile, LibraryEvent, LibraryTask, bin, imports, listing, reveal};
use crate::job::bundles;
use crate::job::outbox::Outbox;
use crate::job::stoppable::Stoppable;
use crate::job::task_thread::TaskThread;
use crate::job::{Bundle, BundleSource, CancelToken, JobEvent, LibraryNews, Places, Problem};
use crate::nn::cancel;
use crossbeam_channel::Receiver;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Tasks that may wait.
const TASKS: usize = 1024;

/// How often the window is woken for the progress of a check.
const TELL_EVERY: Duration = Duration::from_millis(80);

/// What the rest of `job` holds of the library.
pub(in crate::job) struct Handle {
    thread: TaskThread<LibraryTask>,
    news: NewsBoard,
}

impl Handle {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives none.
    pub(in crate::job) fn start(places: Option<Places>, outbox: Outbox) -> std::io::Result<Self> {
        let news = NewsBoard::default();
        let mut library = Library {
            network: Network::new(places.clone(), outbox.clone(), news.clone()),
            places,
            outbox,
            news: news.clone(),
            checks: Vec::new(),
            deleted: Vec::new(),
        };
        let thread = TaskThread::start("lgd-library", TASKS, move |tasks| library.run(tasks))?;
        Ok(Self { thread, news })
    }

    /// Hands over a task; false when too many wait.
    pub(in crate::job) fn ask(&self, task: LibraryTask) -> bool {
        self.thread.ask(task)
    }

    /// What happened since the last look.
    pub(in crate::job) fn news(&self) -> LibraryNews {
        self.news.take()
    }

    /// Stops what is at work and waits for the end.
    pub(in crate::job) fn close(&mut self) {
        self.thread.close();
    }
}

/// A check at work.
struct Check {
    source: BundleSource,
    task: Stoppable,
}

struct Library {
    places: Option<Places>,
    outbox: Outbox,
    news: NewsBoard,
    network: Network,
    checks: Vec<Check>,
    deleted: Vec<bin::DeletedBundle>,
}

impl Library {
    fn run(&mut self, tasks: &Receiver<Option<LibraryTask>>) {
        bin::empty(self.places.as_ref(), &[]);
        for task in tasks.iter().map_while(|task| task) {
            let worked = catch_unwind(AssertUnwindSafe(|| self.perform(task)));
            if worked.is_err() {
                let problem = Problem::new("The program made a mistake with this bundle.")
                    .hint("Nothing else is lost. Please report it with the log.");
                self.tell(LibraryEvent::Failed(problem));
            }
        }
        for check in &self.checks {
            check.task.stop();
        }
        self.network.close();
        for check in self.checks.drain(..) {
            check.task.close();
        }
        bin::empty(self.places.as_ref(), &self.deleted);
    }

    fn tell(&self, event: LibraryEvent) {
        self.outbox.send(JobEvent::Library(event));
    }

    fn perform(&mut self, task: LibraryTask) {
        let event = match task {
            LibraryTask::List(shelves) => {
                LibraryEvent::Listed(listing::list(self.places.as_ref(), &shelves))
            }
            LibraryTask::Inspect(source) => {
                let details = inspect(&source);
                LibraryEvent::Inspected(source, details)
            }
            LibraryTask::Verify(source) => return self.verify(source),
            LibraryTask::StopVerifying(source) => {
                let wanted = |check: &&Check| check.source == source;
                if let Some(check) = self.checks.iter().find(wanted) {
                    check.task.stop();
                }
                return;
            }
            LibraryTask::Rename(source, name) => match rename(&source, &name) {
                Ok(()) => LibraryEvent::Renamed(source, name),
                Err(problem) => LibraryEvent::Failed(problem),
            },
            LibraryTask::Delete(folder) => match bin::delete(self.places.as_ref(), &folder) {
                Ok(deleted) => {
                    self.deleted.push(deleted.clone());
                    LibraryEvent::Deleted(deleted)
                }
                Err(problem) => LibraryEvent::Failed(problem),
            },
            LibraryTask::Restore(deleted) => match bin::restore(&deleted) {
                Ok(()) => {
                    self.deleted.retain(|known| *known != deleted);
                    LibraryEvent::Restored(deleted.folder)
                }
                Err(problem) => LibraryEvent::Failed(problem),
            },
            LibraryTask::Hub(task) => return self.network.perform(task),
            LibraryTask::Import(task) => {
                if let Some(event) = imports::perform(task, self.places.as_ref()) {
                    self.tell(event);
                }
                return;
            }
            LibraryTask::Sort(paths) => {
                let is_bundle = |path: &PathBuf| path.join("lgd.json").is_file();
                let (bundles, originals) = paths.into_iter().partition(is_bundle);
                LibraryEvent::Sorted { bundles, originals }
            }
            LibraryTask::Reveal(folder) => return self.reveal(&folder),
        };
        self.tell(event);
    }

    /// Starts a check on a thread of its own.
    fn verify(&mut self, source: BundleSource) {
        self.checks.retain(|check| !check.task.is_finished());
        if self.checks.iter().any(|check| check.source == source) {
            return;
        }
        let (outbox, news) = (self.outbox.clone(), self.news.clone());
        let of = source.clone();
        let work = move |stop: &CancelToken| {
            let tell = |event| outbox.send(JobEvent::Library(event));
            let mut told: Option<Instant> = None;
            let check = || {
                verify(
                    &of,
                    &mut |file| {
                        tell(LibraryEvent::Checked(of.clone(), file));
                    },
                    &mut |progress| {
                        news.verifying(&of, progress);
                        if told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
                            told = Some(Instant::now());
                            outbox.wake();
                        }
                    },
                )
            };
            let checked = catch_unwind(AssertUnwindSafe(|| cancel::scope(stop, check)));
            let report = checked.unwrap_or_else(|_| {
                let problem = Problem::new("The program made a mistake with this bundle.");
                VerifyReport::Failed(problem.hint("Please report it with the log."))
            });
            tell(LibraryEvent::Verified(of, report));
        };
        match Stoppable::start("lgd-verify", work) {
            Ok(task) => self.checks.push(Check { source, task }),
            Err(error) => {
                let problem = Problem::new(format!("The check cannot be started: {error}."));
                self.tell(LibraryEvent::Verified(
                    source,
                    VerifyReport::Failed(problem),
                ));
            }
        }
    }

    /// Opens the file manager; a thread waits for it, because it may stay open.
    fn reveal(&self, folder: &Path) {
        let (outbox, folder) = (self.outbox.clone(), folder.to_path_buf());
        let started = std::thread::Builder::new()
            .name("lgd-reveal".to_owned())
            .spawn(move || {
                if let Err(problem) = reveal::reveal(&folder) {
                    outbox.send(JobEvent::Library(LibraryEvent::Failed(problem)));
                }
            });
        if let Err(error) = started {
            tracing::warn!(%error, "no thread for the file manager");
        }
    }
}

fn inspect(source: &BundleSource) -> Result<Box<BundleDetails>, Problem> {
    let report = bundles::inspect(source)?;
    let bundle = Bundle::open(source)?;
    let mut files = Vec::new();
    for path in bundle.files()? {
        files.push(BundleFile {
            bytes: bundle.size(&path)?,
            path,
        });
    }
    Ok(Box::new(BundleDetails { report, files }))
}

/// Writes another name into the description; everything else in it stays as it is.
fn rename(source: &BundleSource, name: &str) -> Result<(), Problem> {
    let BundleSource::Folder(folder) = source else {
        return Err(Problem::new("The embedded bundle keeps its name."));
    };
    let file = folder.join("lgd.json");
    let bundle = Bundle::open(source)?;
    let mut description: serde_json::Map<String, serde_json::Value> = bundle.config("lgd.json")?;
    description.insert("name".to_owned(), name.into());
    let text = serde_json::to_string_pretty(&description)
        .map_err(|e| Problem::new(format!("The name cannot be written: {e}.")).file(&file))?;
    crate::job::write_text(&file, &(text + "\n"))
}
