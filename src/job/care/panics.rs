//! What happens at the moment of a panic: a line in the log and a report, before anything else.

use super::CrashReport;
use super::report::without_quotes;
use crate::job::Places;
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::panic::PanicHookInfo;

thread_local! {
    /// Whether this thread is writing a report already.
    static REPORTING: Cell<bool> = const { Cell::new(false) };
}

/// From now on every panic is logged and reported, also one that a thread catches and turns into a
/// failed job; what is printed about it stays as it is. Without places it is only logged.
pub fn install(places: Option<Places>) {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        // A mistake in here would end the program before it said anything.
        if !REPORTING.replace(true) {
            report(info, places.as_ref());
            REPORTING.set(false);
        }
        before(info);
    }));
}

fn report(info: &PanicHookInfo<'_>, places: Option<&Places>) {
    let message = info.payload_as_str().unwrap_or("no message");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed").to_owned();
    tracing::error!("panic in {thread} at {place}: {}", without_quotes(message));
    let Some(places) = places else {
        return;
    };
    let backtrace = Backtrace::force_capture().to_string();
    let report = CrashReport::of(message, place, thread, backtrace);
    match report.write(places) {
        Ok(path) => tracing::error!("the report is in {}", path.display()),
        Err(problem) => tracing::error!("no report was written: {}", problem.message),
    }
}
