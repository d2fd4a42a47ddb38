//! Norms over groups of channels.

use super::{BLOCK, moments, normalised};
use crate::nn::activation::{silu_slope, silu_value};
use crate::nn::parallel::{self, buffer};
use crate::nn::simd::{fold2, sum, vectorised};
use crate::nn::vjp::{attach, on_cpu, plain, values};
use crate::nn::{Weights, silu};
use candle_core::{DType, Device, Result, Tensor, bail};

/// Normalises groups of channels over all pixels.
#[derive(Clone, Debug)]
pub struct GroupNorm {
    weight: Tensor,
    bias: Tensor,
    groups: usize,
    eps: f64,
}

impl GroupNorm {
    /// Reads `weight` and `bias`, both (C).
    ///
    /// # Errors
    /// When a tensor cannot be read.
    pub fn load(weights: &Weights, groups: usize, channels: usize, eps: f64) -> Result<Self> {
        Ok(Self::new(
            weights.get(channels, "weight")?,
            weights.get(channels, "bias")?,
            groups,
            eps,
        ))
    }

    /// From tensors: `weight` and `bias`, both (C).
    pub fn new(weight: Tensor, bias: Tensor, groups: usize, eps: f64) -> Self {
        Self {
            weight,
            bias,
            groups,
            eps,
        }
    }

    /// (B, C, ..) to the same shape.
    ///
    /// # Errors
    /// When the channels do not divide into the groups.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.run(x, false)
    }

    /// [`GroupNorm::forward`] followed by SiLU, in one pass.
    ///
    /// # Errors
    /// As [`GroupNorm::forward`].
    pub fn forward_silu(&self, x: &Tensor) -> Result<Tensor> {
        self.run(x, true)
    }

    fn run(&self, x: &Tensor, with_silu: bool) -> Result<Tensor> {
        let (channels, groups) = (self.weight.dims1()?, self.groups);
        if x.rank() < 2 || x.dims()[1] != channels || groups == 0 || channels % groups != 0 {
            bail!(
                "a norm of {channels} channels in {groups} groups got {:?}",
                x.shape()
            )
        }
        if self.bias.dims() != [channels] {
            bail!("the bias of a norm does not fit its weight")
        }
        if !on_cpu(&[x, &self.weight, &self.bias]) {
            return self.fallback(x, with_silu);
        }
        let group = Group {
            input: plain(x)?,
            weight: plain(&self.weight)?,
            bias: plain(&self.bias)?,
            channels: channels / groups,
            groups,
            pixels: x.elem_count() / x.dims()[0] / channels,
            eps: self.eps,
            with_silu,
        };
        let out = group.forward()?;
        let inputs = [x, &self.weight, &self.bias];
        attach(inputs, out, x.shape(), move |g, wanted| {
            group.backward(g, wanted)
        })
    }

    fn fallback(&self, x: &Tensor, with_silu: bool) -> Result<Tensor> {
        let (dims, dtype) = (x.dims().to_vec(), x.dtype());
        let grouped = x
            .reshape((dims[0], self.groups, ()))?
            .to_dtype(DType::F32)?;
        let normed = normalised(&grouped, true, self.eps)?
            .to_dtype(dtype)?
            .reshape(dims.as_slice())?;
        let mut affine = vec![1; dims.len()];
        affine[1] = dims[1];
        let y = normed
            .broadcast_mul(&self.weight.reshape(affine.as_slice())?)?
            .broadcast_add(&self.bias.reshape(affine.as_slice())?)?;
        if with_silu { silu(&y) } else { Ok(y) }
    }
}

/// One group norm at work.
struct Group {
    input: Tensor,
    weight: Tensor,
    bias: Tensor,
    /// Channels per group.
    channels: usize,
    groups: usize,
    pixels: usize,
    eps: f64,
    with_silu: bool,
}

impl Group {
    fn forward(&self) -> Result<Vec<f32>> {
        let (x, weight, bias) = (
            values(&self.input)?,
            values(&self.weight)?,
            values(&self.bias)?,
        );
        let mut out = buffer(x.len());
        let size = self.channels * self.pixels;
        let cost = if self.with_silu { 4 } else { 2 };
        parallel::pieces(&mut out, size, x.len() * cost, |i, out| {
            let x = &x[i * size..(i + 1) * size];
            let first = i % self.groups * self.channels;
            vectorised(
                #[inline(always)]
                || {
                    let (mean, inverse) = moments(x, self.eps);
                    let planes = x.chunks_exact(self.pixels);
                    for (c, (out, x)) in out.chunks_exact_mut(self.pixels).zip(planes).enumerate() {
                        let (scale, shift) = (weight[first + c] * inverse, bias[first + c]);
                        if self.with_silu {
                            for (y, x) in out.iter_mut().zip(x) {
                                *y = silu_value((x - mean).mul_add(scale, shift));
                            }
                        } else {
                            for (y, x) in out.iter_mut().zip(x) {
                                *y = (x - mean).mul_add(scale, shift);
                            }
                        }
                    }
                },
            );
        });
        Ok(out)
    }

    fn backward(&self, g: &Tensor, wanted: [bool; 3]) -> Result<[Option<Tensor>; 3]> {
        let (x, weight, bias) = (
            values(&self.input)?,
            values(&self.weight)?,
            values(&self.bias)?,
        );
        let g = values(g)?;
        let (size, pixels) = (self.channels * self.pixels, self.pixels);
        let statistics = parallel::collect(x.len() / size, x.len() * 2, |i| {
            vectorised(
                #[inline(always)]
                || moments(&x[i * size..(i + 1) * size], self.eps),
            )
        });
        let to_x = if wanted[0] {
            let mut out = buffer(x.len());
            parallel::pieces(&mut out, size, x.len() * 8, |i, out| {
                let (x, g) = (&x[i * size..(i + 1) * size], &g[i * size..(i + 1) * size]);
                let first = i % self.groups * self.channels;
                let (mean, inverse) = statistics[i];
                vectorised(
                    #[inline(always)]
                    || {
                        let (mut total, mut along) = (0f64, 0f64);
                        for c in 0..self.channels {
                            let (w, b) = (weight[first + c], bias[first + c]);
                            let plane = c * pixels..(c + 1) * pixels;
                            let (x, g) = (&x[plane.clone()], &g[plane.clone()]);
                            let out = &mut out[plane];
                            for ((h, x), g) in out.iter_mut().zip(x).zip(g) {
                                *h = w * self.through(*g, (x - mean) * inverse, w, b);
                            }
                            for (h, x) in out.chunks(BLOCK).zip(x.chunks(BLOCK)) {
                                total += f64::from(sum(h));
                                along += f64::from(fold2(h, x, |lane, h, x| {
                                    h.mul_add((x - mean) * inverse, lane)
                                }));
                            }
                        }
                        let total = (total / size as f64) as f32;
                        let along = (along / size as f64) as f32;
                        for (h, x) in out.iter_mut().zip(x) {
                            *h = inverse * (*h - total - (x - mean) * inverse * along);
                        }
                    },
                );
            });
            Some(Tensor::from_vec(out, self.input.shape(), &Device::Cpu)?)
        } else {
            None
        };
        if !wanted[1] && !wanted[2] {
            return Ok([to_x, None, None]);
        }
        let channels = self.channels * self.groups;
        let sums = parallel::collect(channels, x.len() * 8, |c| {
            vectorised(
                #[inline(always)]
                || {
                    let (w, b) = (weight[c], bias[c]);
                    let (mut to_weight, mut to_bias) = (0f64, 0f64);
                    for image in 0..x.len() / (channels * pixels) {
                        let (mean, inverse) = statistics[image * self.groups + c / self.channels];
                        let plane = (image * channels + c) * pixels;
                        let (x, g) = (&x[plane..plane + pixels], &g[plane..plane + pixels]);
                        for (x, g) in x.chunks(BLOCK).zip(g.chunks(BLOCK)) {
                            to_bias += f64::from(fold2(x, g, |lane, x, g| {
                                lane + self.through(g, (x - mean) * inverse, w, b)
                            }));
                            to_weight += f64::from(fold2(x, g, |lane, x, g| {
                                let normed = (x - mean) * inverse;
                                self.through(g, normed, w, b).mul_add(normed, lane)
                            }));
                        }
                    }
                    (to_weight as f32, to_bias as f32)
                },
            )
        });
        let (to_weight, to_bias): (Vec<f32>, Vec<f32>) = sums.into_iter().unzip();
        Ok([
            to_x,
            Some(Tensor::from_vec(to_weight, channels, &Device::Cpu)?),
            Some(Tensor::from_vec(to_bias, channels, &Device::Cpu)?),
        ])
    }
}

impl Group {
    /// The gradient before the SiLU, at a normalised value.
    #[inline(always)]
    fn through(&self, g: f32, normed: f32, weight: f32, bias: f32) -> f32 {
        if self.with_silu {
            g * silu_slope(normed.mul_add(weight, bias))
        } else {
            g
        }
    }
}
