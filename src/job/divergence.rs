//! How far the columns of a run are apart, step by step: the curves under the timeline and the
//! numbers of an exported table.

use super::Estimate;

/// How far apart the columns are after a step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Divergence {
    /// The largest distance between two columns; none for a single one.
    pub between: Option<f32>,
    /// The distance of every column to the frame.
    pub to_frame: Vec<Option<f32>>,
}

impl Divergence {
    /// The distances after the step with this index, from 0. `frame` is the frame in the terms of the
    /// estimates.
    pub fn at(index: usize, tracks: &[&[Estimate]], frame: Option<&Estimate>) -> Self {
        let at: Vec<Option<&Estimate>> = tracks.iter().map(|track| track.get(index)).collect();
        let pairs = at.iter().enumerate().flat_map(|(i, a)| {
            let others = at.get(i + 1..).unwrap_or_default();
            others.iter().filter_map(move |b| (*a)?.distance((*b)?))
        });
        Self {
            between: pairs.reduce(f32::max),
            to_frame: at.iter().map(|a| (*a)?.distance(frame?)).collect(),
        }
    }
}
