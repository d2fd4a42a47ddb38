//! PyTorch checkpoints: where the numbers of each tensor lie.
//!
//! Since PyTorch 1.6 a checkpoint is a zip: `data.pkl` describes the tensors, and `data/KEY` are
//! their storages, which one or several tensors view. Before that the pickles and the storages
//! followed each other in a plain file.
//! Source: `torch/serialization.py` of PyTorch 2.6.

use super::pickle::{Heap, Id, Value, interpret};
use super::state_dict::{Described, StateDict, Storage, storage_of};
use super::zip::{self, Member};
use super::{Flaw, Place, StoredTensor};
use std::collections::BTreeMap;

/// First bytes of a checkpoint older than PyTorch 1.6: a pickle of its magic number.
const LEGACY_MAGIC: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
/// A view that repeats its storage may be this large without regard to how much is stored.
const ANY_VIEW_BYTES: usize = 64 << 20;

/// The tensors of a checkpoint and what stands beside them.
pub struct Checkpoint {
    pub tensors: BTreeMap<String, StoredTensor>,
    pub extras: BTreeMap<String, String>,
}

/// Reads the description of a zip checkpoint.
///
/// # Errors
/// When it is damaged, harmful, or no checkpoint.
pub fn read_zip(data: &[u8]) -> Result<Checkpoint, Flaw> {
    let members = zip::members(data)?;
    let is_description = |name: &&String| {
        let folder = name.strip_suffix("data.pkl");
        folder.is_some_and(|f| f.is_empty() || f.ends_with('/') && f.matches('/').count() == 1)
    };
    let mut descriptions = members.keys().filter(is_description);
    let description = match (descriptions.next(), descriptions.next()) {
        (Some(one), None) => one,
        (Some(_), Some(_)) => return Err("it holds two descriptions (data.pkl)".into()),
        (None, _) => {
            return Err(Flaw::refused(
                "it is a zip without a description (data.pkl), so no PyTorch checkpoint",
                "Choose the checkpoint itself, or unpack the zip and choose what is in it.",
            ));
        }
    };
    let prefix = description.trim_end_matches("data.pkl");
    let member = |name: &str| members.get(&format!("{prefix}{name}"));
    if let Some(order) = member("byteorder") {
        let order = small(order, data)?;
        if order.trim_ascii() != b"little" {
            return Err(big_endian());
        }
    }
    let Some(member_of_description) = member("data.pkl") else {
        return Err("its description (data.pkl) is missing".into());
    };
    if member_of_description.size > super::pickle::MAX_BYTES {
        return Err("its description is impossibly long".into());
    }
    let pickle = member_of_description.bytes(data)?;
    let (heap, root, _) = interpret(&pickle)?;
    let found = StateDict::find(&heap, root)?;
    let place = |storage: &Storage| member(&format!("data/{}", storage.key)).cloned();
    placed(found, place)
}

/// The bytes of a member of a few bytes.
fn small<'a>(member: &Member, data: &'a [u8]) -> Result<std::borrow::Cow<'a, [u8]>, Flaw> {
    if member.size > 64 {
        return Err("a small part of it is impossibly long".into());
    }
    member.bytes(data)
}

fn big_endian() -> Flaw {
    Flaw::refused(
        "its numbers are stored in big-endian order",
        "Save the weights again on a usual (little-endian) computer.",
    )
}

/// Whether the file is a pickle and no zip, of whatever kind.
pub fn is_bare_pickle(data: &[u8]) -> bool {
    matches!(data, [0x80, 2..=5, ..]) && data.get(8) != Some(&b'{')
}

/// Reads the description of a checkpoint older than PyTorch 1.6.
///
/// # Errors
/// When it is damaged, harmful, or no checkpoint.
pub fn read_legacy(data: &[u8]) -> Result<Checkpoint, Flaw> {
    let mut rest = Pickles { data, at: 0 };
    if data.starts_with(LEGACY_MAGIC) {
        rest.next()?;
        rest.next()?; // the format's version
        let (heap, about) = rest.next()?;
        if !is_little_endian(&heap, about) {
            return Err(big_endian());
        }
    }
    let (heap, root) = rest.next()?;
    let found = StateDict::find(&heap, root)?;
    if !data.starts_with(LEGACY_MAGIC) {
        return Err("it is a pickle, but not one that PyTorch wrote".into());
    }
    let (keys_heap, keys) = rest.next()?;
    let mut sizes = BTreeMap::new();
    for id in 0..heap.values().len() {
        if let Some((dtype, storage)) = storage_of(&heap, id as Id) {
            let bytes = dtype.map_or(1, |dtype| dtype.bitsize() / 8);
            sizes.insert(storage.key, bytes);
        }
    }
    // One storage after the other: how many numbers, then the numbers.
    let mut members = BTreeMap::new();
    let mut at = rest.at;
    for key in keys_heap.elements(keys).unwrap_or_default() {
        let next = || -> Option<(String, Member)> {
            let key = keys_heap.text(*key)?;
            let count = data
                .get(at..)?
                .first_chunk()
                .map(|c| u64::from_le_bytes(*c))?;
            let size = usize::try_from(count).ok()?.checked_mul(*sizes.get(key)?)?;
            let start = at + size_of::<u64>();
            let end = start.checked_add(size).filter(|&end| end <= data.len())?;
            let member = Member {
                data: start..end,
                size,
                deflated: false,
            };
            Some((key.to_owned(), member))
        };
        let (key, member) = next().ok_or("it is cut off, or its storages are described wrongly")?;
        at = member.data.end;
        if members.insert(key, member).is_some() {
            return Err("it holds two storages of one name".into());
        }
    }
    placed(found, |storage| members.get(&storage.key).cloned())
}

/// Pickles one after the other.
struct Pickles<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Pickles<'a> {
    fn next(&mut self) -> Result<(Heap<'a>, Id), Flaw> {
        let rest = self.data.get(self.at..).unwrap_or_default();
        let (heap, root, taken) = interpret(rest)?;
        self.at += taken;
        Ok((heap, root))
    }
}

/// What the third pickle of an old checkpoint says about the machine.
fn is_little_endian(heap: &Heap<'_>, about: Id) -> bool {
    let mut entries = heap.entries(about).unwrap_or_default().iter();
    let entry = entries.find(|(key, _)| heap.text(*key) == Some("little_endian"));
    entry.is_none_or(|(_, value)| !matches!(heap.get(*value), Value::Bool(false)))
}

/// Puts described tensors in their places, and checks that they fit.
fn placed(
    found: StateDict,
    place: impl Fn(&Storage) -> Option<Member>,
) -> Result<Checkpoint, Flaw> {
    let mut tensors = BTreeMap::new();
    for described in found.tensors {
        let name = &described.name;
        let storage = place(&described.storage)
            .ok_or_else(|| format!("the numbers of {name} are not in it"))?;
        if storage.size < described.storage.bytes {
            return Err(format!(
                "the numbers of {name} are cut off: {} bytes of {}",
                storage.size, described.storage.bytes
            )
            .into());
        }
        let place = place_in(&described, storage).ok_or_else(|| {
            format!("{name} claims to be larger than what is stored, or is described wrongly")
        })?;
        let tensor = StoredTensor {
            dims: described.dims,
            dtype: described.dtype,
            place,
        };
        tensors.insert(described.name, tensor);
    }
    Ok(Checkpoint {
        tensors,
        extras: found.extras,
    })
}

/// Where a tensor's numbers are in its storage; nothing when they would reach beyond it.
fn place_in(tensor: &Described, storage: Member) -> Option<Place> {
    let Described {
        dims,
        strides,
        offset,
        ..
    } = tensor;
    let size = tensor.dtype.bitsize() / 8;
    let count = dims.iter().try_fold(1_usize, |n, &d| n.checked_mul(d))?;
    let bytes = count.checked_mul(size)?;
    if count == 0 {
        return Some(Place::Bytes(0..0));
    }
    let mut last = *offset;
    for (&dim, &stride) in dims.iter().zip(strides) {
        last = last.checked_add((dim - 1).checked_mul(stride)?)?;
    }
    let end = last.checked_add(1)?.checked_mul(size)?;
    if end > storage.size || bytes > ANY_VIEW_BYTES.max(storage.size) {
        return None;
    }
    if !storage.deflated && is_contiguous(dims, strides) {
        let start = storage.data.start + offset * size;
        return Some(Place::Bytes(start..start + bytes));
    }
    Some(Place::View {
        storage,
        offset: *offset,
        strides: strides.clone(),
    })
}

/// Whether the elements follow each other; the stride of a single row says nothing.
fn is_contiguous(dims: &[usize], strides: &[usize]) -> bool {
    let mut next = 1;
    for (&dim, &stride) in dims.iter().zip(strides).rev() {
        if dim != 1 && stride != next {
            return false;
        }
        next *= dim;
    }
    true
}

/// The numbers of a view in order. `dims` and `strides` have been checked against `storage`.
pub fn gathered(
    storage: &[u8],
    size: usize,
    dims: &[usize],
    strides: &[usize],
    offset: usize,
) -> Option<Vec<u8>> {
    let count: usize = dims.iter().product();
    let mut bytes = Vec::with_capacity(count * size);
    let (outer, inner) = match (dims.split_last(), strides.split_last()) {
        (Some((&dim, dims)), Some((&stride, strides))) => ((dims, strides), (dim, stride)),
        _ => ((&[][..], &[][..]), (1, 1)),
    };
    let mut index = vec![0; outer.0.len()];
    loop {
        let place = index.iter().zip(outer.1).map(|(i, stride)| i * stride);
        let start = offset + place.sum::<usize>();
        for i in 0..inner.0 {
            let at = (start + i * inner.1) * size;
            bytes.extend_from_slice(storage.get(at..at + size)?);
        }
        // The next row, counting the last index fastest.
        let mut carried = true;
        for (i, &dim) in index.iter_mut().zip(outer.0).rev() {
            *i += 1;
            if *i < dim {
                carried = false;
                break;
            }
            *i = 0;
        }
        if carried {
            return Some(bytes);
        }
    }
}
