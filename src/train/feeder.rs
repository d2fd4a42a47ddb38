//! From records to the batches of a step.
//!
//! Everything that is drawn comes from streams addressed by (seed, purpose, step, sample), so a
//! resumed run sees exactly what an unbroken one would have seen. A picture that cannot be read is
//! told once and the next sample takes its place.

use super::config::{Bridge, DataConfig, TrainConfig};
use super::loss::IGNORED;
use super::networks::Trainee;
use super::step::{Batch, Draws};
use crate::dataset::text::{NO_ANSWER, PreparedText, for_training};
use crate::dataset::transforms::TrainTransform;
use crate::dataset::{BrokenRecord, CausalFeatures, Order, Record, Records};
use crate::models::TextTokenizer;
use crate::models::tokenizer::{Encoded, TokenizerError, stack};
use crate::nn::noise::Stream;
use crate::nn::pixels;
use crate::nn::resize::{Filter, resize};
use crate::pipeline::frame_image::{self, Reading};
use crate::pipeline::{Manifest, Problem};
use candle_core::{Device, Tensor};
use image::RgbImage;
use image::imageops::flip_horizontal;
use rayon::prelude::*;
use std::collections::BTreeSet;

/// Makes batches.
pub struct Feeder {
    records: Records,
    features: Option<CausalFeatures>,
    order: Order,
    seed: u64,
    per_step: u64,
    batch: usize,
    bridges: Vec<Bridge>,
    view: View,
    texts: Texts,
    latent_shape: (usize, usize, usize),
    timesteps: u32,
    device: Device,
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

/// How the networks read texts.
struct Texts {
    tokenizer: TextTokenizer,
    manifest: Manifest,
    clean: bool,
}

/// A sample's pictures as tensors without a batch dimension.
struct Pictures {
    image: Tensor,
    edited: Tensor,
    pixel_values: Tensor,
}

impl Feeder {
    /// Reads the records and prepares everything; no picture is decoded.
    ///
    /// # Errors
    /// When the data cannot be read.
    pub fn open(config: &TrainConfig, trainee: &Trainee, device: &Device) -> Result<Self, Problem> {
        let DataConfig {
            image_dir,
            sample_file,
            causal_feature,
            resolution,
            flip_prob,
            clean_questions,
        } = &config.data;
        let records = Records::open(sample_file, image_dir)?;
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
            batch: config.optim.batch,
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
            texts: Texts {
                tokenizer: trainee.tokenizer.clone(),
                manifest,
                clean: *clean_questions,
            },
            latent_shape: (vae.latent_channels, cells, cells),
            timesteps: trainee.networks.schedule.alphas_cumprod().len() as u32,
            device: device.clone(),
            unreadable: BTreeSet::new(),
        })
    }

    /// The records.
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// The epoch that a step begins in, from 0.
    pub fn epoch(&self, step: u64) -> u64 {
        self.order.epoch(step * self.per_step)
    }

    /// Batch number `part` of a step. `unreadable` hears of every picture that cannot be read, once.
    ///
    /// # Errors
    /// When the data folder is gone or nothing in it can be read.
    pub fn batch(
        &mut self,
        step: u64,
        part: usize,
        unreadable: &mut dyn FnMut(BrokenRecord),
    ) -> Result<(Batch, Draws), Problem> {
        let first = part * self.batch;
        let slots: Vec<u64> = (first..first + self.batch)
            .map(|slot| slot as u64)
            .collect();
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
        let mut samples = Vec::with_capacity(slots.len());
        for ((read, index), mirrored) in read.into_iter().zip(wanted).zip(mirrored) {
            samples.push(self.or_the_next(read, index, mirrored, unreadable)?);
        }
        self.assemble(step, &slots, samples)
            .map_err(|e| Problem::new(format!("The samples cannot be prepared: {e}.")))
    }

    /// A sample's pictures; the next readable ones where these are not.
    fn or_the_next(
        &mut self,
        read: Result<Pictures, String>,
        index: usize,
        mirrored: bool,
        unreadable: &mut dyn FnMut(BrokenRecord),
    ) -> Result<(usize, Pictures), Problem> {
        let count = self.records.usable.len();
        let mut read = read;
        for further in 0..count {
            let index = (index + further) % count;
            if further > 0 {
                read = self.read(index, mirrored);
            }
            match read {
                Ok(pictures) => return Ok((index, pictures)),
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
                        unreadable(BrokenRecord { record, reason });
                    }
                    read = Err(String::new());
                }
            }
        }
        Err(Problem::new("Not one picture of the data set can be read.")
            .hint("Check the folder and resume the run; nothing of it is lost.")
            .file(&self.records.images))
    }

    fn read(&self, index: usize, mirrored: bool) -> Result<Pictures, String> {
        let record = self
            .records
            .usable
            .get(index)
            .ok_or("there is no such record")?;
        let open = |name: &str| -> Result<RgbImage, String> {
            let path = self.records.images.join(name);
            // The original ignores the orientation.
            frame_image::open(&path, Reading::AsStored)
                .map_err(|e| format!("{name}: {}", e.message()))
        };
        let (frame, edited) = (open(&record.image1_name)?, open(&record.image2_name)?);
        self.view
            .pictures(&frame, &edited, mirrored, &self.device)
            .map_err(|e| e.to_string())
    }

    fn assemble(
        &self,
        step: u64,
        slots: &[u64],
        samples: Vec<(usize, Pictures)>,
    ) -> candle_core::Result<(Batch, Draws)> {
        let stream = |purpose: &str, slot: u64| Stream::new(self.seed, purpose, step, slot);
        let records: Vec<&Record> = samples
            .iter()
            .filter_map(|(index, _)| self.records.usable.get(*index))
            .collect();
        let stacked = |part: fn(&Pictures) -> &Tensor| {
            let parts: Vec<&Tensor> = samples.iter().map(|(_, pictures)| part(pictures)).collect();
            Tensor::stack(&parts, 0)
        };
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
                Some((Tensor::stack(&rows, 0)?.to_device(&self.device)?, near))
            }
        };
        let texts = self.texts.encode(&records, &bridges, &self.device)?;
        let batch = Batch {
            image: stacked(|pictures| &pictures.image)?,
            edited: stacked(|pictures| &pictures.edited)?,
            pixel_values: stacked(|pictures| &pictures.pixel_values)?,
            question_ids: texts.question.0,
            question_mask: texts.question.1,
            mask_padding: self.texts.manifest.text.question_attention_mask,
            answer_labels: texts.labels,
            answer_mask: texts.labels_mask,
            answer_weights: texts.weights,
            sentence_ids: texts.sentences,
            null_ids: texts.null,
            sees_latent: bridges
                .iter()
                .map(|bridge| matches!(bridge, Bridge::Both | Bridge::Latent))
                .collect(),
            causal,
        };
        let noise = |purpose: &str| {
            let (channels, height, width) = self.latent_shape;
            let drawn = slots.iter().map(|&slot| {
                stream(purpose, slot).normal_tensor((channels, height, width), &self.device)
            });
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
                .map(|&slot| stream("timestep", slot).below(self.timesteps) as usize)
                .collect(),
            noise: noise("noise")?,
            posterior_noise: noise("posterior")?,
            conditioning: uniform("dropout"),
            contrastive: uniform("contrastive dropout"),
        };
        Ok((batch, draws))
    }
}

impl View {
    /// All views of a pair, mirrored together, BLIP-2's too.
    fn pictures(
        &self,
        frame: &RgbImage,
        edited: &RgbImage,
        mirrored: bool,
        device: &Device,
    ) -> candle_core::Result<Pictures> {
        let mut language = resize(frame, self.side, self.side, Filter::Bicubic);
        if mirrored {
            language = flip_horizontal(&language);
        }
        let pixel_values = pixels::normalized(&language, self.mean, self.std, device)?;
        Ok(Pictures {
            image: self.transform.pixels(frame, mirrored, device)?,
            edited: self.transform.pixels(edited, mirrored, device)?,
            pixel_values: pixel_values.squeeze(0)?,
        })
    }
}

/// A batch's texts as ids.
struct EncodedTexts {
    question: (Tensor, Tensor),
    labels: Tensor,
    labels_mask: Tensor,
    weights: Tensor,
    sentences: Tensor,
    null: Tensor,
}

impl Texts {
    fn encode(
        &self,
        records: &[&Record],
        bridges: &[Bridge],
        device: &Device,
    ) -> candle_core::Result<EncodedTexts> {
        let rules = &self.manifest.text;
        let sentence_length = rules.sent_max_length.unwrap_or(rules.max_length);
        let wrap = |e: TokenizerError| candle_core::Error::wrap(e);
        let padded = |text: &str, length: usize| -> candle_core::Result<Encoded> {
            self.tokenizer.encode_padded(text, length).map_err(wrap)
        };
        let prepared: Vec<PreparedText> = records.iter().map(|r| self.prepare(r)).collect();
        let mut questions = Vec::new();
        let mut answers = Vec::new();
        let mut sentences = Vec::new();
        for ((record, prepared), bridge) in records.iter().zip(&prepared).zip(bridges) {
            let asked = rules.asked(&prepared.text_input);
            questions.push(padded(&asked, rules.max_length)?);
            let answer = self
                .tokenizer
                .encode(&prepared.answer, Some(sentence_length));
            answers.push(answer.map_err(wrap)?);
            let sentence = match bridge {
                Bridge::Both | Bridge::Answer => &record.sent,
                Bridge::Question => &record.question,
                Bridge::Latent => &rules.null_text,
            };
            sentences.push(padded(sentence, sentence_length)?);
        }
        let longest = answers
            .iter()
            .map(|a| a.ids.len())
            .max()
            .unwrap_or(1)
            .max(1);
        let (mut labels, mut mask) = (Vec::new(), Vec::new());
        for answer in &answers {
            let room = longest - answer.ids.len();
            labels.extend(answer.ids.iter().map(|id| i64::from(*id)));
            labels.extend(std::iter::repeat_n(IGNORED, room));
            mask.extend(std::iter::repeat_n(1u32, answer.ids.len()));
            mask.extend(std::iter::repeat_n(0u32, room));
        }
        let shape = (records.len(), longest);
        let weights: Vec<f32> = prepared.iter().map(|p| p.loss_weight).collect();
        let null = padded(&rules.null_text, sentence_length)?;
        Ok(EncodedTexts {
            question: stack(&questions, device)?,
            labels: Tensor::from_vec(labels, shape, device)?,
            labels_mask: Tensor::from_vec(mask, shape, device)?,
            weights: Tensor::new(weights, device)?,
            sentences: stack(&sentences, device)?.0,
            null: stack(&[null], device)?.0,
        })
    }

    fn prepare(&self, record: &Record) -> PreparedText {
        let cleaned = for_training(&record.question, &record.sent);
        if self.clean {
            return cleaned;
        }
        PreparedText {
            text_input: record.question.clone(),
            answer: match record.sent.as_str() {
                "" => NO_ANSWER.to_owned(),
                sent => sent.to_owned(),
            },
            ..cleaned
        }
    }
}
