//! How the allocator treats what a network frees.
//!
//! Every layer allocates its result and frees its input. By default the allocator gives freed memory
//! back to the system after a few milliseconds, and the next layer pays for every page to be cleared
//! again: about 7 % of a full-size UNet forward.

use libmimalloc_sys::{mi_collect, mi_option_set, mi_option_t};

/// `mi_option_purge_delay` of mimalloc 2 and 3; the binding names only a few options.
const PURGE_DELAY: mi_option_t = 15;
/// Freed memory waits this long for a next layer; ten times as long in large pieces.
const WAIT_MILLIS: i32 = 10_000;

/// Keeps freed memory for a moment instead of giving it back at once. Call it first in `main`, in a
/// program whose global allocator is mimalloc; in any other it has no effect.
pub fn keep_freed_memory() {
    #[expect(unsafe_code, reason = "the allocator's options are a C interface")]
    // SAFETY: the option exists in both versions, and no other thread runs yet that sets options.
    unsafe {
        mi_option_set(PURGE_DELAY, WAIT_MILLIS.into());
    }
}

/// Gives freed memory back now: a network was dropped, and the next one must not come on top of it.
/// Every thread has a heap of its own, so those that compute give back theirs as well: a few hundred
/// megabytes after a full-size network.
pub fn give_back_freed_memory() {
    collect();
    rayon::broadcast(|_| collect());
    // What they handed on to this thread.
    collect();
}

fn collect() {
    #[expect(unsafe_code, reason = "the allocator's options are a C interface")]
    // SAFETY: it may be called from any thread at any time, also where another allocator is in use.
    unsafe {
        mi_collect(true);
    }
}
