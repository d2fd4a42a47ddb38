//! Training in bf16: the same steps with coarser numbers, and weights that keep theirs.

use crate::cli::{Place, example, expect_code, refused};
use crate::golden::TestResult;
use crate::training::Opened;
use crate::training_runs::{last_checkpoint, losses, prepared, short, train};
use crate::vqai::toon;
use candle_core::{DType, Tensor};
use lgd_studio::job::Precision;
use lgd_studio::nn::has_paired_halves;
use lgd_studio::train::{Bridge, Control, Ended, Event, Preset, TrainConfig, read_events};
use std::collections::BTreeMap;

/// The cosine between all gradients of two steps.
fn cosine(a: &BTreeMap<String, Tensor>, b: &BTreeMap<String, Tensor>) -> TestResult<f64> {
    let (mut product, mut squares) = (0.0, [0.0, 0.0]);
    for (name, a) in a {
        let b = b.get(name).ok_or_else(|| format!("{name} has none"))?;
        let sum = |x: &Tensor, y: &Tensor| -> TestResult<f64> {
            Ok(f64::from((x * y)?.sum_all()?.to_scalar::<f32>()?))
        };
        product += sum(a, b)?;
        squares[0] += sum(a, a)?;
        squares[1] += sum(b, b)?;
    }
    Ok(product / (squares[0] * squares[1]).sqrt())
}

/// Two to three digits: what bf16 has, and what is left of it after a whole network.
#[test]
fn steps_in_bf16_are_those_in_f32_but_for_rounding() -> TestResult {
    let place = tempfile::tempdir()?;
    toon(place.path(), 6, 32)?;
    for preset in [Preset::ToonTiny, Preset::Answers, Preset::Lora] {
        let mut config = crate::training::config(preset, place.path());
        config.optim.batch = 2;
        config.loss.dropout = 0.0;
        config.data.resolution = 64;
        config.model.bridges = vec![Bridge::Both];
        let mut learnt = Vec::new();
        for precision in [Precision::F32, Precision::Bf16] {
            config.trainer.precision = precision;
            let opened = Opened::of(&config)?;
            // What is trained is f32, and so are its gradients.
            let parameters = &opened.trainee.parameters;
            assert!(parameters.values().all(|var| var.dtype() == DType::F32));
            let (losses, gradients) = opened.learn(&config)?;
            let gradients = gradients.by_name().clone();
            assert_eq!(gradients.len(), parameters.len(), "{preset:?}");
            assert!(
                gradients
                    .values()
                    .all(|gradient| gradient.dtype() == DType::F32)
            );
            learnt.push((losses, gradients, opened));
        }
        let (exact, coarse) = (&learnt[0], &learnt[1]);
        let (a, b) = (exact.0.total, coarse.0.total);
        assert!(a != b, "{preset:?}: nothing was computed in another dtype");
        assert!((a - b).abs() < 2e-2 * a.abs(), "{preset:?}: {a} {b}");
        let cosine = cosine(&exact.1, &coarse.1)?;
        assert!(cosine > 0.98, "{preset:?}: {cosine}");
        // What networks compute with follows the variables when it is told to.
        let opened = &coarse.2;
        let trainee = &opened.trainee;
        let coarse = ["unet.", "blip2.vision_model.", "blip2.language_model."];
        for (name, var) in &trainee.parameters {
            if coarse.iter().any(|part| name.starts_with(part)) {
                var.set(&(var.as_tensor() + 0.02)?)?;
            }
        }
        let stale = opened.learn(&config)?.0.total;
        assert_eq!(stale, b, "{preset:?}");
        trainee.refresh()?;
        assert_ne!(opened.learn(&config)?.0.total, b, "{preset:?}");
    }
    Ok(())
}

/// What `--precision` says counts for training, the dry run tells it, and there is nothing in silence.
#[test]
fn the_command_line_chooses_the_precision_of_a_run() -> TestResult {
    let place = Place::new()?;
    let config = short(&place.path(""), 2)?;
    std::fs::write(place.path("train.toml"), config.to_text()?)?;
    let try_it = |more: &[&str]| {
        let args = [&["train", "train.toml", "--dry-run", "--json"][..], more].concat();
        place.run(&args)
    };
    for (more, expected) in [
        (&[][..], "f32"),
        (&["--precision", "bf16"], "bf16"),
        // What is said of one key alone is said last.
        (
            &["--precision", "bf16", "--set", "trainer.precision=f32"],
            "f32",
        ),
    ] {
        let output = try_it(more)?;
        expect_code(&output, 0)?;
        let found: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        assert_eq!(found["precision"], expected, "{more:?}");
    }
    let words = ["trainer.precision", "eight bits are for drawing"];
    refused(&try_it(&["--precision", "int8"])?, 1, &words)
}

/// A run in bf16 says that it is slow here, learns, and goes on bit for bit.
#[test]
fn a_resumed_run_in_bf16_is_the_unbroken_one() -> TestResult {
    let place = tempfile::tempdir()?;
    let mut config = short(place.path(), 4)?;
    let preset = TrainConfig::of_preset(Preset::Lora);
    config.model.train = preset.model.train;
    config.trainer.gradient_checkpointing = true;
    config.trainer.precision = Precision::Bf16;
    let (whole, broken) = (place.path().join("whole"), place.path().join("broken"));
    let mut told = Vec::new();
    let heard = |event: &Event| {
        if let Event::Warning { text } = event {
            told.push(text.clone());
        }
    };
    assert_eq!(train(&config, &whole, || None, heard)?, Ended::Finished);
    assert!(
        told.iter().any(|text| text.contains("bf16 is slow")),
        "{told:?}"
    );
    let mut asked = 0;
    let stop = || {
        asked += 1;
        (asked > 3).then_some(Control::StopAndKeep)
    };
    assert_eq!(train(&config, &broken, stop, |_| {})?, Ended::Stopped);
    assert_eq!(train(&config, &broken, || None, |_| {})?, Ended::Finished);
    assert_eq!(losses(&broken)?, losses(&whole)?);
    assert_eq!(last_checkpoint(&broken, 4)?, last_checkpoint(&whole, 4)?);
    Ok(())
}

/// Products of 16 bits change losses by their rounding and nothing else; a processor without them says so
/// and computes in 32. In processes of their own, because it counts for all products of a process.
#[test]
fn products_of_sixteen_bits_are_those_of_thirty_two_but_for_rounding() -> TestResult {
    let place = Place::new()?;
    let config = short(&place.path(""), 2)?;
    std::fs::write(place.path("train.toml"), config.to_text()?)?;
    let mut learnt = Vec::new();
    for products in ["f32", "bf16"] {
        let set = format!("trainer.products={products}");
        let output = place.run(&["train", "train.toml", "--set", &set, "-o", products])?;
        expect_code(&output, 0)?;
        let missing = read_events(&place.path(products).join("events.jsonl"))?
            .iter()
            .any(|event| matches!(event, Event::Warning { text } if text.contains("no products")));
        assert_eq!(missing, products == "bf16" && !has_paired_halves());
        learnt.push(losses(&place.path(products))?);
    }
    // A run that goes on is the unbroken one.
    let longer = ["--set", "trainer.max_steps=4"];
    let whole = [
        &[
            "train",
            "train.toml",
            "--set",
            "trainer.products=bf16",
            "-o",
            "whole",
        ],
        &longer[..],
    ];
    expect_code(&place.run(&whole.concat())?, 0)?;
    expect_code(
        &place.run(&[&["train", "--resume", "bf16"], &longer[..]].concat())?,
        0,
    )?;
    assert_eq!(losses(&place.path("bf16"))?, losses(&place.path("whole"))?);

    for (step, (exact, _)) in &learnt[0] {
        let (rounded, _) = learnt[1][step];
        assert_eq!(*exact != rounded, has_paired_halves(), "{exact}");
        assert!((exact - rounded).abs() < 1e-2 * exact, "{exact} {rounded}");
    }
    Ok(())
}

/// Pinned questions are drawn as the run's bundle answers them, however the run multiplies. A processor
/// without products of 16 bits cannot tell.
#[test]
fn samples_of_a_run_are_what_its_bundle_draws() -> TestResult {
    let place = prepared(2)?;
    let settings = ["trainer.products=bf16", "sample.every=2", "sample.seed=5"];
    let settings = settings.iter().flat_map(|setting| ["--set", setting]);
    let run: Vec<&str> = ["train", "train.toml", "-o", "run"]
        .into_iter()
        .chain(settings)
        .collect();
    expect_code(&place.run(&run)?, 0)?;
    expect_code(
        &place.run(&["train", "--resume", "run", "--promote", "mine"])?,
        0,
    )?;
    let frame = example("cheese-party.png");
    let frame = frame.to_str().ok_or("a path")?;
    let question = "What happens if the mouse gets hungry?";
    for mode in ["question", "latent"] {
        let ask = ["ask", frame, question, "--bundle", "mine", "--mode", mode];
        let how = ["--steps", "2", "--seed", "5", "-o", "again.png"];
        expect_code(&place.run(&[&ask[..], &how].concat())?, 0)?;
        let sample = format!("run/samples/step-00000002/1_{mode}.png");
        let [sample, again] =
            [sample.as_str(), "again.png"].map(|name| image::open(place.path(name)));
        assert!(sample? == again?, "{mode}");
    }
    Ok(())
}
