//! The small picture that stands for a kept run in a list, and its answers to search in.
//!
//! Made from the run file once and kept in the cache folder, with the answers in a text chunk. The
//! cache may be deleted at any time, and a run that has changed gets a new cover.

use super::Problem;
use super::run_file::{self, Glance};
use crate::nn::resize::{Filter, fit};
use crate::pipeline::frame_image::{self, Reading};
use crate::pipeline::metadata::{self, PictureTexts};
use image::{Rgb, RgbImage, imageops};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

/// Width of a cover.
pub const COVER_WIDTH: u32 = 288;
/// Height of a cover.
pub const COVER_HEIGHT: u32 = 216;
/// Pixels between the pictures of a cover.
const GAP: u32 = 4;
/// Pictures on a cover; a run may have more.
const MOST: usize = 6;
/// What shows between them.
const GROUND: Rgb<u8> = Rgb([128, 124, 132]);

/// Which run needs a cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoverRequest {
    /// The run, by its number in the store.
    pub run: i64,
    /// Its run file; none while no column is finished.
    pub file: Option<PathBuf>,
    /// Its frame, shown while there is nothing else.
    pub frame_file: PathBuf,
    /// The cache folder, if anything is to be remembered.
    pub cache: Option<PathBuf>,
}

/// A run in small.
#[derive(Clone, Debug)]
pub struct Cover {
    /// Its pictures side by side, [`COVER_WIDTH`] by [`COVER_HEIGHT`].
    pub picture: Arc<RgbImage>,
    /// The answers of its columns.
    pub answers: Vec<String>,
}

/// What the text chunk of a cached cover says.
#[derive(Debug, Serialize, Deserialize)]
struct About {
    /// Changes whenever the run file does.
    stamp: String,
    answers: Vec<String>,
}

/// The cover of a run, from the cache or made anew.
///
/// # Errors
/// When the run file is missing or damaged.
pub(super) fn cover(request: &CoverRequest) -> Result<Cover, Problem> {
    let source = request.file.as_ref().unwrap_or(&request.frame_file);
    let stamp = stamp(source)?;
    let folder = request.cache.as_ref().map(|cache| cache.join("covers"));
    let cached = folder
        .as_ref()
        .map(|folder| folder.join(format!("{}.png", request.run)));
    if let Some(known) = cached.as_deref().and_then(|path| read(path, &stamp)) {
        return Ok(known);
    }
    let glance = match &request.file {
        Some(file) => run_file::glance(file)?,
        None => Glance {
            frame: frame_image::open(source, Reading::Upright)?,
            ..Glance::default()
        },
    };
    let cover = Cover {
        picture: Arc::new(compose(&glance)),
        answers: glance.answers,
    };
    if let (Some(folder), Some(path)) = (folder, cached) {
        // Without a cache everything works, only slower.
        if let Err(problem) = keep(&folder, &path, &cover, stamp) {
            tracing::debug!("a cover is not cached: {problem}");
        }
    }
    Ok(cover)
}

/// What tells a file from what it was before: its length and when it was written.
fn stamp(path: &Path) -> Result<String, Problem> {
    let about = std::fs::metadata(path).map_err(|e| {
        let what = match e.kind() {
            std::io::ErrorKind::NotFound => "The file of this run is gone.".to_owned(),
            _ => format!("The file of this run cannot be read: {e}."),
        };
        Problem::new(what)
            .hint("Put it back from a backup, or delete the run from the gallery.")
            .file(path)
    })?;
    Ok(stamp_of(&about))
}

/// What tells a file from what it was before, as text.
pub(super) fn stamp_of(about: &std::fs::Metadata) -> String {
    let written = about.modified().ok();
    let written = written.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let written = written.map_or(0, |since| since.as_nanos());
    format!("{}-{written}", about.len())
}

fn read(path: &Path, stamp: &str) -> Option<Cover> {
    let bytes = std::fs::read(path).ok()?;
    let about = metadata::read_bytes(&bytes).ok()?.request?;
    let about = About::deserialize(about).ok()?;
    let picture = frame_image::decode(&bytes, Reading::AsStored).ok()?;
    let fits = about.stamp == stamp && picture.dimensions() == (COVER_WIDTH, COVER_HEIGHT);
    fits.then(|| Cover {
        picture: Arc::new(picture),
        answers: about.answers,
    })
}

fn keep(folder: &Path, path: &Path, cover: &Cover, stamp: String) -> Result<(), Problem> {
    let problem = |e: &dyn std::fmt::Display| Problem::new(e.to_string());
    std::fs::create_dir_all(folder).map_err(|e| problem(&e))?;
    let about = About {
        stamp,
        answers: cover.answers.clone(),
    };
    let texts = PictureTexts {
        request: Some(serde_json::to_string(&about).map_err(|e| problem(&e))?),
        parameters: None,
    };
    metadata::save(path, &cover.picture, &texts)?;
    Ok(())
}

/// The finished pictures in a mosaic, or the frame when there is none.
fn compose(glance: &Glance) -> RgbImage {
    let pictures: Vec<&RgbImage> = match glance.pictures.len() {
        0 => vec![&glance.frame],
        _ => glance.pictures.iter().take(MOST).collect(),
    };
    let across = match pictures.len() {
        1 => 1,
        2..=4 => 2,
        _ => 3,
    };
    let down = pictures.len().div_ceil(across) as u32;
    let mut canvas = RgbImage::from_pixel(COVER_WIDTH, COVER_HEIGHT, GROUND);
    for (index, picture) in pictures.into_iter().enumerate() {
        let (x, y) = ((index % across) as u32, (index / across) as u32);
        let (left, width) = part(COVER_WIDTH, across as u32, x);
        let (top, height) = part(COVER_HEIGHT, down, y);
        let small = fit(picture, width, height, Filter::Bicubic);
        imageops::replace(&mut canvas, &small, i64::from(left), i64::from(top));
    }
    canvas
}

/// Where the part with this index begins when a side is cut into `parts`, and how long it is.
fn part(side: u32, parts: u32, index: u32) -> (u32, u32) {
    let edge = |index: u32| index * (side + GAP) / parts;
    (edge(index), edge(index + 1) - edge(index) - GAP)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(level: u8) -> RgbImage {
        RgbImage::from_pixel(40, 40, Rgb([level; 3]))
    }

    #[test]
    fn every_picture_has_its_place_on_the_cover() {
        for count in 1..=MOST + 1 {
            let glance = Glance {
                pictures: (0..count).map(|i| flat(10 + 30 * i as u8)).collect(),
                ..Glance::default()
            };
            let cover = compose(&glance);
            assert_eq!(cover.dimensions(), (COVER_WIDTH, COVER_HEIGHT));
            for shown in 0..count.min(MOST) {
                let level = 10 + 30 * shown as u8;
                let area = cover.pixels().filter(|p| p.0 == [level; 3]).count();
                let least = (COVER_WIDTH * COVER_HEIGHT) as usize / (MOST + 1);
                assert!(area > least, "picture {shown} of {count} has {area} pixels");
            }
        }
    }

    #[test]
    fn a_cover_is_remembered_until_its_source_changes() -> Result<(), Box<dyn std::error::Error>> {
        let home = tempfile::tempdir()?;
        let frame_file = home.path().join("frame.png");
        flat(60).save(&frame_file)?;
        let request = CoverRequest {
            run: 4,
            file: None,
            frame_file: frame_file.clone(),
            cache: Some(home.path().join("cache")),
        };
        let level = |cover: &Cover| cover.picture.get_pixel(9, 9).0[0];
        assert_eq!(level(&cover(&request)?), 60);
        // What is in the cache is what comes back.
        let cached = home.path().join("cache/covers/4.png");
        let kept = read(&cached, &stamp(&frame_file)?).ok_or("it is in the cache")?;
        assert_eq!(level(&kept), 60);
        RgbImage::from_pixel(41, 40, Rgb([200; 3])).save(&frame_file)?;
        assert_eq!(level(&cover(&request)?), 200);
        // A broken cache is no reason to fail.
        std::fs::write(&cached, "not a picture")?;
        assert_eq!(level(&cover(&request)?), 200);
        std::fs::remove_file(&frame_file)?;
        let problem = cover(&request).expect_err("it is gone");
        assert!(problem.message.contains("gone") && problem.file == Some(frame_file));
        Ok(())
    }
}
