//! The pinned questions, drawn with the weights as they are, always on the same noise.

use super::checkpoint::Tensors;
use super::config::TrainConfig;
use super::export::write_bundle;
use crate::nn::Products;
use crate::pipeline::frame_image::{self, Reading};
use crate::pipeline::metadata::{self, PictureTexts};
use crate::pipeline::{
    Bundle, BundleSource, EditError, EditRequest, LgdPipeline, MemoryRules, PreviewMethod, Problem,
    Progress,
};
use candle_core::Device;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Draws every pinned question in every mode into `folder`, as `QUESTION_MODE.png`, counted from 1.
///
/// # Errors
/// When a frame cannot be read or a picture not be written.
pub fn draw(
    config: &TrainConfig,
    weights: &Tensors,
    folder: &Path,
    device: &Device,
) -> Result<Vec<PathBuf>, Problem> {
    let unwritable = |e: std::io::Error| {
        Problem::new(format!("The samples cannot be written: {e}.")).file(folder)
    };
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    // The same path as every other edit takes: through a bundle, multiplied as by people who ask it.
    let _exact = Products::F32.meanwhile();
    let beside = tempfile::tempdir_in(folder).map_err(unwritable)?;
    let place = beside.path().join("bundle");
    let base = Bundle::open(&config.bundle())?;
    write_bundle(&base, weights, &config.model.lora, "sample", &place)?;
    let source = BundleSource::Folder(place);
    let pipeline = LgdPipeline::open(&source, device, MemoryRules::default()).map_err(told)?;

    let mut pictures = Vec::new();
    for (index, pinned) in config.sample.questions.iter().enumerate() {
        let frame = Arc::new(frame_image::open(&pinned.image, Reading::Upright)?);
        let requests: Vec<EditRequest> = config
            .sample
            .modes
            .iter()
            .map(|mode| EditRequest {
                mode: *mode,
                question: pinned.question.clone(),
                steps: config.sample.steps,
                seed: config.sample.seed,
                preview: PreviewMethod::Off,
                ..pipeline.manifest().default_request()
            })
            .collect();
        let mut drawn = Vec::new();
        pipeline
            .run(frame, &requests, &mut |progress| {
                if let Progress::Drawn(column, edited) = progress {
                    drawn.push((column, edited.picture));
                }
            })
            .map_err(told)?;
        drawn.sort_by_key(|(column, _)| *column);
        for ((_, picture), request) in drawn.iter().zip(&requests) {
            let name = format!("{}_{}.png", index + 1, request.mode.name());
            let path = folder.join(name);
            metadata::save(&path, picture, &PictureTexts::default())?;
            pictures.push(path);
        }
    }
    Ok(pictures)
}

fn told(error: EditError) -> Problem {
    let cancelled = || Problem::new("The drawing was cancelled.");
    error.problem().unwrap_or_else(cancelled)
}
