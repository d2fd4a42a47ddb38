//! 2-D convolution.
//!
//! A pointwise kernel is one matrix product per image. Any other is unrolled: the pixels under every
//! kernel position become the rows of a matrix, tile by tile, and one product per tile writes the
//! output in place. Small maps share one matrix over the whole batch.

mod backward;

use super::Weights;
use super::gemm::{Into, Mat, Threads, matmul_rows};
use super::im2col::{Geometry, Padding};
use super::int8::CodedConv;
use super::parallel::{self, buffer};
use super::scratch::scratch;
use super::vjp::{attach, on_cpu, plain, values};
use super::weights::Form;
use super::winograd::{Small, Winograd};
use candle_core::{DType, Device, Result, Tensor, bail};
use std::sync::Arc;

/// A convolution with zero padding.
#[derive(Clone, Debug)]
pub struct Conv2d {
    kernels: Kernels,
    bias: Option<Tensor>,
    stride: usize,
    padding: Padding,
}

/// Kernels (out, in, k, k).
#[derive(Clone, Debug)]
enum Kernels {
    Dense(Tensor),
    Coded(Arc<CodedConv>),
}

impl Conv2d {
    /// Reads `weight` (out, in, k, k) and `bias` (out).
    ///
    /// # Errors
    /// When a tensor cannot be read.
    pub fn load(
        weights: &Weights,
        input: usize,
        output: usize,
        kernel: usize,
        stride: usize,
        padding: usize,
    ) -> Result<Self> {
        let same = stride == 1 && padding == kernel / 2;
        let bytes = (same && CodedConv::fits(input, output, kernel))
            .then(|| CodedConv::bytes(input, output, kernel));
        let code = |numbers: &[f32]| CodedConv::new(numbers, input, kernel);
        let shape = (output, input, kernel, kernel);
        let kernels = match weights.form(shape, "weight", bytes, code)? {
            Form::Dense(weight) => Kernels::Dense(weight),
            Form::Coded(kernels) => Kernels::Coded(Arc::new(kernels)),
        };
        Ok(Self {
            kernels,
            bias: Some(weights.get(output, "bias")?),
            stride,
            padding: Padding::all(padding),
        })
    }

    /// From tensors: `weight` (out, in, k, k), `bias` (out).
    pub fn new(weight: Tensor, bias: Option<Tensor>, stride: usize, padding: usize) -> Self {
        Self {
            kernels: Kernels::Dense(weight),
            bias,
            stride,
            padding: Padding::all(padding),
        }
    }

    /// The same layer with other padding; the VAE's encoder pads right and below only.
    #[must_use]
    pub fn with_padding(mut self, padding: Padding) -> Self {
        self.padding = padding;
        self
    }

    /// (B, in, H, W) to (B, out, H', W').
    ///
    /// # Errors
    /// On a shape that does not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (batch, channels, height, width) = x.dims4()?;
        let (output, input, ky, kx) = match &self.kernels {
            Kernels::Dense(weight) => weight.dims4()?,
            Kernels::Coded(kernels) => kernels.dims(),
        };
        if channels != input {
            bail!("a convolution of {input} channels got {:?}", x.shape())
        }
        if self
            .bias
            .as_ref()
            .is_some_and(|bias| bias.dims() != [output])
        {
            bail!("the bias of a convolution does not fit its weight")
        }
        let size = (channels, height, width);
        let Some(geometry) = Geometry::new(size, (ky, kx), self.stride, self.padding) else {
            bail!(
                "an image {:?} is too small for a {ky}x{kx} kernel",
                x.shape()
            )
        };
        let weight = match &self.kernels {
            Kernels::Dense(weight) => weight,
            Kernels::Coded(kernels) => return coded(x, kernels, self.bias.as_ref()),
        };
        if !on_cpu(&[x, weight, self.bias.as_ref().unwrap_or(x)]) {
            return self.fallback(x, weight);
        }
        let trains = x.track_op() || weight.track_op();
        let conv = Conv {
            geometry,
            batch,
            output,
            input: plain(x)?,
            weight: plain(weight)?,
            shared: if trains {
                shared_in_training(&geometry)
            } else {
                SHARED
            },
        };
        let bias = self.bias.as_ref().map(plain).transpose()?;
        let out = conv.forward(bias.as_ref())?;
        let dims = (batch, output, geometry.out_height, geometry.out_width);
        match &self.bias {
            Some(bias) => attach([x, weight, bias], out, dims, move |g, wanted| {
                conv.backward(g, wanted)
            }),
            None => attach([x, weight], out, dims, move |g, [x, w]| {
                let [x, w, _] = conv.backward(g, [x, w, false])?;
                Ok([x, w])
            }),
        }
    }

    fn fallback(&self, x: &Tensor, weight: &Tensor) -> Result<Tensor> {
        if x.device().is_cpu() && x.dtype() != DType::F32 {
            // candle convolves in no other dtype on a processor.
            let wide = |t: &Tensor| t.to_dtype(DType::F32);
            let conv = Self {
                kernels: Kernels::Dense(wide(weight)?),
                bias: self.bias.as_ref().map(wide).transpose()?,
                ..self.clone()
            };
            return conv.forward(&wide(x)?)?.to_dtype(x.dtype());
        }
        let Padding {
            left,
            right,
            top,
            bottom,
        } = self.padding;
        let y = if self.padding == Padding::all(left) {
            x.conv2d(weight, left, self.stride, 1, 1)?
        } else {
            x.pad_with_zeros(2, top, bottom)?
                .pad_with_zeros(3, left, right)?
                .conv2d(weight, 0, self.stride, 1, 1)?
        };
        match &self.bias {
            Some(bias) => y.broadcast_add(&bias.reshape((1, (), 1, 1))?),
            None => Ok(y),
        }
    }
}

/// (B, in, H, W) to (B, out, H, W) by eight-bit codes; no gradient passes through it.
fn coded(x: &Tensor, kernels: &CodedConv, bias: Option<&Tensor>) -> Result<Tensor> {
    let (batch, _, height, width) = x.dims4()?;
    let (output, ..) = kernels.dims();
    let input = plain(x)?;
    let bias = bias.map(plain).transpose()?;
    let bias = bias.as_ref().map(values).transpose()?;
    let mut out = buffer(batch * output * height * width);
    kernels.forward(&values(&input)?, (height, width), bias.as_deref(), &mut out);
    Tensor::from_vec(out, (batch, output, height, width), &Device::Cpu)
}

/// Pixels of a tile, about: its matrix should stay in the caches while it is used.
const TILE: usize = 1024;
/// Up to this many pixels per map, some images share one product: ...
const SMALL_MAP: usize = 256;
/// ... this many, the branches of guidance. Not all of a batch: how a product sums depends on its
/// size, and a column of a run has to get the bits it would get alone.
const SHARED: usize = 3;

/// The same in training, where no image of a batch is ever alone.
fn shared_in_training(geometry: &Geometry) -> usize {
    (TILE / geometry.pixels()).max(SHARED)
}

/// One convolution at work.
struct Conv {
    geometry: Geometry,
    batch: usize,
    output: usize,
    input: Tensor,
    weight: Tensor,
    /// Images that share a product, where maps are small.
    shared: usize,
}

impl Conv {
    fn forward(&self, bias: Option<&Tensor>) -> Result<Vec<f32>> {
        let (x, weight) = (values(&self.input)?, values(&self.weight)?);
        let bias = bias.map(values).transpose()?;
        let bias = bias.as_deref();
        let (geometry, pixels) = (self.geometry, self.geometry.pixels());
        let mut out = buffer(self.batch * self.output * pixels);
        if let Some(winograd) = self.winograd(Small::new) {
            let groups = x.chunks(self.shared * geometry.channels * geometry.input_pixels());
            for (x, out) in groups.zip(out.chunks_mut(self.shared * self.output * pixels)) {
                winograd.forward(x, &weight, bias, out);
            }
            return Ok(out);
        }
        if self.batch > 1 && pixels <= SMALL_MAP {
            let image_len = geometry.channels * geometry.input_pixels();
            let groups = x.chunks(self.shared * image_len);
            for (x, out) in groups.zip(out.chunks_mut(self.shared * self.output * pixels)) {
                self.small_maps(x, &weight, bias, out);
            }
            return Ok(out);
        }
        if let Some(winograd) = self.winograd(Winograd::new) {
            winograd.forward(&x, &weight, bias, &mut out);
            return Ok(out);
        }
        let into = match bias {
            Some(bias) => {
                let steps = out.len() / 4;
                parallel::pieces(&mut out, pixels, steps, |i, out| {
                    out.fill(bias[i % self.output]);
                });
                Into::Add
            }
            None => Into::Set,
        };
        let weight = Mat::new(&weight, self.output, geometry.depth());
        let images = x.chunks_exact(geometry.channels * geometry.input_pixels());
        for (image, out) in images.zip(out.chunks_exact_mut(self.output * pixels)) {
            if geometry.is_pointwise() {
                let image = Mat::new(image, geometry.channels, pixels);
                matmul_rows(out, pixels, 0, weight, image, into);
                continue;
            }
            self.tiles(|rows, size| {
                scratch(geometry.depth() * size, |columns| {
                    let first = rows.start * geometry.out_width;
                    geometry.columns(image, rows, columns, Threads::All);
                    let columns = Mat::new(columns, geometry.depth(), size);
                    matmul_rows(out, pixels, first, weight, columns, into);
                });
            });
        }
        Ok(out)
    }

    /// What `new(in, out, H, W)` makes, for the kernels that it is made for.
    fn winograd<T>(&self, new: impl Fn(usize, usize, usize, usize) -> Option<T>) -> Option<T> {
        let geometry = &self.geometry;
        let fits = geometry.kernel == (3, 3)
            && geometry.stride == 1
            && geometry.padding == Padding::all(1);
        let size = (geometry.height, geometry.width);
        fits.then(|| new(geometry.channels, self.output, size.0, size.1))?
    }

    /// One product for some images, then a copy into place that adds the bias.
    fn small_maps(&self, x: &[f32], weight: &[f32], bias: Option<&[f32]>, out: &mut [f32]) {
        let geometry = self.geometry;
        let (depth, pixels, all) = (geometry.depth(), geometry.pixels(), out.len() / self.output);
        scratch((depth + self.output) * all, |work| {
            let (columns, product) = work.split_at_mut(depth * all);
            geometry.columns(x, 0..geometry.out_height, columns, Threads::All);
            let weight = Mat::new(weight, self.output, depth);
            let columns = Mat::new(columns, depth, all);
            matmul_rows(product, all, 0, weight, columns, Into::Set);
            for (i, plane) in out.chunks_exact_mut(pixels).enumerate() {
                let (image, channel) = (i / self.output, i % self.output);
                let bias = bias.map_or(0.0, |bias| bias[channel]);
                let product = &product[channel * all + image * pixels..];
                for (y, x) in plane.iter_mut().zip(product) {
                    *y = x + bias;
                }
            }
        });
    }

    /// Calls `work(output rows, pixels in them)` for every tile of a map.
    fn tiles(&self, mut work: impl FnMut(std::ops::Range<usize>, usize)) {
        let (height, width) = (self.geometry.out_height, self.geometry.out_width);
        let step = (TILE / width).clamp(1, height);
        for start in (0..height).step_by(step) {
            let rows = start..height.min(start + step);
            let size = rows.len() * width;
            work(rows, size);
        }
    }
}
