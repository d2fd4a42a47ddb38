//! What the latents of a trained autoencoder are like: the factor that gives them unit variance, and the
//! colours they roughly stand for.

use super::checkpoint::Tensors;
use super::config::TrainConfig;
use super::networks::{Group, Trainee};
use super::run::failed;
use crate::dataset::Records;
use crate::dataset::transforms::TrainTransform;
use crate::nn::LatentRgb;
use crate::pipeline::frame_image::{self, Reading};
use crate::pipeline::{Bundle, Problem};
use candle_core::{Device, Result, Tensor};

/// Pictures that are looked at.
const PICTURES: usize = 48;
/// Digits of the factor that are written down.
const DIGITS: f64 = 1e5;

/// What a bundle says about its latents.
#[derive(Clone, Debug, PartialEq)]
pub struct LatentFacts {
    /// One over the standard deviation of the latents.
    pub scaling_factor: f64,
    /// Colours of the scaled latents.
    pub colours: LatentRgb,
}

/// The facts of a run that trained the encoder, from its weights and its first pictures; none for other
/// runs, whose latents are what they were.
///
/// # Errors
/// When bundle or data cannot be read.
pub fn latent_facts(
    config: &TrainConfig,
    weights: &Tensors,
) -> std::result::Result<Option<LatentFacts>, Problem> {
    if !config.model.train.contains(&Group::Encoder) {
        return Ok(None);
    }
    let bundle = Bundle::open(&config.bundle())?;
    let device = Device::Cpu;
    let trainee = Trainee::load(&bundle, &config.model, config.trainer.seed, &device)?;
    for (name, var) in &trainee.parameters {
        if let Some(weight) = weights.get(name) {
            var.set(weight).map_err(|e| failed(&e))?;
        }
    }
    let records = Records::open(&config.data.sample_file, &config.data.image_dir)?;
    let resolution = match config.data.resolution {
        0 => trainee.manifest.resolution as u32,
        resolution => resolution,
    };
    let transform = TrainTransform {
        resolution,
        flip_probability: 0.0,
    };
    let vae = &trainee.networks.vae;
    let mut sums = Sums::new(vae.config().latent_channels);
    for record in records.usable.iter().take(PICTURES) {
        let path = records.images.join(&record.image1_name);
        let Ok(frame) = frame_image::open(&path, Reading::Upright) else {
            continue; // one that cannot be read was told while it trained
        };
        let mut look = || -> Result<()> {
            let pixels = transform.pixels(&frame, false, &device)?.unsqueeze(0)?;
            let latents = vae.encode(&pixels)?.mode()?.detach();
            sums.add(&latents, &pixels, vae.config().scale_factor())
        };
        look().map_err(|e| failed(&e))?;
    }
    sums.facts().map(Some).ok_or_else(|| {
        Problem::new("The latents of the trained autoencoder cannot be measured.")
            .hint("Bring the pictures of the run back, and try again.")
            .file(&records.images)
    })
}

/// Sums over cells: of latents, their products with each other, and with the colours they come from.
struct Sums {
    cells: f64,
    /// Channels and a one behind them.
    inputs: usize,
    /// (inputs, inputs + 3), row by row.
    products: Vec<f64>,
}

impl Sums {
    fn new(channels: usize) -> Self {
        let inputs = channels + 1;
        Self {
            cells: 0.0,
            inputs,
            products: vec![0.0; inputs * (inputs + 3)],
        }
    }

    /// Takes a picture: latents (1, C, h, w), pixels (1, 3, H, W).
    fn add(&mut self, latents: &Tensor, pixels: &Tensor, cell: usize) -> Result<()> {
        let colours = (pixels.avg_pool2d(cell)? * 0.5)?;
        let colours = (colours + 0.5)?.flatten_from(2)?.squeeze(0)?; // (3, hw) in 0..1
        let latents = latents.flatten_from(2)?.squeeze(0)?; // (C, hw)
        let ones = latents.narrow(0, 0, 1)?.ones_like()?;
        let rows = Tensor::cat(&[&latents, &ones, &colours], 0)?; // (C + 4, hw)
        let columns = rows.t()?.to_vec2::<f32>()?;
        let width = self.inputs + 3;
        for values in columns {
            self.cells += 1.0;
            for (row, a) in self.products.chunks_mut(width).zip(&values) {
                for (sum, b) in row.iter_mut().zip(&values) {
                    *sum += f64::from(*a) * f64::from(*b);
                }
            }
        }
        Ok(())
    }

    fn facts(&self) -> Option<LatentFacts> {
        let (channels, width) = (self.inputs - 1, self.inputs + 3);
        let rows: Vec<Vec<f64>> = self.products.chunks(width).map(<[f64]>::to_vec).collect();
        let count = self.cells * channels as f64;
        let squares: f64 = (0..channels).filter_map(|c| rows.get(c)?.get(c)).sum();
        let sum: f64 = (0..channels)
            .filter_map(|c| rows.get(c)?.get(channels))
            .sum();
        let variance = squares / count - (sum / count).powi(2);
        let factor = (DIGITS / variance.sqrt()).round() / DIGITS;
        if !(factor.is_finite() && factor > 0.0) {
            return None;
        }
        let solved = solved(rows)?;
        let colours = |row: &[f64], scale: f64| -> Option<[f32; 3]> {
            let row: Vec<f32> = row.iter().map(|value| (value / scale) as f32).collect();
            row.try_into().ok()
        };
        let matrix = solved.iter().take(channels);
        Some(LatentFacts {
            scaling_factor: factor,
            colours: LatentRgb {
                matrix: matrix
                    .map(|row| colours(row, factor))
                    .collect::<Option<_>>()?,
                bias: colours(solved.last()?, 1.0)?,
            },
        })
    }
}

/// `X` of `A X = B` for rows `[A | B]` of a symmetric `A`, by elimination with the largest pivot.
fn solved(mut rows: Vec<Vec<f64>>) -> Option<Vec<Vec<f64>>> {
    let count = rows.len();
    for place in 0..count {
        let size = |row: &Vec<f64>| row.get(place).map_or(0.0, |value| value.abs());
        let best = (place..count).max_by(|a, b| {
            let of = |index: &usize| rows.get(*index).map_or(0.0, size);
            of(a).total_cmp(&of(b))
        })?;
        rows.swap(place, best);
        let pivot = rows.get(place)?.clone();
        let divisor = *pivot.get(place)?;
        if divisor.abs() < 1e-9 {
            return None;
        }
        for (index, row) in rows.iter_mut().enumerate() {
            let factor = row.get(place)? / divisor;
            for (value, of_pivot) in row.iter_mut().zip(&pivot) {
                match index == place {
                    true => *value /= divisor,
                    false => *value -= factor * of_pivot,
                }
            }
        }
    }
    Some(
        rows.into_iter()
            .map(|row| row.into_iter().skip(count).collect())
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::noise::Stream;

    #[test]
    fn size_and_colours_of_latents_are_found() -> Result<()> {
        // Colours that are a linear function of latents with deviation 2.
        let mut sums = Sums::new(2);
        let latents = Stream::new(3, "latents", 0, 0).normal_tensor((1, 2, 8, 8), &Device::Cpu)?;
        let latents = (latents * 2.0)?;
        let first = latents.narrow(1, 0, 1)?;
        let second = latents.narrow(1, 1, 1)?;
        let red = ((&first * 0.1)? + 0.5)?;
        let green = ((&second * -0.05)? + 0.25)?;
        let colours = Tensor::cat(&[&red, &green, &red], 1)?;
        let pixels = ((colours * 2.0)? - 1.0)?;
        sums.add(&latents, &pixels, 1)?;
        let facts = sums.facts().expect("there are 64 cells");
        assert!((facts.scaling_factor - 0.5).abs() < 0.06, "{facts:?}");
        let scale = facts.scaling_factor as f32;
        let [a, b] = [0, 1].map(|row| facts.colours.matrix[row]);
        for (found, expected) in [(a, [0.1, 0.0, 0.1]), (b, [0.0, -0.05, 0.0])] {
            for (found, expected) in found.iter().zip(expected) {
                assert!((found * scale - expected).abs() < 1e-4, "{facts:?}");
            }
        }
        assert!((facts.colours.bias[1] - 0.25).abs() < 1e-4);
        assert_eq!(Sums::new(2).facts(), None);
        Ok(())
    }
}
