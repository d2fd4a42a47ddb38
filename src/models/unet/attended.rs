//! Where the cross-attention of a forward looked: one map over the latent cells per position of the
//! context.
//!
//! Source of the reading: Tang et al., "What the DAAM: Interpreting Stable Diffusion Using Cross
//! Attention" (arXiv 2210.04885), section 3; heads and layers are averaged, not summed, so that the
//! weights of a cell still add up to one.

use candle_core::{Device, Result, Tensor};

/// Collects the attention weights of one sample of a batch, layer by layer.
#[derive(Debug)]
pub struct Attended {
    sample: usize,
    grid: (usize, usize),
    /// (L, h, w), the sum over the layers so far.
    sum: Option<Tensor>,
    layers: usize,
}

impl Attended {
    /// Watches sample `sample` of the batch.
    pub fn of_sample(sample: usize) -> Self {
        Self {
            sample,
            grid: (0, 0),
            sum: None,
            layers: 0,
        }
    }

    /// The sample that is watched.
    pub(super) fn sample(&self) -> usize {
        self.sample
    }

    /// A forward over latents of that size begins.
    pub(super) fn begin(&mut self, height: usize, width: usize) {
        (self.grid, self.sum, self.layers) = ((height, width), None, 0);
    }

    /// Takes in the weights of a layer, (1, hw, L), of a grid that may be coarser than the latents.
    pub(super) fn note(&mut self, weights: &Tensor, from: (usize, usize)) -> Result<()> {
        let (_, cells, length) = weights.dims3()?;
        let maps = weights
            .detach()
            .reshape((cells, length))?
            .t()?
            .reshape((length, from.0, from.1))?; // (L, h', w')
        let maps = by_area(&maps, self.grid)?;
        self.sum = Some(match self.sum.take() {
            Some(sum) => (sum + maps)?,
            None => maps,
        });
        self.layers += 1;
        Ok(())
    }

    /// The mean over all layers of the last forward, (L, h, w); none when no layer attends. In every
    /// cell the weights of all positions add up to one.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn take(&mut self) -> Result<Option<Tensor>> {
        let layers = self.layers.max(1) as f64;
        self.sum.take().map(|sum| sum / layers).transpose()
    }
}

/// Brings maps (L, h', w') to another grid, (L, h, w): each cell gets the mean of what it covers.
fn by_area(maps: &Tensor, (height, width): (usize, usize)) -> Result<Tensor> {
    let (length, h, w) = maps.dims3()?;
    if (h, w) == (height, width) {
        return maps.contiguous();
    }
    let device = maps.device();
    maps.contiguous()?
        .reshape((length * h, w))?
        .matmul(&shares(w, width, device)?)? // (L h', w)
        .reshape((length, h, width))?
        .transpose(1, 2)?
        .contiguous()?
        .reshape((length * width, h))?
        .matmul(&shares(h, height, device)?)? // (L w, h)
        .reshape((length, width, height))?
        .transpose(1, 2)?
        .contiguous()
}

/// (from, to): how much of each new cell an old one makes up; every column adds up to one.
fn shares(from: usize, to: usize, device: &Device) -> Result<Tensor> {
    let ratio = from as f64 / to as f64;
    let share = |old: usize, new: usize| {
        let (start, end) = (new as f64 * ratio, (new + 1) as f64 * ratio);
        let overlap = end.min(old as f64 + 1.0) - start.max(old as f64);
        (overlap.max(0.0) / ratio) as f32
    };
    let all = (0..from).flat_map(|old| (0..to).map(move |new| share(old, new)));
    Tensor::from_vec(all.collect::<Vec<f32>>(), (from, to), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coarse_map_keeps_its_weight_on_a_finer_grid() -> Result<()> {
        let coarse = Tensor::new(&[[[1f32, 3.0], [5.0, 7.0]]], &Device::Cpu)?;
        let fine = by_area(&coarse, (4, 4))?.get(0)?.to_vec2::<f32>()?;
        assert_eq!(fine[0], [1.0, 1.0, 3.0, 3.0]);
        assert_eq!(fine[3], [5.0, 5.0, 7.0, 7.0]);
        // A cell that lies across two old ones gets half of each.
        let odd = by_area(&coarse, (2, 3))?.get(0)?.to_vec2::<f32>()?;
        assert_eq!(odd, [[1.0, 2.0, 3.0], [5.0, 6.0, 7.0]]);
        Ok(())
    }
}
