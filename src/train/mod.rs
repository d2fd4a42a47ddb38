//! Training: the losses, one step, the optimiser, the average of the weights.

mod adamw;
mod conditions;
mod ema;
mod gradients;
mod learning_rate;
pub mod loss;
mod networks;
mod step;

pub use adamw::{AdamW, AdamWSettings};
pub use conditions::{Conditions, Kept};
pub use ema::Ema;
pub use gradients::Gradients;
pub use learning_rate::{LinearCycles, LrSchedule};
pub use networks::{Group, Networks, Trainee, named, trainable};
pub use step::{Batch, Conditioning, Draws, Losses, StepSettings, step};
