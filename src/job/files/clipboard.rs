//! Pictures in and out of the clipboard.

use crate::job::Problem;
use arboard::Clipboard;
use image::RgbImage;

/// The picture in the clipboard.
pub(super) fn paste(clipboard: &mut Option<Clipboard>) -> Result<RgbImage, Problem> {
    let none = || {
        Problem::new("There is no picture in the clipboard.")
            .hint("Copy a picture first, or open a file with Ctrl+O or drag it here.")
    };
    let data = open_clipboard(clipboard)?
        .get_image()
        .map_err(|e| match e {
            arboard::Error::ContentNotAvailable => none(),
            other => Problem::new(format!("The clipboard cannot be read: {other}."))
                .hint("Copy the picture again."),
        })?;
    let (width, height) = (u32::try_from(data.width), u32::try_from(data.height));
    let (Ok(width), Ok(height)) = (width, height) else {
        return Err(none());
    };
    let rgba =
        image::RgbaImage::from_raw(width, height, data.bytes.into_owned()).ok_or_else(none)?;
    if width == 0 || height == 0 {
        return Err(none());
    }
    Ok(image::DynamicImage::ImageRgba8(rgba).into_rgb8())
}

/// Puts a picture into the clipboard.
pub(super) fn copy(picture: &RgbImage, clipboard: &mut Option<Clipboard>) -> Result<(), Problem> {
    let rgba = image::DynamicImage::ImageRgb8(picture.clone()).into_rgba8();
    let data = arboard::ImageData {
        width: rgba.width() as usize,
        height: rgba.height() as usize,
        bytes: rgba.into_raw().into(),
    };
    open_clipboard(clipboard)?.set_image(data).map_err(|e| {
        Problem::new(format!("The picture cannot be copied: {e}."))
            .hint("Save it to a file instead.")
    })
}

fn open_clipboard(clipboard: &mut Option<Clipboard>) -> Result<&mut Clipboard, Problem> {
    if clipboard.is_none() {
        let opened = Clipboard::new().map_err(|e| {
            Problem::new(format!("The clipboard cannot be used: {e}."))
                .hint("Save the picture to a file instead.")
        })?;
        *clipboard = Some(opened);
    }
    Ok(clipboard.as_mut().expect("it was opened just now"))
}
