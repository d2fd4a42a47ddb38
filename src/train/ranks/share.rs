//! Which samples of a step are whose.

use crate::pipeline::Problem;
use crate::train::TrainConfig;

/// A rank's part of every step.
///
/// A step's samples are numbered through all of its batches. Whole batches are dealt out where there is
/// the same number for everybody, so that each device works on as many samples at once as the
/// configuration says; else every batch is cut. Either way the ranks together see what one would see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Samples of this rank that are computed together.
    pub batch: usize,
    /// Batches of this rank per step.
    pub parts: usize,
    /// The number of its first sample.
    first: usize,
    /// From one of its batches to the next.
    stride: usize,
}

impl Share {
    /// Everything.
    pub fn whole(config: &TrainConfig) -> Self {
        let (batch, parts) = (config.optim.batch, config.optim.accumulation);
        Self {
            batch,
            parts,
            first: 0,
            stride: batch,
        }
    }

    /// The part of `rank` among `ranks`.
    ///
    /// # Errors
    /// When the samples of a step cannot be dealt out evenly.
    pub fn of(config: &TrainConfig, rank: usize, ranks: usize) -> Result<Self, Problem> {
        let (batch, parts) = (config.optim.batch, config.optim.accumulation);
        let ranks = ranks.max(1);
        if parts.is_multiple_of(ranks) {
            let parts = parts / ranks;
            return Ok(Self {
                batch,
                parts,
                first: rank * parts * batch,
                stride: batch,
            });
        }
        if batch.is_multiple_of(ranks) {
            return Ok(Self {
                batch: batch / ranks,
                parts,
                first: rank * (batch / ranks),
                stride: batch,
            });
        }
        let fits = batch.next_multiple_of(ranks);
        Err(Problem::new(format!(
            "{ranks} ranks cannot share {parts} batches of {batch} evenly."
        ))
        .hint(format!(
            "Use optim.batch = {fits}, or another number of ranks: the ranks share the samples of a step."
        )))
    }

    /// The numbers of the samples of batch `part`.
    pub fn samples(&self, part: usize) -> std::ops::Range<usize> {
        let first = self.first + part * self.stride;
        first..first + self.batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Preset;

    #[test]
    fn the_ranks_together_see_what_one_would_see() -> Result<(), Problem> {
        let mut config = TrainConfig::of_preset(Preset::Full);
        for (batch, parts, ranks) in [(4, 1, 2), (4, 3, 2), (3, 4, 2), (1, 4, 4), (6, 3, 3)] {
            (config.optim.batch, config.optim.accumulation) = (batch, parts);
            let mut seen = Vec::new();
            for rank in 0..ranks {
                let share = Share::of(&config, rank, ranks)?;
                (0..share.parts).for_each(|part| seen.extend(share.samples(part)));
            }
            seen.sort_unstable();
            assert_eq!(seen, (0..batch * parts).collect::<Vec<_>>());
        }
        assert_eq!(Share::of(&config, 0, 1)?, Share::whole(&config));
        (config.optim.batch, config.optim.accumulation) = (3, 1);
        let refused = Share::of(&config, 0, 2).expect_err("three samples for two");
        assert!(refused.to_string().contains("optim.batch = 4"), "{refused}");
        Ok(())
    }
}
