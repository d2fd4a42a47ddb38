//! The description of a checkpoint, in a zip and in the old format.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lgd_studio_fuzz::{read_all, stored_zip};

const MAGIC: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

fuzz_target!(|data: &[u8]| {
    read_all(&stored_zip(&[
        ("a/data.pkl", data),
        ("a/data/0", &[1; 64]),
        ("a/data/1", &[2; 8]),
        ("a/byteorder", b"little"),
    ]));
    let mut old = MAGIC.to_vec();
    old.extend(b"\x80\x02M\xe9\x03.\x80\x02}.");
    old.extend(data);
    read_all(&old);
});
