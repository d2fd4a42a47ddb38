//! The networks of a run and which of their tensors are trained.

use super::config::{LoraConfig, ModelConfig};
use super::scene_heads::{HEADS, SceneHeads};
use crate::diffusion::{NoiseSchedule, ScheduleConfig};
use crate::models::{
    Blip2, Blip2Config, LatentTranslator, T5Config, T5Encoder, TextTokenizer, Unet, UnetConfig,
    Vae, VaeConfig,
};
use crate::nn::noise::Stream;
use crate::nn::{Linear, LowRankRule, Weights, refresh_copies};
use crate::pipeline::{Bundle, Component, Manifest, Problem, load_problem, tokenizer};
use candle_core::{DType, Device, Result, Tensor, Var};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Parts of the networks that are trained or left alone together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// The denoiser.
    Unet,
    /// Low-rank pairs beside the attention of the denoiser, which itself stays as it is.
    Lora,
    /// The two layers of the latent translation.
    Adapter,
    /// BLIP-2's queries, Q-Former and the norm behind its image encoder.
    Qformer,
    /// The projection from the Q-Former into the language model.
    T5Proj,
    /// The projection that the contrastive loss looks at.
    Predictive,
    /// BLIP-2's image encoder.
    Vision,
    /// BLIP-2's language model.
    Language,
    /// The layers that read the scene from what BLIP-2 sees, while it learns to see.
    Scene,
    /// The half of the autoencoder that makes latents of pictures.
    Encoder,
    /// The half that makes pictures of latents.
    Decoder,
}

impl Group {
    /// All groups.
    pub const ALL: [Self; 11] = [
        Self::Unet,
        Self::Lora,
        Self::Adapter,
        Self::Qformer,
        Self::T5Proj,
        Self::Predictive,
        Self::Vision,
        Self::Language,
        Self::Scene,
        Self::Encoder,
        Self::Decoder,
    ];

    /// Whether the parameter of that name, `unet.…`, `blip2.…`, `adapter.…`, …, belongs to it.
    pub fn holds(self, name: &str) -> bool {
        const NORM: &str = "blip2.vision_model.post_layernorm.";
        let below = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
        match self {
            Self::Unet => below(&["unet."]) && !name.contains(PAIR),
            Self::Lora => below(&["unet."]) && name.contains(PAIR),
            Self::Adapter => below(&["adapter.mlp.", "adapter.latent_mlp."]),
            Self::Qformer => below(&["blip2.qformer.", "blip2.query_tokens", NORM]),
            Self::T5Proj => below(&["blip2.language_projection."]),
            Self::Predictive => below(&[PREDICTIVE]),
            Self::Vision => below(&["blip2.vision_model."]) && !below(&[NORM]),
            Self::Language => below(&["blip2.language_model."]),
            Self::Scene => below(&[HEADS]),
            Self::Encoder => below(&["vae.encoder.", "vae.quant_conv."]),
            Self::Decoder => below(&["vae.decoder.", "vae.post_quant_conv."]),
        }
    }

    /// Whether BLIP-2's losses reach it, those of the answer, the code and the scene; the diffusion loss
    /// trains the rest.
    pub fn is_of_blip2(self) -> bool {
        !matches!(self, Self::Unet | Self::Lora | Self::Adapter) && !self.is_of_autoencoder()
    }

    /// Whether it is trained by how well pictures come back, and by nothing else.
    pub fn is_of_autoencoder(self) -> bool {
        matches!(self, Self::Encoder | Self::Decoder)
    }
}

/// The parts of BLIP-2 that may compute in 16 bits; what is between them always has 32.
const LARGE: [&str; 2] = ["vision_model", "language_model"];

/// What the names of the contrastive loss's projection begin with.
const PREDICTIVE: &str = "adapter.predictive_proj.";

/// What stands between the name of a layer and the halves of its pair, `down.weight` and `up.weight`.
pub(super) const PAIR: &str = ".lora.";

/// Whether the UNet's layer of that name is one of an attention's four.
fn is_of_attention(layer: &str) -> bool {
    let within = layer.contains(".attn1.") || layer.contains(".attn2.");
    let ends = [".to_q", ".to_k", ".to_v", ".to_out.0"];
    within && ends.iter().any(|end| layer.ends_with(end))
}

/// Pairs beside the attention of a UNet.
pub fn low_rank_rule(lora: &LoraConfig, seed: u64) -> LowRankRule {
    LowRankRule {
        rank: lora.rank,
        alpha: lora.alpha,
        seed,
        covers: Arc::new(is_of_attention),
    }
}

/// Everything a training step runs through.
pub struct Networks {
    /// Reads frame and question, writes the answer.
    pub blip2: Blip2,
    /// The T5 that encodes sentences for the editor, where it is not BLIP-2's own.
    pub sentences: Option<T5Encoder>,
    /// Carries the language model's states into the UNet's context.
    pub translator: LatentTranslator,
    /// What the contrastive loss looks at.
    pub predictive_proj: Option<Linear>,
    /// What reads the scene, where BLIP-2 learns to see.
    pub scene_heads: Option<SceneHeads>,
    /// The denoiser.
    pub unet: Unet,
    /// The autoencoder.
    pub vae: Vae,
    /// Noise levels by time step.
    pub schedule: NoiseSchedule,
}

/// A bundle ready to be trained.
pub struct Trainee {
    /// Its networks.
    pub networks: Networks,
    /// The trained tensors by name, in f32.
    pub parameters: BTreeMap<String, Var>,
    /// Where networks compute in 16 bits, what they compute with in place of some of them.
    copies: Vec<(Var, Tensor)>,
    /// Splits texts.
    pub tokenizer: TextTokenizer,
    /// The bundle's description.
    pub manifest: Manifest,
}

/// The trained tensors of a component, under the component's name.
pub fn named(component: &str, weights: &Weights) -> BTreeMap<String, Var> {
    let vars = weights.vars().into_iter();
    vars.map(|(name, var)| (format!("{component}.{name}"), var))
        .collect()
}

/// A view in which the tensors of `groups` are variables.
pub fn trainable(weights: Weights, component: &'static str, groups: &BTreeSet<Group>) -> Weights {
    let groups = groups.clone();
    weights.trainable(move |name| {
        let name = format!("{component}.{name}");
        groups.iter().any(|group| group.holds(&name))
    })
}

impl Trainee {
    /// Loads every network of a bundle; the tensors of the trained groups become variables. What a
    /// bundle does not have (low-rank pairs, the contrastive projection) starts from `seed`.
    ///
    /// # Errors
    /// When a file is missing or damaged, or the parts do not fit each other.
    pub fn load(
        bundle: &Bundle,
        model: &ModelConfig,
        seed: u64,
        device: &Device,
    ) -> std::result::Result<Self, Problem> {
        Self::load_in(DType::F32, bundle, model, seed, device)
    }

    /// The same with editor, image encoder and language model computing in `dtype`; what is trained of
    /// them is f32 all the same, see [`Trainee::refresh`].
    ///
    /// # Errors
    /// As [`Trainee::load`].
    pub fn load_in(
        dtype: DType,
        bundle: &Bundle,
        model: &ModelConfig,
        seed: u64,
        device: &Device,
    ) -> std::result::Result<Self, Problem> {
        let groups = &model.train;
        let mut parameters = BTreeMap::new();
        let manifest = bundle.manifest.clone();
        let mut copies = Vec::new();
        let open_in = |dtype, component: Component| -> std::result::Result<Weights, Problem> {
            let weights = bundle.weights(component, dtype, device)?;
            Ok(trainable(weights, component.folder(), groups))
        };
        let open = |component| open_in(DType::F32, component);
        let blip2_config: Blip2Config = bundle.config("blip2/config.json")?;
        let unet_config: UnetConfig = bundle.config("unet/config.json")?;
        let vae_config: VaeConfig = bundle.config("vae/config.json")?;
        let schedule: ScheduleConfig = bundle.config("scheduler/scheduler_config.json")?;

        let weights = open(Component::Blip2)?;
        let large = match dtype {
            DType::F32 => weights.clone(),
            _ => apart(&weights, open_in(dtype, Component::Blip2)?),
        };
        let blip2 = Blip2::load_in(&blip2_config, &weights, &large);
        whole(Component::Blip2, &large, Ok(()))?;
        let blip2 = whole(Component::Blip2, &weights, blip2)?;
        for weights in [&weights, &large] {
            parameters.extend(named("blip2", weights));
        }
        copies.extend(large.copies());
        let mut weights = open_in(dtype, Component::Unet)?;
        if groups.contains(&Group::Lora) {
            weights = weights.with_low_rank(low_rank_rule(&model.lora, seed));
        }
        let unet = whole(
            Component::Unet,
            &weights,
            Unet::load(&unet_config, &weights),
        )?;
        parameters.extend(named("unet", &weights));
        copies.extend(weights.copies());
        let weights = open(Component::Vae)?;
        let vae = whole(Component::Vae, &weights, Vae::load(&vae_config, &weights))?;
        parameters.extend(named("vae", &weights));
        let weights = open(Component::Adapter)?;
        let (text, context) = (manifest.dims.text, manifest.dims.cross_attention);
        let predictive = predictive_proj(&weights, text, groups, seed, device);
        let (predictive_proj, fresh) =
            predictive.map_err(|e| cannot_build(Component::Adapter, &e))?;
        let translator = LatentTranslator::load(text, context, &weights);
        let translator = whole(Component::Adapter, &weights, translator)?;
        parameters.extend(named("adapter", &weights));
        parameters.extend(fresh);
        let scene_heads = match groups.contains(&Group::Scene) {
            true => {
                let heads = SceneHeads::fresh(&blip2_config, seed, device);
                let (heads, fresh) = heads.map_err(|e| cannot_build(Component::Blip2, &e))?;
                parameters.extend(fresh);
                Some(heads)
            }
            false => None,
        };
        let sentences = sentence_encoder(bundle, dtype, device)?;
        let schedule = NoiseSchedule::new(&schedule).map_err(|e| {
            Problem::new(format!("Cannot use the noise schedule: {e}."))
                .hint("Correct scheduler/scheduler_config.json, or copy the bundle again.")
        })?;
        Ok(Self {
            networks: Networks {
                blip2,
                sentences,
                translator,
                predictive_proj,
                scene_heads,
                unet,
                vae,
                schedule,
            },
            parameters,
            copies,
            tokenizer: tokenizer(bundle, "blip2")?,
            manifest,
        })
    }

    /// To be called when parameters were changed, before the networks compute again.
    ///
    /// # Errors
    /// When the device has no room.
    pub fn refresh(&self) -> Result<()> {
        refresh_copies(&self.copies)
    }
}

/// Shares the tensors of BLIP-2 between two views of it: its large parts are read from `large`.
fn apart(weights: &Weights, large: Weights) -> Weights {
    for name in LARGE {
        weights.ignore(name);
    }
    for name in weights.names() {
        let top = name.split('.').next().unwrap_or_default();
        if !LARGE.contains(&top) {
            large.ignore(&name);
        }
    }
    large
}

/// The T5 that encodes sentences for the editor, where a bundle has one beside BLIP-2's own.
fn sentence_encoder(
    bundle: &Bundle,
    dtype: DType,
    device: &Device,
) -> std::result::Result<Option<T5Encoder>, Problem> {
    let component = Component::SentenceEncoder;
    let config = format!("{}/config.json", component.folder());
    if !bundle.has(&config) {
        return Ok(None);
    }
    let config: T5Config = bundle.config(&config)?;
    let weights = bundle.weights(component, dtype, device)?;
    whole(component, &weights, T5Encoder::load(&config, &weights)).map(Some)
}

fn whole<T>(
    component: Component,
    weights: &Weights,
    network: Result<T>,
) -> std::result::Result<T, Problem> {
    // A strict report says more than the first error of a half-built network.
    weights.finish().map_err(|e| load_problem(component, &e))?;
    network.map_err(|e| cannot_build(component, &e))
}

fn cannot_build(component: Component, error: &candle_core::Error) -> Problem {
    Problem::new(format!("Cannot build the {}: {error}.", component.title())).hint(
        "Its config.json does not fit this program. Copy the bundle again, or choose another one.",
    )
}

/// The contrastive loss's projection: the bundle's, or a new one where it is to be trained.
fn predictive_proj(
    weights: &Weights,
    width: usize,
    groups: &BTreeSet<Group>,
    seed: u64,
    device: &Device,
) -> Result<(Option<Linear>, BTreeMap<String, Var>)> {
    let view = weights.pp("predictive_proj");
    if view.has("weight") {
        return Ok((Some(Linear::load(&view, width, width)?), BTreeMap::new()));
    }
    if !groups.contains(&Group::Predictive) {
        return Ok((None, BTreeMap::new()));
    }
    let (linear, fresh) = fresh_linear(PREDICTIVE, width, width, seed, device)?;
    Ok((Some(linear), fresh))
}

/// A linear layer as torch starts it, uniform within `1 / sqrt(inputs)`, and its parameters by name.
pub(super) fn fresh_linear(
    prefix: &str,
    inputs: usize,
    outputs: usize,
    seed: u64,
    device: &Device,
) -> Result<(Linear, BTreeMap<String, Var>)> {
    let bound = 1.0 / (inputs as f32).sqrt();
    let draw = |part: &str, shape: &[usize]| -> Result<Var> {
        let mut stream = Stream::new(seed, part, 0, 0);
        let count = shape.iter().product();
        let values: Vec<f32> = (0..count)
            .map(|_| (stream.uniform() * 2.0 - 1.0) * bound)
            .collect();
        Var::from_tensor(&Tensor::from_vec(values, shape, device)?)
    };
    // The contrastive projection was drawn under its own name, without the folder's.
    let short = prefix.strip_prefix("adapter.").unwrap_or(prefix);
    let weight = draw(&format!("{short}weight"), &[outputs, inputs])?;
    let bias = draw(&format!("{short}bias"), &[outputs])?;
    let linear = Linear::new(weight.as_tensor().clone(), Some(bias.as_tensor().clone()));
    let fresh = [("weight", weight), ("bias", bias)];
    let fresh = fresh.map(|(name, var)| (format!("{prefix}{name}"), var));
    Ok((linear, fresh.into_iter().collect()))
}
