//! Pictures one after the other into a file. Each adds only what changed, so that typing costs a line
//! of text and not a whole picture.

use super::movie::Movie;
use super::plan::StoryPlan;
use crate::job::{Export, ExportFormat, Problem};
use crate::pipeline::EditError;
use crate::pipeline::metadata::{self, PictureTexts};
use crate::pipeline::whole_file;
use image::RgbImage;
use std::fmt::Display;
use std::path::Path;

/// How carefully the 256 colours of a GIF picture are chosen, 1 (slow) to 30.
const GIF_SPEED: i32 = 10;

/// A film that grows picture by picture.
pub(super) struct Reel {
    kind: Kind,
    /// What is on screen.
    shown: Option<RgbImage>,
    /// Milliseconds of pictures that showed nothing new, and were left out.
    owed: u32,
    /// The picture that waits for the next one, because it may stay longer.
    waiting: Option<Change>,
}

enum Kind {
    Gif(Box<gif::Encoder<Vec<u8>>>),
    Apng(Box<Apng>),
    Mp4(Box<Movie>),
}

/// The part of a picture that differs from the one before.
struct Change {
    left: u32,
    top: u32,
    /// The pixels of that part.
    now: RgbImage,
    /// The same part before; none in the first picture.
    before: Option<RgbImage>,
    milliseconds: u32,
}

/// An animated PNG whose number of pictures is known only at its end.
struct Apng {
    size: (u32, u32),
    texts: PictureTexts,
    changes: Vec<Change>,
}

impl Reel {
    /// An empty film.
    ///
    /// # Errors
    /// When `ffmpeg` is needed and missing, or the folder says no.
    pub(super) fn begin(
        export: &Export,
        plan: &StoryPlan,
        texts: &PictureTexts,
    ) -> Result<Self, EditError> {
        let (width, height) = plan.size;
        let kind = match export.format {
            ExportFormat::StoryMp4 => {
                Kind::Mp4(Box::new(Movie::begin(&export.path, (width, height))?))
            }
            ExportFormat::StoryApng => Kind::Apng(Box::new(Apng {
                size: (width, height),
                texts: texts.clone(),
                changes: Vec::new(),
            })),
            _ => {
                let (width, height) = (side(width)?, side(height)?);
                let encoder = gif::Encoder::new(Vec::new(), width, height, &[]);
                let mut encoder = encoder.map_err(cannot_encode)?;
                let endless = gif::Repeat::Infinite;
                encoder.set_repeat(endless).map_err(cannot_encode)?;
                Kind::Gif(Box::new(encoder))
            }
        };
        Ok(Self {
            kind,
            shown: None,
            owed: 0,
            waiting: None,
        })
    }

    /// Adds a picture that stays so long.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub(super) fn add(&mut self, picture: &RgbImage, milliseconds: u32) -> Result<(), EditError> {
        if let Kind::Mp4(movie) = &mut self.kind {
            return movie.add(picture, milliseconds);
        }
        let change = match &self.shown {
            None => Some(Change {
                left: 0,
                top: 0,
                now: picture.clone(),
                before: None,
                milliseconds,
            }),
            Some(before) => change(before, picture, milliseconds),
        };
        let Some(change) = change else {
            self.owed += milliseconds; // nothing moved: the last picture stays longer
            return Ok(());
        };
        self.flush()?;
        self.waiting = Some(change);
        self.shown = Some(picture.clone());
        Ok(())
    }

    fn flush(&mut self) -> Result<(), EditError> {
        let Some(mut change) = self.waiting.take() else {
            return Ok(());
        };
        change.milliseconds += std::mem::take(&mut self.owed);
        match &mut self.kind {
            Kind::Gif(encoder) => {
                let frame = gif_frame(&change)?;
                encoder.write_frame(&frame).map_err(cannot_encode)?;
            }
            Kind::Apng(apng) => apng.changes.push(change),
            Kind::Mp4(_) => {}
        }
        Ok(())
    }

    /// Ends the film and puts it in place, whole.
    ///
    /// # Errors
    /// When it cannot be encoded or written.
    pub(super) fn end(mut self, path: &Path) -> Result<(), EditError> {
        self.flush()?;
        let bytes = match self.kind {
            Kind::Mp4(movie) => return movie.end(path),
            Kind::Gif(encoder) => encoder.into_inner().map_err(cannot_encode)?,
            Kind::Apng(apng) => apng.encode().map_err(cannot_encode)?,
        };
        whole_file::write_whole(path, &bytes).map_err(Problem::from)?;
        Ok(())
    }
}

/// The smallest part that holds every pixel that differs; none where all are the same.
fn change(before: &RgbImage, now: &RgbImage, milliseconds: u32) -> Option<Change> {
    let (width, height) = now.dimensions();
    let row = 3 * width as usize;
    let differs = |y: &u32| {
        let line = *y as usize * row..(*y as usize + 1) * row;
        before.as_raw().get(line.clone()) != now.as_raw().get(line)
    };
    let top = (0..height).find(differs)?;
    let bottom = (0..height).rev().find(differs)?;
    let (mut left, mut right) = (width, 0);
    for y in top..=bottom {
        let pixel = |x: &u32| before.get_pixel(*x, y) != now.get_pixel(*x, y);
        if let Some(first) = (0..left).find(pixel) {
            left = first;
        }
        if let Some(last) = (right..width).rev().find(pixel) {
            right = right.max(last);
        }
    }
    let part = |picture: &RgbImage| {
        let (width, height) = (right - left + 1, bottom - top + 1);
        image::imageops::crop_imm(picture, left, top, width, height).to_image()
    };
    Some(Change {
        left,
        top,
        now: part(now),
        before: Some(part(before)),
        milliseconds,
    })
}

/// The part as a GIF picture: what did not change is left as it is, so that its colours stay exact.
fn gif_frame(change: &Change) -> Result<gif::Frame<'static>, Problem> {
    let mut pixels = Vec::with_capacity(4 * change.now.pixels().len());
    let same = |index: usize, pixel: &image::Rgb<u8>| {
        let before = change.before.as_ref().map(|before| before.as_raw());
        before.is_some_and(|raw| raw.get(3 * index..3 * index + 3) == Some(&pixel.0[..]))
    };
    for (index, pixel) in change.now.pixels().enumerate() {
        match same(index, pixel) {
            true => pixels.extend([0; 4]),
            false => pixels.extend([pixel.0[0], pixel.0[1], pixel.0[2], 255]),
        }
    }
    let (width, height) = (side(change.now.width())?, side(change.now.height())?);
    let mut frame = gif::Frame::from_rgba_speed(width, height, &mut pixels, GIF_SPEED);
    (frame.left, frame.top) = (side(change.left)?, side(change.top)?);
    frame.delay = (change.milliseconds / 10).min(u32::from(u16::MAX)) as u16;
    frame.dispose = gif::DisposalMethod::Keep;
    Ok(frame)
}

fn side(length: u32) -> Result<u16, Problem> {
    u16::try_from(length).map_err(|_too_long| cannot_encode("the pictures are too large"))
}

impl Apng {
    fn encode(&self) -> Result<Vec<u8>, png::EncodingError> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.size.0, self.size.1);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_animated(self.changes.len() as u32, 0)?;
        metadata::add_texts(&mut encoder, &self.texts)?;
        let mut writer = encoder.write_header()?;
        for change in &self.changes {
            let (width, height) = change.now.dimensions();
            if change.before.is_some() {
                writer.reset_frame_position()?;
                writer.set_frame_dimension(width, height)?;
                writer.set_frame_position(change.left, change.top)?;
            }
            let milliseconds = change.milliseconds.min(u32::from(u16::MAX)) as u16;
            writer.set_frame_delay(milliseconds, 1000)?;
            writer.write_image_data(change.now.as_raw())?;
        }
        writer.finish()?;
        Ok(bytes)
    }
}

fn cannot_encode(error: impl Display) -> Problem {
    Problem::new(format!("The story cannot be encoded: {error}."))
        .hint("Make it smaller, or in another format.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn a_change_is_the_smallest_part_and_nothing_is_no_change() {
        let before = RgbImage::from_pixel(20, 10, Rgb([9; 3]));
        let mut now = before.clone();
        now.put_pixel(3, 2, Rgb([1; 3]));
        now.put_pixel(7, 5, Rgb([2; 3]));
        let found = change(&before, &now, 40).expect("two pixels differ");
        assert_eq!((found.left, found.top), (3, 2));
        assert_eq!(found.now.dimensions(), (5, 4));
        assert!(change(&before, &before, 40).is_none());
        let corner = |x, y| {
            let mut now = before.clone();
            now.put_pixel(x, y, Rgb([1; 3]));
            let found = change(&before, &now, 1).expect("one pixel differs");
            (found.left, found.top, found.now.dimensions())
        };
        assert_eq!(corner(19, 9), (19, 9, (1, 1)));
        assert_eq!(corner(0, 0), (0, 0, (1, 1)));
    }
}
