//! The cross-attention context, projected once for all sampling steps.

use super::attended::Attended;
use candle_core::{DType, Result, Tensor, bail};

/// Added to the score of a masked position: small enough to vanish in the softmax, large enough
/// for half precision. The value diffusers uses.
const MASKED: f64 = -10000.0;

/// Keys and values of one attention layer, both (B, L, C).
#[derive(Clone, Debug)]
pub(super) struct KeysValues {
    pub keys: Tensor,
    pub values: Tensor,
}

/// What every cross-attention of a UNet needs from the context.
///
/// The context does not change while a picture is sampled, so its projections are computed once,
/// by `Unet::prepare_context`, and used in every step. Gradients flow through it.
#[derive(Clone, Debug)]
pub struct CrossContext {
    layers: Vec<KeysValues>,
    bias: Option<Tensor>,
    batch: usize,
}

impl CrossContext {
    pub(super) fn new(layers: Vec<KeysValues>, batch: usize, bias: Option<Tensor>) -> Self {
        Self {
            layers,
            bias,
            batch,
        }
    }

    /// Number of samples it was prepared for.
    pub fn batch(&self) -> usize {
        self.batch
    }

    pub(super) fn reader(&self) -> ContextReader<'_> {
        ContextReader {
            layers: self.layers.iter(),
            bias: self.bias.as_ref(),
            attended: None,
        }
    }
}

/// Hands out the layers of a [`CrossContext`] in the order in which a forward passes them.
pub(super) struct ContextReader<'a> {
    layers: std::slice::Iter<'a, KeysValues>,
    bias: Option<&'a Tensor>,
    attended: Option<&'a mut Attended>,
}

impl<'a> ContextReader<'a> {
    /// The same, and every layer that is passed tells `attended` where it looked.
    pub fn watched(self, attended: &'a mut Attended) -> Self {
        Self {
            attended: Some(attended),
            ..self
        }
    }

    /// Who wants to know where the layers look.
    pub fn attended(&mut self) -> Option<&mut Attended> {
        self.attended.as_deref_mut()
    }

    /// The next attention layer's keys and values, and the mask's bias.
    pub fn next(&mut self) -> Result<(&'a KeysValues, Option<&'a Tensor>)> {
        match self.layers.next() {
            Some(layer) => Ok((layer, self.bias)),
            None => bail!("this context was prepared by another UNet"),
        }
    }
}

/// `mask` (B, L), 1 keeps and 0 drops, as (B, 1, 1, L) to add to attention scores.
pub(super) fn mask_bias(mask: &Tensor, dtype: DType) -> Result<Tensor> {
    let (b, l) = mask.dims2()?;
    let dropped = (1.0 - mask.to_dtype(DType::F32)?)?;
    (dropped * MASKED)?.reshape((b, 1, 1, l))?.to_dtype(dtype)
}
