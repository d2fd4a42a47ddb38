//! What identifies the frame a picture was made from, without giving away where it was.

use super::{Frame, FrameOrigin};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Enough to find a frame again and to know it when it is found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FrameFacts {
    /// The file's name without its folder, or the name of a drawn example.
    pub name: Option<String>,
    /// Whether it is one of the program's own drawn frames.
    pub example: bool,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// SHA-256 of the upright RGB pixels, in hexadecimal.
    pub sha256: String,
}

impl FrameFacts {
    /// The facts of a frame.
    pub fn of(frame: &Frame) -> Self {
        let digest = Sha256::digest(frame.image.as_raw());
        let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Self::named(frame, sha256)
    }

    /// The facts of a frame whose checksum is known.
    pub(super) fn named(frame: &Frame, sha256: String) -> Self {
        let (width, height) = frame.image.dimensions();
        Self {
            name: match &frame.origin {
                FrameOrigin::Example(file) => Some(file.clone()),
                FrameOrigin::File(path) => path
                    .file_name()
                    .map(|name| name.to_string_lossy().into_owned()),
                FrameOrigin::Clipboard | FrameOrigin::Dropped | FrameOrigin::Result(_) => None,
            },
            example: matches!(frame.origin, FrameOrigin::Example(_)),
            width,
            height,
            sha256,
        }
    }
}
