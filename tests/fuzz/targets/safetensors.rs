//! Safetensors files and shard indexes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lgd_studio_fuzz::{nn, read_all};

fuzz_target!(|data: &[u8]| {
    read_all(data);
    // A header whose length is right gets past the first check.
    let mut file = (data.len() as u64).to_le_bytes().to_vec();
    file.extend(data);
    file.extend([1; 32]);
    read_all(&file);
    if data.starts_with(b"{") {
        let index = std::env::temp_dir().join(format!("fuzzed-{}.index.json", std::process::id()));
        if std::fs::write(&index, data).is_ok() {
            let shards = nn::shards_of(&index).unwrap_or_default();
            assert!(shards.iter().all(|shard| shard.parent() == index.parent()));
        }
    }
});
