//! Pictures to tensors and back.

use candle_core::{DType, Device, Result, Tensor};
use image::RgbImage;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Channel means CLIP and BLIP-2 were trained with.
pub const CLIP_MEAN: [f32; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_7];
/// Channel standard deviations CLIP and BLIP-2 were trained with.
pub const CLIP_STD: [f32; 3] = [0.268_629_54, 0.261_302_6, 0.275_777_1];

/// How a number between two bytes becomes one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the lower one, as LGD saves its results.
    Truncated,
    /// To the nearest, halves to even, as diffusers does.
    Nearest,
}

/// Pixels for a vision transformer: `(x / 255 - mean) / std` per channel.
///
/// Returns (1, 3, H, W), float32. See [`CLIP_MEAN`] and [`CLIP_STD`].
///
/// # Errors
/// When `device` has no room.
pub fn normalized(
    image: &RgbImage,
    mean: [f32; 3],
    std: [f32; 3],
    device: &Device,
) -> Result<Tensor> {
    to_tensor(image, device, |channel, byte| {
        let value = f32::from(byte) / 255.0;
        match (mean.get(channel), std.get(channel)) {
            (Some(mean), Some(std)) => (value - mean) / std,
            _ => value,
        }
    })
}

/// Pixels for the editor: `2 x / 255 - 1`, so -1..1.
///
/// Returns (1, 3, H, W), float32.
///
/// # Errors
/// When `device` has no room.
pub fn signed_unit(image: &RgbImage, device: &Device) -> Result<Tensor> {
    to_tensor(image, device, |_, byte| 2.0 * f32::from(byte) / 255.0 - 1.0)
}

fn to_tensor(
    image: &RgbImage,
    device: &Device,
    value: impl Fn(usize, u8) -> f32,
) -> Result<Tensor> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let mut values = Vec::with_capacity(3 * width * height);
    for channel in 0..3 {
        // A byte has 256 values, so the formula runs 256 times per channel and not per pixel.
        let table: [f32; 256] = std::array::from_fn(|byte| value(channel, byte as u8));
        let bytes = image.as_raw().iter().skip(channel).step_by(3);
        values.extend(bytes.map(|byte| table[usize::from(*byte)]));
    }
    Tensor::from_vec(values, (1, 3, height, width), device)
}

/// The picture in a tensor with values in -1..1, (3, H, W) or (1, 3, H, W); values outside are
/// clamped.
///
/// # Errors
/// When the shape is another one, or a value is not a number: a black picture without a word
/// would hide a numeric failure.
pub fn to_image(tensor: &Tensor, rounding: Rounding) -> Result<RgbImage> {
    let tensor = match tensor.rank() {
        4 => tensor.squeeze(0)?,
        _ => tensor.clone(),
    };
    let (channels, height, width) = tensor.dims3()?;
    if channels != 3 {
        candle_core::bail!("a picture has 3 channels, this tensor has {channels}");
    }
    let values = tensor
        .to_dtype(DType::F32)?
        .to_device(&Device::Cpu)?
        .flatten_all()?
        .to_vec1::<f32>()?;
    if values.par_iter().any(|v| v.is_nan()) {
        candle_core::bail!("the picture contains values that are not numbers");
    }
    let byte = |v: f32| {
        let scaled = match rounding {
            Rounding::Truncated => 255.0 * ((v + 1.0) / 2.0).clamp(0.0, 1.0),
            Rounding::Nearest => (255.0 * (v / 2.0 + 0.5).clamp(0.0, 1.0)).round_ties_even(),
        };
        scaled as u8
    };
    interleave(&values, width, height, byte)
}

/// One RGB pixel per value of three planes.
fn interleave(
    values: &[f32],
    width: usize,
    height: usize,
    byte: impl Fn(f32) -> u8,
) -> Result<RgbImage> {
    let cells = width * height;
    let mut bytes = vec![0; 3 * cells];
    for (channel, plane) in values.chunks_exact(cells.max(1)).take(3).enumerate() {
        let pixels = bytes.iter_mut().skip(channel).step_by(3);
        for (pixel, value) in pixels.zip(plane) {
            *pixel = byte(*value);
        }
    }
    RgbImage::from_raw(width as u32, height as u32, bytes)
        .ok_or_else(|| candle_core::Error::Msg("the picture is too large".to_owned()))
}

/// A linear guess of the colour of a latent cell: `rgb = matrix^T latents + bias`, 0..1.
///
/// Read from a bundle's `lgd.json`; one colour per cell, almost free.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatentRgb {
    /// One row of red, green, blue per latent channel.
    pub matrix: Vec<[f32; 3]>,
    /// Colour of the zero latent.
    pub bias: [f32; 3],
}

impl LatentRgb {
    /// The preview of scaled latents (1, C, h, w) or (C, h, w), one pixel per cell.
    ///
    /// Values that are not numbers become black: a preview may not stop a run.
    ///
    /// # Errors
    /// When the latents do not have as many channels as the matrix has rows.
    pub fn preview(&self, latents: &Tensor) -> Result<RgbImage> {
        let latents = match latents.rank() {
            4 => latents.squeeze(0)?,
            _ => latents.clone(),
        };
        let shape = latents.dims3()?;
        let values = latents
            .to_dtype(DType::F32)?
            .to_device(&Device::Cpu)?
            .flatten_all()?
            .to_vec1::<f32>()?;
        self.colours_of(&values, shape.into())
    }

    /// The same of plain numbers, (C, h, w) row by row.
    ///
    /// # Errors
    /// As [`LatentRgb::preview`].
    pub fn colours_of(
        &self,
        values: &[f32],
        [channels, height, width]: [usize; 3],
    ) -> Result<RgbImage> {
        if channels != self.matrix.len() {
            candle_core::bail!(
                "the preview matrix is for {} latent channels, the latents have {channels}",
                self.matrix.len()
            );
        }
        let cells = width * height;
        let mut planes: Vec<f32> = Vec::with_capacity(3 * cells);
        for (channel, bias) in self.bias.iter().enumerate() {
            let start = planes.len();
            planes.resize(start + cells, *bias);
            let plane = planes.get_mut(start..).unwrap_or_default();
            for (row, cell_values) in self.matrix.iter().zip(values.chunks_exact(cells.max(1))) {
                let weight = row.get(channel).copied().unwrap_or_default();
                for (sum, value) in plane.iter_mut().zip(cell_values) {
                    *sum += weight * value;
                }
            }
        }
        interleave(&planes, width, height, |v| {
            (255.0 * v.clamp(0.0, 1.0)).round() as u8
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{LatentRgb, Rounding, normalized, signed_unit, to_image};
    use candle_core::{Device, Result, Tensor};
    use image::{Rgb, RgbImage};

    #[test]
    fn a_picture_survives_the_way_there_and_back() -> Result<()> {
        let image = RgbImage::from_fn(16, 17, |x, y| Rgb([(x * 16 + y) as u8, y as u8, 255]));
        let tensor = signed_unit(&image, &Device::Cpu)?;
        assert_eq!(tensor.dims(), [1, 3, 17, 16]);
        assert_eq!(to_image(&tensor, Rounding::Nearest)?, image);
        let plain = normalized(&image, [0.0; 3], [1.0; 3], &Device::Cpu)?;
        let again = ((plain * 2.0)? - 1.0)?;
        assert_eq!(to_image(&again.squeeze(0)?, Rounding::Nearest)?, image);
        Ok(())
    }

    #[test]
    fn rounding_clamping_and_numbers_that_are_none() -> Result<()> {
        let tensor = Tensor::new(&[[[-3.0_f32]], [[0.0]], [[9.0]]], &Device::Cpu)?;
        let image = |rounding| Ok::<_, candle_core::Error>(to_image(&tensor, rounding)?.into_raw());
        assert_eq!(image(Rounding::Truncated)?, [0, 127, 255]);
        assert_eq!(image(Rounding::Nearest)?, [0, 128, 255]);
        let nan = Tensor::new(&[[[f32::NAN]], [[0.0]], [[0.0]]], &Device::Cpu)?;
        assert!(to_image(&nan, Rounding::Nearest).is_err());
        assert!(
            to_image(
                &Tensor::new(&[[[0.0_f32]]], &Device::Cpu)?,
                Rounding::Nearest
            )
            .is_err()
        );
        Ok(())
    }

    #[test]
    fn a_latent_preview_has_one_pixel_per_cell() -> Result<()> {
        let preview = LatentRgb {
            matrix: vec![[1.0, 0.0, 0.0], [0.0, 0.5, 0.0]],
            bias: [0.0, 0.0, 1.0],
        };
        let latents = Tensor::new(&[[[1.0_f32, 0.0]], [[0.0, 2.0]]], &Device::Cpu)?;
        let image = preview.preview(&latents.unsqueeze(0)?)?;
        assert_eq!(image.dimensions(), (2, 1));
        assert_eq!(image.into_raw(), [255, 0, 255, 0, 255, 255]);
        assert!(
            preview
                .preview(&Tensor::zeros(
                    (1, 3, 2, 2),
                    candle_core::DType::F32,
                    &Device::Cpu
                )?)
                .is_err()
        );
        Ok(())
    }
}
