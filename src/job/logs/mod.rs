//! What the program writes down about itself: one file per day, kept for two weeks.
//!
//! Warnings of everything and events of our own go into `logs/` of the state folder; the words of a
//! question never do, because they are logged at `debug` and the file takes `info` and above. A thread
//! of its own writes, so that nobody waits for a disk. The newest lines also stay in memory, for the
//! report of a crash. `reader` reads the files back for the Log page.

mod daily;
mod layer;
mod line;
mod reader;

pub use layer::recent;
pub use line::{LogLevel, LogLine};
pub use reader::{LogQuery, LogShown};

pub(super) use reader::LogReader;

use super::Places;
use crossbeam_channel::{Sender, bounded};
use daily::DailyFile;
use layer::FileLayer;
use std::thread::JoinHandle;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// Lines that may wait for the disk; more are dropped rather than waited for.
const WAITING: usize = 4096;
/// Days that a file is kept, the present one included.
const KEPT_DAYS: i64 = 14;
/// What goes into the files, whatever the terminal shows.
const IN_FILES: &str = "warn,lgd_studio=info";

/// How many days have a file in this folder; none where there is no folder yet.
///
/// # Errors
/// When it cannot be read.
pub(super) fn days(folder: &std::path::Path) -> std::io::Result<usize> {
    match std::fs::read_dir(folder) {
        Ok(entries) => {
            let paths = entries.flatten().map(|entry| entry.path());
            Ok(paths.filter(|path| daily::day_of(path).is_some()).count())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

/// Keeps the files open; what waits is written when it is dropped.
pub struct LogGuard {
    lines: Option<Sender<Option<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        if let Some(lines) = self.lines.take() {
            // The thread may have ended with the disk.
            let _ = lines.send(None);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Starts logging: to standard error as loud as asked for (`RUST_LOG` overrides it), and into the files
/// of the state folder where there is one. A folder that cannot be written to costs the files alone.
pub fn start(verbosity: u8, places: Option<&Places>) -> LogGuard {
    let level = match verbosity {
        0 => "warn",
        1 => "warn,lgd_studio=info",
        2 => "info,lgd_studio=debug",
        _ => "debug,lgd_studio=trace",
    };
    let shown = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let terminal = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .without_time()
        .with_target(false)
        .with_filter(shown);
    let (lines, received) = bounded::<Option<String>>(WAITING);
    let mut guard = LogGuard {
        lines: None,
        thread: None,
    };
    if let Some(places) = places {
        let mut file = DailyFile::new(places.logs(), KEPT_DAYS);
        let write = move || {
            for line in received.iter().map_while(|line| line) {
                file.write(super::clock::now(), &line);
            }
        };
        let thread = std::thread::Builder::new().name("lgd-log".to_owned());
        guard.thread = thread.spawn(write).ok();
        guard.lines = Some(lines.clone());
    }
    let files = FileLayer::new(lines).with_filter(EnvFilter::new(IN_FILES));
    let started = tracing_subscriber::registry()
        .with(terminal)
        .with(files)
        .try_init();
    if let Err(error) = started {
        // Somebody else listens already, a test perhaps.
        tracing::debug!(%error, "logging was started before");
    }
    tracing::info!("version {} starts", env!("CARGO_PKG_VERSION"));
    guard
}
