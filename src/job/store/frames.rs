//! The frames of all runs, each once, by the checksum of its pixels.
//!
//! A frame that came from the clipboard, a drop or an earlier answer has no file, and one that has a
//! file may be gone tomorrow.

use super::Folders;
use crate::job::{EXAMPLES, Frame, FrameFacts, FrameOrigin, Problem};
use crate::pipeline::frame_image::{self, Reading};
use crate::pipeline::metadata::{self, PictureFormat, PictureTexts};
use crate::pipeline::whole_file;
use image::RgbImage;
use std::path::Path;

/// Keeps a frame, unless it is there.
///
/// # Errors
/// When the folder or the disk says no.
pub(super) fn keep(folders: &Folders, frame: &Frame, facts: &FrameFacts) -> Result<(), Problem> {
    let path = folders.frame(&facts.sha256);
    if path.exists() {
        return Ok(());
    }
    let png = metadata::encode(&frame.image, PictureFormat::Png, &PictureTexts::none())
        .map_err(|e| Problem::new(format!("The frame cannot be kept: {e}.")))?;
    whole_file::write_whole(&path, &png).map_err(Problem::from)
}

/// Finds a frame again: as it was kept, in the program, or where it came from. Only the very same
/// pixels will do.
pub(super) fn find(folders: &Folders, facts: &FrameFacts, origin: &FrameOrigin) -> Option<Frame> {
    let kept = || open(&folders.frame(&facts.sha256));
    let original = || match origin {
        FrameOrigin::Example(file) => {
            let example = EXAMPLES.iter().find(|example| example.file == file)?;
            frame_image::decode(example.bytes, Reading::Upright).ok()
        }
        FrameOrigin::File(path) => open(path),
        FrameOrigin::Clipboard | FrameOrigin::Dropped | FrameOrigin::Result(_) => None,
    };
    let same = |image: RgbImage| {
        let frame = Frame::new(image, origin.clone());
        (FrameFacts::of(&frame).sha256 == facts.sha256).then_some(frame)
    };
    kept().and_then(same).or_else(|| original().and_then(same))
}

fn open(path: &Path) -> Option<RgbImage> {
    frame_image::open(path, Reading::Upright)
        .inspect_err(|error| tracing::debug!(%error, "a frame is not there"))
        .ok()
}
