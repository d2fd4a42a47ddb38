//! Attention with candle's operations: for the GPUs, and when the bias is trained.

use super::Heads;
use candle_core::{D, DType, Result, Tensor};

/// Softmax of the scores, (B, N, Lq, Lk), f32.
pub(super) fn weights_per_head(
    heads: Heads,
    q: &Tensor,
    k: &Tensor,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    let (q, k) = (split_heads(q, heads.count)?, split_heads(k, heads.count)?);
    let scores = (q.matmul(&k.t()?)? * heads.scale)?.to_dtype(DType::F32)?; // (B, N, Lq, Lk)
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

/// The same as [`Heads::attend`], some queries at a time where all scores together would take too much
/// memory.
pub(super) fn by_operations(
    heads: Heads,
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    let (batch, queries, _) = q.dims3()?;
    let per_query = batch * heads.count * k.dim(1)? * DType::F32.size_in_bytes();
    let most = (SCORE_BYTES / per_query.max(1)).max(1);
    if queries <= most {
        return all_queries(heads, q, k, v, bias);
    }
    in_chunks(most, q, bias, |q, bias| all_queries(heads, q, k, v, bias))
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
    heads: Heads,
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    weights_per_head(heads, q, k, bias)?
        .to_dtype(v.dtype())?
        .matmul(&split_heads(v, heads.count)?)?
        .transpose(1, 2)?
        .reshape(q.shape()) // (B, Lq, N*d)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn some_queries_at_a_time_attend_like_all_at_once() -> Result<()> {
        let heads = Heads::new(2, 0.5);
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
            let whole = all_queries(heads, &q, &k, &v, bias)?;
            let chunks = in_chunks(3, &q, bias, |q, bias| all_queries(heads, q, &k, &v, bias))?;
            let fused = heads.attend(&q, &k, &v, bias)?;
            for other in [chunks, fused] {
                let off = (&whole - other)?.abs()?.flatten_all()?.max(0)?;
                assert!(off.to_scalar::<f32>()? < 1e-5);
            }
        }
        Ok(())
    }
}
