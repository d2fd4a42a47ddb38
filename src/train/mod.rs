//! Training: the losses, one step, the optimiser, the average of the weights, and whole runs.

mod adamw;
mod autoencoder;
mod checkpoint;
mod conditions;
mod config;
mod editor;
mod ema;
mod event;
mod export;
mod features;
mod feeder;
mod folder;
mod follow;
mod forecast;
mod fresh;
mod frozen;
mod gradients;
mod latents;
mod learner;
mod learning_rate;
mod lora;
pub mod loss;
mod networks;
mod prefetch;
mod prepared;
pub mod ranks;
mod run;
mod sample;
mod scene_heads;
mod scenes;
mod step;
mod stored;
mod tables;
mod tensorboard;
mod texts;
mod timesteps;

pub use adamw::{AdamW, AdamWSettings};
pub use autoencoder::{Pictures, reconstruct, reconstruction_loss};
pub use checkpoint::{Checkpoint, Checkpoints, Tensors};
pub use conditions::{Conditions, Kept};
pub use config::{
    Bridge, DataConfig, LoraConfig, LossConfig, ModelConfig, OptimConfig, PinnedQuestion, Preset,
    SampleConfig, TrainConfig, TrainerConfig,
};
pub use ema::Ema;
pub use event::{Event, EventLog, StepReport, read_events};
pub use export::{write_bundle, write_bundle_with};
pub use feeder::Feeder;
pub use folder::{CONFIG, Heartbeat, RunFolder, heartbeat};
pub use follow::follow;
pub use forecast::{Forecast, forecast};
pub use fresh::write_fresh;
pub use frozen::Frozen;
pub use gradients::Gradients;
pub use latents::{LatentFacts, latent_facts};
pub use learner::learn_from;
pub use learning_rate::{LinearCycles, LrSchedule};
pub use lora::write_lora;
pub use networks::{Group, Networks, Trainee, low_rank_rule, named, trainable};
pub use prepared::Prepared;
pub use run::{Control, Ended, Hooks, Run};
pub use step::{
    Batch, Conditioning, Draws, Losses, NoiseWeights, Picture, Seen, StepSettings, Words, step,
};
