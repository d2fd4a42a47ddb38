//! Pointwise and gated activations.

use super::{difference, noise, same, var};
use candle_core::{D, DType, Device, Result, Tensor, Var};
use lgd_studio::nn;

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
