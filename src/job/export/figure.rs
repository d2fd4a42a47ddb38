//! The figure of a comparison as a PDF: the words as outlines, so that no font has to come along, and
//! the pictures at their full size without loss. The cells of a grid are told apart by their axes, so
//! a grid is one picture.

use super::board::{Board, Look, WELL};
use super::lettering::Trace;
use super::{Export, labelled_grid};
use crate::job::Problem;
use crate::pipeline::whole_file;
use image::{Rgb, RgbImage};
use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::{Content, Filter, Finish as _, Name, Pdf, Rect, Ref, TextStr};

/// Width of the page in points: the text of a one-column paper, 6.5 inches.
const WIDTH: f32 = 468.0;
/// How hard pictures are packed, 0 to 10.
const LEVEL: u8 = 6;

const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const PAGE: Ref = Ref::new(3);
const CONTENT: Ref = Ref::new(4);
const INFO: Ref = Ref::new(5);
/// Number of the first picture.
const PICTURES: i32 = 6;

/// Writes the figure of a run.
///
/// # Errors
/// When the folder or the disk says no.
pub(super) fn write(export: &Export) -> Result<(), Problem> {
    let run = &export.run;
    let figure = match &run.grid {
        Some(grid) if !grid.is_pair() => of_picture(&labelled_grid(run, grid, &export.captions)),
        _ => of_board(export),
    };
    let question = run.columns.first().map(|c| c.request.question.as_str());
    let title = question.filter(|_| export.with_settings);
    let bytes = figure.bytes(title);
    whole_file::write_whole(&export.path, &bytes).map_err(Problem::from)
}

/// A page that is being drawn, in pixels of the board from its upper left corner.
struct Figure {
    size: (u32, u32),
    content: Content,
    pictures: Vec<RgbImage>,
}

fn of_picture(picture: &RgbImage) -> Figure {
    let mut figure = Figure::new(picture.dimensions());
    figure.picture((0, 0), picture.dimensions(), picture);
    figure
}

fn of_board(export: &Export) -> Figure {
    let run = &export.run;
    let board = Board::new(export, Look::full_size());
    let mut figure = Figure::new(board.picture().dimensions());
    let columns = run.columns.iter().map(|column| &*column.picture);
    let pictures = std::iter::once(&*run.frame).chain(columns);
    for (at, picture) in board.places().iter().zip(pictures) {
        figure.fill(*at, board.cell(), WELL);
        figure.picture(*at, board.cell(), picture);
    }
    for line in board.lines() {
        figure.colour(line.colour);
        let lettering = board.lettering();
        lettering.trace(line.at, &line.words, line.size, &mut |trace| {
            figure.trace(trace);
        });
        figure.content.fill_nonzero();
    }
    figure
}

impl Figure {
    fn new(size: (u32, u32)) -> Self {
        let (width, height) = (size.0.max(1), size.1.max(1));
        let scale = WIDTH / width as f32;
        let mut content = Content::new();
        // Pixels downwards in place of points upwards.
        content.transform([scale, 0.0, 0.0, -scale, 0.0, scale * height as f32]);
        Self {
            size: (width, height),
            content,
            pictures: Vec::new(),
        }
    }

    fn colour(&mut self, colour: Rgb<u8>) {
        let [red, green, blue] = colour.0.map(|level| f32::from(level) / 255.0);
        self.content.set_fill_rgb(red, green, blue);
    }

    fn fill(&mut self, at: (u32, u32), size: (u32, u32), colour: Rgb<u8>) {
        self.colour(colour);
        let [x, y, width, height] = [at.0, at.1, size.0, size.1].map(|n| n as f32);
        self.content.rect(x, y, width, height).fill_nonzero();
    }

    fn picture(&mut self, at: (u32, u32), size: (u32, u32), picture: &RgbImage) {
        let [x, y, width, height] = [at.0, at.1, size.0, size.1].map(|n| n as f32);
        let name = format!("P{}", self.pictures.len());
        self.content
            .save_state()
            // A picture fills the unit square and stands on its lower edge.
            .transform([width, 0.0, 0.0, -height, x, y + height])
            .x_object(Name(name.as_bytes()))
            .restore_state();
        self.pictures.push(picture.clone());
    }

    fn trace(&mut self, trace: Trace) {
        match trace {
            Trace::Move((x, y)) => self.content.move_to(x, y),
            Trace::Line((x, y)) => self.content.line_to(x, y),
            Trace::Cubic(a, b, end) => self.content.cubic_to(a.0, a.1, b.0, b.1, end.0, end.1),
            Trace::Close => self.content.close_path(),
        };
    }

    fn bytes(self, title: Option<&str>) -> Vec<u8> {
        let mut pdf = Pdf::new();
        pdf.catalog(CATALOG).pages(PAGES);
        pdf.pages(PAGES).kids([PAGE]).count(1);
        let scale = WIDTH / self.size.0 as f32;
        let mut page = pdf.page(PAGE);
        page.media_box(Rect::new(0.0, 0.0, WIDTH, scale * self.size.1 as f32));
        page.parent(PAGES);
        page.contents(CONTENT);
        let mut resources = page.resources();
        let mut objects = resources.x_objects();
        for index in 0..self.pictures.len() {
            let name = format!("P{index}");
            objects.pair(Name(name.as_bytes()), Ref::new(PICTURES + index as i32));
        }
        objects.finish();
        resources.finish();
        page.finish();
        let drawn = compress_to_vec_zlib(&self.content.finish(), LEVEL);
        pdf.stream(CONTENT, &drawn).filter(Filter::FlateDecode);
        for (index, picture) in self.pictures.iter().enumerate() {
            let packed = compress_to_vec_zlib(picture.as_raw(), LEVEL);
            let mut object = pdf.image_xobject(Ref::new(PICTURES + index as i32), &packed);
            object.filter(Filter::FlateDecode);
            object.width(picture.width() as i32);
            object.height(picture.height() as i32);
            object.color_space().device_rgb();
            object.bits_per_component(8);
        }
        let mut info = pdf.document_info(INFO);
        info.creator(TextStr("LGD Studio"));
        if let Some(title) = title {
            info.title(TextStr(title));
        }
        info.finish();
        pdf.finish()
    }
}
