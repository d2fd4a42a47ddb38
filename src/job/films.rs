//! Recorded runs as films: a picture of every step of every column, for the loop that plays while
//! nobody asks. No model is needed.

use super::run_file::{self, RunFile, is_run_file};
use super::{BundleSource, GuidanceMode, Problem};
use crate::nn::LatentRgb;
use crate::pipeline::Bundle;
use image::RgbImage;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The runs that the program carries.
const BUILT_IN: [&[u8]; 4] = [
    include_bytes!("../../assets/conference/fishbowl.lgdrun"),
    include_bytes!("../../assets/conference/snowman.lgdrun"),
    include_bytes!("../../assets/conference/garden-night.lgdrun"),
    include_bytes!("../../assets/conference/apple-tree.lgdrun"),
];
/// Most runs that are read from a folder.
const MOST: usize = 24;
/// Most columns that fit beside each other.
const COLUMNS: usize = 4;

/// Where recorded runs come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FilmSource {
    /// Those the program carries.
    #[default]
    BuiltIn,
    /// The run files of a folder, by name.
    Folder(PathBuf),
}

/// A recorded run.
#[derive(Clone, Debug)]
pub struct Film {
    /// What was asked.
    pub question: String,
    /// About this picture.
    pub frame: Arc<RgbImage>,
    /// The answers.
    pub columns: Vec<FilmColumn>,
}

/// One recorded answer.
#[derive(Clone, Debug)]
pub struct FilmColumn {
    /// What guided it.
    pub mode: GuidanceMode,
    /// The sentence the model wrote, in the modes that have one.
    pub answer: Option<String>,
    /// A quick guess per step, one pixel per cell; empty where its colours are not known.
    pub steps: Vec<Arc<RgbImage>>,
    /// The finished picture.
    pub picture: Arc<RgbImage>,
}

impl Film {
    /// Steps of the longest column.
    pub fn steps(&self) -> usize {
        let steps = self.columns.iter().map(|column| column.steps.len());
        steps.max().unwrap_or(0)
    }

    fn of(run: &RunFile, name: &str, matrix: Option<&LatentRgb>) -> Option<Self> {
        let first = run.columns.first()?;
        let columns = run.columns.iter().take(COLUMNS).map(|column| {
            // The colours of latents are those of one VAE.
            let known = matrix.filter(|_| column.bundle == name);
            let guess = |matrix| {
                let steps = column.track.iter();
                let pictures = steps.map(|step| step.colours(matrix).map(Arc::new));
                pictures.collect::<candle_core::Result<_>>()
            };
            FilmColumn {
                mode: column.request.mode,
                answer: column.answer.as_ref().map(|answer| answer.text.clone()),
                steps: known
                    .and_then(|matrix| guess(matrix).ok())
                    .unwrap_or_default(),
                picture: column.display.clone(),
            }
        });
        Some(Self {
            question: first.request.question.clone(),
            frame: run.frame.clone(),
            columns: columns.collect(),
        })
    }
}

/// Reads recorded runs.
///
/// # Errors
/// When a folder cannot be read or holds no run. A file that cannot be read is left out and logged.
pub(super) fn read(source: &FilmSource) -> Result<Vec<Arc<Film>>, Problem> {
    let bundle = Bundle::open(&BundleSource::Embedded)?;
    let (name, matrix) = (&bundle.manifest.name, bundle.manifest.latent_rgb());
    let film = |run: &RunFile| Film::of(run, name, matrix).map(Arc::new);
    match source {
        FilmSource::BuiltIn => {
            let runs = BUILT_IN.iter().map(|bytes| run_file::from_bytes(bytes));
            runs.filter_map(|run| run.map(|run| film(&run)).transpose())
                .collect()
        }
        FilmSource::Folder(folder) => {
            let mut films = Vec::new();
            for path in run_files(folder)? {
                match run_file::open(&path) {
                    Ok(run) => films.extend(film(&run)),
                    Err(problem) => tracing::warn!("left out of the loop: {problem}"),
                }
            }
            if films.is_empty() {
                return Err(Problem::new("There is no recorded run in the folder.")
                    .hint("Save runs into it with \u{201c}Save run\u{201d} on the Ask page.")
                    .file(folder));
            }
            Ok(films)
        }
    }
}

fn run_files(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let unreadable = |e: std::io::Error| {
        Problem::new(format!("The folder of recorded runs cannot be read: {e}."))
            .hint("Check the folder after --kiosk=.")
            .file(folder)
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if is_run_file(&path) {
            files.push(path);
        }
    }
    files.sort();
    files.truncate(MOST);
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_films_of_the_program_show_every_step() -> Result<(), Problem> {
        let films = read(&FilmSource::BuiltIn)?;
        assert_eq!(films.len(), BUILT_IN.len());
        for film in films {
            assert_eq!(film.columns.len(), 3, "{}", film.question);
            assert_eq!(
                film.steps(),
                20,
                "drawn by another bundle than the present one"
            );
            assert!(film.columns.iter().all(|column| column.steps.len() == 20));
        }
        Ok(())
    }

    #[test]
    fn a_folder_is_played_by_name_and_damaged_runs_are_left_out() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let source = FilmSource::Folder(folder.path().to_path_buf());
        let empty = read(&source).expect_err("there is nothing to play");
        assert!(empty.hint.is_some());
        std::fs::write(folder.path().join("b.lgdrun"), BUILT_IN[1])?;
        std::fs::write(folder.path().join("a.lgdrun"), BUILT_IN[0])?;
        std::fs::write(folder.path().join("c.lgdrun"), &BUILT_IN[2][..1000])?;
        std::fs::write(folder.path().join("notes.txt"), "not a run")?;
        let films = read(&source).expect("two can be read");
        let asked: Vec<_> = films.iter().map(|film| film.question.as_str()).collect();
        assert_eq!(
            asked,
            [
                "What happens if the cat gets hungry?",
                "What happens if it gets terribly hot?"
            ]
        );
        let missing = FilmSource::Folder(folder.path().join("nowhere"));
        assert!(read(&missing).is_err());
        Ok(())
    }
}
