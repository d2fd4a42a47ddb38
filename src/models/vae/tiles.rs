//! A picture in overlapping tiles, so that the largest maps are never there as a whole.
//!
//! Only the levels between pictures and latents are tiled; the attending middle, which looks at
//! everything and is small, stays whole. The group norms of a tile see their own tile alone, so a
//! tiled picture differs a little; the tiles overlap and are blended, so the difference has no edge.

use candle_core::{Result, Tensor};

/// The size of the tiles, in latent cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiles {
    /// Side of a tile.
    pub cells: usize,
    /// Cells that neighbours share at least.
    pub overlap: usize,
}

impl Default for Tiles {
    /// A quarter of a 512 pixel picture, sharing 64 pixels with its neighbours.
    fn default() -> Self {
        Self {
            cells: 36,
            overlap: 8,
        }
    }
}

/// Cells `first..first + count` of one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    first: usize,
    count: usize,
}

impl Tiles {
    /// As few spans as cover `cells`, all of one length and evenly spread.
    fn spans(self, cells: usize) -> Vec<Span> {
        let side = self.cells.max(1);
        if cells <= side {
            return vec![Span {
                first: 0,
                count: cells,
            }];
        }
        let step = side.saturating_sub(self.overlap).max(1);
        let steps = (cells - side).div_ceil(step);
        let span = |i: usize| Span {
            first: (cells - side) * i / steps,
            count: side,
        };
        (0..=steps).map(span).collect()
    }

    /// `work` on every tile of `x` (B, C, H, W), blended into one map.
    ///
    /// `input` and `output` are the numbers of `x`, and of the result, along one side of a cell.
    pub(super) fn blend(
        self,
        x: &Tensor,
        (input, output): (usize, usize),
        work: impl Fn(Tensor) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let (_, _, height, width) = x.dims4()?;
        let rows = self.spans(height / input);
        let columns = self.spans(width / input);
        if rows.len() == 1 && columns.len() == 1 {
            return work(x.clone());
        }
        let (height, width) = (height / input * output, width / input * output);
        let mut sum: Option<(Vec<usize>, Vec<f32>)> = None;
        let mut weights = vec![0f32; height * width];
        for row in &rows {
            for column in &columns {
                let tile = x
                    .narrow(2, row.first * input, row.count * input)?
                    .narrow(3, column.first * input, column.count * input)?
                    .contiguous()?;
                let tile = work(tile)?;
                let (batch, channels, _, _) = tile.dims4()?;
                let (_, sum) = sum.get_or_insert_with(|| {
                    let dims = vec![batch, channels, height, width];
                    (dims, vec![0.0; batch * channels * height * width])
                });
                let (down, across) = (
                    self.ramp(*row, rows.len(), height / output, output),
                    self.ramp(*column, columns.len(), width / output, output),
                );
                let tile = tile.flatten_all()?.to_vec1::<f32>()?;
                let (top, left) = (row.first * output, column.first * output);
                for (plane, tile) in tile.chunks_exact(down.len() * across.len()).enumerate() {
                    for (y, (tile, down)) in tile.chunks_exact(across.len()).zip(&down).enumerate()
                    {
                        let start = (plane * height + top + y) * width + left;
                        let into = sum[start..start + across.len()].iter_mut();
                        for ((sum, value), across) in into.zip(tile).zip(&across) {
                            *sum += value * down * across;
                        }
                    }
                }
                for (y, down) in down.iter().enumerate() {
                    let start = (top + y) * width + left;
                    let into = weights[start..start + across.len()].iter_mut();
                    into.zip(&across)
                        .for_each(|(sum, across)| *sum += down * across);
                }
            }
        }
        let Some((dims, mut sum)) = sum else {
            candle_core::bail!("a picture without pixels cannot be cut into tiles")
        };
        for plane in sum.chunks_exact_mut(height * width) {
            plane
                .iter_mut()
                .zip(&weights)
                .for_each(|(x, weight)| *x /= weight);
        }
        Tensor::from_vec(sum, dims, x.device())
    }

    /// The weight of every number along a span: it rises and falls where there is a neighbour.
    fn ramp(self, span: Span, spans: usize, cells: usize, output: usize) -> Vec<f32> {
        let length = span.count * output;
        let slope = (self.overlap * output).max(1) as f32;
        let weight = |i: usize| {
            let mut weight = 1f32;
            if spans > 1 && span.first > 0 {
                weight = weight.min((i as f32 + 0.5) / slope);
            }
            if spans > 1 && span.first + span.count < cells {
                weight = weight.min(((length - i) as f32 - 0.5) / slope);
            }
            weight
        };
        (0..length).map(weight).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    const TILES: Tiles = Tiles {
        cells: 5,
        overlap: 2,
    };

    #[test]
    fn spans_cover_every_cell_and_overlap_enough() {
        for cells in 1..40 {
            let spans = TILES.spans(cells);
            let covered = |cell| {
                spans
                    .iter()
                    .any(|s| (s.first..s.first + s.count).contains(&cell))
            };
            assert!((0..cells).all(covered), "{cells}: {spans:?}");
            for pair in spans.windows(2) {
                assert!(pair[0].first + pair[0].count >= pair[1].first + TILES.overlap);
            }
            let last = spans.last().map(|s| s.first + s.count);
            assert_eq!(last, Some(cells));
        }
    }

    #[test]
    fn what_works_on_each_number_alone_is_the_same_in_tiles() -> Result<()> {
        let values: Vec<f32> = (0..2 * 3 * 13 * 9)
            .map(|i| (i as f32 * 0.37).sin())
            .collect();
        let x = Tensor::from_vec(values, (2, 3, 13, 9), &Device::Cpu)?;
        let whole = (&x * 3.0)?.upsample_nearest2d(26, 18)?;
        let tiled = TILES.blend(&x, (1, 2), |tile| {
            let (_, _, h, w) = tile.dims4()?;
            (tile * 3.0)?.upsample_nearest2d(2 * h, 2 * w)
        })?;
        let off = (whole - tiled)?.abs()?.flatten_all()?.max(0)?;
        assert!(off.to_scalar::<f32>()? < 1e-5);
        Ok(())
    }
}
