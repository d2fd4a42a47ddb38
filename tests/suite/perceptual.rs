//! LPIPS against the published implementation, with weights that both sides make by one formula: the
//! backbones are tens of megabytes. `tests/fixtures/lpips/cases.json` says what it found.

use crate::golden::TestResult;
use candle_core::{Device, Tensor};
use image::RgbImage;
use lgd_studio::pipeline::Perceptual;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Numbers in 0..1 that look random, the same as in the script that made the fixture.
fn noise(seed: u64, count: usize) -> impl Iterator<Item = f64> {
    const MASK: u64 = u32::MAX as u64;
    (0..count as u64).map(move |i| {
        let mut x = (i + 1).wrapping_mul(2_654_435_761) + seed.wrapping_mul(2_246_822_519);
        x &= MASK;
        x ^= x >> 15;
        x = x.wrapping_mul(2_246_822_519) & MASK;
        x ^= x >> 13;
        x = x.wrapping_mul(3_266_489_917) & MASK;
        x ^= x >> 16;
        x as f64 / 4_294_967_296.0
    })
}

/// Output channels, input channels and kernel of the convolutions, by their number.
fn layers(net: &str) -> BTreeMap<usize, (usize, usize, usize)> {
    let layers: &[(usize, (usize, usize, usize))] = match net {
        "alex" => &[
            (0, (64, 3, 11)),
            (3, (192, 64, 5)),
            (6, (384, 192, 3)),
            (8, (256, 384, 3)),
            (10, (256, 256, 3)),
        ],
        _ => &[
            (0, (64, 3, 3)),
            (2, (64, 64, 3)),
            (5, (128, 64, 3)),
            (7, (128, 128, 3)),
            (10, (256, 128, 3)),
            (12, (256, 256, 3)),
            (14, (256, 256, 3)),
            (17, (512, 256, 3)),
            (19, (512, 512, 3)),
            (21, (512, 512, 3)),
            (24, (512, 512, 3)),
            (26, (512, 512, 3)),
            (28, (512, 512, 3)),
        ],
    };
    layers.iter().copied().collect()
}

/// Writes the two files that a person would have downloaded.
pub fn write_weights(net: &str, folder: &Path) -> TestResult {
    std::fs::create_dir_all(folder)?;
    let mut shapes: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (number, (output, input, kernel)) in layers(net) {
        shapes.insert(
            format!("features.{number}.weight"),
            vec![output, input, kernel, kernel],
        );
        shapes.insert(format!("features.{number}.bias"), vec![output]);
    }
    let widths = match net {
        "alex" => [64, 192, 384, 256, 256],
        _ => [64, 128, 256, 512, 512],
    };
    for (number, width) in widths.into_iter().enumerate() {
        shapes.insert(format!("lin{number}.model.1.weight"), vec![1, width, 1, 1]);
    }
    let (mut backbone, mut lin) = (HashMap::new(), HashMap::new());
    for (index, (name, shape)) in shapes.into_iter().enumerate() {
        let count = shape.iter().product();
        let fan: usize = shape.iter().skip(1).product();
        let scale = 2.0 * (6.0 / fan as f64).sqrt();
        let values = noise(index as u64 + 1, count).map(|n| {
            let value = match (name.starts_with("lin"), name.ends_with("bias")) {
                (true, _) => n * 0.5,
                (_, true) => (n - 0.5) * 0.2,
                _ => (n - 0.5) * scale,
            };
            value as f32
        });
        let tensor = Tensor::from_vec(values.collect::<Vec<f32>>(), shape, &Device::Cpu)?;
        match name.starts_with("lin") {
            true => lin.insert(name, tensor),
            false => backbone.insert(name, tensor),
        };
    }
    // A published backbone also classifies, which is of no use here.
    let classes = Tensor::zeros((3, 4), candle_core::DType::F32, &Device::Cpu)?;
    backbone.insert("classifier.6.weight".to_owned(), classes);
    candle_core::safetensors::save(&backbone, folder.join("backbone.safetensors"))?;
    candle_core::safetensors::save(&lin, folder.join("lin.safetensors"))?;
    Ok(())
}

fn pictures() -> BTreeMap<&'static str, RgbImage> {
    const SIZE: (u32, u32) = (64, 48);
    let bytes = noise(77, (3 * SIZE.0 * SIZE.1) as usize).map(|n| (n * 256.0) as u8);
    let random = RgbImage::from_raw(SIZE.0, SIZE.1, bytes.collect()).expect("it fits");
    let smooth = |k: i64| {
        RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| {
            let (x, y) = (i64::from(x), i64::from(y));
            let all = [x * 3 + y * k, x * y / 7 + 40 * k, 255 - 2 * x + 5 * y * k];
            image::Rgb(all.map(|value| value.rem_euclid(256) as u8))
        })
    };
    let (a, b) = (smooth(3), smooth(5));
    let mut half = a.clone();
    for (pixel, other) in half.pixels_mut().zip(b.pixels()) {
        for (channel, other) in pixel.0.iter_mut().zip(other.0) {
            *channel = ((u16::from(*channel) + u16::from(other)) / 2) as u8;
        }
    }
    [
        ("noise", random),
        ("smooth", a),
        ("other", b),
        ("half", half),
    ]
    .into()
}

#[test]
fn lpips_is_what_the_published_one_says() -> TestResult {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lpips/cases.json");
    let found: Value = serde_json::from_str(&std::fs::read_to_string(fixtures)?)?;
    let pictures = pictures();
    for case in found["cases"].as_array().ok_or("no cases")? {
        let net = case["net"].as_str().ok_or("no network")?;
        let home = tempfile::tempdir()?;
        write_weights(net, home.path())?;
        let judge = Perceptual::open(home.path(), &Device::Cpu)?;
        let name = if net == "alex" {
            "LPIPS (AlexNet)"
        } else {
            "LPIPS (VGG-16)"
        };
        assert_eq!(judge.name(), name);
        let distances = case["distances"].as_object().ok_or("no distances")?;
        assert_eq!(distances.len(), 4);
        for (pair, expected) in distances {
            let (a, b) = pair.split_once('-').ok_or("no pair")?;
            let see = |name: &str| judge.see(&pictures[name]);
            let (a, b) = (see(a)?.ok_or("large")?, see(b)?.ok_or("large")?);
            let actual = judge.distance(&a, &b)?.ok_or("one size")?;
            let expected = expected.as_f64().ok_or("no number")?;
            println!("{net} {pair}: {actual:.7}, published {expected:.7}");
            assert!(
                (actual - expected).abs() < 1e-5,
                "{net} {pair}: {actual} {expected}"
            );
        }
    }
    Ok(())
}

#[test]
fn lpips_says_what_it_cannot_look_at() -> TestResult {
    let home = tempfile::tempdir()?;
    let refused = |words: &str| -> TestResult {
        let error = Perceptual::open(home.path(), &Device::Cpu)
            .err()
            .ok_or(words.to_owned())?;
        let error = error.to_string();
        assert!(error.contains(words), "{error}");
        Ok(())
    };
    refused("no weights of LPIPS")?;
    write_weights("alex", home.path())?;
    let judge = Perceptual::open(home.path(), &Device::Cpu)?;
    assert!(judge.see(&RgbImage::new(64, 31))?.is_none(), "too small");
    let (a, b) = (
        judge.see(&RgbImage::new(64, 48))?,
        judge.see(&RgbImage::new(64, 64))?,
    );
    let (a, b) = (a.ok_or("large")?, b.ok_or("large")?);
    assert_eq!(judge.distance(&a, &b)?, None, "other sizes");
    std::fs::remove_file(home.path().join("lin.safetensors"))?;
    refused("lin0.model.1.weight")?;
    std::fs::remove_file(home.path().join("backbone.safetensors"))?;
    std::fs::write(home.path().join("alex.pth"), "torn")?;
    refused("alex.pth")?;
    Ok(())
}
