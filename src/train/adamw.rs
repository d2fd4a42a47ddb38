//! AdamW, equal to `torch.optim.AdamW`.
//!
//! Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2019), algorithm 2; the
//! order of the operations is torch's, so that runs are comparable. On the CPU one pass over the
//! numbers updates parameter and moments in place; elsewhere candle's operations do.

use candle_core::{CpuStorage, DType, InplaceOp2, Layout, Result, Tensor, Var, bail};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Numbers one thread updates at a time; small enough for the second-level cache.
const PIECE: usize = 16_384;

/// Settings that stay the same over a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdamWSettings {
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of squared gradients.
    pub beta2: f64,
    /// Added to the root, against division by zero.
    pub eps: f64,
    /// Share of a parameter that is lost per step, times the learning rate.
    pub weight_decay: f64,
}

impl Default for AdamWSettings {
    /// The defaults of torch, which the original uses.
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
            weight_decay: 0.01,
        }
    }
}

/// Mean of the gradients and of their squares, in the shape of the parameter.
enum Moments {
    Host(Vec<f32>, Vec<f32>),
    Device(Tensor, Tensor),
}

/// The optimiser with its state.
pub struct AdamW {
    settings: AdamWSettings,
    /// Updates done.
    step: u64,
    moments: BTreeMap<String, Moments>,
}

impl AdamW {
    /// A fresh optimiser.
    pub fn new(settings: AdamWSettings) -> Self {
        Self {
            settings,
            step: 0,
            moments: BTreeMap::new(),
        }
    }

    /// Updates done so far.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// Moves every parameter that has a gradient.
    ///
    /// # Errors
    /// On a gradient of another shape, or when the device has no room.
    pub fn update(
        &mut self,
        parameters: &BTreeMap<String, Var>,
        gradients: &BTreeMap<String, Tensor>,
        learning_rate: f64,
    ) -> Result<()> {
        self.step += 1;
        let rates = Rates::new(&self.settings, learning_rate, self.step);
        for (name, gradient) in gradients {
            let Some(var) = parameters.get(name) else {
                bail!("there is no parameter {name}")
            };
            if var.dims() != gradient.dims() {
                bail!(
                    "the gradient of {name} is {:?}, the parameter {:?}",
                    gradient.dims(),
                    var.dims()
                )
            }
            let moments = match self.moments.remove(name) {
                Some(moments) => moments,
                None => fresh(var)?,
            };
            let moments = match moments {
                Moments::Host(mut mean, mut square) => {
                    let update = FusedUpdate {
                        rates,
                        moments: RefCell::new((&mut mean, &mut square)),
                    };
                    var.inplace_op2(&gradient.contiguous()?, &update)?;
                    Moments::Host(mean, square)
                }
                Moments::Device(mean, square) => rates.on_device(var, gradient, &mean, &square)?,
            };
            self.moments.insert(name.clone(), moments);
        }
        Ok(())
    }

    /// The state as tensors: `mean.NAME` and `square.NAME`; with [`AdamW::steps`] that is all of it.
    ///
    /// # Errors
    /// When there is no room.
    pub fn state(&self, parameters: &BTreeMap<String, Var>) -> Result<BTreeMap<String, Tensor>> {
        let mut state = BTreeMap::new();
        for (name, moments) in &self.moments {
            let Some(var) = parameters.get(name) else {
                continue;
            };
            let (mean, square) = match moments {
                Moments::Device(mean, square) => (mean.clone(), square.clone()),
                Moments::Host(mean, square) => {
                    let tensor =
                        |values: &Vec<f32>| Tensor::from_slice(values, var.shape(), var.device());
                    (tensor(mean)?, tensor(square)?)
                }
            };
            state.insert(format!("mean.{name}"), mean);
            state.insert(format!("square.{name}"), square);
        }
        Ok(state)
    }

    /// Goes on from a state.
    ///
    /// # Errors
    /// When a tensor is missing or has another shape.
    pub fn restore(
        &mut self,
        parameters: &BTreeMap<String, Var>,
        state: &BTreeMap<String, Tensor>,
        step: u64,
    ) -> Result<()> {
        self.step = step;
        self.moments.clear();
        for (name, var) in parameters {
            let (Some(mean), Some(square)) = (
                state.get(&format!("mean.{name}")),
                state.get(&format!("square.{name}")),
            ) else {
                continue; // it never had a gradient
            };
            if mean.dims() != var.dims() || square.dims() != var.dims() {
                bail!("the optimiser's state of {name} has another shape than the parameter")
            }
            let moments = if on_host(var) {
                let values = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
                Moments::Host(values(mean)?, values(square)?)
            } else {
                Moments::Device(
                    mean.to_device(var.device())?,
                    square.to_device(var.device())?,
                )
            };
            self.moments.insert(name.clone(), moments);
        }
        Ok(())
    }
}

fn on_host(var: &Var) -> bool {
    var.device().is_cpu() && var.dtype() == DType::F32
}

fn fresh(var: &Var) -> Result<Moments> {
    Ok(if on_host(var) {
        let zeros = vec![0.0; var.elem_count()];
        Moments::Host(zeros.clone(), zeros)
    } else {
        let zeros = Tensor::zeros(var.shape(), DType::F32, var.device())?;
        Moments::Device(zeros.clone(), zeros)
    })
}

/// What one update multiplies with.
#[derive(Clone, Copy)]
struct Rates {
    kept: f64,
    beta1: f64,
    beta2: f64,
    step_size: f64,
    root_correction: f64,
    eps: f64,
}

impl Rates {
    fn new(settings: &AdamWSettings, learning_rate: f64, step: u64) -> Self {
        let power = |beta: f64| 1.0 - beta.powf(step as f64);
        Self {
            kept: 1.0 - learning_rate * settings.weight_decay,
            beta1: settings.beta1,
            beta2: settings.beta2,
            step_size: learning_rate / power(settings.beta1),
            root_correction: power(settings.beta2).sqrt(),
            eps: settings.eps,
        }
    }

    fn on_device(
        &self,
        var: &Var,
        gradient: &Tensor,
        mean: &Tensor,
        square: &Tensor,
    ) -> Result<Moments> {
        let gradient = gradient.to_dtype(DType::F32)?;
        let mean = (mean + ((&gradient - mean)? * (1.0 - self.beta1))?)?;
        let square = ((square * self.beta2)? + (gradient.sqr()? * (1.0 - self.beta2))?)?;
        let root = ((square.sqrt()? / self.root_correction)? + self.eps)?;
        let kept = (var.to_dtype(DType::F32)? * self.kept)?;
        let moved = (kept - ((&mean / root)? * self.step_size)?)?;
        var.set(&moved.to_dtype(var.dtype())?)?;
        Ok(Moments::Device(mean.detach(), square.detach()))
    }
}

/// One pass over parameter, gradient and both moments.
struct FusedUpdate<'a> {
    rates: Rates,
    moments: RefCell<(&'a mut Vec<f32>, &'a mut Vec<f32>)>,
}

impl InplaceOp2 for FusedUpdate<'_> {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(
        &self,
        parameter: &mut CpuStorage,
        layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> Result<()> {
        let (parameter, gradient) = slices(parameter, layout, gradient, gradient_layout)?;
        let mut moments = self.moments.borrow_mut();
        let (mean, square) = &mut *moments;
        let rates = self.rates;
        let (beta1, beta2) = ((1.0 - rates.beta1) as f32, rates.beta2 as f32);
        let (square_share, kept) = ((1.0 - rates.beta2) as f32, rates.kept as f32);
        let (root_correction, eps) = (rates.root_correction as f32, rates.eps as f32);
        let step_size = rates.step_size as f32;
        parameter
            .par_chunks_mut(PIECE)
            .zip(gradient.par_chunks(PIECE))
            .zip(mean.par_chunks_mut(PIECE))
            .zip(square.par_chunks_mut(PIECE))
            .for_each(|(((parameter, gradient), mean), square)| {
                let numbers = parameter.iter_mut().zip(gradient).zip(mean).zip(square);
                for (((parameter, &gradient), mean), square) in numbers {
                    *mean += beta1 * (gradient - *mean);
                    *square = *square * beta2 + square_share * gradient * gradient;
                    let root = square.sqrt() / root_correction + eps;
                    *parameter = *parameter * kept - step_size * (*mean / root);
                }
            });
        Ok(())
    }
}

/// The numbers of a variable, to change them, and of a contiguous tensor of the same size.
pub(super) fn slices<'a>(
    changed: &'a mut CpuStorage,
    changed_layout: &Layout,
    read: &'a CpuStorage,
    read_layout: &Layout,
) -> Result<(&'a mut [f32], &'a [f32])> {
    let (CpuStorage::F32(changed), CpuStorage::F32(read)) = (changed, read) else {
        bail!("an update in place needs f32")
    };
    let (Some((from, to)), Some((start, end))) = (
        changed_layout.contiguous_offsets(),
        read_layout.contiguous_offsets(),
    ) else {
        bail!("an update in place needs contiguous tensors")
    };
    match (changed.get_mut(from..to), read.get(start..end)) {
        (Some(changed), Some(read)) => Ok((changed, read)),
        _ => bail!("an update in place reads beyond its tensors"),
    }
}
