//! Norms over groups and rows.

use super::{difference, noise, same, var};
use candle_core::{D, DType, Device, Result, Tensor};
use lgd_studio::nn::{GroupNorm, LayerNorm, RmsNorm};

pub(super) fn normed(x: &Tensor, centred: bool, eps: f64) -> Result<Tensor> {
    let x = if centred {
        x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?
    } else {
        x.clone()
    };
    let variance = x.sqr()?.mean_keepdim(D::Minus1)?;
    x.broadcast_div(&(variance + eps)?.sqrt()?)
}

#[test]
fn group_norms_match() -> Result<()> {
    for (shape, groups) in [
        (vec![1, 3, 1, 1], 1),
        (vec![2, 6, 3, 5], 3),
        (vec![3, 32, 4, 4], 32),
        (vec![1, 64, 40, 41], 32),
        (vec![2, 8, 7], 2),
        (vec![1, 4, 70, 70], 1),
    ] {
        let channels = shape[1];
        let x = var(&shape, 1)?;
        let (w, b) = (var(&[channels], 2)?, var(&[channels], 3)?);
        let mut affine = vec![1; shape.len()];
        affine[1] = channels;
        let reference = |v: &[&Tensor]| {
            normed(&v[0].reshape((shape[0], groups, ()))?, true, 1e-5)?
                .reshape(shape.as_slice())?
                .broadcast_mul(&v[1].reshape(affine.as_slice())?)?
                .broadcast_add(&v[2].reshape(affine.as_slice())?)
        };
        let ours = |v: &[&Tensor]| GroupNorm::new(v[1].clone(), v[2].clone(), groups, 1e-5);
        let name = format!("group norm {shape:?} in {groups}");
        same(&name, &[&x, &w, &b], |v| ours(v).forward(v[0]), reference)?;
        same(
            &format!("{name} with SiLU"),
            &[&x, &w, &b],
            |v| ours(v).forward_silu(v[0]),
            |v| {
                let y = reference(v)?;
                &y * candle_nn::ops::sigmoid(&y)?
            },
        )?;
    }
    Ok(())
}

#[test]
fn a_group_norm_far_from_zero_keeps_its_digits() -> Result<()> {
    let x = (noise(&[1, 2, 96, 96], 1)? + 1000.0)?;
    let ones = Tensor::ones(2, DType::F32, &Device::Cpu)?;
    let y = GroupNorm::new(ones.clone(), ones.zeros_like()?, 1, 1e-5).forward(&x)?;
    let exact = normed(&x.to_dtype(DType::F64)?.reshape((1, 1, ()))?, true, 1e-5)?;
    let error = difference(&y.flatten_all()?, &exact.flatten_all()?)?;
    assert!(error < 1e-4, "off by {error:e}"); // one unit of the mean is 6e-5
    Ok(())
}

#[test]
fn row_norms_match() -> Result<()> {
    for shape in [
        vec![1, 3],
        vec![4],
        vec![2, 3, 37],
        vec![5, 320],
        vec![300, 64],
        vec![2, 4099],
    ] {
        let width = shape[shape.len() - 1];
        let x = var(&shape, 1)?;
        let (w, b) = (var(&[width], 2)?, var(&[width], 3)?);
        same(
            &format!("layer norm {shape:?}"),
            &[&x, &w, &b],
            |v| LayerNorm::new(v[1].clone(), v[2].clone(), 1e-5).forward(v[0]),
            |v| {
                normed(v[0], true, 1e-5)?
                    .broadcast_mul(v[1])?
                    .broadcast_add(v[2])
            },
        )?;
        same(
            &format!("RMS norm {shape:?}"),
            &[&x, &w],
            |v| RmsNorm::new(v[1].clone(), 1e-6).forward(v[0]),
            |v| normed(v[0], false, 1e-6)?.broadcast_mul(v[1]),
        )?;
    }
    Ok(())
}
