//! Threads that compute make way for the one that draws the window.

use thread_priority::{ThreadPriority, ThreadPriorityValue, set_current_thread_priority};

/// Of 0 (only when nothing else wants the core) to 99; a thread that nobody changed has about 50. On Linux
/// this is niceness 9: alone on the machine nothing gets slower, and a window that wants a core has it at
/// once.
const BEHIND_THE_WINDOW: u8 = 25;

/// The calling thread makes way for others from now on. Where the system refuses, it stays as it was.
pub fn make_way() {
    let lowered = ThreadPriorityValue::try_from(BEHIND_THE_WINDOW)
        .map(ThreadPriority::Crossplatform)
        .map(set_current_thread_priority);
    if !matches!(lowered, Ok(Ok(()))) {
        tracing::debug!("a thread keeps its priority: {lowered:?}");
    }
}

/// The threads that share work make way for all others; to be said before anything is computed. False when
/// it was too late.
pub fn compute_behind_the_window() -> bool {
    let pool = rayon::ThreadPoolBuilder::new().start_handler(|_| make_way());
    pool.build_global().is_ok()
}

/// Other systems have scales of their own.
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_makes_way_comes_after_its_neighbours() {
        fn niceness() -> i64 {
            let stat = std::fs::read_to_string("/proc/thread-self/stat").expect("Linux says it");
            let after_name = stat.rsplit(") ").next().expect("fields after the name");
            // Field 19 of proc(5), counted from the state, which is field 3.
            let field = after_name.split(' ').nth(16).expect("a niceness");
            field.parse().expect("a number")
        }
        let mine = niceness();
        let theirs = std::thread::spawn(|| {
            make_way();
            niceness()
        });
        let theirs = theirs.join().expect("a thread that only reads");
        assert!(theirs >= 9, "{theirs}");
        assert_eq!(niceness(), mine, "only the thread that said so");
    }
}
