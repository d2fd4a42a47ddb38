//! How long the UI thread works per frame; DESIGN section 9 wants at most 5 ms in 99 of 100.

use std::collections::VecDeque;
use std::time::Duration;

/// Frames that are remembered.
const KEPT: usize = 2000;

/// The latest frames.
#[derive(Clone, Debug, Default)]
pub struct FrameTimes {
    latest: VecDeque<Duration>,
}

/// What the latest frames took, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeSummary {
    /// Frames that were measured.
    pub frames: usize,
    /// Half of them took at most this.
    pub median_ms: f64,
    /// 99 of 100 took at most this.
    pub p99_ms: f64,
    /// The longest.
    pub longest_ms: f64,
}

impl FrameTimes {
    /// Adds a frame.
    pub fn push(&mut self, time: Duration) {
        if self.latest.len() == KEPT {
            self.latest.pop_front();
        }
        self.latest.push_back(time);
    }

    /// What the newest frame took; none before the first.
    pub fn last(&self) -> Option<Duration> {
        self.latest.back().copied()
    }

    /// Forgets the frames so far.
    pub fn clear(&mut self) {
        self.latest.clear();
    }

    /// What the latest frames took; none before the first.
    pub fn summary(&self) -> Option<TimeSummary> {
        let mut sorted: Vec<f64> = self
            .latest
            .iter()
            .map(|time| time.as_secs_f64() * 1000.0)
            .collect();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let index = (sorted.len() as f64 * share).ceil() as usize;
            sorted.get(index.saturating_sub(1)).copied()
        };
        Some(TimeSummary {
            frames: sorted.len(),
            median_ms: at(0.5)?,
            p99_ms: at(0.99)?,
            longest_ms: at(1.0)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_from_the_slow_end() {
        let mut times = FrameTimes::default();
        assert_eq!(times.summary(), None);
        for ms in 1..=100 {
            times.push(Duration::from_millis(ms));
        }
        let summary = times.summary().expect("a hundred frames");
        assert_eq!(summary.frames, 100);
        assert_eq!(summary.median_ms, 50.0);
        assert_eq!(summary.p99_ms, 99.0);
        assert_eq!(summary.longest_ms, 100.0);
    }
}
