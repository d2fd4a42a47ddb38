//! The language networks beyond the golden numbers: any size, gradients, files with extra tensors.

use candle_core::{DType, Device, Tensor};
use lgd_studio::models::blip2::{Blip2, Blip2Config};
use lgd_studio::models::generation::{AnswerRng, GenerationSettings, Hypothesis};
use lgd_studio::models::t5::{T5, T5Config};
use lgd_studio::models::translator::LatentTranslator;
use lgd_studio::nn::cancel::{self, CancelToken};
use lgd_studio::nn::{WeightSource, Weights};
use lgd_studio::train::loss;
use std::collections::HashMap;

type TestResult<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn random(seed: u64) -> Weights {
    Weights::random(seed, DType::F32, &Device::Cpu)
}

/// Values between -1 and 1 that look random.
fn values(shape: &[usize]) -> TestResult<Tensor> {
    let count: usize = shape.iter().product();
    let values: Vec<f32> = (0..count).map(|i| (i as f32 * 12.9898).sin()).collect();
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
}

fn largest_difference(a: &Tensor, b: &Tensor) -> TestResult<f32> {
    Ok((a - b)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?)
}

fn variants() -> Vec<T5Config> {
    let plain = |projection: &str, tied: bool| T5Config {
        feed_forward_proj: projection.to_owned(),
        tie_word_embeddings: tied,
        num_decoder_layers: Some(3),
        ..T5Config::tiny()
    };
    vec![
        plain("gated-gelu", false),
        plain("gated-gelu", true),
        plain("relu", true),
        plain("gated-silu", false),
    ]
}

#[test]
fn decoding_token_by_token_equals_decoding_at_once_for_every_kind_of_t5() -> TestResult {
    for config in variants() {
        let t5 = T5::load(&config, &random(5))?;
        let (samples, beams, length) = (2, 3, 6);
        let states = values(&[samples, 5, config.d_model])?;
        let mask = Tensor::new(&[[1u32, 1, 1, 1, 1], [1, 1, 1, 0, 0]], &Device::Cpu)?;
        let mut rows: Vec<Vec<u32>> = vec![Vec::new(); samples * beams];
        let mut cache = t5.writer().start(&states, Some(&mask))?;
        let mut stepped = Vec::new();
        for position in 0..length {
            if position == 3 {
                // The second sample's beams trade places: 3, 4, 5 become 5, 3, 3.
                let order = [0, 1, 2, 5, 3, 3];
                cache.reorder(&order)?;
                rows = order.iter().map(|&i| rows[i as usize].clone()).collect();
                stepped.clear();
            }
            let ids: Vec<u32> = (0..rows.len())
                .map(|row| ((row * 7 + position * 11) % config.vocab_size) as u32)
                .collect();
            for (row, id) in rows.iter_mut().zip(&ids) {
                row.push(*id);
            }
            stepped.push(t5.writer().step(&ids, &mut cache)?);
        }
        assert_eq!(cache.length(), length);
        for (row, ids) in rows.iter().enumerate() {
            let sample = row / beams;
            let at_once = t5.writer().logits(
                &Tensor::new(ids.as_slice(), &Device::Cpu)?.unsqueeze(0)?,
                None,
                &states.narrow(0, sample, 1)?,
                Some(&mask.narrow(0, sample, 1)?),
            )?;
            for (i, step) in stepped.iter().enumerate() {
                let expected = at_once.get(0)?.get(3 + i)?;
                let error = largest_difference(&step.get(row)?, &expected)?;
                assert!(error < 1e-4, "{config:?} row {row} step {i}: {error}");
            }
        }
    }
    Ok(())
}

#[test]
fn a_tied_output_layer_is_the_scaled_token_table() -> TestResult {
    let tied = T5Config {
        tie_word_embeddings: true,
        ..T5Config::tiny()
    };
    let untied = T5Config::tiny();
    let (states, ids) = (
        values(&[1, 4, tied.d_model])?,
        Tensor::new(&[[0u32, 7, 9]], &Device::Cpu)?,
    );
    let logits = T5::load(&tied, &random(1))?
        .writer()
        .logits(&ids, None, &states, None)?;
    // The same weights written to a file, with the scaled table as a layer of its own.
    let weights = random(1).trainable(|_| true);
    T5::load(&untied, &weights)?;
    let mut tensors: HashMap<String, Tensor> = weights
        .vars()
        .into_iter()
        .map(|(name, var)| (name, var.as_tensor().clone()))
        .collect();
    let table = tensors.get("shared.weight").ok_or("no table")?;
    let scaled = (table * (tied.d_model as f64).powf(-0.5))?;
    tensors.insert("lm_head.weight".to_owned(), scaled);
    // Copies and leftovers that published files carry are no surprise.
    tensors.insert("encoder.embed_tokens.weight".to_owned(), values(&[2, 2])?);
    let leftover = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";
    tensors.insert(leftover.to_owned(), values(&[2, 2])?);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("model.safetensors");
    candle_core::safetensors::save(&tensors, &file)?;
    let weights = Weights::open(&[WeightSource::File(file)], DType::F32, &Device::Cpu)?;
    let loaded = T5::load(&untied, &weights)?;
    weights.finish()?;
    let error = largest_difference(&loaded.writer().logits(&ids, None, &states, None)?, &logits)?;
    assert!(error < 1e-5, "{error}");
    Ok(())
}

#[test]
fn every_trainable_variable_of_blip2_gets_a_gradient() -> TestResult {
    let trained = [
        "qformer.",
        "query_tokens",
        "language_projection.",
        "vision_model.post_layernorm.",
    ];
    let weights =
        random(3).trainable(move |name| trained.iter().any(|prefix| name.starts_with(prefix)));
    let config = Blip2Config::tiny();
    let model = Blip2::load(&config, &weights)?;
    let side = config.vision_config.image_size;
    let queries = model.query_output(&values(&[2, 3, side, side])?)?;
    let ids = Tensor::new(&[[5u32, 6, 7, 1], [8, 9, 1, 0]], &Device::Cpu)?;
    let mask = Tensor::new(&[[1u32, 1, 1, 1], [1, 1, 1, 0]], &Device::Cpu)?;
    let latent = model.encode(&queries, &ids, Some(&mask))?;
    let labels = Tensor::new(&[[4i64, 3, 1], [2, 1, loss::IGNORED]], &Device::Cpu)?;
    let logits = model.logits(&latent, &labels, None)?;
    let weighted = Tensor::ones(2, DType::F32, &Device::Cpu)?;
    let gradients = loss::weighted_cross_entropy(&logits, &labels, &weighted)?.backward()?;
    let vars = weights.vars();
    assert!(vars.len() > 20, "{}", vars.len());
    for (name, var) in vars {
        let gradient = gradients.get(&var).ok_or(format!("{name} has none"))?;
        let size = gradient.abs()?.sum_all()?.to_scalar::<f32>()?;
        // A bias added to all keys alike changes no softmax.
        let expected_zero = name.ends_with("key.bias");
        assert!(
            size.is_finite() && (size > 0.0 || expected_zero),
            "{name}: {size}"
        );
    }
    Ok(())
}

#[test]
fn the_text_branch_of_a_published_qformer_is_left_alone() -> TestResult {
    let weights = random(2).trainable(|_| true);
    let config = Blip2Config::tiny();
    Blip2::load(&config, &weights)?;
    let mut tensors: HashMap<String, Tensor> = weights
        .vars()
        .into_iter()
        .map(|(name, var)| (name, var.as_tensor().clone()))
        .collect();
    for extra in [
        "qformer.encoder.layer.0.intermediate.dense.weight",
        "qformer.encoder.layer.0.output.LayerNorm.bias",
        "qformer.embeddings.word_embeddings.weight",
        "language_model.decoder.embed_tokens.weight",
    ] {
        tensors.insert(extra.to_owned(), values(&[2, 2])?);
    }
    let folder = tempfile::tempdir()?;
    let load = |tensors: &HashMap<String, Tensor>, name: &str| -> TestResult {
        let file = folder.path().join(name);
        candle_core::safetensors::save(tensors, &file)?;
        let weights = Weights::open(&[WeightSource::File(file)], DType::F32, &Device::Cpu)?;
        Blip2::load(&config, &weights)?;
        Ok(weights.finish()?)
    };
    load(&tensors, "extras.safetensors")?;
    tensors.insert("qformer.surprise.weight".to_owned(), values(&[2, 2])?);
    assert!(load(&tensors, "surprise.safetensors").is_err());
    Ok(())
}

#[test]
fn impossible_configs_are_refused_and_not_computed() {
    let refused = |change: fn(&mut Blip2Config)| {
        let mut config = Blip2Config::tiny();
        change(&mut config);
        Blip2::load(&config, &random(0)).is_err()
    };
    assert!(!refused(|_| {}));
    assert!(refused(
        |c| c.text_config.model_type = Some("opt".to_owned())
    ));
    assert!(refused(|c| c.text_config.num_heads = 0));
    assert!(refused(|c| c.text_config.relative_attention_num_buckets = 0));
    assert!(refused(
        |c| c.text_config.dense_act_fn = Some("mish".to_owned())
    ));
    assert!(refused(|c| c.vision_config.patch_size = 0));
    assert!(refused(|c| c.vision_config.patch_size = 1000));
    assert!(refused(|c| c.vision_config.num_attention_heads = 5));
    assert!(refused(|c| c.qformer_config.num_attention_heads = 0));
    assert!(refused(|c| c.qformer_config.cross_attention_frequency = 0));
    assert!(refused(|c| c.qformer_config.encoder_hidden_size = 7));
}

#[test]
fn the_translator_keeps_a_stream_that_already_fits_the_unet() -> TestResult {
    let translator = LatentTranslator::load(8, 6, &random(4))?;
    let (latent, text) = (values(&[2, 3, 8])?, values(&[2, 5, 8])?);
    assert_eq!(translator.context(&latent, &text)?.dims(), [2, 8, 6]);
    let fits = values(&[2, 3, 6])?;
    let context = translator.context(&fits, &text)?;
    assert_eq!(largest_difference(&context.narrow(1, 0, 3)?, &fits)?, 0.0);
    assert!(translator.context(&values(&[2, 3, 7])?, &text).is_err());
    Ok(())
}

#[test]
fn writing_stops_when_cancelled() -> TestResult {
    let t5 = T5::load(&T5Config::tiny(), &random(6))?;
    let states = values(&[1, 3, 32])?;
    let token = CancelToken::default();
    let write = || -> candle_core::Result<Vec<Vec<Hypothesis>>> {
        let settings = GenerationSettings::beams(3, 9);
        let rng = &mut AnswerRng::from_seed(0);
        lgd_studio::models::generation::generate(t5.writer(), &states, None, &settings, rng)
    };
    assert!(cancel::scope(&token, write).is_ok());
    token.cancel();
    let error = cancel::scope(&token, write).err().ok_or("not cancelled")?;
    assert!(cancel::is_cancelled(&error));
    Ok(())
}
