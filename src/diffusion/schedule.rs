//! The table of noise levels a diffusion model was trained on.
//!
//! Two published programs read the same table in two ways, and a bundle may come from either:
//! k-diffusion interpolates the logarithm of sigma between steps, diffusers interpolates sigma.
//! Everything is `f64` on the CPU; where the original stores a table in 32 bits, so do we, because
//! a schedule that differs in its last digits gives another picture.
//! Sources: Ho et al., "Denoising Diffusion Probabilistic Models", section 2; Karras et al.,
//! "Elucidating the Design Space of Diffusion-Based Generative Models", section 5;
//! k-diffusion `external.py` (MIT) and diffusers `scheduling_euler_ancestral_discrete.py`
//! (Apache-2.0), written anew.

use super::plan::{SamplerKind, SamplingPlan};
use candle_core::{Result, Tensor, bail};
use serde::{Deserialize, Serialize};

/// How diffusers picks the time steps of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimestepSpacing {
    /// Evenly from the last step to the first, both included.
    #[default]
    Linspace,
    /// Multiples of a whole ratio, from the first step.
    Leading,
    /// Multiples of a ratio, from the last step.
    Trailing,
}

/// A `scheduler_config.json`. Field names and defaults are those of diffusers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScheduleConfig {
    /// Steps of the table.
    pub num_train_timesteps: usize,
    /// Variance added by the first step.
    pub beta_start: f64,
    /// Variance added by the last step.
    pub beta_end: f64,
    /// `scaled_linear` (even in the square root) or `linear`.
    pub beta_schedule: String,
    /// What the network predicts; only `epsilon`, the noise, is supported.
    pub prediction_type: String,
    /// How diffusers picks the time steps.
    pub timestep_spacing: TimestepSpacing,
    /// Added to the time steps of [`TimestepSpacing::Leading`].
    pub steps_offset: usize,
    /// Not supported.
    pub rescale_betas_zero_snr: bool,
    /// Not supported.
    pub trained_betas: Option<Vec<f64>>,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self {
            num_train_timesteps: 1000,
            beta_start: 0.0001,
            beta_end: 0.02,
            beta_schedule: "linear".into(),
            prediction_type: "epsilon".into(),
            timestep_spacing: TimestepSpacing::Linspace,
            steps_offset: 0,
            rescale_betas_zero_snr: false,
            trained_betas: None,
        }
    }
}

impl ScheduleConfig {
    /// The schedule of Stable Diffusion 1.x, InstructPix2Pix and LGD.
    pub fn stable_diffusion() -> Self {
        Self {
            beta_start: 0.00085,
            beta_end: 0.012,
            beta_schedule: "scaled_linear".into(),
            ..Self::default()
        }
    }
}

/// Noise levels by time step.
#[derive(Clone, Debug, PartialEq)]
pub struct NoiseSchedule {
    betas: Vec<f64>,
    alphas_cumprod: Vec<f64>,
    /// `sqrt((1 - a) / a)` of the 64-bit table stored in 32 bits (k-diffusion).
    sigmas: Vec<f64>,
    log_sigmas: Vec<f64>,
    /// The same of a table computed in 32 bits from the start (diffusers).
    diffusers_sigmas: Vec<f64>,
    spacing: TimestepSpacing,
    steps_offset: usize,
}

impl NoiseSchedule {
    /// Computes the tables.
    ///
    /// # Errors
    /// Names the setting that is out of range or not supported.
    pub fn new(config: &ScheduleConfig) -> Result<Self> {
        let steps = config.num_train_timesteps;
        let (start, end) = (config.beta_start, config.beta_end);
        if !(2..=1_000_000).contains(&steps) {
            bail!("the schedule has {steps} training steps, 2 to 1000000 are supported")
        }
        if !(start > 0.0 && start <= end && end < 1.0) {
            bail!("the schedule's betas go from {start} to {end}, expected 0 < start <= end < 1")
        }
        if config.prediction_type != "epsilon" {
            bail!(
                "the schedule's prediction_type is {}, only epsilon is supported",
                config.prediction_type
            )
        }
        if config.rescale_betas_zero_snr || config.trained_betas.is_some() {
            bail!("rescale_betas_zero_snr and trained_betas are not supported")
        }
        let scaled = match config.beta_schedule.as_str() {
            "scaled_linear" => true,
            "linear" => false,
            other => {
                bail!("the beta_schedule is {other}, only scaled_linear and linear are supported")
            }
        };
        let (betas, narrow_betas): (Vec<f64>, Vec<f64>) = if scaled {
            let wide = linspace(start.sqrt(), end.sqrt(), steps);
            let narrow = linspace_f32(start.sqrt() as f32, end.sqrt() as f32, steps);
            (
                wide.map(|root| root * root).collect(),
                narrow.map(|root| f64::from(root * root)).collect(),
            )
        } else {
            let narrow = linspace_f32(start as f32, end as f32, steps);
            (
                linspace(start, end, steps).collect(),
                narrow.map(f64::from).collect(),
            )
        };
        let alphas_cumprod = cumulative_product(betas.iter().map(|beta| 1.0 - beta));
        let narrow_alphas = cumulative_product(
            narrow_betas
                .iter()
                .map(|&beta| f64::from(1.0 - beta as f32)),
        );
        let sigmas = sigma_table(&alphas_cumprod);
        let log_sigmas = sigmas.iter().map(|sigma| through_f32(sigma.ln())).collect();
        Ok(Self {
            diffusers_sigmas: sigma_table(&narrow_alphas),
            betas,
            alphas_cumprod,
            sigmas,
            log_sigmas,
            spacing: config.timestep_spacing,
            steps_offset: config.steps_offset,
        })
    }

    /// Variance added by each step.
    pub fn betas(&self) -> &[f64] {
        &self.betas
    }

    /// Share of the picture's variance left after each step.
    pub fn alphas_cumprod(&self) -> &[f64] {
        &self.alphas_cumprod
    }

    /// Noise level of each step, `sqrt((1 - a) / a)`, rising.
    pub fn sigmas(&self) -> &[f64] {
        &self.sigmas
    }

    /// Natural logarithms of [`NoiseSchedule::sigmas`].
    pub fn log_sigmas(&self) -> &[f64] {
        &self.log_sigmas
    }

    /// The time step at which the noise level is `sigma`, by log-linear interpolation; 0 to the
    /// last step, fractional.
    pub fn sigma_to_timestep(&self, sigma: f64) -> f64 {
        let log_sigma = sigma.ln();
        let last = self.log_sigmas.len() - 1;
        let above = self.log_sigmas.partition_point(|&entry| entry <= log_sigma);
        let low = above.saturating_sub(1).min(last - 1);
        let (from, to) = (self.log_sigmas[low], self.log_sigmas[low + 1]);
        let weight = ((log_sigma - from) / (to - from)).clamp(0.0, 1.0);
        low as f64 + weight
    }

    /// The noise level at a fractional time step, by log-linear interpolation.
    pub fn timestep_to_sigma(&self, timestep: f64) -> f64 {
        interpolate(&self.log_sigmas, timestep).exp()
    }

    /// The noise levels and time steps of a run.
    ///
    /// # Errors
    /// When `steps` is 0 or more than the table has.
    pub fn plan(&self, sampler: SamplerKind, steps: usize) -> Result<SamplingPlan> {
        let table = self.sigmas.len();
        if steps == 0 || steps > table {
            bail!("{steps} steps were asked for, the schedule allows 1 to {table}")
        }
        Ok(match sampler {
            SamplerKind::EulerAncestral | SamplerKind::DpmSolver2m => {
                self.k_diffusion_plan(sampler, steps)
            }
            SamplerKind::EulerAncestralDiffusers => self.diffusers_plan(steps),
        })
    }

    fn k_diffusion_plan(&self, sampler: SamplerKind, steps: usize) -> SamplingPlan {
        let last = (self.sigmas.len() - 1) as f64;
        let sigmas: Vec<f64> = linspace(last, 0.0, steps)
            .map(|timestep| through_f32(self.timestep_to_sigma(through_f32(timestep))))
            .collect();
        // The network is asked at the step that the stored sigma stands for, not at the one it
        // came from.
        let timesteps = sigmas.iter().map(|&s| self.sigma_to_timestep(s)).collect();
        let first = sigmas.first().copied().unwrap_or(0.0);
        SamplingPlan::new(sampler, sigmas, timesteps, first)
    }

    fn diffusers_plan(&self, steps: usize) -> SamplingPlan {
        let table = self.diffusers_sigmas.len();
        let timesteps: Vec<f64> = match self.spacing {
            // diffusers would ask a run of one step at time 0, which changes nothing; ours starts
            // at the end like every longer one.
            TimestepSpacing::Linspace => linspace((table - 1) as f64, 0.0, steps)
                .map(through_f32)
                .collect(),
            TimestepSpacing::Leading => (0..steps)
                .rev()
                .map(|i| (i * (table / steps) + self.steps_offset) as f64)
                .collect(),
            TimestepSpacing::Trailing => (0..steps)
                .map(|i| {
                    let ratio = table as f64 / steps as f64;
                    (table as f64 - i as f64 * ratio).round_ties_even() - 1.0
                })
                .collect(),
        };
        let sigmas: Vec<f64> = timesteps
            .iter()
            .map(|&timestep| through_f32(interpolate(&self.diffusers_sigmas, timestep)))
            .collect();
        let first = sigmas.first().copied().unwrap_or(0.0);
        let scale = match self.spacing {
            TimestepSpacing::Leading => (first * first + 1.0).sqrt(),
            TimestepSpacing::Linspace | TimestepSpacing::Trailing => first,
        };
        SamplingPlan::new(
            SamplerKind::EulerAncestralDiffusers,
            sigmas,
            timesteps,
            scale,
        )
    }

    /// Clean latents with the noise of given time steps, `sqrt(a) x + sqrt(1 - a) noise`.
    ///
    /// - `latents`, `noise`: (B, C, h, w)
    /// - `timesteps`: one per sample, because training mixes them
    ///
    /// # Errors
    /// On a time step outside the table or shapes that do not fit.
    pub fn q_sample(
        &self,
        latents: &Tensor,
        noise: &Tensor,
        timesteps: &[usize],
    ) -> Result<Tensor> {
        let mut signal = Vec::with_capacity(timesteps.len());
        let mut spread = Vec::with_capacity(timesteps.len());
        for &timestep in timesteps {
            let Some(alpha) = self.alphas_cumprod.get(timestep) else {
                bail!("time step {timestep} is outside the schedule")
            };
            signal.push(alpha.sqrt() as f32);
            spread.push((1.0 - alpha).sqrt() as f32);
        }
        let column = |values: Vec<f32>| {
            Tensor::from_vec(values, (timesteps.len(), 1, 1, 1), latents.device())?
                .to_dtype(latents.dtype())
        };
        latents.broadcast_mul(&column(signal)?)? + noise.broadcast_mul(&column(spread)?)?
    }
}

/// `sqrt((1 - a) / a)` with every stage in 32 bits, as both originals store it.
fn sigma_table(alphas_cumprod: &[f64]) -> Vec<f64> {
    alphas_cumprod
        .iter()
        .map(|&alpha| {
            let alpha = alpha as f32;
            f64::from(((1.0 - alpha) / alpha).sqrt())
        })
        .collect()
}

fn cumulative_product(factors: impl Iterator<Item = f64>) -> Vec<f64> {
    factors
        .scan(1.0, |product, factor| {
            *product *= factor;
            Some(*product)
        })
        .collect()
}

/// The value of `table` at a fractional index, cut to its ends.
fn interpolate(table: &[f64], index: f64) -> f64 {
    let last = table.len().saturating_sub(1);
    let index = index.clamp(0.0, last as f64);
    let low = index.floor() as usize;
    let weight = index - low as f64;
    let at = |i: usize| table.get(i.min(last)).copied().unwrap_or(0.0);
    at(low) * (1.0 - weight) + at(low + 1) * weight
}

/// `count` values from `start` to `end`, both included; only `start` when there is one.
fn linspace(start: f64, end: f64, count: usize) -> impl Iterator<Item = f64> {
    let step = (end - start) / count.saturating_sub(1).max(1) as f64;
    (0..count).map(move |i| {
        // From the nearer end, so that the last value is exact.
        if i < count.div_ceil(2) {
            start + step * i as f64
        } else {
            end - step * (count - 1 - i) as f64
        }
    })
}

/// The same, computed in 32 bits.
fn linspace_f32(start: f32, end: f32, count: usize) -> impl Iterator<Item = f32> {
    let step = (end - start) / count.saturating_sub(1).max(1) as f32;
    (0..count).map(move |i| {
        if i < count.div_ceil(2) {
            start + step * i as f32
        } else {
            end - step * (count - 1 - i) as f32
        }
    })
}

fn through_f32(value: f64) -> f64 {
    f64::from(value as f32)
}
