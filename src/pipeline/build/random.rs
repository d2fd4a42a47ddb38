//! Bundles of made-up weights in published sizes and layouts, to measure and test with anywhere.

use super::disk;
use super::recipe::{Fill, Recipe, RecipeTensor, Values, WeightPlan};
use super::template::{Template, clip_tokenizer, t5_tokenizer};
use super::{Preset, RandomSpec, StoredAs};
use crate::diffusion::ScheduleConfig;
use crate::models::eva_vit::EvaVitConfig;
use crate::models::{
    Blip2, Blip2Config, ClipText, ClipTextConfig, LatentTranslator, T5Config, Unet, UnetConfig,
    Vae, VaeConfig,
};
use crate::nn::{RandomValues, StoredDtype, Weights};
use crate::pipeline::lgd::failed;
use crate::pipeline::{Component, EditError, Problem, embedded};
use candle_core::{DType, Device, Result as TensorResult};
use half::{bf16, f16};
use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The sizes of a bundle.
struct Sizes {
    unet: UnetConfig,
    vae: VaeConfig,
    language: Option<Blip2Config>,
    /// CLIP's text tower, where it steers the editor.
    text: Option<ClipTextConfig>,
}

impl Sizes {
    fn of(preset: Preset) -> Result<Self, Problem> {
        let full = |language| Self {
            unet: UnetConfig::sd15_ip2p(),
            vae: VaeConfig::sd15(),
            language,
            text: None,
        };
        Ok(match preset {
            Preset::Sd15FlanT5Xl => full(Some(as_lgd_reads(Blip2Config::flan_t5_xl()))),
            Preset::Sd15FlanT5Xxl => full(Some(as_lgd_reads(Blip2Config::flan_t5_xxl()))),
            Preset::Sd15Ip2p => Self {
                text: Some(ClipTextConfig::sd15()),
                ..full(None)
            },
            Preset::ToonTiny => Self {
                unet: of_embedded("unet/config.json")?,
                vae: of_embedded("vae/config.json")?,
                language: Some(of_embedded("blip2/config.json")?),
                text: None,
            },
            Preset::Tiny => Self {
                unet: UnetConfig::tiny(),
                vae: VaeConfig::tiny(),
                language: Some(Blip2Config {
                    text_config: T5Config {
                        // As many as the tokenizer knows, which comes from the embedded bundle.
                        vocab_size: 1000,
                        ..T5Config::tiny()
                    },
                    ..Blip2Config::tiny()
                }),
                text: None,
            },
        })
    }
}

/// LGD shows BLIP-2 larger pictures than it was published for, and its T5 runs with exact GELU.
fn as_lgd_reads(config: Blip2Config) -> Blip2Config {
    Blip2Config {
        vision_config: EvaVitConfig {
            image_size: 364,
            ..config.vision_config
        },
        text_config: T5Config {
            dense_act_fn: Some("gelu".to_owned()),
            ..config.text_config
        },
        ..config
    }
}

fn of_embedded<T: DeserializeOwned>(path: &str) -> Result<T, Problem> {
    let bytes = embedded::file(path)
        .map(|(_, bytes)| bytes)
        .unwrap_or_default();
    serde_json::from_slice(bytes)
        .map_err(|e| Problem::new(format!("The embedded {path} cannot be read: {e}.")))
}

/// The recipe of a made-up bundle.
///
/// # Errors
/// When the sizes do not fit each other, which is a mistake of the program.
pub(crate) fn recipe(spec: &RandomSpec) -> Result<Recipe, EditError> {
    let sizes = Sizes::of(spec.preset)?;
    let mut parts = Parts {
        spec,
        files: BTreeMap::new(),
        weights: Vec::new(),
    };
    let title = format!(
        "Random weights in the sizes of {}; its pictures mean nothing.",
        spec.preset.title()
    );
    let name = spec
        .name
        .clone()
        .unwrap_or_else(|| format!("random {}", spec.preset));
    let scale = sizes.vae.scale_factor();
    let cells = sizes.unet.sample_size.unwrap_or(64);
    let context = sizes.unet.cross_attention_dim.get(0).unwrap_or(768);

    parts.network(
        Component::Unet,
        &sizes.unet,
        json!({"_class_name": "UNet2DConditionModel"}),
        |w| Unet::load(&sizes.unet, w).map(drop),
    )?;
    parts.network(
        Component::Vae,
        &sizes.vae,
        json!({"_class_name": "AutoencoderKL"}),
        |w| Vae::load(&sizes.vae, w).map(drop),
    )?;
    let schedule = config(
        &ScheduleConfig::stable_diffusion(),
        json!({"_class_name": "EulerAncestralDiscreteScheduler"}),
    );
    parts.file("scheduler/scheduler_config.json", disk::json(&schedule));
    if let Some(text) = &sizes.text {
        let about = json!({"architectures": ["CLIPTextModel"], "model_type": "clip_text_model"});
        parts.network(Component::TextEncoder, text, about, |w| {
            ClipText::load(text, w).map(drop)
        })?;
        for (name, bytes) in clip_tokenizer(text.vocab_size) {
            parts.file(&format!("tokenizer/{name}"), bytes);
        }
    }
    if let Some(blip2) = &sizes.language {
        let about = json!({
            "architectures": ["Blip2ForConditionalGeneration"],
            "model_type": "blip-2",
            "use_decoder_only_language_model": false,
        });
        parts.network(Component::Blip2, blip2, about, |w| {
            Blip2::load(blip2, w).map(drop)
        })?;
        let width = blip2.text_config.d_model;
        parts.tensors(Component::Adapter, |w| {
            LatentTranslator::load(width, context, w).map(drop)
        })?;
        for (name, bytes) in t5_tokenizer(blip2.text_config.vocab_size)? {
            parts.file(&format!("blip2/{name}"), bytes);
        }
    }
    let template = match &sizes.language {
        Some(blip2) => Template::lgd(blip2.text_config.d_model, context, blip2.num_query_tokens),
        None => Template::instruct_pix2pix(context),
    };
    let mut manifest = template.manifest(name, title, cells * scale);
    manifest.random = true;
    Ok(Recipe {
        manifest,
        files: parts.files,
        weights: parts.weights,
    })
}

/// A config in the published layout: its sizes, and what it is the config of.
fn config(sizes: &impl Serialize, about: Value) -> Value {
    let mut config = about;
    if let (Value::Object(config), Ok(Value::Object(sizes))) =
        (&mut config, serde_json::to_value(sizes))
    {
        config.extend(sizes.into_iter().filter(|(_, value)| !value.is_null()));
    }
    config
}

struct Parts<'a> {
    spec: &'a RandomSpec,
    files: BTreeMap<String, Vec<u8>>,
    weights: Vec<WeightPlan>,
}

impl Parts<'_> {
    fn file(&mut self, path: &str, bytes: Vec<u8>) {
        self.files.insert(path.to_owned(), bytes);
    }

    /// A network with its config.
    fn network(
        &mut self,
        component: Component,
        sizes: &impl Serialize,
        about: Value,
        load: impl FnOnce(&Weights) -> TensorResult<()>,
    ) -> Result<(), EditError> {
        let path = format!("{}/config.json", component.folder());
        self.file(&path, disk::json(&config(sizes, about)));
        self.tensors(component, load)
    }

    /// The tensors that `load` asks for.
    fn tensors(
        &mut self,
        component: Component,
        load: impl FnOnce(&Weights) -> TensorResult<()>,
    ) -> Result<(), EditError> {
        let weights = Weights::random(0, DType::F32, &Device::Cpu).rehearsal();
        load(&weights).map_err(failed)?;
        let tensors = weights
            .asked()
            .into_iter()
            .map(|(name, dims)| RecipeTensor {
                dtype: match self.spec.stored_as {
                    StoredAs::AsStored => published(component, &name, &dims),
                    StoredAs::F32 => StoredDtype::F32,
                    StoredAs::F16 => StoredDtype::F16,
                    StoredAs::Bf16 => StoredDtype::BF16,
                },
                origin: format!("random {}", self.spec.seed),
                name,
                dims,
            });
        self.weights.push(WeightPlan {
            folder: component.folder().to_owned(),
            stem: component.stem(),
            tensors: tensors.collect(),
            values: Box::new(MadeUp {
                seed: self.spec.seed,
                folder: component.folder(),
            }),
        });
        Ok(())
    }
}

/// How the authors' checkpoints store a tensor: the image encoder's matrices in f16, the language
/// model in bf16, everything else in f32.
fn published(component: Component, name: &str, dims: &[usize]) -> StoredDtype {
    match component {
        Component::Blip2 if name.starts_with("language_model.") => StoredDtype::BF16,
        Component::Blip2 if name.starts_with("vision_model.") && dims.len() > 1 => StoredDtype::F16,
        _ => StoredDtype::F32,
    }
}

/// Numbers from a seed and a tensor's name.
struct MadeUp {
    seed: u64,
    folder: &'static str,
}

impl Values for MadeUp {
    fn open(&self, tensor: &RecipeTensor) -> Result<Fill<'_>, EditError> {
        /// Numbers that one thread makes at a time.
        const PIECE: usize = 1 << 14;
        let path = format!("{}/{}", self.folder, tensor.name);
        let values = RandomValues::new(self.seed, &path, &tensor.dims);
        let dtype = tensor.dtype;
        let size = dtype.bitsize() / 8;
        Ok(Box::new(move |range, out| {
            let first = range.start / size;
            out.par_chunks_mut(PIECE * size)
                .enumerate()
                .for_each(|(piece, out)| {
                    let mut numbers = vec![0_f32; out.len() / size];
                    values.fill(first + piece * PIECE, &mut numbers);
                    store(&numbers, dtype, out);
                });
            Ok(())
        }))
    }
}

/// Little-endian bytes of numbers.
fn store(numbers: &[f32], dtype: StoredDtype, out: &mut [u8]) {
    fn each<const SIZE: usize>(numbers: &[f32], out: &mut [u8], bytes: impl Fn(f32) -> [u8; SIZE]) {
        for (number, out) in numbers.iter().zip(out.as_chunks_mut().0) {
            *out = bytes(*number);
        }
    }
    match dtype {
        StoredDtype::BF16 => each(numbers, out, |v| bf16::from_f32(v).to_le_bytes()),
        StoredDtype::F16 => each(numbers, out, |v| f16::from_f32(v).to_le_bytes()),
        _ => each(numbers, out, f32::to_le_bytes),
    }
}
