//! A picture that answers are compared with: what was hoped for.

use crate::nn::resize::{Filter, resize};
use image::RgbImage;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A target picture at the size of a run's pictures.
#[derive(Clone, Debug)]
pub struct Target {
    /// The pixels, at the size of the run's pictures.
    pub picture: Arc<RgbImage>,
    /// What a run file says about it.
    pub facts: TargetFacts,
}

/// Where a target came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TargetFacts {
    /// The file's name without its folder; empty where it had none.
    pub name: String,
    /// Width of the file's picture, in pixels.
    pub width: u32,
    /// Height of the file's picture, in pixels.
    pub height: u32,
}

impl Target {
    /// Brings a picture to the size of a run's pictures (Lanczos).
    pub fn new(picture: RgbImage, name: String, size: (u32, u32)) -> Self {
        let (width, height) = picture.dimensions();
        let facts = TargetFacts {
            name,
            width,
            height,
        };
        let picture = if (width, height) == size {
            picture
        } else {
            resize(&picture, size.0, size.1, Filter::Lanczos)
        };
        Self {
            picture: Arc::new(picture),
            facts,
        }
    }

    /// The size the file's picture had, if it is another than that of the run's pictures.
    pub fn other_size(&self) -> Option<(u32, u32)> {
        let size = (self.facts.width, self.facts.height);
        (size != self.picture.dimensions()).then_some(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_takes_the_size_of_the_run_and_says_so() {
        let target = |size| Target::new(RgbImage::new(8, 6), "hoped.png".to_owned(), size);
        assert_eq!(target((8, 6)).other_size(), None);
        let resized = target((16, 16));
        assert_eq!(resized.picture.dimensions(), (16, 16));
        assert_eq!(resized.other_size(), Some((8, 6)));
    }
}
