//! What an edit reports while it runs, and what it gives back.

use image::RgbImage;

/// The stages of an edit, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StageSeconds {
    /// The stage.
    pub stage: Stage,
    /// How long it took.
    pub seconds: f64,
}

/// What the language model wrote (or what was given in its place).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WrittenAnswer {
    /// The sentence.
    pub text: String,
    /// The search's own score: sum of log-probabilities over length^penalty; none for a given text
    /// and for greedy decoding.
    pub score: Option<f64>,
    /// Whether it was given by the user instead of written.
    pub given: bool,
}

/// One report of a running edit.
#[derive(Debug)]
pub enum Progress {
    /// A stage began.
    Stage(Stage),
    /// The answer is written; the drawing goes on.
    Answer(WrittenAnswer),
    /// Something worth knowing that is not a failure (the question was cut, …).
    Notice(String),
    /// A denoising step is done.
    Step {
        /// Steps finished, 1..=steps.
        step: usize,
        /// Steps in all.
        steps: usize,
        /// The denoised estimate, unless previews are off; at latent or full resolution.
        preview: Option<RgbImage>,
    },
}

/// A finished edit.
#[derive(Clone, Debug)]
pub struct Edited {
    /// The picture, at the frame's size.
    pub picture: RgbImage,
    /// The answer, in the modes that have one.
    pub answer: Option<WrittenAnswer>,
    /// Where the time went.
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
}
