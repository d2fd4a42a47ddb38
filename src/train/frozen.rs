//! What of a run's networks is frozen, and what they make of the data.
//!
//! The autoencoder is, unless it is what is trained; of BLIP-2 the image encoder, or all of it, and its
//! language model where nothing there is trained. What they make of a picture or a text is the same in every epoch, so it is
//! computed once, for each sample alone: numbers then do not depend on which samples meet in a batch,
//! and a run with kept features is bit for bit the one without.

use super::autoencoder::Pictures;
use super::config::TrainConfig;
use super::features::{FeatureStore, Key};
use super::networks::{Group, Networks};
use super::prepared::{Prepared, Sample, Slot};
use super::step::{Batch, Draws, Picture, Seen, Words};
use crate::nn::Products;
use crate::pipeline::{Bundle, Component, Problem};
use candle_core::{DType, Device, Result, Tensor};
use rayon::prelude::*;
use std::time::UNIX_EPOCH;

/// How the frame reaches BLIP-2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SeenAs {
    /// As pixels: its image encoder is trained.
    Pixels,
    /// As image tokens.
    Tokens,
    /// As the latent: nothing of it is trained.
    Latent,
}

/// The frozen networks of a run.
pub struct Frozen {
    pub(super) seen_as: SeenAs,
    /// Whether the language model is frozen.
    words: bool,
    /// Whether the autoencoder is what is trained: pictures stay pictures, and nobody reads them.
    pub(super) pictures_alone: bool,
    /// Whether the editor learns; nobody else needs the latents of pictures.
    pub(super) draws: bool,
    store: Option<FeatureStore>,
    /// What the features of each network depend on.
    vae: String,
    blip2: String,
    sentences: String,
    device: Device,
}

impl Frozen {
    /// Looks at what is trained; with a cache folder in the configuration, features are kept there.
    ///
    /// # Errors
    /// When the bundle's files cannot be listed.
    pub fn open(
        config: &TrainConfig,
        bundle: &Bundle,
        device: &Device,
    ) -> std::result::Result<Self, Problem> {
        let trained = &config.model.train;
        let any = |groups: &[Group]| groups.iter().any(|group| trained.contains(group));
        let seen_as = if any(&[Group::Vision]) {
            SeenAs::Pixels
        } else if any(&[Group::Qformer, Group::T5Proj, Group::Language]) {
            SeenAs::Tokens
        } else {
            SeenAs::Latent
        };
        let gib = (1u64 << 30) as f64;
        let store = config.data.cache_folder();
        let store = store.map(|f| FeatureStore::open(&f, (config.data.cache_gib * gib) as u64));
        let rounded = config.trainer.products.taken() == Products::Bf16;
        let kind = match (device.is_cpu(), config.trainer.precision.dtype(device)) {
            (true, DType::F32) if rounded => "cpu-rounded",
            (true, DType::F32) => "cpu",
            (true, _) => "cpu 16",
            (false, DType::F32) => "gpu",
            (false, _) => "gpu 16",
        };
        let about = |parts: &[Component]| -> std::result::Result<String, Problem> {
            Ok(match &store {
                Some(_) => format!("{kind} {}", identity(bundle, parts)?),
                None => String::new(),
            })
        };
        Ok(Self {
            seen_as,
            words: !any(&[Group::Language]),
            pictures_alone: config.trains_autoencoder(),
            draws: config.trains_editor(),
            vae: about(&[Component::Vae])?,
            blip2: about(&[Component::Blip2])?,
            sentences: about(&[Component::Blip2, Component::SentenceEncoder])?,
            store,
            device: device.clone(),
        })
    }

    /// The name of the latents of a picture, by its content and how it is prepared.
    pub(super) fn moments_key(&self, picture: &[u8], view: &str) -> Key {
        Key::of(&[b"moments", self.vae.as_bytes(), picture, view.as_bytes()])
    }

    /// The name of what BLIP-2 makes of a frame and, where that is the latent, of the question.
    pub(super) fn seen_key(&self, frame: &[u8], view: &str, question: &[u8]) -> Key {
        let blip2 = self.blip2.as_bytes();
        match self.seen_as {
            SeenAs::Latent => Key::of(&[b"latent", blip2, frame, view.as_bytes(), question]),
            _ => Key::of(&[b"tokens", blip2, frame, view.as_bytes()]),
        }
    }

    /// What is kept under a name; `raw` makes what it is made of where there is nothing.
    pub(super) fn slot(
        &self,
        key: impl FnOnce() -> Key,
        raw: impl FnOnce() -> Result<Tensor>,
    ) -> Result<Slot> {
        let store = self.store.as_ref().filter(|_| !self.pictures_alone);
        let Some(store) = store else {
            return Ok(Slot::Raw(raw()?, None));
        };
        let key = key();
        match store.find(&key) {
            Some(feature) => Ok(Slot::Known(feature)),
            None => Ok(Slot::Raw(raw()?, Some(key))),
        }
    }

    /// A text for the editor, by its ids (S).
    pub(super) fn words_slot(&self, ids: &[u32]) -> Result<Slot> {
        let raw = || Tensor::new(ids, &Device::Cpu);
        if !self.words {
            return Ok(Slot::Raw(raw()?, None));
        }
        let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
        self.slot(
            || Key::of(&[b"states", self.sentences.as_bytes(), &bytes]),
            raw,
        )
    }

    /// Lets the frozen networks work on what is not known yet, and puts the samples together.
    ///
    /// # Errors
    /// On shapes that do not fit, or when the device has no room.
    pub fn complete(&self, networks: &Networks, prepared: Prepared) -> Result<(Batch, Draws)> {
        let Prepared {
            samples,
            null,
            texts,
            draws,
            ..
        } = prepared;
        let device = &self.device;
        let vae = |pixels: &Tensor| networks.vae.encode(pixels)?.moments().contiguous();
        let picture = |of: fn(&Sample) -> &Slot| match self.draws {
            true => self.all(samples.iter().map(of), &vae).map(Picture::Moments),
            false => Ok(Picture::Unseen),
        };
        let (image, edited) = (picture(|s| &s.image)?, picture(|s| &s.edited)?);
        let seen = self.seen(networks, &samples, texts.mask_padding)?;
        let null = self.words(networks, &[&null])?;
        let sentences: Vec<&Slot> = samples.iter().map(|s| &s.sentence).collect();
        let sentences = self.words(networks, &sentences)?;
        let on = |tensor: &Tensor| tensor.to_device(device);
        let batch = Batch {
            image,
            edited,
            seen,
            question_ids: on(&texts.question.0)?,
            question_mask: on(&texts.question.1)?,
            mask_padding: texts.mask_padding,
            answer_labels: on(&texts.labels)?,
            answer_mask: on(&texts.labels_mask)?,
            answer_weights: on(&texts.weights)?,
            sentences,
            null,
            sees_latent: texts.sees_latent,
            scene: texts.scene.as_ref().map(on).transpose()?,
            causal: match texts.causal {
                Some((features, near)) => Some((on(&features)?, near)),
                None => None,
            },
        };
        let draws = Draws {
            noise: on(&draws.noise)?,
            posterior_noise: on(&draws.posterior_noise)?,
            ..draws
        };
        Ok((batch, draws))
    }

    /// The frames of a batch, those before and then those after, for an autoencoder that is trained.
    ///
    /// # Errors
    /// When the device has no room.
    pub fn pictures(&self, prepared: Prepared) -> Result<Pictures> {
        let Prepared { samples, draws, .. } = prepared;
        let before = self.raw(samples.iter().map(|sample| &sample.image))?;
        let after = self.raw(samples.iter().map(|sample| &sample.edited))?;
        let noise = Tensor::cat(&[&draws.noise, &draws.posterior_noise], 0)?;
        let told: Option<Vec<&[Tensor; 2]>> = samples.iter().map(|s| s.telling.as_ref()).collect();
        let telling = told.filter(|told| !told.is_empty()).map(|told| {
            let (before, after): (Vec<_>, Vec<_>) = told.into_iter().map(|[b, a]| (b, a)).unzip();
            Tensor::stack(&[before, after].concat(), 0)?.to_device(&self.device)
        });
        Ok(Pictures {
            pixels: Tensor::cat(&[before, after], 0)?,
            noise: noise.to_device(&self.device)?,
            telling: telling.transpose()?,
        })
    }

    fn seen(&self, networks: &Networks, samples: &[Sample], mask_padding: bool) -> Result<Seen> {
        let slots = samples.iter().map(|sample| &sample.seen);
        let blip2 = &networks.blip2;
        let tokens = |pixels: &Tensor| blip2.vision_model().forward_blocks(pixels);
        Ok(match self.seen_as {
            SeenAs::Pixels => Seen::Pixels(self.raw(slots)?),
            SeenAs::Tokens => Seen::Tokens(self.all(slots, &tokens)?),
            SeenAs::Latent => {
                let latents = self.each(samples, |sample| {
                    self.feature(&sample.seen, &|pixels| {
                        let queries = blip2.query_output(pixels)?;
                        let (ids, mask) = &sample.question;
                        let (ids, mask) = (self.one(ids)?, self.one(mask)?);
                        let mask = mask_padding.then_some(&mask);
                        Ok(blip2.encode(&queries, &ids, mask)?.hidden_states)
                    })
                })?;
                Seen::Latent(Tensor::stack(&latents, 0)?)
            }
        })
    }

    fn words(&self, networks: &Networks, slots: &[&Slot]) -> Result<Words> {
        let slots = slots.iter().copied();
        Ok(match self.words {
            true => Words::States(self.all(slots, &|ids| networks.sentence(ids))?),
            false => Words::Ids(self.raw(slots)?),
        })
    }

    /// What is not encoded, in a batch.
    fn raw<'a>(&self, slots: impl Iterator<Item = &'a Slot>) -> Result<Tensor> {
        let tensors: Vec<&Tensor> = slots.map(Slot::tensor).collect();
        Tensor::stack(&tensors, 0)?.to_device(&self.device)
    }

    /// The features of all slots, in a batch.
    fn all<'a>(
        &self,
        slots: impl Iterator<Item = &'a Slot>,
        encode: &(dyn Fn(&Tensor) -> Result<Tensor> + Sync),
    ) -> Result<Tensor> {
        let slots: Vec<&Slot> = slots.collect();
        Tensor::stack(&self.each(&slots, |slot| self.feature(slot, encode))?, 0)
    }

    /// Each of several, at once on the processor.
    fn each<T: Sync>(
        &self,
        of: &[T],
        work: impl Fn(&T) -> Result<Tensor> + Send + Sync,
    ) -> Result<Vec<Tensor>> {
        match self.device.is_cpu() {
            true => of.par_iter().map(work).collect(),
            false => of.iter().map(work).collect(),
        }
    }

    /// The feature of a slot, on the device and without the batch's dimension; a new one is kept.
    fn feature(
        &self,
        slot: &Slot,
        encode: &(dyn Fn(&Tensor) -> Result<Tensor> + Sync),
    ) -> Result<Tensor> {
        let (raw, key) = match slot {
            Slot::Known(feature) => return feature.to_device(&self.device),
            Slot::Raw(raw, key) => (raw, key),
        };
        let feature = encode(&self.one(raw)?)?.detach().squeeze(0)?;
        if let (Some(store), Some(key)) = (&self.store, key) {
            store.keep(key, &feature);
        }
        Ok(feature)
    }

    /// A sample as a batch of one.
    fn one(&self, tensor: &Tensor) -> Result<Tensor> {
        tensor.to_device(&self.device)?.unsqueeze(0)
    }
}

/// What the weights and sizes of some parts of a bundle are, without reading them all: the sums that
/// the bundle states, sizes, and when the files were written.
fn identity(bundle: &Bundle, parts: &[Component]) -> std::result::Result<String, Problem> {
    let mut text = String::new();
    for file in bundle.files()? {
        let (top, _) = file.split_once('/').unwrap_or(("", &file));
        if !parts.iter().any(|part| part.folder() == top) {
            continue;
        }
        let sum = bundle.manifest.sha256.get(&file).map_or("", String::as_str);
        let place = bundle.place(&file);
        let written = place.and_then(|place| std::fs::metadata(place).ok()?.modified().ok());
        let written = written.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let nanos = written.map_or(0, |since| since.as_nanos());
        let size = bundle.size(&file)?;
        text.push_str(&format!("{file} {sum} {size} {nanos}\n"));
    }
    Ok(text)
}
