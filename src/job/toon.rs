//! The drawn world for the faces: frames, and data sets with progress and cancellation.

use super::{CancelToken, Problem};
use crate::dataset::toon::{Renderer, rules, samples, write_dataset};
use crate::pipeline::metadata::{self, PictureTexts};
use serde::Serialize;
use std::ops::ControlFlow;
use std::path::Path;

pub use crate::dataset::toon::{Sample, Scene, Split, ToonDataset, Written};

/// A question that can be asked about a scene, and what happens.
#[derive(Clone, Debug, Serialize)]
pub struct Consequence {
    /// The rule.
    pub rule: &'static str,
    /// The first wording of its question.
    pub question: &'static str,
    /// The answer.
    pub answer: &'static str,
    /// VQAI's category.
    pub category: &'static str,
    /// The scene after it.
    pub after: Scene,
}

/// Everything that can happen in a scene, in the order of the rules.
pub fn consequences(scene: &Scene) -> Vec<Consequence> {
    let applying = rules().iter().filter_map(|rule| {
        let outcome = rule.outcome(scene)?;
        Some(Consequence {
            rule: &rule.id,
            question: rule.questions.first()?,
            answer: &outcome.case.answer,
            category: &outcome.case.category,
            after: outcome.after,
        })
    });
    applying.collect()
}

/// The names of all rules.
pub fn rule_names() -> Vec<&'static str> {
    rules().iter().map(|rule| rule.id.as_str()).collect()
}

/// The scene of a JSON file.
///
/// # Errors
/// When there is no such file or it holds no scene.
pub fn read_scene(path: &Path) -> Result<Scene, Problem> {
    let text = std::fs::read(path).map_err(|e| {
        Problem::new(format!("Cannot read the scene: {e}."))
            .hint("Check the path.")
            .file(path)
    })?;
    serde_json::from_slice(&text).map_err(|e| {
        Problem::new(format!("Cannot read the scene: {e}."))
            .hint("`lgd-studio toon render --json` prints one to start from.")
            .file(path)
    })
}

/// A scene of the training split: the first one of that seed in which `rule` is asked about.
pub fn find_scene(seed: u64, rule: Option<&str>) -> Option<Sample> {
    /// Every rule comes up in each round of all rules and cases.
    const ROUNDS: usize = 200;
    samples(Split::Train, seed)
        .take(ROUNDS)
        .find(|sample| rule.is_none_or(|rule| sample.rule == rule))
}

/// Draws a scene into a picture file.
///
/// # Errors
/// When the file cannot be written.
pub fn draw_scene(scene: &Scene, size: u32, path: &Path) -> Result<(), Problem> {
    let picture = Renderer::new().render(scene, size);
    metadata::save(path, &picture, &PictureTexts::default())?;
    Ok(())
}

/// Writes a data set, or goes on with the same one; see [`write_dataset`].
///
/// # Errors
/// When the folder holds something else or cannot be written.
pub fn write(
    dataset: &ToonDataset,
    folder: &Path,
    cancel: &CancelToken,
    mut on_progress: impl FnMut(usize, usize),
) -> Result<Written, Problem> {
    let written = write_dataset(dataset, folder, |done, total| {
        on_progress(done, total);
        if cancel.is_cancelled() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    Ok(written)
}
