//! The order in which samples are seen: another one in every epoch, known from the seed alone.

use crate::nn::noise::Stream;

/// A walk through `count` samples without end.
#[derive(Clone, Debug)]
pub struct Order {
    count: u32,
    seed: u64,
    /// The epoch that was asked about last, with its order.
    known: Option<(u64, Vec<u32>)>,
}

impl Order {
    /// The order of a run with that seed.
    pub fn new(count: usize, seed: u64) -> Self {
        Self {
            count: u32::try_from(count).unwrap_or(u32::MAX),
            seed,
            known: None,
        }
    }

    /// The epoch that `position` falls into, from 0; `position` counts samples since the start.
    pub fn epoch(&self, position: u64) -> u64 {
        position / u64::from(self.count.max(1))
    }

    /// Index of the sample at `position`.
    pub fn at(&mut self, position: u64) -> usize {
        let (epoch, count) = (self.epoch(position), u64::from(self.count.max(1)));
        if self.known.as_ref().is_none_or(|(known, _)| *known != epoch) {
            let order = Stream::new(self.seed, "order", epoch, 0).permutation(self.count);
            self.known = Some((epoch, order));
        }
        let order = self.known.as_ref().map(|(_, order)| order.as_slice());
        let place = (position % count) as usize;
        let index = order.unwrap_or_default().get(place);
        index.map_or(0, |index| *index as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::Order;

    #[test]
    fn every_epoch_sees_every_sample_once_in_an_order_of_its_own() {
        let mut order = Order::new(20, 7);
        let epochs: Vec<Vec<usize>> = (0..3)
            .map(|epoch| (0..20).map(|i| order.at(epoch * 20 + i)).collect())
            .collect();
        for epoch in &epochs {
            let mut sorted = epoch.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..20).collect::<Vec<_>>());
        }
        assert_ne!(epochs[0], epochs[1]);
        // A position asks for nothing that came before it.
        let mut again = Order::new(20, 7);
        assert_eq!(again.at(45), epochs[2][5]);
        assert_eq!(again.at(3), epochs[0][3]);
    }
}
