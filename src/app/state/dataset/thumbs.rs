//! The thumbnails in memory: those on screen, and as many of the others as fit.

use super::ThumbState;
use std::collections::BTreeMap;

/// Thumbnails in memory; 64 KiB to 200 KiB each.
const MOST: usize = 400;

/// Thumbnails by pair.
#[derive(Debug, Default)]
pub(super) struct Thumbs {
    known: BTreeMap<usize, (u64, ThumbState)>,
    clock: u64,
}

impl Thumbs {
    /// What is known of a pair's thumbnail.
    pub(super) fn get(&self, pair: usize) -> Option<&ThumbState> {
        self.known.get(&pair).map(|(_, state)| state)
    }

    /// Takes in a thumbnail, and lets the oldest go where there are too many.
    pub(super) fn put(&mut self, pair: usize, state: ThumbState) {
        self.clock += 1;
        self.known.insert(pair, (self.clock, state));
        if self.known.len() > MOST + MOST / 4 {
            let mut ages: Vec<u64> = self.known.values().map(|(age, _)| *age).collect();
            ages.sort_unstable();
            let oldest = ages.get(ages.len() - MOST).copied().unwrap_or_default();
            self.known.retain(|_, (age, _)| *age >= oldest);
        }
    }

    /// Forgets a pair, whose pictures have changed.
    pub(super) fn forget(&mut self, pair: usize) {
        self.known.remove(&pair);
    }

    /// Thumbnails in memory.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Problem;

    #[test]
    fn the_newest_thumbnails_stay() {
        let mut thumbs = Thumbs::default();
        for pair in 0..5_000 {
            thumbs.put(pair, ThumbState::Failed(Problem::new("none")));
        }
        assert!(thumbs.len() <= MOST + MOST / 4);
        assert!(thumbs.get(4_999).is_some() && thumbs.get(0).is_none());
    }
}
