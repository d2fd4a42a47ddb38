//! The readers of foreign files, compiled from the program's own sources.

pub mod dataset;
pub mod nn;
pub mod pipeline;

mod weights;

use nn::WeightFile;

/// Opens bytes as a weight file and reads every tensor of it.
pub fn read_all(data: &[u8]) {
    // SAFETY: the file is dropped before this function returns, and nothing of it is kept.
    let data: &'static [u8] = unsafe { &*std::ptr::from_ref(data) };
    if let Ok(file) = WeightFile::embedded("fuzzed", data) {
        for (name, tensor) in file.tensors() {
            if let Ok(bytes) = file.bytes(name) {
                let size = tensor.parameters() * tensor.dtype().bitsize() / 8;
                assert_eq!(bytes.len(), size, "{name} has another size than it says");
            }
        }
    }
}

/// A zip of stored members, as torch writes it.
pub fn stored_zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut file, mut table) = (Vec::new(), Vec::new());
    for (name, bytes) in members {
        let mut fields = vec![0; 14]; // stored, no time, no checksum
        fields[..4].copy_from_slice(&[20, 0, 0, 0]);
        fields.extend((bytes.len() as u32).to_le_bytes());
        fields.extend((bytes.len() as u32).to_le_bytes());
        fields.extend((name.len() as u16).to_le_bytes());
        fields.extend([0; 2]);
        let offset = file.len() as u32;
        file.extend(b"PK\x03\x04");
        file.extend(&fields);
        file.extend(name.as_bytes());
        file.extend(*bytes);
        table.extend(b"PK\x01\x02\x14\0");
        table.extend(&fields);
        table.extend([0; 10]);
        table.extend(offset.to_le_bytes());
        table.extend(name.as_bytes());
    }
    let start = file.len() as u32;
    file.extend(&table);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend((members.len() as u16).to_le_bytes());
    file.extend((members.len() as u16).to_le_bytes());
    file.extend((table.len() as u32).to_le_bytes());
    file.extend(start.to_le_bytes());
    file.extend([0; 2]);
    file
}
