//! The losses of LGD's training besides the diffusion loss.
//!
//! The answer loss teaches BLIP-2 to write what happened. The contrastive predictive loss pulls the
//! predicted code of a question towards features of frames that show the effect, away from others.

use candle_core::{D, DType, Result, Tensor};
use serde::{Deserialize, Serialize};

/// Label of a position that is not to be predicted.
pub const IGNORED: i64 = -100;

/// Mean cross-entropy of each sample, (B), over its positions that are not [`IGNORED`].
///
/// - `logits`: (B, L, V); `labels`: (B, L)
///
/// A sample in which everything is ignored has the loss 0.
///
/// # Errors
/// On a shape that does not fit or a label outside the vocabulary.
pub fn cross_entropy_per_sample(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    let logits = logits.to_dtype(DType::F32)?;
    let labels = labels.to_dtype(DType::I64)?;
    let counted = labels.ne(IGNORED)?;
    let targets = counted.where_cond(&labels, &labels.zeros_like()?)?; // (B, L)
    let counted = counted.to_dtype(DType::F32)?;
    // log softmax, from the largest logit so that nothing overflows
    let largest = logits.max_keepdim(D::Minus1)?.detach();
    let shifted = logits.broadcast_sub(&largest)?;
    let log_sum = shifted.exp()?.sum(D::Minus1)?.log()?; // (B, L)
    let target = shifted
        .gather(&targets.unsqueeze(D::Minus1)?.contiguous()?, D::Minus1)?
        .squeeze(D::Minus1)?; // (B, L)
    let losses = ((log_sum - target)? * &counted)?.sum(1)?; // (B)
    losses / counted.sum(1)?.maximum(1f64)?
}

/// The answer loss: `sum(w_i c_i) / sum(w_i)` of the samples' cross-entropies `c_i`, or 0 when all
/// weights are 0. A scalar.
///
/// - `logits`: (B, L, V); `labels`: (B, L), -100 where ignored; `weights`: (B)
///
/// # Errors
/// As [`cross_entropy_per_sample`].
pub fn weighted_cross_entropy(
    logits: &Tensor,
    labels: &Tensor,
    weights: &Tensor,
) -> Result<Tensor> {
    let losses = cross_entropy_per_sample(logits, labels)?;
    let weights = weights.to_dtype(DType::F32)?;
    let total = weights.sum_all()?.to_scalar::<f32>()?;
    let weighted = (losses * weights)?.sum_all()?;
    if total == 0.0 {
        weighted * 0.0
    } else {
        weighted / f64::from(total)
    }
}

/// How distances to positives and negatives are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CpcMethod {
    /// `max(mean d+ - mean d-, 0)`
    Mean,
    /// `max(max d+ - min d-, 0)`: even the farthest positive has to be nearer than the nearest
    /// negative. The one LGD trains with.
    Margin,
}

/// Contrastive predictive loss of one code, with cosine distance `d = 1 - cos`. A scalar.
///
/// - `predictive_code`: (1, D); `positives`: (P, D); `negatives`: (N, D), both not empty
///
/// # Errors
/// On a shape that does not fit.
pub fn cpc_loss(
    predictive_code: &Tensor,
    positives: &Tensor,
    negatives: &Tensor,
    method: CpcMethod,
) -> Result<Tensor> {
    let near = cosine_distance(predictive_code, positives)?; // (P)
    let far = cosine_distance(predictive_code, negatives)?; // (N)
    match method {
        CpcMethod::Mean => (near.mean(0)? - far.mean(0)?)?.relu(),
        CpcMethod::Margin => (near.max(0)? - far.min(0)?)?.relu(),
    }
}

/// Contrastive predictive loss of a batch. A scalar.
///
/// - `code`: (B, L, D); a sample's code is the mean over its positions `0..=eos_positions[i]`
/// - `samples`: (B, S, D), the first `num_pos[i]` of each are positives, the rest negatives
///
/// The sum over samples that have positives and a loss above 0, divided by their number; 0 when
/// there are none.
///
/// # Errors
/// On a shape that does not fit.
pub fn cpc_batch(
    code: &Tensor,
    samples: &Tensor,
    num_pos: &[usize],
    eos_positions: &[usize],
    method: CpcMethod,
) -> Result<Tensor> {
    let (batch, length, _) = code.dims3()?;
    let (_, count, _) = samples.dims3()?;
    if num_pos.len() != batch || eos_positions.len() != batch {
        candle_core::bail!("a batch of {batch} codes needs as many counts and end positions");
    }
    let mut losses = Vec::new();
    for (i, (&positives, &eos)) in num_pos.iter().zip(eos_positions).enumerate() {
        if positives == 0 || positives >= count {
            continue; // nothing to compare
        }
        let tokens = (eos + 1).min(length);
        let predictive_code = code.get(i)?.narrow(0, 0, tokens)?.mean_keepdim(0)?; // (1, D)
        let samples = samples.get(i)?;
        let loss = cpc_loss(
            &predictive_code,
            &samples.narrow(0, 0, positives)?,
            &samples.narrow(0, positives, count - positives)?,
            method,
        )?;
        if loss.to_scalar::<f32>()? > 0.0 {
            losses.push(loss);
        }
    }
    if losses.is_empty() {
        return Tensor::zeros((), DType::F32, code.device());
    }
    Tensor::stack(&losses, 0)?.mean(0)
}

/// Position of the end token among queries and text: the last token that is not padding.
///
/// `queries` come first, then `text_tokens` tokens with the end token; `length` positions in all.
pub fn eos_position(queries: usize, text_tokens: usize, length: usize) -> usize {
    (queries + text_tokens)
        .saturating_sub(1)
        .min(length.saturating_sub(1))
}

/// `1 - cos` of one code (1, D) with each of `others` (M, D): (M).
fn cosine_distance(code: &Tensor, others: &Tensor) -> Result<Tensor> {
    /// Smallest product of norms divided by, as in the original.
    const EPS: f64 = 1e-6;
    let dot = code.broadcast_mul(others)?.sum(1)?;
    let norm = |x: &Tensor| x.sqr()?.sum(1)?.sqrt();
    let norms = norm(code)?.broadcast_mul(&norm(others)?)?.maximum(EPS)?;
    1.0 - (dot / norms)?
}
