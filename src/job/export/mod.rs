//! Files for other people and other programs, made from a run: a captioned grid, the authors' folder
//! of pictures, the denoising as GIF or APNG, the whole story as a film, figures and tables for papers,
//! and tables of numbers.
//!
//! Everything but the animations is made from the run alone, on the file thread. The animations
//! decode every step, so they are jobs of the worker, with progress and cancel. Nothing is written
//! before it is complete.

mod animation;
mod axes;
mod board;
mod captions;
mod figure;
mod folder;
mod latex;
mod lettering;
mod story;
mod table;
mod times;

pub use axes::labelled_grid;
pub use captions::Captions;

pub(super) use animation::{Painter, write as write_animation};
pub(super) use lettering::Lettering;
pub(super) use story::write as write_story;
pub use story::{MOST_COLUMNS as MOST_STORY_COLUMNS, StoryPlan, StorySize, mp4_possible};
pub(super) use table::csv;
pub use times::write as write_times;

use super::{Problem, RunFile, saving};
use crate::pipeline::metadata;
use image::RgbImage;
use std::path::PathBuf;
use std::sync::Arc;

/// What a run is made into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// One PNG with the frame, all pictures and captions.
    Grid,
    /// The same as a PDF: words as outlines, pictures at their full size.
    Pdf,
    /// A LaTeX table of the columns.
    Latex,
    /// A folder of JPEG files in the layout of the method's authors, and an overview beside it.
    Sheet,
    /// The denoising of all columns as an animated GIF.
    Gif,
    /// The same as an animated PNG, with all colours.
    Apng,
    /// One row of numbers per column, and a second file with one row per step.
    Csv,
    /// The same numbers and the complete requests.
    Json,
    /// Every measured span of the run's jobs, as CSV or JSON.
    Times,
    /// The story of the run as an animated GIF.
    StoryGif,
    /// The same as an animated PNG, with all colours.
    StoryApng,
    /// The same as MP4, through an installed `ffmpeg`.
    StoryMp4,
}

impl ExportFormat {
    /// All formats but the stories, in the order they are shown.
    pub const ALL: [Self; 9] = [
        Self::Grid,
        Self::Pdf,
        Self::Latex,
        Self::Sheet,
        Self::Gif,
        Self::Apng,
        Self::Csv,
        Self::Json,
        Self::Times,
    ];

    /// The formats of a story.
    pub const STORIES: [Self; 3] = [Self::StoryGif, Self::StoryApng, Self::StoryMp4];

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Grid => "grid",
            Self::Pdf => "pdf",
            Self::Latex => "latex",
            Self::StoryGif => "story-gif",
            Self::StoryApng => "story-apng",
            Self::StoryMp4 => "story-mp4",
            Self::Sheet => "sheet",
            Self::Gif => "gif",
            Self::Apng => "apng",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Times => "times",
        }
    }

    /// Endings a file of this format may have, the usual one first; none for a folder.
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Grid => &["png", "jpg", "jpeg", "webp"],
            Self::Pdf => &["pdf"],
            Self::Latex => &["tex"],
            Self::Sheet => &[],
            Self::Gif | Self::StoryGif => &["gif"],
            Self::Apng | Self::StoryApng => &["png", "apng"],
            Self::StoryMp4 => &["mp4"],
            Self::Csv => &["csv"],
            Self::Json => &["json"],
            Self::Times => &["csv", "json"],
        }
    }

    /// Whether every step has to be decoded, which is work for a model.
    pub fn is_animation(self) -> bool {
        matches!(self, Self::Gif | Self::Apng) || self.is_story()
    }

    /// Whether it tells the whole story of a run.
    pub fn is_story(self) -> bool {
        Self::STORIES.contains(&self)
    }
}

/// One export, complete.
#[derive(Clone, Debug)]
pub struct Export {
    /// The run.
    pub run: Arc<RunFile>,
    /// What to make.
    pub format: ExportFormat,
    /// The file, or the folder of a sheet. A name alone until a person chose the place.
    pub path: PathBuf,
    /// Whether an animation shows quick guesses of colours in place of decoded pictures.
    pub quick: bool,
    /// How large the pictures of a story are.
    pub size: StorySize,
    /// Whether pictures carry the requests and name seeds and scales.
    pub with_settings: bool,
    /// What the answer should have looked like, for a sheet.
    pub target: Option<Arc<RgbImage>>,
    /// The words on pictures.
    pub captions: Captions,
}

/// Makes everything that needs no model.
///
/// # Errors
/// When there is nothing to show, or the folder or the disk says no.
pub(super) fn write(export: &Export) -> Result<(), Problem> {
    let Export { run, path, .. } = export;
    if run.columns.is_empty() {
        return Err(nothing_finished());
    }
    match export.format {
        ExportFormat::Grid => {
            let texts = saving::run_texts(export)?;
            // The cells of a grid are told apart by their axes, columns by their captions.
            let picture = match &run.grid {
                Some(grid) if !grid.is_pair() => labelled_grid(run, grid, &export.captions),
                _ => board::still(export),
            };
            metadata::save(path, &picture, &texts)?;
            Ok(())
        }
        ExportFormat::Pdf => figure::write(export),
        ExportFormat::Latex => latex::write(export),
        ExportFormat::Sheet => folder::write(export),
        ExportFormat::Csv => table::write_csv(run, path),
        ExportFormat::Json => table::write_json(run, path),
        ExportFormat::Times => times::write(&run.timings, path),
        ExportFormat::Gif
        | ExportFormat::Apng
        | ExportFormat::StoryGif
        | ExportFormat::StoryApng
        | ExportFormat::StoryMp4 => Err(Problem::new(
            "An animation is drawn by the worker, not by the file thread.",
        )),
    }
}

/// Why a run without a finished column cannot be exported.
fn nothing_finished() -> Problem {
    Problem::new("There is nothing to export: no column of this run is finished.")
        .hint("Draw the answers first, then export the run.")
}
