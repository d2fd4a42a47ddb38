//! The large networks in bf16: another dtype, nearly the same picture.

use crate::golden::TestResult;
use candle_core::{DType, Device};
use lgd_studio::job::{DeviceChoice, Precision};
use lgd_studio::pipeline::{
    BundleSource, EditRequest, GuidanceMode, LgdPipeline, MemoryRules, Progress,
};
use std::path::Path;
use std::sync::Arc;

fn pipeline(precision: Precision) -> TestResult<LgdPipeline> {
    let rules = MemoryRules {
        precision,
        ..MemoryRules::default()
    };
    Ok(LgdPipeline::open(
        &BundleSource::Embedded,
        &Device::Cpu,
        rules,
    )?)
}

#[test]
fn half_precision_draws_nearly_the_same_picture() -> TestResult {
    let frame = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/frames/apple-tree.png");
    let frame = Arc::new(image::open(frame)?.to_rgb8());
    let requests = [GuidanceMode::Latent, GuidanceMode::Question].map(|mode| EditRequest {
        question: "What happens if it rains?".to_owned(),
        mode,
        steps: 4,
        ..EditRequest::default()
    });
    let draw = |precision| -> TestResult<_> {
        let pipeline = pipeline(precision)?;
        let mut pictures = Vec::new();
        pipeline.run(frame.clone(), &requests, &mut |progress| {
            if let Progress::Drawn(column, edited) = progress {
                pictures.push((column, edited.picture));
            }
        })?;
        pictures.sort_by_key(|(column, _)| *column);
        Ok((pipeline.device_text(), pictures))
    };
    let (device, exact) = draw(Precision::Auto)?;
    assert_eq!(device, "cpu f32");
    let (device, half) = draw(Precision::Bf16)?;
    assert_eq!(device, "cpu bf16");
    assert_eq!((exact.len(), half.len()), (2, 2));
    for ((_, exact), (_, half)) in exact.iter().zip(&half) {
        let (a, b) = (exact.as_raw(), half.as_raw());
        let off: f64 = a
            .iter()
            .zip(b)
            .map(|(a, b)| f64::from(a.abs_diff(*b)))
            .sum();
        let mean = off / a.len() as f64;
        assert!(mean > 0.0, "nothing was computed in another dtype");
        assert!(mean < 4.0, "{mean} of 255");
    }
    Ok(())
}

#[test]
fn precision_goes_by_the_device() -> TestResult {
    assert_eq!(Precision::Auto.dtype(&Device::Cpu), DType::F32);
    assert_eq!(Precision::Bf16.dtype(&Device::Cpu), DType::BF16);
    for precision in Precision::ALL {
        assert_eq!(precision.to_string().parse(), Ok(precision));
    }
    assert!("f8".parse::<Precision>().is_err_and(|e| e.contains("bf16")));
    assert_eq!(
        DeviceChoice::try_from("cuda:1".to_owned())?,
        DeviceChoice::Cuda(1)
    );
    Ok(())
}
