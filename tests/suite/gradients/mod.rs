//! Every layer of `nn` against candle's basic operations: the value and every gradient.
//!
//! The reference is written with operations whose gradients candle gets right, or in f64 with finite
//! differences. The kernels choose other paths by size, so each case runs over several shapes.

mod activations;
mod attention;
mod linear;
mod norms;

use attention::plain_attention;
use candle_core::{DType, Device, Result, Tensor, Var};
use lgd_studio::nn::{self, Conv2d, Embedding, GroupNorm, Heads, LayerNorm, Linear};
use norms::normed;

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
