//! The pieces of a walk through the UNet, in order: what is computed at once between two tensors.
//!
//! The plain forward goes through them one after the other; the one that recomputes keeps only what
//! lies between them.

use super::blocks::{Resnet, project_context, upsample_to};
use super::context::{ContextReader, CrossContext};
use super::transformer::SpatialTransformer;
use crate::nn::{Conv2d, GroupNorm, cancel, upsample_nearest2x};
use candle_core::{DType, Result, Tensor, bail};

/// A piece of the walk.
pub(super) struct Stage<'a> {
    pub work: Work<'a>,
    /// Whether the newest stored tensor is joined to what comes from the piece before.
    pub joins: bool,
    /// Whether the way up will join its result.
    pub stored: bool,
}

/// What a piece computes.
pub(super) enum Work<'a> {
    /// Latents to channels.
    Enter(&'a Conv2d),
    /// A residual block, and a transformer behind it.
    Layer(&'a Resnet, Option<&'a SpatialTransformer>),
    /// Halves height and width.
    Shrink(&'a Conv2d),
    /// Doubles them.
    Grow(&'a Conv2d),
    /// Channels to noise.
    Leave(&'a GroupNorm, &'a Conv2d),
}

impl<'a> Stage<'a> {
    /// A piece that neither joins nor is joined.
    pub fn alone(work: Work<'a>) -> Self {
        Self {
            work,
            joins: false,
            stored: false,
        }
    }

    /// A piece whose result the way up will join.
    pub fn stored(work: Work<'a>) -> Self {
        Self {
            stored: true,
            ..Self::alone(work)
        }
    }

    /// A piece that joins a stored tensor.
    pub fn joining(work: Work<'a>) -> Self {
        Self {
            joins: true,
            ..Self::alone(work)
        }
    }

    /// Computes it.
    ///
    /// - `hidden`: what the piece before made
    /// - `skip`: the stored tensor, where it joins one
    /// - `size`: height and width of the next stored tensor, which doubling has to meet
    pub fn forward(
        &self,
        hidden: Tensor,
        skip: Option<Tensor>,
        time: &Tensor,
        context: &mut ContextReader<'_>,
        size: Option<(usize, usize)>,
    ) -> Result<Tensor> {
        cancel::checkpoint()?;
        let hidden = match (self.joins, skip) {
            (false, _) => hidden,
            (true, Some(skip)) => Tensor::cat(&[&hidden, &skip], 1)?, // (B, C + C', h, w)
            (true, None) => {
                bail!("the UNet's way up needs more stored tensors than its way down left")
            }
        };
        match &self.work {
            Work::Enter(conv) | Work::Shrink(conv) => conv.forward(&hidden),
            Work::Layer(resnet, attention) => {
                let hidden = {
                    let before = hidden;
                    resnet.forward(&before, time)?
                };
                match attention {
                    Some(attention) => {
                        cancel::checkpoint()?;
                        attention.forward(&hidden, context)
                    }
                    None => Ok(hidden),
                }
            }
            Work::Grow(conv) => {
                let grown = match size {
                    Some(size) => upsample_to(&hidden, size)?,
                    None => upsample_nearest2x(&hidden)?,
                };
                conv.forward(&grown) // (B, C, 2h, 2w)
            }
            Work::Leave(norm, conv) => conv
                .forward(&norm.forward_silu(&hidden)?)?
                .to_dtype(DType::F32), // (B, 4, h, w)
        }
    }

    /// The transformer of the piece.
    pub fn transformer(&self) -> Option<&'a SpatialTransformer> {
        match &self.work {
            Work::Layer(_, attention) => *attention,
            _ => None,
        }
    }

    /// The context as this piece alone needs it.
    pub fn context(&self, states: &Tensor, bias: Option<&Tensor>) -> Result<CrossContext> {
        let layers = project_context(self.transformer().into_iter(), states)?;
        Ok(CrossContext::new(layers, states.dim(0)?, bias.cloned()))
    }
}
