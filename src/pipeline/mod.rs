//! LGD: from a frame and a question to the picture that answers it.
//!
//! One run: [`LgdPipeline::run`] takes one [`EditRequest`] per column through conditioning (BLIP-2,
//! latent translation), the sampler loop over the UNet and the VAE, and reports [`Progress`] on the
//! way.
//! Source: Image Content Generation with Causal Reasoning (arXiv 2312.07132), sections 4 and 5.

mod abilities;
pub mod build;
mod bundle;
mod checking;
mod clock;
mod column;
mod component;
mod conditioning;
mod drawing;
mod embedded;
mod explain;
pub mod frame_image;
pub mod import;
mod jpeg;
mod lgd;
mod likeness;
mod looking;
mod manifest;
mod memory;
pub mod metadata;
mod parts;
mod perceptual;
mod pieces;
mod problem;
mod progress;
mod request;
mod residency;
mod timings;
mod track;
pub mod whole_file;

pub use abilities::{Abilities, WhichEditor};
pub(crate) use bundle::load_problem;
pub use bundle::{Bundle, BundleSource};
pub use checking::{Check, CheckKind, Judgement, Verdict};
pub use component::Component;
pub use explain::{Attention, AttentionLeg};
pub use frame_image::{FrameError, FrameProblem};
pub use lgd::LgdPipeline;
pub(crate) use lgd::tokenizer;
pub use likeness::{Likeness, clip_pixels};
pub use looking::FrameInput;
pub use manifest::Manifest;
pub use memory::{
    Forecast, MemoryModel, MemoryPlan, MemorySize, PartSize, PartSizes, WorkSizes, Workload,
};
pub use metadata::{PictureMetadata, PictureTexts};
pub use parts::{Gauge, LoadListener, LoadProgress, MemoryRules};
pub use perceptual::Perceptual;
pub use pieces::{ContextUnit, Meaning, Piece, PieceOf};
pub use problem::{Problem, Remedy};
pub use progress::{
    Beam, EditError, Edited, Progress, Stage, StageSeconds, StepDone, WrittenAnswer,
};
pub use request::{
    AnswerDecoding, AnswerSettings, Branch, EditRequest, GuidanceMode, NoiseGenerator,
    PreviewMethod, RequestProblem, Sampler,
};
pub use timings::{Span, Spent, Timings, Work};
pub use track::Estimate;
pub use whole_file::SaveError;
