//! The thumbnails in memory: those on screen, and as many of the others as fit.

use std::collections::BTreeMap;

/// Thumbnails in memory; 64 KiB to 200 KiB each.
const MOST: usize = 400;

/// Thumbnails by pair, or by frame.
#[derive(Debug)]
pub(super) struct Thumbs<T> {
    known: BTreeMap<usize, (u64, T)>,
    clock: u64,
}

impl<T> Default for Thumbs<T> {
    fn default() -> Self {
        Self {
            known: BTreeMap::new(),
            clock: 0,
        }
    }
}

impl<T> Thumbs<T> {
    /// What is known of a pair's thumbnail.
    pub(super) fn get(&self, pair: usize) -> Option<&T> {
        self.known.get(&pair).map(|(_, state)| state)
    }

    /// Takes in a thumbnail, and lets the oldest go where there are too many.
    pub(super) fn put(&mut self, pair: usize, state: T) {
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
    #[test]
    fn the_newest_thumbnails_stay() {
        let mut thumbs = Thumbs::default();
        for pair in 0..5_000 {
            thumbs.put(pair, "picture");
        }
        assert!(thumbs.len() <= MOST + MOST / 4);
        assert!(thumbs.get(4_999).is_some() && thumbs.get(0).is_none());
    }
}
