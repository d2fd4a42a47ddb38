//! The large networks with fewer bits: other numbers, nearly the same picture.

use crate::golden::TestResult;
use candle_core::{DType, Device, Tensor};
use lgd_studio::job::{DeviceChoice, Precision};
use lgd_studio::nn::{Heads, has_paired_halves};
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

/// The root of the mean squared distance, relative to that of `expected`.
fn distance(found: &Tensor, expected: &Tensor) -> TestResult<f64> {
    let square =
        |x: Tensor| -> TestResult<f64> { Ok(f64::from(x.sqr()?.sum_all()?.to_scalar::<f32>()?)) };
    Ok((square((found - expected)?)? / square(expected.clone())?).sqrt())
}

/// Attention by its definition, number by number, (B, Lq, N*d).
fn by_definition(
    [q, k, v]: [&Tensor; 3],
    heads: usize,
    scale: f64,
    mask: Option<&[f32]>,
) -> TestResult<Tensor> {
    let (batch, queries, width) = q.dims3()?;
    let (keys, d) = (k.dim(1)?, width / heads);
    let [q, k, v] = [
        q.to_vec3::<f32>()?,
        k.to_vec3::<f32>()?,
        v.to_vec3::<f32>()?,
    ];
    let mut out = vec![0f32; batch * queries * width];
    for (place, out) in out.chunks_exact_mut(d).enumerate() {
        let (row, head) = (place / heads, place % heads * d);
        let (image, query) = (row / queries, row % queries);
        let query = &q[image][query][head..head + d];
        let scores = (0..keys).map(|key| {
            let products = query.iter().zip(&k[image][key][head..]);
            let score: f64 = products.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            score * scale + mask.map_or(0.0, |mask| f64::from(mask[key]))
        });
        let scores: Vec<f64> = scores.collect();
        let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
        let sum: f64 = weights.iter().sum();
        for (i, out) in out.iter_mut().enumerate() {
            let values = v[image].iter().map(|row| f64::from(row[head + i]));
            let mixed: f64 = weights
                .iter()
                .zip(values)
                .map(|(weight, value)| weight * value)
                .sum();
            *out = (mixed / sum) as f32;
        }
    }
    Ok(Tensor::from_vec(
        out,
        (batch, queries, width),
        &Device::Cpu,
    )?)
}

/// On every processor: in whole numbers close to the definition, in half as close as pairs of bf16 are, or
/// as close as before where there are none.
#[test]
fn attention_agrees_with_its_definition() -> TestResult {
    let bound = if has_paired_halves() {
        0.01
    } else {
        println!("this processor has no AVX512-BF16: half precision is whole here");
        1e-5
    };
    // Odd widths and keys: the last of a pair is missing.
    for (queries, keys, heads, d) in [(70, 131, 2, 40), (5, 3, 1, 7), (33, 64, 3, 16)] {
        let random = |length| Tensor::randn(0f32, 1.0, (2, length, heads * d), &Device::Cpu);
        let (q, k, v) = (random(queries)?, random(keys)?, random(keys)?);
        let scale = 1.0 / (d as f64).sqrt();
        let all = Heads::new(heads, scale);
        // The last key is hidden from all.
        let mut mask = vec![0f32; keys];
        mask[keys - 1] = f32::MIN;
        let mask = Tensor::from_vec(mask, (1, 1, 1, keys), &Device::Cpu)?;
        let hidden = mask.flatten_all()?.to_vec1::<f32>()?;
        for (bias, hidden) in [(None, None), (Some(&mask), Some(hidden.as_slice()))] {
            let expected = by_definition([&q, &k, &v], heads, scale, hidden)?;
            for (heads, bound) in [(all, 1e-5), (all.in_half(), bound)] {
                let off = distance(&heads.attend(&q, &k, &v, bias)?, &expected)?;
                assert!(off < bound, "{queries} queries, {keys} keys of {d}: {off}");
            }
        }
    }
    Ok(())
}

#[test]
fn fewer_bits_draw_nearly_the_same_picture() -> TestResult {
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
    for (precision, name) in [(Precision::Bf16, "cpu bf16"), (Precision::Int8, "cpu int8")] {
        let (device, fewer) = draw(precision)?;
        assert_eq!(device, name);
        assert_eq!((exact.len(), fewer.len()), (2, 2));
        for ((_, exact), (_, fewer)) in exact.iter().zip(&fewer) {
            let pairs = exact.as_raw().iter().zip(fewer.as_raw());
            let off: f64 = pairs.map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
            let mean = off / exact.as_raw().len() as f64;
            println!("{name}: {mean:.2} of 255");
            assert!(mean > 0.0, "{name}: nothing was computed with fewer bits");
            assert!(mean < 4.0, "{name}: {mean} of 255");
        }
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
