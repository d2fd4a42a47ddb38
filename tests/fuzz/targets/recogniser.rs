//! Names and shapes of tensors.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lgd_studio_fuzz::pipeline::import::recognise_lines;

fuzz_target!(|data: &[u8]| recognise_lines(&String::from_utf8_lossy(data)));
