//! The two ways to the kernels' gradient.

use super::super::{Conv, Geometry, Padding};
use crate::nn::has_paired_halves;
use candle_core::{Device, Result, Tensor};

/// A convolution (input, output channels) of a batch of maps (height, width), and a gradient of its output.
fn case(
    (input, output): (usize, usize),
    (batch, height, width): (usize, usize, usize),
    stride: usize,
) -> Result<(Conv, Vec<f32>, Vec<f32>)> {
    let geometry = Geometry::new((input, height, width), (3, 3), stride, Padding::all(1));
    let geometry = geometry.expect("the kernel fits");
    let noise = |shape: &[usize]| Tensor::randn(0f32, 1.0, shape, &Device::Cpu);
    let conv = Conv {
        geometry,
        batch,
        output,
        input: noise(&[batch, input, height, width])?,
        weight: noise(&[output, input, 3, 3])?,
        shared: 1,
    };
    let x = conv.input.flatten_all()?.to_vec1()?;
    let g = noise(&[batch * output * geometry.pixels()])?.to_vec1()?;
    Ok((conv, x, g))
}

#[test]
fn products_of_pairs_give_the_same_kernels_gradient() -> Result<()> {
    if !has_paired_halves() {
        return Ok(());
    }
    // One part, several parts that end within an image, and an odd width.
    for (channels, maps) in [
        ((16, 16), (2, 8, 8)),
        ((3, 16), (3, 40, 24)),
        ((20, 9), (5, 21, 15)),
    ] {
        let (conv, x, g) = case(channels, maps, 1)?;
        let shape = conv.same_size().expect("it is as large as its input");
        let exact = conv.to_weight(&x, &g);
        let rounded = conv.to_weight_in_pairs(shape, &x, &g);
        let squares = |numbers: &mut dyn Iterator<Item = f32>| numbers.map(|x| x * x).sum::<f32>();
        let error = squares(&mut exact.iter().zip(&rounded).map(|(a, b)| a - b));
        let size = squares(&mut exact.iter().copied());
        assert!(
            error.sqrt() < 5e-3 * size.sqrt() && size > 0.0,
            "{channels:?} {maps:?}: {error} of {size}"
        );
    }
    Ok(())
}

#[test]
fn a_smaller_output_takes_the_unrolled_way() -> Result<()> {
    let (conv, ..) = case((16, 16), (2, 8, 8), 2)?;
    assert!(conv.same_size().is_none());
    Ok(())
}
