//! The picture of a whole run: question, frame, every column with its name and answer, and for
//! animations a line that says how far the denoising is.

use super::lettering::Lettering;
use super::{Captions, Export};
use crate::job::{EditResult, GuidanceMode, columns_per_seed};
use crate::nn::resize::{Filter, resize};
use image::{Rgb, RgbImage, imageops};
use std::fmt::Display;

/// The colours of the light theme: an exported picture looks the same whatever the window does.
pub(super) const GROUND: Rgb<u8> = Rgb([255, 250, 243]);
pub(super) const WELL: Rgb<u8> = Rgb([241, 232, 220]);
pub(super) const INK: Rgb<u8> = Rgb([45, 36, 56]);
pub(super) const QUIET: Rgb<u8> = Rgb([109, 98, 118]);
pub(super) const ACCENT: Rgb<u8> = Rgb([42, 119, 132]);
/// Columns in a row when the seeds make no rows of their own.
const PER_ROW: usize = 4;

/// A line of text on a board.
pub(super) struct Line {
    pub at: (u32, u32),
    pub words: String,
    pub size: f32,
    pub colour: Rgb<u8>,
}

/// A prepared picture whose cells are filled in.
pub(super) struct Board {
    canvas: RgbImage,
    lettering: Lettering,
    /// Width and height of a cell.
    cell: (u32, u32),
    /// Upper left corner of the frame and of every column.
    places: Vec<(u32, u32)>,
    /// Where the counter stands: left, top, width.
    counter: Option<(u32, u32, u32)>,
    /// Question and captions, for whoever draws them with outlines.
    lines: Vec<Line>,
    captions: Captions,
    text: f32,
    margin: u32,
}

/// How a board is made.
#[derive(Clone, Copy)]
pub(super) struct Look {
    /// Longest side of a cell; larger pictures are made smaller.
    pub longest: u32,
    /// Whether there is a step counter.
    pub counts: bool,
}

impl Look {
    /// Pictures as they are, for a still.
    pub fn full_size() -> Self {
        Self {
            longest: u32::MAX,
            counts: false,
        }
    }
}

/// Where everything goes, in pixels.
struct Measures {
    cell: (u32, u32),
    per_row: usize,
    rows: usize,
    text: f32,
    margin: u32,
    caption: u32,
    header: u32,
}

impl Board {
    /// A board of a run with its captions and the frame, and wells where the columns go.
    pub fn new(export: &Export, look: Look) -> Self {
        let run = &export.run;
        let lettering = Lettering::new();
        let cell = fitted(run.frame.dimensions(), look.longest);
        let seeds: Vec<u64> = run.columns.iter().map(|c| c.request.seed).collect();
        let per_row = columns_per_seed(&seeds).unwrap_or(run.columns.len().min(PER_ROW));
        let rows = run.columns.len().div_ceil(per_row.max(1));
        let text = (cell.0 as f32 / 22.0).clamp(13.0, 26.0);
        let margin = (text * 1.2) as u32;
        let width = (per_row as u32 + 1) * (cell.0 + margin) + margin;
        let question = run.columns.first().map(|c| c.request.question.as_str());
        let room = (width - 2 * margin) as f32;
        let question = lettering.wrap(question.unwrap_or_default(), text * 1.4, room, 3);
        let header = question.len() as u32 * Lettering::line_height(text * 1.4);
        let measures = Measures {
            cell,
            per_row,
            rows,
            text,
            margin,
            // A name and two lines of answer.
            caption: 3 * Lettering::line_height(text) + margin / 2,
            header: header
                + if look.counts {
                    Lettering::line_height(text) + margin
                } else {
                    0
                },
        };
        let mut board = Self::empty(lettering, &measures, run.columns.len());
        for (line, words) in question.iter().enumerate() {
            let y = margin + line as u32 * Lettering::line_height(text * 1.4);
            board.write((margin, y), words, text * 1.4, INK);
        }
        if look.counts {
            board.counter = Some((margin, margin + header + margin / 2, width - 2 * margin));
        }
        board.captions = export.captions.clone();
        board.caption(0, &export.captions.say("Frame", &[]), "");
        board.show(0, &run.frame);
        for (index, column) in run.columns.iter().enumerate() {
            let answer = column
                .answer
                .as_ref()
                .map_or("", |answer| answer.text.as_str());
            board.caption(index + 1, &name(column, &seeds, export), answer);
        }
        board
    }

    fn empty(lettering: Lettering, measures: &Measures, columns: usize) -> Self {
        let Measures {
            cell,
            per_row,
            margin,
            ..
        } = *measures;
        let row = cell.1 + measures.caption + margin;
        let top = margin + measures.header + margin;
        let place = |across: usize, down: usize| {
            let x = margin + across as u32 * (cell.0 + margin);
            (x, top + down as u32 * row)
        };
        // The frame stands alone on the left.
        let columns = (0..columns).map(|i| place(1 + i % per_row.max(1), i / per_row.max(1)));
        let places: Vec<_> = std::iter::once(place(0, 0)).chain(columns).collect();
        let (width, _) = place(per_row + 1, 0);
        let height = top + measures.rows as u32 * row;
        let mut canvas = RgbImage::from_pixel(width, height, GROUND);
        for (x, y) in &places {
            fill(&mut canvas, (*x, *y), cell, WELL);
        }
        Self {
            canvas,
            lettering,
            cell,
            places,
            counter: None,
            lines: Vec::new(),
            captions: Captions::default(),
            text: measures.text,
            margin,
        }
    }

    fn caption(&mut self, place: usize, name: &str, answer: &str) {
        let Some(&(x, y)) = self.places.get(place) else {
            return;
        };
        let (text, room) = (self.text, self.cell.0 as f32);
        let line = Lettering::line_height(text);
        let top = y + self.cell.1 + self.margin / 3;
        let name = self.lettering.wrap(name, text, room, 1);
        let answer = self.lettering.wrap(answer, text * 0.92, room, 2);
        let lines = name.iter().map(|words| (words, text, INK));
        let lines = lines.chain(answer.iter().map(|words| (words, text * 0.92, QUIET)));
        for (row, (words, size, colour)) in lines.enumerate() {
            self.write((x, top + row as u32 * line), words, size, colour);
        }
    }

    fn write(&mut self, at: (u32, u32), words: &str, size: f32, colour: Rgb<u8>) {
        self.lettering
            .draw(&mut self.canvas, at, words, size, colour);
        self.lines.push(Line {
            at,
            words: words.to_owned(),
            size,
            colour,
        });
    }

    /// Question and captions.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Upper left corner of the frame and of every column.
    pub fn places(&self) -> &[(u32, u32)] {
        &self.places
    }

    /// What its words are drawn with.
    pub fn lettering(&self) -> &Lettering {
        &self.lettering
    }

    /// Width and height of a cell, in pixels.
    pub fn cell(&self) -> (u32, u32) {
        self.cell
    }

    /// Puts a picture into a place: 0 is the frame, the columns follow.
    pub fn show(&mut self, place: usize, picture: &RgbImage) {
        let Some(&(x, y)) = self.places.get(place) else {
            return;
        };
        let (width, height) = self.cell;
        let (x, y) = (i64::from(x), i64::from(y));
        if picture.dimensions() == self.cell {
            imageops::replace(&mut self.canvas, picture, x, y);
        } else {
            let fitting = resize(picture, width, height, Filter::Bicubic);
            imageops::replace(&mut self.canvas, &fitting, x, y);
        }
    }

    /// Writes how far the denoising is.
    pub fn count(&mut self, step: usize, steps: usize) {
        let Some((x, y, width)) = self.counter else {
            return;
        };
        let line = Lettering::line_height(self.text);
        fill(&mut self.canvas, (x, y), (width, line), GROUND);
        let words = |step: usize| {
            let values: [(&str, &dyn Display); 2] = [("step", &step), ("steps", &steps)];
            self.captions.say("Step {step} of {steps}", &values)
        };
        let (words, longest) = (words(step), words(steps));
        self.lettering
            .draw(&mut self.canvas, (x, y), &words, self.text, QUIET);
        // The bar begins behind the widest count there will be.
        let widest = self.lettering.width(&longest, self.text);
        let from = widest.ceil() as u32 + self.margin;
        let length = width.saturating_sub(from);
        let thick = (self.text / 5.0).ceil() as u32;
        let at = (x + from, y + line / 2 - thick / 2);
        let done = (u64::from(length) * step as u64 / steps.max(1) as u64) as u32;
        fill(&mut self.canvas, at, (length, thick), WELL);
        fill(&mut self.canvas, at, (done.min(length), thick), ACCENT);
    }

    /// The picture as it is now.
    pub fn picture(&self) -> &RgbImage {
        &self.canvas
    }
}

/// The finished pictures of a run with captions.
pub(super) fn still(export: &Export) -> RgbImage {
    let mut board = Board::new(export, Look::full_size());
    for (index, column) in export.run.columns.iter().enumerate() {
        board.show(index + 1, &column.display);
    }
    board.canvas
}

/// What a column is called: its mode, the step it branched off, and its seed where that tells.
pub(super) fn name(column: &EditResult, seeds: &[u64], export: &Export) -> String {
    let (request, captions) = (&column.request, &export.captions);
    let mode = match request.mode {
        GuidanceMode::Question => "Question",
        GuidanceMode::Answer => "Answer",
        GuidanceMode::Latent => "Latent",
        GuidanceMode::Both => "Both",
    };
    let mut name = captions.say(mode, &[]);
    if let Some(branch) = &request.branch {
        let values: [(&str, &dyn Display); 2] = [("name", &name), ("step", &branch.step)];
        name = captions.say("{name}, from step {step}", &values);
    }
    let several = seeds.iter().any(|seed| Some(seed) != seeds.first());
    if export.with_settings || several {
        let values: [(&str, &dyn Display); 2] = [("name", &name), ("seed", &request.seed)];
        name = captions.say("{name}, seed {seed}", &values);
    }
    if export.with_settings {
        let values: [(&str, &dyn Display); 3] = [
            ("name", &name),
            ("text", &request.guidance_scale),
            ("image", &request.image_guidance_scale),
        ];
        name = captions.say("{name}, text {text}, image {image}", &values);
    }
    name
}

/// A size with the same proportions whose longer side is at most `longest`.
pub(super) fn fitted((width, height): (u32, u32), longest: u32) -> (u32, u32) {
    let side = width.max(height).max(1);
    if side <= longest {
        return (width.max(1), height.max(1));
    }
    let scaled = |length: u32| {
        let exact = u64::from(length) * u64::from(longest) / u64::from(side);
        (exact as u32).max(1)
    };
    (scaled(width), scaled(height))
}

pub(super) fn fill(
    canvas: &mut RgbImage,
    (x, y): (u32, u32),
    (width, height): (u32, u32),
    colour: Rgb<u8>,
) {
    let (right, bottom) = (x.saturating_add(width), y.saturating_add(height));
    for y in y..bottom.min(canvas.height()) {
        for x in x..right.min(canvas.width()) {
            canvas.put_pixel(x, y, colour);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{ExportFormat, RunFile, StorySize};
    use std::sync::Arc;

    #[test]
    fn a_board_speaks_the_language_of_whoever_exports() {
        let run = RunFile {
            frame: Arc::new(RgbImage::new(40, 30)),
            ..RunFile::default()
        };
        let lines = |captions: Captions| {
            let export = Export {
                run: Arc::new(run.clone()),
                format: ExportFormat::Grid,
                path: "grid.png".into(),
                quick: false,
                size: StorySize::default(),
                with_settings: true,
                target: None,
                captions,
            };
            let board = Board::new(&export, Look::full_size());
            let words = board.lines().iter().map(|line| line.words.clone());
            words.collect::<Vec<_>>()
        };
        assert_eq!(lines(Captions::default()), ["Frame"]);
        let turned = Captions::said_by(|english| english.replace("Frame", "画面"));
        assert_eq!(lines(turned), ["画面"]);
    }
}
