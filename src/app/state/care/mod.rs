//! What the window knows about the program itself: its log, how it ended the last time, what this
//! machine can run, and the way of settings into files and back.

mod exchange;
#[cfg(test)]
mod tests;

pub use exchange::{Change, Exchange};

use super::{AppState, Dialog, Effect, NoticeKind};
use crate::app::settings::Settings;
use crate::job::care::{
    BadEnd, CareEvent, CareTask, CrashReport, Package, PackageChoice, PackageItem,
};
use crate::job::doctor::Finding;
use crate::job::logs::{LogQuery, LogShown};
use crate::job::{FileTask, LibraryTask, Places, Problem, clock};
use std::path::PathBuf;
use std::sync::Arc;

/// How often the log is looked at while it is followed, in seconds.
const LOOK_EVERY: f64 = 1.0;

/// The log as it is shown.
#[derive(Debug)]
pub struct Log {
    /// What is looked for.
    pub query: LogQuery,
    /// What was found, or why nothing can be; none until somebody looked.
    pub shown: Option<Result<Arc<LogShown>, Problem>>,
    /// Whether new lines come into view by themselves.
    pub followed: bool,
    looked: f64,
}

/// How the program ended the last time, when it did not end well.
#[derive(Debug)]
pub struct LastEnd {
    /// What is known without reading.
    pub end: BadEnd,
    /// The report, once it was read.
    pub report: Option<Result<Box<CrashReport>, Problem>>,
    /// Whether it is shown in full.
    pub open: bool,
}

/// A debug package before it is written.
#[derive(Debug, Default)]
pub struct Packing {
    /// What is ticked.
    pub choice: PackageChoice,
    /// What it would hold; none until somebody looked.
    pub items: Option<Arc<Vec<PackageItem>>>,
}

/// What is known about the program itself.
#[derive(Debug)]
pub struct Care {
    /// Whether this is safe mode: nothing of the person's is used or written.
    pub safe: bool,
    /// The log.
    pub log: Log,
    /// How it ended the last time, until somebody has dealt with it.
    pub last_end: Option<LastEnd>,
    /// A debug package.
    pub packing: Packing,
    /// What this machine can run; none until somebody looked.
    pub findings: Option<Arc<Vec<Finding>>>,
    /// Settings that were opened and wait for a yes, or why they cannot be used.
    pub exchange: Option<Result<Box<Exchange>, Problem>>,
    /// Where everything is.
    pub places: Option<Places>,
    /// What the program is started with once more; without, this program itself.
    pub program: Option<PathBuf>,
}

impl Default for Care {
    fn default() -> Self {
        Self {
            safe: false,
            log: Log {
                query: LogQuery::default(),
                shown: None,
                followed: true,
                looked: 0.0,
            },
            last_end: None,
            packing: Packing::default(),
            findings: None,
            exchange: None,
            places: None,
            program: None,
        }
    }
}

/// What a person does about the program itself.
#[derive(Clone, Debug)]
pub enum CareAction {
    /// Looks for lines of the log.
    Search(LogQuery),
    /// Lets new lines come into view by themselves, or not.
    Follow(bool),
    /// Looks for new lines.
    LookAgain,
    /// Opens the folder of the log.
    OpenLogs,
    /// Shows the report of the last end, or hides it.
    ShowReport(bool),
    /// Has seen how it ended the last time.
    DismissEnd,
    /// Starts once more, in safe mode or not.
    Restart {
        /// Whether in safe mode.
        safe: bool,
    },
    /// Ticks what a package holds.
    Tick(PackageChoice),
    /// Writes the package.
    SavePackage,
    /// Looks at what this machine can run.
    Examine,
    /// Writes the settings into a file.
    ExportSettings,
    /// Opens a file with settings.
    ImportSettings,
    /// Uses the settings that were opened.
    TakeImported,
    /// Puts all settings back to what a new installation has.
    ResetSettings,
    /// Takes these settings again.
    TakeBack(Box<Settings>),
}

impl Log {
    /// Whether it is time to look for new lines.
    pub fn is_due(&self, now: f64) -> bool {
        self.followed && now - self.looked >= LOOK_EVERY
    }
}

impl AppState {
    /// The last start ended badly: it is told before anything else.
    pub fn ended_badly(&mut self, end: BadEnd) -> Vec<Effect> {
        let task = end.report.clone().map(CareTask::ReadCrash);
        self.care.last_end = Some(LastEnd {
            end,
            report: None,
            open: false,
        });
        self.dialog = Some(Dialog::LastEnd);
        task.map(Effect::Care).into_iter().collect()
    }

    /// Looks for lines of the log.
    pub(super) fn read_log(&mut self) -> Vec<Effect> {
        self.care.log.looked = self.now;
        vec![Effect::Care(CareTask::ReadLog(self.care.log.query.clone()))]
    }

    /// A dialog about the program opens: what it shows is looked at anew.
    pub(super) fn come_to_care(&mut self, dialog: Dialog) -> Vec<Effect> {
        match dialog {
            Dialog::Package => {
                self.care.packing = Packing::default();
                let choice = PackageChoice::default();
                vec![Effect::Care(CareTask::ListPackage(choice))]
            }
            Dialog::Doctor => {
                self.care.findings = None;
                vec![Effect::Care(CareTask::Examine)]
            }
            _ => Vec::new(),
        }
    }

    /// A dialog was closed: what it was about is dealt with, or the one below comes back.
    pub(super) fn leave_care(&mut self, dialog: Option<Dialog>) {
        match dialog {
            Some(Dialog::LastEnd) => self.care.last_end = None,
            Some(Dialog::Package) if self.care.last_end.is_some() => {
                self.dialog = Some(Dialog::LastEnd);
            }
            Some(Dialog::ImportSettings) => self.care.exchange = None,
            Some(Dialog::Welcome) => self.been_welcomed(),
            _ => {}
        }
    }

    pub(super) fn act_on_care(&mut self, action: CareAction) -> Vec<Effect> {
        let care = &mut self.care;
        match action {
            CareAction::Search(query) => {
                care.log.query = query;
                return self.read_log();
            }
            CareAction::Follow(followed) => care.log.followed = followed,
            CareAction::LookAgain => return self.read_log(),
            CareAction::OpenLogs => {
                let reveal = |places: &Places| Effect::Library(LibraryTask::Reveal(places.logs()));
                return care.places.as_ref().map(reveal).into_iter().collect();
            }
            CareAction::ShowReport(open) => {
                if let Some(last) = &mut care.last_end {
                    last.open = open;
                }
            }
            CareAction::DismissEnd => {
                care.last_end = None;
                self.dialog = self.dialog.filter(|dialog| *dialog != Dialog::LastEnd);
            }
            CareAction::Restart { safe } => {
                let program = care.program.clone();
                return vec![Effect::Care(CareTask::Restart { program, safe })];
            }
            CareAction::Tick(choice) => {
                care.packing.choice = choice;
                care.packing.items = None;
                return vec![Effect::Care(CareTask::ListPackage(choice))];
            }
            CareAction::SavePackage => return self.save_package(),
            CareAction::Examine => return self.come_to_care(Dialog::Doctor),
            CareAction::ExportSettings => return self.export_settings(),
            CareAction::ImportSettings => return Self::pick_settings(),
            CareAction::TakeImported => return self.take_imported(),
            CareAction::ResetSettings => return self.reset_settings(),
            CareAction::TakeBack(settings) => return self.take_settings(*settings),
        }
        Vec::new()
    }

    fn save_package(&mut self) -> Vec<Effect> {
        let Some(places) = self.care.places.clone() else {
            return Vec::new();
        };
        let time = clock::stamp(clock::now())
            .replace(' ', "-")
            .replace(':', "");
        let package = Package {
            choice: self.care.packing.choice,
            places,
            path: format!("lgd-studio-debug-{time}.zip").into(),
        };
        vec![Effect::Files(FileTask::PickPackage(Box::new(package)))]
    }

    pub(super) fn on_care_event(&mut self, event: CareEvent) -> Vec<Effect> {
        let care = &mut self.care;
        match event {
            CareEvent::Log(Ok(shown)) => {
                // Something else is looked for by now.
                if shown.query == care.log.query {
                    care.log.shown = Some(Ok(shown));
                }
            }
            CareEvent::Log(Err(problem)) => care.log.shown = Some(Err(problem)),
            CareEvent::Crash(report) => {
                if let Some(last) = &mut care.last_end {
                    last.report = Some(report);
                }
            }
            CareEvent::Examined(findings) => care.findings = Some(findings),
            CareEvent::Packed(choice, items) => {
                if choice == care.packing.choice {
                    care.packing.items = Some(items);
                }
            }
            CareEvent::Requests(requests, count) => {
                self.library.hub.on_earlier(requests, count);
            }
            // The new window is there; this one goes as if it had been closed.
            CareEvent::Restarted => self.quitting = true,
            CareEvent::Failed(problem) => self.notify(NoticeKind::Trouble(problem)),
        }
        Vec::new()
    }
}
