//! Any picture a person may have, as an upright RGB frame.
//!
//! Decoding is strict where it protects and lenient where people are: sizes are checked before
//! memory is taken, a cut-off file is an error and not a half-grey frame, and a decoder that
//! panics fails alone. Alpha is dropped without compositing and 16-bit values keep their upper
//! byte, because that is what the original's library does (golden numbers in
//! `tests/fixtures/preprocess`).

use super::jpeg::JpegProblem;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};
use std::fs::File;
use std::io::{Cursor, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Longest side that is accepted, in pixels.
pub const MAX_SIDE_PX: u32 = 40_000;
/// Most pixels that are accepted.
pub const MAX_PIXELS: u64 = 400_000_000;
/// Largest file that is read.
pub const MAX_FILE_BYTES: u64 = 1 << 30;
/// Most memory the decoded picture may take before it becomes RGB; 16-bit pictures reach it first.
const MAX_DECODED_BYTES: u64 = 1_700_000_000;

/// Which way round a picture is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// Turned the way its EXIF orientation says, as people see it.
    #[default]
    Upright,
    /// As stored; the original's validation ignores the orientation.
    AsStored,
}

/// Why a picture could not be read: what, then what to do, then the file.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text())]
pub struct FrameError {
    /// What is wrong.
    #[source]
    pub kind: FrameProblem,
    /// The file, unless the bytes came from somewhere else.
    pub path: Option<PathBuf>,
}

/// What is wrong with a picture.
#[derive(Debug, thiserror::Error)]
pub enum FrameProblem {
    /// The file cannot be opened or read.
    #[error("Cannot open the picture: {}.", io_reason(.0))]
    Unreadable(std::io::Error),
    /// The path is a folder.
    #[error("Cannot open the picture: this is a folder.")]
    Folder,
    /// The path is a device, a pipe or the like.
    #[error("Cannot open the picture: this is not a regular file.")]
    NotAFile,
    /// There are no bytes.
    #[error("Cannot read the picture: the file is empty.")]
    Empty,
    /// The file is too long to be read.
    #[error("Cannot read the picture: the file has {} MB, at most {} MB are read.", .0 >> 20, MAX_FILE_BYTES >> 20)]
    FileTooLong(u64),
    /// The bytes are no picture.
    #[error("Cannot read the picture: the file is not a picture.")]
    NotAPicture,
    /// The bytes are a picture of another kind.
    #[error("Cannot read the picture: {0} files are not supported.")]
    Unsupported(String),
    /// The file ends before the picture does.
    #[error("Cannot read the picture: the {0} file is cut off.")]
    CutOff(&'static str),
    /// The file does not follow its format.
    #[error("Cannot read the picture: the {format} file is damaged ({detail}).")]
    Damaged {
        /// The format it claims to be.
        format: &'static str,
        /// What the decoder said.
        detail: String,
    },
    /// The picture is larger than accepted.
    #[error("Cannot read the picture: it is {width} x {height} pixels, at most {MAX_SIDE_PX} per side and {} million in all are accepted.", MAX_PIXELS / 1_000_000)]
    TooLarge {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
}

impl FrameError {
    /// What failed, with the values.
    pub fn message(&self) -> String {
        self.kind.to_string()
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match &self.kind {
            FrameProblem::Unreadable(e) => match e.kind() {
                std::io::ErrorKind::NotFound => "Check the path, or choose the picture again.",
                std::io::ErrorKind::PermissionDenied => "Check the permissions of the file.",
                _ => "Check that the disk is connected, or choose another picture.",
            },
            FrameProblem::Folder => "Choose a picture inside it.",
            FrameProblem::CutOff(_) | FrameProblem::Empty => {
                "The download or copy may be incomplete. Get the picture again."
            }
            FrameProblem::Damaged { .. } => {
                "Open it in a picture editor and save it again, or choose another picture."
            }
            FrameProblem::TooLarge { .. } | FrameProblem::FileTooLong(_) => {
                "Make it smaller first; the editor works at a few hundred pixels anyway."
            }
            FrameProblem::NotAFile | FrameProblem::NotAPicture | FrameProblem::Unsupported(_) => {
                "Choose a PNG, JPEG, WebP, GIF, BMP or TIFF picture."
            }
        }
    }

    /// The file it is about.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    fn text(&self) -> String {
        let text = format!("{}\n{}", self.message(), self.hint());
        match &self.path {
            Some(path) => format!("{text}\nFile: {}", path.display()),
            None => text,
        }
    }
}

impl From<FrameProblem> for FrameError {
    fn from(kind: FrameProblem) -> Self {
        Self { kind, path: None }
    }
}

fn io_reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        _ => error.to_string(),
    }
}

/// Reads the picture in a file.
///
/// # Errors
/// A [`FrameError`] that names the file.
pub fn open(path: &Path, reading: Reading) -> Result<RgbImage, FrameError> {
    decode(&read(path)?, reading).map_err(|error| FrameError {
        path: Some(path.to_owned()),
        ..error
    })
}

/// The bytes of a file that may be a picture.
///
/// # Errors
/// A [`FrameError`] that names the file.
pub fn read(path: &Path) -> Result<Vec<u8>, FrameError> {
    read_file(path).map_err(|kind| FrameError {
        kind,
        path: Some(path.to_owned()),
    })
}

/// Reads a picture from bytes, for example from the clipboard or dropped by another program.
///
/// # Errors
/// A [`FrameError`] without a file.
pub fn decode(bytes: &[u8], reading: Reading) -> Result<RgbImage, FrameError> {
    Ok(decode_bytes(bytes, reading)?)
}

fn read_file(path: &Path) -> Result<Vec<u8>, FrameProblem> {
    // Asked before opening: opening a pipe would wait for somebody to write into it.
    let about = std::fs::metadata(path).map_err(FrameProblem::Unreadable)?;
    if about.is_dir() {
        return Err(FrameProblem::Folder);
    }
    if !about.is_file() {
        return Err(FrameProblem::NotAFile);
    }
    if about.len() > MAX_FILE_BYTES {
        return Err(FrameProblem::FileTooLong(about.len()));
    }
    let mut bytes = Vec::with_capacity(about.len() as usize);
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES).read_to_end(&mut bytes))
        .map_err(FrameProblem::Unreadable)?;
    Ok(bytes)
}

fn decode_bytes(bytes: &[u8], reading: Reading) -> Result<RgbImage, FrameProblem> {
    let format = format_of(bytes)?;
    // The one place where a panic of a decoder is caught: pictures come from anywhere.
    catch_unwind(AssertUnwindSafe(|| decode_format(bytes, format, reading))).unwrap_or_else(|_| {
        Err(FrameProblem::Damaged {
            format: name(format),
            detail: "its decoder gave up".to_owned(),
        })
    })
}

fn decode_format(
    bytes: &[u8],
    format: ImageFormat,
    reading: Reading,
) -> Result<RgbImage, FrameProblem> {
    if format == ImageFormat::Jpeg {
        match super::jpeg::decode(bytes, reading) {
            Ok(image) => return Ok(image),
            Err(JpegProblem::Frame(problem)) => return Err(problem),
            // The other decoder knows a few kinds more.
            Err(JpegProblem::Unknown) => {}
        }
    }
    let problem = |e| problem(e, format);
    if let Some((width, height)) = png_size(bytes).filter(|_| format == ImageFormat::Png) {
        check_size(width, height, 0)?; // its decoder takes memory before it tells the size
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(problem)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height, decoder.total_bytes())?;
    let orientation = match reading {
        // A broken orientation is no reason to refuse the picture.
        Reading::Upright => decoder.orientation().unwrap_or(Orientation::NoTransforms),
        Reading::AsStored => Orientation::NoTransforms,
    };
    let image = DynamicImage::from_decoder(decoder).map_err(problem)?;
    Ok(turned(to_rgb(image), orientation))
}

/// Width and height in the header of a PNG.
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let (width, rest) = bytes.get(16..)?.split_first_chunk()?;
    let height = rest.first_chunk()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)))
}

/// Refuses pictures that would take too much memory.
pub(super) fn check_size(width: u32, height: u32, bytes: u64) -> Result<(), FrameProblem> {
    let pixels = u64::from(width) * u64::from(height);
    let is_large = width > MAX_SIDE_PX || height > MAX_SIDE_PX || pixels > MAX_PIXELS;
    if is_large || bytes > MAX_DECODED_BYTES {
        return Err(FrameProblem::TooLarge { width, height });
    }
    Ok(())
}

/// The picture the way `orientation` says.
pub(super) fn turned(image: RgbImage, orientation: Orientation) -> RgbImage {
    let mut image = DynamicImage::ImageRgb8(image);
    image.apply_orientation(orientation);
    image.into_rgb8()
}

/// Drops alpha and repeats grey; of 16-bit values the upper byte is kept.
fn to_rgb(image: DynamicImage) -> RgbImage {
    let (width, height) = (image.width(), image.height());
    let high = |value: u16| (value >> 8) as u8;
    let bytes = match image {
        DynamicImage::ImageLuma16(image) => {
            let values = image.into_raw().into_iter();
            values.flat_map(|v| [high(v); 3]).collect()
        }
        DynamicImage::ImageLumaA16(image) => {
            let values = image.into_raw().into_iter().step_by(2);
            values.flat_map(|v| [high(v); 3]).collect()
        }
        DynamicImage::ImageRgb16(image) => image.into_raw().into_iter().map(high).collect(),
        DynamicImage::ImageRgba16(image) => {
            let pixels = image.as_raw().as_chunks().0.iter();
            pixels
                .flat_map(|[r, g, b, _]| [high(*r), high(*g), high(*b)])
                .collect()
        }
        DynamicImage::ImageRgba8(image) => {
            let pixels = image.as_raw().as_chunks().0.iter();
            pixels.flat_map(|[r, g, b, _]| [*r, *g, *b]).collect()
        }
        DynamicImage::ImageLumaA8(image) => {
            let values = image.into_raw().into_iter().step_by(2);
            values.flat_map(|v| [v; 3]).collect()
        }
        image => return image.into_rgb8(),
    };
    RgbImage::from_raw(width, height, bytes).expect("every pixel gave three bytes")
}

fn format_of(bytes: &[u8]) -> Result<ImageFormat, FrameProblem> {
    if bytes.is_empty() {
        return Err(FrameProblem::Empty);
    }
    if let Some(name) = foreign_format(bytes) {
        return Err(FrameProblem::Unsupported(name.to_owned()));
    }
    match image::guess_format(bytes) {
        Ok(format) if name(format).is_empty() => {
            let name = format.extensions_str().first().copied().unwrap_or("such");
            Err(FrameProblem::Unsupported(name.to_uppercase()))
        }
        Ok(format) => Ok(format),
        Err(_) => Err(FrameProblem::NotAPicture),
    }
}

/// Formats people have that no decoder here reads.
fn foreign_format(bytes: &[u8]) -> Option<&'static str> {
    let start = bytes.get(..bytes.len().min(256)).unwrap_or_default();
    let text = String::from_utf8_lossy(start);
    let text = text.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']);
    match (bytes.get(4..8), bytes.get(8..12)) {
        (Some(b"ftyp"), Some(b"avif" | b"avis")) => Some("AVIF"),
        (Some(b"ftyp"), Some(b"heic" | b"heix" | b"hevc" | b"mif1" | b"msf1")) => Some("HEIC"),
        (Some(b"ftyp"), _) => Some("video"),
        (Some(b"JXL "), _) => Some("JPEG XL"),
        (Some(b"jP  "), _) => Some("JPEG 2000"),
        _ if bytes.starts_with(&[0xff, 0x0a]) => Some("JPEG XL"),
        _ if bytes.starts_with(b"8BPS") => Some("Photoshop"),
        _ if bytes.starts_with(b"%PDF") => Some("PDF"),
        _ if text.starts_with("<svg") || text.starts_with("<?xml") && text.contains("<svg") => {
            Some("SVG")
        }
        _ => None,
    }
}

/// The name of a supported format, empty for any other.
fn name(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Png => "PNG",
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::WebP => "WebP",
        ImageFormat::Gif => "GIF",
        ImageFormat::Bmp => "BMP",
        ImageFormat::Tiff => "TIFF",
        _ => "",
    }
}

fn problem(error: ImageError, format: ImageFormat) -> FrameProblem {
    let is_end = |e: &(dyn std::error::Error + 'static)| {
        e.downcast_ref::<std::io::Error>()
            .is_some_and(|e| e.kind() == std::io::ErrorKind::UnexpectedEof)
    };
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(current) = source {
        if is_end(current) {
            return FrameProblem::CutOff(name(format));
        }
        source = current.source();
    }
    match error {
        ImageError::Unsupported(e) => {
            FrameProblem::Unsupported(format!("these {} ({e})", name(format)))
        }
        ImageError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            FrameProblem::CutOff(name(format))
        }
        other => FrameProblem::Damaged {
            format: name(format),
            detail: other.to_string(),
        },
    }
}
