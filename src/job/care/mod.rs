//! Looks after the program itself: its log, how it ended the last time, what a person can send when
//! something went wrong, and what was asked of the network.
//!
//! `lgd-care` reads and writes for it, so that the window never waits for a disk. What belongs to the
//! person is only read, and only what they tick goes into a package.

mod facts;
mod package;
mod panics;
mod report;
mod restart;
mod scrub;
mod start;
mod thread;

pub use facts::note;
pub use package::{Package, PackageChoice, PackageItem, PackagePart};
pub use panics::install;
pub use report::CrashReport;
pub use start::{BadEnd, Past, StartMark, begin};

pub(super) use report::without_quotes;
pub(super) use thread::Handle;

use super::logs::{LogQuery, LogShown};
use super::{Places, Problem, doctor::Finding, hub::Request};
use std::path::PathBuf;
use std::sync::Arc;

/// All crash reports, oldest first.
pub(super) fn crash_reports(places: &Places) -> Vec<PathBuf> {
    report::list(&places.crashes())
}

/// What is to be looked after.
#[derive(Clone, Debug)]
pub enum CareTask {
    /// Look for lines of the log; ends in `Log` where there is something new to show.
    ReadLog(LogQuery),
    /// Read a crash report; ends in `Crash`.
    ReadCrash(PathBuf),
    /// This start went well.
    Opened(Arc<StartMark>),
    /// Look at everything that this machine can run; ends in `Examined`.
    Examine,
    /// Say what a package would hold; ends in `Packed`.
    ListPackage(PackageChoice),
    /// Read every request that was ever made; ends in `Requests`.
    ReadRequests,
    /// Start the program once more, in safe mode or not; ends in `Restarted` or `Failed`.
    Restart {
        /// The program; without, this one.
        program: Option<PathBuf>,
        /// Whether in safe mode.
        safe: bool,
    },
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum CareEvent {
    /// Lines of the log, or why it cannot be read.
    Log(Result<Arc<LogShown>, Problem>),
    /// A crash report, or why it cannot be read.
    Crash(Result<Box<CrashReport>, Problem>),
    /// Everything that was looked at.
    Examined(Arc<Vec<Finding>>),
    /// What a package of this choice would hold.
    Packed(PackageChoice, Arc<Vec<PackageItem>>),
    /// The requests of earlier starts, oldest first, and how many there were in all.
    Requests(Vec<Request>, usize),
    /// The program was started once more.
    Restarted,
    /// Something could not be done.
    Failed(Problem),
}
