//! Norms over the last dimension.

use super::{inverse_root, moments, normalised};
use crate::nn::Weights;
use crate::nn::parallel::{self, buffer};
use crate::nn::simd::{fold2, sum, vectorised};
use crate::nn::vjp::{attach, on_cpu, plain, values};
use candle_core::{DType, Device, Result, Tensor, bail};

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
            crate::nn::linear::column_sums(&partial.concat(), 2 * width)
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
