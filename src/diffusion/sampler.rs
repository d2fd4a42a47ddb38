//! The loop from noise to picture.
//!
//! Sources: Karras et al., "Elucidating the Design Space of Diffusion-Based Generative Models",
//! algorithm 2 (ancestral form as in k-diffusion `sampling.py`, MIT); Lu et al.,
//! "DPM-Solver++", algorithm 2; both written anew.

use super::plan::{SamplerKind, SamplingPlan};
use crate::nn::cancel::{self, Cancelled};
use candle_core::{DType, Error, Result, Tensor, bail};
use std::ops::ControlFlow;

/// Predicts noise. The seam between the samplers and the networks: tests put in formulas.
pub trait Denoiser {
    /// The noise in `latents`.
    ///
    /// - `latents`: (B, 4, h, w), clean latents plus noise of deviation `sigma`; a network that
    ///   was trained on unit variance multiplies by [`super::input_scale`] first
    /// - `timestep`: the training step of that noise level, may be fractional
    ///
    /// Returns (B, 4, h, w), noise of unit variance.
    ///
    /// # Errors
    /// Whatever the network meets.
    fn predict_noise(&self, latents: &Tensor, sigma: f64, timestep: f64) -> Result<Tensor>;
}

impl<D: Denoiser + ?Sized> Denoiser for &D {
    fn predict_noise(&self, latents: &Tensor, sigma: f64, timestep: f64) -> Result<Tensor> {
        (**self).predict_noise(latents, sigma, timestep)
    }
}

/// Supplies the noise that ancestral samplers add after a step.
pub trait NoiseSource {
    /// Unit noise of the latents' shape for the given step, counted from 0. Asked only where it
    /// is used, never for the last step.
    ///
    /// # Errors
    /// When there is none.
    fn step_noise(&mut self, step: usize) -> Result<Tensor>;
}

impl<F: FnMut(usize) -> Result<Tensor>> NoiseSource for F {
    fn step_noise(&mut self, step: usize) -> Result<Tensor> {
        self(step)
    }
}

/// Where a run stands after a step.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Counted from 0.
    pub index: usize,
    /// Of how many.
    pub steps: usize,
    /// Noise level before this step.
    pub sigma: f64,
    /// Time step the network was asked at.
    pub timestep: f64,
    /// The estimate of the clean latents, (B, 4, h, w); what a preview shows.
    pub denoised: &'a Tensor,
    /// The latents after this step, (B, 4, h, w).
    pub latents: &'a Tensor,
}

/// Runs `plan` and returns the clean latents, (B, 4, h, w), f32.
///
/// - `initial_noise`: (B, 4, h, w), unit variance; scaled here
/// - `noise`: asked once for each of [`SamplingPlan::noisy_steps`]
/// - `on_step`: called after every step; a `Break` ends the run
///
/// # Errors
/// [`Cancelled`] after a `Break` or when the thread's token was cancelled; otherwise whatever the
/// denoiser or the noise source meet.
pub fn sample(
    denoiser: &dyn Denoiser,
    plan: &SamplingPlan,
    initial_noise: &Tensor,
    noise: &mut dyn NoiseSource,
    mut on_step: impl FnMut(&Step<'_>) -> ControlFlow<()>,
) -> Result<Tensor> {
    let mut walk = Walk::start(plan, initial_noise)?;
    while let Some(step) = walk.advance(denoiser, noise)? {
        if on_step(&step).is_break() {
            return Err(Error::wrap(Cancelled));
        }
    }
    Ok(walk.into_latents())
}

/// A plan being walked step by step, for callers whose denoiser changes on the way.
pub struct Walk<'a> {
    plan: &'a SamplingPlan,
    latents: Tensor,
    denoised: Option<Tensor>,
    multistep: DpmSolver2m,
    done: usize,
}

impl<'a> Walk<'a> {
    /// At the start of `plan`; `initial_noise` is (B, 4, h, w), unit variance, scaled here.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn start(plan: &'a SamplingPlan, initial_noise: &Tensor) -> Result<Self> {
        Ok(Self {
            plan,
            latents: (initial_noise.to_dtype(DType::F32)? * plan.initial_scale())?,
            denoised: None,
            multistep: DpmSolver2m::default(),
            done: 0,
        })
    }

    /// Steps taken so far, which is the index of the next one.
    pub fn done(&self) -> usize {
        self.done
    }

    /// Takes the next step and shows where it led; `None` at the end of the plan.
    ///
    /// # Errors
    /// [`Cancelled`], or whatever the denoiser or the noise source meet.
    pub fn advance(
        &mut self,
        denoiser: &dyn Denoiser,
        noise: &mut dyn NoiseSource,
    ) -> Result<Option<Step<'_>>> {
        let index = self.done;
        let (Some(&timestep), Some(&[sigma, next])) = (
            self.plan.timesteps().get(index),
            self.plan
                .sigmas()
                .get(index..)
                .and_then(<[f64]>::first_chunk),
        ) else {
            return Ok(None);
        };
        cancel::checkpoint()?;
        let latents = &self.latents;
        let noise_pred = denoiser.predict_noise(latents, sigma, timestep)?;
        let noise_pred = noise_pred.to_dtype(DType::F32)?;
        if noise_pred.dims() != latents.dims() {
            bail!(
                "the denoiser answered {:?} to latents of {:?}",
                noise_pred.dims(),
                latents.dims()
            )
        }
        let denoised = (latents - (&noise_pred * sigma)?)?;
        self.latents = match self.plan.sampler() {
            SamplerKind::EulerAncestral | SamplerKind::EulerAncestralDiffusers => {
                let step = AncestralStep::between(sigma, next);
                let moved = (latents + (noise_pred * (step.down - sigma))?)?;
                if next > 0.0 {
                    let fresh = noise.step_noise(index)?.to_dtype(DType::F32)?;
                    (moved + (fresh * step.up)?)?
                } else {
                    moved
                }
            }
            SamplerKind::DpmSolver2m => self.multistep.advance(latents, &denoised, sigma, next)?,
        };
        self.done += 1;
        Ok(Some(Step {
            index,
            steps: self.plan.steps(),
            sigma,
            timestep,
            denoised: self.denoised.insert(denoised),
            latents: &self.latents,
        }))
    }

    /// The latents as they are now, (B, 4, h, w), f32.
    pub fn into_latents(self) -> Tensor {
        self.latents
    }
}

/// How an ancestral step from one level to a lower one splits into removing and adding noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AncestralStep {
    /// The level the deterministic part goes down to.
    pub down: f64,
    /// Deviation of the noise added afterwards; `down^2 + up^2` is the next level squared.
    pub up: f64,
}

impl AncestralStep {
    /// The split between the levels `sigma` and `next`, `sigma > next >= 0`.
    pub fn between(sigma: f64, next: f64) -> Self {
        let (from, to) = (sigma * sigma, next * next);
        let up = (to * (from - to) / from).sqrt().min(next);
        Self {
            down: (to - up * up).max(0.0).sqrt(),
            up,
        }
    }
}

/// DPM-Solver++(2M): a second-order step in the logarithm of sigma from the last two estimates.
#[derive(Default)]
struct DpmSolver2m {
    /// The estimate of the step before and the logarithm of its level.
    last: Option<(Tensor, f64)>,
}

impl DpmSolver2m {
    fn advance(
        &mut self,
        latents: &Tensor,
        denoised: &Tensor,
        sigma: f64,
        next: f64,
    ) -> Result<Tensor> {
        let last = self.last.replace((denoised.clone(), sigma.ln()));
        if next == 0.0 {
            return Ok(denoised.clone());
        }
        let h = sigma.ln() - next.ln();
        let target = match last {
            // First order at the start.
            None => denoised.clone(),
            Some((before, log_before)) => {
                let ratio = (log_before - sigma.ln()) / h;
                let weight = 1.0 / (2.0 * ratio);
                ((denoised * (1.0 + weight))? - (before * weight)?)?
            }
        };
        (latents * (next / sigma))? - (target * (-h).exp_m1())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diffusion::{NoiseSchedule, ScheduleConfig};
    use candle_core::Device;

    /// Latents of deviation 1 in every cell: the exact denoised estimate is `x / (1 + sigma^2)`,
    /// and the noiseless path from level `s` to `t` multiplies by `sqrt((1 + t^2) / (1 + s^2))`.
    struct UnitNormal;

    impl Denoiser for UnitNormal {
        fn predict_noise(&self, latents: &Tensor, sigma: f64, _: f64) -> Result<Tensor> {
            latents * (sigma / (1.0 + sigma * sigma))
        }
    }

    fn run(kind: SamplerKind, steps: usize) -> Result<f64> {
        let schedule = NoiseSchedule::new(&ScheduleConfig::stable_diffusion())?;
        let plan = schedule.plan(kind, steps)?;
        let start = Tensor::ones((1, 4, 1, 1), DType::F32, &Device::Cpu)?;
        let mut none = |_: usize| start.zeros_like();
        let end = sample(&UnitNormal, &plan, &start, &mut none, |_| {
            ControlFlow::Continue(())
        })?;
        let first = plan.initial_scale();
        let exact = first / (1.0 + first * first).sqrt();
        let got = end.flatten_all()?.to_vec1::<f32>()?[0];
        Ok((f64::from(got) - exact).abs())
    }

    #[test]
    fn dpm_solver_converges_to_the_exact_solution() -> Result<()> {
        let (coarse, fine) = (
            run(SamplerKind::DpmSolver2m, 20)?,
            run(SamplerKind::DpmSolver2m, 80)?,
        );
        // Most of it is the long step, in the logarithm, before the last.
        assert!(coarse < 0.07, "{coarse}");
        assert!(fine < coarse / 8.0, "second order: {coarse} then {fine}");
        Ok(())
    }

    #[test]
    fn a_break_ends_the_run_as_cancelled() -> Result<()> {
        let schedule = NoiseSchedule::new(&ScheduleConfig::stable_diffusion())?;
        let plan = schedule.plan(SamplerKind::EulerAncestral, 5)?;
        let start = Tensor::ones((1, 4, 1, 1), DType::F32, &Device::Cpu)?;
        let mut none = |_: usize| start.zeros_like();
        let mut seen = 0;
        let result = sample(&UnitNormal, &plan, &start, &mut none, |step| {
            seen = step.index;
            if step.index == 2 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        assert_eq!(seen, 2);
        assert!(result.is_err_and(|error| cancel::is_cancelled(&error)));
        Ok(())
    }

    #[test]
    fn ancestral_noise_restores_the_next_level() {
        let step = AncestralStep::between(3.0, 2.0);
        assert!((step.down.hypot(step.up) - 2.0).abs() < 1e-12);
        assert_eq!(
            AncestralStep::between(3.0, 0.0),
            AncestralStep { down: 0.0, up: 0.0 }
        );
    }
}
