//! A picture as it lies in the data folder: known by its content, decoded only when it must be.

use crate::pipeline::frame_image::{self, Reading};
use candle_core::{Error, Result};
use image::RgbImage;
use sha2::{Digest as _, Sha256};
use std::cell::OnceCell;
use std::path::Path;

/// The bytes of a picture's file.
pub(super) struct Stored {
    name: String,
    bytes: Vec<u8>,
    content: OnceCell<Vec<u8>>,
    decoded: OnceCell<std::result::Result<RgbImage, String>>,
}

impl Stored {
    /// Reads the file `name` in `folder`.
    pub fn open(folder: &Path, name: &str) -> std::result::Result<Self, String> {
        let bytes = frame_image::read(&folder.join(name));
        Ok(Self {
            bytes: bytes.map_err(|e| format!("{name}: {}", e.message()))?,
            name: name.to_owned(),
            content: OnceCell::new(),
            decoded: OnceCell::new(),
        })
    }

    /// What names the content.
    pub fn content(&self) -> &[u8] {
        self.content
            .get_or_init(|| Sha256::digest(&self.bytes).to_vec())
    }

    /// The picture, as stored: the original ignores the orientation.
    pub fn decoded(&self) -> Result<&RgbImage> {
        let decoded = self.decoded.get_or_init(|| {
            frame_image::decode(&self.bytes, Reading::AsStored)
                .map_err(|e| format!("{}: {}", self.name, e.message()))
        });
        decoded.as_ref().map_err(|text| Error::Msg(text.clone()))
    }
}
