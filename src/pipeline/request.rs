//! What a person asks for: one complete, immutable description of an edit.
//!
//! The same struct serves the form, the command line, picture metadata and the tests.

use super::Piece;
pub use crate::diffusion::SamplerKind as Sampler;
pub use crate::nn::NoiseGenerator;
use serde::{Deserialize, Serialize};

/// The four ways to steer an edit (DESIGN: context of the cross-attention).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GuidanceMode {
    /// The editor reads the question.
    Question,
    /// The language model writes an answer, the editor reads that sentence.
    Answer,
    /// The editor sees the encoder's hidden states of frame and question.
    #[default]
    Latent,
    /// Hidden states and written answer together.
    Both,
}

impl GuidanceMode {
    /// All modes, in the order they are shown.
    pub const ALL: [Self; 4] = [Self::Question, Self::Answer, Self::Latent, Self::Both];

    /// The name used on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Answer => "answer",
            Self::Latent => "latent",
            Self::Both => "both",
        }
    }

    /// Whether the language model has to write an answer first.
    pub fn needs_answer(self) -> bool {
        matches!(self, Self::Answer | Self::Both)
    }
}

/// How the growing picture is shown before it is finished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PreviewMethod {
    /// None.
    Off,
    /// The bundle's latent-to-RGB matrix: one colour per latent cell, almost free.
    #[default]
    LatentRgb,
    /// A full VAE decode at every step.
    Decode,
}

/// How the written answer is searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnswerDecoding {
    /// The most likely next token, always.
    #[default]
    Greedy,
    /// Deterministic beam search.
    Beams,
    /// Five beams with sampling and length penalty -1, as the original does it.
    Paper,
}

/// Settings of the written answer; it has its own seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AnswerSettings {
    /// The search.
    pub decoding: AnswerDecoding,
    /// Beams of [`AnswerDecoding::Beams`]; 1..=16.
    pub beams: usize,
    /// Longest answer, in tokens; 1..=256.
    pub max_tokens: usize,
    /// Seed of [`AnswerDecoding::Paper`].
    pub seed: u64,
}

impl Default for AnswerSettings {
    fn default() -> Self {
        Self {
            decoding: AnswerDecoding::Greedy,
            beams: 5,
            max_tokens: 24,
            seed: 0,
        }
    }
}

/// One edit, complete: with the frame and the bundle it determines the picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EditRequest {
    /// The causal question.
    pub question: String,
    /// How the editor is steered.
    pub mode: GuidanceMode,
    /// An answer to use instead of the one the model would write.
    pub answer: Option<String>,
    /// How the answer is written.
    pub answer_settings: AnswerSettings,
    /// Seed of the noise tape.
    pub seed: u64,
    /// Denoising steps; 1..=1000.
    pub steps: usize,
    /// Text guidance scale; usually 3 to 10.
    pub guidance_scale: f64,
    /// Image guidance scale; usually 1 to 2.
    pub image_guidance_scale: f64,
    /// The update rule.
    pub sampler: Sampler,
    /// What the seed means.
    pub noise: NoiseGenerator,
    /// What is shown on the way. Has no influence on the result.
    pub preview: PreviewMethod,
    /// Words and queries that are left out: the editor sees the null condition in their places.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<Piece>,
    /// Another request whose first steps are taken instead of this one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<Branch>,
}

/// Where a request leaves another one's path: the first `step` steps are drawn as `from` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Branch {
    /// Steps taken with `from`; at least 1, fewer than the request has.
    pub step: usize,
    /// Draws these steps. Its question, mode, answer and scales may differ; seed, steps, sampler
    /// and noise may not.
    pub from: Box<EditRequest>,
}

impl Default for EditRequest {
    /// The defaults of the embedded bundle.
    fn default() -> Self {
        Self {
            question: String::new(),
            mode: GuidanceMode::Latent,
            answer: None,
            answer_settings: AnswerSettings::default(),
            seed: 0,
            steps: 20,
            guidance_scale: 5.0,
            image_guidance_scale: 1.5,
            sampler: Sampler::default(),
            noise: NoiseGenerator::default(),
            preview: PreviewMethod::default(),
            without: Vec::new(),
            branch: None,
        }
    }
}

/// One thing wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestProblem {
    /// There is no question (and no answer in its place).
    #[error("The question is empty. Write what happens, for example \"What happens if it rains?\"")]
    EmptyQuestion,
    /// Answer-guided with an empty answer.
    #[error("The answer is empty. Write it, or leave it out and the model writes one.")]
    EmptyAnswer,
    /// A number outside its range.
    #[error("{name} is {value}, but it must be between {low} and {high}.")]
    OutOfRange {
        /// The setting, in words.
        name: &'static str,
        /// What was given.
        value: String,
        /// Lowest allowed value.
        low: String,
        /// Highest allowed value.
        high: String,
    },
    /// The path it branches off cannot be walked with these settings.
    #[error("A branch keeps the seed, the steps, the sampler and the noise of the path it leaves.")]
    StrayBranch,
    /// Something is to be left out that the editor does not see.
    #[error(
        "{piece} of the {of} cannot be left out: in mode {mode} the editor does not see the {of}."
    )]
    UnseenPiece {
        /// The word or query.
        piece: String,
        /// What it belongs to.
        of: &'static str,
        /// The mode, as on the command line.
        mode: &'static str,
    },
}

/// Pieces that may be left out at once; no context is longer.
const MAX_WITHOUT: usize = 4096;

/// Branches that may follow each other; a file cannot ask for more.
const MAX_BRANCHES: usize = 64;

impl EditRequest {
    /// Everything wrong with the request at once; empty when it can run.
    pub fn validate(&self) -> Vec<RequestProblem> {
        let mut problems = Vec::new();
        if self.question.trim().is_empty() {
            problems.push(RequestProblem::EmptyQuestion);
        }
        if self
            .answer
            .as_ref()
            .is_some_and(|answer| answer.trim().is_empty())
        {
            problems.push(RequestProblem::EmptyAnswer);
        }
        let mut within = |name, value: f64, low: f64, high: f64| {
            if !(low..=high).contains(&value) {
                problems.push(RequestProblem::OutOfRange {
                    name,
                    value: value.to_string(),
                    low: low.to_string(),
                    high: high.to_string(),
                });
            }
        };
        within("The number of steps", self.steps as f64, 1.0, 1000.0);
        within("The text guidance scale", self.guidance_scale, 0.0, 100.0);
        within(
            "The image guidance scale",
            self.image_guidance_scale,
            0.0,
            100.0,
        );
        within(
            "The number of beams",
            self.answer_settings.beams as f64,
            1.0,
            16.0,
        );
        within(
            "The longest answer",
            self.answer_settings.max_tokens as f64,
            1.0,
            256.0,
        );
        let left_out = self.without.len() as f64;
        within(
            "The number of words left out",
            left_out,
            0.0,
            MAX_WITHOUT as f64,
        );
        let legs = self.legs();
        if legs.len() > MAX_BRANCHES {
            within(
                "The number of branches",
                legs.len() as f64,
                0.0,
                MAX_BRANCHES as f64,
            );
        } else if let Some(branch) = &self.branch {
            let steps = (self.steps.max(2) - 1) as f64;
            within("The step of the branch", branch.step as f64, 1.0, steps);
            if !self.shares_path_with(&branch.from) {
                problems.push(RequestProblem::StrayBranch);
            }
            problems.extend(branch.from.validate());
        }
        let unseen = |piece: &&Piece| !piece.of.seen_in(self.mode);
        problems.extend(self.without.iter().filter(unseen).map(|piece| {
            RequestProblem::UnseenPiece {
                piece: piece.to_string(),
                of: piece.of.name(),
                mode: self.mode.name(),
            }
        }));
        problems
    }

    /// What draws which steps: the first step and who steers from there, in order. A request without
    /// a branch steers alone.
    pub fn legs(&self) -> Vec<(usize, &Self)> {
        let mut legs = Vec::new();
        let (mut steering, mut until) = (self, usize::MAX);
        while let Some(branch) = &steering.branch {
            // A branch off a branch before it left: the outer path is never reached.
            if branch.step < until {
                legs.push((branch.step, steering));
                until = branch.step;
            }
            steering = &branch.from;
        }
        legs.push((0, steering));
        legs.reverse();
        legs
    }

    /// Whether both walk the same noise levels on the same noise.
    pub fn shares_path_with(&self, other: &Self) -> bool {
        (self.seed, self.steps, self.sampler, self.noise)
            == (other.seed, other.steps, other.sampler, other.noise)
    }

    /// A request that leaves this one's path after `step` steps; changes nothing by itself.
    pub fn branched(&self, step: usize) -> Self {
        Self {
            branch: Some(Branch {
                step,
                from: Box::new(self.clone()),
            }),
            ..self.clone()
        }
    }
}
