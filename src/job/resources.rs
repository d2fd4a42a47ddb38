//! What the worker may use: device, precision and memory. A change takes effect with the next job.

use super::{DeviceChoice, MemorySize, Precision};
use std::sync::{Arc, Mutex, PoisonError};

/// What networks may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// Where they compute.
    pub device: DeviceChoice,
    /// The numbers in which the large ones compute.
    pub precision: Precision,
    /// The most memory that they and their work may take.
    pub memory_limit: Option<MemorySize>,
}

impl Resources {
    /// The same, where nothing was chosen as `other` says.
    pub fn or(self, other: Self) -> Self {
        let said = |own, chosen| {
            if own == Default::default() {
                chosen
            } else {
                own
            }
        };
        Self {
            device: if self.device == DeviceChoice::Auto {
                other.device
            } else {
                self.device
            },
            precision: said(self.precision, other.precision),
            memory_limit: self.memory_limit.or(other.memory_limit),
        }
    }
}

/// The present resources, which the faces set and the worker reads.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedResources(Arc<Mutex<Resources>>);

impl SharedResources {
    pub(super) fn new(resources: Resources) -> Self {
        Self(Arc::new(Mutex::new(resources)))
    }

    pub(super) fn get(&self) -> Resources {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, resources: Resources) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = resources;
    }
}
