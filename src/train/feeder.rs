//! From records to the batches of a step, as far as no network is needed.
//!
//! Everything that is drawn comes from streams addressed by (seed, purpose, step, sample), so a
//! resumed run sees exactly what an unbroken one would have seen. A picture that cannot be read is
//! told once and the next sample takes its place.

use super::config::{Bridge, DataConfig, TrainConfig};
use super::features::Key;
use super::frozen::Frozen;
use super::networks::Trainee;
use super::prepared::{Prepared, Sample, Slot, Texts};
use super::ranks::Share;
use super::scenes::{Moment, scene_of, scenes, shows};
use super::step::Draws;
use super::stored::Stored;
use super::texts::TextRules;
use super::timesteps::Timesteps;
use crate::dataset::toon::{Renderer, Telling};
use crate::dataset::transforms::TrainTransform;
use crate::dataset::{BrokenRecord, CausalFeatures, Order, Record, Records};
use crate::models::tokenizer::{Encoded, stack};
use crate::nn::noise::Stream;
use crate::nn::pixels;
use crate::nn::resize::{Filter, resize};
use crate::pipeline::Problem;
use candle_core::{Device, Tensor};
use image::RgbImage;
use image::imageops::flip_horizontal;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Makes batches.
pub struct Feeder {
    records: Records,
    features: Option<CausalFeatures>,
    order: Order,
    seed: u64,
    per_step: u64,
    share: Share,
    bridges: Vec<Bridge>,
    view: View,
    rules: TextRules,
    latent_shape: (usize, usize, usize),
    timesteps: Timesteps,
    /// Whether the scenes of the records are told.
    scenes: bool,
    /// Knows what tells the states of things, and how much harder the autoencoder looks there.
    telling: Option<(Telling, BTreeMap<String, f64>)>,
    frozen: Arc<Frozen>,
    unreadable: BTreeSet<String>,
}

/// How the networks see pictures.
struct View {
    transform: TrainTransform,
    /// Side of BLIP-2's square.
    side: u32,
    mean: [f32; 3],
    std: [f32; 3],
}

/// A sample's pictures and its question.
struct Read {
    image: Slot,
    edited: Slot,
    seen: Slot,
    question: Encoded,
    telling: Option<[Tensor; 2]>,
}

impl Feeder {
    /// Reads the records and prepares everything; no picture is decoded.
    ///
    /// # Errors
    /// When the data cannot be read.
    pub fn open(
        config: &TrainConfig,
        trainee: &Trainee,
        frozen: Arc<Frozen>,
    ) -> Result<Self, Problem> {
        let DataConfig {
            image_dir,
            sample_file,
            causal_feature,
            resolution,
            flip_prob,
            clean_questions,
            states: wanted,
            ..
        } = &config.data;
        let mut records = Records::open(sample_file, image_dir)?;
        let states = match config.trains_autoencoder() {
            true => config.loss.states.clone(),
            false => BTreeMap::new(),
        };
        let told = |record| scene_of(record, Moment::Before).is_some();
        let asked = match (trainee.networks.scene_heads.is_some(), states.is_empty()) {
            (true, _) => Some(
                "Take scene out of model.train, or train on a data set that `lgd-studio toon dataset` made.",
            ),
            (false, false) => Some(
                "Take states out of loss, or train on a data set that `lgd-studio toon dataset` made.",
            ),
            (false, true) => None,
        };
        if let Some(hint) = asked
            && !records.usable.iter().any(told)
        {
            return Err(
                Problem::new("No record says what stands where in its frame.")
                    .hint(hint)
                    .file(sample_file),
            );
        }
        if !wanted.is_empty() {
            records.usable.retain(|record| shows(record, wanted));
            if records.usable.is_empty() {
                return Err(Problem::new("No frame of the data set shows a state of data.states.")
                    .hint("Name other states, or train on a data set that `lgd-studio toon dataset` made.")
                    .file(sample_file));
            }
        }
        let manifest = trainee.manifest.clone();
        let features = match causal_feature.as_os_str().is_empty() {
            true => None,
            false => Some(CausalFeatures::open(causal_feature, manifest.dims.text)?),
        };
        let resolution = match *resolution {
            0 => manifest.resolution as u32,
            resolution => resolution,
        };
        let vae = trainee.networks.vae.config();
        let cells = resolution as usize / vae.scale_factor();
        Ok(Self {
            order: Order::new(records.usable.len(), config.trainer.seed),
            records,
            features,
            seed: config.trainer.seed,
            per_step: config.samples_per_step(),
            share: Share::whole(config),
            bridges: config.model.bridges.clone(),
            view: View {
                transform: TrainTransform {
                    resolution,
                    flip_probability: *flip_prob,
                },
                side: trainee.networks.blip2.config().vision_config.image_size as u32,
                mean: manifest.image_mean,
                std: manifest.image_std,
            },
            rules: TextRules {
                tokenizer: trainee.tokenizer.clone(),
                manifest,
                clean: *clean_questions,
            },
            latent_shape: (vae.latent_channels, cells, cells),
            timesteps: Timesteps {
                count: trainee.networks.schedule.alphas_cumprod().len() as u32,
                power: config.loss.timestep_power,
            },
            scenes: trainee.networks.scene_heads.is_some(),
            telling: (!states.is_empty())
                .then(|| (Telling::new(&Renderer::new(), resolution), states)),
            frozen,
            unreadable: BTreeSet::new(),
        })
    }

    /// Makes the batches of one rank alone.
    pub(super) fn sharing(self, share: Share) -> Self {
        Self { share, ..self }
    }

    /// The records.
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// Batch number `part` of a step, of those that are this rank's.
    ///
    /// # Errors
    /// When the data folder is gone or nothing in it can be read.
    pub fn prepare(&mut self, step: u64, part: usize) -> Result<Prepared, Problem> {
        let slots = self.share.samples(part);
        let slots: Vec<u64> = slots.map(|slot| slot as u64).collect();
        let wanted: Vec<usize> = slots
            .iter()
            .map(|slot| self.order.at(step * self.per_step + slot))
            .collect();
        let mirrored: Vec<bool> = slots
            .iter()
            .map(|&slot| {
                let mut stream = Stream::new(self.seed, "flip", step, slot);
                stream.uniform() < self.view.transform.flip_probability
            })
            .collect();
        let read: Vec<_> = wanted
            .par_iter()
            .zip(&mirrored)
            .map(|(&index, &mirrored)| self.read(index, mirrored))
            .collect();
        let mut broken = Vec::new();
        let mut samples = Vec::with_capacity(slots.len());
        for ((read, index), mirrored) in read.into_iter().zip(wanted).zip(mirrored) {
            samples.push(self.or_the_next(read, index, mirrored, &mut broken)?);
        }
        self.assemble(step, &slots, samples, broken)
            .map_err(|e| Problem::new(format!("The samples cannot be prepared: {e}.")))
    }

    /// A sample; the next readable one where its pictures cannot be read.
    fn or_the_next(
        &mut self,
        read: Result<Read, String>,
        index: usize,
        mirrored: bool,
        broken: &mut Vec<BrokenRecord>,
    ) -> Result<(usize, Read), Problem> {
        let count = self.records.usable.len();
        let mut read = read;
        for further in 0..count {
            let index = (index + further) % count;
            if further > 0 {
                read = self.read(index, mirrored);
            }
            match read {
                Ok(sample) => return Ok((index, sample)),
                Err(reason) => {
                    let images = &self.records.images;
                    if !images.is_dir() {
                        return Err(Problem::new("The folder of the pictures is gone.")
                            .hint("Bring it back and resume the run; nothing of it is lost.")
                            .file(images));
                    }
                    let record = self.records.usable.get(index);
                    let record = record.map(|r| r.sample_name.clone()).unwrap_or_default();
                    if self.unreadable.insert(record.clone()) {
                        broken.push(BrokenRecord { record, reason });
                    }
                    read = Err(String::new());
                }
            }
        }
        Err(Problem::new("Not one picture of the data set can be read.")
            .hint("Check the folder and resume the run; nothing of it is lost.")
            .file(&self.records.images))
    }

    fn read(&self, index: usize, mirrored: bool) -> Result<Read, String> {
        let record = self
            .records
            .usable
            .get(index)
            .ok_or("there is no such record")?;
        let question = self.rules.question(record).map_err(|e| e.to_string())?;
        let images = &self.records.images;
        let frame = Stored::open(images, &record.image1_name)?;
        let after = Stored::open(images, &record.image2_name)?;
        let view = self.view.of_editor(mirrored);
        let asked: Vec<u8> = [&question.ids, &question.mask]
            .into_iter()
            .flatten()
            .flat_map(|number| number.to_le_bytes())
            .collect();
        let moments = |picture: &Stored| -> Result<Slot, String> {
            if !self.frozen.draws && !self.frozen.pictures_alone {
                return Slot::nothing().map_err(|e| e.to_string());
            }
            let key = || self.frozen.moments_key(picture.content(), &view);
            self.slot(picture, key, &|pixels| {
                self.view.transform.pixels(pixels, mirrored, &Device::Cpu)
            })
        };
        let seen = self.view.of_language(mirrored);
        Ok(Read {
            image: moments(&frame)?,
            edited: moments(&after)?,
            seen: match self.frozen.pictures_alone {
                true => Slot::nothing().map_err(|e| e.to_string())?,
                false => self.slot(
                    &frame,
                    || self.frozen.seen_key(frame.content(), &seen, &asked),
                    &|pixels| self.view.language(pixels, mirrored),
                )?,
            },
            question,
            telling: self.telling(record, mirrored).map_err(|e| e.to_string())?,
        })
    }

    /// What the pixels of a record's frames tell of the states of things, (1, R, R) each, if anybody looks
    /// there.
    fn telling(&self, record: &Record, mirrored: bool) -> candle_core::Result<Option<[Tensor; 2]>> {
        let Some((telling, weights)) = &self.telling else {
            return Ok(None);
        };
        let side = self.view.transform.resolution as usize;
        let of = |moment| {
            let scene = scene_of(record, moment);
            let mut told = scene.map_or_else(
                || vec![0.0; side * side],
                |scene| telling.of(&scene, weights),
            );
            if mirrored {
                told.chunks_mut(side).for_each(<[f32]>::reverse);
            }
            Tensor::from_vec(told, (1, side, side), &Device::Cpu)
        };
        Ok(Some([of(Moment::Before)?, of(Moment::After)?]))
    }

    fn slot(
        &self,
        picture: &Stored,
        key: impl FnOnce() -> Key,
        prepare: &dyn Fn(&RgbImage) -> candle_core::Result<Tensor>,
    ) -> Result<Slot, String> {
        let raw = || prepare(picture.decoded()?);
        self.frozen.slot(key, raw).map_err(|e| e.to_string())
    }

    fn assemble(
        &self,
        step: u64,
        slots: &[u64],
        samples: Vec<(usize, Read)>,
        broken: Vec<BrokenRecord>,
    ) -> candle_core::Result<Prepared> {
        let stream = |purpose: &str, slot: u64| Stream::new(self.seed, purpose, step, slot);
        let records: Vec<&Record> = samples
            .iter()
            .filter_map(|(index, _)| self.records.usable.get(*index))
            .collect();
        let bridges: Vec<Bridge> = slots
            .iter()
            .map(|&slot| {
                let drawn = stream("bridge", slot).below(self.bridges.len() as u32);
                let bridge = self.bridges.get(drawn as usize);
                bridge.copied().unwrap_or(Bridge::Both)
            })
            .collect();
        let causal = match &self.features {
            None => None,
            Some(features) => {
                let (mut rows, mut near) = (Vec::new(), Vec::new());
                for (record, &slot) in records.iter().zip(slots) {
                    let name = &record.sample_name;
                    let (drawn, count) = features.draw(name, &mut stream("causal", slot))?;
                    rows.push(drawn);
                    near.push(count);
                }
                Some((Tensor::stack(&rows, 0)?, near))
            }
        };
        let scene = match self.scenes {
            true => Some(scenes(&records)?),
            false => None,
        };
        let answers = self.rules.answers(&records)?;
        let questions: Vec<Encoded> = samples.iter().map(|(_, s)| s.question.clone()).collect();
        let mask_padding = self.rules.manifest.text.question_attention_mask;
        let (ids, mask) = stack(&questions, &Device::Cpu)?;
        let texts = Texts {
            mask_padding,
            labels: answers.labels,
            labels_mask: answers.mask,
            weights: answers.weights,
            sees_latent: bridges
                .iter()
                .map(|bridge| matches!(bridge, Bridge::Both | Bridge::Latent))
                .collect(),
            scene,
            causal,
            question: (ids.clone(), mask.clone()),
        };
        let noise = |purpose: &str| {
            let shape = self.latent_shape;
            let drawn = slots
                .iter()
                .map(|&slot| stream(purpose, slot).normal_tensor(shape, &Device::Cpu));
            Tensor::stack(&drawn.collect::<candle_core::Result<Vec<_>>>()?, 0)
        };
        let uniform = |purpose: &str| {
            slots
                .iter()
                .map(|&s| stream(purpose, s).uniform())
                .collect()
        };
        let draws = Draws {
            timesteps: slots
                .iter()
                .map(|&slot| self.timesteps.draw(&mut stream("timestep", slot)))
                .collect(),
            noise: noise("noise")?,
            posterior_noise: noise("posterior")?,
            conditioning: uniform("dropout"),
            contrastive: uniform("contrastive dropout"),
        };
        let mut ready = Vec::with_capacity(samples.len());
        for (place, ((index, read), bridge)) in samples.into_iter().zip(bridges).enumerate() {
            let record = self.records.usable.get(index);
            let sentence = self.rules.sentence(record, bridge)?;
            ready.push(Sample {
                image: read.image,
                edited: read.edited,
                seen: read.seen,
                question: (ids.get(place)?, mask.get(place)?),
                sentence: self.frozen.words_slot(&sentence.ids)?,
                telling: read.telling,
            });
        }
        let null = self.rules.sentence(None, Bridge::Latent)?;
        Ok(Prepared {
            samples: ready,
            null: self.frozen.words_slot(&null.ids)?,
            texts,
            draws,
            epoch: self.order.epoch(step * self.per_step),
            broken,
        })
    }
}

impl View {
    /// What the editor's pixels depend on besides the picture.
    fn of_editor(&self, mirrored: bool) -> String {
        format!("lanczos {} {mirrored}", self.transform.resolution)
    }

    /// What BLIP-2's pixels depend on besides the picture.
    fn of_language(&self, mirrored: bool) -> String {
        let (side, mean, std) = (self.side, self.mean, self.std);
        format!("bicubic {side} {mean:?} {std:?} {mirrored}")
    }

    /// BLIP-2's view of a frame, (3, S, S), mirrored with the pair.
    fn language(&self, frame: &RgbImage, mirrored: bool) -> candle_core::Result<Tensor> {
        let mut square = resize(frame, self.side, self.side, Filter::Bicubic);
        if mirrored {
            square = flip_horizontal(&square);
        }
        pixels::normalized(&square, self.mean, self.std, &Device::Cpu)?.squeeze(0)
    }
}
