//! Fully connected layers.

use super::Weights;
use super::gemm::{Into, Mat, MatMut, Threads, matmul, matmul_transposed};
use super::int8::CodedLinear;
use super::low_rank::LowRank;
use super::parallel::{self, buffer};
use super::quantised::Quantised;
use super::simd::{dot, vectorised};
use super::sums::sum;
use super::vjp::{attach, on_cpu, plain, values};
use super::weights::{Form, Matrix};
use candle_core::{Device, Result, Shape, Tensor, bail};
use std::sync::Arc;

/// `x W^T + b`, and where its view of the weights says so a low-rank addition to W.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Weight,
    bias: Option<Tensor>,
    low_rank: Option<LowRank>,
}

/// The matrix (out, in).
#[derive(Clone, Debug)]
enum Weight {
    Dense(Tensor),
    Quantised(Arc<Quantised>),
    Coded(Arc<CodedLinear>),
}

impl Linear {
    /// Reads `weight` (out, in) and `bias` (out).
    ///
    /// # Errors
    /// When a tensor cannot be read.
    pub fn load(weights: &Weights, input: usize, output: usize) -> Result<Self> {
        Ok(Self {
            weight: Weight::load(weights, input, output)?,
            bias: Some(weights.get(output, "bias")?),
            low_rank: weights.low_rank(input, output)?,
        })
    }

    /// Reads `weight` (out, in) of a layer that has no bias.
    ///
    /// # Errors
    /// When the tensor cannot be read.
    pub fn load_no_bias(weights: &Weights, input: usize, output: usize) -> Result<Self> {
        Ok(Self {
            weight: Weight::load(weights, input, output)?,
            bias: None,
            low_rank: weights.low_rank(input, output)?,
        })
    }

    /// Reads a 1x1 kernel, `weight` (out, in, 1, 1) and `bias` (out), as a matrix.
    ///
    /// # Errors
    /// When a tensor cannot be read.
    pub fn load_pointwise(weights: &Weights, input: usize, output: usize) -> Result<Self> {
        let shape = (output, input, 1, 1).into();
        Ok(Self {
            weight: Weight::load_form(weights, shape, input)?,
            bias: Some(weights.get(output, "bias")?),
            low_rank: None,
        })
    }

    /// From tensors: `weight` (out, in), `bias` (out).
    pub fn new(weight: Tensor, bias: Option<Tensor>) -> Self {
        Self {
            weight: Weight::Dense(weight),
            bias,
            low_rank: None,
        }
    }

    /// (.., in) to (.., out).
    ///
    /// # Errors
    /// On a shape that does not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = self.whole(x)?;
        match &self.low_rank {
            Some(pair) => sum(&y, &pair.forward(x)?),
            None => Ok(y),
        }
    }

    /// The forward without the low-rank addition.
    fn whole(&self, x: &Tensor) -> Result<Tensor> {
        let (output, width) = self.weight.dims()?;
        let bias = self.bias.as_ref();
        let Some((&last, leading)) = x.dims().split_last() else {
            bail!("a linear layer needs at least one dimension")
        };
        if last != width {
            bail!("a linear layer of width {width} got {:?}", x.shape())
        }
        if bias.is_some_and(|bias| bias.dims() != [output]) {
            bail!("the bias of a linear layer does not fit its weight")
        }
        let weight = match &self.weight {
            Weight::Dense(weight) => weight,
            Weight::Quantised(weight) => return quantised(x, weight, bias),
            Weight::Coded(weight) => return coded(x, weight, bias),
        };
        if !on_cpu(&[x, weight, bias.unwrap_or(x)]) {
            let y = x.broadcast_matmul(&weight.t()?)?;
            return match bias {
                Some(bias) => y.broadcast_add(bias),
                None => Ok(y),
            };
        }
        let mut dims = leading.to_vec();
        dims.push(output);
        let (input, matrix) = (plain(x)?, plain(weight)?);
        let out = {
            let bias = bias.map(plain).transpose()?;
            let bias = bias.as_ref().map(values).transpose()?;
            product(&values(&input)?, &values(&matrix)?, bias.as_deref(), width)
        };
        let pull = move |g: &Tensor, wanted: [bool; 3]| gradients(&input, &matrix, g, wanted);
        match bias {
            Some(bias) => attach([x, weight, bias], out, dims, pull),
            None => attach([x, weight], out, dims, move |g, [x, w]| {
                let [x, w, _] = pull(g, [x, w, false])?;
                Ok([x, w])
            }),
        }
    }
}

impl Weight {
    fn load(weights: &Weights, input: usize, output: usize) -> Result<Self> {
        if weights.is_coded() && CodedLinear::fits(input, output) {
            return Self::load_form(weights, (output, input).into(), input);
        }
        Ok(match weights.matrix((output, input), "weight")? {
            Matrix::Dense(weight) => Self::Dense(weight),
            Matrix::Quantised(weight) => Self::Quantised(Arc::new(weight)),
        })
    }

    /// The tensor of that shape as a matrix of rows of `input` numbers.
    fn load_form(weights: &Weights, shape: Shape, input: usize) -> Result<Self> {
        let output = shape.elem_count() / input;
        let bytes = CodedLinear::fits(input, output).then(|| CodedLinear::bytes(input, output));
        let code = |numbers: &[f32]| CodedLinear::new(numbers, input);
        Ok(match weights.form(shape, "weight", bytes, code)? {
            Form::Dense(weight) => Self::Dense(weight.reshape((output, input))?),
            Form::Coded(weight) => Self::Coded(Arc::new(weight)),
        })
    }

    fn dims(&self) -> Result<(usize, usize)> {
        match self {
            Self::Coded(weight) => Ok(weight.dims()),
            Self::Dense(weight) => weight.dims2(),
            Self::Quantised(weight) => Ok(weight.dims()),
        }
    }
}

/// `x W^T + b` with a matrix of eight-bit codes; no gradient passes through it.
fn coded(x: &Tensor, weight: &CodedLinear, bias: Option<&Tensor>) -> Result<Tensor> {
    let mut dims = x.dims().to_vec();
    dims.pop();
    dims.push(weight.dims().0);
    if x.elem_count() == 0 {
        return Tensor::zeros(dims, x.dtype(), x.device());
    }
    let input = plain(x)?;
    let bias = bias.map(plain).transpose()?;
    let bias = bias.as_ref().map(values).transpose()?;
    let out = weight.product(&values(&input)?, bias.as_deref());
    Tensor::from_vec(out, dims, &Device::Cpu)
}

/// `x W^T + b` with a matrix of few bits, which is frozen; a gradient passes through it.
fn quantised(x: &Tensor, weight: &Arc<Quantised>, bias: Option<&Tensor>) -> Result<Tensor> {
    if let Some(product) = weight.device_product(x) {
        let y = product?;
        return match bias {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        };
    }
    let (output, _) = weight.dims();
    let mut dims = x.dims().to_vec();
    dims.pop();
    dims.push(output);
    if x.elem_count() == 0 {
        return Tensor::zeros(dims, x.dtype(), x.device());
    }
    let input = plain(x)?;
    let bias = bias.map(plain).transpose()?;
    let bias = bias.as_ref().map(values).transpose()?;
    let out = weight.product(&values(&input)?, bias.as_deref());
    let (weight, shape) = (weight.clone(), x.shape().clone());
    attach([x], out, dims, move |g, _| {
        let back = weight.back(&values(g)?);
        Ok([Some(Tensor::from_vec(back, &shape, &Device::Cpu)?)])
    })
}

/// Up to this many rows, the beams of an answer among them, a product is limited by reading the
/// weight, once, for which plain inner
/// products are faster than a packed matrix product.
const FEW_ROWS: usize = 8;

/// `x W^T + b` for rows of `width` numbers.
fn product(x: &[f32], weight: &[f32], bias: Option<&[f32]>, width: usize) -> Vec<f32> {
    let (rows, output) = (x.len() / width, weight.len() / width);
    if rows <= FEW_ROWS {
        return few_rows(x, weight, bias, width);
    }
    let mut out = buffer(rows * output);
    let into = match bias {
        Some(bias) => {
            let steps = out.len() / 4;
            parallel::pieces(&mut out, output, steps, |_, row| row.copy_from_slice(bias));
            Into::Add
        }
        None => Into::Set,
    };
    matmul_transposed(&mut out, x, weight, width, into);
    out
}

fn few_rows(x: &[f32], weight: &[f32], bias: Option<&[f32]>, width: usize) -> Vec<f32> {
    /// Output columns per piece of work.
    const COLUMNS: usize = 16;
    let (rows, output) = (x.len() / width, weight.len() / width);
    let mut columns = buffer(rows * output); // (out, rows)
    let steps = weight.len() / 2;
    parallel::pieces(&mut columns, COLUMNS * rows, steps, |i, columns| {
        vectorised(
            #[inline(always)]
            || {
                let first = i * COLUMNS;
                let weight = weight[first * width..].chunks_exact(width);
                for ((j, column), weight) in columns.chunks_exact_mut(rows).enumerate().zip(weight)
                {
                    let bias = bias.map_or(0.0, |bias| bias[first + j]);
                    for (y, x) in column.iter_mut().zip(x.chunks_exact(width)) {
                        *y = dot(x, weight) + bias;
                    }
                }
            },
        );
    });
    if rows == 1 {
        return columns;
    }
    let mut out = buffer(rows * output);
    for (row, out) in out.chunks_exact_mut(output).enumerate() {
        for (y, column) in out.iter_mut().zip(columns.chunks_exact(rows)) {
            *y = column[row];
        }
    }
    out
}

/// Gradients for input, weight and bias.
fn gradients(
    x: &Tensor,
    weight: &Tensor,
    g: &Tensor,
    wanted: [bool; 3],
) -> Result<[Option<Tensor>; 3]> {
    let (output, width) = weight.dims2()?;
    let rows = x.elem_count() / width;
    let g = values(g)?;
    let g_mat = Mat::new(&g, rows, output);
    let to_x = if wanted[0] {
        let mut out = buffer(rows * width);
        let weight = values(weight)?;
        matmul(
            MatMut::new(&mut out, rows, width),
            g_mat,
            Mat::new(&weight, output, width),
            1.0,
            Into::Set,
            Threads::All,
        );
        Some(Tensor::from_vec(out, x.shape(), &Device::Cpu)?)
    } else {
        None
    };
    let to_weight = if wanted[1] {
        let mut out = buffer(output * width);
        let x = values(x)?;
        matmul(
            MatMut::new(&mut out, output, width),
            g_mat.t(),
            Mat::new(&x, rows, width),
            1.0,
            Into::Set,
            Threads::All,
        );
        Some(Tensor::from_vec(out, (output, width), &Device::Cpu)?)
    } else {
        None
    };
    let to_bias = if wanted[2] {
        Some(Tensor::from_vec(
            column_sums(&g, output),
            output,
            &Device::Cpu,
        )?)
    } else {
        None
    };
    Ok([to_x, to_weight, to_bias])
}

/// The sums over all rows of `width` numbers.
pub(super) fn column_sums(rows: &[f32], width: usize) -> Vec<f32> {
    /// Columns per piece of work.
    const COLUMNS: usize = 128;
    let mut sums = vec![0.0; width];
    parallel::pieces(&mut sums, COLUMNS, rows.len(), |i, sums| {
        vectorised(
            #[inline(always)]
            || {
                for row in rows.chunks_exact(width) {
                    for (sum, x) in sums.iter_mut().zip(&row[i * COLUMNS..]) {
                        *sum += x;
                    }
                }
            },
        );
    });
    sums
}
