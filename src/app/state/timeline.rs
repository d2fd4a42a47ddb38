//! Time: which step all columns show, the pictures of the steps, and how far the columns have
//! drifted apart.

use crate::job::{Divergence, Estimate, JobId};
use image::RgbImage;
use std::sync::Arc;

/// Decoded pictures are kept up to this many bytes; the oldest go first.
const KEPT_BYTES: usize = 192 << 20;

/// A step of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Moment {
    /// The column, by index.
    pub column: usize,
    /// The step, from 1.
    pub step: usize,
}

/// A picture of a moment.
#[derive(Clone, Debug)]
struct Shown {
    moment: Moment,
    picture: Arc<RgbImage>,
    /// Whether it went through the decoder; the others are quick guesses.
    decoded: bool,
}

/// One clock for all columns.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// The step shown, from 1; none follows the newest.
    pub cursor: Option<usize>,
    /// Whether the cursor moves by itself.
    pub playing: bool,
    /// One entry per step that at least one column has taken.
    pub divergence: Vec<Divergence>,
    shown: Vec<Shown>,
    asked: Vec<(Moment, Option<JobId>)>,
}

impl Timeline {
    /// The picture of a moment, and whether it went through the decoder.
    pub fn picture(&self, moment: Moment) -> Option<(&Arc<RgbImage>, bool)> {
        let shown = self.shown.iter().find(|shown| shown.moment == moment)?;
        Some((&shown.picture, shown.decoded))
    }

    /// Keeps a picture; a guess never replaces a decoded one.
    pub fn keep(&mut self, moment: Moment, picture: Arc<RgbImage>, decoded: bool) {
        if self.picture(moment).is_some_and(|(_, known)| known) && !decoded {
            return;
        }
        self.shown.retain(|shown| shown.moment != moment);
        self.shown.push(Shown {
            moment,
            picture,
            decoded,
        });
        let mut bytes: usize = self.shown.iter().map(|s| s.picture.as_raw().len()).sum();
        while bytes > KEPT_BYTES && self.shown.len() > 1 {
            bytes -= self.shown.remove(0).picture.as_raw().len();
        }
    }

    /// Notes that a moment is being decoded; false when it was asked for already.
    pub fn ask(&mut self, moment: Moment) -> bool {
        let new = self.asked.iter().all(|(asked, _)| *asked != moment);
        if new {
            self.asked.push((moment, None));
        }
        new
    }

    /// The job that decodes a moment.
    pub fn submitted(&mut self, moment: Moment, job: JobId) {
        if let Some(asked) = self.asked.iter_mut().find(|asked| asked.0 == moment) {
            asked.1 = Some(job);
        }
    }

    /// The moment a job decoded, taken off the list.
    pub fn answered(&mut self, job: JobId) -> Option<Moment> {
        let place = self.asked.iter().position(|asked| asked.1 == Some(job))?;
        Some(self.asked.remove(place).0)
    }

    /// The jobs that decode moments of other steps, which nobody waits for any more.
    pub fn outdated(&self, step: usize) -> Vec<JobId> {
        let outdated = self.asked.iter().filter(|(moment, _)| moment.step != step);
        outdated.filter_map(|(_, job)| *job).collect()
    }

    /// Stops, and forgets all pictures: nobody looks.
    pub fn rest(&mut self) {
        self.playing = false;
        self.shown.clear();
        self.asked.clear();
    }

    /// Forgets what belonged to columns that are drawn anew, from index `column`.
    pub fn forget(&mut self, column: usize) {
        self.shown.retain(|shown| shown.moment.column != column);
        self.asked.retain(|(moment, _)| moment.column != column);
        self.divergence.clear();
    }

    /// Forgets a column that was taken out; those after it move up.
    pub fn forget_from(&mut self, column: usize) {
        self.forget(column);
        let move_up = |moment: &mut Moment| {
            if moment.column > column {
                moment.column -= 1;
            }
        };
        self.shown.iter_mut().for_each(|s| move_up(&mut s.moment));
        self.asked.iter_mut().for_each(|a| move_up(&mut a.0));
    }

    /// Measures the distances of every step that is new or has changed from `first_step` on.
    pub fn measure(&mut self, first_step: usize, tracks: &[&[Estimate]], frame: Option<&Estimate>) {
        let steps = tracks.iter().map(|track| track.len()).max().unwrap_or(0);
        self.divergence.resize(steps, Divergence::default());
        let entries = self.divergence.iter_mut().enumerate();
        for (index, entry) in entries.skip(first_step.saturating_sub(1)) {
            *entry = Divergence::at(index, tracks, frame);
        }
    }

    /// Where the columns part: from that step on they are never again closer than half of how far
    /// apart they are in the end. None while they end as one picture.
    ///
    /// A bump that goes away again is no parting, and columns whose distance only falls were never
    /// together.
    pub fn parting(&self) -> Option<Parting> {
        /// Closer than this all columns show one picture.
        const SAME: f32 = 1e-3;
        let between = || self.divergence.iter().map(|entry| entry.between);
        let last = between().flatten().next_back()?;
        if last <= SAME {
            return None;
        }
        let close = |distance: Option<f32>| distance.is_some_and(|d| d < last / 2.0);
        let together = between().collect::<Vec<_>>();
        Some(match together.into_iter().rposition(close) {
            Some(index) => Parting::At(index + 2),
            None => Parting::FromStart,
        })
    }
}

/// Since when columns differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// From the first step on.
    FromStart,
    /// From this step on, counted from 1.
    At(usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(value: f32) -> Estimate {
        Estimate {
            shape: [1, 1, 2],
            values: [half::f16::from_f32(value); 2].into(),
        }
    }

    #[test]
    fn distances_are_measured_and_the_parting_is_found() {
        let mut timeline = Timeline::default();
        let a = [estimate(0.0), estimate(0.0), estimate(0.0)];
        let b = [estimate(0.0), estimate(0.25), estimate(1.0)];
        timeline.measure(1, &[&a, &b], Some(&estimate(1.0)));
        let between: Vec<_> = timeline.divergence.iter().map(|d| d.between).collect();
        assert_eq!(between, [Some(0.0), Some(0.25), Some(1.0)]);
        let last = timeline.divergence.last().map(|d| d.to_frame.clone());
        assert_eq!(last, Some(vec![Some(1.0), Some(0.0)]));
        assert_eq!(timeline.parting(), Some(Parting::At(3)));
        timeline.measure(1, &[&a], None);
        assert_eq!(timeline.parting(), None);
    }

    #[test]
    fn a_parting_is_where_the_columns_stay_apart() {
        let at = Parting::At;
        for (distances, expected) in [
            (vec![0.0, 0.1, 0.3, 0.5, 0.5], Some(at(3))),
            // Falling from the start: they were never together.
            (vec![0.9, 0.6, 0.5, 0.4], Some(Parting::FromStart)),
            // A bump that goes away is no parting.
            (vec![0.0, 0.8, 0.1, 0.1, 0.6], Some(at(5))),
            (vec![0.5, 0.4, 0.1, 0.0], None),
            (vec![0.0, 0.0], None),
            (vec![], None),
        ] {
            let entry = |distance: &f32| Divergence {
                between: Some(*distance),
                to_frame: Vec::new(),
            };
            let timeline = Timeline {
                divergence: distances.iter().map(entry).collect(),
                ..Timeline::default()
            };
            assert_eq!(timeline.parting(), expected, "{distances:?}");
        }
    }

    #[test]
    fn a_guess_never_replaces_a_decoded_picture() {
        let mut timeline = Timeline::default();
        let moment = Moment { column: 0, step: 3 };
        let (first, second) = (Arc::new(RgbImage::new(1, 1)), Arc::new(RgbImage::new(2, 2)));
        timeline.keep(moment, first.clone(), false);
        timeline.keep(moment, second.clone(), true);
        timeline.keep(moment, first, false);
        let kept = timeline.picture(moment).expect("it was kept");
        assert!(Arc::ptr_eq(kept.0, &second) && kept.1);
    }

    #[test]
    fn every_moment_is_asked_for_once_and_old_ones_are_outdated() {
        let mut timeline = Timeline::default();
        let moment = Moment { column: 0, step: 3 };
        assert!(timeline.ask(moment) && !timeline.ask(moment));
        timeline.submitted(moment, JobId(9));
        assert_eq!(timeline.outdated(4), [JobId(9)]);
        assert_eq!(timeline.outdated(3), []);
        assert_eq!(timeline.answered(JobId(9)), Some(moment));
        assert!(timeline.ask(moment));
    }
}
