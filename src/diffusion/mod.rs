//! Noise levels, samplers and guidance: pure maths on a [`Denoiser`]; knows no network.
//!
//! A [`NoiseSchedule`] turns a `scheduler_config.json` into tables and a number of steps into a
//! [`SamplingPlan`]; [`sample`] walks the plan, or a [`Walk`] does step by step.
//! [`TwoScaleGuidance`] is itself a denoiser, so that no sampler knows about guidance.

mod guidance;
mod plan;
mod sampler;
mod schedule;

pub use guidance::{
    BRANCHES, GuidanceScales, TwoScaleGuidance, branch_contexts, branch_image_latents,
};
pub use plan::{SamplerKind, SamplingPlan, input_scale};
pub use sampler::{AncestralStep, Denoiser, NoiseSource, Step, Walk, sample};
pub use schedule::{NoiseSchedule, ScheduleConfig, TimestepSpacing};
