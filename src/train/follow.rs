//! Ranks behind rank 0: what it says, they do.
//!
//! They hear the configuration first, then the state the run goes on from, then before every step
//! whether it is to be done. They write nothing: checkpoints, events and pictures are rank 0's.

use super::checkpoint::Checkpoint;
use super::config::TrainConfig;
use super::learner::Learner;
use super::ranks::{Collective, RankError};
use super::run::Ended;
use crate::pipeline::Problem;
use candle_core::Device;
use serde::{Deserialize, Serialize};

/// What rank 0 says before a step.
const STEP: &[u8] = b"step";
/// What it says instead at the end of a run.
const ENDS: [(Ended, &[u8]); 3] = [
    (Ended::Finished, b"finished"),
    (Ended::Stopped, b"stopped"),
    (Ended::Discarded, b"discarded"),
];

/// What a rank found, which should be what the others found.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Inventory {
    samples: usize,
    parameters: usize,
}

/// Where the run goes on.
#[derive(Default, Serialize, Deserialize)]
struct Position {
    step: u64,
    updates: u64,
    restored: bool,
}

impl Learner {
    /// Brings all ranks to the state of rank 0, which has taken `checkpoint` already.
    ///
    /// # Errors
    /// When a rank is lost or sees other data.
    pub(super) fn begin_together(&mut self, checkpoint: Option<Checkpoint>) -> Result<(), Problem> {
        if self.ranks.ranks() == 1 {
            return Ok(());
        }
        let own = Inventory {
            samples: self.records.usable.len(),
            parameters: self.numbers(),
        };
        let text = serde_json::to_vec(&own).unwrap_or_default();
        for (rank, text) in self.ranks.gather(text)?.iter().enumerate() {
            let other: Inventory = serde_json::from_slice(text)
                .map_err(|e| RankError::Confused(format!("what rank {rank} found: {e}")))?;
            if other != own {
                return Err(Problem::new(format!(
                    "Rank {rank} sees {} samples and trains {} numbers, this one {} and {}.",
                    other.samples, other.parameters, own.samples, own.parameters
                ))
                .hint("Give all ranks the same data folder and the same bundle."));
            }
        }
        let position = checkpoint.as_ref().map(|checkpoint| Position {
            step: checkpoint.progress.step,
            updates: checkpoint.progress.optimizer_steps,
            restored: true,
        });
        let text = serde_json::to_vec(&position.unwrap_or_default()).unwrap_or_default();
        let text = self.ranks.broadcast(text)?;
        let position: Position = serde_json::from_slice(&text)
            .map_err(|e| RankError::Confused(format!("where the run goes on: {e}")))?;
        if position.restored {
            let (weights, optimizer) = match checkpoint {
                Some(checkpoint) => (Some(checkpoint.weights), Some(checkpoint.optimizer)),
                None => (None, None),
            };
            let weights = self.same_everywhere(weights)?;
            let optimizer = self.same_everywhere(optimizer)?;
            if self.ranks.rank() > 0 {
                self.restore(&weights, &optimizer, position.updates)
                    .map_err(RankError::Confused)?;
                self.step = position.step;
            }
        }
        Ok(())
    }

    /// Says as rank 0 that a step is to be done.
    ///
    /// # Errors
    /// When a rank is lost.
    pub(super) fn call(&mut self) -> Result<(), Problem> {
        self.ranks.broadcast(STEP.to_vec())?;
        Ok(())
    }

    /// Says as rank 0 that the run ends. Everything is saved by then, so a rank that does not hear it is
    /// no failure of the run.
    pub(super) fn dismiss(&mut self, ended: Ended) {
        let word = ENDS.iter().find(|(known, _)| *known == ended);
        let word = word.map_or(STEP, |(_, word)| word);
        if let Err(error) = self.ranks.broadcast(word.to_vec()) {
            tracing::warn!("{error}");
        }
    }
}

/// Trains as one of the ranks behind rank 0, until that ends the run.
///
/// # Errors
/// When rank 0 is lost, or this rank cannot go on, which it says to rank 0.
pub fn follow(ranks: Box<dyn Collective>, device: &Device) -> Result<Ended, Problem> {
    let mut ranks = ranks;
    let text = ranks.broadcast(Vec::new())?;
    let text = String::from_utf8_lossy(&text);
    let config = TrainConfig::parse(&text, &[])?;
    let mut learner = Learner::open(config, device, ranks)?;
    let ended = walk(&mut learner);
    if let Err(problem) = &ended {
        learner.ranks.leave(&problem.message);
    }
    ended
}

fn walk(learner: &mut Learner) -> Result<Ended, Problem> {
    learner.begin_together(None)?;
    let mut batches = learner.batches()?;
    loop {
        let word = learner.ranks.broadcast(Vec::new())?;
        let end = ENDS.iter().find(|(_, known)| *known == word.as_slice());
        if let Some((ended, _)) = end {
            return Ok(*ended);
        }
        // A step that was not a number moves nothing; rank 0 says what follows.
        learner.learn(&mut batches)?;
    }
}
