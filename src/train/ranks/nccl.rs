//! Sums between NVIDIA cards by NCCL. Everything else goes through the star that introduced them.
//!
//! Source: NCCL's user guide, `ncclCommInitRank` and `ncclAllReduce`.

use super::{Collective, RankError, Star};
use candle_core::backend::BackendStorage as _;
use candle_core::cuda_backend::cudarc::nccl::safe::{Comm, Id, ReduceOp};
use candle_core::{
    CpuStorage, CudaStorage, CustomOp1, Device, Error, Layout, Result, Shape, Tensor,
};
use std::sync::Arc;

/// A rank with a card.
pub(super) struct Cards {
    star: Star,
    comm: Arc<Comm>,
}

/// NCCL's handle, with the promise that one thread at a time uses it.
struct Sum(Arc<Comm>);

#[expect(unsafe_code, reason = "candle wants operations that could be shared")]
// SAFETY: a communicator may be used from any thread as long as it is one at a time; the operation lives
// within one call of `mean`, which takes the whole of `Cards`.
unsafe impl Send for Sum {}

#[expect(unsafe_code, reason = "candle wants operations that could be shared")]
// SAFETY: as above.
unsafe impl Sync for Sum {}

fn failed(what: &str, error: impl std::fmt::Debug) -> RankError {
    RankError::Tensor(Error::Msg(format!("NCCL: {what}: {error:?}")))
}

impl Cards {
    /// Introduces the cards to each other: rank 0 makes the name of their group.
    pub fn open(star: Star, device: &Device) -> std::result::Result<Self, RankError> {
        let mut star = star;
        let stream = device.as_cuda_device()?.cuda_stream();
        let name = match star.rank() {
            0 => {
                let id = Id::new().map_err(|e| failed("no group", e))?;
                id.internal().iter().map(|byte| *byte as u8).collect()
            }
            _ => Vec::new(),
        };
        let name = star.broadcast(name)?;
        let mut internal = [0; 128];
        for (place, byte) in internal.iter_mut().zip(name) {
            *place = byte as _;
        }
        let comm = Comm::from_rank(stream, star.rank(), star.ranks(), Id::uninit(internal));
        let comm = comm.map_err(|e| failed("the cards do not find each other", e))?;
        Ok(Self {
            star,
            comm: Arc::new(comm),
        })
    }
}

impl Collective for Cards {
    fn rank(&self) -> usize {
        self.star.rank()
    }

    fn ranks(&self) -> usize {
        self.star.ranks()
    }

    fn mean(&mut self, values: Tensor) -> std::result::Result<Tensor, RankError> {
        let sum = values
            .contiguous()?
            .apply_op1_no_bwd(&Sum(self.comm.clone()))?;
        Ok((sum / self.star.ranks() as f64)?)
    }

    fn broadcast(&mut self, said: Vec<u8>) -> std::result::Result<Vec<u8>, RankError> {
        self.star.broadcast(said)
    }

    fn gather(&mut self, said: Vec<u8>) -> std::result::Result<Vec<Vec<u8>>, RankError> {
        self.star.gather(said)
    }

    fn leave(&mut self, why: &str) {
        self.star.leave(why);
    }
}

impl CustomOp1 for Sum {
    fn name(&self) -> &'static str {
        "sum over ranks"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        candle_core::bail!("NCCL sums on cards only")
    }

    fn cuda_fwd(&self, storage: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let device = storage.device().clone();
        let numbers = storage.as_cuda_slice::<f32>()?;
        let numbers = match layout.contiguous_offsets() {
            Some((from, to)) => numbers.slice(from..to),
            None => candle_core::bail!("a sum over ranks needs contiguous numbers"),
        };
        let mut sum = device.alloc_zeros::<f32>(layout.shape().elem_count())?;
        self.0
            .all_reduce(&numbers, &mut sum, &ReduceOp::Sum)
            .map_err(|e| Error::Msg(format!("NCCL: no sum: {e:?}")))?;
        let sum = CudaStorage::wrap_cuda_slice(sum, device);
        Ok((sum, layout.shape().clone()))
    }
}
