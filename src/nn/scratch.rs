//! Working memory that threads keep between calls.

use super::parallel::buffer;
use std::cell::RefCell;

thread_local! {
    static KEPT: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// Buffers one thread keeps at most.
const KEEP: usize = 4;
/// Larger buffers, in numbers, are given back at once.
const LARGEST: usize = 24 << 20;

/// Lends `len` numbers with arbitrary content.
pub(super) fn scratch<T>(len: usize, work: impl FnOnce(&mut [f32]) -> T) -> T {
    // Taken out, not borrowed: `work` may ask again, and so may another task that this thread
    // starts while it waits.
    let kept = KEPT.with_borrow_mut(|kept| {
        let fits = kept.iter().enumerate().filter(|(_, b)| b.len() >= len);
        let best = fits.min_by_key(|(_, b)| b.len()).map(|(i, _)| i);
        best.map(|i| kept.swap_remove(i))
    });
    let mut memory = kept.unwrap_or_else(|| buffer(len));
    let result = work(&mut memory[..len]);
    if memory.len() <= LARGEST {
        KEPT.with_borrow_mut(|kept| {
            kept.push(memory);
            if kept.len() > KEEP {
                let smallest = kept.iter().enumerate().min_by_key(|(_, b)| b.len());
                if let Some((i, _)) = smallest {
                    kept.swap_remove(i);
                }
            }
        });
    }
    result
}
