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
fn distance(found: &[f32], expected: &[f32]) -> f64 {
    let square = |x: f32| f64::from(x) * f64::from(x);
    let off: f64 = found.iter().zip(expected).map(|(a, b)| square(a - b)).sum();
    let size: f64 = expected.iter().map(|x| square(*x)).sum();
    (off / size).sqrt()
}

#[test]
fn linear_layers_agree_with_plain_sums_within_eight_bits() {
    for (rows, input, output) in [(1, 64, 64), (7, 66, 40), (130, 320, 200), (6, 1281, 64)] {
        let (x, w) = (numbers(rows * input, 1), numbers(output * input, 2));
        let bias = numbers(output, 3);
        let found = CodedLinear::new(&w, input).product(&x, Some(&bias));
        let mut expected = Vec::new();
        for x in x.chunks_exact(input) {
            let rows = w.chunks_exact(input).zip(&bias);
            expected.extend(
                rows.map(|(w, bias)| bias + x.iter().zip(w).map(|(a, b)| a * b).sum::<f32>()),
            );
        }
        let off = distance(&found, &expected);
        assert!(off < 0.01, "{rows}x{input}->{output}: {off}");
    }
}

#[test]
fn convolutions_agree_with_plain_sums_within_eight_bits() {
    for (input, output, size, height, width) in [
        (32, 32, 3, 8, 8),
        (33, 40, 3, 5, 13),
        (34, 33, 1, 9, 7),
        (32, 32, 3, 1, 1),
    ] {
        let area = size * size;
        let (x, w) = (
            numbers(2 * input * height * width, 1),
            numbers(output * input * area, 2),
        );
        let bias = numbers(output, 3);
        let conv = CodedConv::new(&w, input, size);
        let mut found = buffer(2 * output * height * width);
        conv.forward(&x, (height, width), Some(&bias), &mut found);
        let mut expected = Vec::new();
        for image in x.chunks_exact(input * height * width) {
            for (kernel, bias) in w.chunks_exact(input * area).zip(&bias) {
                for at in 0..height * width {
                    let (y, x) = (at / width, at % width);
                    let mut sum = *bias;
                    for (channel, kernel) in kernel.chunks_exact(area).enumerate() {
                        for (place, w) in kernel.iter().enumerate() {
                            let (y, x) = (y + place / size, x + place % size);
                            let inside =
                                |at: usize, len| at.checked_sub(size / 2).filter(|at| *at < len);
                            if let (Some(y), Some(x)) = (inside(y, height), inside(x, width)) {
                                sum += w * image[(channel * height + y) * width + x];
                            }
                        }
                    }
                    expected.push(sum);
                }
            }
        }
        let off = distance(&found, &expected);
        assert!(off < 0.015, "{input}->{output} @{height}x{width}: {off}");
    }
}

#[test]
fn the_instructions_and_the_plain_code_agree_to_the_bit() {
    let (rows, input, output) = (17, 130, 100);
    let weight = CodedLinear::new(&numbers(output * input, 5), input);
    let x = numbers(rows * input, 6);
    let bias = numbers(output, 7);
    let found = weight.product(&x, Some(&bias));
    let mut expected = buffer(rows * output);
    weight.plainly(&x, &bias, &mut expected);
    assert_eq!(found, expected);
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
