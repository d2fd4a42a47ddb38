//! Zip archives.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lgd_studio_fuzz::read_all;

fuzz_target!(|data: &[u8]| {
    let mut zip = data.to_vec();
    // Only a zip is opened as one.
    if let Some(start) = zip.first_chunk_mut() {
        *start = *b"PK\x03\x04";
    }
    read_all(&zip);
});
