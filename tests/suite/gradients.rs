//! Every layer of `nn` against candle's basic operations: the value and every gradient.
//!
//! The reference is written with operations whose gradients candle gets right, or in f64 with finite
//! differences. The kernels choose other paths by size, so each case runs over several shapes.

use candle_core::{D, DType, Device, Result, Tensor, Var};
use lgd_studio::nn::{
    self, Conv2d, Embedding, GroupNorm, Heads, LayerNorm, Linear, Padding, RmsNorm,
};

/// Reproducible numbers in -1..1 that look random.
fn noise(shape: &[usize], seed: u64) -> Result<Tensor> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let values: Vec<f32> = (0..shape.iter().product())
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        })
        .collect();
    Tensor::from_vec(values, shape, &Device::Cpu)
}

fn var(shape: &[usize], seed: u64) -> Result<Var> {
    Var::from_tensor(&noise(shape, seed)?)
}

/// The largest difference, relative to the largest expected number.
fn difference(actual: &Tensor, expected: &Tensor) -> Result<f64> {
    assert_eq!(actual.dims(), expected.dims());
    let (actual, expected) = (actual.to_dtype(DType::F64)?, expected.to_dtype(DType::F64)?);
    let error = (actual - &expected)?.abs()?.flatten_all()?.max(0)?;
    let size = expected.abs()?.flatten_all()?.max(0)?.to_scalar::<f64>()?;
    let error = error.to_scalar::<f64>()? / size.max(1e-3);
    assert!(!error.is_nan(), "not a number");
    Ok(error)
}

/// Compares value and gradients of `ours` and `reference` at `inputs`.
fn same<A, B>(name: &str, inputs: &[&Var], ours: A, reference: B) -> Result<()>
where
    A: Fn(&[&Tensor]) -> Result<Tensor>,
    B: Fn(&[&Tensor]) -> Result<Tensor>,
{
    let tracked: Vec<&Tensor> = inputs.iter().map(|x| x.as_tensor()).collect();
    let (actual, expected) = (ours(&tracked)?, reference(&tracked)?);
    let error = difference(&actual, &expected)?;
    assert!(error < 1e-5, "{name}: value off by {error:e}");
    // The same numbers, but for their rounding, when nothing is on the tape.
    let detached: Vec<Tensor> = tracked.iter().map(|x| x.detach()).collect();
    let detached: Vec<&Tensor> = detached.iter().collect();
    let untracked = ours(&detached)?;
    assert!(!untracked.track_op(), "{name}: a node without a variable");
    let error = difference(&untracked, &actual)?;
    assert!(error < 3e-6, "{name}: off the tape by {error:e}");

    let pull = noise(expected.dims(), 99)?;
    let actual = (actual * &pull)?.sum_all()?.backward()?;
    let expected = (expected * &pull)?.sum_all()?.backward()?;
    for (i, input) in inputs.iter().enumerate() {
        let (Some(actual), Some(expected)) = (actual.get(input), expected.get(input)) else {
            panic!("{name}: input {i} has no gradient")
        };
        let error = difference(actual, expected)?;
        assert!(error < 3e-5, "{name}: gradient {i} off by {error:e}");
    }
    Ok(())
}

#[test]
fn linear_layers_match() -> Result<()> {
    for (seed, (leading, input, output)) in [
        (vec![1], 1, 1),
        (vec![], 5, 3),
        (vec![3], 17, 33),
        (vec![2, 4], 64, 40),
        (vec![2, 3, 5], 31, 7),
        (vec![130], 96, 260),
    ]
    .into_iter()
    .enumerate()
    {
        let shape = [leading.as_slice(), &[input]].concat();
        let name = format!("linear {shape:?} to {output}");
        let x = var(&shape, seed as u64)?;
        let (w, b) = (var(&[output, input], 11)?, var(&[output], 12)?);
        let reference = |v: &[&Tensor]| -> Result<Tensor> {
            let flat = v[0].reshape(((), input))?.matmul(&v[1].t()?)?;
            flat.reshape([leading.as_slice(), &[output]].concat())
        };
        same(
            &name,
            &[&x, &w, &b],
            |v| Linear::new(v[1].clone(), Some(v[2].clone())).forward(v[0]),
            |v| reference(v)?.broadcast_add(v[2]),
        )?;
        same(
            &name,
            &[&x, &w],
            |v| Linear::new(v[1].clone(), None).forward(v[0]),
            reference,
        )?;
    }
    Ok(())
}

#[test]
fn frozen_weights_get_no_gradient() -> Result<()> {
    let x = var(&[6, 8], 1)?;
    let (w, b) = (noise(&[5, 8], 2)?, noise(&[5], 3)?);
    let grads = Linear::new(w.clone(), Some(b.clone()))
        .forward(&x)?
        .sum_all()?
        .backward()?;
    assert!(grads.get(&x).is_some());
    assert!(grads.get(&w).is_none() && grads.get(&b).is_none());

    let image = var(&[1, 2, 4, 4], 4)?;
    let (w, b) = (noise(&[3, 2, 3, 3], 5)?, noise(&[3], 6)?);
    let grads = Conv2d::new(w.clone(), Some(b.clone()), 1, 1)
        .forward(&image)?
        .sum_all()?
        .backward()?;
    assert!(grads.get(&image).is_some());
    assert!(grads.get(&w).is_none() && grads.get(&b).is_none());

    // And the other way round: a trained weight on a frozen input.
    let x = noise(&[6, 8], 7)?;
    let w = var(&[5, 8], 8)?;
    let grads = Linear::new(w.as_tensor().clone(), None)
        .forward(&x)?
        .sum_all()?
        .backward()?;
    assert!(grads.get(&x).is_none() && grads.get(&w).is_some());

    let (w, b) = (noise(&[8], 9)?, noise(&[8], 10)?);
    let x = var(&[6, 8], 11)?;
    let normed = LayerNorm::new(w.clone(), b.clone(), 1e-5).forward(&x)?;
    let (k, v) = (noise(&[1, 4, 8], 12)?, noise(&[1, 4, 8], 13)?);
    let y = Heads::new(2, 0.5).attend(&normed.unsqueeze(0)?, &k, &v, None)?;
    let grads = y.sqr()?.sum_all()?.backward()?;
    assert!(grads.get(&x).is_some());
    for frozen in [&w, &b, &k, &v] {
        assert!(grads.get(frozen).is_none());
    }
    Ok(())
}

#[test]
fn convolutions_match() -> Result<()> {
    let same_padding = Padding::all(1);
    let down = Padding {
        right: 1,
        bottom: 1,
        ..Padding::default()
    };
    for (batch, input, output, (h, w), kernel, stride, padding) in [
        (1, 1, 1, (1, 1), 1, 1, Padding::default()),
        (1, 3, 5, (7, 6), 1, 1, Padding::default()),
        (3, 4, 6, (5, 9), 1, 1, Padding::default()),
        (1, 1, 1, (1, 1), 3, 1, same_padding),
        (2, 3, 4, (5, 7), 3, 1, same_padding),
        (1, 8, 6, (40, 52), 3, 1, same_padding),
        (2, 5, 7, (33, 18), 3, 1, same_padding),
        (1, 16, 24, (48, 48), 3, 1, same_padding),
        (3, 6, 4, (16, 16), 3, 1, same_padding),
        // Small maps share products, some images at a time; the last group is smaller.
        (9, 6, 4, (16, 16), 3, 1, same_padding),
        (6, 32, 48, (16, 16), 3, 1, same_padding),
        (70, 4, 3, (4, 4), 3, 1, same_padding),
        (1, 32, 16, (32, 32), 3, 1, same_padding),
        (2, 35, 18, (33, 61), 3, 1, same_padding),
        (1, 32, 24, (70, 64), 3, 1, same_padding),
        (1, 3, 4, (9, 8), 3, 2, same_padding),
        (2, 4, 3, (8, 8), 3, 2, same_padding),
        (2, 3, 4, (8, 10), 3, 2, down),
        (1, 3, 4, (7, 9), 3, 2, down),
        (2, 3, 8, (28, 42), 14, 14, Padding::default()),
        (1, 2, 3, (17, 16), 4, 4, Padding::default()),
        (1, 2, 2, (6, 6), 5, 1, Padding::all(2)),
        (1, 2, 2, (3, 2), 2, 1, Padding::all(1)),
    ] {
        let name = format!("{kernel}x{kernel}/{stride} {batch}x{input}x{h}x{w} to {output}");
        let x = var(&[batch, input, h, w], 1)?;
        let weight = var(&[output, input, kernel, kernel], 2)?;
        let bias = var(&[output], 3)?;
        // Every output, of which a stride keeps some: candle's gradient of a strided convolution
        // fails on some rectangular images.
        let reference = |v: &[&Tensor]| {
            let y = v[0]
                .pad_with_zeros(2, padding.top, padding.bottom)?
                .pad_with_zeros(3, padding.left, padding.right)?
                .conv2d(v[1], 0, 1, 1, 1)?;
            let kept = |size: usize| -> Result<Tensor> {
                let kept: Vec<u32> = (0..size as u32).step_by(stride).collect();
                Tensor::new(kept, &Device::Cpu)
            };
            let (_, _, rows, columns) = y.dims4()?;
            y.index_select(&kept(rows)?, 2)?
                .index_select(&kept(columns)?, 3)
        };
        same(
            &name,
            &[&x, &weight, &bias],
            |v| {
                Conv2d::new(v[1].clone(), Some(v[2].clone()), stride, 0)
                    .with_padding(padding)
                    .forward(v[0])
            },
            |v| reference(v)?.broadcast_add(&v[2].reshape((1, (), 1, 1))?),
        )?;
        same(
            &name,
            &[&x, &weight],
            |v| {
                Conv2d::new(v[1].clone(), None, stride, 0)
                    .with_padding(padding)
                    .forward(v[0])
            },
            reference,
        )?;
    }
    Ok(())
}

fn normed(x: &Tensor, centred: bool, eps: f64) -> Result<Tensor> {
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

fn plain_attention(v: &[&Tensor], heads: usize, scale: f64) -> Result<Tensor> {
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

/// Value and slope of a pointwise function against f64, the slope by central differences.
fn pointwise(
    name: &str,
    ours: impl Fn(&Tensor) -> Result<Tensor>,
    exact: impl Fn(&Tensor) -> Result<Tensor>,
) -> Result<()> {
    for count in [1, 7, 33, 70_001] {
        let x = Var::from_tensor(&(noise(&[count], 1)? * 8.0)?)?;
        let y = ours(&x)?;
        let wide = x.as_tensor().detach().to_dtype(DType::F64)?;
        let error = difference(&y, &exact(&wide)?)?;
        assert!(error < 4e-7, "{name}: value off by {error:e}");
        let pull = noise(&[count], 2)?;
        let grads = (y * &pull)?.sum_all()?.backward()?;
        let step = 1e-4;
        let slope = ((exact(&(&wide + step)?)? - exact(&(&wide - step)?)?)? / (2.0 * step))?;
        let expected = (slope * pull.to_dtype(DType::F64)?)?;
        let Some(actual) = grads.get(&x) else {
            panic!("{name}: no gradient")
        };
        let error = difference(actual, &expected)?;
        assert!(error < 3e-6, "{name}: slope off by {error:e}");
    }
    Ok(())
}

fn sigmoid64(x: &Tensor) -> Result<Tensor> {
    (x.neg()?.exp()? + 1.0)?.recip()
}

fn gelu64(x: &Tensor) -> Result<Tensor> {
    let phi = (((x / 2f64.sqrt())?.erf()? + 1.0)? * 0.5)?;
    x * phi
}

fn gelu_tanh64(x: &Tensor) -> Result<Tensor> {
    let inner = ((x + (x.powf(3.0)? * 0.044_715)?)? * (2.0 / std::f64::consts::PI).sqrt())?;
    x * ((inner.tanh()? + 1.0)? * 0.5)?
}

#[test]
fn pointwise_activations_match() -> Result<()> {
    pointwise("silu", nn::silu, |x| x * sigmoid64(x)?)?;
    pointwise("gelu_erf", nn::gelu_erf, gelu64)?;
    pointwise("gelu_tanh", nn::gelu_tanh, |x| {
        let cube = (x.sqr()? * x)?;
        let inner = ((x + (cube * 0.044_715)?)? * (2.0 / std::f64::consts::PI).sqrt())?;
        x * ((inner.tanh()? + 1.0)? * 0.5)?
    })?;
    pointwise("quick_gelu", nn::quick_gelu, |x| {
        x * sigmoid64(&(x * 1.702)?)?
    })
}

#[test]
fn extreme_inputs_stay_finite() -> Result<()> {
    let x = Tensor::new(
        &[-1e30f32, -200.0, -89.0, 0.0, 89.0, 200.0, 1e30],
        &Device::Cpu,
    )?;
    for function in [nn::silu, nn::gelu_erf, nn::quick_gelu] {
        let y: Vec<f32> = function(&x)?.to_vec1()?;
        assert!(y.iter().all(|y| y.is_finite()), "{y:?}");
        assert!(y[0].abs() < 1e-7 && y[6] == 1e30, "{y:?}");
    }
    Ok(())
}

#[test]
fn gated_activations_match() -> Result<()> {
    for shape in [vec![1, 2], vec![3, 10], vec![2, 65, 66], vec![70, 1280]] {
        let x = var(&shape, 1)?;
        let reference = |v: &[&Tensor]| {
            let halves = v[0].to_dtype(DType::F64)?.chunk(2, D::Minus1)?;
            (&halves[0] * gelu64(&halves[1])?)?.to_dtype(DType::F32)
        };
        same("geglu", &[&x], |v| nn::geglu(v[0]), reference)?;
        let value = var(&shape, 2)?;
        for exact in [true, false] {
            let gelu = if exact { gelu64 } else { gelu_tanh64 };
            same(
                "gated gelu",
                &[&x, &value],
                |v| nn::gated_gelu(v[0], v[1], exact),
                |v| {
                    let gate = gelu(&v[0].to_dtype(DType::F64)?)?;
                    (gate * v[1].to_dtype(DType::F64)?)?.to_dtype(DType::F32)
                },
            )?;
        }
    }
    Ok(())
}

#[test]
fn upsampling_and_tables_match() -> Result<()> {
    for shape in [[1, 1, 1, 1], [2, 3, 4, 5], [1, 7, 33, 20]] {
        let [b, c, h, w] = shape;
        let x = var(&shape, 1)?;
        same(
            "upsampling",
            &[&x],
            |v| nn::upsample_nearest2x(v[0]),
            |v| {
                v[0].reshape((b, c, h, 1, w, 1))?
                    .broadcast_as((b, c, h, 2, w, 2))?
                    .reshape((b, c, 2 * h, 2 * w))
            },
        )?;
    }
    let table = var(&[5, 3], 2)?;
    let ids = Tensor::new(&[[1u32, 4], [1, 0]], &Device::Cpu)?;
    same(
        "embedding",
        &[&table],
        |v| Embedding::new(v[0].clone()).forward(&ids),
        |v| {
            let rows: Vec<Tensor> = [1, 4, 1, 0]
                .into_iter()
                .map(|i| v[0].narrow(0, i, 1))
                .collect::<Result<_>>()?;
            Tensor::cat(&rows, 0)?.reshape((2, 2, 3))
        },
    )
}

#[test]
fn inputs_may_lie_anywhere() -> Result<()> {
    // A fused projection is narrowed, images arrive transposed, weights broadcast.
    let qkv = var(&[2, 9, 3 * 12], 1)?;
    let cut = |x: &Tensor, i: usize| x.narrow(2, 12 * i, 12);
    same(
        "attention on a fused projection",
        &[&qkv],
        |v| Heads::new(3, 0.5).attend(&cut(v[0], 0)?, &cut(v[0], 1)?, &cut(v[0], 2)?, None),
        |v| {
            let (q, k, x) = (cut(v[0], 0)?, cut(v[0], 1)?, cut(v[0], 2)?);
            plain_attention(&[&q, &k, &x], 3, 0.5)
        },
    )?;
    let tokens = var(&[2, 20, 6], 2)?; // (B, HW, C)
    let image = |x: &Tensor| x.transpose(1, 2)?.reshape((2, 6, 4, 5));
    let (w, b) = (var(&[4, 6, 3, 3], 3)?, var(&[4], 4)?);
    same(
        "convolution of a transposed image",
        &[&tokens, &w, &b],
        |v| {
            let x = v[0].reshape((2, 4, 5, 6))?.permute((0, 3, 1, 2))?;
            Conv2d::new(v[1].clone(), Some(v[2].clone()), 1, 1).forward(&x)
        },
        |v| {
            image(v[0])?
                .contiguous()?
                .conv2d(v[1], 1, 1, 1, 1)?
                .broadcast_add(&v[2].reshape((1, (), 1, 1))?)
        },
    )?;
    let (w, b) = (var(&[6], 5)?, var(&[6], 6)?);
    let x = var(&[6, 10], 7)?;
    same(
        "norm and linear of a transposed matrix",
        &[&x, &w, &b],
        |v| {
            let y = LayerNorm::new(v[1].clone(), v[2].clone(), 1e-5).forward(&v[0].t()?)?;
            nn::silu(&y.t()?)
        },
        |v| {
            let y = normed(&v[0].t()?.contiguous()?, true, 1e-5)?
                .broadcast_mul(v[1])?
                .broadcast_add(v[2])?
                .t()?
                .contiguous()?;
            &y * candle_nn::ops::sigmoid(&y)?
        },
    )
}

#[test]
fn the_same_input_gives_the_same_bits() -> Result<()> {
    let x = noise(&[1, 24, 40, 40], 1)?;
    let conv = Conv2d::new(noise(&[32, 24, 3, 3], 2)?, None, 1, 1);
    let tokens = noise(&[2, 300, 64], 3)?;
    let once = || -> Result<Vec<f32>> {
        let y = conv.forward(&x)?.flatten_all()?.to_vec1::<f32>()?;
        let z = Heads::new(4, 0.25).attend(&tokens, &tokens, &tokens, None)?;
        Ok([y, z.flatten_all()?.to_vec1()?].concat())
    };
    let first = once()?;
    for _ in 0..5 {
        assert_eq!(first, once()?);
    }
    Ok(())
}

#[test]
fn wrong_shapes_are_errors() -> Result<()> {
    let x = noise(&[2, 3, 4, 4], 1)?;
    let conv = Conv2d::new(noise(&[2, 4, 3, 3], 2)?, None, 1, 1);
    assert!(conv.forward(&x).is_err());
    let large = Conv2d::new(noise(&[2, 3, 9, 9], 2)?, None, 1, 0);
    assert!(large.forward(&x).is_err());
    let w = noise(&[3], 3)?;
    assert!(
        GroupNorm::new(w.clone(), w.clone(), 2, 1e-5)
            .forward(&x)
            .is_err()
    );
    assert!(
        LayerNorm::new(w.clone(), w.clone(), 1e-5)
            .forward(&x)
            .is_err()
    );
    assert!(Linear::new(noise(&[2, 3], 4)?, None).forward(&x).is_err());
    let tokens = noise(&[1, 4, 6], 5)?;
    assert!(
        Heads::new(4, 1.0)
            .attend(&tokens, &tokens, &tokens, None)
            .is_err()
    );
    assert!(nn::geglu(&w).is_err());
    Ok(())
}
