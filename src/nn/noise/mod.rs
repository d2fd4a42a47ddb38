//! Seeded noise: the same seed gives the same numbers on every device.
//!
//! candle's own random numbers cannot be seeded on a CPU, so none of them are used. Numbers are
//! drawn here, on the CPU, and uploaded. A [`NoiseTape`] is all the noise one edit needs; a
//! [`Stream`] serves training.

mod mt19937;
mod philox;
mod stream;

pub use mt19937::Mt19937;
pub use philox::{PhiloxCuda, philox4x32};
pub use stream::Stream;

use candle_core::{Device, Result, Tensor};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Which random numbers a seed stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoiseGenerator {
    /// As torch draws on a CPU.
    #[default]
    Mt19937,
    /// As torch draws on CUDA, so that the paper's seeds give the paper's noise.
    Philox,
}

impl NoiseGenerator {
    /// Both, in the order they are shown.
    pub const ALL: [Self; 2] = [Self::Mt19937, Self::Philox];

    /// The name used on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mt19937 => "mt19937",
            Self::Philox => "philox",
        }
    }
}

/// The recipe of all noise of one edit: the initial latents, then one tensor per step.
///
/// One tape serves every column of a comparison. It can always be drawn again from these four
/// values, so files keep the recipe and not the numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NoiseTape {
    /// Which random numbers.
    pub generator: NoiseGenerator,
    /// Their seed.
    pub seed: u64,
    /// Shape of every tensor, (B, 4, h, w).
    pub shape: Vec<usize>,
    /// Denoising steps.
    pub steps: usize,
}

impl NoiseTape {
    /// The tape of those values.
    pub fn new(
        generator: NoiseGenerator,
        seed: u64,
        shape: impl Into<Vec<usize>>,
        steps: usize,
    ) -> Self {
        Self {
            generator,
            seed,
            shape: shape.into(),
            steps,
        }
    }

    /// A stable name: the first 16 hexadecimal digits of the sha256 of the recipe. Equal names
    /// mean equal noise.
    pub fn name(&self) -> String {
        let Self {
            generator,
            seed,
            shape,
            steps,
        } = self;
        let shape: Vec<String> = shape.iter().map(usize::to_string).collect();
        let recipe = format!(
            "lgd noise tape 1\n{}\n{seed}\n{}\n{steps}",
            generator.name(),
            shape.join("x")
        );
        let digest = Sha256::digest(recipe.as_bytes());
        digest.iter().take(8).map(|b| format!("{b:02x}")).collect()
    }

    /// A reader at the start of the tape.
    pub fn reader(&self) -> TapeReader {
        let source = match self.generator {
            NoiseGenerator::Mt19937 => Source::Mt19937(Box::new(Mt19937::new(self.seed))),
            NoiseGenerator::Philox => Source::Philox(PhiloxCuda::new(self.seed)),
        };
        TapeReader {
            source,
            shape: self.shape.clone(),
            left: self.steps.saturating_add(1),
        }
    }

    /// The whole tape on `device`: the initial noise (not yet scaled), then `steps` tensors.
    ///
    /// # Errors
    /// When `device` has no room.
    pub fn draw(&self, device: &Device) -> Result<(Tensor, Vec<Tensor>)> {
        let mut reader = self.reader();
        let initial = reader.next(device)?;
        let steps = (0..self.steps)
            .map(|_| reader.next(device))
            .collect::<Result<_>>()?;
        Ok((initial, steps))
    }
}

enum Source {
    Mt19937(Box<Mt19937>),
    Philox(PhiloxCuda),
}

/// Draws the tensors of a tape one after the other, as consecutive calls of `torch.randn` would.
pub struct TapeReader {
    source: Source,
    shape: Vec<usize>,
    left: usize,
}

impl TapeReader {
    /// The next tensor, float32: first the initial noise, then the noise of step 0, 1, …
    ///
    /// # Errors
    /// When the tape has ended or `device` has no room.
    pub fn next(&mut self, device: &Device) -> Result<Tensor> {
        self.left = match self.left.checked_sub(1) {
            Some(left) => left,
            None => candle_core::bail!("the noise tape has ended"),
        };
        let count = self.shape.iter().product();
        let values = match &mut self.source {
            Source::Mt19937(generator) => generator.normal(count),
            Source::Philox(generator) => generator.normal(count),
        };
        Tensor::from_vec(values, self.shape.as_slice(), device)
    }
}

#[cfg(test)]
mod tests {
    use super::{NoiseGenerator, NoiseTape};
    use candle_core::Device;

    #[test]
    fn a_tape_is_consecutive_draws_and_named_by_its_recipe() -> candle_core::Result<()> {
        for generator in NoiseGenerator::ALL {
            let tape = NoiseTape::new(generator, 7, [1, 4, 8, 8], 3);
            let (initial, steps) = tape.draw(&Device::Cpu)?;
            assert_eq!((initial.dims(), steps.len()), (&[1, 4, 8, 8][..], 3));
            let mut reader = tape.reader();
            let again = reader.next(&Device::Cpu)?;
            assert_eq!(
                again.flatten_all()?.to_vec1::<f32>()?,
                initial.flatten_all()?.to_vec1::<f32>()?
            );
            for _ in 0..3 {
                reader.next(&Device::Cpu)?;
            }
            assert!(reader.next(&Device::Cpu).is_err());
            assert_eq!(tape.name(), tape.clone().name());
            assert_eq!(tape.name().len(), 16);
            let other = NoiseTape::new(generator, 8, [1, 4, 8, 8], 3);
            assert_ne!(tape.name(), other.name());
        }
        Ok(())
    }
}
