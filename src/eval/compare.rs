//! The difference to the paper's table and to an earlier evaluation.

use super::{MethodReport, Metrics, Report};
use crate::pipeline::GuidanceMode;

/// The paper's row for a mode; it has none for both.
///
/// Source: *Image Content Generation with Causal Reasoning* (arXiv 2312.07132), the table of the
/// automatic evaluation, nine pictures per sample.
pub fn paper(mode: GuidanceMode) -> Option<Metrics> {
    let values = match mode {
        GuidanceMode::Question => [0.8361, 0.8831, 0.8311, 0.8781],
        GuidanceMode::Answer => [0.8444, 0.8867, 0.8394, 0.8819],
        GuidanceMode::Latent => [0.8589, 0.9038, 0.8539, 0.8987],
        GuidanceMode::Both => return None,
    };
    Some(Metrics::from_values(values))
}

/// The numbers of all samples minus the paper's for the same mode.
pub fn paper_difference(method: &MethodReport) -> Option<Metrics> {
    Some(method.total()?.metrics?.minus(&paper(method.mode?)?))
}

/// How one category moved.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its name.
    pub category: String,
    /// The new numbers minus the old ones.
    pub difference: Metrics,
    /// Samples before.
    pub samples_before: usize,
}

/// The categories of `method` that `earlier` has numbers for, with the difference. The same mode is
/// compared; a method without a mode, with the one of the same name, or the only one.
pub fn against(method: &MethodReport, earlier: &Report) -> Vec<Change> {
    let same = |other: &&MethodReport| match method.mode {
        Some(mode) => other.mode == Some(mode),
        None => other.name == method.name,
    };
    let before = match earlier.methods.iter().find(same) {
        Some(before) => before,
        None => match earlier.methods.as_slice() {
            [only] if only.mode.is_none() || method.mode.is_none() => only,
            _ => return Vec::new(),
        },
    };
    let changes = method.categories.iter().filter_map(|now| {
        let old = before
            .categories
            .iter()
            .find(|old| old.category == now.category)?;
        Some(Change {
            category: now.category.clone(),
            difference: now.metrics?.minus(&old.metrics?),
            samples_before: old.samples,
        })
    });
    changes.collect()
}
