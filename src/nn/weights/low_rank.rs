//! Pairs of small matrices beside those of a file.

use super::Weights;
use crate::nn::low_rank::{LowRank, LowRankRule};
use crate::nn::noise::Stream;
use candle_core::{DType, Result, Tensor, Var};
use std::sync::Arc;

impl Weights {
    /// The same view in which the linear layers that `rule` covers get a trained pair, as variables
    /// `….lora.down.weight` and `….lora.up.weight`; see [`Weights::vars`].
    #[must_use]
    pub fn with_low_rank(mut self, rule: LowRankRule) -> Self {
        self.low_rank = Some(Arc::new(rule));
        self
    }

    /// The pair of the layer at the prefix, if this view gives it one.
    pub(in super::super) fn low_rank(
        &self,
        input: usize,
        output: usize,
    ) -> Result<Option<LowRank>> {
        let covered = |rule: &&Arc<LowRankRule>| !self.rehearsal && (rule.covers)(&self.prefix);
        let Some(rule) = self.low_rank.as_ref().filter(covered) else {
            return Ok(None);
        };
        let rank = rule.rank.min(input).min(output);
        let path = |part: &str| self.path(&format!("lora.{part}.weight"));
        let device = &self.store.device;
        // Uniform within 1 / sqrt(inputs), as torch begins a linear layer.
        let bound = 1.0 / (input as f32).sqrt();
        let mut stream = Stream::new(rule.seed, &path("down"), 0, 0);
        let values = (0..rank * input).map(|_| (stream.uniform() * 2.0 - 1.0) * bound);
        let down = Tensor::from_vec(values.collect::<Vec<f32>>(), (rank, input), device)?;
        let down = Var::from_tensor(&down)?;
        let up = Var::zeros((output, rank), DType::F32, device)?;
        let pair = LowRank::new(
            self.computed(&path("down"), &down)?,
            self.computed(&path("up"), &up)?,
            rule.alpha,
        )?;
        self.log()
            .vars
            .extend([(path("down"), down), (path("up"), up)]);
        Ok(Some(pair))
    }
}
