//! Products against sums in f64 of rounded operands.

use super::super::{Into, Strided};
use super::multiply;
use half::bf16;

/// A matrix with gaps, whose rows or columns are contiguous, or neither.
fn layout(rows: usize, cols: usize, kind: usize) -> Strided {
    let (row_stride, col_stride) = match kind {
        0 => (cols + 3, 1),
        1 => (1, rows + 2),
        _ => (2 * cols + 1, 2),
    };
    Strided {
        rows,
        cols,
        row_stride,
        col_stride,
    }
}

fn len(layout: Strided) -> usize {
    layout.rows.max(1) * layout.row_stride.max(1) + layout.cols.max(1) * layout.col_stride
}

fn numbers(len: usize, seed: usize) -> Vec<f32> {
    let number = |i: usize| ((i * 7 + seed * 13 + 1) as f32 * 0.731).sin();
    (0..len).map(number).collect()
}

/// One product, compared with sums in f64 of rounded operands; what is no output stays as it was.
fn compare((m, n, k): (usize, usize, usize), kinds: [usize; 3], scale: f32, into: Into) {
    if !crate::nn::has_paired_halves() {
        return;
    }
    let (out_layout, a_layout, b_layout) = (
        layout(m, n, kinds[0]),
        layout(m, k, kinds[1]),
        layout(k, n, kinds[2]),
    );
    let (a, b) = (numbers(len(a_layout), 1), numbers(len(b_layout), 2));
    let before = numbers(len(out_layout), 3);
    let mut out = before.clone();
    #[expect(unsafe_code, reason = "calls the product on pointers")]
    // SAFETY: the vectors are as long as the layouts need, and the processor was asked above.
    unsafe {
        let (a, b) = ((a.as_ptr(), a_layout), (b.as_ptr(), b_layout));
        multiply(out.as_mut_ptr(), out_layout, a, b, scale, into);
    }
    let mut expected: Vec<f64> = before.iter().map(|&x| x.into()).collect();
    let rounded = |x: &f32| f64::from(bf16::from_f32(*x));
    let (a, b): (Vec<f64>, Vec<f64>) = (
        a.iter().map(rounded).collect(),
        b.iter().map(rounded).collect(),
    );
    let at = |values: &[f64], layout: Strided, row: usize, col: usize| {
        values[row * layout.row_stride + col * layout.col_stride]
    };
    for row in 0..m {
        for col in 0..n {
            let terms = (0..k).map(|i| at(&a, a_layout, row, i) * at(&b, b_layout, i, col));
            let sum = terms.sum::<f64>() * f64::from(scale);
            let place = &mut expected[row * out_layout.row_stride + col * out_layout.col_stride];
            *place = if into == Into::Add { *place + sum } else { sum };
        }
    }
    let bound = 1e-6 * (k as f64 + 4.0) * f64::from(scale.abs().max(1.0));
    for (i, (&out, expected)) in out.iter().zip(expected).enumerate() {
        assert!(
            (f64::from(out) - expected).abs() <= bound,
            "({m}, {n}, {k}) {kinds:?}: {out} is not {expected} at {i}"
        );
    }
}

#[test]
fn products_of_any_shape_are_right() {
    for m in (1..=18).chain([31, 64, 130]) {
        for n in [
            1, 2, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 47, 48, 49, 65, 130,
        ] {
            for k in [1, 2, 3, 8, 15, 16, 24, 31, 32, 33, 48, 63, 64, 70] {
                // Neighbouring shapes differ in layout, so that every kind meets every edge.
                let mix = m + 5 * n + 3 * k;
                let into = if mix % 2 == 0 { Into::Set } else { Into::Add };
                let kinds = [mix / 2 % 2, mix / 4 % 3, mix / 12 % 3];
                compare((m, n, k), kinds, [1.0, -0.37][mix / 36 % 2], into);
            }
        }
    }
}

#[test]
fn products_of_several_blocks_are_right() {
    for shape in [
        (1030, 17, 33),
        (9, 401, 300),
        (40, 50, 1025),
        (1050, 17, 290),
    ] {
        for kinds in [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0], [0, 2, 2]] {
            compare(shape, kinds, 0.5, Into::Set);
            compare(shape, kinds, 0.5, Into::Add);
        }
    }
}

#[test]
fn empty_sums_are_zero() {
    compare((5, 20, 0), [0, 0, 0], 1.0, Into::Set);
    compare((5, 20, 0), [0, 0, 0], 1.0, Into::Add);
    compare((0, 20, 4), [0, 0, 0], 1.0, Into::Set);
    compare((5, 0, 4), [0, 0, 0], 1.0, Into::Set);
}

#[test]
fn a_product_does_not_depend_on_the_rows_beside_it() {
    if !crate::nn::has_paired_halves() {
        return;
    }
    let (n, k) = (70, 600);
    let (a, b) = (numbers(100 * k, 1), numbers(k * n, 2));
    let product = |m: usize| {
        let rows = |rows, cols| Strided {
            rows,
            cols,
            row_stride: cols,
            col_stride: 1,
        };
        let mut out = vec![0.0; m * n];
        #[expect(unsafe_code, reason = "calls the product on pointers")]
        // SAFETY: the vectors are as long as the layouts need, and the processor was asked above.
        unsafe {
            let (a, b) = ((a.as_ptr(), rows(m, k)), (b.as_ptr(), rows(k, n)));
            multiply(out.as_mut_ptr(), rows(m, n), a, b, 1.0, Into::Set);
        }
        out
    };
    assert_eq!(product(100)[..3 * n], product(3));
}
