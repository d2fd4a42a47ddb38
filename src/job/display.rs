//! Pictures of a size a window can show: made here, off the UI thread, because thinning a hundred
//! megapixels takes longer than a frame may.

use crate::nn::resize::{Filter, resize};
use image::RgbImage;
use std::sync::Arc;

/// Longest side of a picture made for display.
const MAX_SIDE: u32 = 1536;

/// `picture` itself when it is small enough to be uploaded as it is, else a smaller copy.
pub(super) fn display_copy(picture: &Arc<RgbImage>) -> Arc<RgbImage> {
    let (width, height) = picture.dimensions();
    let longest = width.max(height);
    if longest <= MAX_SIDE {
        return picture.clone();
    }
    let side = |length: u32| {
        let scaled = u64::from(length) * u64::from(MAX_SIDE) / u64::from(longest);
        (scaled as u32).max(1)
    };
    Arc::new(resize(picture, side(width), side(height), Filter::Bicubic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_large_pictures_are_copied_and_keep_their_shape() {
        let small = Arc::new(RgbImage::new(MAX_SIDE, 3));
        assert!(Arc::ptr_eq(&small, &display_copy(&small)));
        let wide = Arc::new(RgbImage::new(2 * MAX_SIDE, 100));
        assert_eq!(display_copy(&wide).dimensions(), (MAX_SIDE, 50));
        let thin = Arc::new(RgbImage::new(1, 3 * MAX_SIDE));
        assert_eq!(display_copy(&thin).dimensions(), (1, MAX_SIDE));
    }
}
