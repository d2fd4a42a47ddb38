//! Named tensors in what a pickle built.
//!
//! A checkpoint is a dict of names to tensors, often inside other dicts (`state_dict`, `model`,
//! `module`) beside an optimiser, settings and classes of the training program. The tensors are
//! found and described here; where their numbers lie is the matter of [`super::pytorch`].
//! Source: what `torch.save` writes (`torch/_utils.py`, `torch/serialization.py` of PyTorch 2.6).

use super::Flaw;
use super::pickle::{Heap, Id, Object, Value};
use safetensors::tensor::Dtype;
use std::collections::{BTreeMap, BTreeSet};

/// Names under which training programs keep the weights, with the one that is most specific first.
const WRAPPERS: [&str; 5] = ["state_dict", "model_state_dict", "model", "module", "net"];
/// Dicts inside dicts that are followed.
const MAX_DEPTH: usize = 8;
/// Most tensors of one file.
const MAX_TENSORS: usize = 100_000;
/// Longest name of a tensor.
const MAX_NAME_BYTES: usize = 512;
/// Most dimensions of a tensor.
const MAX_DIMS: usize = 16;
/// Longest text, and most texts, taken over beside the tensors.
const MAX_EXTRA: usize = 256;

/// A tensor as a pickle describes it.
#[derive(Debug)]
pub struct Described {
    pub name: String,
    pub dtype: Dtype,
    pub dims: Vec<usize>,
    /// Numbers from one element to the next, per dimension.
    pub strides: Vec<usize>,
    /// The first element.
    pub offset: usize,
    pub storage: Storage,
}

/// A block of numbers stored outside the pickle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// Its name.
    pub key: String,
    /// Its size.
    pub bytes: usize,
}

/// The weights of a checkpoint and what stands beside them.
#[derive(Debug, Default)]
pub struct StateDict {
    pub tensors: Vec<Described>,
    pub extras: BTreeMap<String, String>,
}

impl StateDict {
    /// Finds the weights below `root`.
    ///
    /// # Errors
    /// When there are none, or a tensor is described wrongly.
    pub fn find(heap: &Heap<'_>, root: Id) -> Result<Self, Flaw> {
        let mut found = Self::default();
        let mut level = root;
        for _ in 0..MAX_DEPTH {
            let Some(entries) = heap.entries(level) else {
                return Err(no_weights(heap, level));
            };
            found.take_extras(heap, entries);
            if entries.iter().any(|(_, value)| is_tensor(heap, *value)) {
                break;
            }
            let inside = WRAPPERS.iter().find_map(|wrapper| {
                let named = |(key, _): &&(Id, Id)| heap.text(*key) == Some(wrapper);
                let (_, value) = entries.iter().find(named)?;
                heap.entries(*value).map(|_| *value)
            });
            match inside {
                Some(value) => level = value,
                None => break,
            }
        }
        found.collect(heap, level)?;
        if found.tensors.is_empty() {
            return Err(no_weights(heap, level));
        }
        Ok(found)
    }

    /// Numbers and short texts that stand beside the weights.
    fn take_extras(&mut self, heap: &Heap<'_>, entries: &[(Id, Id)]) {
        for (key, value) in entries {
            let Some(key) = heap.text(*key).filter(|key| key.len() <= MAX_EXTRA) else {
                continue;
            };
            let text = match heap.get(*value) {
                Value::Int(number) => number.to_string(),
                Value::Float(number) => number.to_string(),
                Value::Bool(value) => value.to_string(),
                Value::Text(text) if text.len() <= MAX_EXTRA => text.to_string(),
                _ => continue,
            };
            if self.extras.len() < MAX_EXTRA {
                self.extras.entry(key.to_owned()).or_insert(text);
            }
        }
    }

    /// All tensors in a dict and in the dicts in it, their names joined by dots.
    fn collect(&mut self, heap: &Heap<'_>, root: Id) -> Result<(), Flaw> {
        let mut seen = BTreeSet::new();
        let mut names = BTreeSet::new();
        let mut waiting = vec![(String::new(), root, 0)];
        while let Some((prefix, dict, depth)) = waiting.pop() {
            // A dict that is in two places counts in one; cycles end here.
            if depth > MAX_DEPTH || !seen.insert(dict) {
                continue;
            }
            for (key, value) in heap.entries(dict).unwrap_or_default() {
                let inner = heap.entries(*value).is_some();
                if !inner && !is_tensor(heap, *value) {
                    continue;
                }
                let name = match heap.get(*key) {
                    Value::Text(text) => format!("{prefix}{text}"),
                    Value::Int(number) => format!("{prefix}{number}"),
                    _ => continue,
                };
                if name.len() > MAX_NAME_BYTES {
                    return Err("a tensor in it has an endless name".into());
                }
                if inner {
                    waiting.push((format!("{name}."), *value, depth + 1));
                } else if let Some(described) = describe(heap, *value, &name)? {
                    if !names.insert(name.clone()) {
                        return Err(format!("it holds two tensors named {name}").into());
                    }
                    self.tensors.push(described);
                }
            }
            if self.tensors.len() > MAX_TENSORS || waiting.len() > MAX_TENSORS {
                return Err("it claims to hold far too many tensors".into());
            }
        }
        Ok(())
    }
}

fn no_weights(heap: &Heap<'_>, at: Id) -> Flaw {
    let what = match heap.get(at) {
        Value::Object(object) => match heap.class(object.class) {
            Some((module, name)) => format!("it holds an object of the class {module}.{name}"),
            None => "it holds an object of a training program".to_owned(),
        },
        Value::Dict(_) => "it holds no tensors under names".to_owned(),
        _ => "it holds a single value".to_owned(),
    };
    Flaw::refused(
        format!("{what}, not weights"),
        "Choose the file with the model's weights (a state dict).",
    )
}

/// The call behind a value, with wrappers such as parameters taken off.
fn rebuilt<'h>(heap: &'h Heap<'_>, mut id: Id) -> Option<(&'h str, &'h [Id])> {
    for _ in 0..4 {
        let Value::Object(object) = heap.get(id) else {
            return None;
        };
        let Object {
            class, arguments, ..
        } = **object;
        let arguments = heap.elements(arguments)?;
        match heap.class(class)? {
            ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
                id = *arguments.first()?;
            }
            ("torch._tensor", "_rebuild_from_type_v2") => {
                let (_, name) = heap.class(*arguments.first()?)?;
                return Some((name, heap.elements(*arguments.get(2)?)?));
            }
            ("torch._utils", name) => return Some((name, arguments)),
            _ => return None,
        }
    }
    None
}

fn is_tensor(heap: &Heap<'_>, id: Id) -> bool {
    rebuilt(heap, id).is_some_and(|(name, _)| name.starts_with("_rebuild_"))
}

/// The description of a tensor; none for a kind without plain numbers (sparse, quantised), which no
/// model of ours has.
fn describe(heap: &Heap<'_>, id: Id, name: &str) -> Result<Option<Described>, Flaw> {
    let Some((kind, arguments)) = rebuilt(heap, id) else {
        return Ok(None);
    };
    if !matches!(
        kind,
        "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3"
    ) {
        return Ok(None);
    }
    let read = || -> Option<Described> {
        let [storage, offset, dims, strides, rest @ ..] = arguments else {
            return None;
        };
        let (stored, storage) = storage_of(heap, *storage)?;
        let explicit = match kind {
            "_rebuild_tensor_v3" => Some(rest.get(2)?),
            _ => None,
        };
        let dtype = match explicit {
            Some(dtype) => dtype_named(heap.class(*dtype)?.1)?,
            None => stored?,
        };
        let sizes = |id: Id| -> Option<Vec<usize>> {
            let elements = heap.elements(id).filter(|e| e.len() <= MAX_DIMS)?;
            elements.iter().map(|e| heap.size(*e)).collect()
        };
        let (dims, strides) = (sizes(*dims)?, sizes(*strides)?);
        (dims.len() == strides.len()).then_some(Described {
            name: name.to_owned(),
            dtype,
            dims,
            strides,
            offset: heap.size(*offset)?,
            storage,
        })
    };
    match read() {
        Some(described) => Ok(Some(described)),
        None => Err(format!("the tensor {name} is described in an unknown way").into()),
    }
}

/// The storage behind a persistent reference, with the dtype of its class unless it has none.
pub fn storage_of(heap: &Heap<'_>, id: Id) -> Option<(Option<Dtype>, Storage)> {
    let Value::Persistent(reference) = heap.get(id) else {
        return None;
    };
    let [kind, class, key, _device, numbers, ..] = heap.elements(*reference)? else {
        return None;
    };
    if heap.text(*kind) != Some("storage") {
        return None;
    }
    let (_, class) = heap.class(*class)?;
    let dtype = match class {
        "UntypedStorage" => None,
        _ => Some(dtype_of_storage(class)?),
    };
    let size = dtype.map_or(1, |dtype| dtype.bitsize() / 8);
    let storage = Storage {
        key: heap.text(*key).filter(|k| k.len() <= MAX_EXTRA)?.to_owned(),
        bytes: heap.size(*numbers)?.checked_mul(size)?,
    };
    Some((dtype, storage))
}

fn dtype_of_storage(class: &str) -> Option<Dtype> {
    Some(match class {
        "FloatStorage" => Dtype::F32,
        "HalfStorage" => Dtype::F16,
        "BFloat16Storage" => Dtype::BF16,
        "DoubleStorage" => Dtype::F64,
        "LongStorage" => Dtype::I64,
        "IntStorage" => Dtype::I32,
        "ShortStorage" => Dtype::I16,
        "CharStorage" => Dtype::I8,
        "ByteStorage" => Dtype::U8,
        "BoolStorage" => Dtype::BOOL,
        "ComplexFloatStorage" => Dtype::C64,
        _ => return None,
    })
}

fn dtype_named(name: &str) -> Option<Dtype> {
    Some(match name {
        "float32" | "float" => Dtype::F32,
        "float16" | "half" => Dtype::F16,
        "bfloat16" => Dtype::BF16,
        "float64" | "double" => Dtype::F64,
        "int64" | "long" => Dtype::I64,
        "int32" | "int" => Dtype::I32,
        "int16" | "short" => Dtype::I16,
        "int8" => Dtype::I8,
        "uint8" => Dtype::U8,
        "uint16" => Dtype::U16,
        "uint32" => Dtype::U32,
        "uint64" => Dtype::U64,
        "bool" => Dtype::BOOL,
        "float8_e4m3fn" => Dtype::F8_E4M3,
        "float8_e5m2" => Dtype::F8_E5M2,
        _ => return None,
    })
}
