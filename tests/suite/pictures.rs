//! Pictures as people have them: every format, turned, odd, huge, damaged.

use crate::golden::{TestResult, root};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageEncoder as _, ImageFormat, Rgb, RgbImage};
use lgd_studio::pipeline::frame_image::{FrameProblem, Reading, decode, open};
use std::io::Cursor;

fn sample(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([(x * 5) as u8, (y * 3) as u8, ((x + y) * 2) as u8])
    })
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> TestResult<Vec<u8>> {
    let mut bytes = Vec::new();
    image.write_to(&mut Cursor::new(&mut bytes), format)?;
    Ok(bytes)
}

#[test]
fn exact_formats_come_back_exactly() -> TestResult {
    let image = sample(37, 21);
    let rgb = DynamicImage::ImageRgb8(image.clone());
    for format in [
        ImageFormat::Png,
        ImageFormat::WebP,
        ImageFormat::Bmp,
        ImageFormat::Tiff,
    ] {
        let bytes = encoded(&rgb, format)?;
        assert_eq!(decode(&bytes, Reading::Upright)?, image, "{format:?}");
        let with_alpha = encoded(&DynamicImage::ImageRgba8(rgb.to_rgba8()), format)?;
        assert_eq!(
            decode(&with_alpha, Reading::Upright)?,
            image,
            "{format:?} with alpha"
        );
    }
    let gif = decode(&encoded(&rgb, ImageFormat::Gif)?, Reading::Upright)?;
    assert_eq!(gif.dimensions(), image.dimensions());
    Ok(())
}

#[test]
fn alpha_is_dropped_and_deep_values_keep_their_upper_byte() -> TestResult {
    let clear = image::RgbaImage::from_pixel(3, 2, image::Rgba([10, 20, 30, 0]));
    let bytes = encoded(&DynamicImage::ImageRgba8(clear), ImageFormat::Png)?;
    assert!(
        decode(&bytes, Reading::Upright)?
            .pixels()
            .all(|p| p.0 == [10, 20, 30])
    );
    let deep = |image: DynamicImage| -> TestResult<Vec<u8>> {
        Ok(decode(&encoded(&image, ImageFormat::Png)?, Reading::Upright)?.into_raw())
    };
    let image = image::ImageBuffer::from_pixel(1, 1, image::Luma([0x12ff_u16]));
    assert_eq!(deep(DynamicImage::ImageLuma16(image))?, [0x12; 3]);
    let image = image::ImageBuffer::from_pixel(1, 1, image::LumaA([0x12ff_u16, 9]));
    assert_eq!(deep(DynamicImage::ImageLumaA16(image))?, [0x12; 3]);
    let image = image::ImageBuffer::from_pixel(1, 1, image::Rgb([0x12ff_u16, 0x3400, 0xffff]));
    assert_eq!(deep(DynamicImage::ImageRgb16(image))?, [0x12, 0x34, 0xff]);
    let image = image::ImageBuffer::from_pixel(1, 1, image::Rgba([0x12ff_u16, 0x3400, 0xffff, 0]));
    assert_eq!(deep(DynamicImage::ImageRgba16(image))?, [0x12, 0x34, 0xff]);
    Ok(())
}

/// The EXIF block of a little-endian TIFF with one entry, the orientation.
fn exif(orientation: u8) -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    bytes.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

#[test]
fn orientation_is_applied_for_people_and_ignored_for_validation() -> TestResult {
    let mut image = RgbImage::from_pixel(32, 16, Rgb([0, 0, 0]));
    for (x, y) in (0..8).flat_map(|x| (0..8).map(move |y| (x, y))) {
        image.put_pixel(x, y, Rgb([255, 255, 255])); // the stored top left corner is white
    }
    // Where the white corner goes: right, bottom.
    let corners = [
        (1, false, false),
        (2, true, false),
        (3, true, true),
        (4, false, true),
        (5, false, false),
        (6, true, false),
        (7, true, true),
        (8, false, true),
    ];
    for (orientation, right, bottom) in corners {
        let mut jpeg = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut jpeg, 95);
        encoder.set_exif_metadata(exif(orientation))?;
        image.write_with_encoder(encoder)?;
        let mut png = Vec::new();
        let mut encoder = image::codecs::png::PngEncoder::new(&mut png);
        encoder.set_exif_metadata(exif(orientation))?;
        image.write_with_encoder(encoder)?;
        for bytes in [jpeg, png] {
            let stored = decode(&bytes, Reading::AsStored)?;
            assert_eq!(stored.dimensions(), (32, 16));
            let upright = decode(&bytes, Reading::Upright)?;
            let (width, height) = if orientation < 5 { (32, 16) } else { (16, 32) };
            assert_eq!(upright.dimensions(), (width, height), "{orientation}");
            let x = if right { width - 3 } else { 2 };
            let y = if bottom { height - 3 } else { 2 };
            assert!(upright.get_pixel(x, y)[0] > 200, "{orientation}");
        }
    }
    Ok(())
}

#[test]
fn golden_pictures_open_upright() -> TestResult {
    let folder = root()?.join("preprocess/images");
    let mut count = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let stored = open(&path, Reading::AsStored)?;
        let upright = open(&path, Reading::Upright)?;
        let turned = path.to_string_lossy().contains("rot6");
        assert_eq!(
            stored.dimensions() != upright.dimensions(),
            turned,
            "{}",
            path.display()
        );
        count += 1;
    }
    assert!(count > 0);
    Ok(())
}

#[test]
fn every_cut_and_every_flip_is_an_error_or_a_picture() -> TestResult {
    let image = DynamicImage::ImageRgb8(sample(40, 30));
    let formats = [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::WebP,
        ImageFormat::Gif,
        ImageFormat::Bmp,
        ImageFormat::Tiff,
    ];
    for format in formats {
        let bytes = encoded(&image, format)?;
        let half = decode(&bytes[..bytes.len() / 2], Reading::Upright);
        let error = half.expect_err("half a picture was accepted");
        println!("{format:?} cut in half: {}", error.message());
        assert!(error.path().is_none() && !error.hint().is_empty());
        for step in 0..200 {
            let cut = bytes.len() * step / 200;
            let _ = decode(&bytes[..cut], Reading::Upright);
            let mut flipped = bytes.clone();
            flipped[cut] ^= 1 << (step % 8);
            let _ = decode(&flipped, Reading::Upright);
        }
    }
    Ok(())
}

#[test]
fn what_is_no_picture_says_so() -> TestResult {
    let folder = tempfile::tempdir()?;
    let write = |name: &str, bytes: &[u8]| -> TestResult<_> {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes)?;
        Ok(open(&path, Reading::Upright).expect_err("was accepted"))
    };
    let text = write("text.png", b"hello, this is not a picture")?;
    assert!(matches!(text.kind, FrameProblem::NotAPicture), "{text}");
    assert!(text.to_string().ends_with("text.png"), "{text}");
    assert!(matches!(write("empty.jpg", b"")?.kind, FrameProblem::Empty));
    for (bytes, name) in [
        (&b"\0\0\0\x18ftypheic\0\0\0\0"[..], "HEIC"),
        (b"\0\0\0\x18ftypavif\0\0\0\0", "AVIF"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "video"),
        (b"<?xml version='1.0'?>\n<svg xmlns='x'/>", "SVG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"8BPS\0\x01\0\0\0\0\0\0", "Photoshop"),
        (b"qoif\0\0\0\x01\0\0\0\x01\x03\0", "QOI"),
    ] {
        let error = write("other", bytes)?;
        assert!(error.message().contains(name), "{name}: {error}");
        assert!(error.hint().contains("PNG"), "{error}");
    }
    let error = open(folder.path(), Reading::Upright).expect_err("a folder");
    assert!(matches!(error.kind, FrameProblem::Folder));
    let error = open(&folder.path().join("none.png"), Reading::Upright).expect_err("no file");
    assert!(error.message().contains("no such file"), "{error}");
    Ok(())
}

/// The header says how large a picture is; nothing may be allocated because of it.
#[test]
fn bombs_are_refused_by_their_header() -> TestResult {
    let mut png = encoded(&DynamicImage::ImageRgb8(sample(2, 2)), ImageFormat::Png)?;
    let set = |png: &mut Vec<u8>, width: u32, height: u32| {
        png[16..20].copy_from_slice(&width.to_be_bytes());
        png[20..24].copy_from_slice(&height.to_be_bytes());
        let sum = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&sum.to_be_bytes());
    };
    for (width, height) in [
        (40_001, 1),
        (1, 60_000),
        (39_000, 39_000),
        (0x7fff_ffff, 0x7fff_ffff),
    ] {
        set(&mut png, width, height);
        let error = decode(&png, Reading::Upright).expect_err("a bomb");
        assert!(
            matches!(error.kind, FrameProblem::TooLarge { .. }),
            "{error}"
        );
        println!("{}", error.message());
    }
    let mut jpeg = Vec::new();
    JpegEncoder::new(&mut jpeg).encode_image(&sample(16, 16))?;
    let at = jpeg
        .windows(2)
        .position(|w| w == [0xff, 0xc0])
        .ok_or("no frame header")?;
    jpeg[at + 5..at + 9].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
    let error = decode(&jpeg, Reading::Upright).expect_err("a bomb");
    assert!(
        matches!(error.kind, FrameProblem::TooLarge { .. }),
        "{error}"
    );
    Ok(())
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[test]
fn one_pixel_and_thin_pictures() -> TestResult {
    for (width, height) in [(1, 1), (1, 300), (300, 1), (7, 9)] {
        let image = DynamicImage::ImageRgb8(sample(width, height));
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let result = decode(&encoded(&image, format)?, Reading::Upright)?;
            assert_eq!(result.dimensions(), (width, height), "{format:?}");
        }
    }
    Ok(())
}

/// A photograph of a good camera: read and made small within 1 GB.
#[test]
fn a_12000_by_9000_jpeg_opens_within_a_gigabyte() -> TestResult {
    let (width, height) = (12_000, 9_000);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("large.jpg");
    let row: Vec<u8> = (0..width * 3).map(|i| (i / 97) as u8).collect();
    let image = RgbImage::from_raw(width, height, row.repeat(height as usize)).ok_or("size")?;
    let file = std::io::BufWriter::new(std::fs::File::create(&path)?);
    JpegEncoder::new_with_quality(file, 90).encode_image(&image)?;
    drop(image);
    let started = std::time::Instant::now();
    let before = peak_mib();
    let image = open(&path, Reading::Upright)?;
    let decoded = started.elapsed();
    let small =
        lgd_studio::nn::resize::resize(&image, 512, 512, lgd_studio::nn::resize::Filter::Lanczos);
    println!(
        "12000x9000 JPEG: decoded in {decoded:.2?}, with resizing {:.2?}, process peak {before:?} then {:?} MiB",
        started.elapsed(),
        peak_mib()
    );
    assert_eq!(image.dimensions(), (width, height));
    assert_eq!(small.dimensions(), (512, 512));
    Ok(())
}

/// Peak memory of this process, where the system tells.
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? >> 10)
}
