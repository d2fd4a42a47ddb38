//! What a sampling run will do, before it does it.

use serde::{Deserialize, Serialize};

/// An update rule together with the way it reads the schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SamplerKind {
    /// Euler with ancestral noise, levels as k-diffusion reads them; what LGD uses.
    #[default]
    EulerAncestral,
    /// Euler with ancestral noise, levels as diffusers reads them.
    EulerAncestralDiffusers,
    /// DPM-Solver++(2M), levels as k-diffusion reads them; draws no noise after the start.
    DpmSolver2m,
}

impl SamplerKind {
    /// All samplers, in the order they are shown.
    pub const ALL: [Self; 3] = [
        Self::EulerAncestral,
        Self::EulerAncestralDiffusers,
        Self::DpmSolver2m,
    ];

    /// The name used on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::EulerAncestral => "euler-ancestral",
            Self::EulerAncestralDiffusers => "euler-ancestral-diffusers",
            Self::DpmSolver2m => "dpm-solver2m",
        }
    }
}

/// The noise levels and time steps of one run, from noise to picture.
#[derive(Clone, Debug, PartialEq)]
pub struct SamplingPlan {
    sampler: SamplerKind,
    sigmas: Vec<f64>,
    timesteps: Vec<f64>,
    initial_scale: f64,
}

impl SamplingPlan {
    /// `sigmas` and `timesteps` hold one entry per step; the final 0 is added here.
    pub(super) fn new(
        sampler: SamplerKind,
        mut sigmas: Vec<f64>,
        timesteps: Vec<f64>,
        initial_scale: f64,
    ) -> Self {
        sigmas.push(0.0);
        Self {
            sampler,
            sigmas,
            timesteps,
            initial_scale,
        }
    }

    /// The update rule.
    pub fn sampler(&self) -> SamplerKind {
        self.sampler
    }

    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.timesteps.len()
    }

    /// Noise levels, falling; one more than there are steps, the last is 0.
    pub fn sigmas(&self) -> &[f64] {
        &self.sigmas
    }

    /// The time step the network is asked at in every step; may be fractional.
    pub fn timesteps(&self) -> &[f64] {
        &self.timesteps
    }

    /// Deviation of the latents a run starts from.
    pub fn initial_scale(&self) -> f64 {
        self.initial_scale
    }

    /// How many steps add noise, which is how many a noise tape has to hold.
    pub fn noisy_steps(&self) -> usize {
        match self.sampler {
            SamplerKind::DpmSolver2m => 0,
            _ => self.steps().saturating_sub(1), // the last one ends at sigma 0
        }
    }
}

/// Factor that brings noisy latents to unit variance for the network, `1 / sqrt(sigma^2 + 1)`.
pub fn input_scale(sigma: f64) -> f64 {
    1.0 / (sigma * sigma + 1.0).sqrt()
}
