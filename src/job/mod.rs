//! The seam between the faces (window, command line) and the work.
//!
//! A face submits a [`JobSpec`], a [`FileTask`], a [`BundleTask`] or a [`LibraryTask`] and reads
//! [`JobEvent`]s. Eight threads do everything: `lgd-worker` owns the device and the loaded pipeline,
//! `lgd-files` decodes and saves, `lgd-bundles` makes bundles, `lgd-library` looks after them, with a
//! thread more for each check or download, `lgd-training` looks after the processes of training runs,
//! `lgd-dataset` edits data sets, with threads more for small pictures, for an examination and for the
//! frames of a video, `lgd-store` keeps runs and jobs so that nothing is lost when the program is
//! killed, and `lgd-care` looks after the program itself. Logging has a thread beside them. A window has
//! two more: `lgd-desktop` talks to the desktop around it, and `lgd-starts` hears other starts of the
//! program.
//! State changes travel through a bounded channel and are never lost; step previews go through a
//! one-place slot where the newest wins.

mod axis;
pub mod bundles;
pub mod care;
pub mod clock;
mod cover;
pub mod datasets;
mod desktop;
mod devices;
mod dialogs;
mod display;
mod divergence;
pub mod doctor;
mod explaining;
mod export;
mod file_task;
mod files;
mod films;
mod font;
mod heat;
pub mod hub;
pub mod instance;
mod jobs;
pub mod library;
pub mod logs;
mod making;
mod memory;
mod message;
mod outbox;
mod places;
mod polls;
mod programs;
mod provenance;
mod queue;
mod recall;
mod reports;
mod resources;
mod run_file;
mod run_grid;
mod sabotage;
mod saving;
mod scoring;
mod sheet;
mod stoppable;
mod stopwatch;
mod store;
mod target;
mod task_thread;
mod token_counter;
pub mod toon;
pub mod training;
mod validation;
mod worker;

pub use crate::eval::{
    CategoryReport, CategoryVotes, CausalReport, Change, Choice as VoteChoice, MethodReport,
    Metrics, ModeVotes, PictureReport, Rate, Report, SampleReport, Shown, Skipped, Vote,
    VoteReport, against, paper, paper_difference, paper_votes,
};
pub use crate::nn::LatentRgb;
pub use crate::nn::cancel::CancelToken;
pub use crate::nn::device::{DeviceChoice, DeviceError, Precision};
pub use crate::nn::similarity::{SimilarityError, psnr, ssim};
pub use crate::nn::{Products, has_fast_eight_bits};
pub use crate::pipeline::build::{
    BuildProgress, BuildStage, ImportSpec, MadeBundle, Preset, RandomSpec, StoredAs,
};
pub use crate::pipeline::import::{
    LeftOver, MissingPart, ModeOutlook, Part, Recognised, RecognisedComponent, WeightKind,
};
pub use crate::pipeline::metadata::{PictureMetadata, read as read_metadata};
pub use crate::pipeline::{
    AnswerDecoding, AnswerSettings, Attention, AttentionLeg, Beam, Branch, Bundle, BundleSource,
    Check, CheckKind, Component, ContextUnit, EditRequest, Estimate, Forecast, GuidanceMode,
    Judgement, LoadProgress, Meaning, MemoryModel, MemoryPlan, MemorySize, NoiseGenerator, Piece,
    PieceOf, PreviewMethod, Problem, Remedy, RequestProblem, Sampler, Span, Stage, StageSeconds,
    Timings, Verdict, Work, Workload, WrittenAnswer,
};
pub use axis::{Axis, AxisProblem, Parameter, around};
pub use cover::{COVER_HEIGHT, COVER_WIDTH, Cover, CoverRequest};
pub use datasets::{DatasetEvent, DatasetNews, DatasetTask};
pub use desktop::DesktopTask;
pub use devices::DeviceFacts;
pub use divergence::Divergence;
pub use explaining::{Explaining, PieceEffect};
pub use export::{
    Captions, Export, ExportFormat, MOST_STORY_COLUMNS, StoryPlan, StorySize, labelled_grid,
    write_times,
};
pub use file_task::{FileTask, FolderUse};
pub use files::{EXAMPLES, Example, PICTURE_EXTENSIONS, VIDEO_EXTENSIONS};
pub use films::{Film, FilmColumn, FilmSource};
pub use font::NOTO_SANS_SC;
pub use heat::{HeatMap, heat_colour};
pub use jobs::{Jobs, JobsConfig};
pub use library::{LibraryEvent, LibraryNews, LibraryTask};
pub use making::{BundleEvent, BundleTask, Making};
pub use memory::{MemoryFacts, MemoryNeed};
pub use message::{
    BundleSummary, EditResult, Frame, FrameOrigin, JobEvent, JobId, JobSpec, Similarity,
    StepPreview,
};
pub use places::Places;
pub use polls::{Ballot, BallotPictures, Poll, VotesExport};
pub use provenance::FrameFacts;
pub use recall::{FrameSearch, Made, Recalled, recall};
pub use reports::ReportExport;
pub use resources::Resources;
pub use run_file::{
    RUN_EXTENSION, RUN_MIME, RunFile, is_run_file, open as open_run, remember as remember_timings,
};
pub use run_grid::{Grid, GridProblem, MAX_CELLS};
pub use sabotage::{Fault, Sabotage};
pub use saving::write_text;
pub use scoring::{Evaluation, JudgeChoice, ReportFormat, ScoreSpec, WHERE_CLIP_IS};
pub use sheet::{Sameness, columns_per_seed, grid, sameness};
pub use store::{
    KeptColumn, KeptRun, KeptState, RunDraft, RunEntry, RunKey, RunsRoom, StoreEvent, StoreTask,
};
pub use target::{Target, TargetFacts};
pub use token_counter::TokenCounter;
pub use training::{TrainingEvent, TrainingNews, TrainingTask};
pub use validation::{
    Expected, Outlook, PAPER_MODES, PAPER_SEEDS, Shard, ValidateSpec, Validation, paper_settings,
};
