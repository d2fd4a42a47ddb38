//! Plans for less memory than a bundle would like: the same pictures, and a way on when it runs out.

use crate::golden::TestResult;
use candle_core::{DType, Device, Tensor};
use image::RgbImage;
use lgd_studio::models::vae::Tiles;
use lgd_studio::models::{Vae, VaeConfig};
use lgd_studio::nn::cancel::{self, CancelToken};
use lgd_studio::nn::room::Room;
use lgd_studio::nn::{Bits, WeightSource, Weights};
use lgd_studio::pipeline::{
    BundleSource, EditError, EditRequest, GuidanceMode, LgdPipeline, MemoryPlan, MemoryRules,
    MemorySize, Progress, Stage,
};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

const PLENTY: u64 = 1 << 40;

fn frame() -> TestResult<Arc<RgbImage>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/frames");
    let mut files: Vec<_> = std::fs::read_dir(path)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "png"))
        .collect();
    files.sort();
    let first = files.first().ok_or("there are no example frames")?;
    Ok(Arc::new(image::open(first)?.to_rgb8()))
}

fn request(mode: GuidanceMode) -> EditRequest {
    EditRequest {
        question: "What happens if it rains?".to_owned(),
        mode,
        steps: 2,
        ..EditRequest::default()
    }
}

/// A device with so much free memory, changed at any time.
fn rules(free: &Arc<AtomicU64>) -> MemoryRules {
    let free = free.clone();
    MemoryRules {
        gauge: Arc::new(move |_| {
            Ok(Some(Room {
                free: free.load(Ordering::Relaxed),
                total: PLENTY,
            }))
        }),
        ..MemoryRules::default()
    }
}

fn open() -> TestResult<LgdPipeline> {
    let free = Arc::new(AtomicU64::new(PLENTY));
    Ok(LgdPipeline::open(
        &BundleSource::Embedded,
        &Device::Cpu,
        rules(&free),
    )?)
}

/// The pictures of a run, its notices and its stages.
fn drawn(
    pipeline: &LgdPipeline,
    requests: &[EditRequest],
    on: &mut dyn FnMut(&Progress),
) -> TestResult<(Vec<RgbImage>, Vec<String>, Vec<Stage>)> {
    let mut pictures = vec![None; requests.len()];
    let (mut notices, mut stages) = (Vec::new(), Vec::new());
    pipeline.run(frame()?, requests, &mut |progress| {
        on(&progress);
        match progress {
            Progress::Drawn(column, edited) => {
                assert!(pictures[column].is_none(), "column {column} came twice");
                pictures[column] = Some(edited.picture);
            }
            Progress::Notice(_, text) => notices.push(text),
            Progress::Stage(stage) => stages.push(stage),
            _ => {}
        }
    })?;
    let pictures = pictures.into_iter().flatten().collect();
    Ok((pictures, notices, stages))
}

fn mean_difference(a: &RgbImage, b: &RgbImage) -> f64 {
    let pairs = a.as_raw().iter().zip(b.as_raw());
    let sum: u64 = pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.as_raw().len() as f64
}

#[test]
fn every_plan_draws_and_only_fewer_bits_change_the_picture() -> TestResult {
    let requests = [request(GuidanceMode::Both)];
    let pipeline = open()?;
    pipeline.load()?;
    assert_eq!(pipeline.plan(), MemoryPlan::default());
    let (whole, _, stages) = drawn(&pipeline, &requests, &mut |_| {})?;
    assert!(!stages.contains(&Stage::Loading), "{stages:?}");
    for plan in MemoryPlan::ALL.into_iter().skip(1) {
        pipeline.set_plan(plan);
        let (pictures, notices, stages) = drawn(&pipeline, &requests, &mut |_| {})?;
        assert!(stages.contains(&Stage::Loading), "{stages:?}");
        assert_eq!(notices, Vec::<String>::new());
        if plan.language_bits.is_none() {
            assert_eq!(pictures, whole, "{}", plan.words());
        } else {
            let off = mean_difference(&pictures[0], &whole[0]);
            println!("{}: {off:.2} of 255", plan.words());
            assert!(off < 12.0, "{}: {off}", plan.words());
        }
    }
    Ok(())
}

#[test]
fn when_memory_runs_short_the_rest_is_drawn_by_the_next_plan() -> TestResult {
    let requests = [
        request(GuidanceMode::Question),
        EditRequest {
            steps: 3, // another plan of steps: drawn after the first column
            ..request(GuidanceMode::Latent)
        },
    ];
    let pipeline = open()?;
    pipeline.load()?;
    let (expected, ..) = drawn(&pipeline, &requests, &mut |_| {})?;

    let free = Arc::new(AtomicU64::new(PLENTY));
    let pipeline = LgdPipeline::open(&BundleSource::Embedded, &Device::Cpu, rules(&free))?;
    pipeline.set_plan(MemoryPlan {
        one_at_a_time: true,
        ..MemoryPlan::default()
    });
    // Somebody takes the memory when the first column is drawn, and gives it back when that is heard.
    let (pictures, notices, _) = drawn(&pipeline, &requests, &mut |progress| match progress {
        Progress::Drawn(0, _) => free.store(1000, Ordering::Relaxed),
        Progress::Notice(..) => free.store(PLENTY, Ordering::Relaxed),
        _ => {}
    })?;
    assert_eq!(pictures, expected);
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(
        notices[0].contains("one network at a time, pictures in tiles"),
        "{notices:?}"
    );
    assert!(pipeline.plan().tiles);
    Ok(())
}

#[test]
fn when_no_plan_is_left_the_run_fails_with_what_to_do() -> TestResult {
    let free = Arc::new(AtomicU64::new(PLENTY));
    let pipeline = LgdPipeline::open(&BundleSource::Embedded, &Device::Cpu, rules(&free))?;
    pipeline.set_plan(MemoryPlan::smallest());
    free.store(1000, Ordering::Relaxed);
    let failed = pipeline.run(frame()?, &[request(GuidanceMode::Latent)], &mut |_| {});
    match failed {
        Err(EditError::NoRoom(problem)) => {
            assert!(problem.message.contains("not enough memory"), "{problem}");
            assert!(problem.hint.is_some() && problem.remedy.is_none());
        }
        other => panic!("{other:?}"),
    }
    Ok(())
}

#[test]
fn a_limit_that_holds_no_plan_is_refused_and_a_wide_one_changes_nothing() -> TestResult {
    let open = |limit: u64| {
        let rules = MemoryRules {
            limit: Some(MemorySize(limit)),
            ..MemoryRules::default()
        };
        LgdPipeline::open(&BundleSource::Embedded, &Device::Cpu, rules)
    };
    match open(1 << 20) {
        Err(EditError::Failed(problem)) => {
            assert!(problem.message.contains("at least"), "{problem}");
            assert!(problem.hint.is_some_and(|hint| hint.contains("limit")));
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("a megabyte is no place for a network"),
    }
    assert_eq!(open(PLENTY)?.plan(), MemoryPlan::default());
    Ok(())
}

#[test]
fn loading_says_how_far_it_is_and_can_be_cancelled() -> TestResult {
    let pipeline = open()?;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = heard.clone();
    pipeline.set_load_listener(Some(Arc::new(move |progress| {
        if let Ok(mut heard) = listener.lock() {
            heard.push(progress);
        }
    })));
    pipeline.load()?;
    let heard = heard.lock().map_err(|e| e.to_string())?.clone();
    assert!(heard.is_sorted_by(|a, b| a.done <= b.done));
    let last = heard.last().ok_or("nothing was heard")?;
    assert_eq!(last.done, last.total);
    assert!(last.total > 1 << 20, "{last:?}");

    let token = CancelToken::default();
    let pipeline = open()?;
    let stop = token.clone();
    pipeline.set_load_listener(Some(Arc::new(move |progress| {
        if progress.done > progress.total / 3 {
            stop.cancel();
        }
    })));
    let stopped = cancel::scope(&token, || pipeline.load());
    assert!(matches!(stopped, Err(EditError::Cancelled)), "{stopped:?}");
    // What was stopped can be started again.
    pipeline.set_load_listener(None);
    pipeline.load()?;
    Ok(())
}

fn toon_vae() -> TestResult<Vae> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/toon-tiny/vae");
    let config: VaeConfig = serde_json::from_slice(&std::fs::read(folder.join("config.json"))?)?;
    let source = WeightSource::in_folder(&folder, "diffusion_pytorch_model");
    let weights = Weights::open(&[source], DType::F32, &Device::Cpu)?;
    Ok(Vae::load(&config, &weights)?)
}

#[test]
fn tiles_show_no_seam_and_change_little() -> TestResult {
    let vae = toon_vae()?;
    let picture = frame()?;
    let side = 192;
    let picture =
        image::imageops::resize(&*picture, side, side, image::imageops::FilterType::Triangle);
    let pixels: Vec<f32> = picture
        .as_raw()
        .iter()
        .map(|x| f32::from(*x) / 127.5 - 1.0)
        .collect();
    let side = side as usize;
    let pixels = Tensor::from_vec(pixels, (1, side, side, 3), &Device::Cpu)?
        .permute((0, 3, 1, 2))?
        .contiguous()?;
    let tiles = Some(Tiles {
        cells: 14,
        overlap: 6,
    });
    let whole = vae.encode(&pixels)?.mode()?;
    let tiled = vae.encode_in(&pixels, tiles)?.mode()?;
    let size = whole.sqr()?.mean_all()?.sqrt()?.to_scalar::<f32>()?;
    let off = (&tiled - &whole)?
        .sqr()?
        .mean_all()?
        .sqrt()?
        .to_scalar::<f32>()?;
    println!("encoded in tiles: off by {:.4} (rms)", off / size);
    assert!(off / size < 0.1, "{}", off / size);

    let painted = |tiles| -> TestResult<Vec<Vec<f32>>> {
        let picture = vae.decode_in(&whole, tiles)?;
        Ok(picture.mean(1)?.squeeze(0)?.to_vec2::<f32>()?)
    };
    let (whole, tiled) = (painted(None)?, painted(tiles)?);
    let differences: Vec<Vec<f32>> = whole
        .iter()
        .zip(&tiled)
        .map(|(a, b)| a.iter().zip(b).map(|(a, b)| b - a).collect())
        .collect();
    let count = (side * side) as f32;
    let mean = differences.iter().flatten().map(|d| d.abs()).sum::<f32>() / count * 127.5;
    // A seam would be a step of the difference where a tile begins or ends, larger than what the
    // picture's own edges make of slightly different contrasts everywhere.
    let step = |x: usize| {
        let rows = differences.iter().map(|row| (row[x] - row[x - 1]).abs());
        rows.sum::<f32>() / side as f32 * 127.5
    };
    let seams: Vec<usize> = [5, 10, 14, 19].map(|cell| cell * 8).into();
    let at_seams = seams.iter().map(|x| step(*x)).sum::<f32>() / seams.len() as f32;
    let anywhere = (1..side).map(step).sum::<f32>() / (side - 1) as f32;
    println!("decoded in tiles: off by {mean:.2} of 255; steps {at_seams:.2} and {anywhere:.2}");
    assert!(mean < 6.0, "{mean}");
    assert!(
        at_seams < 1.5 * anywhere,
        "seams of {at_seams}, {anywhere} elsewhere"
    );
    Ok(())
}

#[test]
fn few_bits_are_only_used_for_the_language_model() -> TestResult {
    let pipeline = open()?;
    let model = pipeline.memory();
    assert!(model.parts.encoder.of(Some(Bits::Eight)) < model.parts.encoder.whole);
    assert!(model.parts.writer.of(Some(Bits::Four)) < model.parts.writer.whole);
    let all = model.forecast(MemoryPlan::default(), &Default::default());
    assert!(all.peak() > model.base && all.peak() < 2 << 30, "{all:?}");
    Ok(())
}

#[test]
fn memory_limits_on_the_command_line() -> TestResult {
    use crate::cli::{FRAME, Place, QUESTION, example, expect_code};
    let place = Place::new()?;
    let frame = example(FRAME).display().to_string();
    let ask = |limit: &str| {
        place.run(&[
            "ask",
            &frame,
            QUESTION,
            "--steps",
            "1",
            "--memory-limit",
            limit,
        ])
    };
    let wrong = ask("much")?;
    expect_code(&wrong, 2)?;
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("not an amount of memory"));
    let narrow = ask("2MiB")?;
    expect_code(&narrow, 1)?;
    assert!(String::from_utf8_lossy(&narrow.stderr).contains("needs at least"));
    expect_code(&ask("2GiB")?, 0)
}
