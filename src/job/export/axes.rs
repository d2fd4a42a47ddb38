//! The picture of a grid: every cell in its place, with the values and the names of the axes along
//! the edges.

use super::Captions;
use super::board::{GROUND, INK, QUIET, WELL, fill, fitted};
use super::lettering::Lettering;
use crate::job::{Axis, Grid, RunFile};
use crate::nn::resize::{Filter, resize};
use image::{RgbImage, imageops};

/// Longest side of all cells together, in pixels; larger pictures are made smaller.
const LONGEST: u32 = 6144;
/// Between cells, in pixels.
const GAP: u32 = 6;

/// Where everything goes, in pixels.
struct Places {
    cell: (u32, u32),
    /// Upper left corner of the cells.
    corner: (u32, u32),
    /// Size of letters.
    text: f32,
    margin: u32,
}

impl Places {
    fn cell_at(&self, column: usize, row: usize) -> (u32, u32) {
        let along = |start: u32, index: usize, side: u32| start + index as u32 * (side + GAP);
        (
            along(self.corner.0, column, self.cell.0),
            along(self.corner.1, row, self.cell.1),
        )
    }
}

/// Draws the finished cells of a grid; the others stay empty.
pub fn labelled_grid(run: &RunFile, grid: &Grid, captions: &Captions) -> RgbImage {
    let lettering = Lettering::new();
    let title = |axis: &Axis| captions.say(axis.parameter().title(), &[]);
    let (width, height) = (grid.width().max(1), grid.height().max(1));
    let cell = fitted(run.frame.dimensions(), LONGEST / width.max(height) as u32);
    let text = (cell.0 as f32 / 14.0).clamp(13.0, 30.0);
    let (margin, line) = ((text * 0.8) as u32, Lettering::line_height(text));
    let across = width as u32 * (cell.0 + GAP) - GAP;
    let down = height as u32 * (cell.1 + GAP) - GAP;

    let question = common_question(run, grid).map_or_else(Vec::new, |question| {
        lettering.wrap(question, text * 1.2, across as f32, 3)
    });
    let header = question.len() as u32 * Lettering::line_height(text * 1.2);
    let beside = grid.y.as_ref().map_or(0, |axis| {
        let labels = (0..axis.len()).map(|row| lettering.width(&axis.label(row), text));
        let widest = labels.fold(0.0, f32::max).min(text * 9.0);
        widest.ceil() as u32 + line + margin
    });
    let places = Places {
        cell,
        corner: (margin + beside, 2 * margin + header),
        text,
        margin,
    };
    let below = grid.x.as_ref().map_or(0, |_| 4 * line);
    let size = (
        places.corner.0 + across + margin,
        places.corner.1 + down + below + margin,
    );
    let mut canvas = RgbImage::from_pixel(size.0, size.1, GROUND);
    for (row, words) in question.iter().enumerate() {
        let y = margin + row as u32 * Lettering::line_height(text * 1.2);
        lettering.draw(&mut canvas, (places.corner.0, y), words, text * 1.2, INK);
    }
    for row in 0..height {
        for column in 0..width {
            fill(&mut canvas, places.cell_at(column, row), cell, WELL);
        }
    }
    for column in &run.columns {
        let Some(index) = grid.cell_of(&column.request) else {
            continue;
        };
        let (x, y) = places.cell_at(index % width, index / width);
        let fitting = resize(&column.display, cell.0, cell.1, Filter::Bicubic);
        imageops::replace(&mut canvas, &fitting, i64::from(x), i64::from(y));
    }
    if let Some(axis) = &grid.x {
        let title = title(axis);
        columns_ticks(
            &mut canvas,
            &lettering,
            &places,
            (axis, &title),
            (across, down),
        );
    }
    if let Some(axis) = &grid.y {
        let title = title(axis);
        rows_ticks(
            &mut canvas,
            &lettering,
            &places,
            (axis, &title),
            (beside, down),
        );
    }
    canvas
}

/// The question of all cells; none where an axis varies it.
fn common_question<'a>(run: &'a RunFile, grid: &Grid) -> Option<&'a str> {
    let varies = grid
        .axes(0)
        .any(|(axis, _)| matches!(axis, Axis::Question(_)));
    let first = run.columns.first().filter(|_| !varies)?;
    Some(first.request.question.as_str())
}

/// Values under the columns, and below them what they are values of.
fn columns_ticks(
    canvas: &mut RgbImage,
    lettering: &Lettering,
    places: &Places,
    (axis, title): (&Axis, &str),
    (across, down): (u32, u32),
) {
    let line = Lettering::line_height(places.text);
    let centred = |words: &str, left: u32, room: u32| {
        let width = lettering.width(words, places.text) as u32;
        left + room.saturating_sub(width) / 2
    };
    let top = places.corner.1 + down + places.margin / 3;
    let mut lines = 1;
    for index in 0..axis.len() {
        let (left, _) = places.cell_at(index, 0);
        let room = places.cell.0;
        let label = lettering.wrap(&axis.label(index), places.text, room as f32, 2);
        lines = lines.max(label.len());
        for (row, words) in label.iter().enumerate() {
            let at = (centred(words, left, room), top + row as u32 * line);
            lettering.draw(canvas, at, words, places.text, INK);
        }
    }
    let at = (
        centred(title, places.corner.0, across),
        top + lines as u32 * line,
    );
    lettering.draw(canvas, at, title, places.text, QUIET);
}

/// Values beside the rows, and left of them, upwards, what they are values of.
fn rows_ticks(
    canvas: &mut RgbImage,
    lettering: &Lettering,
    places: &Places,
    (axis, title): (&Axis, &str),
    (beside, down): (u32, u32),
) {
    let line = Lettering::line_height(places.text);
    let room = beside - line - places.margin;
    for index in 0..axis.len() {
        let (left, top) = places.cell_at(0, index);
        let most = ((places.cell.1 / line) as usize).clamp(1, 4);
        let label = lettering.wrap(&axis.label(index), places.text, room as f32, most);
        let block = label.len() as u32 * line;
        let first = top + places.cell.1.saturating_sub(block) / 2;
        for (row, words) in label.iter().enumerate() {
            let width = lettering.width(words, places.text).ceil() as u32;
            let x = left.saturating_sub(width + places.margin / 2);
            lettering.draw(
                canvas,
                (x, first + row as u32 * line),
                words,
                places.text,
                INK,
            );
        }
    }
    let width = lettering.width(title, places.text).ceil() as u32;
    let mut strip = RgbImage::from_pixel(width + 2, line, GROUND);
    lettering.draw(&mut strip, (1, 0), title, places.text, QUIET);
    let upwards = imageops::rotate270(&strip);
    let y = places.corner.1 + down.saturating_sub(width) / 2;
    let x = places.margin / 2;
    imageops::replace(canvas, &upwards, i64::from(x), i64::from(y));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{EditRequest, EditResult, FrameFacts, JobId, Parameter};
    use image::Rgb;
    use std::sync::Arc;

    #[test]
    fn cells_stand_in_their_places_between_the_axes() {
        let grid = Grid {
            x: Axis::parse(Parameter::GuidanceScale, "1,3").ok(),
            y: Axis::parse(Parameter::ImageGuidanceScale, "1,1.5,2").ok(),
        };
        let cell = |index: usize| {
            let picture = Arc::new(RgbImage::from_pixel(40, 30, Rgb([index as u8 * 40, 7, 9])));
            let base = EditRequest::default();
            Arc::new(EditResult {
                job: JobId(0),
                display: picture.clone(),
                picture,
                request: grid.request(index, &base),
                answer: None,
                track: Vec::new().into(),
                bundle: String::new(),
                bundle_fingerprint: String::new(),
                device: String::new(),
                frame: FrameFacts::default(),
                stages: Vec::new(),
                notices: Vec::new(),
                attention: None,
                check: None,
                reading: None,
                rest: serde_json::Map::new(),
            })
        };
        // The order does not matter, and one is missing.
        let run = RunFile {
            frame: Arc::new(RgbImage::new(40, 30)),
            columns: [4, 0, 3, 5, 1].map(cell).into(),
            ..RunFile::default()
        };
        let sheet = labelled_grid(&run, &grid, &Captions::default());
        let is = |pixel: &Rgb<u8>, index: usize| pixel.0 == [index as u8 * 40, 7, 9];
        let corner = |index: usize| {
            let mut pixels = sheet.enumerate_pixels();
            let found = pixels.find(|(_, _, pixel)| is(pixel, index));
            found.map(|(x, y, _)| (x, y))
        };
        let (Some(first), Some(last)) = (corner(0), corner(5)) else {
            panic!("cells are missing");
        };
        assert_eq!(last.0 - first.0, 40 + GAP);
        assert_eq!(last.1 - first.1, 2 * (30 + GAP));
        assert_eq!(corner(2), None);
        let well = sheet.get_pixel(first.0 + 10, first.1 + 30 + GAP + 10);
        assert_eq!(*well, WELL);
        let ink = |left: u32, top: u32, right: u32, bottom: u32| {
            let inside = sheet
                .enumerate_pixels()
                .filter(|(x, y, _)| (left..right).contains(x) && (top..bottom).contains(y));
            inside.filter(|(_, _, p)| p.0[0] < 200).count()
        };
        let (right, bottom) = (last.0 + 40, last.1 + 30);
        assert!(ink(0, first.1, first.0 - 2, bottom) > 40, "values of rows");
        assert!(
            ink(first.0, bottom + 2, right, sheet.height()) > 40,
            "and of columns"
        );
    }
}
