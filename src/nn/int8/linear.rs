//! Linear layers of eight-bit codes.

use super::super::parallel::{self, buffer};
use super::{
    Bias, DEEPEST, Finish, LARGEST, Left, OFFSET, PANEL, QUAD, Right, STEP, Way, code_of, multiply,
};
use std::fmt;

/// A matrix (out, in), one scale per output.
pub(in super::super) struct CodedLinear {
    input: usize,
    output: usize,
    /// (panel of outputs, quad of inputs, output in the panel, input in the quad)
    panels: Vec<u8>,
    quads: Vec<u32>,
    scales: Vec<f32>,
    way: Way,
}

impl fmt::Debug for CodedLinear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CodedLinear({}x{})", self.output, self.input)
    }
}

impl CodedLinear {
    /// Whether a matrix of this size is worth it: small ones are padded to panels.
    pub fn fits(input: usize, output: usize) -> bool {
        (PANEL..=DEEPEST).contains(&input) && output >= PANEL / 2
    }

    /// Bytes that such a matrix takes.
    pub fn bytes(input: usize, output: usize) -> usize {
        output.next_multiple_of(PANEL) * input.next_multiple_of(QUAD) + 4 * output + input
    }

    /// Codes the rows of `weight`, (out, in).
    pub fn new(weight: &[f32], input: usize) -> Self {
        let output = weight.len() / input;
        let depth = input.next_multiple_of(QUAD);
        let panel_len = PANEL * depth;
        let mut panels = vec![OFFSET as u8; output.div_ceil(PANEL) * panel_len];
        let rows = weight.chunks(PANEL * input);
        let tasks: Vec<_> = panels.chunks_mut(panel_len).zip(rows).collect();
        let scales = parallel::map(tasks, weight.len(), |(panel, rows)| {
            let rows = rows.chunks_exact(input).enumerate();
            let scales = rows.map(|(i, row)| code_column(row, i, panel));
            scales.collect::<Vec<_>>()
        });
        Self {
            input,
            output,
            panels,
            quads: (0..depth / QUAD).map(|quad| (quad * STEP) as u32).collect(),
            scales: scales.into_iter().flatten().collect(),
            way: Way::best(),
        }
    }

    /// (out, in).
    pub fn dims(&self) -> (usize, usize) {
        (self.output, self.input)
    }

    /// `x W^T + b` for rows of the input's width.
    pub fn product(&self, x: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
        let left = Left::new(x, self.input);
        let mut out = buffer(left.rows() * self.output);
        multiply(self.way, &left, &self.right(), self.finish(bias), &mut out);
        out
    }

    fn right(&self) -> Right<'_> {
        Right {
            codes: &self.panels,
            quads: &self.quads,
            panel_len: self.quads.len() * STEP,
            columns: self.output,
        }
    }

    fn finish<'a>(&'a self, bias: Option<&'a [f32]>) -> Finish<'a> {
        Finish {
            scales: &self.scales,
            bias: bias.map(Bias::PerColumn),
        }
    }

    /// The same, multiplied by plain code whatever this processor can do.
    #[cfg(test)]
    pub fn plainly(self) -> Self {
        Self {
            way: Way::Plain,
            ..self
        }
    }
}

/// One row of the weight as column `i` of a panel; returns its scale.
fn code_column(row: &[f32], i: usize, panel: &mut [u8]) -> f32 {
    let largest = super::super::simd::largest_size(row);
    if largest == 0.0 || !largest.is_finite() {
        return largest * 0.0; // codes of zero, and no number where there was none
    }
    let inverse = LARGEST / largest;
    for (row, quad) in row.chunks(QUAD).zip(panel.chunks_exact_mut(STEP)) {
        for (x, code) in row.iter().zip(&mut quad[i * QUAD..]) {
            *code = code_of(*x, inverse) as u8;
        }
    }
    largest / LARGEST
}
