//! A bundle with two editors: LGD's own, and a plain InstructPix2Pix that draws from sentences.

use crate::cli::{Place, expect_code};
use crate::golden::{TestResult, root};
use candle_core::Device;
use image::RgbImage;
use lgd_studio::pipeline::{
    Branch, BundleSource, EditError, EditRequest, GuidanceMode, LgdPipeline, MemoryPlan,
    MemoryRules, Progress,
};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// Imports originals into a bundle of that name.
fn import(place: &Place, to: &str, originals: &[&str]) -> TestResult {
    let root = root()?;
    let paths = originals
        .iter()
        .map(|path| root.join(path).display().to_string());
    let mut args = vec!["bundle".to_owned(), "import".to_owned()];
    args.extend(paths);
    args.extend(["-o".to_owned(), to.to_owned()]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    expect_code(&place.run(&args)?, 0)
}

const LGD: [&str; 2] = ["ckpt/lgd_tiny.ckpt", "ckpt/hf/t5_tokenizer"];
const IP2P: &str = "ip2p/pipeline";

/// LGD with a second editor, and both editors alone.
fn bundles(place: &Place) -> TestResult {
    import(place, "both", &[LGD[0], LGD[1], IP2P])?;
    import(place, "lgd", &LGD)?;
    import(place, "ip2p", &[IP2P])?;
    // Alone it would work at its own size.
    let side = description(&place.path("both"))?["resolution"].clone();
    let mut alone = description(&place.path("ip2p"))?;
    alone["resolution"] = side;
    std::fs::write(place.path("ip2p/lgd.json"), alone.to_string())?;
    Ok(())
}

fn description(bundle: &Path) -> TestResult<Value> {
    Ok(serde_json::from_slice(&std::fs::read(
        bundle.join("lgd.json"),
    )?)?)
}

fn open(place: &Place, bundle: &str) -> TestResult<LgdPipeline> {
    let source = BundleSource::Folder(place.path(bundle));
    Ok(LgdPipeline::open(
        &source,
        &Device::Cpu,
        MemoryRules::default(),
    )?)
}

fn frame() -> Arc<RgbImage> {
    let colour = |x, y| image::Rgb([(3 * x) as u8, (5 * y) as u8, (x * y / 16) as u8]);
    Arc::new(RgbImage::from_fn(64, 48, colour))
}

fn request(mode: GuidanceMode) -> EditRequest {
    EditRequest {
        question: "What happens if it rains?".to_owned(),
        answer: (mode == GuidanceMode::Answer).then(|| "The cat gets wet.".to_owned()),
        mode,
        steps: 2,
        ..EditRequest::default()
    }
}

fn drawn(pipeline: &LgdPipeline, requests: &[EditRequest]) -> TestResult<Vec<RgbImage>> {
    let mut pictures = vec![None; requests.len()];
    pipeline.run(frame(), requests, &mut |progress| {
        if let Progress::Drawn(column, edited) = progress {
            pictures[column] = Some(edited.picture);
        }
    })?;
    Ok(pictures.into_iter().flatten().collect())
}

#[test]
fn sentences_draw_with_the_second_editor_and_the_latent_with_the_first() -> TestResult {
    let place = Place::new()?;
    bundles(&place)?;
    let modes = [
        GuidanceMode::Question,
        GuidanceMode::Latent,
        GuidanceMode::Answer,
    ];
    let requests = modes.map(request);
    let both = open(&place, "both")?;
    let together = drawn(&both, &requests)?;
    assert_eq!(together.len(), 3);
    for (bundle, column) in [("ip2p", 0), ("lgd", 1), ("ip2p", 2)] {
        let alone = drawn(&open(&place, bundle)?, &requests[column..=column])?;
        assert!(
            alone[0] == together[column],
            "{bundle} draws column {column}"
        );
    }
    let own = drawn(&open(&place, "lgd")?, &requests[..1])?;
    assert!(
        own[0] != together[0],
        "LGD's own editor draws something else"
    );

    // The same within less memory, where the editors leave for each other.
    let memory = both.memory();
    assert!(memory.second.is_some() && memory.parts.second.unet > 0);
    let plan = MemoryPlan {
        one_at_a_time: true,
        ..MemoryPlan::default()
    };
    both.set_plan(plan);
    let in_turn = drawn(&both, &requests)?;
    assert!(in_turn == together, "the same with {}", plan.words());
    Ok(())
}

#[test]
fn a_step_is_shown_by_the_editor_that_drew_it() -> TestResult {
    let place = Place::new()?;
    bundles(&place)?;
    let both = open(&place, "both")?;
    for mode in [GuidanceMode::Question, GuidanceMode::Latent] {
        let mut last = None;
        both.run(frame(), &[request(mode)], &mut |progress| {
            if let Progress::Drawn(_, edited) = progress {
                last = Some(edited);
            }
        })?;
        let edited = last.ok_or("nothing was drawn")?;
        let estimate = edited.track.last().ok_or("no step")?;
        let shown = both.show(estimate, mode, edited.picture.dimensions())?;
        let off = shown.as_raw().iter().zip(edited.picture.as_raw());
        let off = off.map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(255);
        assert!(off <= 4, "{mode:?} is off by {off}"); // estimates are kept in half precision
    }
    Ok(())
}

#[test]
fn a_branch_from_one_editor_to_the_other_is_refused() -> TestResult {
    let place = Place::new()?;
    import(&place, "both", &[LGD[0], LGD[1], IP2P])?;
    let both = open(&place, "both")?;
    let branch = |from, to| EditRequest {
        branch: Some(Branch {
            step: 1,
            from: Box::new(request(from)),
        }),
        ..request(to)
    };
    let across = branch(GuidanceMode::Question, GuidanceMode::Latent);
    match both.run(frame(), &[across], &mut |_| {}) {
        Err(EditError::Failed(problem)) => {
            assert!(problem.message.contains("two editors"), "{problem}");
            assert!(problem.hint.is_some());
        }
        other => panic!("{other:?}"),
    }
    let within = branch(GuidanceMode::Question, GuidanceMode::Answer);
    assert_eq!(drawn(&both, &[within])?.len(), 1);
    Ok(())
}

#[test]
fn a_second_editor_is_verified_and_shown() -> TestResult {
    let place = Place::new()?;
    import(&place, "both", &[LGD[0], LGD[1], IP2P])?;
    expect_code(&place.run(&["bundle", "verify", "both"])?, 0)?;
    let about = place.run(&["bundle", "inspect", "both", "--json"])?;
    let about: Value = serde_json::from_slice(&about.stdout)?;
    let modes = serde_json::json!(["question", "answer"]);
    assert_eq!(about["second_editor_modes"], modes, "{about}");
    let words = place.run(&["bundle", "inspect", "both"])?;
    let words = String::from_utf8_lossy(&words.stdout).into_owned();
    assert!(
        words.contains("question, answer with the second editor"),
        "{words}"
    );

    // Damage in it is found like any other.
    let weights = "both/ip2p/unet/diffusion_pytorch_model.safetensors";
    std::fs::remove_file(place.path(weights))?;
    expect_code(&place.run(&["bundle", "verify", "both"])?, 1)?;
    let place = Place::new()?;
    import(&place, "alone", &[IP2P])?;
    let about = place.run(&["bundle", "inspect", "alone", "--json"])?;
    let about: Value = serde_json::from_slice(&about.stdout)?;
    assert_eq!(about["second_editor_modes"], serde_json::json!([]));
    Ok(())
}
