//! Bundles on the command line: whole ones, and damaged ones.

use super::{FRAME, Place, QUESTION, example, expect_code, refused};
use crate::golden::TestResult;
use serde_json::Value;
use std::path::Path;

/// A copy of the embedded bundle with one file changed.
fn damaged_bundle(place: &Place, damage: impl FnOnce(&Path) -> TestResult) -> TestResult<String> {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/toon-tiny");
    let to = place.path("bundle");
    if to.exists() {
        std::fs::remove_dir_all(&to)?;
    }
    for folder in ["", "blip2", "unet", "vae", "adapter", "scheduler"] {
        std::fs::create_dir_all(to.join(folder))?;
        for entry in std::fs::read_dir(from.join(folder))? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                std::fs::copy(entry.path(), to.join(folder).join(entry.file_name()))?;
            }
        }
    }
    damage(&to)?;
    Ok(to.display().to_string())
}

fn cut(path: &Path, length: usize) -> TestResult {
    let bytes = std::fs::read(path)?;
    Ok(std::fs::write(path, &bytes[..length])?)
}

#[test]
fn a_bundle_folder_works_and_damaged_ones_are_explained() -> TestResult {
    let place = Place::new()?;
    let frame = example(FRAME).display().to_string();
    let ask = |bundle: &str| {
        place.run(&[
            "ask", &frame, QUESTION, "--steps", "1", "-o", "out.png", "--bundle", bundle,
        ])
    };

    let whole = damaged_bundle(&place, |_| Ok(()))?;
    expect_code(&ask(&whole)?, 0)?;
    expect_code(&place.run(&["bundle", "verify", &whole])?, 0)?;
    std::fs::remove_file(place.path("out.png"))?;

    let weights = "unet/diffusion_pytorch_model.safetensors";
    let no_file = damaged_bundle(&place, |b| Ok(std::fs::remove_file(b.join(weights))?))?;
    refused(&ask(&no_file)?, 1, &["UNet", "no such file", weights])?;
    expect_code(&place.run(&["bundle", "verify", &no_file])?, 1)?;
    let truncated = damaged_bundle(&place, |b| cut(&b.join(weights), 1_000_000))?;
    refused(&ask(&truncated)?, 1, &["UNet", weights])?;
    let no_json = damaged_bundle(&place, |b| Ok(std::fs::remove_file(b.join("lgd.json"))?))?;
    refused(&ask(&no_json)?, 1, &["lgd.json"])?;
    let bad_json = damaged_bundle(&place, |b| {
        Ok(std::fs::write(b.join("lgd.json"), "{\"format\": 1")?)
    })?;
    refused(&ask(&bad_json)?, 1, &["lgd.json"])?;
    let future = damaged_bundle(&place, |b| {
        let text = std::fs::read_to_string(b.join("lgd.json"))?;
        Ok(std::fs::write(
            b.join("lgd.json"),
            text.replacen("\"format\": 1", "\"format\": 99", 1),
        )?)
    })?;
    refused(&ask(&future)?, 1, &["format 99"])?;
    let no_tokenizer = damaged_bundle(&place, |b| {
        Ok(std::fs::remove_file(b.join("blip2/tokenizer.json"))?)
    })?;
    refused(&ask(&no_tokenizer)?, 1, &["tokenizer.json"])?;
    let nan = damaged_bundle(&place, |b| poison(&b.join("adapter/adapter.safetensors")))?;
    refused(&ask(&nan)?, 1, &["latent translation", "not"])?;
    refused(
        &ask("no/such/bundle")?,
        1,
        &["no bundle folder", "no/such/bundle"],
    )?;
    assert!(!place.path("out.png").exists());
    Ok(())
}

/// Overwrites the last stored value with a NaN.
fn poison(path: &Path) -> TestResult {
    let mut bytes = std::fs::read(path)?;
    let at = bytes.len() - 2;
    bytes[at..].copy_from_slice(&0x7e00u16.to_le_bytes());
    Ok(std::fs::write(path, bytes)?)
}

#[test]
fn bundles_are_listed_inspected_and_verified() -> TestResult {
    let place = Place::new()?;
    let list = place.run(&["bundle", "list"])?;
    expect_code(&list, 0)?;
    assert!(String::from_utf8_lossy(&list.stdout).contains("toon-tiny"));
    let inspected = place.run(&["bundle", "inspect", "toon-tiny", "--json"])?;
    expect_code(&inspected, 0)?;
    let report: Value = serde_json::from_slice(&inspected.stdout)?;
    assert_eq!(report["resolution"], 128);
    let parameters: Vec<_> = report["components"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|part| part["parameters"].as_u64())
        .collect();
    assert_eq!(parameters, [6_504_000, 11_857_956, 1_718_807, 74_112]);
    let verified = place.run(&["bundle", "verify", "toon-tiny", "--json"])?;
    expect_code(&verified, 0)?;
    let report: Value = serde_json::from_slice(&verified.stdout)?;
    assert_eq!(report["checked"], 13);
    Ok(())
}
