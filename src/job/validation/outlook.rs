//! What an evaluation would be, before anything is drawn or written.

use super::ValidateSpec;
use super::place::Place;
use super::plan;
use crate::dataset::Records;
use crate::eval::{Skipped, Truths};
use crate::job::Problem;
use crate::pipeline::{Abilities, Bundle, EditError};
use std::path::Path;

/// What is known of an evaluation that is being set up.
#[derive(Clone, Debug, PartialEq)]
pub struct Outlook {
    /// The splits of the data set.
    pub splits: Vec<String>,
    /// What there is to do, or why it cannot be done.
    pub work: Result<Expected, Problem>,
}

/// What there is to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Samples.
    pub samples: usize,
    /// Pictures to be drawn.
    pub pictures: usize,
    /// Pictures that are there already.
    pub kept: usize,
    /// Samples that cannot be drawn, with the reason.
    pub skipped: Vec<Skipped>,
    /// Whether the data set is a toon one, whose pictures are judged without CLIP.
    pub toon: bool,
}

impl Outlook {
    /// Looks at the data set and at what the folder has already; writes nothing.
    pub fn of(spec: &ValidateSpec) -> Self {
        let splits = splits(&spec.dataset);
        let stopped = || Problem::new("The look at the data set was stopped.");
        let work = expected(spec).map_err(|error| error.problem().unwrap_or_else(stopped));
        Self { splits, work }
    }
}

fn expected(spec: &ValidateSpec) -> Result<Expected, EditError> {
    let records = Records::of_split(&spec.dataset, &spec.split).map_err(Problem::from)?;
    let bundle = Bundle::open(&spec.bundle)?;
    spec.check(&records, &Abilities::of(&bundle))?;
    let place = Place::foresee(spec, &bundle.manifest)?;
    let toon = !Truths::of(&records.usable).is_empty();
    let work = plan::plan(&records, spec, &place)?;
    Ok(Expected {
        samples: work.complete + work.samples.len(),
        pictures: work.pictures(),
        kept: work.kept,
        skipped: work.skipped,
        toon,
    })
}

/// The splits that a data set has lists of, in order.
fn splits(dataset: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dataset).into_iter().flatten().flatten();
    let mut splits: Vec<String> = entries
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let split = name.strip_prefix("labels_cot_")?.strip_suffix(".json")?;
            Some(split.to_owned())
        })
        .collect();
    splits.sort();
    splits
}
