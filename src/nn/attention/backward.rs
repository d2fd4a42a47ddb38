//! The gradients of queries, keys and values. Only the inputs are kept: the weights are computed again,
//! some queries at a time, with `dS = P (dP - sum(dP P))` for weights P and scores S.

use super::fused::{Fused, Inputs};
use crate::nn::gemm::{Into, Mat, MatMut, Threads, matmul};
use crate::nn::parallel::{self, buffer};
use crate::nn::scratch::scratch;
use crate::nn::simd::{LANES, dot, exp, max, vectorised};
use crate::nn::vjp::values;
use candle_core::{Device, Result, Tensor};

/// Scores held at once by one thread, about: half of a usual second-level cache.
const SCORES: usize = 128 * 1024;

impl Fused {
    /// From the gradient of the result, (B, Lq, N*d), to those of queries, keys and values.
    pub(super) fn backward(&self, g: &Tensor) -> Result<[Option<Tensor>; 3]> {
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
