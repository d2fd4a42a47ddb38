//! Tensors taken as eight-bit codes.

use super::Weights;
use crate::nn::vjp::{plain, values};
use candle_core::{Result, Shape, Tensor};

/// A tensor in one of its forms.
pub(in super::super) enum Form<T> {
    /// All its bits.
    Dense(Tensor),
    /// Codes.
    Coded(T),
}

impl Weights {
    /// The same view in which layers that can be have eight-bit codes, for their weights and for what
    /// they multiply; on a processor, and without gradients.
    #[must_use]
    pub fn coded(mut self, coded: bool) -> Self {
        self.coded = coded;
        self
    }

    /// Whether this is such a view.
    pub fn is_coded(&self) -> bool {
        self.coded
    }

    /// The tensor `name` below the prefix as what `code` makes of its numbers, if this view wants that
    /// and `bytes`, the size of the codes, says that it can be.
    pub(in super::super) fn form<T>(
        &self,
        shape: impl Into<Shape>,
        name: &str,
        bytes: Option<usize>,
        code: impl FnOnce(&[f32]) -> T,
    ) -> Result<Form<T>> {
        let path = self.path(name);
        let trained = self.trainable.as_ref().is_some_and(|filter| filter(&path));
        let bytes = bytes.filter(|_| self.coded && !trained && self.device().is_cpu());
        let Some(bytes) = bytes else {
            return self.get(shape, name).map(Form::Dense);
        };
        let quiet = Self {
            heard: None,
            ..self.clone()
        };
        let tensor = quiet.get(shape, name)?;
        if self.rehearsal {
            self.note_held(&path, bytes);
            return Ok(Form::Dense(tensor));
        }
        let tensor = plain(&tensor)?;
        let made = code(&values(&tensor)?);
        self.tell(bytes);
        Ok(Form::Coded(made))
    }
}
