//! Softmax attention over heads that stay side by side in the last dimension.
//!
//! Heads are read and written in place with strides; the forward is in `flash`. Backward keeps only
//! the inputs and computes the weights again, some queries at a time, with
//! `dS = P (dP - sum(dP P))` for weights P and scores S.

use super::flash::Head;
use super::gemm::{Into, Mat, MatMut, Threads, matmul};
use super::parallel::{self, buffer};
use super::scratch::scratch;
use super::simd::{LANES, dot, exp, max, vectorised};
use super::vjp::{Values, attach, on_cpu, plain, values};
use candle_core::{D, DType, Device, Result, Tensor, bail};

/// Multi-head softmax attention, `softmax(scale * q k^T + bias) v` per head.
///
/// - `q`: (B, Lq, N*d); `k`: (B, Lk, N*d); `v`: (B, Lk, N*d)
/// - `bias`: added to the scores, broadcastable to (B, N, Lq, Lk); carries masks (large negative
///   values) and relative positions
///
/// Returns (B, Lq, N*d).
///
/// # Errors
/// On shapes that do not fit.
pub fn attention(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    heads: usize,
    scale: f64,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    attend(q, k, v, heads, scale, bias, false)
}

/// [`attention`] with products of bf16, summed in f32, where the processor has them: for drawing only,
/// no gradient passes through it.
///
/// # Errors
/// As there.
pub fn attention_in_half(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    heads: usize,
    scale: f64,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    let detached = [q.detach(), k.detach(), v.detach()];
    let [q, k, v] = &detached;
    attend(q, k, v, heads, scale, bias, true)
}

fn attend(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    heads: usize,
    scale: f64,
    bias: Option<&Tensor>,
    half: bool,
) -> Result<Tensor> {
    let (batch, queries, width) = q.dims3()?;
    let (_, keys, _) = k.dims3()?;
    if heads == 0 || width % heads != 0 {
        bail!("{width} channels do not divide into {heads} heads")
    }
    if k.dims() != [batch, keys, width] || v.dims() != k.dims() {
        let (q, k, v) = (q.shape(), k.shape(), v.shape());
        bail!("queries {q:?}, keys {k:?} and values {v:?} do not fit")
    }
    let bias = bias
        .map(|bias| bias.broadcast_as((batch, heads, queries, keys)))
        .transpose()?;
    if !on_cpu(&[q, k, v, bias.as_ref().unwrap_or(q)])
        || bias.as_ref().is_some_and(Tensor::track_op)
    {
        return by_operations(q, k, v, heads, scale, bias.as_ref());
    }
    let work = Attention {
        q: in_rows(q)?,
        k: in_rows(k)?,
        v: in_rows(v)?,
        bias: bias.as_ref().map(in_rows).transpose()?,
        batch,
        heads,
        queries,
        keys,
        width,
        scale: scale as f32,
        half,
    };
    let out = work.forward()?;
    attach([q, k, v], out, (batch, queries, width), move |g, _| {
        work.backward(g)
    })
}

/// The weights that [`attention`] mixes the values with, mean over the heads, (B, Lq, Lk), f32.
///
/// For looking at them: the fused forward never has them as a whole. Arguments as there.
///
/// # Errors
/// On shapes that do not fit.
pub fn attention_weights(
    q: &Tensor,
    k: &Tensor,
    heads: usize,
    scale: f64,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    weights_per_head(q, k, heads, scale, bias)?.mean(1)
}

/// Softmax of the scores, (B, N, Lq, Lk), f32.
fn weights_per_head(
    q: &Tensor,
    k: &Tensor,
    heads: usize,
    scale: f64,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    let (q, k) = (split_heads(q, heads)?, split_heads(k, heads)?);
    let scores = (q.matmul(&k.t()?)? * scale)?.to_dtype(DType::F32)?; // (B, N, Lq, Lk)
    let scores = match bias {
        Some(bias) => scores.broadcast_add(&bias.to_dtype(DType::F32)?)?,
        None => scores,
    };
    candle_nn::ops::softmax(&scores, D::Minus1)
}

/// (B, L, N*d) to (B, N, L, d).
fn split_heads(x: &Tensor, heads: usize) -> Result<Tensor> {
    let (b, l, width) = x.dims3()?;
    x.reshape((b, l, heads, width / heads))?
        .transpose(1, 2)?
        .contiguous()
}

/// Bytes of scores that a GPU holds at once, about.
const SCORE_BYTES: usize = 256 << 20;

/// The same as [`attention`] with candle's operations: for the GPUs, and when the bias is trained.
/// Some queries at a time where all scores together would take too much memory.
fn by_operations(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    heads: usize,
    scale: f64,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    let (batch, queries, _) = q.dims3()?;
    let per_query = batch * heads * k.dim(1)? * DType::F32.size_in_bytes();
    let most = (SCORE_BYTES / per_query.max(1)).max(1);
    if queries <= most {
        return all_queries(q, k, v, heads, scale, bias);
    }
    in_chunks(most, q, bias, |q, bias| {
        all_queries(q, k, v, heads, scale, bias)
    })
}

/// Attends with at most `most` queries at a time, side by side in the result.
fn in_chunks(
    most: usize,
    q: &Tensor,
    bias: Option<&Tensor>,
    attend: impl Fn(&Tensor, Option<&Tensor>) -> Result<Tensor>,
) -> Result<Tensor> {
    let queries = q.dim(1)?;
    let chunks = (0..queries).step_by(most).map(|first| {
        let count = most.min(queries - first);
        let bias = bias.map(|bias| bias.narrow(2, first, count)).transpose()?;
        attend(&q.narrow(1, first, count)?, bias.as_ref())
    });
    Tensor::cat(&chunks.collect::<Result<Vec<_>>>()?, 1)
}

/// Softmax over the scores of all queries at once.
fn all_queries(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    heads: usize,
    scale: f64,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    weights_per_head(q, k, heads, scale, bias)?
        .to_dtype(v.dtype())?
        .matmul(&split_heads(v, heads)?)?
        .transpose(1, 2)?
        .reshape(q.shape()) // (B, Lq, N*d)
}

/// Off the tape, with neighbours in the last dimension side by side.
fn in_rows(x: &Tensor) -> Result<Tensor> {
    let in_rows = x.stride().last() == Some(&1) || x.dims().last() == Some(&1);
    if in_rows { Ok(x.detach()) } else { plain(x) }
}

/// One attention at work.
struct Attention {
    q: Tensor,
    k: Tensor,
    v: Tensor,
    /// (B, N, Lq, Lk), broadcast by strides.
    bias: Option<Tensor>,
    batch: usize,
    heads: usize,
    queries: usize,
    keys: usize,
    width: usize,
    scale: f32,
    /// Whether products may have half the bits.
    half: bool,
}

/// Scores held at once by one thread, about: half of a usual second-level cache.
const SCORES: usize = 128 * 1024;

impl Attention {
    fn forward(&self) -> Result<Vec<f32>> {
        let inputs = self.inputs()?;
        let (width, d) = (self.width, self.head_width());
        let head_layout = Head::new(self.keys, d);
        let head_layout = match self.half {
            true => head_layout.with_half(),
            false => head_layout,
        };
        let block = self.queries_per_task(head_layout);
        let mut out = buffer(self.batch * self.queries * width);
        let mut tasks = Vec::with_capacity(self.batch * self.queries.div_ceil(block));
        for (image, out) in out.chunks_mut(self.queries * width).enumerate() {
            for (i, out) in out.chunks_mut(block * width).enumerate() {
                tasks.push((image, i * block, out));
            }
        }
        let packed_len = head_layout.packed_len();
        scratch(self.batch * self.heads * packed_len, |packed| {
            let steps = packed.len();
            parallel::pieces(packed, packed_len, steps, |i, out| {
                let (image, head) = (i / self.heads, i % self.heads);
                let key = |row| inputs.k.row(image, head, row);
                let value = |row| inputs.v.row(image, head, row);
                head_layout.pack(key, value, out);
            });
            let packed = &*packed;
            parallel::each(tasks, self.steps(), |(image, first, out)| {
                let rows = out.len() / width;
                let padded = head_layout.padded_queries(rows);
                let mixed_len = head_layout.mixed_len(padded);
                let queries_len = head_layout.queries_len(padded);
                scratch(queries_len + padded + mixed_len, |work| {
                    let (queries, work) = work.split_at_mut(queries_len);
                    let (mixed, sums) = work.split_at_mut(mixed_len);
                    for head in 0..self.heads {
                        let query = |row| inputs.q.row(image, head, first + row);
                        head_layout.pack_queries(rows, query, self.scale, queries);
                        let bias_row = |row: usize| {
                            let bias = inputs.bias.as_ref()?;
                            (row < rows).then(|| bias.row(image, head, first + row))
                        };
                        let start = (image * self.heads + head) * packed_len;
                        let packed = &packed[start..start + packed_len];
                        head_layout.attend(packed, queries, &bias_row, mixed, sums);
                        head_layout.finish(mixed, sums, &mut out[head * d..], width);
                    }
                });
            });
        });
        Ok(out)
    }

    /// Queries of one task: enough to make good use of a head's keys, and a few tasks for every
    /// thread.
    fn queries_per_task(&self, head: Head) -> usize {
        const MOST: usize = 128;
        let share = (self.batch * self.queries).div_ceil(4 * rayon::current_num_threads());
        head.padded_queries(MOST.min(share)).min(self.queries)
    }

    /// Weights of some queries before the division by their sum, and the inverse sums. `keys` is
    /// (d, Lk or more); rows of `scores` are as long as padded keys.
    fn weights(
        &self,
        inputs: &Inputs,
        (image, head, first): (usize, usize, usize),
        keys: Mat,
        scores: &mut [f32],
        inverse: &mut [f32],
    ) {
        let (stride, rows) = (padded(self.keys), inverse.len());
        matmul(
            MatMut::strided(scores, rows, keys.cols(), stride),
            inputs.q.head(image, head, first..first + rows),
            keys,
            self.scale,
            Into::Set,
            Threads::One,
        );
        for (row, (scores, inverse)) in scores.chunks_exact_mut(stride).zip(inverse).enumerate() {
            let bias = inputs
                .bias
                .as_ref()
                .map(|bias| bias.row(image, head, first + row));
            *inverse = vectorised(
                #[inline(always)]
                || softmax(&mut scores[..self.keys], bias),
            );
        }
    }

    fn backward(&self, g: &Tensor) -> Result<[Option<Tensor>; 3]> {
        let inputs = self.inputs()?;
        let g = values(g)?;
        let (queries, keys, d) = (self.queries, self.keys, self.head_width());
        // Every head on its own, compact; put side by side afterwards.
        let parts = parallel::collect(self.batch * self.heads, self.steps() * 3, |i| {
            self.head_gradients(&inputs, &g, (i / self.heads, i % self.heads))
        });
        let join = |length: usize, start: usize| {
            let mut out = buffer(self.batch * length * self.width);
            parallel::pieces(
                &mut out,
                self.width,
                self.batch * length * self.width,
                |row, out| {
                    let (image, row) = (row / length, row % length);
                    for (head, out) in out.chunks_exact_mut(d).enumerate() {
                        let from: &Vec<f32> = &parts[image * self.heads + head];
                        out.copy_from_slice(&from[start + row * d..start + (row + 1) * d]);
                    }
                },
            );
            Tensor::from_vec(out, (self.batch, length, self.width), &Device::Cpu)
        };
        Ok([
            Some(join(queries, 0)?),
            Some(join(keys, queries * d)?),
            Some(join(keys, (queries + keys) * d)?),
        ])
    }

    /// Gradients of one head for queries, keys and values, one after another.
    fn head_gradients(
        &self,
        inputs: &Inputs,
        g: &[f32],
        (image, head): (usize, usize),
    ) -> Vec<f32> {
        let (queries, keys, d) = (self.queries, self.keys, self.head_width());
        let (block, stride) = (self.block(), padded(keys));
        let mut out = vec![0f32; (queries + 2 * keys) * d];
        let (to_q, rest) = out.split_at_mut(queries * d);
        let (to_k, to_v) = rest.split_at_mut(keys * d);
        let k = inputs.k.head(image, head, 0..keys);
        let v = inputs.v.head(image, head, 0..keys);
        for (i, to_q) in to_q.chunks_mut(block * d).enumerate() {
            let (first, rows) = (i * block, to_q.len() / d);
            let start = (image * queries + first) * self.width + head * d;
            let g = Mat::strided(&g[start..], rows, d, self.width);
            scratch(rows * (2 * stride + 1), |work| {
                let (weights, rest) = work.split_at_mut(rows * stride);
                let (slopes, inverse) = rest.split_at_mut(rows * stride);
                self.weights(inputs, (image, head, first), k.t(), weights, inverse);
                for (weights, inverse) in weights.chunks_exact_mut(stride).zip(&*inverse) {
                    weights.iter_mut().for_each(|weight| *weight *= inverse);
                }
                let p = Mat::strided(weights, rows, keys, stride);
                let to_v = MatMut::new(to_v, keys, d);
                matmul(to_v, p.t(), g, 1.0, Into::Add, Threads::One);
                let out = MatMut::strided(slopes, rows, keys, stride);
                matmul(out, g, v.t(), 1.0, Into::Set, Threads::One);
                let pairs = slopes.chunks_exact_mut(stride);
                for (slopes, weights) in pairs.zip(weights.chunks_exact(stride)) {
                    let (slopes, weights) = (&mut slopes[..keys], &weights[..keys]);
                    vectorised(
                        #[inline(always)]
                        || {
                            let along = dot(slopes, weights);
                            for (slope, weight) in slopes.iter_mut().zip(weights) {
                                *slope = weight * (*slope - along);
                            }
                        },
                    );
                }
                let ds = Mat::strided(slopes, rows, keys, stride);
                let q = inputs.q.head(image, head, first..first + rows);
                let to_q = MatMut::new(to_q, rows, d);
                matmul(to_q, ds, k, self.scale, Into::Set, Threads::One);
                let to_k = MatMut::new(to_k, keys, d);
                matmul(to_k, ds.t(), q, self.scale, Into::Add, Threads::One);
            });
        }
        out
    }

    fn inputs(&self) -> Result<Inputs<'_>> {
        let heads = |x| Heads::new(x, self.head_width());
        Ok(Inputs {
            q: heads(&self.q)?,
            k: heads(&self.k)?,
            v: heads(&self.v)?,
            bias: self.bias.as_ref().map(Bias::new).transpose()?,
        })
    }

    fn head_width(&self) -> usize {
        self.width / self.heads
    }

    /// Elementary steps of the whole, about.
    fn steps(&self) -> usize {
        self.batch * self.heads * self.queries * self.keys * (4 + self.head_width() / 16)
    }

    /// Queries whose gradients are worked out together: scores that fit the cache, and a few tasks
    /// for every thread.
    fn block(&self) -> usize {
        let fitting = (SCORES / self.keys)
            .max(self.head_width() / 4)
            .clamp(16, 128);
        let share = (self.batch * self.queries).div_ceil(4 * rayon::current_num_threads());
        fitting.min(share.next_multiple_of(8)).min(self.queries)
    }
}

/// Numbers in the longest vectors.
const STEP: usize = 16;

/// A length in whole vectors.
fn padded(length: usize) -> usize {
    length.next_multiple_of(STEP)
}

/// The numbers of all inputs while they are read.
struct Inputs<'a> {
    q: Heads<'a>,
    k: Heads<'a>,
    v: Heads<'a>,
    bias: Option<Bias<'a>>,
}

/// (B, L, N*d) read head by head.
struct Heads<'a> {
    values: Values<'a>,
    strides: (usize, usize),
    head_width: usize,
}

impl<'a> Heads<'a> {
    fn new(x: &'a Tensor, head_width: usize) -> Result<Self> {
        let &[image, row, _] = x.stride() else {
            bail!("attention needs three dimensions, got {:?}", x.shape())
        };
        Ok(Self {
            values: Values::strided(x)?,
            strides: (image, row),
            head_width,
        })
    }

    /// One row of one head, (d).
    fn row(&self, image: usize, head: usize, row: usize) -> &[f32] {
        let start = image * self.strides.0 + row * self.strides.1 + head * self.head_width;
        &self.values[start..start + self.head_width]
    }

    /// (rows, d)
    fn head(&self, image: usize, head: usize, rows: std::ops::Range<usize>) -> Mat<'_> {
        let start = image * self.strides.0 + rows.start * self.strides.1 + head * self.head_width;
        Mat::strided(
            &self.values[start..],
            rows.len(),
            self.head_width,
            self.strides.1,
        )
    }
}

/// (B, N, Lq, Lk) read row by row.
struct Bias<'a> {
    values: Values<'a>,
    strides: (usize, usize, usize),
    keys: usize,
}

impl<'a> Bias<'a> {
    fn new(x: &'a Tensor) -> Result<Self> {
        let (&[image, head, row, _], &[.., keys]) = (x.stride(), x.dims()) else {
            bail!(
                "an attention bias needs four dimensions, got {:?}",
                x.shape()
            )
        };
        Ok(Self {
            values: Values::strided(x)?,
            strides: (image, head, row),
            keys,
        })
    }

    fn row(&self, image: usize, head: usize, row: usize) -> &[f32] {
        let start = image * self.strides.0 + head * self.strides.1 + row * self.strides.2;
        &self.values[start..start + self.keys]
    }
}

/// Replaces scores by `exp(score - largest)` and returns the inverse of their sum. A row whose scores
/// are all negative infinity becomes zeros instead of NaN.
#[inline(always)]
fn softmax(scores: &mut [f32], bias: Option<&[f32]>) -> f32 {
    if let Some(bias) = bias {
        for (score, bias) in scores.iter_mut().zip(bias) {
            *score += bias;
        }
    }
    let largest = max(scores);
    let largest = if largest == f32::NEG_INFINITY {
        0.0
    } else {
        largest
    };
    let mut sums = [0f32; LANES];
    let (chunks, rest) = scores.as_chunks_mut::<LANES>();
    for chunk in chunks {
        for (sum, score) in sums.iter_mut().zip(chunk) {
            *score = exp(*score - largest);
            *sum += *score;
        }
    }
    for (sum, score) in sums.iter_mut().zip(rest) {
        *score = exp(*score - largest);
        *sum += *score;
    }
    let sum: f32 = sums.iter().sum();
    if sum == 0.0 { 0.0 } else { 1.0 / sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_queries_at_a_time_attend_like_all_at_once() -> Result<()> {
        let tensor = |shape: &[usize]| {
            let count: usize = shape.iter().product();
            let values: Vec<f32> = (0..count).map(|i| (i as f32 * 0.7).sin()).collect();
            Tensor::from_vec(values, shape, &Device::Cpu)
        };
        let (q, k, v) = (
            tensor(&[2, 7, 8])?,
            tensor(&[2, 5, 8])?,
            tensor(&[2, 5, 8])?,
        );
        let bias = tensor(&[2, 2, 7, 5])?;
        for bias in [None, Some(&bias)] {
            let whole = all_queries(&q, &k, &v, 2, 0.5, bias)?;
            let chunks = in_chunks(3, &q, bias, |q, bias| all_queries(q, &k, &v, 2, 0.5, bias))?;
            let fused = attention(&q, &k, &v, 2, 0.5, bias)?;
            for other in [chunks, fused] {
                let off = (&whole - other)?.abs()?.flatten_all()?.max(0)?;
                assert!(off.to_scalar::<f32>()? < 1e-5);
            }
        }
        Ok(())
    }
}
