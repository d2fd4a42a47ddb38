//! Work on disjoint pieces of a buffer, shared among threads only when it is worth it.
//!
//! Pieces never depend on the number of threads, so results do not either.

use rayon::prelude::*;

/// Below this many elementary steps one thread is faster than waking another.
const WORTH_SHARING: usize = 40_000;

/// Whether `steps` elementary steps are worth more than one thread.
pub(super) fn worth_sharing(steps: usize) -> bool {
    steps > WORTH_SHARING && rayon::current_num_threads() > 1
}

/// Computes with so many threads from now on; to be said before anything is computed. False when it was
/// too late.
pub fn use_threads(count: usize) -> bool {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count);
    pool.build_global().is_ok()
}

/// A buffer of `len` numbers that the caller overwrites completely.
#[expect(
    unsafe_code,
    clippy::uninit_vec,
    reason = "zeroing an activation costs as much as computing it"
)]
pub(super) fn buffer(len: usize) -> Vec<f32> {
    let mut values = Vec::with_capacity(len);
    // SAFETY: the capacity is `len`, any bit pattern is an f32, and callers write before they read.
    unsafe {
        values.set_len(len);
    }
    values
}

/// Calls `work(index, piece)` for every `piece_len` items of `out`; `steps` is the cost of all.
pub(super) fn pieces(
    out: &mut [f32],
    piece_len: usize,
    steps: usize,
    work: impl Fn(usize, &mut [f32]) + Sync,
) {
    let piece_len = piece_len.max(1);
    if worth_sharing(steps) && out.len() > piece_len {
        out.par_chunks_mut(piece_len)
            .enumerate()
            .for_each(|(i, piece)| work(i, piece));
    } else {
        for (i, piece) in out.chunks_mut(piece_len).enumerate() {
            work(i, piece);
        }
    }
}

/// The results of `work(0..count)`, in order.
pub(super) fn collect<T: Send>(
    count: usize,
    steps: usize,
    work: impl Fn(usize) -> T + Sync + Send,
) -> Vec<T> {
    if worth_sharing(steps) && count > 1 {
        (0..count).into_par_iter().map(work).collect()
    } else {
        (0..count).map(work).collect()
    }
}

/// The results of `work` for every task, in order; `steps` is the cost of all.
pub(super) fn map<T: Send, R: Send>(
    tasks: Vec<T>,
    steps: usize,
    work: impl Fn(T) -> R + Sync + Send,
) -> Vec<R> {
    if worth_sharing(steps) && tasks.len() > 1 {
        tasks.into_par_iter().map(work).collect()
    } else {
        tasks.into_iter().map(work).collect()
    }
}

/// Calls `work` for every task; `steps` is the cost of all.
pub(super) fn each<T: Send>(tasks: Vec<T>, steps: usize, work: impl Fn(T) + Sync + Send) {
    if worth_sharing(steps) && tasks.len() > 1 {
        tasks.into_par_iter().for_each(work);
    } else {
        tasks.into_iter().for_each(work);
    }
}
