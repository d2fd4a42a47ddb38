//! What the library asks of the hub: looking into repositories, and downloads. Each has a thread of
//! its own, because a server may be slow.

use super::LibraryEvent;
use super::news::NewsBoard;
use crate::job::hub::{
    Asked, DownloadKey, DownloadSpec, Hub, HubError, Ledger, Listing, MAIN, NetworkSettings,
    Patience, RequestBook, free_bytes,
};
use crate::job::outbox::Outbox;
use crate::job::stoppable::Stoppable;
use crate::job::{CancelToken, JobEvent, Places, Problem};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The end of the program waits this long for a server that is silent. What has arrived is on the
/// disk already.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What is to be asked of the hub.
#[derive(Clone, Debug, PartialEq)]
pub enum HubTask {
    /// Ask what a repository holds; ends in `Found`.
    LookUp {
        /// Which one.
        asked: Asked,
        /// The cache its files would go into.
        cache: PathBuf,
        /// How the hub is reached.
        settings: Box<NetworkSettings>,
    },
    /// Stop asking; it still ends in `Found`.
    StopLookingUp,
    /// Download files, or go on with it; ends in `Ended`.
    Download(Box<DownloadSpec>, Box<NetworkSettings>),
    /// Stop a download so that it can go on later; it ends in `Ended`.
    Pause(DownloadKey),
    /// Throw away what has arrived of a download that is not at work.
    Discard(Box<DownloadSpec>),
    /// Look for downloads of an earlier start; ends in `Unfinished`.
    FindUnfinished,
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum HubEvent {
    /// A repository was looked up.
    Found {
        /// Which one.
        asked: Asked,
        /// What it holds, or why nobody can tell.
        listing: Result<Box<Listing>, Problem>,
        /// Bytes free where its files would go, where the system says so.
        free: Option<u64>,
    },
    /// A download ended.
    Ended(DownloadKey, DownloadEnd),
    /// Downloads of an earlier start, each with the bytes that have arrived.
    Unfinished(Vec<(DownloadSpec, u64)>),
}

/// How a download ended.
#[derive(Clone, Debug, PartialEq)]
pub enum DownloadEnd {
    /// Everything is there, in this folder.
    Done(PathBuf),
    /// It was paused.
    Paused,
    /// It failed; it can be gone on with.
    Failed(Problem),
}

/// A thread that speaks to the hub.
struct Talk {
    /// The download; none when a repository is looked up.
    key: Option<DownloadKey>,
    task: Stoppable,
}

/// The library's way to the hub.
pub(super) struct Network {
    ledger: Ledger,
    places: Option<Places>,
    outbox: Outbox,
    news: NewsBoard,
    talks: Vec<Talk>,
}

impl Network {
    pub(super) fn new(places: Option<Places>, outbox: Outbox, news: NewsBoard) -> Self {
        Self {
            ledger: Ledger::new(places.as_ref()),
            places,
            outbox,
            news,
            talks: Vec::new(),
        }
    }

    pub(super) fn perform(&mut self, task: HubTask) {
        self.talks.retain(|talk| !talk.task.is_finished());
        match task {
            HubTask::LookUp {
                asked,
                cache,
                settings,
            } => {
                self.stop(None);
                self.look_up(asked, cache, *settings);
            }
            HubTask::StopLookingUp => self.stop(None),
            HubTask::Download(spec, settings) => self.download(*spec, *settings),
            HubTask::Pause(key) => self.stop(Some(&key)),
            HubTask::Discard(spec) => {
                let key = spec.key();
                if self
                    .talks
                    .iter()
                    .all(|talk| talk.key.as_ref() != Some(&key))
                {
                    self.ledger.discard(&spec);
                }
            }
            HubTask::FindUnfinished => {
                let specs = self.ledger.all().into_iter();
                let unfinished = specs.map(|spec| {
                    let arrived = spec.arrived();
                    (spec, arrived)
                });
                tell(&self.outbox, HubEvent::Unfinished(unfinished.collect()));
            }
        }
    }

    /// Stops all talks; those that do not listen end with the program.
    pub(super) fn close(&mut self) {
        for talk in &self.talks {
            talk.task.stop();
        }
        let end = Instant::now() + LAST_WORDS;
        while Instant::now() < end && self.talks.iter().any(|talk| !talk.task.is_finished()) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let finished = self.talks.drain(..).filter(|talk| talk.task.is_finished());
        for talk in finished {
            talk.task.close();
        }
    }

    fn stop(&self, key: Option<&DownloadKey>) {
        let wanted = self.talks.iter().filter(|talk| talk.key.as_ref() == key);
        wanted.for_each(|talk| talk.task.stop());
    }

    fn look_up(&mut self, asked: Asked, cache: PathBuf, settings: NetworkSettings) {
        let (outbox, news, about) = (self.outbox.clone(), self.news.clone(), asked.clone());
        let book = RequestBook::of(self.places.as_ref());
        let work = move |stop: &CancelToken| {
            let revision = about.revision.as_deref().unwrap_or(MAIN);
            let found = guarded(|| {
                let hub = open(&settings, &book, &news, &outbox)?;
                hub.list(&about.repo, revision, stop)
            });
            let listing = found
                .map(Box::new)
                .map_err(|error| error.problem(&about.repo));
            let found = HubEvent::Found {
                asked: about,
                listing,
                free: free_bytes(&cache),
            };
            tell(&outbox, found);
        };
        if let Err(problem) = self.start(None, work) {
            let found = HubEvent::Found {
                asked,
                listing: Err(problem),
                free: None,
            };
            tell(&self.outbox, found);
        }
    }

    fn download(&mut self, spec: DownloadSpec, settings: NetworkSettings) {
        let key = spec.key();
        if self
            .talks
            .iter()
            .any(|talk| talk.key.as_ref() == Some(&key))
        {
            return;
        }
        // A download that cannot be written down is made all the same; it only forgets itself.
        if let Err(problem) = self.ledger.keep(&spec) {
            tracing::warn!("{problem}");
        }
        let (outbox, news, named) = (self.outbox.clone(), self.news.clone(), key.clone());
        let ledger = Ledger::new(self.places.as_ref());
        let book = RequestBook::of(self.places.as_ref());
        let work = move |stop: &CancelToken| {
            let ended = guarded(|| {
                let hub = open(&settings, &book, &news, &outbox)?;
                hub.download(&spec, stop, |progress| {
                    news.downloading(&named, progress);
                    outbox.wake();
                })
            });
            let end = match ended {
                Ok(folder) => {
                    ledger.forget(&named);
                    DownloadEnd::Done(folder)
                }
                Err(HubError::Stopped) => DownloadEnd::Paused,
                Err(error) => DownloadEnd::Failed(error.problem(&spec.repo)),
            };
            tell(&outbox, HubEvent::Ended(named, end));
        };
        if let Err(problem) = self.start(Some(key.clone()), work) {
            tell(
                &self.outbox,
                HubEvent::Ended(key, DownloadEnd::Failed(problem)),
            );
        }
    }

    fn start(
        &mut self,
        key: Option<DownloadKey>,
        work: impl FnOnce(&CancelToken) + Send + 'static,
    ) -> Result<(), Problem> {
        let task = Stoppable::start("lgd-hub", work)
            .map_err(|e| Problem::new(format!("The hub cannot be asked: {e}.")))?;
        self.talks.push(Talk { key, task });
        Ok(())
    }
}

fn open(
    settings: &NetworkSettings,
    book: &RequestBook,
    news: &NewsBoard,
    outbox: &Outbox,
) -> Result<Hub, HubError> {
    let (book, news, outbox) = (book.clone(), news.clone(), outbox.clone());
    let settings = settings.clone().with_environment();
    Hub::open(&settings, Patience::default(), move |request| {
        book.add(&request);
        news.requested(request);
        outbox.wake();
    })
}

/// A panic is our mistake, and no reason to leave a download at work for ever.
fn guarded<T>(work: impl FnOnce() -> Result<T, HubError>) -> Result<T, HubError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(HubError::BadAnswer {
            host: "the hub".to_owned(),
            why: "the program made a mistake with its answer".to_owned(),
        })
    })
}

fn tell(outbox: &Outbox, event: HubEvent) {
    outbox.send(JobEvent::Library(LibraryEvent::Hub(event)));
}
