//! Linear layers and convolutions.

use super::{noise, same, var};
use candle_core::{Device, Result, Tensor};
use lgd_studio::nn::{Conv2d, Heads, LayerNorm, Linear, Padding};

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
