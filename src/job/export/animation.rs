//! The denoising of all columns side by side, one picture per step, as GIF or APNG.

use super::board::{Board, Look};
use super::{Export, ExportFormat, nothing_finished};
use crate::job::{Estimate, GuidanceMode, Problem, saving};
use crate::nn::LatentRgb;
use crate::nn::resize::{Filter, resize};
use crate::pipeline::metadata::{self, PictureTexts};
use crate::pipeline::whole_file;
use crate::pipeline::{EditError, LgdPipeline};
use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, DynamicImage, Frame, RgbImage};
use std::fmt::Display;

/// Longest side of a cell. GIF has 256 colours per picture and hardly any compression for them.
const GIF_CELL: u32 = 320;
const APNG_CELL: u32 = 512;
/// How carefully the 256 colours of a GIF picture are chosen, 1 (slow) to 30.
const GIF_SPEED: i32 = 10;
/// The whole walk should take about this long, in milliseconds.
const WALK_MS: usize = 4000;
/// How long the finished pictures stay, in milliseconds.
const REST_MS: u16 = 2000;

/// What turns an estimate into a picture.
pub(in crate::job) enum Painter<'a> {
    /// The decoder of a loaded bundle.
    Decoder(&'a LgdPipeline),
    /// The quick guess of a bundle's colours.
    Colours(&'a LatentRgb),
}

impl Painter<'_> {
    pub(super) fn paint(
        &self,
        estimate: &Estimate,
        mode: GuidanceMode,
        size: (u32, u32),
    ) -> Result<RgbImage, EditError> {
        match self {
            Self::Decoder(pipeline) => pipeline.show(estimate, mode, size),
            Self::Colours(matrix) => {
                let guess = estimate.colours(matrix).map_err(|e| {
                    Problem::new(format!("The steps of this run cannot be shown: {e}."))
                        .hint("Name the bundle it was drawn with.")
                })?;
                Ok(resize(&guess, size.0, size.1, Filter::Bicubic))
            }
        }
    }
}

/// Draws and writes an animation. `on_step` hears of every picture, done and in all; it fails to stop
/// the work.
///
/// # Errors
/// When the run holds no steps, a step cannot be painted, the work is stopped, or the disk says no.
pub(in crate::job) fn write(
    export: &Export,
    painter: &Painter<'_>,
    on_step: &mut dyn FnMut(usize, usize) -> Result<(), EditError>,
) -> Result<(), EditError> {
    let columns = &export.run.columns;
    if columns.is_empty() {
        return Err(nothing_finished().into());
    }
    let steps = columns.iter().map(|c| c.track.len()).max().unwrap_or(0);
    if steps == 0 {
        return Err(
            Problem::new("This run holds no steps, so there is nothing to animate.")
                .hint("Export it as a grid, or draw it again.")
                .into(),
        );
    }
    let gif = export.format == ExportFormat::Gif;
    let look = Look {
        longest: if gif { GIF_CELL } else { APNG_CELL },
        counts: true,
    };
    let mut board = Board::new(export, look);
    let texts = saving::run_texts(export)?;
    let mut bytes = Vec::new();
    let mut writing = Writing::begin(export.format, &mut bytes, board.picture(), steps, &texts)?;
    for step in 1..=steps {
        on_step(step - 1, steps)?;
        for (index, column) in columns.iter().enumerate() {
            if step >= column.track.len() {
                board.show(index + 1, &column.display);
            } else if let Some(estimate) = column.track.get(step - 1) {
                let mode = column.request.mode;
                board.show(index + 1, &painter.paint(estimate, mode, board.cell())?);
            }
        }
        board.count(step, steps);
        writing.add(board.picture(), delay(step, steps))?;
    }
    writing.end()?;
    on_step(steps, steps)?;
    whole_file::write_whole(&export.path, &bytes).map_err(Problem::from)?;
    Ok(())
}

/// How long a step stays, in milliseconds; a multiple of ten, because GIF knows no less.
fn delay(step: usize, steps: usize) -> u16 {
    if step == steps {
        return REST_MS;
    }
    let even = (WALK_MS / steps.max(1)).clamp(40, 200);
    (even / 10 * 10) as u16
}

/// A file that grows picture by picture.
enum Writing<'a> {
    Gif(Box<GifEncoder<&'a mut Vec<u8>>>),
    Apng(Box<png::Writer<&'a mut Vec<u8>>>),
}

impl<'a> Writing<'a> {
    fn begin(
        format: ExportFormat,
        bytes: &'a mut Vec<u8>,
        first: &RgbImage,
        pictures: usize,
        texts: &PictureTexts,
    ) -> Result<Self, Problem> {
        if format == ExportFormat::Gif {
            let mut encoder = GifEncoder::new_with_speed(bytes, GIF_SPEED);
            encoder
                .set_repeat(Repeat::Infinite)
                .map_err(cannot_encode)?;
            return Ok(Self::Gif(Box::new(encoder)));
        }
        let mut encoder = png::Encoder::new(bytes, first.width(), first.height());
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder
            .set_animated(pictures as u32, 0)
            .map_err(cannot_encode)?;
        metadata::add_texts(&mut encoder, texts).map_err(cannot_encode)?;
        let writer = encoder.write_header().map_err(cannot_encode)?;
        Ok(Self::Apng(Box::new(writer)))
    }

    fn add(&mut self, picture: &RgbImage, milliseconds: u16) -> Result<(), Problem> {
        match self {
            Self::Gif(encoder) => {
                let picture = DynamicImage::ImageRgb8(picture.clone()).into_rgba8();
                let delay = Delay::from_numer_denom_ms(u32::from(milliseconds), 1);
                let frame = Frame::from_parts(picture, 0, 0, delay);
                encoder.encode_frame(frame).map_err(cannot_encode)
            }
            Self::Apng(writer) => {
                writer
                    .set_frame_delay(milliseconds, 1000)
                    .map_err(cannot_encode)?;
                writer
                    .write_image_data(picture.as_raw())
                    .map_err(cannot_encode)
            }
        }
    }

    fn end(self) -> Result<(), Problem> {
        match self {
            Self::Gif(_) => Ok(()), // its end is written when it goes
            Self::Apng(writer) => writer.finish().map_err(cannot_encode),
        }
    }
}

fn cannot_encode(error: impl Display) -> Problem {
    Problem::new(format!("The animation cannot be encoded: {error}."))
        .hint("Export the run in another format.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_takes_a_few_seconds_and_ends_with_a_rest() {
        assert_eq!(delay(20, 20), REST_MS);
        assert_eq!((delay(1, 3), delay(1, 20), delay(1, 50)), (200, 200, 80));
        assert_eq!((delay(1, 70), delay(1, 1000)), (50, 40));
    }
}
