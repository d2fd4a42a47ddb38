//! What every rank of a run has: networks, its share of the data, and the optimiser.
//!
//! A step ends with the same update everywhere: the gradients are averaged over the ranks, and what
//! follows (the clipping, the optimiser) is computed by each of them from the same numbers.

use super::adamw::AdamW;
use super::autoencoder::reconstruct;
use super::checkpoint::Tensors;
use super::config::TrainConfig;
use super::feeder::Feeder;
use super::frozen::Frozen;
use super::gradients::Gradients;
use super::networks::{Networks, Trainee};
use super::prefetch::Batches;
use super::prepared::Prepared;
use super::ranks::{Collective, RankError, Share};
use super::run::failed;
use super::step::{Losses, step};
use crate::dataset::{BrokenRecord, Records};
use crate::pipeline::{Bundle, Problem};
use candle_core::{DType, Device, Result, Tensor, Var};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Networks, data and optimiser of one rank.
pub(super) struct Learner {
    pub config: TrainConfig,
    pub device: Device,
    pub trainee: Trainee,
    pub records: Records,
    pub optimizer: AdamW,
    pub ranks: Box<dyn Collective>,
    /// Steps done.
    pub step: u64,
    share: Share,
    frozen: Arc<Frozen>,
    /// Taken when the training begins.
    feeder: Option<Feeder>,
}

/// What a rank loads.
struct Parts {
    share: Share,
    trainee: Trainee,
    frozen: Arc<Frozen>,
    feeder: Feeder,
}

impl Parts {
    fn load(
        config: &TrainConfig,
        device: &Device,
        rank: usize,
        ranks: usize,
    ) -> std::result::Result<Self, Problem> {
        let share = Share::of(config, rank, ranks)?;
        config.trainer.products.choose();
        let bundle = Bundle::open(&config.bundle())?;
        let (dtype, seed) = (config.trainer.precision.dtype(device), config.trainer.seed);
        let trainee = Trainee::load_in(dtype, &bundle, &config.model, seed, device)?;
        let frozen = Arc::new(Frozen::open(config, &bundle, device)?);
        let feeder = Feeder::open(config, &trainee, frozen.clone())?.sharing(share);
        Ok(Self {
            share,
            trainee,
            frozen,
            feeder,
        })
    }
}

/// What came of a step.
pub(super) struct Learnt {
    pub epoch: u64,
    pub losses: Losses,
    pub lr: f64,
    /// Norm of the gradients, before they were clipped.
    pub grad_norm: f64,
    /// Pictures that could not be read, each the first time.
    pub broken: Vec<BrokenRecord>,
}

/// A rank's part of a step, but for the gradients themselves.
#[derive(Default, Serialize, Deserialize)]
struct Note {
    epoch: u64,
    /// The losses, bit for bit: not all of them need be numbers.
    losses: Vec<Option<u32>>,
    /// Which parameters have a gradient, in their order.
    found: Vec<bool>,
    broken: Vec<(String, String)>,
}

impl Learner {
    /// Loads bundle and data; what keeps this rank from it is said to the others.
    ///
    /// # Errors
    /// When something cannot be read, or the ranks cannot share the samples of a step.
    pub fn open(
        config: TrainConfig,
        device: &Device,
        ranks: Box<dyn Collective>,
    ) -> std::result::Result<Self, Problem> {
        let mut ranks = ranks;
        match Parts::load(&config, device, ranks.rank(), ranks.ranks()) {
            Ok(parts) => Ok(Self {
                optimizer: AdamW::new(config.adamw()),
                config,
                device: device.clone(),
                trainee: parts.trainee,
                records: parts.feeder.records().clone(),
                ranks,
                step: 0,
                share: parts.share,
                frozen: parts.frozen,
                feeder: Some(parts.feeder),
            }),
            Err(problem) => {
                ranks.leave(&problem.message);
                Err(problem)
            }
        }
    }

    /// Numbers that are trained.
    pub fn numbers(&self) -> usize {
        let parameters = self.trainee.parameters.values();
        parameters.map(|var| var.elem_count()).sum()
    }

    /// Takes weights and the optimiser's state.
    ///
    /// # Errors
    /// In plain words, when they do not belong to this run.
    pub fn restore(
        &mut self,
        weights: &Tensors,
        optimizer: &Tensors,
        updates: u64,
    ) -> std::result::Result<(), String> {
        let parameters = &self.trainee.parameters;
        for (name, var) in parameters {
            let weight = weights.get(name).ok_or(format!("it has no {name}"))?;
            var.set(weight)
                .map_err(|e| format!("{name} does not fit ({e})"))?;
        }
        if weights.len() != parameters.len() {
            return Err("it trained other parts".to_owned());
        }
        self.optimizer
            .restore(parameters, optimizer, updates)
            .and_then(|()| self.trainee.refresh())
            .map_err(|e| e.to_string())
    }

    /// The batches of all steps that are to be done.
    ///
    /// # Errors
    /// When they were asked for already, or the system gives no thread.
    pub fn batches(&mut self) -> std::result::Result<Batches, Problem> {
        let Some(feeder) = self.feeder.take() else {
            return Err(Problem::new("This run was trained already."));
        };
        let steps = self.step..self.config.trainer.max_steps;
        Batches::start(feeder, steps, self.share.parts, self.config.data.prefetch)
    }

    /// One optimiser step: forward and backward on every batch of it, then the update.
    ///
    /// # Errors
    /// When a rank is lost, something fails, or the loss is not a number; then nothing was updated.
    pub fn learn(&mut self, batches: &mut Batches) -> std::result::Result<Learnt, Problem> {
        let (mut note, mut gradients) = self.own_part(batches)?;
        if self.ranks.ranks() > 1 {
            note = self.agree(note, &mut gradients)?;
        }
        let losses = note.losses();
        let clip = self.config.optim.grad_clip;
        let grad_norm = gradients.clip(clip).map_err(|e| failed(&e))?;
        let steps = self.config.trainer.max_steps;
        let lr = self.config.optim.lr * self.config.optim.schedule.factor(self.step, steps);
        if losses.total.is_finite() && grad_norm.is_finite() {
            let parameters = &self.trainee.parameters;
            self.optimizer
                .update(parameters, gradients.by_name(), lr)
                .and_then(|()| self.trainee.refresh())
                .map_err(|e| failed(&e))?;
            self.step += 1;
        }
        let broken = note.broken.into_iter();
        let broken = broken.map(|(record, reason)| BrokenRecord { record, reason });
        Ok(Learnt {
            epoch: note.epoch,
            losses,
            lr,
            grad_norm,
            broken: broken.collect(),
        })
    }

    /// The mean over this rank's batches.
    fn own_part(
        &mut self,
        batches: &mut Batches,
    ) -> std::result::Result<(Note, Gradients), Problem> {
        let parts = self.share.parts;
        let share = 1.0 / parts as f32;
        let (networks, parameters) = (&self.trainee.networks, &self.trainee.parameters);
        let mut losses = Losses::default();
        let mut gradients = Gradients::default();
        let mut note = Note::default();
        for part in 0..parts {
            let mut prepared = batches.next(self.step, part)?;
            for broken in prepared.broken.drain(..) {
                note.broken.push((broken.record, broken.reason));
            }
            note.epoch = prepared.epoch;
            let learnt = learn_from(networks, parameters, &self.config, &self.frozen, prepared);
            let (of_part, more) = learnt.map_err(|e| failed(&e))?;
            losses.add_share(&of_part, share);
            gradients.accumulate(more).map_err(|e| failed(&e))?;
        }
        gradients.scale(share.into()).map_err(|e| failed(&e))?;
        note.set_losses(&losses);
        let found = gradients.by_name();
        let found = parameters.keys().map(|name| found.contains_key(name));
        note.found = found.collect();
        Ok((note, gradients))
    }

    /// Puts the parts of all ranks together.
    fn agree(
        &mut self,
        note: Note,
        gradients: &mut Gradients,
    ) -> std::result::Result<Note, Problem> {
        let text = serde_json::to_vec(&note).unwrap_or_default();
        let mut all = Vec::with_capacity(self.ranks.ranks());
        for text in self.ranks.gather(text)? {
            let note: Note = serde_json::from_slice(&text)
                .map_err(|e| RankError::Confused(format!("a part of a step: {e}")))?;
            all.push(note);
        }
        let share = 1.0 / all.len() as f32;
        let mut whole = Note {
            epoch: note.epoch,
            found: vec![false; note.found.len()],
            ..Note::default()
        };
        let (mut losses, mut told) = (Losses::default(), BTreeSet::new());
        for part in all {
            losses.add_share(&part.losses(), share);
            for (known, found) in whole.found.iter_mut().zip(part.found) {
                *known |= found;
            }
            // The same picture may stand in for another one in two places.
            let new = part.broken.into_iter();
            whole
                .broken
                .extend(new.filter(|(record, _)| told.insert(record.clone())));
        }
        whole.set_losses(&losses);
        let parameters = self.trainee.parameters.iter().zip(&whole.found);
        let parameters: Vec<(&String, &Var)> = parameters
            .filter(|(_, found)| **found)
            .map(|(parameter, _)| parameter)
            .collect();
        let flat = flattened(&parameters, gradients, &self.device).map_err(|e| failed(&e))?;
        let mean = self.ranks.mean(flat)?;
        *gradients = unfolded(&parameters, &mean).map_err(|e| failed(&e))?;
        Ok(whole)
    }

    /// Gives everybody the tensors of rank 0.
    ///
    /// # Errors
    /// When a rank is lost.
    pub fn same_everywhere(
        &mut self,
        own: Option<Tensors>,
    ) -> std::result::Result<Tensors, Problem> {
        let own = own.unwrap_or_default();
        let listed: Vec<(String, Vec<usize>)> = own
            .iter()
            .map(|(name, tensor)| (name.clone(), tensor.dims().to_vec()))
            .collect();
        let text = serde_json::to_vec(&listed).unwrap_or_default();
        let text = self.ranks.broadcast(text)?;
        let listed: Vec<(String, Vec<usize>)> = serde_json::from_slice(&text)
            .map_err(|e| RankError::Confused(format!("a list of tensors: {e}")))?;
        let mut all = Tensors::new();
        for (name, dims) in listed {
            let bytes = own.get(&name).map(bytes_of).transpose();
            let bytes = bytes.map_err(|e| failed(&e))?.unwrap_or_default();
            let bytes = self.ranks.broadcast(bytes)?;
            let tensor = match own.get(&name) {
                Some(tensor) => tensor.clone(),
                None => tensor_of(&bytes, dims, &self.device).map_err(|e| failed(&e))?,
            };
            all.insert(name, tensor);
        }
        Ok(all)
    }
}

/// Losses and gradients of one batch; the parameters stay as they are.
///
/// # Errors
/// On shapes that do not fit, when the device has no room, or when cancelled.
pub fn learn_from(
    networks: &Networks,
    parameters: &BTreeMap<String, Var>,
    config: &TrainConfig,
    frozen: &Frozen,
    prepared: Prepared,
) -> Result<(Losses, Gradients)> {
    if frozen.pictures_alone {
        let pictures = frozen.pictures(prepared)?;
        return reconstruct(networks, parameters, &config.loss, &pictures);
    }
    let (batch, draws) = frozen.complete(networks, prepared)?;
    let settings = config.step();
    step(
        networks,
        parameters,
        &settings,
        &batch,
        &draws,
        &mut |_, _| {},
    )
}

impl Note {
    fn set_losses(&mut self, losses: &Losses) {
        let terms = losses.terms().into_iter();
        let terms = terms.map(|term| term.map(f32::to_bits));
        self.losses = std::iter::once(Some(losses.total.to_bits()))
            .chain(terms)
            .collect();
    }

    fn losses(&self) -> Losses {
        let mut bits = self.losses.iter().map(|bits| bits.map(f32::from_bits));
        let total = bits.next().flatten().unwrap_or_default();
        let mut losses = Losses::of_terms(|| bits.next().flatten());
        losses.total = total;
        losses
    }
}

/// All gradients as one row of numbers, zeros where this rank has none.
fn flattened(
    parameters: &[(&String, &Var)],
    gradients: &Gradients,
    device: &Device,
) -> Result<Tensor> {
    let mut rows = Vec::with_capacity(parameters.len());
    for (name, var) in parameters {
        rows.push(match gradients.by_name().get(*name) {
            Some(gradient) => gradient.to_dtype(DType::F32)?.flatten_all()?,
            None => Tensor::zeros(var.elem_count(), DType::F32, device)?,
        });
    }
    match rows.is_empty() {
        true => Tensor::zeros(0, DType::F32, device),
        false => Tensor::cat(&rows, 0),
    }
}

fn unfolded(parameters: &[(&String, &Var)], mean: &Tensor) -> Result<Gradients> {
    let mut gradients = BTreeMap::new();
    let mut first = 0;
    for (name, var) in parameters {
        let count = var.elem_count();
        let gradient = mean.narrow(0, first, count)?.reshape(var.shape())?;
        gradients.insert((*name).clone(), gradient);
        first += count;
    }
    Ok(Gradients::of(gradients))
}

fn bytes_of(tensor: &Tensor) -> Result<Vec<u8>> {
    let numbers = tensor.to_dtype(DType::F32)?.flatten_all()?;
    let numbers = numbers.to_vec1::<f32>()?;
    Ok(numbers.iter().flat_map(|n| n.to_le_bytes()).collect())
}

fn tensor_of(bytes: &[u8], dims: Vec<usize>, device: &Device) -> Result<Tensor> {
    let numbers = bytes.chunks_exact(4);
    let numbers: Vec<f32> = numbers
        .map(|bytes| f32::from_le_bytes(<[u8; 4]>::try_from(bytes).unwrap_or_default()))
        .collect();
    Tensor::from_vec(numbers, dims, device)
}
