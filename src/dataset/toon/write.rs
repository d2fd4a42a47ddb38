//! VQAI data sets of the toon world, of any size.
//!
//! The folder has the layout of the authors' data: `images/`, a list of records per split and, for
//! the splits that are evaluated, the names by category. The records also carry rule, case,
//! category, causal chain and both scenes. The same settings give the same bytes. A run that was
//! stopped goes on where it stopped: every file appears whole, and what is there is not drawn again.

use super::render::Renderer;
use super::sample::{Sample, Split, samples};
use crate::dataset::{DatasetError, DatasetProblem};
use image::{ImageFormat, RgbImage};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::Path;

/// What the folder remembers of how it was made.
const SETTINGS_FILE: &str = "toon.json";
/// Samples drawn between two reports.
const BATCH: usize = 32;

/// A data set to be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToonDataset {
    /// Seed of the samples; 1 gives the reference's.
    pub seed: u64,
    /// Side of the pictures, in pixels.
    pub size: u32,
    /// Samples of each split.
    pub counts: Vec<(Split, usize)>,
}

impl ToonDataset {
    /// `count` samples for training and a tenth of that, at most 400, for each other split.
    pub fn new(count: usize, seed: u64) -> Self {
        let others = |split: Split| (count / 10).clamp(1, split.usual_size().max(1));
        let counts = Split::ALL.map(|split| match split {
            Split::Train => (split, count),
            _ => (split, others(split)),
        });
        Self {
            seed,
            size: 128,
            counts: counts.to_vec(),
        }
    }

    /// Samples of all splits.
    pub fn total(&self) -> usize {
        self.counts.iter().map(|(_, count)| count).sum()
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Written {
    /// Samples in the data set.
    pub samples: usize,
    /// Pictures that were drawn now; the others were there already.
    pub drawn: usize,
    /// Whether it is complete; not when it was cancelled.
    pub complete: bool,
}

/// Writes `dataset` into `folder`, which is made, or goes on with the same one there.
///
/// `on_progress(done, total)` counts samples; a `Break` ends the work with nothing half-written.
///
/// # Errors
/// When the folder holds something else, or cannot be written.
pub fn write_dataset(
    dataset: &ToonDataset,
    folder: &Path,
    mut on_progress: impl FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Written, DatasetError> {
    claim(dataset, folder)?;
    let renderer = Renderer::new();
    let mut written = Written {
        samples: 0,
        drawn: 0,
        complete: false,
    };
    let total = dataset.total();
    for &(split, count) in &dataset.counts {
        let mut labelled: Vec<Labelled> = Vec::with_capacity(count);
        let mut split_samples = samples(split, dataset.seed).take(count).enumerate();
        loop {
            let batch: Vec<Labelled> = split_samples
                .by_ref()
                .take(BATCH)
                .map(|(index, sample)| Labelled::new(split, index, sample))
                .collect();
            if batch.is_empty() {
                break;
            }
            let drawn: Vec<usize> = batch
                .par_iter()
                .map(|labelled| labelled.draw(&renderer, folder, dataset.size))
                .collect::<Result<_, _>>()?;
            written.drawn += drawn.into_iter().sum::<usize>();
            written.samples += batch.len();
            labelled.extend(batch);
            if on_progress(written.samples, total).is_break() {
                return Ok(written);
            }
        }
        write_labels(split, &labelled, folder)?;
    }
    written.complete = true;
    Ok(written)
}

/// Makes the folder and notes what it is for; refuses one that is for something else.
fn claim(dataset: &ToonDataset, folder: &Path) -> Result<(), DatasetError> {
    let unwritable = |e| DatasetProblem::Unwritable(e).at(folder);
    let about = folder.join(SETTINGS_FILE);
    match std::fs::read(&about) {
        Ok(text) => {
            if serde_json::from_slice(&text).is_ok_and(|there: ToonDataset| there == *dataset) {
                return Ok(());
            }
            let other = "a toon data set of another seed or size".to_owned();
            return Err(DatasetProblem::Occupied(other).at(folder));
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(e) => return Err(DatasetProblem::Unreadable(e).at(about)),
    }
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    if std::fs::read_dir(folder)
        .map_err(unwritable)?
        .next()
        .is_some()
    {
        return Err(DatasetProblem::Occupied("other files".to_owned()).at(folder));
    }
    std::fs::create_dir_all(folder.join("images")).map_err(unwritable)?;
    put_json(&about, &json!(dataset))
}

/// A sample with its names.
struct Labelled {
    name: String,
    sample: Sample,
}

impl Labelled {
    fn new(split: Split, index: usize, sample: Sample) -> Self {
        Self {
            name: format!("{}_{:06}", split.name(), index + 1),
            sample,
        }
    }

    fn pictures(&self) -> [String; 2] {
        ["a", "b"].map(|which| format!("{}{which}.png", self.name))
    }

    fn record(&self) -> Value {
        let [before, after] = self.pictures();
        let sample = &self.sample;
        json!({
            "sample_name": self.name,
            "image1_name": before,
            "image2_name": after,
            "question": sample.question,
            "sent": sample.answer,
            "category": sample.category,
            "chain": sample.chain,
            "rule": sample.rule,
            "case": sample.case,
            "scene_before": sample.before,
            "scene_after": sample.after,
        })
    }

    /// Draws the pictures that are not there; how many that were.
    fn draw(&self, renderer: &Renderer, folder: &Path, size: u32) -> Result<usize, DatasetError> {
        let mut drawn = 0;
        let scenes = [&self.sample.before, &self.sample.after];
        for (name, scene) in self.pictures().into_iter().zip(scenes) {
            let path = folder.join("images").join(name);
            if !path.is_file() {
                put(&path, &png(&renderer.render(scene, size), &path)?)?;
                drawn += 1;
            }
        }
        Ok(drawn)
    }
}

fn write_labels(split: Split, samples: &[Labelled], folder: &Path) -> Result<(), DatasetError> {
    let records: Vec<Value> = samples.iter().map(Labelled::record).collect();
    let name = split.name();
    if split != Split::Train {
        let mut categories = serde_json::Map::new();
        let all: Vec<&str> = samples.iter().map(|sample| sample.name.as_str()).collect();
        categories.insert("total sample".to_owned(), json!(all));
        for sample in samples {
            let names = categories.entry(sample.sample.category.as_str());
            if let Value::Array(names) = names.or_insert_with(|| json!([])) {
                names.push(json!(sample.name));
            }
        }
        let path = folder.join(format!("labels_sample_{name}.json"));
        put_json(&path, &Value::Object(categories))?;
    }
    put_json(
        &folder.join(format!("labels_cot_{name}.json")),
        &json!(records),
    )
}

fn png(picture: &RgbImage, path: &Path) -> Result<Vec<u8>, DatasetError> {
    let mut bytes = Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, ImageFormat::Png)
        .map_err(|e| DatasetProblem::Unwritable(std::io::Error::other(e)).at(path))?;
    Ok(bytes.into_inner())
}

fn put_json(path: &Path, value: &Value) -> Result<(), DatasetError> {
    put(path, format!("{value:#}\n").as_bytes())
}

/// Writes beside, then renames: a killed program leaves no half file under its real name. Not synced
/// one by one, which would take longer than drawing.
fn put(path: &Path, bytes: &[u8]) -> Result<(), DatasetError> {
    let beside = path.with_extension("part");
    std::fs::write(&beside, bytes)
        .and_then(|()| std::fs::rename(&beside, path))
        .map_err(|e| DatasetProblem::Unwritable(e).at(path))
}
