//! The UNet that predicts the noise in a latent picture.
//!
//! Diffusers' `UNet2DConditionModel` of the Stable Diffusion family, any size, with the published
//! tensor names. The editor of InstructPix2Pix and of LGD takes 8 input channels: the noisy
//! latents and the latents of the input frame.
//! Source: Rombach et al., "High-Resolution Image Synthesis with Latent Diffusion Models",
//! section 3; layer order and names of diffusers 0.32 (Apache-2.0), written anew.
//!
//! Time steps are one per sample, because training mixes them, and may be fractional, because
//! k-diffusion's are. The context is projected once by [`Unet::prepare_context`].

mod attended;
mod blocks;
mod config;
mod context;
mod recomputed;
mod stages;
mod transformer;

pub use attended::Attended;
pub use config::{PerBlock, UnetConfig};
pub use context::CrossContext;
pub use recomputed::Recomputed;

use crate::nn::{Conv2d, GroupNorm, Linear, Weights, silu};
use blocks::{DownBlock, MidBlock, UpBlock, project_context};
use candle_core::{DType, Device, Result, Tensor, bail};
use context::ContextReader;
use recomputed::size_of;
use stages::{Stage, Work};

/// Longest period of the time embedding's sinusoids, in steps.
const MAX_PERIOD: f64 = 10000.0;

/// A loaded UNet.
#[derive(Clone, Debug)]
pub struct Unet {
    time: TimeEmbedding,
    conv_in: Conv2d,
    down: Vec<DownBlock>,
    mid: Option<MidBlock>,
    up: Vec<UpBlock>,
    conv_norm_out: GroupNorm,
    conv_out: Conv2d,
    config: UnetConfig,
    dtype: DType,
}

impl Unet {
    /// Builds the network from tensors with diffusers' names.
    ///
    /// # Errors
    /// When the config is inconsistent or outside the supported family. Missing and wrongly shaped
    /// tensors are noted in `weights`; ask its `finish`.
    pub fn load(config: &UnetConfig, weights: &Weights) -> Result<Self> {
        config.validate()?;
        let levels = config.block_out_channels.len();
        let first = config.level(0)?.channels;
        let down = (0..levels)
            .map(|i| DownBlock::load(config, i, &weights.pp("down_blocks").pp(i)))
            .collect::<Result<_>>()?;
        let mid = config
            .mid_attends()?
            .map(|attends| MidBlock::load(config, attends, &weights.pp("mid_block")))
            .transpose()?;
        let up = (0..levels)
            .map(|i| UpBlock::load(config, i, &weights.pp("up_blocks").pp(i)))
            .collect::<Result<_>>()?;
        Ok(Self {
            time: TimeEmbedding::load(config, first, &weights.pp("time_embedding"))?,
            conv_in: Conv2d::load(&weights.pp("conv_in"), config.in_channels, first, 3, 1, 1)?,
            down,
            mid,
            up,
            conv_norm_out: GroupNorm::load(
                &weights.pp("conv_norm_out"),
                config.norm_num_groups,
                first,
                config.norm_eps,
            )?,
            conv_out: Conv2d::load(&weights.pp("conv_out"), first, config.out_channels, 3, 1, 1)?,
            dtype: weights.dtype(),
            config: config.clone(),
        })
    }

    /// The sizes it was built with.
    pub fn config(&self) -> &UnetConfig {
        &self.config
    }

    /// Projects the context for every cross-attention, once for all steps.
    ///
    /// - `encoder_hidden_states`: (B, L, D)
    /// - `mask`: (B, L), 1 keeps a position and 0 drops it; none keeps all
    ///
    /// # Errors
    /// On a shape that does not fit.
    pub fn prepare_context(
        &self,
        encoder_hidden_states: &Tensor,
        mask: Option<&Tensor>,
    ) -> Result<CrossContext> {
        let bias = self.bias(encoder_hidden_states, mask)?;
        let encoder_hidden_states = encoder_hidden_states.to_dtype(self.dtype)?;
        let stages = self.stages();
        let transformers = stages.iter().filter_map(Stage::transformer);
        let layers = project_context(transformers, &encoder_hidden_states)?;
        Ok(CrossContext::new(
            layers,
            encoder_hidden_states.dim(0)?,
            bias,
        ))
    }

    /// The mask of a context as what is added to attention scores.
    fn bias(
        &self,
        encoder_hidden_states: &Tensor,
        mask: Option<&Tensor>,
    ) -> Result<Option<Tensor>> {
        let (batch, length, _) = encoder_hidden_states.dims3()?;
        match mask {
            Some(mask) if mask.dims() != [batch, length] => bail!(
                "the context's mask is {:?}, expected {:?}",
                mask.dims(),
                [batch, length]
            ),
            Some(mask) => context::mask_bias(mask, self.dtype).map(Some),
            None => Ok(None),
        }
    }

    /// Predicts the noise.
    ///
    /// - `sample`: (B, C, h, w), C input channels; the noisy ones already divided by
    ///   `sqrt(sigma^2 + 1)`
    /// - `timesteps`: (B,), or (1,) when all samples share it; 0 to 999, fractions allowed
    /// - `context`: prepared for B samples
    ///
    /// Returns (B, 4, h, w). Takes and gives f32; works in the dtype of its weights.
    ///
    /// # Errors
    /// On shapes that do not fit, or as cancelled.
    pub fn forward(
        &self,
        sample: &Tensor,
        timesteps: &Tensor,
        context: &CrossContext,
    ) -> Result<Tensor> {
        self.walk(sample, timesteps, context, context.reader())
    }

    /// The same, and `attended` learns where the cross-attention of its sample looked. The noise is
    /// the same to the bit: the weights are computed beside it.
    ///
    /// # Errors
    /// As [`Unet::forward`].
    pub fn forward_watched(
        &self,
        sample: &Tensor,
        timesteps: &Tensor,
        context: &CrossContext,
        attended: &mut Attended,
    ) -> Result<Tensor> {
        let (_, _, height, width) = sample.dims4()?;
        attended.begin(height, width);
        let reader = context.reader().watched(attended);
        self.walk(sample, timesteps, context, reader)
    }

    /// The forward; `reader` hands out the layers of `context`.
    fn walk(
        &self,
        sample: &Tensor,
        timesteps: &Tensor,
        context: &CrossContext,
        mut reader: ContextReader<'_>,
    ) -> Result<Tensor> {
        self.check(sample, timesteps, context.batch())?;
        let time = self.activated_time(timesteps)?;
        let mut hidden = sample.to_dtype(self.dtype)?; // (B, C, h, w)
        // What the way up joins; each is freed as soon as it is joined.
        let mut skips = Vec::new();
        for stage in self.stages() {
            let skip = stage.joins.then(|| skips.pop()).flatten();
            let size = size_of(skips.last())?;
            hidden = stage.forward(hidden, skip, &time, &mut reader, size)?;
            if stage.stored {
                skips.push(hidden.clone());
            }
        }
        Ok(hidden) // (B, 4, h, w)
    }

    /// The pieces of a walk, in order.
    fn stages(&self) -> Vec<Stage<'_>> {
        let mut stages = vec![Stage::stored(Work::Enter(&self.conv_in))];
        stages.extend(self.down.iter().flat_map(DownBlock::stages));
        stages.extend(self.mid.iter().flat_map(MidBlock::stages));
        stages.extend(self.up.iter().flat_map(UpBlock::stages));
        let (norm, conv) = (&self.conv_norm_out, &self.conv_out);
        stages.push(Stage::alone(Work::Leave(norm, conv)));
        stages
    }

    fn check(&self, sample: &Tensor, timesteps: &Tensor, contexts: usize) -> Result<()> {
        let (batch, ..) = sample.dims4()?;
        let timed = timesteps.dims() == [batch] || timesteps.dims() == [1];
        if !timed || contexts != batch {
            bail!(
                "{batch} samples need as many timesteps and contexts; there are {:?} and {contexts}",
                timesteps.dims(),
            )
        }
        Ok(())
    }

    /// The time step, activated once for all residual blocks, (B or 1, T).
    fn activated_time(&self, timesteps: &Tensor) -> Result<Tensor> {
        silu(&self.time.forward(timesteps, self.dtype)?)
    }
}

/// Sinusoids of the time step, then two linear layers.
#[derive(Clone, Debug)]
struct TimeEmbedding {
    frequencies: Vec<f32>,
    cosines_first: bool,
    width: usize,
    linear_1: Linear,
    linear_2: Linear,
}

impl TimeEmbedding {
    fn load(config: &UnetConfig, width: usize, weights: &Weights) -> Result<Self> {
        let half = width / 2;
        let divisor = half as f64 - config.freq_shift;
        // In f32 as the original computes them: at time 999 a last digit is visible.
        let frequencies = (0..half)
            .map(|i| (-(MAX_PERIOD.ln() as f32) * i as f32 / divisor as f32).exp())
            .collect();
        let time = config.time_width();
        let weights = weights.clone().coded(false); // as in the blocks
        Ok(Self {
            frequencies,
            cosines_first: config.flip_sin_to_cos,
            width,
            linear_1: Linear::load(&weights.pp("linear_1"), width, time)?,
            linear_2: Linear::load(&weights.pp("linear_2"), time, time)?,
        })
    }

    /// (B,) to (B, T).
    fn forward(&self, timesteps: &Tensor, dtype: DType) -> Result<Tensor> {
        let (batch, half) = (timesteps.dim(0)?, self.frequencies.len());
        let device: &Device = timesteps.device();
        let frequencies = Tensor::from_slice(&self.frequencies, (1, half), device)?;
        let phases = timesteps
            .to_dtype(DType::F32)? // bf16 cannot hold 999
            .reshape((batch, 1))?
            .broadcast_mul(&frequencies)?; // (B, C/2)
        let (first, second) = if self.cosines_first {
            (phases.cos()?, phases.sin()?)
        } else {
            (phases.sin()?, phases.cos()?)
        };
        let waves = Tensor::cat(&[first, second], 1)?.pad_with_zeros(1, 0, self.width % 2)?; // (B, C)
        let hidden = self.linear_1.forward(&waves.to_dtype(dtype)?)?;
        self.linear_2.forward(&silu(&hidden)?)
    }
}
