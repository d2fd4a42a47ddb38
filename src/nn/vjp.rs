//! A value computed by our own kernel, placed on candle's tape with its own gradient.
//!
//! candle knows the gradient of its own operations only. [`attach`] takes a result that was computed
//! on plain slices and a closure that pulls a gradient back through it (a vector-Jacobian product,
//! VJP), and returns a tensor that backpropagates like any other. The buffer is handed over, not
//! copied. Inputs outside the graph cost nothing: no node, no gradient, no entry in the store.

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, CustomOp3, DType, Layout, Result, Shape, Storage, StorageRef,
    Tensor, bail,
};
use std::ops::Deref;
use std::sync::Mutex;

/// Whether the kernels apply: every tensor is f32 in main memory and not empty. Otherwise callers use
/// candle's own operations, which also cover the GPUs.
pub(super) fn on_cpu(tensors: &[&Tensor]) -> bool {
    tensors
        .iter()
        .all(|x| x.device().is_cpu() && x.dtype() == DType::F32 && x.elem_count() > 0)
}

/// The numbers of a contiguous f32 tensor in main memory.
pub(super) struct Values<'a> {
    storage: StorageRef<'a>,
    start: usize,
    end: usize,
}

impl Deref for Values<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &*self.storage {
            Storage::Cpu(CpuStorage::F32(values)) => &values[self.start..self.end],
            _ => &[], // `values` checked the kind
        }
    }
}

impl<'a> Values<'a> {
    /// Everything from the first number of `x` on, to be read with the strides of `x`.
    pub fn strided(x: &'a Tensor) -> Result<Self> {
        let (storage, layout) = x.storage_and_layout();
        let Storage::Cpu(CpuStorage::F32(all)) = &*storage else {
            bail!("a kernel needs f32 in main memory, got {:?}", x.dtype())
        };
        let (start, end) = (layout.start_offset(), all.len());
        Ok(Self {
            storage,
            start,
            end,
        })
    }
}

/// Reads `x` in place; make it contiguous with [`plain`] first.
pub(super) fn values(x: &Tensor) -> Result<Values<'_>> {
    let (storage, layout) = x.storage_and_layout();
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("a kernel needs a contiguous tensor, got {layout:?}")
    };
    if !matches!(&*storage, Storage::Cpu(CpuStorage::F32(_))) {
        bail!("a kernel needs f32 in main memory, got {:?}", x.dtype())
    }
    Ok(Values {
        storage,
        start,
        end,
    })
}

/// The same numbers, contiguous and off the tape.
pub(super) fn plain(x: &Tensor) -> Result<Tensor> {
    x.detach().contiguous()
}

/// Makes a tensor of `value` whose gradient comes from `pull`.
///
/// `pull` receives the gradient of the result, contiguous, and one flag per input that says whether
/// its gradient is wanted; it returns the gradients in the order of `inputs`, each in its input's
/// shape. It should capture only tensors made by [`plain`]. At most three inputs may be on the tape.
pub(super) fn attach<const N: usize>(
    inputs: [&Tensor; N],
    value: Vec<f32>,
    shape: impl Into<Shape>,
    pull: impl Fn(&Tensor, [bool; N]) -> Result<[Option<Tensor>; N]> + Send + Sync + 'static,
) -> Result<Tensor> {
    let shape = shape.into();
    let wanted = inputs.map(Tensor::track_op);
    let tracked: Vec<&Tensor> = inputs.into_iter().filter(|x| x.track_op()).collect();
    let Some(first) = tracked.first() else {
        return Tensor::from_vec(value, shape, &candle_core::Device::Cpu);
    };
    let op = Vjp {
        value: Mutex::new(Some((CpuStorage::F32(value), shape))),
        pull: move |gradient: &Tensor| -> Result<Vec<Option<Tensor>>> {
            let gradients = pull(&gradient.contiguous()?, wanted)?;
            let kept = gradients.into_iter().zip(wanted).filter(|(_, w)| *w);
            Ok(kept.map(|(g, _)| g).collect())
        },
    };
    match tracked.as_slice() {
        [_] => first.apply_op1(op),
        [_, second] => first.apply_op2(second, op),
        [_, second, third] => first.apply_op3(second, third, op),
        _ => bail!("at most three inputs of a kernel can be on the tape"),
    }
}

struct Vjp<F> {
    value: Mutex<Option<(CpuStorage, Shape)>>,
    pull: F,
}

impl<F> Vjp<F> {
    fn hand_over(&self) -> Result<(CpuStorage, Shape)> {
        match self.value.lock().map(|mut value| value.take()) {
            Ok(Some(value)) => Ok(value),
            _ => bail!("the value of a kernel can be taken once"),
        }
    }
}

impl<F: Fn(&Tensor) -> Result<Vec<Option<Tensor>>>> Vjp<F> {
    fn gradients<const M: usize>(&self, gradient: &Tensor) -> Result<[Option<Tensor>; M]> {
        match (self.pull)(gradient)?.try_into() {
            Ok(gradients) => Ok(gradients),
            Err(_) => bail!("a kernel returned the wrong number of gradients"),
        }
    }
}

impl<F: Fn(&Tensor) -> Result<Vec<Option<Tensor>>>> CustomOp1 for Vjp<F> {
    fn name(&self) -> &'static str {
        "vjp"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        self.hand_over()
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let [a] = self.gradients(gradient)?;
        Ok(a)
    }
}

impl<F: Fn(&Tensor) -> Result<Vec<Option<Tensor>>>> CustomOp2 for Vjp<F> {
    fn name(&self) -> &'static str {
        "vjp"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.hand_over()
    }

    fn bwd(
        &self,
        _: &Tensor,
        _: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let [a, b] = self.gradients(gradient)?;
        Ok((a, b))
    }
}

impl<F: Fn(&Tensor) -> Result<Vec<Option<Tensor>>>> CustomOp3 for Vjp<F> {
    fn name(&self) -> &'static str {
        "vjp"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.hand_over()
    }

    fn bwd(
        &self,
        _: &Tensor,
        _: &Tensor,
        _: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let [a, b, c] = self.gradients(gradient)?;
        Ok((a, b, c))
    }
}
