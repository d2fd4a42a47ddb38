//! Training: the losses, one step, the optimiser, the average of the weights, and whole runs.

mod adamw;
mod checkpoint;
mod conditions;
mod config;
mod ema;
mod event;
mod export;
mod feeder;
mod folder;
mod forecast;
mod gradients;
mod learning_rate;
pub mod loss;
mod networks;
mod run;
mod sample;
mod step;

pub use adamw::{AdamW, AdamWSettings};
pub use checkpoint::{Checkpoint, Checkpoints, Tensors};
pub use conditions::{Conditions, Kept};
pub use config::{
    Bridge, DataConfig, LossConfig, ModelConfig, OptimConfig, PinnedQuestion, Preset, SampleConfig,
    TrainConfig, TrainerConfig,
};
pub use ema::Ema;
pub use event::{Event, EventLog, StepReport, read_events};
pub use export::write_bundle;
pub use feeder::Feeder;
pub use folder::{CONFIG, Heartbeat, RunFolder, heartbeat};
pub use forecast::{Forecast, forecast};
pub use gradients::Gradients;
pub use learning_rate::{LinearCycles, LrSchedule};
pub use networks::{Group, Networks, Trainee, named, trainable};
pub use run::{Control, Ended, Hooks, Run};
pub use step::{Batch, Conditioning, Draws, Losses, StepSettings, step};
