//! From an event of `tracing` to a line for the file and for the memory.

use super::{LogLevel, LogLine};
use crate::job::clock;
use crossbeam_channel::Sender;
use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::sync::Mutex;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// Lines that stay in memory.
const REMEMBERED: usize = 200;

/// The newest lines of this process.
static RECENT: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());

/// The newest lines of this process, the newest last. None rather than waiting for somebody: this is
/// asked for in the middle of a panic.
pub fn recent() -> Vec<String> {
    match RECENT.try_lock() {
        Ok(lines) => lines.iter().cloned().collect(),
        Err(_) => Vec::new(),
    }
}

/// Hands every event on as a line.
pub(super) struct FileLayer {
    lines: Sender<Option<String>>,
}

impl FileLayer {
    pub(super) fn new(lines: Sender<Option<String>>) -> Self {
        Self { lines }
    }
}

impl<S: Subscriber> Layer<S> for FileLayer {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut words = Words::default();
        event.record(&mut words);
        let about = event.metadata();
        // Events of the older `log` say in a field where they are from.
        let target = words.target.as_deref().unwrap_or(about.target());
        let thread = std::thread::current();
        let line = LogLine {
            at: format!("{}Z", clock::stamp(clock::now()).replacen(' ', "T", 1)),
            level: match *about.level() {
                Level::ERROR => LogLevel::Error,
                Level::WARN => LogLevel::Warning,
                _ => LogLevel::Info,
            },
            process: std::process::id().to_string(),
            thread: thread.name().unwrap_or("-").replace(' ', "-"),
            target: target.trim_start_matches("lgd_studio::").to_owned(),
            text: words.text,
        };
        let line = line.to_string();
        if let Ok(mut recent) = RECENT.try_lock() {
            recent.push_back(line.clone());
            if recent.len() > REMEMBERED {
                recent.pop_front();
            }
        }
        // Nobody waits for a disk: what finds no room is only in memory.
        let _ = self.lines.try_send(Some(line));
    }
}

/// The message of an event, then its fields as `name=value`.
#[derive(Default)]
struct Words {
    text: String,
    target: Option<String>,
}

impl Visit for Words {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "log.target" => self.target = Some(value.to_owned()),
            name if name.starts_with("log.") => {}
            _ => self.record_debug(field, &value),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let Self { text, .. } = self;
        let written = match field.name() {
            "message" => {
                let fields = std::mem::take(text);
                write!(text, "{value:?}{fields}")
            }
            name if name.starts_with("log.") => Ok(()),
            name => write!(text, " {name}={value:?}"),
        };
        debug_assert!(written.is_ok(), "a text takes everything");
    }
}
