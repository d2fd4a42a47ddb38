//! One attention at work on the processor: its inputs head by head, and the forward.

use super::Heads;
use crate::nn::flash::Head;
use crate::nn::gemm::Mat;
use crate::nn::parallel::{self, buffer};
use crate::nn::scratch::scratch;
use crate::nn::vjp::{Values, plain};
use candle_core::{Result, Tensor, bail};

/// One attention at work.
pub(super) struct Fused {
    q: Tensor,
    k: Tensor,
    v: Tensor,
    /// (B, N, Lq, Lk), broadcast by strides.
    bias: Option<Tensor>,
    pub(super) batch: usize,
    pub(super) heads: usize,
    pub(super) queries: usize,
    pub(super) keys: usize,
    pub(super) width: usize,
    pub(super) scale: f32,
    /// Whether products may have half the bits.
    half: bool,
}

impl Fused {
    /// Takes the inputs off the tape; their shapes fit, and `bias` is (B, N, Lq, Lk).
    pub(super) fn new(
        heads: Heads,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
        bias: Option<&Tensor>,
    ) -> Result<Self> {
        let (batch, queries, width) = q.dims3()?;
        Ok(Self {
            q: in_rows(q)?,
            k: in_rows(k)?,
            v: in_rows(v)?,
            bias: bias.map(in_rows).transpose()?,
            batch,
            heads: heads.count,
            queries,
            keys: k.dim(1)?,
            width,
            scale: heads.scale as f32,
            half: heads.half,
        })
    }

    /// The result, (B, Lq, N*d).
    pub(super) fn forward(&self) -> Result<Vec<f32>> {
        let inputs = self.inputs()?;
        let (width, d) = (self.width, self.head_width());
        let head_layout = Head::new(self.keys, d);
        let head_layout = match self.half {
            true => head_layout.with_half(),
            false => head_layout,
        };
        let block = self.queries_per_task(head_layout);
        let mut out = buffer(self.batch * self.queries * width);
        let mut tasks = Vec::with_capacity(self.batch * self.queries.div_ceil(block));
        for (image, out) in out.chunks_mut(self.queries * width).enumerate() {
            for (i, out) in out.chunks_mut(block * width).enumerate() {
                tasks.push((image, i * block, out));
            }
        }
        let packed_len = head_layout.packed_len();
        scratch(self.batch * self.heads * packed_len, |packed| {
            let steps = packed.len();
            parallel::pieces(packed, packed_len, steps, |i, out| {
                let (image, head) = (i / self.heads, i % self.heads);
                let key = |row| inputs.k.row(image, head, row);
                let value = |row| inputs.v.row(image, head, row);
                head_layout.pack(key, value, out);
            });
            let packed = &*packed;
            parallel::each(tasks, self.steps(), |(image, first, out)| {
                let rows = out.len() / width;
                let padded = head_layout.padded_queries(rows);
                let mixed_len = head_layout.mixed_len(padded);
                let queries_len = head_layout.queries_len(padded);
                scratch(queries_len + padded + mixed_len, |work| {
                    let (queries, work) = work.split_at_mut(queries_len);
                    let (mixed, sums) = work.split_at_mut(mixed_len);
                    for head in 0..self.heads {
                        let query = |row| inputs.q.row(image, head, first + row);
                        head_layout.pack_queries(rows, query, self.scale, queries);
                        let bias_row = |row: usize| {
                            let bias = inputs.bias.as_ref()?;
                            (row < rows).then(|| bias.row(image, head, first + row))
                        };
                        let start = (image * self.heads + head) * packed_len;
                        let packed = &packed[start..start + packed_len];
                        head_layout.attend(packed, queries, &bias_row, mixed, sums);
                        head_layout.finish(mixed, sums, &mut out[head * d..], width);
                    }
                });
            });
        });
        Ok(out)
    }

    /// Queries of one task: enough to make good use of a head's keys, and a few tasks for every
    /// thread.
    fn queries_per_task(&self, head: Head) -> usize {
        const MOST: usize = 128;
        let share = (self.batch * self.queries).div_ceil(4 * rayon::current_num_threads());
        head.padded_queries(MOST.min(share)).min(self.queries)
    }

    pub(super) fn inputs(&self) -> Result<Inputs<'_>> {
        let heads = |x| SideBySide::new(x, self.head_width());
        Ok(Inputs {
            q: heads(&self.q)?,
            k: heads(&self.k)?,
            v: heads(&self.v)?,
            bias: self.bias.as_ref().map(Bias::new).transpose()?,
        })
    }

    pub(super) fn head_width(&self) -> usize {
        self.width / self.heads
    }

    /// Elementary steps of the whole, about.
    pub(super) fn steps(&self) -> usize {
        self.batch * self.heads * self.queries * self.keys * (4 + self.head_width() / 16)
    }
}

/// Off the tape, with neighbours in the last dimension side by side.
fn in_rows(x: &Tensor) -> Result<Tensor> {
    let in_rows = x.stride().last() == Some(&1) || x.dims().last() == Some(&1);
    if in_rows { Ok(x.detach()) } else { plain(x) }
}

/// The numbers of all inputs while they are read.
pub(super) struct Inputs<'a> {
    pub(super) q: SideBySide<'a>,
    pub(super) k: SideBySide<'a>,
    pub(super) v: SideBySide<'a>,
    pub(super) bias: Option<Bias<'a>>,
}

/// (B, L, N*d) read head by head.
pub(super) struct SideBySide<'a> {
    values: Values<'a>,
    strides: (usize, usize),
    head_width: usize,
}

impl<'a> SideBySide<'a> {
    fn new(x: &'a Tensor, head_width: usize) -> Result<Self> {
        let &[image, row, _] = x.stride() else {
            bail!("attention needs three dimensions, got {:?}", x.shape())
        };
        Ok(Self {
            values: Values::strided(x)?,
            strides: (image, row),
            head_width,
        })
    }

    /// One row of one head, (d).
    fn row(&self, image: usize, head: usize, row: usize) -> &[f32] {
        let start = image * self.strides.0 + row * self.strides.1 + head * self.head_width;
        &self.values[start..start + self.head_width]
    }

    /// (rows, d)
    pub(super) fn head(&self, image: usize, head: usize, rows: std::ops::Range<usize>) -> Mat<'_> {
        let start = image * self.strides.0 + rows.start * self.strides.1 + head * self.head_width;
        Mat::strided(
            &self.values[start..],
            rows.len(),
            self.head_width,
            self.strides.1,
        )
    }
}

/// (B, N, Lq, Lk) read row by row.
pub(super) struct Bias<'a> {
    values: Values<'a>,
    strides: (usize, usize, usize),
    keys: usize,
}

impl<'a> Bias<'a> {
    fn new(x: &'a Tensor) -> Result<Self> {
        let (&[image, head, row, _], &[.., keys]) = (x.stride(), x.dims()) else {
            bail!(
                "an attention bias needs four dimensions, got {:?}",
                x.shape()
            )
        };
        Ok(Self {
            values: Values::strided(x)?,
            strides: (image, head, row),
            keys,
        })
    }

    pub(super) fn row(&self, image: usize, head: usize, row: usize) -> &[f32] {
        let start = image * self.strides.0 + head * self.strides.1 + row * self.strides.2;
        &self.values[start..start + self.keys]
    }
}
