//! Failures that a soak test asks for: what a worker does when a network panics or a device is lost
//! cannot be waited for. No program sets one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The worker's thread panics.
    Panic,
    /// The device answers no more.
    LostDevice,
}

/// A place for one fault, which the next denoising step meets.
#[derive(Clone, Debug, Default)]
pub struct Sabotage(Arc<AtomicU8>);

impl Sabotage {
    /// Lets this go wrong at the next step that is drawn.
    pub fn plan(&self, fault: Fault) {
        let number = match fault {
            Fault::Panic => 1,
            Fault::LostDevice => 2,
        };
        self.0.store(number, Ordering::Relaxed);
    }

    /// The fault that was planned, once.
    pub(super) fn strike(&self) -> Option<Fault> {
        match self.0.swap(0, Ordering::Relaxed) {
            1 => Some(Fault::Panic),
            2 => Some(Fault::LostDevice),
            _ => None,
        }
    }
}
