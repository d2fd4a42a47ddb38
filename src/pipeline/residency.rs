//! Keeping a pipeline within the memory there is: its plan, and another one when that is too much.

use super::clock::Clock;
use super::lgd::failed;
use super::memory::{Forecast, MemoryModel, MemoryPlan, Workload};
use super::parts::LoadListener;
use super::{EditError, EditRequest, LgdPipeline, Problem, Progress, Remedy, Stage};
use crate::models::vae::Tiles;
use crate::nn::cancel;

impl LgdPipeline {
    /// What is known about the bundle's need for memory.
    pub fn memory(&self) -> &MemoryModel {
        &self.parts.memory
    }

    /// The plan it works by.
    pub fn plan(&self) -> MemoryPlan {
        self.parts.house.plan()
    }

    /// Goes by another plan from now on; what does not fit it is dropped.
    pub fn set_plan(&self, plan: MemoryPlan) {
        self.parts.house.set_plan(plan);
    }

    /// Bytes that may be taken in all; nothing where neither the system nor a person says.
    pub fn budget(&self) -> Option<u64> {
        self.parts.house.budget()
    }

    /// Whether it works in main memory.
    pub fn is_on_cpu(&self) -> bool {
        self.device.is_cpu()
    }

    /// Who hears how far loading is, from now on.
    pub fn set_load_listener(&self, listener: Option<LoadListener>) {
        self.parts.house.set_listener(listener);
    }

    /// What `requests` ask for.
    pub fn workload(&self, requests: &[EditRequest]) -> Workload {
        Workload::of(requests, self.manifest.latent_rgb().is_some())
    }

    /// The tiles of the VAE, under a plan that has some.
    pub(super) fn tiles(&self) -> Option<Tiles> {
        self.plan().tiles.then(Tiles::default)
    }

    /// Goes by the first plan, from the present one on, that fits the memory.
    ///
    /// # Errors
    /// When none keeps within a limit that a person set. Where only the free memory is short, the
    /// smallest plan is tried all the same: systems can make room.
    pub(super) fn settle(&self, run: &Workload) -> Result<(), EditError> {
        let house = &self.parts.house;
        let Some(budget) = house.budget() else {
            return Ok(());
        };
        let plan = match self.memory().choose(self.plan(), budget, run) {
            Ok(forecast) => forecast.plan,
            Err(least) => match house.limit() {
                Some(limit) if least.peak() > limit.0 => return Err(too_little(&least).into()),
                _ => least.plan,
            },
        };
        if plan != self.plan() {
            tracing::info!("memory plan: {}", plan.words());
            house.set_plan(plan);
        }
        Ok(())
    }

    /// Goes by the next plan, since the present one led to `problem`.
    pub(super) fn plan_again(&self, problem: Problem) -> Result<(), EditError> {
        cancel::checkpoint().map_err(failed)?;
        let Some(next) = self.plan().next() else {
            return Err(EditError::NoRoom(if self.is_on_cpu() {
                problem
            } else {
                problem.remedy(Remedy::UseCpu)
            }));
        };
        tracing::warn!("{} Going on with {}.", problem.message, next.words());
        self.parts.house.set_plan(next);
        Ok(())
    }

    /// Tells the columns that are left how it goes on, and why.
    pub(super) fn tell_plan(&self, why: &str, left: &[usize], report: &mut dyn FnMut(Progress)) {
        let notice = format!("{why}; it goes on with {}.", self.plan().words());
        for column in left {
            report(Progress::Notice(*column, notice.clone()));
        }
    }

    /// Loads what a stage needs and is not held, and goes on with the stage.
    pub(super) fn bring(
        &self,
        stage: Stage,
        missing: u64,
        load: impl FnOnce() -> Result<(), EditError>,
        clock: &mut Clock,
        report: &mut dyn FnMut(Progress),
    ) -> Result<(), EditError> {
        if missing > 0 {
            clock.begin(Stage::Loading, report);
            self.parts.house.expect(missing);
            load()?;
            clock.begin(stage, report);
        }
        Ok(())
    }
}

fn too_little(least: &Forecast) -> Problem {
    let needed = super::MemorySize(least.peak());
    Problem::new(format!(
        "This bundle needs at least {needed} of memory, which is more than the limit."
    ))
    .hint("Raise the memory limit, or choose a smaller bundle.")
}
