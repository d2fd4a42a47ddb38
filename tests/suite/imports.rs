//! Bundles made from originals: the LGD checkpoint and the InstructPix2Pix folder of the golden
//! numbers.

use crate::cli::{FRAME, Place, QUESTION, example, expect_code, refused};
use crate::denoising::{config, distance, unet};
use crate::golden::{Folder, TestResult, root};
use candle_core::{DType, Device};
use lgd_studio::models::tokenizer::stack;
use lgd_studio::models::{ClipText, ClipTextConfig, TextTokenizer};
use lgd_studio::nn::{WeightSource, Weights};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Output;

fn original(path: &str) -> TestResult<String> {
    Ok(root()?.join(path).display().to_string())
}

/// Imports the LGD checkpoint with its tokenizer into `to`.
fn import_lgd(place: &Place, to: &str, more: &[&str]) -> TestResult<Output> {
    let (checkpoint, tokenizer) = (
        original("ckpt/lgd_tiny.ckpt")?,
        original("ckpt/hf/t5_tokenizer")?,
    );
    let mut args = vec!["bundle", "import", &checkpoint, &tokenizer, "-o", to];
    args.extend(more);
    place.run(&args)
}

fn weights(folder: &Path, stem: &str) -> TestResult<Weights> {
    let source = WeightSource::in_folder(folder, stem);
    Ok(Weights::open(&[source], DType::F32, &Device::Cpu)?)
}

/// Largest difference between the tensors of two files that both have, and how many those are.
fn compare(ours: &Weights, theirs: &Weights) -> TestResult<(f64, usize)> {
    let (mut worst, mut count) = (0.0_f64, 0);
    for name in theirs.names() {
        let Some(dims) = ours.dims(&name) else {
            continue;
        };
        let (a, b) = (
            ours.get(dims.as_slice(), &name)?,
            theirs.get(dims.as_slice(), &name)?,
        );
        worst = worst.max(distance(&a, &b)?);
        count += 1;
    }
    Ok((worst, count))
}

const PARTS: [(&str, &str, &str); 5] = [
    ("unet", "unet_ema", "diffusion_pytorch_model"),
    ("vae", "vae", "diffusion_pytorch_model"),
    ("blip2", "blip2", "model"),
    ("t5_encoder", "t5_encoder", "model"),
    ("text_encoder", "clip_text", "model"),
];

#[test]
fn the_original_checkpoint_becomes_a_bundle_with_every_number() -> TestResult {
    let place = Place::new()?;
    expect_code(&import_lgd(&place, "lgd", &[])?, 0)?;
    let hf = root()?.join("ckpt/hf");
    for (folder, published, stem) in PARTS {
        let ours = weights(&place.path("lgd").join(folder), stem)?;
        let theirs = weights(&hf.join(published), stem)?;
        let (worst, count) = compare(&ours, &theirs)?;
        assert_eq!(worst, 0.0, "{folder}");
        assert!(
            count > 20 && count == ours.names().len(),
            "{folder}: {count}"
        );
    }
    let verify = place.run(&["bundle", "verify", "lgd"])?;
    expect_code(&verify, 0)
}

#[test]
fn averages_and_plain_weights_draw_what_was_recorded_for_each() -> TestResult {
    let place = Place::new()?;
    let folder = Folder::open("ckpt")?;
    // The number of attention heads stands in no shape, and this checkpoint has an unusual one.
    let configs = place.path("configs/unet");
    std::fs::create_dir_all(&configs)?;
    std::fs::copy(
        original("ckpt/hf/unet/config.json")?,
        configs.join("config.json"),
    )?;
    let configs = place.path("configs").display().to_string();
    for (kind, name) in [("ema", "unet_ema"), ("plain", "unet")] {
        expect_code(
            &import_lgd(&place, kind, &["--weights", kind, &configs])?,
            0,
        )?;
        let network = unet(&place.path(kind).join("unet"))?;
        let case = folder.cases.iter().find(|case| case.name == name);
        let case = case.ok_or("no such case")?;
        let context = network.prepare_context(&case.input("context")?, None)?;
        // The averages were recorded at whole timesteps only.
        let outputs = [("eps", "t"), ("eps_float_t", "t_float")];
        let recorded = if kind == "ema" { 1 } else { 2 };
        for (output, times) in outputs.into_iter().take(recorded) {
            let timesteps = case.input(times)?.to_dtype(DType::F32)?;
            let predicted = network.forward(&case.input("x")?, &timesteps, &context)?;
            case.check(output, &predicted)?;
        }
        case.finish()?;
    }
    Ok(())
}

#[test]
fn a_stopped_import_keeps_finished_files_and_another_dtype_is_another_import() -> TestResult {
    let place = Place::new()?;
    expect_code(&import_lgd(&place, "a", &["--dtype", "f16"])?, 0)?;
    let dtypes = place.run(&["bundle", "inspect", "a", "--json"])?;
    let about: Value = serde_json::from_slice(&dtypes.stdout)?;
    for component in about["components"].as_array().ok_or("no components")? {
        assert_eq!(
            component["dtypes"],
            serde_json::json!(["f16"]),
            "{component}"
        );
    }
    // A second import to the same place is refused and changes nothing.
    let again = import_lgd(&place, "a", &[])?;
    expect_code(&again, 1)?;
    assert!(String::from_utf8_lossy(&again.stderr).contains("something at the bundle's place"));
    Ok(())
}

#[test]
fn looking_writes_nothing_and_says_what_is_missing() -> TestResult {
    let place = Place::new()?;
    let folder = original("ip2p/pipeline")?;
    let output = place.run(&["bundle", "import", &folder, "--dry-run"])?;
    expect_code(&output, 0)?;
    let text = String::from_utf8_lossy(&output.stdout);
    for words in [
        "mode question: possible",
        "mode latent: needs",
        "usually found in",
    ] {
        assert!(text.contains(words), "\"{words}\" is not in:\n{text}");
    }
    // Nothing but the program's own log.
    for entry in std::fs::read_dir(place.path(""))? {
        assert_eq!(entry?.file_name(), "home");
    }
    assert!(!place.path("home").join("bundles").exists());
    Ok(())
}

#[test]
fn what_cannot_be_imported_is_refused_with_a_reason() -> TestResult {
    let place = Place::new()?;
    let nowhere = place.run(&["bundle", "import", "nowhere", "-o", "x"])?;
    refused(&nowhere, 1, &["nowhere"])?;
    let bad = original("ckpt/bad/malicious_os_system.ckpt")?;
    refused(
        &place.run(&["bundle", "import", &bad, "-o", "x"])?,
        1,
        &["malicious_os_system"],
    )?;
    let checkpoint = original("ckpt/lgd_tiny.ckpt")?;
    let args = [
        "bundle",
        "import",
        &checkpoint,
        "-o",
        "x",
        "--parts",
        "unet,engine",
        "--json",
    ];
    refused(&place.run(&args)?, 1, &["engine", "unet"])?;
    let args = [
        "bundle",
        "import",
        &checkpoint,
        "-o",
        "x",
        "--in-place",
        "--parts",
        "unet",
        "--json",
    ];
    refused(&place.run(&args)?, 1, &["in place", "--in-place"])?;
    let args = ["bundle", "import", &checkpoint];
    refused(&place.run(&args)?, 2, &["--output"])?;
    assert!(!place.path("x").exists());
    Ok(())
}

/// A copy of the InstructPix2Pix folder, to be moved away.
fn ip2p_copy(place: &Place) -> TestResult<PathBuf> {
    let (from, to) = (root()?.join("ip2p/pipeline"), place.path("cache"));
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        std::fs::create_dir_all(to.join(&folder))?;
        for entry in std::fs::read_dir(from.join(&folder))? {
            let entry = entry?;
            let inside = folder.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(inside);
            } else {
                std::fs::copy(entry.path(), to.join(inside))?;
            }
        }
    }
    Ok(to)
}

#[test]
fn weights_used_in_place_are_not_copied_and_missed_when_they_have_gone() -> TestResult {
    let place = Place::new()?;
    let cache = ip2p_copy(&place)?;
    let output = place.run(&["bundle", "import", "cache", "--in-place", "-o", "linked"])?;
    expect_code(&output, 0)?;
    assert!(
        !place
            .path("linked/unet/diffusion_pytorch_model.safetensors")
            .exists()
    );
    expect_code(&place.run(&["bundle", "verify", "linked"])?, 0)?;
    let about = place.run(&["bundle", "inspect", "linked", "--json"])?;
    let about: Value = serde_json::from_slice(&about.stdout)?;
    assert!(
        about["links"]
            .as_array()
            .is_some_and(|links| links.len() >= 3),
        "{about}"
    );
    std::fs::rename(cache.join("unet"), cache.join("gone"))?;
    let words = ["not there any more", "import again", "unet"];
    refused(&place.run(&["bundle", "inspect", "linked"])?, 1, &words)?;
    Ok(())
}

#[test]
fn a_plain_instruct_pix2pix_answers_in_question_mode_and_refuses_what_it_cannot() -> TestResult {
    let place = Place::new()?;
    let folder = original("ip2p/pipeline")?;
    expect_code(&place.run(&["bundle", "import", &folder, "-o", "ip2p"])?, 0)?;
    expect_code(&place.run(&["bundle", "verify", "ip2p"])?, 0)?;
    let about = place.run(&["bundle", "inspect", "ip2p", "--json"])?;
    let about: Value = serde_json::from_slice(&about.stdout)?;
    assert_eq!(about["modes"], serde_json::json!(["question", "answer"]));

    let frame = example(FRAME);
    let drawn = |more: &[&str]| -> TestResult<image::RgbImage> {
        let args = [&["--bundle", "ip2p", "-o", "out.png"], more].concat();
        place.ask(&frame, QUESTION, &args)?;
        Ok(image::open(place.path("out.png"))?.into_rgb8())
    };
    let question = drawn(&["--mode", "question"])?;
    let same = drawn(&["--mode", "answer", "--answer", QUESTION])?;
    assert_eq!(question, same, "the same sentence draws the same picture");
    let other = drawn(&["--mode", "answer", "--answer", "The mouse eats the cheese."])?;
    assert_ne!(question, other, "the sentence changes nothing");

    let ask = |more: &[&str]| -> TestResult<Output> {
        let frame = frame.display().to_string();
        let args = [
            "ask", &frame, QUESTION, "--bundle", "ip2p", "--steps", "2", "-o", "no.png",
        ];
        place.run(&[&args, more].concat())
    };
    refused(
        &ask(&["--mode", "latent"])?,
        1,
        &["mode latent", "no BLIP-2", "question, answer"],
    )?;
    refused(
        &ask(&["--mode", "answer"])?,
        1,
        &["no language model", "--answer"],
    )?;
    Ok(())
}

/// The recorded run of diffusers' pipeline: the same prompt and picture through the imported bundle.
/// The samplers read the noise table in two ways, and noises are drawn anew, so what is compared is
/// what both share: the words' states and the picture's latents.
#[test]
fn the_imported_editor_reads_words_as_the_original_does() -> TestResult {
    let place = Place::new()?;
    let folder = original("ip2p/pipeline")?;
    expect_code(&place.run(&["bundle", "import", &folder, "-o", "ip2p"])?, 0)?;
    let cases = Folder::open("ip2p")?;
    let case = cases.cases.iter().find(|case| case.name == "text_encoder");
    let case = case.ok_or("no such case")?;
    let bundle = place.path("ip2p");
    let config: ClipTextConfig = config(&bundle.join("text_encoder/config.json"))?;
    let weights = weights(&bundle.join("text_encoder"), "model")?;
    let tower = ClipText::load(&config, &weights)?;
    weights.finish()?;
    let tokenizer = TextTokenizer::from_folder(&bundle.join("tokenizer"))?;
    for (index, text) in case.params["texts"]
        .as_array()
        .ok_or("no texts")?
        .iter()
        .enumerate()
    {
        let encoded = tokenizer.encode_padded(text.as_str().ok_or("no text")?, 77)?;
        let (ids, _) = stack(&[encoded], &Device::Cpu)?;
        let expected = case.expected("last_hidden_state")?.narrow(0, index, 1)?;
        let error = distance(&tower.forward(&ids)?, &expected)?;
        assert!(error < 1e-4, "text {index} is off by {error}");
    }
    Ok(())
}

#[test]
fn the_imported_checkpoint_draws_in_every_mode_with_either_weights() -> TestResult {
    let place = Place::new()?;
    let frame = example(FRAME);
    let mut pictures = Vec::new();
    for kind in ["ema", "plain"] {
        expect_code(&import_lgd(&place, kind, &["--weights", kind])?, 0)?;
        for mode in ["question", "answer", "latent", "both"] {
            let more = ["--bundle", kind, "--mode", mode, "-o", "out.png"];
            place.ask(&frame, QUESTION, &more)?;
            // A tiny language model may answer with nothing, and then two modes draw the same.
            if ["question", "latent"].contains(&mode) {
                pictures.push(image::open(place.path("out.png"))?.into_rgb8());
            }
        }
    }
    for (i, picture) in pictures.iter().enumerate() {
        assert!(
            !pictures[..i].contains(picture),
            "picture {i} is drawn twice"
        );
    }
    Ok(())
}
