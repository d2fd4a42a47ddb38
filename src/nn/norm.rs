//! Group, layer and root-mean-square normalisation; statistics in f32.
//!
//! Backward of `y = g x̂ + b` with `x̂ = (x - mean) / deviation` over n items, where `h = g dy`:
//! `dx = (h - mean(h) - x̂ mean(h x̂)) / deviation`. Without the mean (RMS) its term falls away.

use super::activation::{silu_slope, silu_value};
use super::parallel::{self, buffer};
use super::simd::{fold, fold2, sum, vectorised};
use super::vjp::{attach, on_cpu, plain, values};
use super::{Weights, silu};
use candle_core::{D, DType, Device, Result, Tensor, bail};

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

/// Normalises the last dimension to zero mean and unit variance.
#[derive(Clone, Debug)]
pub struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f64,
}

impl LayerNorm {
    /// Reads `weight` and `bias`, both (D).
    ///
    /// # Errors
    /// When a tensor cannot be read.
    pub fn load(weights: &Weights, width: usize, eps: f64) -> Result<Self> {
        Ok(Self::new(
            weights.get(width, "weight")?,
            weights.get(width, "bias")?,
            eps,
        ))
    }

    /// From tensors: `weight` and `bias`, both (D).
    pub fn new(weight: Tensor, bias: Tensor, eps: f64) -> Self {
        Self { weight, bias, eps }
    }

    /// (.., D) to the same shape.
    ///
    /// # Errors
    /// On a shape that does not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let width = self.weight.dims1()?;
        if x.dims().last() != Some(&width) || self.bias.dims() != [width] {
            bail!("a layer norm of width {width} got {:?}", x.shape())
        }
        if !on_cpu(&[x, &self.weight, &self.bias]) {
            return normalised(&x.to_dtype(DType::F32)?, true, self.eps)?
                .to_dtype(x.dtype())?
                .broadcast_mul(&self.weight)?
                .broadcast_add(&self.bias);
        }
        let rows = Rows {
            input: plain(x)?,
            weight: plain(&self.weight)?,
            centred: true,
            eps: self.eps,
        };
        let out = rows.forward(Some(&plain(&self.bias)?))?;
        let inputs = [x, &self.weight, &self.bias];
        attach(inputs, out, x.shape(), move |g, wanted| {
            rows.backward(g, wanted)
        })
    }
}

/// Divides the last dimension by its root mean square (T5).
#[derive(Clone, Debug)]
pub struct RmsNorm {
    weight: Tensor,
    eps: f64,
}

impl RmsNorm {
    /// Reads `weight` (D).
    ///
    /// # Errors
    /// When the tensor cannot be read.
    pub fn load(weights: &Weights, width: usize, eps: f64) -> Result<Self> {
        Ok(Self::new(weights.get(width, "weight")?, eps))
    }

    /// From a tensor: `weight` (D).
    pub fn new(weight: Tensor, eps: f64) -> Self {
        Self { weight, eps }
    }

    /// (.., D) to the same shape.
    ///
    /// # Errors
    /// On a shape that does not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let width = self.weight.dims1()?;
        if x.dims().last() != Some(&width) {
            bail!("an RMS norm of width {width} got {:?}", x.shape())
        }
        if !on_cpu(&[x, &self.weight]) {
            return normalised(&x.to_dtype(DType::F32)?, false, self.eps)?
                .to_dtype(x.dtype())?
                .broadcast_mul(&self.weight);
        }
        let rows = Rows {
            input: plain(x)?,
            weight: plain(&self.weight)?,
            centred: false,
            eps: self.eps,
        };
        let out = rows.forward(None)?;
        attach([x, &self.weight], out, x.shape(), move |g, [x, w]| {
            let [x, w, _] = rows.backward(g, [x, w, false])?;
            Ok([x, w])
        })
    }
}

/// One norm over the last dimension at work.
struct Rows {
    input: Tensor,
    weight: Tensor,
    /// Whether the mean is taken away.
    centred: bool,
    eps: f64,
}

impl Rows {
    fn forward(&self, bias: Option<&Tensor>) -> Result<Vec<f32>> {
        let (x, weight) = (values(&self.input)?, values(&self.weight)?);
        let bias = bias.map(values).transpose()?;
        let (width, piece) = self.sizes(weight.len());
        let mut out = buffer(x.len());
        parallel::pieces(&mut out, piece, x.len() * 2, |i, out| {
            vectorised(
                #[inline(always)]
                || {
                    let x = x[i * piece..].chunks_exact(width);
                    for (out, x) in out.chunks_exact_mut(width).zip(x) {
                        let (mean, inverse) = self.statistics(x);
                        let row = out.iter_mut().zip(x).zip(&*weight);
                        match &bias {
                            Some(bias) => {
                                for (((y, x), w), b) in row.zip(&**bias) {
                                    *y = ((x - mean) * inverse).mul_add(*w, *b);
                                }
                            }
                            None => {
                                for ((y, x), w) in row {
                                    *y = (x - mean) * inverse * w;
                                }
                            }
                        }
                    }
                },
            );
        });
        Ok(out)
    }

    fn backward(&self, g: &Tensor, wanted: [bool; 3]) -> Result<[Option<Tensor>; 3]> {
        let (x, weight, g) = (values(&self.input)?, values(&self.weight)?, values(g)?);
        let (width, piece) = self.sizes(weight.len());
        let to_x = if wanted[0] {
            let mut out = buffer(x.len());
            parallel::pieces(&mut out, piece, x.len() * 4, |i, out| {
                vectorised(
                    #[inline(always)]
                    || {
                        let rows = x[i * piece..].chunks_exact(width);
                        let rows = rows.zip(g[i * piece..].chunks_exact(width));
                        for (out, (x, g)) in out.chunks_exact_mut(width).zip(rows) {
                            self.row_gradient(x, g, &weight, out);
                        }
                    },
                );
            });
            Some(Tensor::from_vec(out, self.input.shape(), &Device::Cpu)?)
        } else {
            None
        };
        let affine = if wanted[1] || wanted[2] {
            let partial = parallel::collect(x.len().div_ceil(piece), x.len() * 4, |i| {
                let mut sums = vec![0f32; 2 * width];
                let (to_weight, to_bias) = sums.split_at_mut(width);
                let end = x.len().min((i + 1) * piece);
                let (x, g) = (&x[i * piece..end], &g[i * piece..end]);
                vectorised(
                    #[inline(always)]
                    || {
                        for (x, g) in x.chunks_exact(width).zip(g.chunks_exact(width)) {
                            let (mean, inverse) = self.statistics(x);
                            let sums = to_weight.iter_mut().zip(to_bias.iter_mut());
                            for (((w, b), x), g) in sums.zip(x).zip(g) {
                                *w += g * (x - mean) * inverse;
                                *b += g;
                            }
                        }
                    },
                );
                sums
            });
            super::linear::column_sums(&partial.concat(), 2 * width)
        } else {
            vec![0.0; 2 * width]
        };
        let (to_weight, to_bias) = affine.split_at(width);
        Ok([
            to_x,
            Some(Tensor::from_slice(to_weight, width, &Device::Cpu)?),
            Some(Tensor::from_slice(to_bias, width, &Device::Cpu)?),
        ])
    }

    #[inline(always)]
    fn row_gradient(&self, x: &[f32], g: &[f32], weight: &[f32], out: &mut [f32]) {
        let (mean, inverse) = self.statistics(x);
        for ((h, g), w) in out.iter_mut().zip(g).zip(weight) {
            *h = g * w;
        }
        let n = x.len() as f32;
        let total = if self.centred { sum(out) / n } else { 0.0 };
        let along = fold2(out, x, |lane, h, x| h.mul_add((x - mean) * inverse, lane)) / n;
        for (h, x) in out.iter_mut().zip(x) {
            *h = inverse * (*h - total - (x - mean) * inverse * along);
        }
    }

    /// Row length, and the length of a piece of work: whole rows, about a page.
    fn sizes(&self, width: usize) -> (usize, usize) {
        (width, width * (4096 / width).max(1))
    }

    /// Mean (0 unless centred) and inverse deviation of one row.
    #[inline(always)]
    fn statistics(&self, row: &[f32]) -> (f32, f32) {
        if self.centred {
            return moments(row, self.eps);
        }
        let squares = f64::from(fold2(row, row, |lane, x, _| x.mul_add(x, lane)));
        (0.0, inverse_root(squares / row.len() as f64, self.eps))
    }
}

/// Items summed in f32 before the sums go on in f64.
const BLOCK: usize = 4096;

/// Mean and inverse deviation. Every block is read twice while it is in the first-level cache; blocks
/// are joined by the parallel variance formula (Chan, Golub and LeVeque 1979), which does not cancel.
#[inline(always)]
fn moments(x: &[f32], eps: f64) -> (f32, f32) {
    let (mut count, mut mean, mut squares) = (0f64, 0f64, 0f64);
    for block in x.chunks(BLOCK) {
        let n = block.len() as f64;
        let centre = sum(block) / block.len() as f32;
        let around = fold(
            block,
            0.0,
            |lane, x| (x - centre).mul_add(x - centre, lane),
            |a, b| a + b,
        );
        let offset = f64::from(centre) - mean;
        let all = count + n;
        squares += f64::from(around) + offset * offset * count * n / all;
        mean += offset * n / all;
        count = all;
    }
    (mean as f32, inverse_root(squares / count, eps))
}

#[inline(always)]
fn inverse_root(variance: f64, eps: f64) -> f32 {
    (1.0 / (variance + eps).sqrt()) as f32
}

/// The same with candle's operations, over the last dimension.
fn normalised(x: &Tensor, centred: bool, eps: f64) -> Result<Tensor> {
    let x = if centred {
        x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?
    } else {
        x.clone()
    };
    let variance = x.sqr()?.mean_keepdim(D::Minus1)?;
    x.broadcast_div(&(variance + eps)?.sqrt()?)
}
