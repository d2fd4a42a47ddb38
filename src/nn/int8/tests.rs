use super::super::parallel::buffer;
use super::*;

/// Numbers without a pattern, in -1..1.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// The root of the mean squared distance, relative to that of `expected`.
fn distance(found: &[f32], expected: &[f64]) -> f64 {
    let pairs = found.iter().zip(expected);
    let off: f64 = pairs.map(|(a, b)| (f64::from(*a) - b).powi(2)).sum();
    let size: f64 = expected.iter().map(|x| x * x).sum();
    (off / size).sqrt()
}

#[test]
fn linear_layers_agree_with_plain_sums_within_eight_bits() {
    for (rows, input, output) in [(1, 64, 64), (7, 66, 40), (130, 320, 200), (6, 1281, 64)] {
        let (x, w) = (numbers(rows * input, 1), numbers(output * input, 2));
        let bias = numbers(output, 3);
        let mut expected = Vec::new();
        for x in x.chunks_exact(input) {
            for (w, bias) in w.chunks_exact(input).zip(&bias) {
                let products = x.iter().zip(w).map(|(a, b)| f64::from(*a) * f64::from(*b));
                expected.push(f64::from(*bias) + products.sum::<f64>());
            }
        }
        // Both ways, so that the plain code is tried where nobody needs it as well.
        let layer = CodedLinear::new(&w, input);
        let best = layer.product(&x, Some(&bias));
        let plain = layer.plainly().product(&x, Some(&bias));
        for found in [best, plain] {
            let off = distance(&found, &expected);
            assert!(off < 0.01, "{rows}x{input}->{output}: {off}");
        }
    }
}

/// A convolution by its definition.
fn convolved(x: &[f32], w: &[f32], bias: &[f32], (height, width, size): Sizes) -> Vec<f64> {
    let area = size * size;
    let input = w.len() / bias.len() / area;
    let mut out = Vec::new();
    for image in x.chunks_exact(input * height * width) {
        for (kernel, bias) in w.chunks_exact(input * area).zip(bias) {
            for at in 0..height * width {
                let (y, x) = (at / width, at % width);
                let mut sum = f64::from(*bias);
                for (channel, kernel) in kernel.chunks_exact(area).enumerate() {
                    for (place, w) in kernel.iter().enumerate() {
                        let (y, x) = (y + place / size, x + place % size);
                        let inside =
                            |at: usize, len| at.checked_sub(size / 2).filter(|at| *at < len);
                        if let (Some(y), Some(x)) = (inside(y, height), inside(x, width)) {
                            let pixel = image[(channel * height + y) * width + x];
                            sum += f64::from(*w) * f64::from(pixel);
                        }
                    }
                }
                out.push(sum);
            }
        }
    }
    out
}

/// Height and width of an image, rows of a kernel.
type Sizes = (usize, usize, usize);

#[test]
fn convolutions_agree_with_plain_sums_within_eight_bits() {
    for (input, output, size, height, width) in [
        (32, 32, 3, 8, 8),
        (33, 40, 3, 5, 13),
        (34, 33, 1, 9, 7),
        (32, 32, 3, 1, 1),
    ] {
        let (x, w) = (
            numbers(2 * input * height * width, 1),
            numbers(output * input * size * size, 2),
        );
        let bias = numbers(output, 3);
        let expected = convolved(&x, &w, &bias, (height, width, size));
        let drawn = |conv: &CodedConv| {
            let mut out = buffer(2 * output * height * width);
            conv.forward(&x, (height, width), Some(&bias), &mut out);
            out
        };
        let conv = CodedConv::new(&w, input, size);
        let best = drawn(&conv);
        for found in [best, drawn(&conv.plainly())] {
            let off = distance(&found, &expected);
            assert!(off < 0.015, "{input}->{output} @{height}x{width}: {off}");
        }
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "says what could not be tried here")]
fn the_instructions_and_the_plain_code_agree_to_the_bit() {
    if !has_fast_eight_bits() {
        println!("skipped: this processor has no VNNI, so there is only the plain code");
        return;
    }
    let (rows, input, output) = (17, 130, 100);
    let weight = CodedLinear::new(&numbers(output * input, 5), input);
    let x = numbers(rows * input, 6);
    let bias = numbers(output, 7);
    let found = weight.product(&x, Some(&bias));
    assert_eq!(found, weight.plainly().product(&x, Some(&bias)));
    let conv = CodedConv::new(&numbers(40 * 33 * 9, 8), 33, 3);
    let drawn = |conv: &CodedConv| {
        let mut out = buffer(40 * 5 * 13);
        conv.forward(&numbers(33 * 5 * 13, 9), (5, 13), None, &mut out);
        out
    };
    let found = drawn(&conv);
    assert_eq!(found, drawn(&conv.plainly()));
}

#[test]
fn what_one_row_gets_does_not_depend_on_the_others() {
    let weight = CodedLinear::new(&numbers(64 * 100, 5), 100);
    let x = numbers(50 * 100, 6);
    let all = weight.product(&x, None);
    assert_eq!(weight.product(&x[..100], None), all[..64]);
}

#[test]
fn zeros_and_numbers_that_are_none_stay_so() {
    let weight = CodedLinear::new(&numbers(64 * 64, 5), 64);
    let mut x = vec![0f32; 3 * 64];
    x[64] = f32::NAN;
    x[128] = f32::INFINITY;
    let out = weight.product(&x, None);
    assert!(out[..64].iter().all(|y| *y == 0.0));
    assert!(out[64..].iter().all(|y| y.is_nan()));
}
