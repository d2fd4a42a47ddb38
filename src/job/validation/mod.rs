//! The paper's evaluation: every sample of a split, in every mode, with nine seeds, in the authors'
//! folder layout, and then the metrics.
//!
//! It can be stopped and killed at any time: every file appears whole, and what is there is not drawn
//! again. A folder remembers its settings, so that two evaluations never mix.
//!
//! Source: `validation_step` of the original (IEIT-AGI/MIX-Shannon,
//! `stable_diffusion/ldm/models/diffusion/ddpm_edit.py`) and its `configs/model/LGD.yaml`. Its one
//! mode has a folder to itself there; here every mode has one, and each is what the original's is.

mod drawing;
mod outlook;
mod place;
mod plan;
mod shard;
mod sheet;

pub use outlook::{Expected, Outlook};
pub(super) use place::Remembered;
pub use shard::Shard;

use super::outbox::Outbox;
use super::scoring::{Evaluation, JudgeChoice, ReportFormat, ScoreSpec};
use super::worker::Worker;
use super::{
    AnswerDecoding, AnswerSettings, BundleSource, EditRequest, GuidanceMode, JobEvent, JobId,
    NoiseGenerator, PreviewMethod, Problem, Sampler, Stage, StepPreview,
};
use crate::dataset::{Categories, Records};
use crate::eval::{Report, Skipped};
use crate::nn::cancel::CancelToken;
use crate::pipeline::{Abilities, Bundle, EditError};
use place::Place;
use std::path::PathBuf;
use std::time::Instant;

/// The paper's nine seeds, in its order.
pub const PAPER_SEEDS: [u64; 9] = [1391, 1491, 1441, 1313, 2828, 1399, 1499, 4113, 3114];

/// The modes of the paper's table.
pub const PAPER_MODES: [GuidanceMode; 3] = [
    GuidanceMode::Question,
    GuidanceMode::Answer,
    GuidanceMode::Latent,
];

/// Reports that are written into the folder.
const REPORTS: [&str; 4] = ["report.json", "report.csv", "report.tex", "report.html"];

/// How the paper draws: 50 steps, scales 7.5 and 1.8, the noise of a GPU, sampled answers.
pub fn paper_settings() -> EditRequest {
    EditRequest {
        steps: 50,
        guidance_scale: 7.5,
        image_guidance_scale: 1.8,
        sampler: Sampler::EulerAncestral,
        noise: NoiseGenerator::Philox,
        answer_settings: AnswerSettings {
            decoding: AnswerDecoding::Paper,
            beams: 5,
            max_tokens: 77,
            seed: 0,
        },
        preview: PreviewMethod::Off,
        ..EditRequest::default()
    }
}

/// An evaluation to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidateSpec {
    /// The bundle that draws.
    pub bundle: BundleSource,
    /// The data set in the authors' layout.
    pub dataset: PathBuf,
    /// The split: `labels_cot_SPLIT.json`.
    pub split: String,
    /// One folder for each.
    pub modes: Vec<GuidanceMode>,
    /// One picture for each.
    pub seeds: Vec<u64>,
    /// At most so many samples, from the start of the list.
    pub limit: Option<usize>,
    /// The part of them that is drawn here.
    pub shard: Shard,
    /// How to draw; question, mode and seed come from the samples.
    pub settings: EditRequest,
    /// The folder.
    pub output: PathBuf,
    /// Who judges.
    pub judges: JudgeChoice,
    /// An earlier report to compare with.
    pub against: Option<PathBuf>,
}

/// What an evaluation did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Validation {
    /// Samples that have all their pictures now.
    pub samples: usize,
    /// Pictures that were drawn.
    pub drawn: usize,
    /// Pictures that were there already.
    pub kept: usize,
    /// Samples that cannot be drawn, with the reason.
    pub skipped: Vec<Skipped>,
    /// The numbers; none when there is nothing to judge with or when this is one shard of several.
    pub evaluation: Option<Evaluation>,
    /// Why there are no numbers.
    pub unscored: Option<Problem>,
}

/// Counts the steps of a whole evaluation.
struct Meter {
    id: JobId,
    outbox: Outbox,
    since: Instant,
    done: usize,
    total: usize,
}

impl Meter {
    fn step(&mut self) {
        self.done += 1;
        let per_step = self.since.elapsed().as_secs_f64() / self.done as f64;
        self.outbox.show(StepPreview {
            job: self.id,
            column: 0,
            step: self.done,
            steps: self.total.max(self.done),
            seconds_left: per_step * self.total.saturating_sub(self.done) as f64,
            picture: None,
            estimates: Vec::new(),
        });
    }

    /// So many steps will never be taken.
    fn leave_out(&mut self, steps: usize) {
        self.total = self.total.saturating_sub(steps);
    }
}

impl Worker {
    /// Draws what is missing of an evaluation and scores it.
    pub(super) fn validate(
        &mut self,
        id: JobId,
        spec: &ValidateSpec,
        token: &CancelToken,
    ) -> Result<Validation, EditError> {
        // What is wrong with files and settings is said before the work.
        if let Some(path) = &spec.against {
            Report::open(path)?;
        }
        let records = Records::of_split(&spec.dataset, &spec.split).map_err(Problem::from)?;
        let bundle = Bundle::open(&spec.bundle)?;
        spec.check(&records, &Abilities::of(&bundle))?;
        let place = Place::claim(spec, &bundle.manifest)?;
        let work = plan::plan(&records, spec, &place)?;
        let steps = work.pictures() * spec.settings.steps;
        let mut validation = Validation {
            kept: work.kept,
            samples: work.complete,
            skipped: work.skipped,
            ..Validation::default()
        };
        if !work.samples.is_empty() {
            let mut meter = Meter {
                id,
                outbox: self.outbox.clone(),
                since: Instant::now(),
                done: 0,
                total: steps,
            };
            let pipeline = self.resident(id, &spec.bundle)?;
            meter.since = Instant::now(); // loading tells nothing about the time that is left
            for sample in &work.samples {
                match drawing::draw(pipeline, sample, (spec, &place), &mut meter, token)? {
                    Ok(drawn) => {
                        validation.drawn += drawn;
                        validation.samples += 1;
                    }
                    Err(skipped) => validation.skipped.push(skipped),
                }
            }
        }
        self.outbox.send(JobEvent::StageBegan(id, Stage::Finishing));
        self.judge_validation(id, spec, &mut validation)?;
        Ok(validation)
    }

    /// The numbers, where there can be some.
    fn judge_validation(
        &mut self,
        id: JobId,
        spec: &ValidateSpec,
        validation: &mut Validation,
    ) -> Result<(), EditError> {
        if spec.shard != Shard::WHOLE {
            let message = format!("Shard {} of the evaluation is drawn.", spec.shard);
            validation.unscored = Some(Problem::new(message).hint(
                "When all shards are drawn, `lgd-studio score` with their folders gives the numbers.",
            ));
            return Ok(());
        }
        if validation.samples == 0 {
            validation.unscored = Some(Problem::new("No sample has pictures."));
            return Ok(());
        }
        match self.score(id, &spec.score()) {
            Ok(found) => {
                for name in REPORTS {
                    let path = spec.output.join(name);
                    ReportFormat::of(&path)?.write_found(&found, spec.against.as_deref(), &path)?;
                }
                validation.evaluation = Some(found);
            }
            Err(EditError::Failed(problem)) => validation.unscored = Some(problem),
            Err(other) => return Err(other),
        }
        Ok(())
    }
}

impl ValidateSpec {
    /// How the folder is scored.
    fn score(&self) -> ScoreSpec {
        let categories = self.dataset.join(Categories::file_name(&self.split));
        ScoreSpec {
            folders: vec![self.output.clone()],
            categories: categories.is_file().then_some(categories),
            pictures: Some(self.seeds.len()),
            judges: self.judges.clone(),
            output: None,
            against: self.against.clone(),
        }
    }

    /// Refuses what cannot be drawn.
    fn check(&self, records: &Records, abilities: &Abilities) -> Result<(), Problem> {
        let question = records.usable.first().map(|record| record.question.clone());
        for &mode in &self.modes {
            let request = EditRequest {
                question: question.clone().unwrap_or_default(),
                mode,
                ..self.settings.clone()
            };
            if let Some(problem) = request.validate().first() {
                return Err(Problem::new(problem.to_string()));
            }
            abilities.check(&request)?;
        }
        Ok(())
    }
}
