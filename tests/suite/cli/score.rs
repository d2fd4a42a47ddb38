//! `score` with the real binary: the golden toy folder as the original's evaluator saw it.

use super::{Place, expect_code, refused};
use crate::golden::{TestResult, root};
use serde_json::Value;
use std::path::Path;

fn toy() -> TestResult<[String; 3]> {
    let folder = root()?.join("metrics");
    let of = |name: &str| folder.join(name).display().to_string();
    let clip = folder.display().to_string();
    Ok([of("toy_folder"), of("labels_sample_val.json"), clip])
}

/// `score` of the toy folder with more arguments.
fn score(place: &Place, folder: &str, more: &[&str]) -> TestResult<std::process::Output> {
    let [_, categories, clip] = toy()?;
    let args = [
        "score",
        folder,
        "--clip",
        &clip,
        "--categories",
        &categories,
    ];
    place.run(&[args.as_slice(), more].concat())
}

/// A copy of the toy folder whose files can be changed.
fn copied(to: &Path) -> TestResult {
    let [from, ..] = toy()?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let folder = to.join(entry.file_name());
        std::fs::create_dir_all(&folder)?;
        for file in std::fs::read_dir(entry.path())? {
            let file = file?;
            std::fs::copy(file.path(), folder.join(file.file_name()))?;
        }
    }
    Ok(())
}

#[test]
fn a_folder_is_scored_and_written_in_every_format() -> TestResult {
    let place = Place::new()?;
    let [folder, ..] = toy()?;
    for name in ["r.json", "r.csv", "r.tex", "r.html"] {
        let output = score(&place, &folder, &["-o", name])?;
        expect_code(&output, 0)?;
        let text = String::from_utf8(output.stdout)?;
        for words in [
            "total sample",
            "0.9353",
            "0.9846",
            "0.9289",
            "sample06",
            ".hidden",
            name,
        ] {
            assert!(text.contains(words), "no {words} in\n{text}");
        }
    }
    let report: Value = serde_json::from_slice(&std::fs::read(place.path("r.json"))?)?;
    let method = &report["methods"][0];
    assert_eq!(method["samples"].as_array().map(Vec::len), Some(6));
    assert_eq!(method["samples"][0]["pictures"][2]["seed"], 1441);
    let total = &method["categories"][0];
    let range = ["low", "metrics", "high"].map(|name| total[name]["sim_avg"].as_f64());
    assert!(range.is_sorted() && range[0].is_some(), "{range:?}");

    let table = std::fs::read_to_string(place.path("r.csv"))?;
    assert_eq!(table.lines().count(), 1 + 6, "{table}");
    let pictures = std::fs::read_to_string(place.path("r-pictures.csv"))?;
    assert_eq!(pictures.lines().count(), 1 + 6 * 3);
    let tex = std::fs::read_to_string(place.path("r.tex"))?;
    assert!(
        tex.contains("toy\\_folder & scenery variation & 2 & 0.9458"),
        "{tex}"
    );
    let html = std::fs::read_to_string(place.path("r.html"))?;
    assert_eq!(html.matches("src=\"data:image/jpeg;base64,").count(), 6 * 5);
    assert!(
        html.contains("sample06") && !html.contains("http"),
        "it needs nothing else"
    );
    Ok(())
}

#[test]
fn a_later_evaluation_is_compared_with_an_earlier_one() -> TestResult {
    let place = Place::new()?;
    let [folder, ..] = toy()?;
    expect_code(&score(&place, &folder, &["-o", "before.json"])?, 0)?;
    // The mode is known by the name of the folder, so there is a row of the paper's table.
    let latent = place.path("out/latent");
    copied(&latent)?;
    std::fs::copy(
        latent.join("sample02/target_img.jpg"),
        latent.join("sample02/idx_0_method_LGD_seed_1391.jpg"),
    )?;
    let out = place.path("out").display().to_string();
    let more = ["--against", "before.json", "-o", "after.html"];
    let output = score(&place, &out, &more)?;
    expect_code(&output, 0)?;
    let text = String::from_utf8(output.stdout)?;
    assert!(
        text.contains("latent: 6 samples with 3 pictures each"),
        "{text}"
    );
    let line = |start: &str| {
        text.lines()
            .find(|line| line.starts_with(start))
            .unwrap_or_default()
    };
    let first = |start: &str| {
        line(start)
            .split_whitespace()
            .find(|word| word.starts_with('+'))
            .map(str::to_owned)
    };
    assert!(first("difference to the paper").is_some(), "{text}");
    assert!(!line("difference to before.json").is_empty(), "{text}");
    let moved = first("  more entities").ok_or("no difference")?;
    assert!(moved.parse::<f64>()? > 0.001, "{moved}");
    assert_eq!(first("  fewer entities").as_deref(), Some("+0.0000"));
    let html = std::fs::read_to_string(place.path("after.html"))?;
    assert!(html.contains("difference to before.json") && html.contains("difference to the paper"));
    Ok(())
}

#[test]
fn every_folder_that_does_not_count_is_named() -> TestResult {
    let place = Place::new()?;
    let folder = place.path("toy");
    copied(&folder)?;
    std::fs::write(folder.join("sample00/one_more.jpg"), "x")?;
    std::fs::write(folder.join("sample01/target_img.jpg"), "no picture")?;
    let output = score(
        &place,
        &folder.display().to_string(),
        &["--json", "--pictures", "3"],
    )?;
    expect_code(&output, 0)?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    let method = &report["methods"][0];
    assert_eq!(method["samples"].as_array().map(Vec::len), Some(4));
    let skipped = method["skipped"].as_array().ok_or("skipped")?;
    let reason = |name: &str| {
        let found = skipped.iter().find(|skipped| skipped["name"] == name);
        found
            .map(|found| found["reason"].to_string())
            .unwrap_or_default()
    };
    assert!(reason("sample00").contains("1 too many"), "{skipped:?}");
    assert!(reason("sample01").contains("target_img.jpg"), "{skipped:?}");
    assert!(reason("sample06").contains("1 missing"), "{skipped:?}");
    Ok(())
}

#[test]
fn what_cannot_be_scored_says_why() -> TestResult {
    let place = Place::new()?;
    let [folder, _, clip] = toy()?;
    let run = |args: &[&str]| place.run(args);
    refused(
        &run(&["score", &folder, "--clip", &clip, "-o", "r.doc"])?,
        2,
        &[".html"],
    )?;
    refused(
        &run(&["score", "nowhere", "--clip", &clip])?,
        1,
        &["no such folder", "nowhere"],
    )?;
    refused(
        &run(&["score", &clip, "--clip", &clip])?,
        1,
        &["no complete sample", "cases"],
    )?;
    refused(
        &run(&["score", &folder, "--clip", "nowhere"])?,
        1,
        &["config", "nowhere"],
    )?;
    let wrong = ["score", &folder, "--clip", &clip, "--categories"];
    let config = format!("{clip}/config.json");
    refused(
        &run(&[wrong.as_slice(), &[&config]].concat())?,
        1,
        &["categories", "config.json"],
    )?;
    let wrong = ["score", &folder, "--clip", &clip, "--against", &config];
    refused(&run(&wrong)?, 1, &["earlier report", "config.json"])?;
    // The data folder's own CLIP is found.
    let home = place.path("home/clip");
    std::fs::create_dir_all(&home)?;
    for file in ["config.json", "model.safetensors"] {
        std::fs::copy(root()?.join("metrics").join(file), home.join(file))?;
    }
    expect_code(&run(&["score", &folder])?, 0)
}

#[test]
fn without_clip_there_are_still_numbers() -> TestResult {
    let place = Place::new()?;
    let [folder, ..] = toy()?;
    let output = place.run(&["score", &folder])?;
    let text = String::from_utf8(output.stdout.clone())?;
    for words in ["PSNR", "SSIM", "CLIP: none", "openai/clip-vit-base-patch32"] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    assert!(!text.contains("LPIPS"), "{text}");
    expect_code(&output, 0)?;

    let weights = place.path("lpips");
    crate::perceptual::write_weights("alex", &weights)?;
    let weights = weights.display().to_string();
    let output = place.run(&["score", &folder, "--lpips", &weights, "--json"])?;
    expect_code(&output, 0)?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(report["lpips"], "LPIPS (AlexNet)");
    let total = &report["methods"][0]["categories"][0];
    assert!(
        total["metrics"].is_null() && total["direction"].is_null(),
        "{total}"
    );
    for (name, low, high) in [
        ("psnr", 3.0, 60.0),
        ("ssim", -1.0, 1.0),
        ("lpips", 0.01, 2.0),
    ] {
        let value = total[name].as_f64().ok_or(name)?;
        assert!((low..high).contains(&value), "{name} {value}");
    }
    let all = report["methods"][0]["samples"]
        .as_array()
        .ok_or("no samples")?;
    let pictures = all
        .iter()
        .filter_map(|sample| sample["pictures"].as_array())
        .flatten();
    let mean = |name: &str| {
        let values = pictures
            .clone()
            .filter_map(|picture| picture[name].as_f64());
        let (sum, count) = values.fold((0.0, 0.0), |(sum, count), v| (sum + v, count + 1.0));
        sum / count
    };
    let lpips = total["lpips"].as_f64().ok_or("no mean")?;
    assert!((mean("lpips") - lpips).abs() < 1e-9);

    // The same in every report, and a page that shows the pictures by SSIM.
    for report in ["r.html", "r.csv", "r.tex"] {
        let output = place.run(&["score", &folder, "--lpips", &weights, "-o", report])?;
        expect_code(&output, 0)?;
    }
    let read = |name: &str| std::fs::read_to_string(place.path(name));
    let html = read("r.html")?;
    for words in [
        "<th>LPIPS",
        "SSIM 0.",
        "smaller is more alike",
        "data:image/jpeg",
    ] {
        assert!(html.contains(words), "{words}");
    }
    assert!(
        !html.contains("<th>CLIP direction"),
        "a column of dashes says nothing"
    );
    assert!(read("r.csv")?.contains(",lpips"));
    assert!(read("r.tex")?.contains("& PSNR & SSIM & LPIPS"));
    // Weights that are not there are said, not passed over.
    let missing = place.run(&["score", &folder, "--lpips", "nowhere"])?;
    refused(&missing, 1, &["LPIPS", "nowhere"])
}
