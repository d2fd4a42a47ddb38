//! The moving average of the weights, which validation and sampling use.
//!
//! Source: the original's `LitEma`: `n += 1; decay = min(D, (1 + n) / (10 + n));
//! average -= (1 - decay) (average - parameter)`, so that early averages follow quickly.

use super::adamw::slices;
use candle_core::{CpuStorage, DType, InplaceOp2, Layout, Result, Var, bail};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Numbers one thread updates at a time.
const PIECE: usize = 16_384;

/// Averages of all trained parameters.
pub struct Ema {
    decay: f64,
    updates: u64,
    averages: BTreeMap<String, Var>,
}

impl Ema {
    /// Starts from the parameters as they are; `decay` is the largest one, such as 0.9999.
    ///
    /// # Errors
    /// When there is no room.
    pub fn new(decay: f64, parameters: &BTreeMap<String, Var>) -> Result<Self> {
        let mut averages = BTreeMap::new();
        for (name, var) in parameters {
            averages.insert(name.clone(), Var::from_tensor(&var.as_tensor().copy()?)?);
        }
        Ok(Self {
            decay,
            updates: 0,
            averages,
        })
    }

    /// Goes on from stored averages after `updates` updates.
    pub fn restore(decay: f64, averages: BTreeMap<String, Var>, updates: u64) -> Self {
        Self {
            decay,
            updates,
            averages,
        }
    }

    /// The averages by name.
    pub fn averages(&self) -> &BTreeMap<String, Var> {
        &self.averages
    }

    /// Updates done so far.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// The share of an average that the next update keeps.
    pub fn next_decay(&self) -> f64 {
        let n = (self.updates + 1) as f64;
        self.decay.min((1.0 + n) / (10.0 + n))
    }

    /// Follows the parameters.
    ///
    /// # Errors
    /// On parameters other than those it was made for.
    pub fn update(&mut self, parameters: &BTreeMap<String, Var>) -> Result<()> {
        let share = 1.0 - self.next_decay();
        self.updates += 1;
        for (name, average) in &self.averages {
            let Some(var) = parameters.get(name) else {
                bail!("there is no parameter {name}")
            };
            if var.device().is_cpu() && var.dtype() == DType::F32 {
                average.inplace_op2(var, &Follow(share as f32))?;
            } else {
                let moved = (average.as_tensor() - var.as_tensor())?;
                average.set(&(average.as_tensor() - (moved * share)?)?)?;
            }
        }
        Ok(())
    }
}

struct Follow(f32);

impl InplaceOp2 for Follow {
    fn name(&self) -> &'static str {
        "ema"
    }

    fn cpu_fwd(
        &self,
        average: &mut CpuStorage,
        layout: &Layout,
        parameter: &CpuStorage,
        parameter_layout: &Layout,
    ) -> Result<()> {
        let (average, parameter) = slices(average, layout, parameter, parameter_layout)?;
        let share = self.0;
        average
            .par_chunks_mut(PIECE)
            .zip(parameter.par_chunks(PIECE))
            .for_each(|(average, parameter)| {
                for (average, parameter) in average.iter_mut().zip(parameter) {
                    *average -= share * (*average - parameter);
                }
            });
        Ok(())
    }
}
