//! Downloads from the hub, and the requests that were made for them.

use super::{AppState, Effect};
use crate::app::state::{Dialog, NoticeKind};
use crate::job::hub::{
    Asked, DownloadKey, DownloadProgress, DownloadSpec, KEPT_REQUESTS, Listing, Request,
    TokenSource,
};
use crate::job::library::{DownloadEnd, HubEvent, HubTask};
use crate::job::{LibraryTask, Problem};
use std::path::PathBuf;

/// The hub as the window knows it.
#[derive(Debug, Default)]
pub struct HubState {
    /// What is looked up now.
    pub looking_up: Option<Asked>,
    /// What was found last, or why nothing was.
    pub found: Option<Result<Found, Problem>>,
    /// Downloads that are not finished.
    pub downloads: Vec<Download>,
    /// The newest requests, the newest last.
    pub requests: Vec<Request>,
    /// How many requests were ever made.
    pub request_count: usize,
    /// Where this machine has a token for the hub, beside the settings.
    pub token_found: Option<TokenSource>,
    pub(super) arrived: Option<PathBuf>,
}

/// A repository, and which of its files are chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What it holds.
    pub listing: Box<Listing>,
    /// Which files are chosen, one answer per file.
    pub chosen: Vec<bool>,
    /// Bytes free where they would go, where the system says so.
    pub free: Option<u64>,
}

impl Found {
    /// Bytes of the chosen files.
    pub fn bytes(&self) -> u64 {
        self.listing.bytes(&self.chosen)
    }

    /// Whether the chosen files surely do not fit.
    pub fn lacks_room(&self) -> bool {
        self.free.is_some_and(|free| free < self.bytes())
    }
}

/// A download.
#[derive(Clone, Debug, PartialEq)]
pub struct Download {
    /// What is downloaded.
    pub spec: DownloadSpec,
    /// What it does.
    pub state: DownloadState,
    /// How far it is, while it goes on.
    pub progress: Option<DownloadProgress>,
    /// Bytes that have arrived, as far as anybody knows.
    pub arrived: u64,
}

/// What a download does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DownloadState {
    /// It goes on.
    Running,
    /// It was told to pause.
    Pausing,
    /// It waits for a person.
    Paused,
    /// It failed, and can be gone on with.
    Failed(Problem),
}

impl Download {
    /// Whether it goes on by itself.
    pub fn is_running(&self) -> bool {
        matches!(self.state, DownloadState::Running | DownloadState::Pausing)
    }
}

/// What a person does with the hub.
#[derive(Clone, Debug, PartialEq)]
pub enum HubAction {
    /// Asks what a repository holds.
    LookUp(Asked),
    /// Stops asking.
    StopLookingUp,
    /// Chooses files, one answer per file.
    Choose(Vec<bool>),
    /// Downloads the chosen files.
    Start,
    /// Stops a download so that it can go on later.
    Pause(DownloadKey),
    /// Lets it go on.
    Resume(DownloadKey),
    /// Throws away what has arrived.
    Discard(DownloadKey),
}

impl HubState {
    fn download(&mut self, key: &DownloadKey) -> Option<&mut Download> {
        let mut downloads = self.downloads.iter_mut();
        downloads.find(|download| download.spec.key() == *key)
    }

    /// Takes in requests that were made.
    pub(super) fn on_requests(&mut self, requests: Vec<Request>) {
        for request in requests {
            // The second word about a request has its bytes.
            match self
                .requests
                .iter_mut()
                .rev()
                .find(|known| known.id == request.id)
            {
                Some(known) => *known = request,
                None => {
                    self.request_count += 1;
                    self.requests.push(request);
                }
            }
        }
        self.forget_oldest();
    }

    /// Takes in the requests of earlier starts, which came before all that are known.
    pub(in crate::app::state) fn on_earlier(&mut self, earlier: Vec<Request>, count: usize) {
        let since = std::mem::replace(&mut self.requests, earlier);
        self.request_count = count;
        self.on_requests(since);
    }

    fn forget_oldest(&mut self) {
        let most = self.requests.len().saturating_sub(KEPT_REQUESTS);
        self.requests.drain(..most);
    }

    /// Takes in how far a download is.
    pub(super) fn on_progress(&mut self, key: &DownloadKey, progress: DownloadProgress) {
        if let Some(download) = self.download(key).filter(|download| download.is_running()) {
            download.arrived = progress.bytes.0;
            download.progress = Some(progress);
        }
    }
}

impl AppState {
    /// Looks for downloads of an earlier start.
    pub(super) fn find_downloads(&self) -> Vec<Effect> {
        ask(HubTask::FindUnfinished)
    }

    /// Does what a person asked of the hub.
    pub(in crate::app::state) fn act_on_hub(&mut self, action: HubAction) -> Vec<Effect> {
        let Some(cache) = self.library.hub_cache.clone() else {
            return Vec::new();
        };
        let settings = Box::new(self.settings.network.clone());
        let hub = &mut self.library.hub;
        match action {
            HubAction::LookUp(asked) => {
                hub.found = None;
                hub.looking_up = Some(asked.clone());
                return ask(HubTask::LookUp {
                    asked,
                    cache,
                    settings,
                });
            }
            HubAction::StopLookingUp => {
                hub.looking_up = None;
                return ask(HubTask::StopLookingUp);
            }
            HubAction::Choose(chosen) => {
                if let Some(Ok(found)) = &mut hub.found
                    && found.chosen.len() == chosen.len()
                {
                    found.chosen = chosen;
                }
            }
            HubAction::Start => {
                let Some(Ok(found)) = hub.found.take() else {
                    return Vec::new();
                };
                let spec = found.listing.spec(&found.chosen, cache);
                self.dialog = self.dialog.filter(|dialog| *dialog != Dialog::Hub);
                return self.begin(spec);
            }
            HubAction::Pause(key) => {
                if let Some(download) = hub.download(&key).filter(|d| d.is_running()) {
                    download.state = DownloadState::Pausing;
                    return ask(HubTask::Pause(key));
                }
            }
            HubAction::Resume(key) => {
                if let Some(download) = hub.download(&key).filter(|d| !d.is_running()) {
                    let spec = download.spec.clone();
                    return self.begin(spec);
                }
            }
            HubAction::Discard(key) => {
                let place = hub
                    .downloads
                    .iter()
                    .position(|download| download.spec.key() == key && !download.is_running());
                if let Some(place) = place {
                    let download = hub.downloads.remove(place);
                    return ask(HubTask::Discard(Box::new(download.spec)));
                }
            }
        }
        Vec::new()
    }

    /// Starts a download, or goes on with it.
    fn begin(&mut self, spec: DownloadSpec) -> Vec<Effect> {
        let hub = &mut self.library.hub;
        let key = spec.key();
        match hub.download(&key) {
            Some(download) if download.is_running() => return Vec::new(),
            Some(download) => {
                download.state = DownloadState::Running;
                download.spec = spec.clone();
            }
            None => hub.downloads.push(Download {
                spec: spec.clone(),
                state: DownloadState::Running,
                progress: None,
                arrived: 0,
            }),
        }
        let settings = Box::new(self.settings.network.clone());
        ask(HubTask::Download(Box::new(spec), settings))
    }

    /// Takes in what became of something that was asked of the hub.
    pub(super) fn on_hub_event(&mut self, event: HubEvent) -> Vec<Effect> {
        let hub = &mut self.library.hub;
        match event {
            HubEvent::Found {
                asked,
                listing,
                free,
            } => {
                // Something else is looked up by now, or nothing any more.
                if hub.looking_up.as_ref() == Some(&asked) {
                    hub.looking_up = None;
                    hub.found = Some(listing.map(|listing| Found {
                        chosen: listing.wanted.clone(),
                        listing,
                        free,
                    }));
                }
            }
            HubEvent::Ended(key, DownloadEnd::Done(folder)) => {
                hub.downloads.retain(|download| download.spec.key() != key);
                hub.arrived = Some(folder.clone());
                self.notify(NoticeKind::Downloaded(key.0, folder));
                return self.list_bundles();
            }
            HubEvent::Ended(key, end) => {
                if let Some(download) = hub.download(&key) {
                    download.progress = None;
                    download.state = match end {
                        DownloadEnd::Failed(problem) => DownloadState::Failed(problem),
                        DownloadEnd::Paused | DownloadEnd::Done(_) => DownloadState::Paused,
                    };
                }
            }
            HubEvent::Unfinished(specs) => {
                for (spec, arrived) in specs {
                    if hub.download(&spec.key()).is_none() {
                        hub.downloads.push(Download {
                            spec,
                            state: DownloadState::Paused,
                            progress: None,
                            arrived,
                        });
                    }
                }
            }
        }
        Vec::new()
    }
}

fn ask(task: HubTask) -> Vec<Effect> {
    vec![Effect::Library(LibraryTask::Hub(task))]
}
