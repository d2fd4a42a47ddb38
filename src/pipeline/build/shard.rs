//! Weight files: which tensors go into which, what their headers say, and writing one.
//!
//! Source: the safetensors format, and the shard index that transformers and diffusers share.

use super::disk::{self, Whole};
use super::recipe::{Fill, RecipeTensor, Values, WeightPlan};
use crate::nn::StoredDtype;
use crate::pipeline::EditError;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::path::Path;

/// Bytes that are made and written at a time; a multiple of every number's size.
pub(crate) const BLOCK: usize = 4 << 20;

/// One weight file.
pub(super) struct Shard<'a> {
    /// Its path inside the bundle.
    pub file: String,
    /// Length and description of its tensors, as they open the file.
    header: Vec<u8>,
    tensors: Vec<&'a RecipeTensor>,
    values: &'a dyn Values,
    /// Equal for files that will have equal bytes.
    pub plan: String,
    /// Bytes of the whole file.
    pub bytes: u64,
}

/// The weight files of a network, none larger than `most` bytes unless it holds one tensor, and their
/// index, when there is more than one.
pub(super) fn shards(
    weights: &WeightPlan,
    most: u64,
) -> (Vec<Shard<'_>>, Option<(String, Vec<u8>)>) {
    let mut sorted: Vec<&RecipeTensor> = weights.tensors.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let mut groups: Vec<(u64, Vec<&RecipeTensor>)> = vec![(0, Vec::new())];
    for tensor in sorted {
        let fits = |(bytes, group): &(u64, Vec<_>)| {
            group.is_empty() || bytes.saturating_add(tensor.bytes()) <= most
        };
        match groups.last_mut().filter(|group| fits(group)) {
            Some((bytes, group)) => {
                *bytes += tensor.bytes();
                group.push(tensor);
            }
            None => groups.push((tensor.bytes(), vec![tensor])),
        }
    }
    let WeightPlan { folder, stem, .. } = weights;
    let count = groups.len();
    let name = |index: usize| match count {
        1 => format!("{stem}.safetensors"),
        _ => format!("{stem}-{:05}-of-{count:05}.safetensors", index + 1),
    };
    let total: u64 = groups.iter().map(|(bytes, _)| bytes).sum();
    let mut map = Map::new();
    for (i, (_, group)) in groups.iter().enumerate() {
        for tensor in group {
            map.insert(tensor.name.clone(), json!(name(i)));
        }
    }
    let index = json!({"metadata": {"total_size": total}, "weight_map": map});
    let index = (count > 1).then(|| {
        let file = format!("{folder}/{stem}.safetensors.index.json");
        (file, disk::json(&index))
    });
    let shards = groups.into_iter().enumerate();
    let shards = shards.map(|(i, (bytes, tensors))| {
        shard(
            format!("{folder}/{}", name(i)),
            bytes,
            tensors,
            &*weights.values,
        )
    });
    (shards.collect(), index)
}

fn shard<'a>(
    file: String,
    bytes: u64,
    mut tensors: Vec<&'a RecipeTensor>,
    values: &'a dyn Values,
) -> Shard<'a> {
    // Wide numbers first, so that each lies at a multiple of its own size.
    tensors.sort_by(|a, b| {
        let size = |tensor: &RecipeTensor| tensor.dtype.bitsize();
        size(b).cmp(&size(a)).then_with(|| a.name.cmp(&b.name))
    });
    let mut about = Map::new();
    about.insert("__metadata__".to_owned(), json!({"format": "pt"}));
    let mut plan = Sha256::new();
    let mut offset = 0;
    for tensor in &tensors {
        let end = offset + tensor.bytes();
        let place = json!({
            "dtype": dtype_name(tensor.dtype),
            "shape": tensor.dims,
            "data_offsets": [offset, end],
        });
        plan.update(format!("{}\n{place}\n{}\n", tensor.name, tensor.origin));
        about.insert(tensor.name.clone(), place);
        offset = end;
    }
    let mut text = Value::Object(about).to_string().into_bytes();
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut header = (text.len() as u64).to_le_bytes().to_vec();
    header.append(&mut text);
    Shard {
        file,
        bytes: bytes + header.len() as u64,
        header,
        tensors,
        values,
        plan: disk::hex(plan),
    }
}

/// The format's name of a number format.
fn dtype_name(dtype: StoredDtype) -> Value {
    serde_json::to_value(dtype).unwrap_or_default()
}

impl Shard<'_> {
    /// Writes the file below `root`: beside its place first, then renamed. `tick` hears how many more
    /// bytes were written and may stop it. Returns the file's SHA-256 in hexadecimal.
    ///
    /// # Errors
    /// When numbers cannot be had, the disk is full or says no, or `tick` said so.
    pub fn write(
        &self,
        root: &Path,
        tick: &mut dyn FnMut(u64) -> Result<(), EditError>,
    ) -> Result<String, EditError> {
        let mut out = Output {
            file: Whole::create(&root.join(&self.file))?,
            hash: Sha256::new(),
        };
        out.take(&self.header)?;
        tick(self.header.len() as u64)?;
        let (mut ready, mut next) = (Vec::with_capacity(BLOCK), Vec::with_capacity(BLOCK));
        for tensor in &self.tensors {
            let fill = self.values.open(tensor)?;
            out.tensor(&fill, tensor.bytes() as usize, &mut ready, &mut next, tick)?;
        }
        out.file.finish()?;
        Ok(disk::hex(out.hash))
    }
}

struct Output {
    file: Whole,
    hash: Sha256,
}

impl Output {
    fn take(&mut self, bytes: &[u8]) -> Result<(), EditError> {
        self.hash.update(bytes);
        Ok(self.file.write(bytes)?)
    }

    /// Writes one tensor; each block is made while the one before it is hashed and written.
    fn tensor(
        &mut self,
        fill: &Fill<'_>,
        bytes: usize,
        ready: &mut Vec<u8>,
        next: &mut Vec<u8>,
        tick: &mut dyn FnMut(u64) -> Result<(), EditError>,
    ) -> Result<(), EditError> {
        let block = |start: usize| start..bytes.min(start + BLOCK);
        ready.resize(block(0).len(), 0);
        fill(block(0), ready)?;
        let mut start = 0;
        while start < bytes {
            let coming = block((start + BLOCK).min(bytes));
            next.resize(coming.len(), 0);
            let (made, written) = rayon::join(
                || fill(coming.clone(), next),
                || self.take(ready.as_slice()),
            );
            written?;
            made?;
            tick(ready.len() as u64)?;
            std::mem::swap(ready, next);
            start += BLOCK;
        }
        Ok(())
    }
}
