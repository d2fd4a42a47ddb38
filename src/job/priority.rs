//! Work that leaves the window smooth: threads that compute step back behind those that draw.
//!
//! On a machine with few cores a drawing run keeps all of them busy for seconds. The window's own
//! threads need little, but they need it now; the system gives it to them when the computing threads
//! have a lower priority. Nothing is lost while no other program wants the processor.

use std::sync::Once;
use thread_priority::{ThreadPriority, set_current_thread_priority};

/// Below the usual 50 of 100: a niceness of 8 on Linux, "below normal" on Windows.
const BEHIND: u8 = 30;

/// Lets the calling thread step back.
pub(super) fn step_back() {
    let Ok(priority) = BEHIND.try_into() else {
        return;
    };
    if let Err(error) = set_current_thread_priority(ThreadPriority::Crossplatform(priority)) {
        tracing::debug!("a computing thread keeps the usual priority: {error:?}");
    }
}

/// Lets the threads that share the loops of the networks step back. They are started here, so it has
/// to come before the first network runs.
pub(super) fn step_back_loops() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let pool = rayon::ThreadPoolBuilder::new()
            .thread_name(|index| format!("lgd-loops-{index}"))
            .start_handler(|_| step_back());
        if let Err(error) = pool.build_global() {
            tracing::debug!("the loops keep the usual priority: {error}");
        }
    });
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    /// The niceness of the calling thread, as the system tells it.
    fn niceness() -> Option<i32> {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").ok()?;
        // The name, in brackets, may hold spaces; the nice value is the 19th field.
        let (_, rest) = stat.rsplit_once(')')?;
        rest.split_whitespace().nth(16)?.parse().ok()
    }

    #[test]
    fn a_computing_thread_steps_back_and_the_others_do_not() {
        let before = niceness();
        let stepped = std::thread::spawn(|| {
            step_back();
            niceness()
        });
        let stepped = stepped.join().expect("the thread ends");
        assert!(stepped > before, "{before:?} {stepped:?}");
        assert_eq!(niceness(), before);
    }
}
