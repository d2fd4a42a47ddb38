//! Saving pictures, and what a saved picture says about itself.
//!
//! A PNG carries two texts: `lgd_request`, the JSON that repeats the edit, and `parameters`, the
//! line that Stable Diffusion web UIs write, so that other tools show it.

use super::frame_image::{FrameError, FrameProblem};
use super::request::{EditRequest, Sampler};
use super::whole_file::{SaveError, SaveProblem, write_whole};
use image::RgbImage;
use serde::Serialize;
use serde_json::Value;
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Seek};
use std::path::Path;

/// Keyword of the JSON request.
pub const REQUEST_KEY: &str = "lgd_request";
/// Keyword of the web UIs' line.
pub const PARAMETERS_KEY: &str = "parameters";
/// JPEG quality of saved pictures, 1..=100.
const JPEG_QUALITY: u8 = 95;
/// Longest text that is read from a picture, in bytes; ours have a few thousand.
const MAX_TEXT_BYTES: usize = 2 << 20;

/// The texts a picture carries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PictureTexts {
    /// JSON under [`REQUEST_KEY`].
    pub request: Option<String>,
    /// The line under [`PARAMETERS_KEY`].
    pub parameters: Option<String>,
}

impl PictureTexts {
    /// Both texts.
    ///
    /// # Errors
    /// When `request` cannot be written as JSON.
    pub fn new(request: &impl Serialize, parameters: &Parameters) -> serde_json::Result<Self> {
        Ok(Self {
            request: Some(serde_json::to_string(request)?),
            parameters: Some(parameters.to_string()),
        })
    }

    /// No texts, for people who do not want them in their files.
    pub fn none() -> Self {
        Self::default()
    }
}

/// What the web UIs' line says. Its [`fmt::Display`] is the line.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// The text the editor was steered by.
    pub prompt: String,
    /// Name and value pairs, in order.
    pub fields: Vec<(&'static str, String)>,
}

impl Parameters {
    /// The line of one edit of a `width` x `height` picture with the bundle `model`.
    pub fn of(request: &EditRequest, width: u32, height: u32, model: &str) -> Self {
        let sampler = match request.sampler {
            Sampler::EulerAncestral | Sampler::EulerAncestralDiffusers => "Euler a",
            Sampler::DpmSolver2m => "DPM++ 2M",
        };
        let mut fields = vec![
            ("Steps", request.steps.to_string()),
            ("Sampler", sampler.to_owned()),
            ("CFG scale", request.guidance_scale.to_string()),
            ("Image CFG scale", request.image_guidance_scale.to_string()),
            ("Seed", request.seed.to_string()),
            ("Size", format!("{width}x{height}")),
            ("Model", model.to_owned()),
            ("Guidance mode", request.mode.name().to_owned()),
            ("RNG", request.noise.name().to_owned()),
        ];
        if !request.without.is_empty() {
            let without: Vec<String> = request.without.iter().map(ToString::to_string).collect();
            fields.push(("Without", without.join(" ")));
        }
        Self {
            prompt: request.question.clone(),
            fields,
        }
    }
}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<String> = self
            .fields
            .iter()
            .map(|(name, value)| {
                // A value that would break the list is quoted, as the web UIs do it.
                if value.contains([',', ':', '\n']) {
                    format!("{name}: {}", Value::from(value.as_str()))
                } else {
                    format!("{name}: {value}")
                }
            })
            .collect();
        write!(f, "{}\n{}", self.prompt, fields.join(", "))
    }
}

/// A file format a picture can be saved in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureFormat {
    /// Exact, with the request.
    Png,
    /// Small, without the request.
    Jpeg,
    /// Exact and smaller, without the request.
    WebP,
}

impl PictureFormat {
    /// The format a file name asks for.
    pub fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_string_lossy().to_lowercase();
        match extension.as_str() {
            "png" => Some(Self::Png),
            "jpg" | "jpeg" => Some(Self::Jpeg),
            "webp" => Some(Self::WebP),
            _ => None,
        }
    }
}

/// A picture was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// What the person should know about the file, if anything.
    pub note: Option<&'static str>,
}

/// Saves a picture in the format its name asks for: PNG with `texts`, JPEG or WebP without.
///
/// # Errors
/// When the name has no known extension or the file cannot be written. Nothing is left behind,
/// and an older file of that name stays as it was.
pub fn save(path: &Path, image: &RgbImage, texts: &PictureTexts) -> Result<Saved, SaveError> {
    let failed = |kind| SaveError {
        kind,
        path: path.to_owned(),
    };
    let format = PictureFormat::of(path).ok_or_else(|| failed(SaveProblem::UnknownFormat))?;
    let bytes = encode(image, format, texts).map_err(failed)?;
    write_whole(path, &bytes)?;
    let drops_texts = format != PictureFormat::Png && *texts != PictureTexts::none();
    Ok(Saved {
        note: drops_texts.then_some(
            "Only PNG files remember the question and settings; this file cannot be repeated.",
        ),
    })
}

/// The bytes of a JPEG file of that quality, 1..=100, as Pillow understands it.
///
/// # Errors
/// [`SaveProblem::Encoding`] when the format cannot hold the picture.
pub fn encode_jpeg(image: &RgbImage, quality: u8) -> Result<Vec<u8>, SaveProblem> {
    let mut bytes = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality);
    image
        .write_with_encoder(encoder)
        .map_err(|e| SaveProblem::Encoding(e.to_string()))?;
    Ok(bytes)
}

/// The bytes of a picture file, for places that are not files.
///
/// # Errors
/// [`SaveProblem::Encoding`] when the format cannot hold the picture.
pub fn encode(
    image: &RgbImage,
    format: PictureFormat,
    texts: &PictureTexts,
) -> Result<Vec<u8>, SaveProblem> {
    let mut bytes = Vec::new();
    let plain = |e: image::ImageError| SaveProblem::Encoding(e.to_string());
    match format {
        PictureFormat::Png => encode_png(&mut bytes, image, texts)
            .map_err(|e| SaveProblem::Encoding(e.to_string()))?,
        PictureFormat::Jpeg => bytes = encode_jpeg(image, JPEG_QUALITY)?,
        PictureFormat::WebP => {
            image
                .write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::WebP)
                .map_err(plain)?;
        }
    }
    Ok(bytes)
}

fn encode_png(
    bytes: &mut Vec<u8>,
    image: &RgbImage,
    texts: &PictureTexts,
) -> Result<(), png::EncodingError> {
    let mut encoder = png::Encoder::new(bytes, image.width(), image.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    add_texts(&mut encoder, texts)?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(image.as_raw())?;
    writer.finish()
}

/// Adds the texts to a PNG that is about to be written.
///
/// # Errors
/// When a text is too long for the format.
pub fn add_texts<W: io::Write>(
    encoder: &mut png::Encoder<'_, W>,
    texts: &PictureTexts,
) -> Result<(), png::EncodingError> {
    for (key, text) in [
        (PARAMETERS_KEY, &texts.parameters),
        (REQUEST_KEY, &texts.request),
    ] {
        let Some(text) = text else { continue };
        // A zero byte would end the text.
        let text = text.replace('\0', "");
        if text.chars().all(|c| u32::from(c) < 256) {
            encoder.add_text_chunk(key.to_owned(), text)?;
        } else {
            encoder.add_itxt_chunk(key.to_owned(), text)?;
        }
    }
    Ok(())
}

/// What a picture file says about itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PictureMetadata {
    /// The request, with all its fields, known or not.
    pub request: Option<Value>,
    /// Why there is a request that could not be read.
    pub request_problem: Option<String>,
    /// The web UIs' line, by whomever it was written.
    pub parameters: Option<String>,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// Reads what a picture says about itself. Needs no model and does not decode the pixels.
///
/// # Errors
/// When the file cannot be read or is not a picture.
pub fn read(path: &Path) -> Result<PictureMetadata, FrameError> {
    let failed = |kind| FrameError {
        kind,
        path: Some(path.to_owned()),
    };
    let about = std::fs::metadata(path).map_err(|e| failed(FrameProblem::Unreadable(e)))?;
    if about.is_dir() {
        return Err(failed(FrameProblem::Folder));
    }
    if !about.is_file() {
        return Err(failed(FrameProblem::NotAFile));
    }
    if about.len() == 0 {
        return Err(failed(FrameProblem::Empty));
    }
    let file = File::open(path).map_err(|e| failed(FrameProblem::Unreadable(e)))?;
    read_from(BufReader::new(file)).map_err(failed)
}

/// As [`read`], for a picture that is in memory.
///
/// # Errors
/// When it is not a picture.
pub fn read_bytes(bytes: &[u8]) -> Result<PictureMetadata, FrameError> {
    read_from(Cursor::new(bytes)).map_err(|kind| FrameError { kind, path: None })
}

fn read_from(picture: impl io::BufRead + Seek) -> Result<PictureMetadata, FrameProblem> {
    let mut reader = image::ImageReader::new(picture)
        .with_guessed_format()
        .map_err(FrameProblem::Unreadable)?;
    match reader.format() {
        None => Err(FrameProblem::NotAPicture),
        Some(image::ImageFormat::Png) => read_png(reader.into_inner()),
        Some(format) => {
            reader.no_limits(); // only the header is read
            let (width, height) = reader
                .into_dimensions()
                .map_err(|e| FrameProblem::Damaged {
                    format: format.extensions_str().first().copied().unwrap_or(""),
                    detail: e.to_string(),
                })?;
            Ok(PictureMetadata {
                width,
                height,
                ..PictureMetadata::default()
            })
        }
    }
}

fn read_png(file: impl io::BufRead + Seek) -> Result<PictureMetadata, FrameProblem> {
    let damaged = |e: png::DecodingError| FrameProblem::Damaged {
        format: "PNG",
        detail: e.to_string(),
    };
    let mut reader = png::Decoder::new(file).read_info().map_err(damaged)?;
    // Texts after the pixels are read as well; a damaged end does not hide those before.
    let _ = reader.finish();
    let info = reader.info();
    let mut texts: Vec<(String, String)> = Vec::new();
    for chunk in &info.uncompressed_latin1_text {
        texts.push((chunk.keyword.clone(), chunk.text.clone()));
    }
    for chunk in &info.compressed_latin1_text {
        let mut chunk = chunk.clone();
        if chunk.decompress_text_with_limit(MAX_TEXT_BYTES).is_ok()
            && let Ok(text) = chunk.get_text()
        {
            texts.push((chunk.keyword.clone(), text));
        }
    }
    for chunk in &info.utf8_text {
        let mut chunk = chunk.clone();
        if chunk.decompress_text_with_limit(MAX_TEXT_BYTES).is_ok()
            && let Ok(text) = chunk.get_text()
        {
            texts.push((chunk.keyword.clone(), text));
        }
    }
    let find = |key: &str| {
        let found = texts.iter().find(|(keyword, _)| keyword == key);
        found.map(|(_, text)| text.clone())
    };
    let (request, request_problem) = match find(REQUEST_KEY).map(|t| serde_json::from_str(&t)) {
        None => (None, None),
        Some(Ok(request)) => (Some(request), None),
        Some(Err(e)) => (
            None,
            Some(format!("The request in the picture is damaged: {e}.")),
        ),
    };
    Ok(PictureMetadata {
        request,
        request_problem,
        parameters: find(PARAMETERS_KEY),
        width: info.width,
        height: info.height,
    })
}
