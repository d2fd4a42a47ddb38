//! How this process multiplies matrices of f32.

use crate::nn::flash::has_paired_halves;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};

/// The numbers that are multiplied on the processor; sums are f32 always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Products {
    /// 32 bits.
    #[default]
    F32,
    /// 16 bits, rounded from f32 when they are multiplied.
    Bf16,
}

/// Whether products are rounded. One for the process: a product may be computed on any of its threads.
static ROUNDED: AtomicBool = AtomicBool::new(false);

impl Products {
    /// What comes of it on this processor.
    pub fn taken(self) -> Self {
        match has_paired_halves() {
            true => self,
            false => Self::F32,
        }
    }

    /// Whether this processor has no such products.
    pub fn is_missing(self) -> bool {
        self != self.taken()
    }

    /// Multiplies so from now on, in the whole process: for programs that train and do nothing else.
    pub fn choose(self) {
        self.replace();
    }

    /// Multiplies so, in the whole process, until what comes back is dropped.
    pub fn meanwhile(self) -> Meanwhile {
        Meanwhile {
            rounded: self.replace(),
        }
    }

    /// Whether products were rounded before.
    fn replace(self) -> bool {
        ROUNDED.swap(self.taken() == Self::Bf16, Ordering::Relaxed)
    }
}

/// While it lives products are others than the process chose.
#[derive(Debug)]
#[must_use = "products are the former ones again when it is dropped"]
pub struct Meanwhile {
    rounded: bool,
}

impl Drop for Meanwhile {
    fn drop(&mut self) {
        ROUNDED.store(self.rounded, Ordering::Relaxed);
    }
}

/// Whether products are rounded to pairs of bf16.
#[cfg(target_arch = "x86_64")]
pub(in crate::nn) fn are_rounded() -> bool {
    ROUNDED.load(Ordering::Relaxed)
}
