//! Keeps screen and machine awake while there is work.

use super::{PROGRAM, PROGRAM_ID};
use keepawake::{Builder, KeepAwake};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What holds sleep back, while something does.
///
/// Two locks, each on its own: a desktop without a screen saver service may still have a login
/// manager, and the other way round.
#[derive(Default)]
pub(super) struct Awake {
    locks: Vec<KeepAwake>,
}

impl Awake {
    /// Holds sleep back; where it is held back already, nothing changes.
    pub(super) fn hold(&mut self, reason: &str) {
        if !self.locks.is_empty() {
            return;
        }
        for screen in [true, false] {
            let lock = Builder::default()
                .display(screen)
                .idle(!screen)
                .reason(reason)
                .app_name(PROGRAM)
                .app_reverse_domain(PROGRAM_ID)
                .create();
            match lock {
                Ok(lock) => self.locks.push(lock),
                Err(error) => tracing::info!(%error, screen, "sleep cannot be held back"),
            }
        }
        if !self.locks.is_empty() {
            tracing::info!("the machine stays awake");
        }
    }

    /// Lets it come again.
    pub(super) fn release(&mut self) {
        if self.locks.is_empty() {
            return;
        }
        for lock in self.locks.drain(..) {
            // A lock gives up with a panic where its service has gone; then nothing is held any more.
            if catch_unwind(AssertUnwindSafe(|| drop(lock))).is_err() {
                tracing::info!("what held sleep back has gone");
            }
        }
        tracing::info!("the machine may sleep again");
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        self.release();
    }
}
