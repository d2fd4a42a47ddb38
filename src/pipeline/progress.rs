//! What an edit reports while it runs, and what it gives back.

use super::{Estimate, Spent};
use image::RgbImage;
use serde::{Deserialize, Serialize};

/// The stages of an edit, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Reading the weights.
    Loading,
    /// Vision tower, Q-Former and VAE encoder look at the frame.
    ReadingFrame,
    /// Language model: latent, and the written answer where one is needed.
    Thinking,
    /// The denoising steps.
    Drawing,
    /// The VAE decodes the last latents.
    Finishing,
}

impl Stage {
    /// What happens, in plain words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Loading => "Loading the models",
            Self::ReadingFrame => "Reading the frame",
            Self::Thinking => "Thinking",
            Self::Drawing => "Drawing",
            Self::Finishing => "Finishing",
        }
    }
}

/// Wall-clock seconds of one stage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageSeconds {
    /// The stage.
    pub stage: Stage,
    /// How long it took.
    pub seconds: f64,
}

/// What the language model wrote (or what was given in its place).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WrittenAnswer {
    /// The sentence.
    pub text: String,
    /// The search's own score: sum of log-probabilities over length^penalty; none for a given
    /// text.
    pub score: Option<f64>,
    /// Whether it was given by the user instead of written.
    pub given: bool,
    /// Everything the search found, best first; none for a given text.
    pub beams: Vec<Beam>,
    /// Things the user should know about it (it was cut, …).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
}

impl WrittenAnswer {
    /// An answer that a person wrote.
    pub fn given(text: &str) -> Self {
        Self {
            text: text.trim().to_owned(),
            given: true,
            ..Self::default()
        }
    }
}

/// One sentence that the search found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Beam {
    /// The sentence.
    pub text: String,
    /// As [`WrittenAnswer::score`].
    pub score: f64,
}

/// One report of a run, while it runs.
#[derive(Debug)]
pub enum Progress {
    /// A stage of all columns began.
    Stage(Stage),
    /// The frame's latents, scaled as the estimates are.
    Seen(Estimate),
    /// The answer of a column is written; the drawing goes on.
    Answer(usize, WrittenAnswer),
    /// Something worth knowing about a column that is not a failure (the question was cut, …).
    Notice(usize, String),
    /// A piece of work is over.
    Spent(Spent),
    /// A denoising step of a column is done.
    Step(usize, StepDone),
    /// A column is done.
    Drawn(usize, Edited),
}

impl Progress {
    /// The same about other columns: `columns` has the real number of each.
    pub(super) fn of_columns(self, columns: &[usize]) -> Self {
        let real = |index: usize| columns.get(index).copied().unwrap_or(index);
        match self {
            Self::Answer(index, answer) => Self::Answer(real(index), answer),
            Self::Notice(index, text) => Self::Notice(real(index), text),
            Self::Step(index, done) => Self::Step(real(index), done),
            Self::Drawn(index, edited) => Self::Drawn(real(index), edited),
            Self::Spent(spent) => Self::Spent(Spent {
                columns: spent.columns.iter().map(|index| real(*index)).collect(),
                ..spent
            }),
            whole @ (Self::Stage(_) | Self::Seen(_)) => whole,
        }
    }
}

/// A denoising step of one column.
#[derive(Clone, Debug)]
pub struct StepDone {
    /// Steps finished, 1..=steps.
    pub step: usize,
    /// Steps in all.
    pub steps: usize,
    /// Share of the steps of all columns that is done, above 0 and up to 1.
    pub share: f64,
    /// The denoised estimate.
    pub estimate: Estimate,
    /// The same as a picture, unless previews are off; at latent or full resolution.
    pub preview: Option<RgbImage>,
}

/// A finished column.
#[derive(Clone, Debug)]
pub struct Edited {
    /// The picture, at the frame's size.
    pub picture: RgbImage,
    /// The answer, in the modes that have one.
    pub answer: Option<WrittenAnswer>,
    /// The denoised estimate after every step.
    pub track: Vec<Estimate>,
    /// Where the time of the run went until this column was done.
    pub stages: Vec<StageSeconds>,
    /// Things the user should know (the question was cut, …).
    pub notices: Vec<String>,
}

/// Why an edit gave no picture.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// Somebody asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// It could not be done.
    #[error("{0}")]
    Failed(#[from] super::Problem),
    /// There is not enough memory; another plan may do.
    #[error("{0}")]
    NoRoom(super::Problem),
    /// The device answers no more; what is on it is gone.
    #[error("{0}")]
    Lost(super::Problem),
}

impl EditError {
    /// What to tell; nothing where somebody asked to stop.
    pub fn problem(self) -> Option<super::Problem> {
        match self {
            Self::Cancelled => None,
            Self::Failed(problem) | Self::NoRoom(problem) | Self::Lost(problem) => Some(problem),
        }
    }
}
