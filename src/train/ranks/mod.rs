//! Several processes that train one run together, one per device: its ranks.
//!
//! Every rank computes a share of a step's samples; the gradients are averaged, and every rank makes
//! the same update, so that the weights stay the same everywhere. Rank 0 owns the run's folder and
//! decides; the others follow. What a step is does not depend on the number of ranks: a run may go on
//! with another number of them.
//!
//! | backend | where |
//! |---|---|
//! | [`Alone`] | one process |
//! | [`Star`] | any machines that reach each other by TCP; sums are made by rank 0, in the order of the ranks |
//! | `Cards` | NVIDIA cards, feature `nccl`; everything but the sums goes through a [`Star`] |
//! | `Mpi` | what `mpirun` starts, feature `mpi`; the same |

mod frames;
#[cfg(feature = "mpi")]
mod mpi;
#[cfg(feature = "nccl")]
mod nccl;
mod rendezvous;
mod share;
mod star;
#[cfg(test)]
mod tests;

pub use rendezvous::{Rendezvous, TOKEN, local};
pub use share::Share;
pub use star::{Patience, Star};

use crate::pipeline::Problem;
use candle_core::{Device, Tensor};

/// Why ranks cannot go on together.
#[derive(Debug, thiserror::Error)]
pub enum RankError {
    /// A rank does not answer any more.
    #[error("Rank {0} is lost: {1}.")]
    Lost(usize, String),
    /// A rank said why it left.
    #[error("Rank {0} ended: {1}")]
    Ended(usize, String),
    /// They did not find each other.
    #[error("The ranks did not meet: {0}.")]
    Apart(String),
    /// They do not say what is expected of them.
    #[error("The ranks do not understand each other: {0}.")]
    Confused(String),
    /// A tensor could not be sent or made.
    #[error("The gradients cannot be averaged: {0}.")]
    Tensor(#[from] candle_core::Error),
}

impl From<RankError> for Problem {
    fn from(error: RankError) -> Self {
        let hint = match &error {
            RankError::Lost(..) | RankError::Ended(..) => {
                "The run is kept. Resume it from its newest checkpoint, with the same or another number of ranks."
            }
            RankError::Apart(_) => {
                "Check that all ranks were started, with the same MASTER_ADDR and MASTER_PORT, and that rank 0 can be reached."
            }
            RankError::Confused(_) => "Start every rank with the same version of the program.",
            RankError::Tensor(_) => "Use a smaller optim.batch with more optim.accumulation.",
        };
        Self::new(error.to_string()).hint(hint)
    }
}

/// The ranks of a run, as one of them sees them.
pub trait Collective {
    /// Which one this is, from 0.
    fn rank(&self) -> usize;

    /// How many there are.
    fn ranks(&self) -> usize;

    /// The mean of everybody's `values`, (N) in f32; all must give as many. Everybody gets the same
    /// numbers, and gets them again when the same is done again.
    ///
    /// # Errors
    /// When a rank is lost.
    fn mean(&mut self, values: Tensor) -> Result<Tensor, RankError>;

    /// What rank 0 says; what the others give is not looked at.
    ///
    /// # Errors
    /// When a rank is lost.
    fn broadcast(&mut self, said: Vec<u8>) -> Result<Vec<u8>, RankError>;

    /// What everybody says, in the order of the ranks.
    ///
    /// # Errors
    /// When a rank is lost.
    fn gather(&mut self, said: Vec<u8>) -> Result<Vec<Vec<u8>>, RankError>;

    /// Returns once everybody came here.
    ///
    /// # Errors
    /// When a rank is lost.
    fn barrier(&mut self) -> Result<(), RankError> {
        self.gather(Vec::new()).map(drop)
    }

    /// Tells the others why this rank leaves, as far as they still hear it.
    fn leave(&mut self, why: &str);
}

/// A run of one process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Collective for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn ranks(&self) -> usize {
        1
    }

    fn mean(&mut self, values: Tensor) -> Result<Tensor, RankError> {
        Ok(values)
    }

    fn broadcast(&mut self, said: Vec<u8>) -> Result<Vec<u8>, RankError> {
        Ok(said)
    }

    fn gather(&mut self, said: Vec<u8>) -> Result<Vec<Vec<u8>>, RankError> {
        Ok(vec![said])
    }

    fn leave(&mut self, _why: &str) {}
}

/// Meets the other ranks by MPI, where this build has it and `mpirun` started them.
///
/// # Errors
/// When they do not meet.
pub fn by_mpi(
    place: &Rendezvous,
    patience: Patience,
) -> Result<Option<Box<dyn Collective>>, RankError> {
    #[cfg(feature = "mpi")]
    if place.by_mpi {
        return Ok(Some(Box::new(mpi::Mpi::meet(place, patience)?)));
    }
    let _ = (place, patience);
    Ok(None)
}

/// The quickest backend for a device: NCCL between cards where this build has it, else the star itself.
///
/// # Errors
/// When the cards do not find each other.
pub fn on_device(star: Star, device: &Device) -> Result<Box<dyn Collective>, RankError> {
    #[cfg(feature = "nccl")]
    if device.is_cuda() {
        return Ok(Box::new(nccl::Cards::open(star, device)?));
    }
    #[cfg(not(feature = "nccl"))]
    if device.is_cuda() {
        tracing::warn!(
            "This build has no NCCL: gradients go through the main memory, which is slow between cards."
        );
    }
    Ok(Box::new(star))
}
