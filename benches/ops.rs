//! Single layers at the sizes of Stable Diffusion 1.5, beside stock candle in the same run.
#![allow(clippy::print_stdout, reason = "prints its result")]

mod measure;

use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::Module;
use lgd_studio::nn::{
    self, Conv2d, GroupNorm, Heads, LayerNorm, Linear, geglu, upsample_nearest2x,
};
use measure::{best, difference, line, selected};

fn random(shape: &[usize]) -> Result<Tensor> {
    Tensor::randn(0f32, 1.0, shape, &Device::Cpu)
}

fn check(name: &str, ours: &Tensor, stock: &Tensor, limit: f32) -> Result<()> {
    let error = difference(ours, stock)?;
    assert!(error < limit, "{name} is off by {error:e}");
    Ok(())
}

fn convolutions() -> Result<()> {
    for (batch, input, output, size, kernel, stride) in [
        (1, 8, 320, 64, 3, 1),
        (1, 320, 320, 64, 3, 1),
        (1, 960, 320, 64, 3, 1),
        (1, 640, 640, 64, 3, 1),
        (1, 320, 320, 64, 3, 2),
        (1, 640, 640, 32, 3, 1),
        (1, 1920, 640, 32, 3, 1),
        (1, 1280, 1280, 16, 3, 1),
        (1, 2560, 1280, 8, 3, 1),
        (1, 960, 320, 64, 1, 1),
        (1, 512, 512, 128, 3, 1),
        (1, 128, 128, 512, 3, 1),
        (3, 96, 96, 16, 3, 1),
        (3, 192, 192, 4, 3, 1),
    ] {
        let name = format!("conv {kernel}x{kernel}/{stride} {batch}x{input}->{output} @{size}");
        if !selected(&name) {
            continue;
        }
        let x = random(&[batch, input, size, size])?;
        let depth = input * kernel * kernel;
        let w = (random(&[output, input, kernel, kernel])? / (depth as f64).sqrt())?;
        let b = random(&[output])?;
        let ours = Conv2d::new(w.clone(), Some(b.clone()), stride, kernel / 2);
        let config = candle_nn::Conv2dConfig {
            padding: kernel / 2,
            stride,
            ..Default::default()
        };
        let stock = candle_nn::Conv2d::new(w, Some(b), config);
        check(&name, &ours.forward(&x)?, &stock.forward(&x)?, 2e-5)?;
        let pixels = (size / stride) * (size / stride);
        line(
            &name,
            2.0 * (batch * depth * output * pixels) as f64,
            best(5, || ours.forward(&x))?,
            best(2, || stock.forward(&x))?,
        );
    }
    Ok(())
}

fn linears() -> Result<()> {
    for (rows, input, output) in [
        (4096, 320, 320),
        (4096, 320, 2560),
        (4096, 1280, 320),
        (1024, 640, 5120),
        (256, 5120, 1280),
        (677, 1408, 6144),
        (77, 2048, 5120),
        (5, 2048, 5120),
        (1, 1280, 1280),
        (48, 192, 192),
    ] {
        let name = format!("linear {rows}x{input}->{output}");
        if !selected(&name) {
            continue;
        }
        let x = random(&[1, rows, input])?;
        let w = (random(&[output, input])? / (input as f64).sqrt())?;
        let b = random(&[output])?;
        let ours = Linear::new(w.clone(), Some(b.clone()));
        let stock = candle_nn::Linear::new(w, Some(b));
        check(&name, &ours.forward(&x)?, &stock.forward(&x)?, 1e-5)?;
        line(
            &name,
            2.0 * (rows * input * output) as f64,
            best(8, || ours.forward(&x))?,
            best(4, || stock.forward(&x))?,
        );
    }
    Ok(())
}

fn attentions() -> Result<()> {
    for (batch, queries, keys, heads, d) in [
        (1, 4096, 4096, 8, 40),
        (1, 4096, 154, 8, 40),
        (1, 1024, 1024, 8, 80),
        (1, 256, 256, 8, 160),
        (1, 64, 64, 8, 160),
        (1, 4096, 4096, 1, 512),
        (1, 677, 677, 16, 88),
        (3, 64, 64, 4, 32),
        (3, 16, 64, 4, 48),
    ] {
        let name = format!("attention {batch}x{queries}x{keys}, {heads} of {d}");
        if !selected(&name) {
            continue;
        }
        let width = heads * d;
        let q = random(&[batch, queries, width])?;
        let k = random(&[batch, keys, width])?;
        let v = random(&[batch, keys, width])?;
        let scale = 1.0 / (d as f64).sqrt();
        let stock = || -> Result<Tensor> {
            let split = |x: &Tensor| {
                x.reshape((batch, (), heads, d))?
                    .transpose(1, 2)?
                    .contiguous()
            };
            let scores = split(&q)?.matmul(&(split(&k)?.t()? * scale)?)?;
            let weights = candle_nn::ops::softmax_last_dim(&scores)?;
            let y = weights.matmul(&split(&v)?)?.transpose(1, 2)?;
            y.reshape((batch, queries, width))
        };
        let ours = || Heads::new(heads, scale).attend(&q, &k, &v, None);
        check(&name, &ours()?, &stock()?, 1e-5)?;
        line(
            &name,
            4.0 * (batch * queries * keys * width) as f64,
            best(5, ours)?,
            best(2, stock)?,
        );
    }
    Ok(())
}

fn norms_and_activations() -> Result<()> {
    let x = random(&[1, 320, 64, 64])?;
    let (w, b) = (random(&[320])?, random(&[320])?);
    let ours = GroupNorm::new(w.clone(), b.clone(), 32, 1e-5);
    let stock = candle_nn::GroupNorm::new(w.clone(), b.clone(), 320, 32, 1e-5)?;
    let operations = x.elem_count() as f64 * 8.0;
    if selected("group norm") {
        line(
            "group norm + SiLU 320x64x64",
            operations,
            best(20, || ours.forward_silu(&x))?,
            best(5, || stock.forward(&x)?.silu())?,
        );
    }
    let x = random(&[1, 4096, 320])?;
    let ours = LayerNorm::new(w.clone(), b.clone(), 1e-5);
    let stock = candle_nn::LayerNorm::new(w, b, 1e-5);
    if selected("layer norm") {
        line(
            "layer norm 4096x320",
            operations,
            best(20, || ours.forward(&x))?,
            best(5, || stock.forward(&x))?,
        );
    }
    let x = random(&[1, 4096, 2560])?;
    let operations = x.elem_count() as f64;
    if selected("geglu") {
        line(
            "geglu 4096x2560",
            operations,
            best(20, || geglu(&x))?,
            best(5, || {
                let halves = x.chunk(2, D::Minus1)?;
                &halves[0].contiguous()? * halves[1].contiguous()?.gelu_erf()?
            })?,
        );
        line(
            "silu 4096x2560",
            operations,
            best(20, || nn::silu(&x))?,
            best(5, || x.silu())?,
        );
        line(
            "gelu (tanh) 4096x2560",
            operations,
            best(20, || nn::gelu_tanh(&x))?,
            best(5, || x.gelu())?,
        );
    }
    let x = random(&[1, 640, 32, 32])?;
    if selected("upsample") {
        line(
            "upsample 640x32x32",
            x.elem_count() as f64,
            best(20, || upsample_nearest2x(&x))?,
            best(5, || x.upsample_nearest2d(64, 64))?,
        );
    }
    Ok(())
}

fn main() -> Result<()> {
    lgd_studio::nn::keep_freed_memory();
    println!("{} threads, {:?}", rayon::current_num_threads(), DType::F32);
    convolutions()?;
    linears()?;
    attentions()?;
    norms_and_activations()
}
