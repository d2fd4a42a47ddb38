//! The product in plain code, for every processor.

use super::{Bias, OFFSET, Output, PANEL, QUAD, Task};

pub(super) fn run(task: &Task<'_>, out: Output) {
    let Task {
        left,
        rows,
        right,
        column,
        finish,
    } = task;
    let depth = right.quads.len() * QUAD;
    let start = column / PANEL * right.panel_len;
    let columns = PANEL.min(right.columns - column);
    for row in rows.clone() {
        let mut sums = [0i32; PANEL];
        let quads = left.codes[row * depth..][..depth].as_chunks::<QUAD>().0;
        for (left, quad) in quads.iter().zip(right.quads) {
            let right = &right.codes[start + *quad as usize..][..PANEL * QUAD];
            for (sum, right) in sums.iter_mut().zip(right.as_chunks::<QUAD>().0) {
                for (left, right) in left.iter().zip(right) {
                    *sum += i32::from(*left) * i32::from(*right);
                }
            }
        }
        for (i, sum) in sums[..columns].iter().enumerate() {
            let scale = match finish.scales {
                [one] => *one,
                scales => scales[column + i],
            };
            let bias = match finish.bias {
                None => 0.0,
                Some(Bias::PerRow(bias)) => bias[row],
                Some(Bias::PerColumn(bias)) => bias[column + i],
            };
            let sum = (sum - OFFSET * left.sums[row]) as f32;
            let value = sum.mul_add(left.scales[row] * scale, bias);
            #[expect(unsafe_code, reason = "tasks write different parts")]
            // SAFETY: `multiply` checked that rows and columns lie inside; no other task has them.
            unsafe {
                out.at.add(row * out.columns + column + i).write(value);
            }
        }
    }
}
