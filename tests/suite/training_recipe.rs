//! Bundles from nothing: the autoencoder's own training, and the stages one after the other.

use crate::cli::{Place, expect_code, refused};
use crate::golden::TestResult;
use crate::training_runs::{losses, train};
use crate::vqai::toon;
use candle_core::{DType, Device};
use lgd_studio::job::training::{self, Recipe};
use lgd_studio::pipeline::{Bundle, BundleSource, Component};
use lgd_studio::train::{
    Ended, Event, Group, LrSchedule, Preset, TrainConfig, write_bundle, write_fresh,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// The mean loss of some steps.
fn mean(all: &[f32]) -> f32 {
    all.iter().sum::<f32>() / all.len().max(1) as f32
}

fn totals(run: &Path) -> TestResult<Vec<f32>> {
    Ok(losses(run)?.into_values().map(|(loss, _)| loss).collect())
}

#[test]
fn an_autoencoder_learns_from_nothing_and_its_decoder_alone() -> TestResult {
    let place = tempfile::tempdir()?;
    let data = place.path().join("data");
    toon(&data, 8, 64)?;
    let fresh = place.path().join("fresh");
    write_fresh(&Bundle::open(&BundleSource::Embedded)?, 7, &fresh)?;
    let mut config = crate::training::config(Preset::Autoencoder, &data);
    config.model.bundle = fresh.display().to_string();
    config.data.resolution = 64;
    config.optim.batch = 2;
    config.trainer.max_steps = 30;
    config.trainer.checkpoint_every = 30;
    config.optim.schedule = LrSchedule::Constant { warmup_steps: 5 };
    let run = place.path().join("whole");
    let mut terms = None;
    let heard = |event: &Event| {
        if let Event::Step(report) = event {
            terms = Some(report.losses);
        }
    };
    assert_eq!(train(&config, &run, || None, heard)?, Ended::Finished);
    let all = totals(&run)?;
    let (first, last) = (mean(&all[..5]), mean(&all[25..]));
    assert!(last < 0.7 * first, "{first} {last}");
    let terms = terms.ok_or("no step")?;
    assert!(terms.reconstruction.is_some() && terms.divergence.is_some());

    // Its bundle says how large the latents are, and what colours they stand for.
    let made = place.path().join("made");
    training::promote(&run, &made)?;
    let about = |bundle: &Path, file: &str| -> TestResult<Value> {
        Ok(serde_json::from_slice(&std::fs::read(bundle.join(file))?)?)
    };
    let scale = about(&made, "vae/config.json")?["scaling_factor"].as_f64();
    assert!(scale.is_some_and(|scale| scale > 0.0));
    let (old, new) = (
        about(&fresh, "vae/config.json")?,
        about(&made, "vae/config.json")?,
    );
    assert_ne!(old["scaling_factor"], new["scaling_factor"]);
    let colours = |bundle: &Path| {
        Ok::<_, Box<dyn std::error::Error>>(
            about(bundle, "lgd.json")?["preview"]["latent_rgb"].clone(),
        )
    };
    assert_ne!(colours(&fresh)?, colours(&made)?);

    // A decoder that knows nothing, alone: it learns what the latents of the encoder mean, which stay
    // what they are.
    let embedded = Bundle::open(&BundleSource::Embedded)?;
    let fresh = Bundle::open(&BundleSource::Folder(fresh))?;
    let weights = fresh.weights(Component::Vae, DType::F32, &Device::Cpu)?;
    let mut decoder = BTreeMap::new();
    for name in weights.names() {
        if Group::Decoder.holds(&format!("vae.{name}")) {
            let dims = weights.dims(&name).ok_or("it has a shape")?;
            decoder.insert(format!("vae.{name}"), weights.get(dims, &name)?);
        }
    }
    let mixed = place.path().join("mixed");
    write_bundle(&embedded, &decoder, &config.model.lora, "mixed", &mixed)?;
    config.model.bundle = mixed.display().to_string();
    config.model.train = [Group::Decoder].into();
    let run = place.path().join("decoder");
    assert_eq!(train(&config, &run, || None, |_| {})?, Ended::Finished);
    let all = totals(&run)?;
    let (first, last) = (mean(&all[..5]), mean(&all[25..]));
    assert!(last < 0.8 * first, "{first} {last}");
    let polished = place.path().join("polished");
    training::promote(&run, &polished)?;
    let (old, new) = (
        about(&mixed, "vae/config.json")?,
        about(&polished, "vae/config.json")?,
    );
    assert_eq!(old["scaling_factor"], new["scaling_factor"]);
    Ok(())
}

/// BLIP-2 by its answers, and the editor with the translation, each from weights that know nothing.
#[test]
fn answers_and_editor_learn_from_nothing() -> TestResult {
    let place = tempfile::tempdir()?;
    let data = place.path().join("data");
    toon(&data, 8, 64)?;
    let fresh = place.path().join("fresh");
    write_fresh(&Bundle::open(&BundleSource::Embedded)?, 7, &fresh)?;
    for (preset, name, share) in [
        (Preset::Answers, "answers", 0.8),
        (Preset::ToonTiny, "editor", 0.9),
    ] {
        let mut config = crate::training::config(preset, &data);
        config.model.bundle = fresh.display().to_string();
        config.data.resolution = 64;
        config.optim.batch = 4;
        config.optim.schedule = LrSchedule::Constant { warmup_steps: 5 };
        config.trainer.max_steps = 24;
        config.trainer.checkpoint_every = 24;
        let run = place.path().join(name);
        assert_eq!(train(&config, &run, || None, |_| {})?, Ended::Finished);
        let all = totals(&run)?;
        let (first, last) = (mean(&all[..6]), mean(&all[18..]));
        assert!(last < share * first, "{name}: {first} {last}");
    }
    Ok(())
}

/// The recipe we ship, with few samples and steps: every stage works on what the one before it left, and
/// a stopped one goes on.
#[test]
fn the_shipped_recipe_makes_a_bundle() -> TestResult {
    let place = Place::new()?;
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/recipes/toon-tiny.toml");
    let mut recipe = Recipe::read(&shipped)?;
    assert_eq!(recipe.stages.len(), 14);
    (recipe.data.count, recipe.data.others, recipe.data.size) = (6, 1, 64);
    let text = toml_of(&recipe)?;
    std::fs::write(place.path("short.toml"), text)?;
    let args = [
        "train",
        "--recipe",
        "short.toml",
        "-o",
        "made",
        "--device",
        "cpu",
        "--set",
        "trainer.max_steps=2",
        "--set",
        "optim.batch=2",
        "--set",
        "data.resolution=64",
    ];
    let output = place.run(&args)?;
    expect_code(&output, 0)?;
    let said = String::from_utf8(output.stdout)?;
    assert!(
        said.contains("14-decoder-once-more: all stages are done"),
        "{said}"
    );
    let decoder = || vec!["vae.decoder.", "vae.post_quant_conv."];
    for (run, groups) in [
        ("1-autoencoder", vec!["vae."]),
        ("2-answers", vec!["blip2.", "heads."]),
        ("3-pictures", vec!["vae."]),
        ("4-details", vec!["vae."]),
        ("5-editor", vec!["unet.", "adapter."]),
        ("6-decoder", decoder()),
        ("7-answers-again", vec!["blip2.", "heads."]),
        ("8-editor-again", vec!["unet.", "adapter."]),
        ("9-decoder-again", decoder()),
        ("10-sleepers", decoder()),
        ("11-all-again", decoder()),
        ("12-small-things", vec!["vae."]),
        ("13-editor-once-more", vec!["unet.", "adapter."]),
        ("14-decoder-once-more", decoder()),
    ] {
        let run = place.path("made/runs").join(run);
        assert_eq!(losses(&run)?.len(), 2, "{}", run.display());
        let weights = run.join("checkpoints/step-00000002/weights.safetensors");
        let weights = candle_core::safetensors::load(weights, &Device::Cpu)?;
        let known = |name: &String| groups.iter().any(|group| name.starts_with(group));
        assert!(weights.keys().all(known), "{}", run.display());
    }
    let config = TrainConfig::read(&place.path("made/runs/8-editor-again/config.toml"), &[])?;
    assert!(config.model.bundle.ends_with("bundles/7-answers-again"));
    // A stage that is missing is made again; the others are not touched.
    std::fs::remove_dir_all(place.path("made/bundles/14-decoder-once-more"))?;
    let before =
        std::fs::metadata(place.path("made/bundles/13-editor-once-more/lgd.json"))?.modified()?;
    expect_code(&place.run(&args)?, 0)?;
    let after =
        std::fs::metadata(place.path("made/bundles/13-editor-once-more/lgd.json"))?.modified()?;
    assert_eq!(before, after);
    expect_code(
        &place.run(&["bundle", "verify", "made/bundles/14-decoder-once-more"])?,
        0,
    )?;
    // Transformers reads no file that does not name its format.
    for file in [
        "unet/diffusion_pytorch_model",
        "blip2/model",
        "vae/diffusion_pytorch_model",
    ] {
        let bytes = std::fs::read(place.path(&format!(
            "made/bundles/14-decoder-once-more/{file}.safetensors"
        )))?;
        let (_, about) = safetensors::SafeTensors::read_metadata(&bytes)?;
        let format = about
            .metadata()
            .as_ref()
            .and_then(|about| about.get("format"));
        assert_eq!(format.map(String::as_str), Some("pt"), "{file}");
    }
    // Another recipe in the same folder is refused.
    recipe.seed += 1;
    std::fs::write(place.path("short.toml"), toml_of(&recipe)?)?;
    refused(&place.run(&args)?, 1, &["Another recipe"])
}

fn toml_of(recipe: &Recipe) -> TestResult<String> {
    Ok(toml::to_string_pretty(recipe)?)
}
