//! The networks of a bundle, each in a place of its own.
//!
//! A bundle need not have every network, and a machine need not hold all of them at once. Whoever
//! needs one asks its [`Slot`] for it.

mod editors;
mod house;
mod language;
mod slot;

pub(super) use editors::EditorParts;
pub use house::{Gauge, LoadListener, LoadProgress, MemoryRules};
pub(crate) use house::{House, Turn};
pub(crate) use slot::Slot;

use super::lgd::failed;
use super::memory::{self, Architectures, EditorShape, MemoryModel, PartSizes, SecondSizes};
use super::{Bundle, Component, EditError, Problem, bundle};
use crate::models::eva_vit::EvaVit;
use crate::models::t5::Activation;
use crate::models::{LatentTranslator, QueryReader, T5Encoder, T5Writer};
use crate::nn::room::held;
use crate::nn::{DeviceFailure, Weights, cancel};
use candle_core::{DType, Device};
use language::Language;
use slot::Reading;
use std::sync::Arc;

/// All arithmetic is f32 here; stored halves are widened when they are read.
const DTYPE: DType = DType::F32;

/// What the program holds without any network, where the system does not say.
const UNMEASURED_BASE: u64 = 64 << 20;

/// The networks of a bundle.
pub(super) struct Parts {
    /// What is known about the need for memory.
    pub(super) memory: MemoryModel,
    /// The plan, and who is held.
    pub(super) house: Arc<House>,
    /// Side of the square picture that BLIP-2 sees, in pixels; 0 without one.
    pub(super) eyes_side: u32,
    /// Id that ends an answer.
    pub(super) end_of_answer: u32,
    /// BLIP-2's image encoder.
    pub(super) eyes: Slot<EvaVit>,
    /// BLIP-2's queries and Q-Former.
    pub(super) queries: Slot<QueryReader>,
    /// The half of the language model that reads.
    pub(super) encoder: Arc<Slot<T5Encoder>>,
    /// The half of the language model that writes.
    pub(super) writer: Slot<T5Writer>,
    /// The T5 that reads sentences, where it has weights of its own; else BLIP-2's does.
    pub(super) sentences: Option<Slot<T5Encoder>>,
    /// The latent translation.
    pub(super) translator: Slot<LatentTranslator>,
    /// What draws. Its CLIP reads sentences where there is no latent translation.
    first: EditorParts,
    /// What draws from sentences in its place, where there is a second editor.
    second: Option<EditorParts>,
}

impl Parts {
    /// Reads the configs and checks the names and shapes of all tensors; no values are read.
    ///
    /// # Errors
    /// When a file is missing or damaged, or the parts do not fit each other.
    pub(super) fn open(
        bundle: Bundle,
        device: &Device,
        rules: MemoryRules,
    ) -> Result<Self, EditError> {
        let house = Arc::new(House::new(device.clone(), rules));
        let base = held().map_or(UNMEASURED_BASE, |held| held.now);
        let files = Files {
            bundle: Arc::new(bundle),
            house: house.clone(),
        };
        let manifest = &files.bundle.manifest;
        let dims = &manifest.dims;
        let (text, context) = (dims.text, dims.cross_attention);

        let Language {
            config: blip2,
            eyes,
            queries,
            encoder,
            writer,
        } = files.language()?;
        let sentences = files.sentences()?;
        let first = files.first_editor()?;
        let second = files.second_editor(&first)?;
        let translator = if files.bundle.has_network(Component::Adapter) {
            files.slot(Component::Adapter, None, move |w| {
                LatentTranslator::load(text, context, w)
            })?
        } else {
            Slot::absent(files.lacks(Component::Adapter))
        };
        let sizes = PartSizes {
            eyes: eyes.size().whole + queries.size().whole,
            encoder: encoder.size().and(sentences.as_ref().map(Slot::size)),
            writer: writer.size(),
            table: blip2.as_ref().map_or(0, |blip2| {
                let text = &blip2.text_config;
                (text.vocab_size * text.d_model * house.large_dtype().size_in_bytes()) as u64
            }),
            unet: first.unet.size().whole,
            second: second
                .as_ref()
                .map_or_else(SecondSizes::default, |second| SecondSizes {
                    unet: second.unet.size().whole,
                    vae: second.own_vae(&first).map_or(0, |vae| vae.size().whole),
                    clip: second.own_clip(&first).map_or(0, |clip| clip.size().whole),
                }),
            always: translator.size().whole + first.vae.size().whole + first.clip.size().whole,
        };
        let rules = &manifest.text;
        let shape = |editor: &EditorParts| EditorShape {
            unet: editor.unet_config.clone(),
            vae: editor.vae_config.clone(),
        };
        let about = Architectures {
            blip2: blip2.as_deref(),
            first: shape(&first),
            second: second.as_ref().map(shape),
            side: manifest.resolution,
            context: dims.query_tokens
                + rules.max_length
                + rules.sent_max_length.unwrap_or(rules.max_length),
        };
        Ok(Self {
            memory: memory::model(&about, base, sizes),
            house,
            eyes_side: blip2
                .as_ref()
                .map_or(0, |blip2| blip2.vision_config.image_size as u32),
            end_of_answer: blip2
                .as_ref()
                .map_or(0, |blip2| blip2.text_config.eos_token_id),
            eyes,
            queries,
            encoder,
            writer,
            sentences,
            translator,
            first,
            second,
        })
    }

    /// Loads what the plan keeps in memory: every network, or those that always stay.
    ///
    /// # Errors
    /// As [`Slot::get`].
    pub(super) fn load(&self) -> Result<(), EditError> {
        let always =
            self.translator.missing() + self.first.vae.missing() + self.first.clip.missing();
        let in_turn = self.eyes.missing()
            + self.queries.missing()
            + self.encoder.missing()
            + self.sentences.as_ref().map_or(0, Slot::missing)
            + self.writer.missing()
            + self.first.unet.missing()
            + self.second.as_ref().map_or(0, |second| {
                let (vae, clip) = (second.own_vae(&self.first), second.own_clip(&self.first));
                second.unet.missing() + vae.map_or(0, Slot::missing) + clip.map_or(0, Slot::missing)
            });
        let all = !self.house.plan().one_at_a_time;
        // Loaded together, both halves of the language model share the token table.
        let shared = if self.writer.missing() > 0 {
            self.memory.parts.table
        } else {
            0
        };
        let in_turn = in_turn.saturating_sub(shared);
        self.house.expect(always + if all { in_turn } else { 0 });
        if all {
            self.load_in_turn()?;
        }
        self.load_always()
    }

    fn load_always(&self) -> Result<(), EditError> {
        self.first.vae.load()?;
        self.first.clip.load()?;
        self.translator.load()
    }

    /// Loads every network; under a plan that holds one at a time, each makes room for the next.
    ///
    /// # Errors
    /// As [`Slot::get`].
    pub(super) fn load_in_turn(&self) -> Result<(), EditError> {
        self.eyes.load()?;
        self.queries.load()?;
        self.encoder.load()?;
        if let Some(sentences) = &self.sentences {
            sentences.load()?;
        }
        if let Some(second) = &self.second {
            second.clip.load()?;
        }
        self.writer.load()?;
        self.first.unet.load()?;
        if let Some(second) = &self.second {
            second.unet.load()?;
            second.vae.load()?;
        }
        self.load_always()
    }

    /// The T5 that reads sentences on their own. Where BLIP-2's does it, with tanh GELU instead of
    /// the exact one, as the authors' second T5 has it.
    ///
    /// # Errors
    /// As [`Slot::get`].
    pub(super) fn sentence_reader(&self) -> Result<Arc<T5Encoder>, EditError> {
        match &self.sentences {
            Some(sentences) => sentences.get(),
            None => {
                let encoder = self.encoder.get()?;
                Ok(match encoder.config().activation().map_err(failed)? {
                    Activation::Gelu => Arc::new(encoder.with_activation(Activation::GeluTanh)),
                    _ => encoder,
                })
            }
        }
    }
}

/// Where networks are read from, and where they go.
struct Files {
    bundle: Arc<Bundle>,
    house: Arc<House>,
}

impl Files {
    /// A network that always computes in f32.
    fn slot<T: Send + Sync + 'static>(
        &self,
        component: Component,
        turn: Option<Turn>,
        load: impl Fn(&Weights) -> candle_core::Result<T> + Send + Sync + 'static,
    ) -> Result<Slot<T>, EditError> {
        self.slot_in(DTYPE, component, turn, load)
    }

    /// A network that may compute in bf16.
    fn large_slot<T: Send + Sync + 'static>(
        &self,
        component: Component,
        turn: Turn,
        load: impl Fn(&Weights) -> candle_core::Result<T> + Send + Sync + 'static,
    ) -> Result<Slot<T>, EditError> {
        self.slot_in(self.house.large_dtype(), component, Some(turn), load)
    }

    fn slot_in<T: Send + Sync + 'static>(
        &self,
        dtype: DType,
        component: Component,
        turn: Option<Turn>,
        load: impl Fn(&Weights) -> candle_core::Result<T> + Send + Sync + 'static,
    ) -> Result<Slot<T>, EditError> {
        let (bundle, device) = (self.bundle.clone(), self.house.device().clone());
        let language = matches!(component, Component::Blip2 | Component::SentenceEncoder)
            && matches!(turn, Some(Turn::Encoder | Turn::Writer));
        let coded = self.house.coded(component);
        let load = move |reading: Reading| {
            let weights = bundle.weights(component, dtype, &device)?.coded(coded);
            let weights = match reading {
                Reading::Rehearsal(bits) => weights.quantised(bits).rehearsal(),
                Reading::Whole(house) => {
                    let bits = house.plan().language_bits.filter(|_| language);
                    weights
                        .quantised(bits)
                        .heard_by(Arc::new(move |bytes| house.loaded(bytes)))
                }
            };
            let network = strictly(component, &weights, &load)?;
            Ok((network, weights))
        };
        Slot::new(&self.house, turn, language, Box::new(load))
    }

    /// Checks names and shapes; nothing is read but headers.
    fn rehearse<T>(
        &self,
        component: Component,
        load: impl FnOnce(&Weights) -> candle_core::Result<T>,
    ) -> Result<T, EditError> {
        let weights = self.bundle.weights(component, DTYPE, self.house.device())?;
        strictly(component, &weights.rehearsal(), load)
    }
}

/// Loads one network and makes sure that its file held exactly what it asked for.
pub(super) fn part<T>(
    bundle: &Bundle,
    component: Component,
    device: &Device,
    load: impl FnOnce(&Weights) -> candle_core::Result<T>,
) -> Result<T, EditError> {
    let weights = bundle.weights(component, DTYPE, device)?;
    strictly(component, &weights, load)
}

/// Loads one network and makes sure that `weights` held exactly what it asked for.
pub(super) fn strictly<T>(
    component: Component,
    weights: &Weights,
    load: impl FnOnce(&Weights) -> candle_core::Result<T>,
) -> Result<T, EditError> {
    cancel::checkpoint().map_err(failed)?;
    let network = load(weights);
    // What was not taken from the file says nothing about it when the loading was stopped, by a
    // person or by the device.
    if let Err(error) = &network
        && (cancel::is_cancelled(error) || DeviceFailure::of(error).is_some())
    {
        return network.map_err(failed);
    }
    // A strict report says more than the first error of a half-built network.
    weights
        .finish()
        .map_err(|e| bundle::load_problem(component, &e))?;
    network.map_err(|e| {
        Problem::new(format!("Cannot build the {}: {e}.", component.title()))
            .hint("Its config.json does not fit this program. Copy the bundle again, or choose another one.")
            .into()
    })
}

fn agree(what: &str, described: usize, found: usize) -> Result<(), Problem> {
    if described == found {
        return Ok(());
    }
    Err(Problem::new(format!(
        "The bundle's {what} is {described} in lgd.json, but {found} in the network's config."
    ))
    .hint("The parts come from different models. Use parts that were trained together."))
}
