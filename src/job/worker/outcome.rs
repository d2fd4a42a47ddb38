//! What the worker says of a finished column and of the bundle it holds.

use crate::job::display::display_copy;
use crate::job::memory::MemoryFacts;
use crate::job::{
    BundleSummary, EditRequest, EditResult, Export, FrameFacts, JobId, Problem, TokenCounter,
};
use crate::pipeline::{Edited, LgdPipeline};
use std::sync::Arc;

/// A finished column with everything that files and captions say about it.
pub(super) fn result(
    job: JobId,
    request: &EditRequest,
    facts: &FrameFacts,
    edited: Edited,
    pipeline: &LgdPipeline,
) -> EditResult {
    let picture = Arc::new(edited.picture);
    EditResult {
        job,
        display: display_copy(&picture),
        picture,
        request: request.clone(),
        answer: edited.answer,
        track: edited.track.into(),
        bundle: pipeline.manifest().name.clone(),
        bundle_fingerprint: pipeline.manifest().fingerprint(),
        device: pipeline.device_text(),
        frame: facts.clone(),
        stages: edited.stages,
        notices: edited.notices,
        reading: None,
        attention: None,
        check: None,
        rest: serde_json::Map::new(),
    }
}

/// Another bundle's decoder would paint something, but not what was drawn.
pub(super) fn same_decoder(export: &Export, pipeline: &LgdPipeline) -> Result<(), Problem> {
    let manifest = pipeline.manifest();
    let (name, fingerprint) = (&manifest.name, manifest.fingerprint());
    let mut columns = export.run.columns.iter();
    let other = columns.find(|column| {
        !column.bundle_fingerprint.is_empty() && column.bundle_fingerprint != fingerprint
    });
    match other {
        Some(column) => Err(Problem::new(format!(
            "The run was drawn with the bundle {}, but {name} is loaded.",
            column.bundle
        ))
        .hint("Load the bundle it was drawn with; the command line also has --quick.")),
        None => Ok(()),
    }
}

/// What a face has to know of the bundle that is loaded.
pub(super) fn summary(pipeline: &LgdPipeline, memory: MemoryFacts) -> BundleSummary {
    let manifest = pipeline.manifest();
    let tokenizer = pipeline.tokenizer().clone();
    let template = manifest.text.question_template.clone();
    BundleSummary {
        name: manifest.name.clone(),
        description: manifest.description.clone(),
        resolution: manifest.resolution,
        max_question_tokens: manifest.text.max_length,
        defaults: manifest.default_request(),
        unavailable_modes: pipeline.abilities().unavailable_modes(),
        device: pipeline.device_text(),
        latent_rgb: manifest.latent_rgb().cloned(),
        memory,
        badge: manifest.badge().map(str::to_owned),
        check: pipeline.check_kind(),
        token_counter: TokenCounter::new(move |question| {
            tokenizer
                .encode(&template.replace("{question}", question), None)
                .map_or(0, |encoded| encoded.tokens())
        }),
    }
}
