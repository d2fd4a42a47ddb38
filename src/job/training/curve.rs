//! A curve of a run with a bounded number of points, however long the run is.

use std::sync::Arc;

/// Most points of a curve; a window is rarely wider in pixels.
pub const MAX_POINTS: usize = 1024;

/// Means over groups of neighbouring steps. When there are too many groups, pairs become one.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    /// First step, sum and count of every group.
    groups: Vec<(f64, f64, u32)>,
    /// Steps per group.
    width: u32,
}

impl Default for Curve {
    fn default() -> Self {
        Self {
            groups: Vec::new(),
            width: 1,
        }
    }
}

impl Curve {
    /// Adds the value of a step; what is no number leaves a gap.
    pub fn push(&mut self, step: u64, value: f64) {
        if !value.is_finite() {
            return;
        }
        match self.groups.last_mut() {
            Some((_, sum, count)) if *count < self.width => {
                *sum += value;
                *count += 1;
            }
            _ => self.groups.push((step as f64, value, 1)),
        }
        if self.groups.len() > MAX_POINTS {
            self.halve();
        }
    }

    /// Forgets what came after `step`: a run that was killed does these steps again.
    pub fn rewind(&mut self, step: u64) {
        self.groups.retain(|(first, ..)| *first <= step as f64);
    }

    /// Points as (step, mean), in the order of the steps.
    pub fn points(&self) -> Arc<[[f64; 2]]> {
        let middle = |count: u32| f64::from(count - 1) / 2.0;
        let points = self.groups.iter();
        points
            .map(|&(first, sum, count)| [first + middle(count), sum / f64::from(count)])
            .collect()
    }

    fn halve(&mut self) {
        self.width *= 2;
        self.groups = self
            .groups
            .chunks(2)
            .map(|pair| match *pair {
                [a, b] => (a.0, a.1 + b.1, a.2 + b.2),
                [a] => a,
                _ => (0.0, 0.0, 1),
            })
            .collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_keeps_its_shape_in_few_points() {
        let mut curve = Curve::default();
        for step in 1..=100_000u64 {
            curve.push(step, step as f64 * 2.0);
        }
        let points = curve.points();
        assert!((MAX_POINTS / 2..=MAX_POINTS).contains(&points.len()));
        // A line stays the line, and nothing is lost at its ends.
        for [step, value] in points.iter() {
            assert!((value - step * 2.0).abs() < 1e-6, "{step} {value}");
        }
        assert!(points.last().is_some_and(|[step, _]| *step > 99_800.0));
        curve.rewind(50_000);
        assert!(
            curve
                .points()
                .last()
                .is_some_and(|[step, _]| *step < 50_200.0)
        );
    }

    #[test]
    fn gaps_are_left_out() {
        let mut curve = Curve::default();
        curve.push(1, 1.0);
        curve.push(2, f64::NAN);
        curve.push(3, 3.0);
        assert_eq!(curve.points().as_ref(), [[1.0, 1.0], [3.0, 3.0]]);
    }
}
