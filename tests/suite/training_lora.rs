//! Low-rank pairs beside the editor's attention: what they begin as, how they train, where they end up.

use crate::denoising;
use crate::golden::TestResult;
use crate::training_runs::{last_checkpoint, losses, short, train};
use candle_core::{DType, Device, Tensor, Var};
use lgd_studio::job::training;
use lgd_studio::nn::noise::Stream;
use lgd_studio::pipeline::build::{self, RandomSpec, StoredAs};
use lgd_studio::pipeline::{Bundle, BundleSource, Component};
use lgd_studio::train::{
    Control, Ended, Group, ModelConfig, Preset, TrainConfig, Trainee, write_bundle, write_lora,
};
use std::collections::BTreeMap;

/// The predicted noise of a bundle's editor, with the trained tensors of `model` set by `change`.
fn guess(
    bundle: &Bundle,
    model: &ModelConfig,
    change: impl Fn(&str, &Var) -> TestResult,
) -> TestResult<(Tensor, BTreeMap<String, Tensor>)> {
    let trainee = Trainee::load(bundle, model, 41, &Device::Cpu)?;
    for (name, var) in &trainee.parameters {
        change(name, var)?;
    }
    let unet = &trainee.networks.unet;
    let width = trainee.manifest.dims.cross_attention;
    let normal = |purpose: &str, shape: &[usize]| {
        Stream::new(3, purpose, 0, 0).normal_tensor(shape, &Device::Cpu)
    };
    let context = unet.prepare_context(&normal("context", &[2, 5, width])?, None)?;
    let timesteps = Tensor::new(&[20f32, 700.0], &Device::Cpu)?;
    let guess = unet.forward(&normal("sample", &[2, 8, 8, 8])?, &timesteps, &context)?;
    let tensors = trainee.parameters.iter();
    let tensors = tensors.map(|(name, var)| (name.clone(), var.as_tensor().detach()));
    Ok((guess.detach(), tensors.collect()))
}

/// A pair of small matrices beside each attention layer: a fresh one changes nothing, and a trained one
/// drawn with a merged bundle is the trained one.
#[test]
fn low_rank_pairs_begin_as_nothing_and_merge_into_the_weights() -> TestResult {
    let place = tempfile::tempdir()?;
    let spec = RandomSpec {
        preset: build::Preset::Tiny,
        to: place.path().join("base"),
        name: None,
        stored_as: StoredAs::F32,
        seed: 7,
    };
    build::random(&spec, &mut |_| {}).map_err(|e| e.to_string())?;
    let base = Bundle::open(&BundleSource::Folder(spec.to))?;
    let mut model = TrainConfig::of_preset(Preset::Lora).model;
    (model.lora.rank, model.lora.alpha) = (3, 6.0);
    let mut plain = model.clone();
    plain.train = [Group::Adapter].into();
    let (expected, _) = guess(&base, &plain, |_, _| Ok(()))?;
    let (fresh, pairs) = guess(&base, &model, |_, _| Ok(()))?;
    assert_eq!(denoising::distance(&fresh, &expected)?, 0.0);
    // Four layers of both attentions in every transformer, two halves each, and nothing else.
    assert!(
        !pairs.is_empty() && pairs.len().is_multiple_of(16),
        "{}",
        pairs.len()
    );
    let down = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.lora.down.weight";
    assert_eq!(pairs[down].dims()[0], 3, "{:?}", pairs[down]);

    let (trained, pairs) = guess(&base, &model, |name, var| {
        let drawn = Stream::new(9, name, 0, 0).normal_tensor(var.shape(), &Device::Cpu)?;
        Ok(var.set(&(drawn * 0.1)?)?)
    })?;
    assert!(
        denoising::distance(&trained, &expected)? > 1e-3,
        "the pairs act"
    );
    let folder = place.path().join("merged");
    write_bundle(&base, &pairs, &model.lora, "merged", &folder)?;
    let merged = Bundle::open(&BundleSource::Folder(folder))?;
    let (drawn, _) = guess(&merged, &plain, |_, _| Ok(()))?;
    let error = denoising::distance(&drawn, &trained)?;
    assert!(error < 1e-5, "off by {error:e}");

    // The file of the pairs alone: `W + up down` with alpha equal to the rank is the merged matrix.
    let file = place.path().join("mine.safetensors");
    write_lora(&pairs, &model.lora, &file)?;
    let stored = candle_core::safetensors::load(&file, &Device::Cpu)?;
    assert_eq!(stored.len(), pairs.len());
    let layer = down.trim_end_matches(".lora.down.weight");
    let delta = stored[&format!("{layer}.lora.up.weight")].matmul(&stored[down])?;
    let name = format!("{}.weight", layer.trim_start_matches("unet."));
    let matrix = |bundle: &Bundle| -> TestResult<Tensor> {
        let weights = bundle.weights(Component::Unet, DType::F32, &Device::Cpu)?;
        let dims = weights.dims(&name).ok_or("no such layer")?;
        Ok(weights.get(dims, &name)?)
    };
    let expected = (matrix(&merged)? - matrix(&base)?)?;
    assert!(denoising::distance(&delta, &expected)? < 1e-6);
    let nothing = write_lora(&BTreeMap::new(), &model.lora, &place.path().join("x")).err();
    assert!(
        nothing
            .ok_or("there are no pairs")?
            .message
            .contains("no LoRA")
    );
    Ok(())
}

/// The low-rank pairs with recomputed pieces: a stopped and resumed run is the unbroken one, and its
/// tables say what its log says.
#[test]
fn a_resumed_lora_run_is_the_unbroken_one() -> TestResult {
    let place = tempfile::tempdir()?;
    let mut config = short(place.path(), 4)?;
    let preset = TrainConfig::of_preset(Preset::Lora);
    config.preset = Preset::Lora;
    config.model.train = preset.model.train;
    config.trainer.gradient_checkpointing = preset.trainer.gradient_checkpointing;
    let (whole, broken) = (place.path().join("whole"), place.path().join("broken"));
    train(&config, &whole, || None, |_| {})?;
    let mut asked = 0;
    let stop = || {
        asked += 1;
        (asked > 3).then_some(Control::StopAndKeep)
    };
    assert_eq!(train(&config, &broken, stop, |_| {})?, Ended::Stopped);
    assert_eq!(train(&config, &broken, || None, |_| {})?, Ended::Finished);
    let expected = losses(&whole)?;
    assert_eq!(losses(&broken)?, expected);
    assert_eq!(last_checkpoint(&broken, 4)?, last_checkpoint(&whole, 4)?);
    let table = std::fs::read_to_string(broken.join("steps.csv"))?;
    let rows: Vec<(u64, f32)> = table
        .lines()
        .skip(1)
        .filter_map(|row| {
            let mut cells = row.split(',');
            Some((cells.next()?.parse().ok()?, cells.nth(1)?.parse().ok()?))
        })
        .collect();
    let told: Vec<(u64, f32)> = expected
        .iter()
        .map(|(step, (loss, _))| (*step, *loss))
        .collect();
    assert_eq!(rows, told);
    assert_eq!(std::fs::read_dir(broken.join("tensorboard"))?.count(), 2);

    // Its pairs become a bundle that can be used, and a file of their own.
    training::promote(&broken, &place.path().join("bundle"))?;
    let step = training::export_lora(&broken, &place.path().join("pairs.safetensors"))?;
    assert_eq!(step, 4);
    let pairs =
        candle_core::safetensors::load(place.path().join("pairs.safetensors"), &Device::Cpu)?;
    assert!(
        pairs
            .keys()
            .all(|name| name.starts_with("unet.") && name.contains(".lora."))
    );
    Ok(())
}
