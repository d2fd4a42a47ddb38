//! CLIP, the metric's judge, and the evaluator with the paper's metrics.

use super::{Case, Folder, TestResult};
use crate::denoising::{config, weights};
use candle_core::{DType, Device, Tensor};
use lgd_studio::dataset::Categories;
use lgd_studio::eval::{
    CategoryReport, Judges, Metrics, PictureReport, SampleFolder, SampleReport, Truths, methods,
    read_folder, score,
};
use lgd_studio::models::clip::{Clip, ClipConfig, l2_normalized};
use lgd_studio::pipeline::frame_image::{self, Reading};
use lgd_studio::pipeline::{Likeness, clip_pixels};
use serde_json::Value;

/// How close the four numbers have to come to the original's.
const CLOSE: f64 = 1e-5;

#[test]
fn golden_metrics() -> TestResult {
    let folder = Folder::open("metrics")?;
    folder.run_all(|case| match case.name.as_str() {
        "clip_forward" => clip_forward(case),
        "evaluator" => evaluator(case),
        name => Err(format!("unknown case {name}").into()),
    })
}

fn clip_forward(case: &Case) -> TestResult {
    let config: ClipConfig = config(&case.folder.join("config.json"))?;
    let weights = weights(&case.folder.join("model.safetensors"))?;
    let clip = Clip::load(&config, &weights)?;
    weights.finish()?;
    let pixel_values = case.input("pixel_values")?;
    let states = clip.vision().forward(&pixel_values)?;
    case.check("vision_last_hidden_state", &states)?;
    case.check("vision_pooled", &clip.vision().pooled(&states)?)?;
    let image_features = clip.image_features(&pixel_values)?;
    let text_features = clip.text_features(&case.input("input_ids")?)?;
    case.check("image_features", &image_features)?;
    case.check("text_features", &text_features)?;
    let image_embeds = l2_normalized(&image_features)?;
    let text_embeds = l2_normalized(&text_features)?;
    case.check("image_embeds", &image_embeds)?;
    case.check("text_embeds", &text_embeds)?;
    let logits = clip.logits_per_image(&image_embeds, &text_embeds)?;
    case.check("logits_per_image", &logits)
}

/// The toy folder from its pictures on: preprocessing, embeddings, scores, skipped folders, metrics.
fn evaluator(case: &Case) -> TestResult {
    let judge = Likeness::open(&case.folder, &Device::Cpu)?;
    let toy = [case.folder.join("toy_folder")];
    let [(name, mode, below)] = methods(&toy)
        .try_into()
        .map_err(|found: Vec<_>| format!("{} methods", found.len()))?;
    let read = read_folder(&below, None)?;
    assert_eq!(
        read.pictures + 2,
        5,
        "{:?}",
        case.params["images_per_sample"]
    );
    let skipped: Vec<&str> = read.skipped.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(skipped, [".hidden", "sample06"]);
    for sample in &read.samples {
        let expected = &case.params["image_order"][&sample.name];
        let generated = sample.generated.iter().map(|picture| &picture.path);
        let paths = [&sample.input, &sample.target].into_iter().chain(generated);
        let files: Vec<_> = paths
            .map(|path| path.file_name().unwrap_or_default())
            .collect();
        assert_eq!(
            &serde_json::to_value(
                files
                    .iter()
                    .map(|f| f.to_string_lossy())
                    .collect::<Vec<_>>()
            )?,
            expected
        );
        features(case, &judge, sample)?;
    }
    let categories = Categories::open(&case.folder.join("labels_sample_val.json"))?;
    let mut heard = Vec::new();
    let judges = Judges {
        clip: Some(&judge),
        lpips: None,
    };
    let report = score(
        judges,
        name,
        mode,
        read,
        (&categories, &Truths::default()),
        &mut |scored| heard.push(scored.done),
    )?;
    assert_eq!(heard, [1, 2, 3, 4, 5, 6]);
    for sample in &report.samples {
        scores(case, sample)?;
    }
    curves(case, &report.samples)?;
    results(case, &report.categories)?;

    // The same from the original's own scores, which leaves only the formulas.
    let mut exact = Vec::new();
    for sample in &report.samples {
        let name = format!("scores_target_vs_generate_{}", sample.name);
        let scores = case
            .expected(&name)?
            .to_dtype(DType::F64)?
            .to_vec1::<f64>()?;
        exact.push(Metrics::of_sample(&scores).ok_or("no scores")?);
    }
    close(
        "formulas",
        Metrics::mean(&exact),
        &case.params["results"]["total sample"],
    )
}

fn features(case: &Case, judge: &Likeness, sample: &SampleFolder) -> TestResult {
    let generated = sample.generated.iter().map(|picture| &picture.path);
    let pictures = [&sample.input, &sample.target].into_iter().chain(generated);
    let pictures: Vec<_> = pictures
        .map(|path| frame_image::open(path, Reading::AsStored))
        .collect::<Result<_, _>>()?;
    let embeds = judge.embed(&pictures.iter().collect::<Vec<_>>())?;
    let name = format!("features_{}", sample.name);
    case.check(&name, &Tensor::new(embeds, &Device::Cpu)?)?;
    let name = format!("pixels_{}", sample.name);
    let pixels = pictures
        .iter()
        .take(2)
        .map(|p| clip_pixels(p, 64, &Device::Cpu));
    let pixels = Tensor::cat(&pixels.collect::<candle_core::Result<Vec<_>>>()?, 0)?;
    case.check_if_expected(&name, &pixels)
}

fn scores(case: &Case, sample: &SampleReport) -> TestResult {
    let of = |score: &dyn Fn(&PictureReport) -> f64| -> TestResult<Tensor> {
        let scores: Vec<f64> = sample.pictures.iter().map(score).collect();
        Ok(Tensor::new(scores, &Device::Cpu)?)
    };
    let name = &sample.name;
    case.check(
        &format!("scores_target_vs_generate_{name}"),
        &of(&|p| p.score.unwrap_or(f64::NAN))?,
    )?;
    case.check(
        &format!("scores_input_vs_generate_{name}"),
        &of(&|p| p.input_score.unwrap_or(f64::NAN))?,
    )?;
    let input = Tensor::new(&[sample.input_score.unwrap_or(f64::NAN)], &Device::Cpu)?;
    case.check(&format!("score_input_vs_target_{name}"), &input)
}

/// The shares above each threshold, whose means are the AUC metrics.
fn curves(case: &Case, samples: &[SampleReport]) -> TestResult {
    let scores = |sample: &SampleReport| -> Vec<f64> {
        sample.pictures.iter().filter_map(|p| p.score).collect()
    };
    let all: Vec<f64> = samples.iter().flat_map(scores).collect();
    let best: Vec<f64> = samples
        .iter()
        .map(|s| scores(s).into_iter().fold(f64::MIN, f64::max))
        .collect();
    for (name, scores) in [
        ("curve_share_above_p_100_to_1", all),
        ("curve_best_share_above_p_100_to_1", best),
    ] {
        let share = |p: u32| {
            scores.iter().filter(|s| **s > f64::from(p)).count() as f64 / scores.len() as f64
        };
        let curve: Vec<f64> = (1..=100).rev().map(share).collect();
        case.check(name, &Tensor::new(curve, &Device::Cpu)?)?;
    }
    Ok(())
}

fn results(case: &Case, categories: &[CategoryReport]) -> TestResult {
    let expected = case.params["results"].as_object().ok_or("no results")?;
    assert_eq!(categories.len(), expected.len());
    for (name, expected) in expected {
        let category = case.params["category_names"][name]
            .as_str()
            .ok_or("no name")?;
        let found = categories.iter().find(|found| found.category == category);
        let found = found.ok_or_else(|| format!("no {category}"))?;
        assert_eq!(
            Some(found.samples as u64),
            expected["samples"].as_u64(),
            "{category}"
        );
        if found.samples == 0 {
            assert_eq!((found.metrics, found.low), (None, None), "{category}");
            continue;
        }
        close(category, found.metrics, expected)?;
    }
    Ok(())
}

fn close(what: &str, found: Option<Metrics>, expected: &Value) -> TestResult {
    let values = found.ok_or_else(|| format!("{what}: no numbers"))?.values();
    for (name, value) in Metrics::NAMES.iter().zip(values) {
        let expected = expected[name].as_f64().ok_or("no number")?;
        let error = (value - expected).abs();
        report!("golden metrics {what} {name}: error {error:.1e}");
        if error > CLOSE {
            return Err(format!("{what} {name} is {value}, expected {expected}").into());
        }
    }
    Ok(())
}
