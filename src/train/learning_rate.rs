//! How the learning rate changes over a run.

use serde::{Deserialize, Serialize};

/// A factor of the base learning rate, by step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum LrSchedule {
    /// Rises over the warm-up, then stays; without a warm-up it is always 1, LGD's own setting.
    Constant {
        /// Steps of the rise.
        #[serde(default)]
        warmup_steps: u64,
    },
    /// Rises over the warm-up, stays for a while, then falls along half a cosine to `last` at the end of
    /// the run.
    Cosine {
        /// Steps of the rise.
        #[serde(default)]
        warmup_steps: u64,
        /// Share of the steps behind the warm-up in which it stays.
        #[serde(default)]
        hold: f64,
        /// Factor at the end.
        #[serde(default)]
        last: f64,
    },
    /// The original's `LambdaLinearScheduler`.
    Cycles(LinearCycles),
}

impl Default for LrSchedule {
    fn default() -> Self {
        Self::Constant { warmup_steps: 0 }
    }
}

/// Cycles of a linear rise and a linear fall, each value one per cycle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearCycles {
    /// Steps of the rise.
    pub warm_up_steps: Vec<u64>,
    /// Steps of the whole cycle.
    pub cycle_lengths: Vec<u64>,
    /// Factor at its start.
    pub f_start: Vec<f64>,
    /// Factor after the rise.
    pub f_max: Vec<f64>,
    /// Factor at its end.
    pub f_min: Vec<f64>,
}

impl LrSchedule {
    /// The factor of `step`, counted from 0, in a run of `steps` steps.
    pub fn factor(&self, step: u64, steps: u64) -> f64 {
        let rising = |warmup: u64| (step < warmup).then(|| (step + 1) as f64 / warmup as f64);
        match self {
            Self::Constant { warmup_steps } => rising(*warmup_steps).unwrap_or(1.0),
            Self::Cosine {
                warmup_steps,
                hold,
                last,
            } => rising(*warmup_steps).unwrap_or_else(|| {
                let behind = steps.saturating_sub(*warmup_steps).max(1) as f64;
                let share = (step - warmup_steps) as f64 / behind;
                let share = ((share - hold) / (1.0 - hold)).clamp(0.0, 1.0);
                let height = 0.5 * (1.0 + (std::f64::consts::PI * share).cos());
                last + (1.0 - last) * height
            }),
            Self::Cycles(cycles) => cycles.factor(step),
        }
    }

    /// What is wrong with it, if anything.
    pub fn problem(&self) -> Option<String> {
        match self {
            Self::Cycles(cycles) => cycles.problem(),
            Self::Cosine { last, .. } if !(0.0..=1.0).contains(last) => Some(format!(
                "the last factor of the cosine is {last}, it must be between 0 and 1"
            )),
            Self::Cosine { hold, .. } if !(0.0..1.0).contains(hold) => Some(format!(
                "the cosine holds for {hold} of the run, it must be at least 0 and below 1"
            )),
            Self::Constant { .. } | Self::Cosine { .. } => None,
        }
    }
}

impl LinearCycles {
    /// The factor of `step`; after the last cycle it stays at that one's end.
    fn factor(&self, step: u64) -> f64 {
        let value = |list: &[f64], cycle: usize| list.get(cycle).copied().unwrap_or(1.0);
        let mut start = 0;
        for (cycle, &length) in self.cycle_lengths.iter().enumerate() {
            let end = start + length;
            let last = cycle + 1 == self.cycle_lengths.len();
            if step <= end || last {
                let n = (step - start).min(length) as f64;
                let (f_max, f_min) = (value(&self.f_max, cycle), value(&self.f_min, cycle));
                let warm_up = self.warm_up_steps.get(cycle).copied().unwrap_or(0) as f64;
                if n < warm_up {
                    let f_start = value(&self.f_start, cycle);
                    return (f_max - f_start) / warm_up * n + f_start;
                }
                let length = length as f64;
                return f_min + (f_max - f_min) * (length - n) / length;
            }
            start = end;
        }
        1.0
    }

    fn problem(&self) -> Option<String> {
        let cycles = self.cycle_lengths.len();
        let lengths = [
            self.warm_up_steps.len(),
            self.f_start.len(),
            self.f_max.len(),
            self.f_min.len(),
        ];
        if cycles == 0 || lengths.iter().any(|length| *length != cycles) {
            return Some(
                "every list of the learning rate's cycles needs one value per cycle".into(),
            );
        }
        self.cycle_lengths
            .contains(&0)
            .then(|| "a cycle of the learning rate has no steps".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::LrSchedule;

    #[test]
    fn warm_up_and_cosine() {
        let schedule = LrSchedule::Cosine {
            warmup_steps: 10,
            hold: 0.0,
            last: 0.1,
        };
        let at = |step| schedule.factor(step, 110);
        assert_eq!(at(0), 0.1);
        assert_eq!(at(9), 1.0);
        assert_eq!(at(10), 1.0);
        assert!((at(60) - 0.55).abs() < 1e-12);
        assert!((at(110) - 0.1).abs() < 1e-12);
        assert!((at(500) - 0.1).abs() < 1e-12);
        assert_eq!(LrSchedule::default().factor(7, 100), 1.0);
        let held = LrSchedule::Cosine {
            warmup_steps: 10,
            hold: 0.5,
            last: 0.1,
        };
        assert_eq!(held.factor(60, 110), 1.0);
        assert!((held.factor(85, 110) - 0.55).abs() < 1e-12);
        assert!((held.factor(110, 110) - 0.1).abs() < 1e-12);
    }
}
