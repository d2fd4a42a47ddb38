//! Small pictures of pairs and of frames, and large ones of what is looked at.

use super::cache::ThumbnailCache;
use super::{PairFiles, PairPictures};
use crate::dataset::proposal::{PictureChange, Small};
use crate::job::Problem;
use crate::job::display::display_copy;
use crate::pipeline::frame_image::{self, Reading};
use image::{GenericImage as _, RgbImage, imageops};
use std::path::Path;
use std::sync::Arc;

/// Height of a thumbnail, in pixels.
pub const THUMBNAIL_HEIGHT: u32 = 128;
/// How wide the widest picture of a pair gets, as a part of the height.
const WIDEST: f32 = 2.0;

/// Both pictures of a pair in small, side by side in one picture of an even width. The right one has
/// the shape of the left one, as the networks see them.
#[derive(Clone, Debug)]
pub struct Thumbnail {
    /// The pixels.
    pub picture: Arc<RgbImage>,
    /// Where they differ.
    pub change: PictureChange,
}

impl Thumbnail {
    fn of(picture: RgbImage) -> Self {
        let (half, height) = (picture.width() / 2, picture.height());
        let small = |x| Small::of(&imageops::crop_imm(&picture, x, 0, half, height).to_image());
        Self {
            change: PictureChange::between(&small(0), &small(half)),
            picture: Arc::new(picture),
        }
    }
}

/// A frame of a filmstrip in small.
#[derive(Clone, Debug)]
pub struct FrameThumb {
    /// The pixels.
    pub picture: Arc<RgbImage>,
    /// Width and height of the frame itself.
    pub size: (u32, u32),
}

impl FrameThumb {
    pub(super) fn of(path: &Path) -> Result<Self, Problem> {
        let frame = frame_image::open(path, Reading::Upright)?;
        Ok(Self {
            picture: Arc::new(small(&frame, width_for(frame.dimensions()))),
            size: frame.dimensions(),
        })
    }
}

/// A frame at a size a window can show.
#[derive(Clone, Debug)]
pub struct LargeFrame {
    /// The pixels.
    pub picture: Arc<RgbImage>,
    /// Width and height of the frame itself.
    pub size: (u32, u32),
}

impl LargeFrame {
    pub(super) fn of(path: &Path) -> Result<Self, Problem> {
        let frame = frame_image::open(path, Reading::Upright)?;
        let size = frame.dimensions();
        Ok(Self {
            picture: display_copy(&Arc::new(frame)),
            size,
        })
    }
}

/// Both pictures of a pair, at a size a window can show.
pub(super) fn look(files: &PairFiles) -> Result<PairPictures, Problem> {
    Ok(PairPictures {
        before: LargeFrame::of(&files.before)?.picture,
        after: LargeFrame::of(&files.after)?.picture,
    })
}

/// The thumbnail of a pair, from the cache or made anew.
///
/// # Errors
/// When a picture is missing or cannot be decoded.
pub(super) fn thumbnail(
    files: &PairFiles,
    cache: Option<&ThumbnailCache>,
) -> Result<Thumbnail, Problem> {
    let kept = cache.and_then(|cache| Some((cache, cache.place(files)?)));
    if let Some(picture) = kept.as_ref().and_then(|(cache, path)| cache.read(path)) {
        return Ok(Thumbnail::of(picture));
    }
    let before = frame_image::open(&files.before, Reading::Upright)?;
    let width = width_for(before.dimensions());
    let before = small(&before, width);
    let after = small(&frame_image::open(&files.after, Reading::Upright)?, width);
    let mut picture = RgbImage::new(2 * width, THUMBNAIL_HEIGHT);
    for (part, x) in [(before, 0), (after, width)] {
        let placed = picture.copy_from(&part, x, 0);
        placed.map_err(|e| Problem::new(format!("The thumbnail cannot be made: {e}.")))?;
    }
    if let Some((cache, path)) = kept {
        // Without a cache everything works, only slower.
        if let Err(error) = cache.keep(&path, &picture) {
            tracing::debug!(%error, "a thumbnail is not cached");
        }
    }
    Ok(Thumbnail::of(picture))
}

/// How wide a picture of this size gets in small.
fn width_for((width, height): (u32, u32)) -> u32 {
    let shape = (width as f32 / height.max(1) as f32).clamp(1.0 / WIDEST, WIDEST);
    ((THUMBNAIL_HEIGHT as f32 * shape).round() as u32).max(1)
}

fn small(picture: &RgbImage, width: u32) -> RgbImage {
    imageops::thumbnail(picture, width, THUMBNAIL_HEIGHT)
}
