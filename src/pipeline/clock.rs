//! How long the stages of a run take.

use super::{Progress, Spent, Stage, StageSeconds, Work};
use std::time::Instant;

/// Measures the stages and counts the steps.
#[derive(Default)]
pub(super) struct Clock {
    running: Option<(Stage, Instant)>,
    done: Vec<StageSeconds>,
    /// Steps of all columns.
    steps: usize,
    /// Those that are done.
    pub(super) steps_done: usize,
}

impl Clock {
    /// A clock for a run of so many steps, all columns together.
    pub(super) fn new(steps: usize) -> Self {
        Self {
            steps,
            ..Self::default()
        }
    }

    pub(super) fn begin(&mut self, stage: Stage, report: &mut dyn FnMut(Progress)) {
        if let Some(spent) = self.stop() {
            report(Progress::Spent(spent));
        }
        self.running = Some((stage, Instant::now()));
        report(Progress::Stage(stage));
    }

    /// Begins again with so many steps: the ones that were done are lost.
    pub(super) fn again(&mut self, steps: usize) {
        (self.steps, self.steps_done) = (steps, 0);
    }

    /// Ends the running stage; what it was, unless its pieces report themselves.
    fn stop(&mut self) -> Option<Spent> {
        let (stage, since) = self.running.take()?;
        let now = Instant::now();
        let seconds = (now - since).as_secs_f64();
        tracing::debug!("{}: {seconds:.3} s", stage.title());
        add(&mut self.done, stage, seconds);
        let work = match stage {
            Stage::Loading => Work::Loading,
            Stage::ReadingFrame => Work::Reading,
            Stage::Thinking => Work::Thinking,
            Stage::Drawing | Stage::Finishing => return None,
        };
        Some(Spent::on(work, since, now))
    }

    /// The share of all steps that is done.
    pub(super) fn share(&self) -> f64 {
        self.steps_done as f64 / self.steps.max(1) as f64
    }

    /// The stages until now, the running one included.
    pub(super) fn so_far(&self) -> Vec<StageSeconds> {
        let mut stages = self.done.clone();
        if let Some((stage, since)) = self.running {
            add(&mut stages, stage, since.elapsed().as_secs_f64());
        }
        stages
    }
}

/// Adds seconds to a stage, which comes once per wave of columns.
fn add(stages: &mut Vec<StageSeconds>, stage: Stage, seconds: f64) {
    match stages.iter_mut().find(|known| known.stage == stage) {
        Some(known) => known.seconds += seconds,
        None => stages.push(StageSeconds { stage, seconds }),
    }
}
