//! Pointwise activations: one parallel pass forward, one backward.

use super::parallel::{self, buffer};
use super::simd::{exp, normal_cdf, normal_density, sigmoid, vectorised};
use super::vjp::{attach, on_cpu, plain, values};
use candle_core::{D, Device, Result, Tensor, bail};

/// Items per piece of work; small enough to stay in the first-level cache.
const PIECE: usize = 4096;
/// Elementary steps per item, about.
const COST: usize = 4;

/// `x * sigmoid(x)`; any shape.
pub fn silu(x: &Tensor) -> Result<Tensor> {
    if !on_cpu(&[x]) {
        return x.silu();
    }
    pointwise(x, silu_value, silu_slope)
}

/// Exact GELU, `x * Phi(x)`; any shape.
pub fn gelu_erf(x: &Tensor) -> Result<Tensor> {
    if !on_cpu(&[x]) {
        return x.gelu_erf();
    }
    pointwise(x, gelu_erf_value, gelu_erf_slope)
}

/// GELU by its tanh approximation (`gelu_new` in published T5 configs); any shape.
pub fn gelu_tanh(x: &Tensor) -> Result<Tensor> {
    if !on_cpu(&[x]) {
        return x.gelu();
    }
    pointwise(x, gelu_tanh_value, gelu_tanh_slope)
}

/// `x * sigmoid(1.702 x)`, the activation of the original CLIP; any shape.
pub fn quick_gelu(x: &Tensor) -> Result<Tensor> {
    if !on_cpu(&[x]) {
        return x * candle_nn::ops::sigmoid(&(x * f64::from(QUICK))?)?;
    }
    pointwise(x, quick_gelu_value, quick_gelu_slope)
}

/// GEGLU of the diffusion transformer: (.., 2D) to (.., D), first half times the exact GELU of the
/// second.
pub fn geglu(x: &Tensor) -> Result<Tensor> {
    let width = x.dim(D::Minus1)?;
    if !width.is_multiple_of(2) {
        bail!("geglu needs an even last dimension, got {:?}", x.shape())
    }
    if !on_cpu(&[x]) {
        let halves = x.chunk(2, D::Minus1)?;
        return &halves[0] * halves[1].gelu_erf()?;
    }
    let input = plain(x)?;
    let mut dims = x.dims().to_vec();
    if let Some(last) = dims.last_mut() {
        *last /= 2;
    }
    let out = {
        let input = values(&input)?;
        let mut out = buffer(input.len() / 2);
        let half = width / 2;
        parallel::pieces(&mut out, half, input.len() * COST, |row, out| {
            let (a, b) = input[row * width..(row + 1) * width].split_at(half);
            map2(a, b, out, |a, b| a * gelu_erf_value(b));
        });
        out
    };
    attach([x], out, dims, move |gradient, _| {
        let (x, g) = (values(&input)?, values(gradient)?);
        let mut out = buffer(x.len());
        let half = width / 2;
        parallel::pieces(&mut out, width, x.len() * COST, |row, out| {
            let (a, b) = x[row * width..(row + 1) * width].split_at(half);
            let g = &g[row * half..(row + 1) * half];
            let (ga, gb) = out.split_at_mut(half);
            map2(g, b, ga, |g, b| g * gelu_erf_value(b));
            map3(g, a, b, gb, |g, a, b| g * a * gelu_erf_slope(b));
        });
        Ok([Some(Tensor::from_vec(out, input.shape(), &Device::Cpu)?)])
    })
}

/// T5's gate: `gelu(gate) * value` with exact or tanh GELU; two tensors of one shape.
pub fn gated_gelu(gate: &Tensor, value: &Tensor, exact: bool) -> Result<Tensor> {
    if gate.dims() != value.dims() {
        bail!("gate {:?} and value {:?}", gate.shape(), value.shape())
    }
    if !on_cpu(&[gate, value]) {
        return value * if exact { gate.gelu_erf() } else { gate.gelu() }?;
    }
    if exact {
        gated(gate, value, gelu_erf_value, gelu_erf_slope)
    } else {
        gated(gate, value, gelu_tanh_value, gelu_tanh_slope)
    }
}

fn gated<F, S>(gate: &Tensor, value: &Tensor, function: F, slope: S) -> Result<Tensor>
where
    F: Fn(f32) -> f32 + Copy + Send + Sync + 'static,
    S: Fn(f32) -> f32 + Copy + Send + Sync + 'static,
{
    let (gate_in, value_in) = (plain(gate)?, plain(value)?);
    let out = zip(&gate_in, &value_in, move |a, b| function(a) * b)?;
    attach([gate, value], out, gate.shape(), move |g, wanted| {
        let tensor = |values| Tensor::from_vec(values, g.shape(), &Device::Cpu);
        let to_gate = if wanted[0] {
            let slope = zip(&gate_in, &value_in, move |a, b| slope(a) * b)?;
            Some((tensor(slope)? * g)?)
        } else {
            None
        };
        let to_value = if wanted[1] {
            Some(tensor(zip(&gate_in, g, move |a, g| function(a) * g)?)?)
        } else {
            None
        };
        Ok([to_gate, to_value])
    })
}

/// `function` of every item; `slope` is its derivative.
fn pointwise<F, S>(x: &Tensor, function: F, slope: S) -> Result<Tensor>
where
    F: Fn(f32) -> f32 + Copy + Send + Sync + 'static,
    S: Fn(f32) -> f32 + Copy + Send + Sync + 'static,
{
    let input = plain(x)?;
    let out = {
        let input = values(&input)?;
        let mut out = buffer(input.len());
        parallel::pieces(&mut out, PIECE, input.len() * COST, |i, out| {
            let input = &input[i * PIECE..][..out.len()];
            vectorised(
                #[inline(always)]
                || {
                    for (out, x) in out.iter_mut().zip(input) {
                        *out = function(*x);
                    }
                },
            );
        });
        out
    };
    attach([x], out, x.shape(), move |gradient, _| {
        let out = zip(&input, gradient, move |x, g| slope(x) * g)?;
        Ok([Some(Tensor::from_vec(out, input.shape(), &Device::Cpu)?)])
    })
}

/// `function` of every pair of items of two contiguous tensors.
fn zip(
    a: &Tensor,
    b: &Tensor,
    function: impl Fn(f32, f32) -> f32 + Copy + Sync,
) -> Result<Vec<f32>> {
    let (a, b) = (values(a)?, values(b)?);
    let mut out = buffer(a.len());
    parallel::pieces(&mut out, PIECE, a.len() * COST, |i, out| {
        let (a, b) = (&a[i * PIECE..][..out.len()], &b[i * PIECE..][..out.len()]);
        map2(a, b, out, function);
    });
    Ok(out)
}

fn map2(a: &[f32], b: &[f32], out: &mut [f32], f: impl Fn(f32, f32) -> f32) {
    vectorised(
        #[inline(always)]
        || {
            for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
                *out = f(*a, *b);
            }
        },
    );
}

fn map3(a: &[f32], b: &[f32], c: &[f32], out: &mut [f32], f: impl Fn(f32, f32, f32) -> f32) {
    vectorised(
        #[inline(always)]
        || {
            for (((out, a), b), c) in out.iter_mut().zip(a).zip(b).zip(c) {
                *out = f(*a, *b, *c);
            }
        },
    );
}

/// The constant of the sigmoid approximation of GELU.
const QUICK: f32 = 1.702;
/// sqrt(8 / pi): twice the constant of the tanh approximation, which is written with a sigmoid here.
const TANH: f32 = 1.595_769;
/// The cubic term of the tanh approximation.
const CUBIC: f32 = 0.044_715;

#[inline(always)]
pub(super) fn silu_value(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

#[inline(always)]
pub(super) fn silu_slope(x: f32) -> f32 {
    let s = sigmoid(x);
    s * (1.0 + x * (1.0 - s))
}

#[inline(always)]
fn gelu_erf_value(x: f32) -> f32 {
    x * normal_cdf(x)
}

#[inline(always)]
fn gelu_erf_slope(x: f32) -> f32 {
    x.mul_add(normal_density(x), normal_cdf(x))
}

#[inline(always)]
fn gelu_tanh_value(x: f32) -> f32 {
    x * sigmoid(TANH * x * (CUBIC * x).mul_add(x, 1.0))
}

#[inline(always)]
fn gelu_tanh_slope(x: f32) -> f32 {
    let s = sigmoid(TANH * x * (CUBIC * x).mul_add(x, 1.0));
    let inner = TANH * (3.0 * CUBIC * x).mul_add(x, 1.0);
    s * (1.0 + x * (1.0 - s) * inner)
}

#[inline(always)]
fn quick_gelu_value(x: f32) -> f32 {
    x * sigmoid(QUICK * x)
}

#[inline(always)]
fn quick_gelu_slope(x: f32) -> f32 {
    let s = sigmoid(QUICK * x);
    s * (1.0 + QUICK * x * (1.0 - s))
}
