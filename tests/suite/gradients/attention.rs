//! Attention.

use super::{difference, noise, same, var};
use candle_core::{D, Device, Result, Tensor};
use lgd_studio::nn::Heads;

pub(super) fn plain_attention(v: &[&Tensor], heads: usize, scale: f64) -> Result<Tensor> {
    let split = |x: &Tensor| -> Result<Tensor> {
        let (b, l, width) = x.dims3()?;
        x.reshape((b, l, heads, width / heads))?
            .transpose(1, 2)?
            .contiguous()
    };
    let scores = (split(v[0])?.matmul(&split(v[1])?.t()?)? * scale)?;
    let scores = match v.get(3) {
        Some(bias) => scores.broadcast_add(bias)?,
        None => scores,
    };
    let weights = candle_nn::ops::softmax(&scores, D::Minus1)?;
    let y = weights.matmul(&split(v[2])?)?.transpose(1, 2)?;
    y.reshape(v[0].dims())
}

#[test]
fn attention_matches() -> Result<()> {
    for (batch, queries, keys, heads, d) in [
        (1, 1, 1, 1, 1),
        (2, 3, 5, 2, 4),
        (1, 65, 77, 3, 40),
        (3, 16, 16, 4, 24),
        (2, 130, 37, 2, 9),
        (1, 300, 1030, 1, 16),
    ] {
        let name = format!("attention {batch}x{queries}x{keys}, {heads} heads of {d}");
        let scale = 1.7 / (d as f64).sqrt();
        let q = var(&[batch, queries, heads * d], 1)?;
        let (k, v) = (
            var(&[batch, keys, heads * d], 2)?,
            var(&[batch, keys, heads * d], 3)?,
        );
        same(
            &name,
            &[&q, &k, &v],
            |v| Heads::new(heads, scale).attend(v[0], v[1], v[2], None),
            |v| plain_attention(v, heads, scale),
        )?;
        for bias in [
            vec![batch, heads, queries, keys],
            vec![1, heads, queries, keys],
            vec![batch, 1, 1, keys],
            vec![batch, 1, queries, keys],
            vec![1, 1, 1, keys],
            vec![heads, queries, keys],
            vec![1, 1, 1, 1],
        ] {
            let bias = (noise(&bias, 4)? * 3.0)?;
            same(
                &format!("{name}, bias {:?}", bias.shape()),
                &[&q, &k, &v],
                |v| Heads::new(heads, scale).attend(v[0], v[1], v[2], Some(&bias)),
                |v| plain_attention(&[v[0], v[1], v[2], &bias], heads, scale),
            )?;
        }
        // A trained bias has a gradient too.
        let bias = var(&[1, heads, queries, keys], 5)?;
        same(
            &format!("{name}, trained bias"),
            &[&q, &k, &v, &bias],
            |v| Heads::new(heads, scale).attend(v[0], v[1], v[2], Some(v[3])),
            |v| plain_attention(v, heads, scale),
        )?;
    }
    Ok(())
}

#[test]
fn attention_masks_stay_finite() -> Result<()> {
    let (q, k, v) = (
        noise(&[1, 3, 8], 1)?,
        noise(&[1, 5, 8], 2)?,
        noise(&[1, 5, 8], 3)?,
    );
    let masked = Tensor::full(f32::NEG_INFINITY, (1, 1, 3, 5), &Device::Cpu)?;
    let y = Heads::new(2, 1.0).attend(&q, &k, &v, Some(&masked))?;
    assert_eq!(difference(&y, &y.zeros_like()?)?, 0.0);
    // Minus infinity leaves a key out; so does a large negative number.
    let row = |low: f32| Tensor::new(&[[[[0.5f32, low, 0.1, low, low]]]], &Device::Cpu);
    let few = Tensor::new(&[0u32, 2], &Device::Cpu)?;
    let (k2, v2) = (k.index_select(&few, 1)?, v.index_select(&few, 1)?);
    let bias2 = Tensor::new(&[[[[0.5f32, 0.1]]]], &Device::Cpu)?;
    let expected = Heads::new(2, 1.0).attend(&q, &k2, &v2, Some(&bias2))?;
    for low in [f32::NEG_INFINITY, f32::MIN, -1e4] {
        let y = Heads::new(2, 1.0).attend(&q, &k, &v, Some(&row(low)?))?;
        assert!(difference(&y, &expected)? < 1e-6);
    }
    // A broken number shows instead of hiding.
    let broken = (&q * f64::NAN)?;
    let y = Heads::new(2, 1.0).attend(&broken, &k, &v, None)?;
    assert!(y.sum_all()?.to_scalar::<f32>()?.is_nan());
    Ok(())
}
