//! What of an evaluation is still missing.

use super::ValidateSpec;
use super::place::{INPUT, Place, TARGET, picture, unwritable};
use crate::dataset::{Record, Records};
use crate::eval::Skipped;
use crate::job::{GuidanceMode, Problem};
use crate::nn::cancel;
use crate::pipeline::EditError;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// A generated picture to be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Missing {
    pub mode: GuidanceMode,
    /// The place of the seed in the list.
    pub index: usize,
    pub seed: u64,
}

/// One sample with something missing.
pub(super) struct Sample {
    pub record: Record,
    pub frame: PathBuf,
    pub target: PathBuf,
    /// Modes whose folder or contact sheet is not complete.
    pub modes: Vec<GuidanceMode>,
    /// What has to be drawn.
    pub missing: Vec<Missing>,
}

/// All that is to be done.
#[derive(Default)]
pub(super) struct Work {
    pub samples: Vec<Sample>,
    pub skipped: Vec<Skipped>,
    /// Samples that are complete.
    pub complete: usize,
    /// Generated pictures that are there.
    pub kept: usize,
}

impl Work {
    /// Pictures to be drawn.
    pub(super) fn pictures(&self) -> usize {
        self.samples.iter().map(|sample| sample.missing.len()).sum()
    }
}

/// Looks at what is there.
///
/// # Errors
/// [`EditError::Cancelled`], or when a folder cannot be listed.
pub(super) fn plan(
    records: &Records,
    spec: &ValidateSpec,
    place: &Place,
) -> Result<Work, EditError> {
    let broken = records.broken.iter().map(|broken| Skipped {
        name: broken.record.clone(),
        reason: format!("The record cannot be used: {}.", broken.reason),
    });
    let mut work = Work {
        skipped: broken.collect(),
        ..Work::default()
    };
    let wanted = records.usable.iter().take(spec.limit.unwrap_or(usize::MAX));
    let own = wanted
        .enumerate()
        .filter(|(place, _)| spec.shard.has(*place));
    for (_, record) in own {
        if cancel::checkpoint().is_err() {
            return Err(EditError::Cancelled);
        }
        if !is_file_name(&record.sample_name) {
            work.skipped.push(Skipped {
                name: record.sample_name.clone(),
                reason: "The name of the sample cannot be that of a folder.".to_owned(),
            });
            continue;
        }
        let mut sample = Sample {
            frame: records.images.join(&record.image1_name),
            target: records.images.join(&record.image2_name),
            record: record.clone(),
            modes: Vec::new(),
            missing: Vec::new(),
        };
        work.kept += sample.look(spec, place)?;
        if sample.modes.is_empty() {
            work.complete += 1;
        } else {
            work.samples.push(sample);
        }
    }
    Ok(work)
}

impl Sample {
    /// Notes what is missing; how many pictures are there.
    fn look(&mut self, spec: &ValidateSpec, place: &Place) -> Result<usize, Problem> {
        let name = &self.record.sample_name;
        let mut kept = 0;
        for &mode in &spec.modes {
            let there = files(&place.sample(mode, name))?;
            let has = |file: &str| there.contains(&OsString::from(file));
            let before = self.missing.len();
            for (index, &seed) in spec.seeds.iter().enumerate() {
                if has(&picture(index, mode, seed)) {
                    kept += 1;
                } else {
                    self.missing.push(Missing { mode, index, seed });
                }
            }
            let complete = self.missing.len() == before
                && has(INPUT)
                && has(TARGET)
                && place.sheet(mode, name).is_file();
            if !complete {
                self.modes.push(mode);
            }
        }
        Ok(kept)
    }
}

fn files(folder: &Path) -> Result<BTreeSet<OsString>, Problem> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(e) => return Err(unwritable(&e, folder)),
    };
    let names = entries.map(|entry| Ok(entry?.file_name()));
    names
        .collect::<io::Result<_>>()
        .map_err(|e| unwritable(&e, folder))
}

/// Whether a name is one part of a path and no hidden one, which the original passes over.
fn is_file_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0', ':'])
}
