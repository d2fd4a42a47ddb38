//! What an axis of a grid can vary.

use super::name_of;
use crate::job::{AnswerDecoding, GuidanceMode, Sampler};
use serde::{Deserialize, Serialize};

/// What an axis varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parameter {
    /// How strongly the text steers.
    GuidanceScale,
    /// How closely the picture keeps to the frame.
    ImageGuidanceScale,
    /// The noise tape.
    Seed,
    /// Denoising steps.
    Steps,
    /// What steers.
    Mode,
    /// The update rule.
    Sampler,
    /// The question.
    Question,
    /// The answer, in place of the written one.
    Answer,
    /// How the answer is searched.
    AnswerDecoding,
}

impl Parameter {
    /// All of them, in the order they are offered.
    pub const ALL: [Self; 9] = [
        Self::GuidanceScale,
        Self::ImageGuidanceScale,
        Self::Seed,
        Self::Steps,
        Self::Mode,
        Self::Sampler,
        Self::Question,
        Self::Answer,
        Self::AnswerDecoding,
    ];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::GuidanceScale => "guidance-scale",
            Self::ImageGuidanceScale => "image-guidance-scale",
            Self::Seed => "seed",
            Self::Steps => "steps",
            Self::Mode => "mode",
            Self::Sampler => "sampler",
            Self::Question => "question",
            Self::Answer => "answer",
            Self::AnswerDecoding => "answer-decoding",
        }
    }

    /// What people call it, on pictures.
    pub fn title(self) -> &'static str {
        match self {
            Self::GuidanceScale => "Text scale",
            Self::ImageGuidanceScale => "Image scale",
            Self::Seed => "Seed",
            Self::Steps => "Steps",
            Self::Mode => "Guided by",
            Self::Sampler => "Sampler",
            Self::Question => "Question",
            Self::Answer => "Answer",
            Self::AnswerDecoding => "Search of the answer",
        }
    }

    /// The parameter of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// Whether its values are sentences, one per line.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Question | Self::Answer)
    }

    /// Whether it only matters where an answer is written or given.
    pub fn needs_answer(self) -> bool {
        matches!(self, Self::Answer | Self::AnswerDecoding)
    }

    /// The names its values have; none where they are numbers or sentences.
    pub fn names(self) -> Vec<String> {
        match self {
            Self::Mode => GuidanceMode::ALL.iter().map(name_of).collect(),
            Self::Sampler => Sampler::ALL.iter().map(name_of).collect(),
            Self::AnswerDecoding => DECODINGS.iter().map(name_of).collect(),
            _ => Vec::new(),
        }
    }
}

/// Every search, in the order they are shown.
const DECODINGS: [AnswerDecoding; 3] = [
    AnswerDecoding::Greedy,
    AnswerDecoding::Beams,
    AnswerDecoding::Paper,
];
