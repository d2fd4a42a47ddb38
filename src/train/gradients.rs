//! Gradients by parameter name: collected, accumulated, clipped.

use candle_core::backprop::GradStore;
use candle_core::{DType, Result, Tensor, Var};
use std::collections::BTreeMap;

/// Added to the norm that is divided by, as torch does.
const CLIP_EPS: f64 = 1e-6;

/// The gradients of one or more backward passes.
#[derive(Clone, Debug, Default)]
pub struct Gradients(BTreeMap<String, Tensor>);

impl Gradients {
    /// These.
    pub(super) fn of(by_name: BTreeMap<String, Tensor>) -> Self {
        Self(by_name)
    }

    /// Takes what a backward pass says about `parameters`.
    ///
    /// # Errors
    /// When there is no room.
    pub fn collect(
        &mut self,
        parameters: &BTreeMap<String, Var>,
        store: &mut GradStore,
    ) -> Result<()> {
        for (name, var) in parameters {
            if let Some(gradient) = store.remove(var) {
                self.add(name, gradient.detach())?;
            }
        }
        Ok(())
    }

    /// Adds the gradients of another sample of the same step.
    ///
    /// # Errors
    /// When there is no room.
    pub fn accumulate(&mut self, other: Self) -> Result<()> {
        for (name, gradient) in other.0 {
            self.add(&name, gradient)?;
        }
        Ok(())
    }

    fn add(&mut self, name: &str, gradient: Tensor) -> Result<()> {
        let sum = match self.0.remove(name) {
            Some(known) => (known + gradient)?,
            None => gradient,
        };
        self.0.insert(name.to_owned(), sum);
        Ok(())
    }

    /// Multiplies all of them.
    ///
    /// # Errors
    /// When there is no room.
    pub fn scale(&mut self, factor: f64) -> Result<()> {
        if factor != 1.0 {
            for gradient in self.0.values_mut() {
                *gradient = (&*gradient * factor)?;
            }
        }
        Ok(())
    }

    /// The Euclidean norm of all of them together.
    ///
    /// # Errors
    /// When the device fails.
    pub fn norm(&self) -> Result<f64> {
        let mut sum = 0.0;
        for gradient in self.0.values() {
            let squares = gradient.to_dtype(DType::F32)?.sqr()?.sum_all()?;
            sum += f64::from(squares.to_scalar::<f32>()?);
        }
        Ok(sum.sqrt())
    }

    /// Shortens all of them together so that their norm is at most `most`; 0 leaves them. Returns the
    /// norm before.
    ///
    /// # Errors
    /// When the device fails.
    pub fn clip(&mut self, most: f64) -> Result<f64> {
        let norm = self.norm()?;
        if most > 0.0 && norm.is_finite() {
            self.scale((most / (norm + CLIP_EPS)).min(1.0))?;
        }
        Ok(norm)
    }

    /// By name.
    pub fn by_name(&self) -> &BTreeMap<String, Tensor> {
        &self.0
    }
}
