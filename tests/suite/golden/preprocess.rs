//! Pictures and texts as the models were trained to see them.

use super::{Case, Folder, TestResult};
use candle_core::{Device, Tensor};
use image::RgbImage;
use lgd_studio::dataset::text::{PreparedText, REASONING_SUFFIX, for_training, for_validation};
use lgd_studio::dataset::transforms::{TrainTransform, ValidationFrame, fitted_size};
use lgd_studio::nn::pixels::{CLIP_MEAN, CLIP_STD, normalized, signed_unit};
use lgd_studio::nn::resize::{Filter, resize};
use lgd_studio::pipeline::frame_image::{self, Reading};
use serde_json::Value;

/// The one picture that depends on a quirk of the original's library (see the fixtures' README).
const OPTIONAL: &str = "gray16.png";

#[test]
fn golden_preprocess() -> TestResult {
    Folder::open("preprocess")?.run_all(|case| match case.name.as_str() {
        "blip_eval" => blip_eval(case),
        "vqai_validate" => vqai_validate(case),
        "vqai_train" => vqai_train(case),
        "fit_size" => fit_size(case),
        other => Err(format!("unknown case {other}").into()),
    })
}

fn blip_eval(case: &Case) -> TestResult {
    let side = number(&case.params["image_size"])?;
    for name in names(&case.params["images"])? {
        let image = picture(case, &name)?;
        let square = resize(&image, side, side, Filter::Bicubic);
        let pixels = normalized(&square, CLIP_MEAN, CLIP_STD, &Device::Cpu)?.squeeze(0)?;
        compare(case, &format!("rgb:{name}"), &bytes(&image)?, &name)?;
        compare(case, &format!("pixels:{name}"), &pixels, &name)?;
    }
    Ok(())
}

fn vqai_validate(case: &Case) -> TestResult {
    let resolution = number(&case.params["R"])?;
    for name in names(&case.params["cases"])? {
        let about = &case.params["cases"][&name];
        let target_name = about["gt"].as_str().ok_or("no target")?;
        let frame = ValidationFrame::new(&picture(case, &name)?, resolution);
        let size = [
            number(&about["fit_size"][0])?,
            number(&about["fit_size"][1])?,
        ];
        assert_eq!(<[u32; 2]>::from(frame.size), size, "{name}");
        let target = frame.target(&picture(case, target_name)?);
        compare(case, &format!("input:{name}"), &bytes(&frame.input)?, &name)?;
        compare(case, &format!("gt:{name}"), &bytes(&target)?, target_name)?;
        let pixels = signed_unit(&frame.input, &Device::Cpu)?.squeeze(0)?;
        compare(case, &format!("img_a:{name}"), &pixels, &name)?;
    }
    Ok(())
}

fn vqai_train(case: &Case) -> TestResult {
    let transform = TrainTransform {
        resolution: number(&case.params["R"])?,
        flip_probability: 0.5,
    };
    for name in names(&case.params["cases"])? {
        let about = &case.params["cases"][&name];
        let edited = about["edited"].as_str().ok_or("no edited picture")?;
        let mirrored = about["flipped"].as_bool().ok_or("mirrored or not?")?;
        for (kind, file) in [("image", name.as_str()), ("edited", edited)] {
            let pixels = transform.pixels(&picture(case, file)?, mirrored, &Device::Cpu)?;
            compare(case, &format!("{kind}:{name}"), &pixels, file)?;
        }
    }
    Ok(())
}

fn fit_size(case: &Case) -> TestResult {
    let table = case.expected("table")?.to_vec2::<i64>()?;
    let fitted = table
        .iter()
        .flat_map(|row| {
            let (width, height) = fitted_size(row[0] as u32, row[1] as u32, row[2] as u32);
            [row[0], row[1], row[2], i64::from(width), i64::from(height)]
        })
        .collect();
    case.check(
        "table",
        &Tensor::from_vec(fitted, (table.len(), 5), &Device::Cpu)?,
    )
}

#[test]
fn golden_preprocess_texts() -> TestResult {
    let path = super::root()?.join("preprocess/text_cases.json");
    let cases: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let list = |key: &str| cases[key].as_array().cloned().ok_or("no such list");
    let text = |case: &Value, key: &str| case[key].as_str().unwrap_or_default().to_owned();
    let expected = |case: &Value| PreparedText {
        text_input: text(case, "text_input"),
        answer: text(case, "answer"),
        loss_weight: case["loss_weight"].as_f64().unwrap_or(f64::NAN) as f32,
    };
    let (train, validation) = (list("train")?, list("validation")?);
    for case in &train {
        assert_eq!(
            for_training(&text(case, "question"), &text(case, "sent")),
            expected(case)
        );
    }
    for case in &validation {
        assert_eq!(
            for_validation(&text(case, "question"), REASONING_SUFFIX),
            expected(case)
        );
    }
    report!(
        "golden preprocess texts: {} cases",
        train.len() + validation.len()
    );
    Ok(())
}

/// Compares where the case has this tensor (some only check a few pictures).
fn compare(case: &Case, name: &str, actual: &Tensor, picture: &str) -> TestResult {
    let Ok(expected) = case.expected(name) else {
        return Ok(());
    };
    let worst = |a: &Tensor, b: &Tensor| -> TestResult<f64> {
        let difference =
            (a.to_dtype(candle_core::DType::F64)? - b.to_dtype(candle_core::DType::F64)?)?;
        Ok(difference.abs()?.max_all()?.to_scalar()?)
    };
    report!("  {} {name}: {:.2e}", case.name, worst(actual, &expected)?);
    if picture == OPTIONAL {
        report!("  skipped {name}: optional");
        return case.check(name, &expected);
    }
    case.check(name, actual)
}

fn picture(case: &Case, name: &str) -> TestResult<RgbImage> {
    let path = case.folder.join("images").join(name);
    Ok(frame_image::open(&path, Reading::AsStored)?)
}

/// (H, W, 3), as the fixtures store pictures.
fn bytes(image: &RgbImage) -> TestResult<Tensor> {
    let shape = (image.height() as usize, image.width() as usize, 3);
    Ok(Tensor::from_slice(image.as_raw(), shape, &Device::Cpu)?)
}

fn names(object: &Value) -> TestResult<Vec<String>> {
    Ok(object
        .as_object()
        .ok_or("no pictures")?
        .keys()
        .cloned()
        .collect())
}

fn number(value: &Value) -> TestResult<u32> {
    Ok(u32::try_from(value.as_u64().ok_or("no number")?)?)
}
