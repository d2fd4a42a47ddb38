//! A batch as the reading side hands it over: on the host, with what is already known and what the
//! networks have to look at.

use super::features::Key;
use super::step::Draws;
use crate::dataset::BrokenRecord;
use candle_core::{DType, Device, Tensor};

/// A feature, or what it is made of; without the batch's dimension.
pub(super) enum Slot {
    /// It was kept.
    Known(Tensor),
    /// Pixels or ids, and the name under which the feature is kept.
    Raw(Tensor, Option<Key>),
}

impl Slot {
    /// One that nobody looks into.
    pub fn nothing() -> candle_core::Result<Self> {
        Ok(Self::Raw(
            Tensor::zeros((), DType::F32, &Device::Cpu)?,
            None,
        ))
    }

    /// What is in it.
    pub fn tensor(&self) -> &Tensor {
        match self {
            Self::Known(tensor) | Self::Raw(tensor, _) => tensor,
        }
    }
}

/// One sample.
pub(super) struct Sample {
    /// The frame before, for the editor.
    pub image: Slot,
    /// The frame after.
    pub edited: Slot,
    /// The frame before, for BLIP-2.
    pub seen: Slot,
    /// What BLIP-2 is asked: ids (L) and mask (L).
    pub question: (Tensor, Tensor),
    /// What the editor reads.
    pub sentence: Slot,
    /// What the pixels of the frames before and after tell of the states of things, where that is asked.
    pub telling: Option<[Tensor; 2]>,
}

/// What is told about all samples together; shapes as in [`super::Batch`].
pub(super) struct Texts {
    pub question: (Tensor, Tensor),
    pub mask_padding: bool,
    pub labels: Tensor,
    pub labels_mask: Tensor,
    pub weights: Tensor,
    pub sees_latent: Vec<bool>,
    pub scene: Option<Tensor>,
    pub causal: Option<(Tensor, Vec<usize>)>,
}

/// A batch that no network has looked at yet.
pub struct Prepared {
    pub(super) samples: Vec<Sample>,
    pub(super) null: Slot,
    pub(super) texts: Texts,
    pub(super) draws: Draws,
    /// The epoch its step begins in, from 0.
    pub epoch: u64,
    /// Pictures that could not be read, each the first time.
    pub broken: Vec<BrokenRecord>,
}
