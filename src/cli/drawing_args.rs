//! How answers are drawn: the options that `ask` and `compare` share.

use super::Failure;
use crate::job::{
    AnswerDecoding, EditRequest, GuidanceMode, NoiseGenerator, PreviewMethod, Sampler,
};
use clap::{Args, ValueEnum};

/// What is left out comes from the bundle.
#[derive(Debug, Args)]
pub(super) struct DrawingArgs {
    /// Denoising steps, usually 10 to 50
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Text guidance scale, usually 3 to 10
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    guidance_scale: Option<f64>,
    /// Image guidance scale, usually 1 to 2
    #[arg(long, value_name = "Y", allow_negative_numbers = true)]
    image_guidance_scale: Option<f64>,
    /// Use this answer instead of the one the model writes (modes answer and both)
    #[arg(long, value_name = "TEXT")]
    answer: Option<String>,
    /// How the answer is written
    #[arg(long, value_enum)]
    answer_decoding: Option<DecodingArg>,
    /// Seed of the written answer, with --answer-decoding paper
    #[arg(long, value_name = "N")]
    answer_seed: Option<u64>,
    /// Update rule of the denoising
    #[arg(long, value_enum)]
    sampler: Option<SamplerArg>,
    /// Whose random numbers a seed means: torch on CPU (mt19937) or on CUDA (philox)
    #[arg(long, value_enum)]
    noise: Option<NoiseArg>,
}

/// A guidance mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ModeArg {
    Question,
    Answer,
    Latent,
    Both,
}

impl From<ModeArg> for GuidanceMode {
    fn from(mode: ModeArg) -> Self {
        match mode {
            ModeArg::Question => Self::Question,
            ModeArg::Answer => Self::Answer,
            ModeArg::Latent => Self::Latent,
            ModeArg::Both => Self::Both,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DecodingArg {
    Greedy,
    Beams,
    Paper,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "kebab-case")]
enum SamplerArg {
    EulerAncestral,
    EulerAncestralDiffusers,
    #[value(name = "dpm-solver2m")]
    DpmSolver2m,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum NoiseArg {
    Mt19937,
    Philox,
}

impl DrawingArgs {
    /// Whether an answer was given.
    pub(super) fn has_answer(&self) -> bool {
        self.answer.is_some()
    }

    /// A request for `question`: the defaults with everything that was said here.
    pub(super) fn request(&self, question: &str, defaults: EditRequest) -> EditRequest {
        let mut request = EditRequest {
            question: question.to_owned(),
            preview: PreviewMethod::Off,
            answer: self.answer.clone(),
            ..defaults
        };
        if let Some(decoding) = self.answer_decoding {
            request.answer_settings.decoding = match decoding {
                DecodingArg::Greedy => AnswerDecoding::Greedy,
                DecodingArg::Beams => AnswerDecoding::Beams,
                DecodingArg::Paper => AnswerDecoding::Paper,
            };
        }
        if let Some(sampler) = self.sampler {
            request.sampler = match sampler {
                SamplerArg::EulerAncestral => Sampler::EulerAncestral,
                SamplerArg::EulerAncestralDiffusers => Sampler::EulerAncestralDiffusers,
                SamplerArg::DpmSolver2m => Sampler::DpmSolver2m,
            };
        }
        if let Some(noise) = self.noise {
            request.noise = match noise {
                NoiseArg::Mt19937 => NoiseGenerator::Mt19937,
                NoiseArg::Philox => NoiseGenerator::Philox,
            };
        }
        request.steps = self.steps.unwrap_or(request.steps);
        request.guidance_scale = self.guidance_scale.unwrap_or(request.guidance_scale);
        request.image_guidance_scale = self
            .image_guidance_scale
            .unwrap_or(request.image_guidance_scale);
        request.answer_settings.seed = self.answer_seed.unwrap_or(request.answer_settings.seed);
        request
    }
}

/// Nothing when every request can run, else everything that is wrong with them.
pub(super) fn usable(requests: &[EditRequest]) -> Result<(), Failure> {
    let mut lines: Vec<String> = Vec::new();
    for problem in requests.iter().flat_map(EditRequest::validate) {
        let line = problem.to_string();
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    Err(Failure::Usage(lines.join("\n")))
}
