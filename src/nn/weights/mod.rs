//! Named tensors on disk or in the program, read strictly.
//!
//! A network asks for each tensor by name and shape. Whatever is missing, wrongly shaped, not
//! finite or left over is collected and reported together by [`Weights::finish`], so that a wrong
//! checkpoint is explained once and whole. Files are mapped, checked before anything is believed,
//! and converted tensor by tensor, so opening costs no memory and a tensor's only copy is the one
//! the network keeps.

mod coded;
mod convert;
mod error;
mod files;
mod low_rank;
mod random;
mod rows;
mod sources;

pub(super) use coded::Form;
pub use error::{LoadError, TensorProblem, TensorReport};
pub use files::{StoredDtype, StoredTensor, WeightFile, WeightFormat, shards_of};
pub use random::RandomValues;
pub(super) use rows::Matrix;
pub use sources::WeightSource;

use super::low_rank::LowRankRule;
use super::quantised::Bits;
use crate::nn::cancel;
use candle_core::{DType, Device, Result, Shape, Tensor, Var};
use sources::Files;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where the values come from.
enum Origin {
    Files(Files),
    /// Made up, from this seed; see [`Weights::random`].
    Random(u64),
}

struct Store {
    origin: Origin,
    dtype: DType,
    device: Device,
    log: Mutex<Log>,
}

/// What happened so far, over all views.
#[derive(Default)]
struct Log {
    used: BTreeSet<String>,
    /// Shapes asked for in a rehearsal without files.
    asked: BTreeMap<String, Vec<usize>>,
    ignored: BTreeSet<String>,
    problems: BTreeMap<String, TensorProblem>,
    vars: BTreeMap<String, Var>,
    /// What networks of 16 bits compute with in place of the variables; see [`Weights::copies`].
    copies: BTreeMap<String, (Var, Tensor)>,
    /// Bytes that the tensors of a rehearsal take once they are loaded.
    held: BTreeMap<String, u64>,
}

/// What weight files hold.
#[derive(Clone, Debug, Default)]
pub struct StoredWeights {
    /// Tensors.
    pub tensors: usize,
    /// Numbers in all of them.
    pub parameters: usize,
    /// Stored dtypes, most frequent first.
    pub dtypes: Vec<String>,
}

/// Hears the bytes of every tensor once it is there.
type Listener = Arc<dyn Fn(u64) + Send + Sync>;

type Filter = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// A view into named tensors, below a prefix. Cheap to clone.
#[derive(Clone)]
pub struct Weights {
    store: Arc<Store>,
    prefix: String,
    what: Arc<str>,
    trainable: Option<Filter>,
    low_rank: Option<Arc<LowRankRule>>,
    rehearsal: bool,
    bits: Option<Bits>,
    coded: bool,
    heard: Option<Listener>,
}

impl std::fmt::Debug for Weights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut view = f.debug_struct("Weights");
        match &self.store.origin {
            Origin::Files(files) => view.field("tensors", &files.len()),
            Origin::Random(seed) => view.field("random", seed),
        };
        view.field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Weights {
    /// Opens weight files or their shard index; float tensors come out as `dtype` on
    /// `device`, integers as u8, u32 or i64.
    ///
    /// Only headers are read here. Values are converted when a network asks for them.
    ///
    /// # Errors
    /// When a file cannot be read, is damaged, or two files hold a tensor of the same name.
    pub fn open(
        sources: &[WeightSource],
        dtype: DType,
        device: &Device,
    ) -> std::result::Result<Self, LoadError> {
        let files = Files::open(sources)?;
        Ok(Self::new(Origin::Files(files), dtype, device))
    }

    /// Weights without a file: every requested tensor exists and has small values that depend on
    /// `seed` and its name only. Weights of norms are ones. For benches and tests at full size.
    ///
    /// [`Weights::has`] answers no, so optional parts are absent.
    pub fn random(seed: u64, dtype: DType, device: &Device) -> Self {
        Self::new(Origin::Random(seed), dtype, device)
    }

    fn new(origin: Origin, dtype: DType, device: &Device) -> Self {
        let store = Store {
            origin,
            dtype,
            device: device.clone(),
            log: Mutex::default(),
        };
        Self {
            store: Arc::new(store),
            prefix: String::new(),
            what: "the weights".into(),
            trainable: None,
            low_rank: None,
            rehearsal: false,
            bits: None,
            coded: false,
            heard: None,
        }
    }

    /// The same view with a name for messages: "Cannot load WHAT: …".
    #[must_use]
    pub fn named(mut self, what: &str) -> Self {
        self.what = what.into();
        self
    }

    /// The same view in which tensors whose full name passes `filter` come out as candle
    /// variables, so that gradients reach them; see [`Weights::vars`]. Where the dtype has 16 bits the
    /// variables are f32 all the same, and what comes out are copies; see [`Weights::copies`].
    #[must_use]
    pub fn trainable(mut self, filter: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.trainable = Some(Arc::new(filter));
        self
    }

    /// The same view in which every tensor that fits comes out as zeros that take no memory. Loading
    /// a network from it finds what is missing or left over, and reads no values.
    #[must_use]
    pub fn rehearsal(mut self) -> Self {
        self.rehearsal = true;
        self
    }

    /// The same view; `heard` is told the bytes of every tensor that was read, as it is held.
    #[must_use]
    pub fn heard_by(mut self, heard: Arc<dyn Fn(u64) + Send + Sync>) -> Self {
        self.heard = Some(heard);
        self
    }

    /// Names and shapes of everything that was asked for, in a rehearsal of [`Weights::random`]:
    /// what a file has to hold for the networks that were loaded.
    pub fn asked(&self) -> BTreeMap<String, Vec<usize>> {
        self.log().asked.clone()
    }

    /// The variables handed out so far, by full name, over all views of these weights.
    pub fn vars(&self) -> BTreeMap<String, Var> {
        self.log().vars.clone()
    }

    /// Variables of f32 with the copies of 16 bits that networks compute with. The copies are on the tape
    /// behind their variables; whoever changes these sets the copies again, with [`refresh_copies`].
    pub fn copies(&self) -> Vec<(Var, Tensor)> {
        self.log().copies.values().cloned().collect()
    }

    /// What a network computes with in place of a variable.
    fn computed(&self, path: &str, var: &Var) -> Result<Tensor> {
        let dtype = self.store.dtype;
        if !has_16_bits(dtype) || var.dtype() == dtype {
            return Ok(var.as_tensor().clone());
        }
        let copy = var.as_tensor().to_dtype(dtype)?;
        let both = (var.clone(), copy.clone());
        self.log().copies.insert(path.to_owned(), both);
        Ok(copy)
    }

    /// The view one level down; `.` joins the levels.
    #[must_use]
    pub fn pp(&self, name: impl Display) -> Self {
        Self {
            prefix: self.path(&name.to_string()),
            ..self.clone()
        }
    }

    /// Whether a tensor of this name exists below the prefix.
    pub fn has(&self, name: &str) -> bool {
        self.dims(name).is_some()
    }

    /// The stored shape of a tensor below the prefix, if it exists. Lets a loader decide by what
    /// a tensor is.
    pub fn dims(&self, name: &str) -> Option<Vec<usize>> {
        match &self.store.origin {
            Origin::Files(files) => Some(files.get(&self.path(name))?.dims().to_vec()),
            Origin::Random(_) => None,
        }
    }

    /// The full names of all stored tensors below the prefix.
    pub fn names(&self) -> Vec<String> {
        match &self.store.origin {
            Origin::Files(files) => {
                let names = files.names();
                names.filter(|n| self.covers(n)).cloned().collect()
            }
            Origin::Random(_) => Vec::new(),
        }
    }

    /// What the files hold, for reports; nothing is read but headers.
    pub fn stored(&self) -> StoredWeights {
        let mut stored = StoredWeights::default();
        if let Origin::Files(files) = &self.store.origin {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for (_, tensor) in files.tensors() {
                stored.tensors += 1;
                stored.parameters += tensor.parameters();
                *counts
                    .entry(format!("{:?}", tensor.dtype()).to_lowercase())
                    .or_default() += 1;
            }
            stored.dtypes = counts.keys().cloned().collect();
            stored
                .dtypes
                .sort_by_key(|dtype| std::cmp::Reverse(counts.get(dtype)));
        }
        stored
    }

    /// The dtype floats come out as.
    pub fn dtype(&self) -> DType {
        self.store.dtype
    }

    /// The device tensors come out on.
    pub fn device(&self) -> &Device {
        &self.store.device
    }

    /// Tensors below the prefix that are `name`, or below it, are known and not needed.
    pub fn ignore(&self, name: &str) {
        let path = self.path(name);
        self.log().ignored.insert(path);
    }

    /// The tensor `name` below the prefix.
    ///
    /// A missing, wrongly shaped or not finite one is noted for [`Weights::finish`] and replaced
    /// by zeros that take no memory, so that loading goes on and finds everything else as well.
    ///
    /// # Errors
    /// When the job was cancelled or the device has no room.
    pub fn get(&self, shape: impl Into<Shape>, name: &str) -> Result<Tensor> {
        cancel::checkpoint()?;
        let (path, shape) = (self.path(name), shape.into());
        if let Some(known) = self.known(&path, &shape) {
            return Ok(known); // tied weights stay tied
        }
        let Store { origin, device, .. } = &*self.store;
        let trained = self.trainable.as_ref().is_some_and(|filter| filter(&path));
        let dtype = &match self.store.dtype {
            // Small steps would be lost in 16 bits.
            dtype if trained && has_16_bits(dtype) => DType::F32,
            dtype => dtype,
        };
        let tensor = match origin {
            Origin::Random(_) if self.rehearsal => return self.rehearsed(path, shape),
            Origin::Random(seed) => random::tensor(*seed, &path, &shape, *dtype, device)?,
            Origin::Files(files) => match files.get(&path) {
                None => return self.note(path, TensorProblem::Missing, shape),
                Some(stored) if stored.dims() != shape.dims() => {
                    let problem = TensorProblem::Shape {
                        found: stored.dims().to_vec(),
                        expected: shape.dims().to_vec(),
                    };
                    return self.note(path, problem, shape);
                }
                Some(_) if self.rehearsal => return self.rehearsed(path, shape),
                Some(stored) => {
                    let bytes = files.bytes(&path).map_err(candle_core::Error::wrap)?;
                    let made = convert::tensor(&bytes, stored.dtype(), &shape, *dtype, device)?;
                    files.forget(&path, &bytes);
                    match made {
                        Ok(tensor) => tensor,
                        Err(problem) => return self.note(path, problem, shape),
                    }
                }
            },
        };
        let tensor = match trained {
            true => {
                let var = Var::from_tensor(&tensor)?;
                let tensor = self.computed(&path, &var)?;
                self.log().vars.insert(path.clone(), var);
                tensor
            }
            false => tensor,
        };
        self.log().used.insert(path);
        self.tell(tensor.elem_count() * tensor.dtype().size_in_bytes());
        Ok(tensor)
    }

    /// A variable that was handed out already, as networks compute with it.
    fn known(&self, path: &str, shape: &Shape) -> Option<Tensor> {
        let log = self.log();
        let var = log.vars.get(path).filter(|var| var.shape() == shape)?;
        let copy = log.copies.get(path).map(|(_, copy)| copy.clone());
        Some(copy.unwrap_or_else(|| var.as_tensor().clone()))
    }

    fn tell(&self, bytes: usize) {
        if let Some(heard) = &self.heard {
            heard(bytes as u64);
        }
    }

    fn note(&self, path: String, problem: TensorProblem, shape: Shape) -> Result<Tensor> {
        self.log().problems.insert(path, problem);
        let Store { dtype, device, .. } = &*self.store;
        placeholder(shape, *dtype, device)
    }

    /// Reports everything below the prefix that was missing, wrongly shaped, not finite or never
    /// asked for (see [`Weights::ignore`]).
    ///
    /// # Errors
    /// One error that lists all problems.
    pub fn finish(&self) -> std::result::Result<(), LoadError> {
        let Origin::Files(files) = &self.store.origin else {
            return Ok(());
        };
        let log = self.log();
        let mut problems: BTreeMap<String, TensorProblem> = log
            .problems
            .iter()
            .filter(|(path, _)| self.covers(path))
            .map(|(path, problem)| (path.clone(), problem.clone()))
            .collect();
        for path in files.names().filter(|path| self.covers(path)) {
            let known = log.used.contains(path)
                || log.ignored.iter().any(|i| is_below(path, i))
                // An index 0, 1, 2, … that old checkpoints carry as if it were a weight.
                || path.ends_with("position_ids");
            if !known {
                let problem = TensorProblem::Unexpected;
                problems.entry(path.clone()).or_insert(problem);
            }
        }
        if problems.is_empty() {
            return Ok(());
        }
        Err(LoadError::Tensors(Box::new(TensorReport {
            what: self.what.to_string(),
            any_used: log.used.iter().any(|path| self.covers(path)),
            files: files.paths(),
            problems,
        })))
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        // The log is a few sets; a panic elsewhere leaves it usable.
        let log = self.store.log.lock();
        log.unwrap_or_else(PoisonError::into_inner)
    }

    fn covers(&self, path: &str) -> bool {
        is_below(path, &self.prefix)
    }

    fn path(&self, name: &str) -> String {
        if self.prefix.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.prefix)
        }
    }
}

fn has_16_bits(dtype: DType) -> bool {
    matches!(dtype, DType::BF16 | DType::F16)
}

/// Sets the copies that networks compute with to what their variables are now.
///
/// # Errors
/// When the device has no room.
pub fn refresh_copies(copies: &[(Var, Tensor)]) -> Result<()> {
    for (var, copy) in copies {
        let now = var.as_tensor().detach().to_dtype(copy.dtype())?;
        copy.slice_set(&now, 0, 0)?;
    }
    Ok(())
}

/// Zeros that take no memory.
fn placeholder(shape: Shape, dtype: DType, device: &Device) -> Result<Tensor> {
    Tensor::zeros((), dtype, device)?.broadcast_as(shape)
}

/// Whether `path` is `prefix` or lies below it; everything lies below the empty prefix.
fn is_below(path: &str, prefix: &str) -> bool {
    prefix.is_empty()
        || path
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
