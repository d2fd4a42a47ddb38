//! Gradients against sums in f64 of rounded operands.

use super::{Shape, add};
use half::bf16;
use std::ops::Range;

/// Numbers without order, so that sums stay small beside their terms.
fn numbers(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let number = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..len).map(number).collect()
}

/// What is to be added for some rows.
fn expected(shape: Shape, x: &[f32], g: &[f32], rows: Range<usize>) -> Vec<f64> {
    let Shape {
        input,
        output,
        height,
        width,
    } = shape;
    let rounded = |x: f32| f64::from(bf16::from_f32(x));
    let mut sum = vec![0.0; output * input * 9];
    for (i, sum) in sum.iter_mut().enumerate() {
        let (o, c, ky, kx) = (i / (9 * input), i / 9 % input, i / 3 % 3, i % 3);
        for row in rows.clone() {
            let (image, y) = (row / height, row % height);
            let from = y + ky;
            if from == 0 || from > height {
                continue;
            }
            let g = &g[((image * output + o) * height + y) * width..][..width];
            let x = &x[((image * input + c) * height + from - 1) * width..][..width];
            for (pixel, &g) in g.iter().enumerate() {
                let from = pixel + kx;
                if from > 0 && from <= width {
                    *sum += rounded(g) * rounded(x[from - 1]);
                }
            }
        }
    }
    sum
}

fn compare(shape: Shape, images: usize, rows: Range<usize>) {
    if !crate::nn::has_paired_halves() {
        return;
    }
    let plane = shape.height * shape.width;
    let x = numbers(images * shape.input * plane, 1);
    let g = numbers(images * shape.output * plane, 2);
    let before = numbers(shape.output * shape.input * 9, 3);
    let mut sum = before.clone();
    add(&mut sum, shape, &x, &g, rows.clone());
    let bound = 1e-6 * (rows.len() as f64 * shape.width as f64 + 4.0);
    let added = expected(shape, &x, &g, rows.clone());
    for (i, ((&sum, before), added)) in sum.iter().zip(before).zip(added).enumerate() {
        let expected = f64::from(before) + added;
        assert!(
            (f64::from(sum) - expected).abs() <= bound,
            "{shape:?} {rows:?}: {sum} is not {expected} at {i}"
        );
    }
}

fn shape(input: usize, output: usize, height: usize, width: usize) -> Shape {
    Shape {
        input,
        output,
        height,
        width,
    }
}

#[test]
fn kernels_of_any_channels_are_right() {
    for input in [1, 3, 4, 5, 8, 15, 16, 17, 33] {
        for output in [1, 3, 4, 5, 8, 9, 16, 20, 33] {
            compare(shape(input, output, 5, 6), 2, 0..10);
            compare(shape(input, output, 4, 7), 2, 3..6);
        }
    }
}

#[test]
fn images_of_any_size_are_right() {
    for height in [1, 2, 3, 4, 9] {
        for width in [1, 2, 3, 4, 5, 8, 16, 31, 32, 33, 34, 65] {
            for (input, output) in [(5, 9), (9, 5)] {
                compare(shape(input, output, height, width), 3, 0..3 * height);
            }
        }
    }
}

#[test]
fn any_rows_are_right() {
    for (input, output) in [(3, 18), (18, 3)] {
        for width in [4, 5] {
            for start in 0..12 {
                for end in start..=12 {
                    compare(shape(input, output, 4, width), 3, start..end);
                }
            }
        }
    }
}

#[test]
fn sums_of_several_blocks_are_right() {
    for (input, output) in [(3, 17), (17, 3), (8, 9)] {
        compare(shape(input, output, 40, 130), 2, 0..80);
        compare(shape(input, output, 40, 131), 2, 17..75);
    }
    compare(shape(3, 4, 3, 2100), 2, 1..5);
    compare(shape(17, 136, 8, 8), 24, 3..190);
}
