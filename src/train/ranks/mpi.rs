//! Sums by MPI, for ranks that `mpirun` started. Everything else goes through a star, whose place rank 0
//! tells the others by MPI, so that no address has to be given.
//!
//! When a rank dies, `mpirun` ends the others; the run goes on from its newest checkpoint.
//! Source: the MPI standard 3.1, `MPI_Allreduce` and `MPI_Bcast`.

use super::{Collective, Patience, RankError, Rendezvous, Star};
use candle_core::Tensor;
use mpi::Threading;
use mpi::collective::{CommunicatorCollectives as _, Root as _, SystemOperation};
use mpi::environment::{Universe, initialize_with_threading, processor_name};
use mpi::topology::Communicator as _;
use std::net::TcpListener;

/// Bytes in which rank 0 says where it is.
const ADDRESS: usize = 256;

/// A rank of `mpirun`.
pub struct Mpi {
    star: Star,
    universe: Universe,
}

fn apart(what: impl ToString) -> RankError {
    RankError::Apart(what.to_string())
}

impl Mpi {
    /// Meets the other ranks.
    ///
    /// # Errors
    /// When MPI cannot be used, counts other ranks, or they do not reach each other.
    pub fn meet(place: &Rendezvous, patience: Patience) -> Result<Self, RankError> {
        let begun = initialize_with_threading(Threading::Serialized);
        let (universe, _) = begun.ok_or_else(|| apart("MPI was begun already"))?;
        let world = universe.world();
        let (rank, ranks) = (world.rank() as usize, world.size() as usize);
        if (rank, ranks) != (place.rank, place.ranks) {
            return Err(apart(format!("MPI calls this rank {rank} of {ranks}")));
        }
        let listener = match rank {
            0 => Some(TcpListener::bind("0.0.0.0:0").map_err(apart)?),
            _ => None,
        };
        let mut address = [0u8; ADDRESS];
        if let Some(listener) = &listener {
            let port = listener.local_addr().map_err(apart)?.port();
            let host = match place.all_here {
                true => "127.0.0.1".to_owned(),
                false => processor_name().map_err(apart)?,
            };
            let text = format!("{host}:{port}");
            for (place, byte) in address.iter_mut().zip(text.bytes()) {
                *place = byte;
            }
        }
        world.process_at_rank(0).broadcast_into(&mut address[..]);
        let text = String::from_utf8_lossy(&address);
        let (host, port) = text
            .trim_end_matches('\0')
            .rsplit_once(':')
            .ok_or_else(|| apart("rank 0 does not say where it is"))?;
        let found = Rendezvous {
            host: host.to_owned(),
            port: port.parse().map_err(apart)?,
            ..place.clone()
        };
        let star = match &listener {
            Some(listener) => Star::host(listener, &found, patience, &mut || Ok(()))?,
            None => Star::meet(&found, patience)?,
        };
        Ok(Self { star, universe })
    }
}

impl Collective for Mpi {
    fn rank(&self) -> usize {
        self.star.rank()
    }

    fn ranks(&self) -> usize {
        self.star.ranks()
    }

    fn mean(&mut self, values: Tensor) -> Result<Tensor, RankError> {
        let (shape, device) = (values.shape().clone(), values.device().clone());
        let numbers = values.flatten_all()?.to_vec1::<f32>()?;
        drop(values);
        let mut sum = vec![0.0f32; numbers.len()];
        let world = self.universe.world();
        world.all_reduce_into(&numbers[..], &mut sum[..], SystemOperation::sum());
        let share = 1.0 / self.ranks() as f32;
        sum.iter_mut().for_each(|number| *number *= share);
        Ok(Tensor::from_vec(sum, shape, &device)?)
    }

    fn broadcast(&mut self, said: Vec<u8>) -> Result<Vec<u8>, RankError> {
        self.star.broadcast(said)
    }

    fn gather(&mut self, said: Vec<u8>) -> Result<Vec<Vec<u8>>, RankError> {
        self.star.gather(said)
    }

    fn leave(&mut self, why: &str) {
        self.star.leave(why);
    }
}
