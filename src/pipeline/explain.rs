//! Why a picture looks the way it does: where the editor looked while it drew, and what the language
//! model reads in its own latent.

use super::clock::Clock;
use super::{ContextUnit, EditError, EditRequest, LgdPipeline, Problem, Progress};
use candle_core::{DType, Tensor};
use half::f16;
use image::RgbImage;
use std::sync::Arc;

/// Where the guided branch's cross-attention looked, step by step: the mean over all heads and
/// layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Attention {
    /// Positions L of the longest context, height and width in latent cells.
    pub shape: [usize; 3],
    /// One (L, h, w) per step, half precision. In every cell the weights add up to one; positions
    /// that a step's context does not have are zero.
    pub steps: Vec<Arc<[f16]>>,
    /// What the positions stand for: one entry, or more where the request branches off another one's
    /// path; rising first steps.
    pub legs: Vec<AttentionLeg>,
    /// The mean over the steps of each leg, (L, h, w).
    means: Vec<Arc<[f16]>>,
}

/// The meaning of the positions from some step on.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct AttentionLeg {
    /// The first step it holds for; the first leg starts at 0.
    pub first_step: usize,
    /// What the positions stand for.
    pub units: Vec<ContextUnit>,
}

impl Attention {
    /// Attention with its means worked out. Arguments as the fields.
    pub fn new(shape: [usize; 3], steps: Vec<Arc<[f16]>>, legs: Vec<AttentionLeg>) -> Self {
        let starts: Vec<usize> = legs.iter().map(|leg| leg.first_step).collect();
        let ends = starts.iter().skip(1).copied().chain([steps.len()]);
        let means = starts.iter().zip(ends).map(|(start, end)| {
            let own = steps.get(*start..end).unwrap_or_default();
            let mut sum = vec![0f32; shape.iter().product()];
            for weights in own {
                for (sum, weight) in sum.iter_mut().zip(weights.iter()) {
                    *sum += weight.to_f32();
                }
            }
            let count = own.len().max(1) as f32;
            sum.iter().map(|x| f16::from_f32(x / count)).collect()
        });
        Self {
            means: means.collect(),
            shape,
            steps,
            legs,
        }
    }

    /// The leg of a step, counted from 1.
    pub fn leg_at(&self, step: usize) -> Option<&AttentionLeg> {
        self.legs.get(self.leg_index(step)?)
    }

    fn leg_index(&self, step: usize) -> Option<usize> {
        let begun = |leg: &AttentionLeg| leg.first_step < step.max(1);
        self.legs.iter().rposition(begun)
    }

    /// How strongly each cell looks at some positions, (h, w) row by row, 0..=1: at one step, or the
    /// mean over all steps that mean the same by them.
    pub fn map(&self, unit: &ContextUnit, step: usize, mean: bool) -> Vec<f32> {
        let cells = self.shape[1] * self.shape[2];
        let weights = if mean {
            self.leg_index(step).and_then(|leg| self.means.get(leg))
        } else {
            step.checked_sub(1).and_then(|step| self.steps.get(step))
        };
        let mut sum = vec![0f32; cells];
        for position in unit.positions.clone() {
            let own = position * cells..(position + 1) * cells;
            let map = weights
                .and_then(|weights| weights.get(own))
                .unwrap_or_default();
            for (sum, weight) in sum.iter_mut().zip(map) {
                *sum += weight.to_f32();
            }
        }
        sum
    }
}

impl LgdPipeline {
    /// Draws one request again and notes where the editor looks. The picture, reported as
    /// [`Progress::Drawn`], is the one [`LgdPipeline::run`] gives.
    ///
    /// # Errors
    /// As [`LgdPipeline::run`], and when the UNet has no cross-attention.
    pub fn explain(
        &self,
        frame: Arc<RgbImage>,
        request: &EditRequest,
        report: &mut dyn FnMut(Progress),
    ) -> Result<Attention, EditError> {
        let mut clock = Clock::default();
        let size = frame.dimensions();
        let requests = std::slice::from_ref(request);
        let views = self.views(frame.into(), requests, &mut clock, report)?;
        let (seen, columns) = self.prepare(&views, requests, &mut clock, report)?;
        let legs = columns.iter().flat_map(|column| &column.units);
        let legs: Vec<AttentionLeg> = legs
            .map(|(first_step, units)| AttentionLeg {
                first_step: *first_step,
                units: units.clone(),
            })
            .collect();
        let ends = legs.iter().filter_map(|leg| leg.units.last());
        let length = ends.map(|unit| unit.positions.end).max().unwrap_or(0);
        let mut shape = [length, 0, 0];
        let mut steps: Vec<Arc<[f16]>> = Vec::with_capacity(request.steps);
        let mut watch = |map: Tensor| -> candle_core::Result<()> {
            let (own, height, width) = map.dims3()?;
            shape = [length, height, width];
            let map = map.pad_with_zeros(0, 0, length.saturating_sub(own))?;
            let weights = map.to_dtype(DType::F16)?.flatten_all()?;
            steps.push(weights.to_vec1::<f16>()?.into());
            Ok(())
        };
        let columns = columns.into_iter().enumerate().collect();
        self.draw(&seen, size, columns, Some(&mut watch), &mut clock, report)?;
        if steps.is_empty() {
            let problem = Problem::new("This bundle's UNet has no cross-attention to look at.");
            return Err(problem
                .hint("Measure the effect of the words instead.")
                .into());
        }
        Ok(Attention::new(shape, steps, legs))
    }

    /// What the editor of a request sees, position by position, without drawing it.
    ///
    /// # Errors
    /// As [`LgdPipeline::run`].
    pub fn context_units(
        &self,
        frame: Arc<RgbImage>,
        request: &EditRequest,
        report: &mut dyn FnMut(Progress),
    ) -> Result<Vec<ContextUnit>, EditError> {
        let requests = std::slice::from_ref(request);
        let mut clock = Clock::default();
        let views = self.views(frame.into(), requests, &mut clock, report)?;
        let (_, columns) = self.prepare(&views, requests, &mut clock, report)?;
        let last = columns.into_iter().next().and_then(|mut c| c.units.pop());
        Ok(last.map(|(_, units)| units).unwrap_or_default())
    }

    /// The latent of a frame and a question in words: what the language model's own decoder makes of
    /// it, likeliest word by word. Draws nothing.
    ///
    /// # Errors
    /// As [`LgdPipeline::run`].
    pub fn read_latent(
        &self,
        frame: &RgbImage,
        request: &EditRequest,
    ) -> Result<String, EditError> {
        self.parts.eyes.get()?; // or say that there is nobody who reads
        let view = self.language_view(frame);
        let queries = self.read_image(&view)?;
        self.reader(Some(&queries)).reading(request)
    }
}
