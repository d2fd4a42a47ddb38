//! Properties of the drawing networks that no recorded number shows.

use crate::denoising::{distance, weights};
use crate::golden::TestResult;
use candle_core::{DType, Device, Tensor};
use lgd_studio::diffusion::{Denoiser, GuidanceScales, TwoScaleGuidance};
use lgd_studio::models::{Unet, UnetConfig, Vae, VaeConfig};
use lgd_studio::nn::cancel::{self, CancelToken};
use lgd_studio::nn::{WeightSource, Weights};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

fn random() -> Weights {
    Weights::random(7, DType::F32, &Device::Cpu)
}

/// Values that differ everywhere, from a formula.
fn waves(shape: &[usize]) -> candle_core::Result<Tensor> {
    let count = shape.iter().product::<usize>();
    let values: Vec<f32> = (0..count).map(|i| (i as f32 * 0.7).sin()).collect();
    Tensor::from_vec(values, shape, &Device::Cpu)
}

fn timesteps(values: &[f32]) -> candle_core::Result<Tensor> {
    Tensor::from_slice(values, values.len(), &Device::Cpu)
}

fn three_levels() -> UnetConfig {
    let tiny = UnetConfig::tiny();
    let repeat = |names: &[String]| {
        let first = names.first().cloned().unwrap_or_default();
        [&[first], names].concat()
    };
    UnetConfig {
        block_out_channels: vec![16, 16, 32],
        down_block_types: repeat(&tiny.down_block_types),
        up_block_types: repeat(&tiny.up_block_types),
        ..tiny
    }
}

#[test]
fn the_unet_keeps_odd_sizes() -> TestResult {
    for downsample_padding in [1, 0] {
        let config = UnetConfig {
            downsample_padding,
            ..three_levels()
        };
        let unet = Unet::load(&config, &random())?;
        let context = unet.prepare_context(&waves(&[1, 3, 32])?, None)?;
        for (height, width) in [(8, 8), (5, 7), (9, 6), (10, 13)] {
            let sample = waves(&[1, 8, height, width])?;
            let noise_pred = unet.forward(&sample, &timesteps(&[10.0])?, &context)?;
            assert_eq!(noise_pred.dims(), [1, 4, height, width]);
        }
    }
    Ok(())
}

#[test]
fn a_masked_context_equals_a_shorter_one() -> TestResult {
    let unet = Unet::load(&UnetConfig::tiny(), &random())?;
    let (sample, time) = (waves(&[2, 8, 8, 8])?, timesteps(&[3.5, 900.0])?);
    let long = waves(&[2, 6, 32])?;
    let mask = Tensor::new(&[[1f32, 1., 1., 1., 0., 0.]; 2], &Device::Cpu)?;
    let masked = unet.prepare_context(&long, Some(&mask))?;
    let short = unet.prepare_context(&long.narrow(1, 0, 4)?.contiguous()?, None)?;
    let masked = unet.forward(&sample, &time, &masked)?;
    let short = unet.forward(&sample, &time, &short)?;
    assert!(distance(&masked, &short)? < 1e-5);
    Ok(())
}

#[test]
fn each_sample_of_a_batch_has_its_own_time_and_context() -> TestResult {
    let unet = Unet::load(&UnetConfig::tiny(), &random())?;
    let (sample, states) = (waves(&[2, 8, 8, 8])?, waves(&[2, 5, 32])?);
    let times = [17.25, 640.0];
    let context = unet.prepare_context(&states, None)?;
    let together = unet.forward(&sample, &timesteps(&times)?, &context)?;
    for (i, &time) in times.iter().enumerate() {
        let own = unet.prepare_context(&states.narrow(0, i, 1)?, None)?;
        let alone = unet.forward(&sample.narrow(0, i, 1)?, &timesteps(&[time])?, &own)?;
        assert!(distance(&alone, &together.narrow(0, i, 1)?)? < 1e-5);
    }
    let one = unet.prepare_context(&states.narrow(0, 0, 1)?, None)?;
    assert!(unet.forward(&sample, &timesteps(&times)?, &one).is_err());
    Ok(())
}

#[test]
fn every_unet_variable_and_the_context_get_a_gradient() -> TestResult {
    let weights = random().trainable(|_| true);
    let unet = Unet::load(&three_levels(), &weights)?;
    let states = candle_core::Var::from_tensor(&waves(&[2, 5, 32])?)?;
    let mask = Tensor::new(&[[1f32, 1., 1., 1., 0.]; 2], &Device::Cpu)?;
    let context = unet.prepare_context(states.as_tensor(), Some(&mask))?;
    let sample = waves(&[2, 8, 7, 8])?;
    let noise_pred = unet.forward(&sample, &timesteps(&[5.0, 700.0])?, &context)?;
    let gradients = noise_pred.sqr()?.mean_all()?.backward()?;
    let vars = weights.vars();
    assert!(vars.len() > 100);
    let all = vars.iter().map(|(name, var)| (name.as_str(), var));
    for (name, var) in all.chain([("context", &states)]) {
        let gradient = gradients
            .get(var)
            .ok_or_else(|| format!("{name} has no gradient"))?;
        let size = gradient.abs()?.max_all()?.to_scalar::<f32>()?;
        assert!(size.is_finite(), "{name}");
        // A constant added to every key changes no softmax; those have no bias to begin with.
        assert!(size > 0.0, "the gradient of {name} is zero");
    }
    Ok(())
}

#[test]
fn a_cancelled_token_stops_the_networks() -> TestResult {
    let unet = Unet::load(&UnetConfig::tiny(), &random())?;
    let vae = Vae::load(&VaeConfig::tiny(), &random())?;
    let context = unet.prepare_context(&waves(&[1, 3, 32])?, None)?;
    let (sample, latents) = (waves(&[1, 8, 8, 8])?, waves(&[1, 4, 4, 4])?);
    let time = timesteps(&[10.0])?;
    let token = CancelToken::default();
    token.cancel();
    cancel::scope(&token, || {
        let stopped = |error: &candle_core::Error| cancel::is_cancelled(error);
        assert!(
            unet.forward(&sample, &time, &context)
                .is_err_and(|e| stopped(&e))
        );
        assert!(vae.decode(&latents).is_err_and(|e| stopped(&e)));
    });
    assert!(unet.forward(&sample, &time, &context).is_ok());
    Ok(())
}

#[test]
fn a_config_of_another_family_is_refused_by_name() -> TestResult {
    let with = |change: &str| -> TestResult<UnetConfig> {
        let mut json = serde_json::to_value(UnetConfig::tiny())?;
        let change: serde_json::Value = serde_json::from_str(change)?;
        let (Some(json), Some(change)) = (json.as_object_mut(), change.as_object()) else {
            return Err("not objects".into());
        };
        json.extend(change.clone());
        Ok(serde_json::from_value(json.clone().into())?)
    };
    assert!(with("{}")?.validate().is_ok());
    assert!(
        with(r#"{"class_embed_type": null, "act_fn": "silu"}"#)?
            .validate()
            .is_ok()
    );
    for (change, named) in [
        (r#"{"class_embed_type": "timestep"}"#, "class_embed_type"),
        (
            r#"{"resnet_time_scale_shift": "scale_shift"}"#,
            "resnet_time_scale_shift",
        ),
        (
            r#"{"mid_block_scale_factor": 2.0}"#,
            "mid_block_scale_factor",
        ),
        (r#"{"attention_head_dim": [4]}"#, "block 1"),
        (r#"{"attention_head_dim": 5}"#, "5 attention heads"),
        (r#"{"norm_num_groups": 0}"#, "norm_num_groups"),
        (
            r#"{"down_block_types": ["AttnDownBlock2D", "DownBlock2D"]}"#,
            "AttnDownBlock2D",
        ),
        (r#"{"up_block_types": ["UpBlock2D"]}"#, "equally many"),
        (r#"{"block_out_channels": []}"#, "no blocks"),
    ] {
        let error = with(change)?
            .validate()
            .err()
            .ok_or("accepted")?
            .to_string();
        assert!(error.contains(named), "{change}: {error}");
    }
    Ok(())
}

/// The published InstructPix2Pix VAE still has the old names; originals store 1x1 kernels.
#[test]
fn the_vae_reads_old_attention_names_and_kernels() -> TestResult {
    let folder = crate::golden::root()?.join("ip2p/pipeline/vae");
    let file = folder.join("diffusion_pytorch_model.safetensors");
    let config: VaeConfig = crate::denoising::config(&folder.join("config.json"))?;
    let mut renamed = HashMap::new();
    let stored = candle_core::safetensors::load(&file, &Device::Cpu)?;
    for (name, tensor) in BTreeMap::from_iter(stored) {
        let kernel = name.contains("attentions") && tensor.rank() == 2;
        let tensor = match kernel {
            true => tensor.unsqueeze(2)?.unsqueeze(3)?,
            false => tensor,
        };
        let name = name
            .replace(".to_q.", ".query.")
            .replace(".to_k.", ".key.")
            .replace(".to_v.", ".value.")
            .replace(".to_out.0.", ".proj_attn.");
        renamed.insert(name, tensor);
    }
    let other = tempfile::tempdir()?;
    let path = other.path().join("old.safetensors");
    candle_core::safetensors::save(&renamed, &path)?;
    let load = |path: &Path| -> TestResult<Vae> {
        let weights = weights(path)?;
        let vae = Vae::load(&config, &weights)?;
        weights.finish()?;
        Ok(vae)
    };
    let (new, old) = (load(&file)?, load(&path)?);
    let latents = waves(&[1, config.latent_channels, 4, 4])?;
    assert_eq!(
        distance(&new.decode(&latents)?, &old.decode(&latents)?)?,
        0.0
    );
    Ok(())
}

#[test]
fn the_vae_refuses_half_precision() -> TestResult {
    let file = crate::golden::root()?.join("ip2p/pipeline/vae");
    let config: VaeConfig = crate::denoising::config(&file.join("config.json"))?;
    let source = WeightSource::File(file.join("diffusion_pytorch_model.safetensors"));
    let weights = Weights::open(&[source], DType::BF16, &Device::Cpu)?;
    assert!(Vae::load(&config, &weights).is_err());
    Ok(())
}

/// Answers 5, 3 and 2 for the three branches.
struct Branches;

impl Denoiser for Branches {
    fn predict_noise(&self, latents: &Tensor, _: f64, _: f64) -> candle_core::Result<Tensor> {
        let answers = Tensor::new(&[5f32, 3., 2.], &Device::Cpu)?.reshape((3, 1, 1, 1))?;
        answers.broadcast_as(latents.shape())
    }
}

#[test]
fn guidance_is_equation_three() -> TestResult {
    let guided = TwoScaleGuidance {
        inner: Branches,
        scales: vec![GuidanceScales {
            text: 7.5,
            image: 1.5,
        }],
    };
    let noise_pred = guided.predict_noise(&waves(&[1, 4, 2, 2])?, 1.0, 0.0)?;
    assert_eq!(noise_pred.dims(), [1, 4, 2, 2]);
    let value = noise_pred.flatten_all()?.get(0)?.to_scalar::<f32>()?;
    assert_eq!(value, 2.0 + 7.5 * 2.0 + 1.5);
    Ok(())
}
