//! The picture of a moment of the story.

use super::super::Export;
use super::super::animation::Painter;
use super::super::board::{ACCENT, GROUND, INK, QUIET, WELL, fill, name};
use super::super::lettering::Lettering;
use super::plan::{ANSWER_LINES, QUESTION_LINES, Scene, StoryPlan};
use crate::job::EditResult;
use crate::nn::resize::{Filter, resize};
use crate::pipeline::EditError;
use image::{Rgb, RgbImage, imageops};
use std::sync::Arc;

/// Thickness of the line that wipes, in pixels.
const EDGE: u32 = 2;

/// The canvas, and everything that is put on it.
pub(super) struct Stage<'a> {
    plan: &'a StoryPlan,
    columns: Vec<&'a Arc<EditResult>>,
    lettering: Lettering,
    canvas: RgbImage,
    question: Vec<String>,
    answers: Vec<Vec<String>>,
    /// The frame, and the finished pictures, as large as a cell.
    frame: RgbImage,
    finished: Vec<RgbImage>,
}

impl<'a> Stage<'a> {
    /// A stage with the frame and the names of the columns.
    pub(super) fn new(export: &'a Export, plan: &'a StoryPlan) -> Self {
        let run = &export.run;
        let lettering = Lettering::new();
        let (cell, text) = (plan.cell, plan.text);
        let columns: Vec<_> = run.columns.iter().take(plan.columns.0).collect();
        let fitting = |picture: &RgbImage| match picture.dimensions() == cell {
            true => picture.clone(),
            false => resize(picture, cell.0, cell.1, Filter::Bicubic),
        };
        let room = (plan.size.0 - 2 * plan.margin) as f32;
        let question = columns.first().map(|c| c.request.question.as_str());
        let question = question.unwrap_or_default();
        let answers = columns.iter().map(|column| {
            let answer = column.answer.as_ref().map_or("", |answer| &answer.text);
            lettering.wrap(answer, text * 0.92, cell.0 as f32, ANSWER_LINES)
        });
        let mut stage = Self {
            question: lettering.wrap(question, text * 1.4, room, QUESTION_LINES),
            answers: answers.collect(),
            frame: fitting(&run.frame),
            finished: columns.iter().map(|c| fitting(&c.display)).collect(),
            canvas: RgbImage::from_pixel(plan.size.0, plan.size.1, GROUND),
            plan,
            columns,
            lettering,
        };
        let frame = stage.frame.clone();
        stage.put(0, &frame);
        stage.name(0, &export.captions.say("Frame", &[]));
        let seeds: Vec<u64> = stage.columns.iter().map(|c| c.request.seed).collect();
        for index in 0..stage.columns.len() {
            let (x, y) = plan.place(index + 1);
            fill(&mut stage.canvas, (x, y), cell, WELL);
            let name = name(stage.columns[index], &seeds, export);
            stage.name(index + 1, &name);
        }
        stage
    }

    /// The picture as it is now.
    pub(super) fn picture(&self) -> &RgbImage {
        &self.canvas
    }

    /// Puts a scene on.
    ///
    /// # Errors
    /// When a step cannot be painted.
    pub(super) fn show(&mut self, scene: &Scene, painter: &Painter<'_>) -> Result<(), EditError> {
        match scene {
            Scene::Question(letters) => self.ask(*letters),
            Scene::Answers(share) => {
                for index in 0..self.columns.len() {
                    self.answer(index, *share);
                }
            }
            Scene::Step(step) => {
                for index in 0..self.columns.len() {
                    let column = self.columns[index];
                    if *step >= column.track.len() {
                        self.put_finished(index);
                    } else if let Some(estimate) = column.track.get(step.saturating_sub(1)) {
                        let (mode, cell) = (column.request.mode, self.plan.cell);
                        let picture = painter.paint(estimate, mode, cell)?;
                        self.put(index + 1, &picture);
                    }
                }
            }
            Scene::Finished => {
                for index in 0..self.columns.len() {
                    self.put_finished(index);
                }
            }
            Scene::Wipe(share) => {
                for index in 0..self.columns.len() {
                    self.wipe(index, *share);
                }
            }
        }
        Ok(())
    }

    fn put(&mut self, place: usize, picture: &RgbImage) {
        let (x, y) = self.plan.place(place);
        imageops::replace(&mut self.canvas, picture, i64::from(x), i64::from(y));
    }

    fn put_finished(&mut self, index: usize) {
        let (x, y) = self.plan.place(index + 1);
        if let Some(picture) = self.finished.get(index) {
            imageops::replace(&mut self.canvas, picture, i64::from(x), i64::from(y));
        }
    }

    fn name(&mut self, place: usize, words: &str) {
        let (x, y) = self.plan.place(place);
        let (text, room) = (self.plan.text, self.plan.cell.0 as f32);
        let y = y + self.plan.cell.1 + self.plan.margin / 4;
        for line in self.lettering.wrap(words, text, room, 1) {
            self.lettering
                .draw(&mut self.canvas, (x, y), &line, text, INK);
        }
    }

    /// So many letters of the question, and a caret after them while it is typed.
    fn ask(&mut self, letters: usize) {
        let (margin, size) = (self.plan.margin, self.plan.text * 1.4);
        let width = self.plan.size.0 - 2 * margin;
        let ground = (width, self.plan.header);
        fill(&mut self.canvas, (margin, margin), ground, GROUND);
        let all: usize = self.question.iter().map(|line| line.chars().count()).sum();
        let mut left = letters;
        for row in 0..self.question.len() {
            let line = &self.question[row];
            let typed: String = line.chars().take(left).collect();
            let y = margin + row as u32 * Lettering::line_height(size);
            let (at, whole) = ((margin, y), line.chars().count());
            self.lettering.draw(&mut self.canvas, at, &typed, size, INK);
            let here = left < whole || left == whole && row + 1 == self.question.len();
            if here && letters < all {
                let after = margin + self.lettering.width(&typed, size).ceil() as u32 + 2;
                let caret = (2, (size * 1.1) as u32);
                fill(&mut self.canvas, (after, y), caret, ACCENT);
            }
            if left < whole {
                break;
            }
            // What was a space between two lines.
            left = left.saturating_sub(whole + 1);
        }
    }

    fn answer(&mut self, index: usize, share: u32) {
        let (x, y) = self.plan.place(index + 1);
        let (text, cell) = (self.plan.text, self.plan.cell);
        let line = Lettering::line_height(text);
        let top = y + cell.1 + self.plan.margin / 4 + line;
        let Some(lines) = self.answers.get(index) else {
            return;
        };
        let ground = (cell.0, ANSWER_LINES as u32 * line);
        fill(&mut self.canvas, (x, top), ground, GROUND);
        let all: usize = lines.iter().map(|words| words.chars().count()).sum();
        let mut left = (all * share as usize).div_ceil(1000);
        for (row, words) in lines.iter().enumerate() {
            let written: String = words.chars().take(left).collect();
            left = left.saturating_sub(words.chars().count());
            let at = (x, top + row as u32 * line);
            self.lettering
                .draw(&mut self.canvas, at, &written, text * 0.92, QUIET);
        }
    }

    /// The answer to the left of the edge, the frame to its right.
    fn wipe(&mut self, index: usize, share: u32) {
        let (width, height) = self.plan.cell;
        let edge = width * share.min(1000) / 1000;
        let Some(answer) = self.finished.get(index) else {
            return;
        };
        let (left, top) = self.plan.place(index + 1);
        for y in 0..height {
            for x in 0..width {
                let (after, before) = (answer.get_pixel(x, y), self.frame.get_pixel(x, y));
                let moving = (1..1000).contains(&share) && (edge..edge + EDGE).contains(&x);
                let pixel: Rgb<u8> = match (moving, x < edge) {
                    (true, _) => ACCENT,
                    (false, true) => *after,
                    (false, false) => *before,
                };
                self.canvas.put_pixel(left + x, top + y, pixel);
            }
        }
    }
}
