//! The safetensors format: length, JSON header, data.
//!
//! The header is checked by the `safetensors` crate: offsets in order without gaps or overlaps,
//! sizes that match shapes. Source: the format's description in its repository.

use super::{Place, StoredTensor};
use safetensors::SafeTensors;
use safetensors::tensor::SafeTensorError;
use std::collections::BTreeMap;

/// Longest header that is read. The largest models need less than 1 MB; each byte of a header takes
/// several bytes of memory.
const MAX_HEADER_BYTES: u64 = 32 << 20;

/// Tensors and free-text metadata of a file.
pub struct Header {
    pub tensors: BTreeMap<String, StoredTensor>,
    pub metadata: BTreeMap<String, String>,
}

/// Reads the header; the error is a clause for [`super::LoadError::Malformed`].
pub fn read(data: &[u8]) -> Result<Header, String> {
    if let Some(length) = data.first_chunk().map(|b| u64::from_le_bytes(*b))
        && length > MAX_HEADER_BYTES
        && length < data.len() as u64
    {
        return Err(format!("its header of {length} bytes is too long"));
    }
    let (header, metadata) =
        SafeTensors::read_metadata(data).map_err(|e| reason(&e, data.len()))?;
    let start = header + size_of::<u64>();
    let mut tensors = BTreeMap::new();
    #[expect(
        clippy::iter_over_hash_type,
        reason = "the entries go into a sorted map"
    )]
    for (name, info) in metadata.tensors() {
        let (from, to) = info.data_offsets;
        let tensor = StoredTensor {
            dims: info.shape.clone(),
            dtype: info.dtype,
            place: Place::Bytes(start + from..start + to),
        };
        tensors.insert(name, tensor);
    }
    let metadata = metadata.metadata().iter().flatten();
    let metadata = metadata.map(|(k, v)| (k.clone(), v.clone())).collect();
    Ok(Header { tensors, metadata })
}

fn reason(error: &SafeTensorError, length: usize) -> String {
    match error {
        SafeTensorError::HeaderTooSmall => format!("it has only {length} bytes"),
        SafeTensorError::HeaderTooLarge | SafeTensorError::InvalidHeaderLength => {
            "its header claims to be longer than the file".to_owned()
        }
        SafeTensorError::InvalidHeader(_) => "its header is not text".to_owned(),
        SafeTensorError::InvalidHeaderDeserialization(source) => {
            format!("its header cannot be understood ({source})")
        }
        SafeTensorError::InvalidOffset(name) => {
            format!("the place of {name} in the file is wrong")
        }
        SafeTensorError::TensorInvalidInfo => {
            "a tensor has another size than its shape says".to_owned()
        }
        SafeTensorError::ValidationOverflow => "a tensor is impossibly large".to_owned(),
        SafeTensorError::MetadataIncompleteBuffer => {
            format!("its length of {length} bytes is not what its header says")
        }
        other => other.to_string(),
    }
}
