//! A batch gives every sample the bits it would get alone: columns of a run may share a call of the
//! network without changing each other.

use crate::golden::TestResult;
use candle_core::{Device, Tensor};
use lgd_studio::nn::{Conv2d, GroupNorm, Heads, LayerNorm, Linear, geglu};

/// Numbers without a pattern that repeats within a batch.
fn waves(shape: &[usize]) -> TestResult<Tensor> {
    let count: usize = shape.iter().product();
    let values: Vec<f32> = (0..count)
        .map(|i| ((i * i % 9973) as f32 * 0.37).sin())
        .collect();
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
}

/// Compares a batch of four times three samples with its quarters.
fn check(
    name: &str,
    x: &Tensor,
    layer: impl Fn(&Tensor, usize) -> candle_core::Result<Tensor>,
) -> TestResult<bool> {
    let together = layer(x, 0)?;
    let mut same = true;
    for part in 0..4 {
        let alone = layer(&x.narrow(0, 3 * part, 3)?, 3 * part)?;
        let there = together.narrow(0, 3 * part, 3)?;
        let bits = |t: &Tensor| t.flatten_all()?.to_vec1::<f32>();
        same &= bits(&alone)? == bits(&there)?;
    }
    if !same {
        println!("{name} depends on the batch");
    }
    Ok(same)
}

#[test]
fn a_batch_gives_the_bits_of_its_parts() -> TestResult {
    let mut same = true;
    for (channels, output, side, kernel, stride) in [
        (8, 96, 16, 3, 1),
        (96, 96, 16, 3, 1),
        (96, 96, 16, 3, 2),
        (192, 96, 16, 1, 1),
        (96, 192, 8, 3, 1),
        (384, 192, 8, 3, 1),
        (192, 192, 8, 3, 2),
        (192, 192, 4, 3, 1),
        (384, 192, 4, 1, 1),
        (96, 4, 16, 3, 1),
    ] {
        let x = waves(&[12, channels, side, side])?;
        let weight = (waves(&[output, channels, kernel, kernel])? * 0.1)?;
        let conv = Conv2d::new(weight, Some(waves(&[output])?), stride, kernel / 2);
        let name = format!("conv {kernel}x{kernel}/{stride} {channels}->{output} @{side}");
        same &= check(&name, &x, |x, _| conv.forward(x))?;
    }
    for (rows, input, output) in [
        (256, 96, 96),
        (256, 96, 768),
        (256, 384, 96),
        (64, 192, 192),
        (64, 192, 1536),
        (64, 768, 192),
        (16, 192, 192),
        (16, 192, 1536),
        (64, 192, 96),
        (24, 192, 96),
        (64, 192, 192),
    ] {
        let x = waves(&[12, rows, input])?;
        let linear = Linear::new((waves(&[output, input])? * 0.1)?, Some(waves(&[output])?));
        same &= check(&format!("linear {rows}x{input}->{output}"), &x, |x, _| {
            linear.forward(x)
        })?;
    }
    for (queries, keys, heads, width) in [
        (256, 256, 4, 96),
        (256, 64, 4, 96),
        (64, 48, 4, 192),
        (16, 16, 4, 192),
    ] {
        let x = waves(&[12, queries, width])?;
        let k = waves(&[12, keys, width])?;
        let v = (waves(&[12, keys, width])? * 2.0)?;
        same &= check(&format!("attention {queries}x{keys}"), &x, |x, first| {
            let count = x.dim(0)?;
            let (k, v) = (k.narrow(0, first, count)?, v.narrow(0, first, count)?);
            Heads::new(heads, 0.2).attend(x, &k, &v, None)
        })?;
    }
    let x = waves(&[12, 96, 16, 16])?;
    let norm = GroupNorm::new(waves(&[96])?, waves(&[96])?, 32, 1e-5);
    same &= check("group norm", &x, |x, _| norm.forward_silu(x))?;
    let x = waves(&[12, 256, 96])?;
    let norm = LayerNorm::new(waves(&[96])?, waves(&[96])?, 1e-5);
    same &= check("layer norm", &x, |x, _| norm.forward(x))?;
    same &= check("geglu", &x, |x, _| geglu(x))?;
    assert!(same, "the lines above say what depends on the batch");
    Ok(())
}
