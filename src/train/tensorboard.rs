//! Event files as TensorBoard reads them: protobuf messages in checked records.
//!
//! A record is the length of its data (u64), a checksum of those eight bytes, the data, and a checksum
//! of it; numbers are little-endian and a checksum is a CRC-32C, turned right by 15 bits, plus a
//! constant. Source: TensorFlow's `core/lib/io/record_writer.h`, `core/util/event.proto` and
//! `core/framework/summary.proto`.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// What the first record of a file says.
const VERSION: &str = "brain.Event:2";
/// Added to a turned checksum, so that checksums of data with checksums inside differ.
const MASK: u32 = 0xa282_ead8;
/// Castagnoli's polynomial, bits reversed.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// A file that grows.
pub(super) struct EventFile(File);

impl EventFile {
    /// A new file in `folder`; where `step` is not 0, readers forget what they know of later steps.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(folder: &Path, step: u64) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let seconds = now() as u64;
        let process = std::process::id();
        // Readers take the files of a folder by name; the number keeps two of one second apart.
        let names = (0u32..)
            .map(|number| format!("events.out.tfevents.{seconds:010}.{number:04}.{process}.lgd"));
        let places = names.map(|name| folder.join(name));
        let place = places.into_iter().find(|place| !place.exists());
        let place = place.ok_or(io::ErrorKind::AlreadyExists)?;
        let mut file = Self(File::create_new(place)?);
        file.record(&event(0, |event| {
            event.extend(bytes(3, VERSION.as_bytes()));
        }))?;
        if step > 0 {
            // A session that starts: steps from this one on are written again.
            let start = number(1, 1);
            file.record(&event(step + 1, |event| event.extend(bytes(7, &start))))?;
        }
        Ok(file)
    }

    /// Adds numbers of a step by their names.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn scalars(&mut self, step: u64, values: &[(&str, f32)]) -> io::Result<()> {
        let mut summary = Vec::new();
        for (name, value) in values {
            let mut one = bytes(1, name.as_bytes());
            one.push(2 << 3 | FIXED_32);
            one.extend(value.to_le_bytes());
            summary.extend(bytes(1, &one));
        }
        self.record(&event(step, |event| event.extend(bytes(5, &summary))))
    }

    fn record(&mut self, data: &[u8]) -> io::Result<()> {
        let length = (data.len() as u64).to_le_bytes();
        let mut record = length.to_vec();
        record.extend(checksum(&length).to_le_bytes());
        record.extend(data);
        record.extend(checksum(data).to_le_bytes());
        // At once: a reader never sees the half of a record longer than a moment.
        self.0.write_all(&record)
    }
}

/// Kinds of protobuf fields.
const VARINT: u8 = 0;
const FIXED_64: u8 = 1;
const LENGTH: u8 = 2;
const FIXED_32: u8 = 5;

/// An event of now.
fn event(step: u64, content: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut event = vec![1 << 3 | FIXED_64];
    event.extend(now().to_le_bytes());
    event.extend(number(2, step));
    content(&mut event);
    event
}

/// Seconds since 1970.
fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
}

fn number(field: u8, value: u64) -> Vec<u8> {
    let mut out = vec![field << 3 | VARINT];
    varint(value, &mut out);
    out
}

fn bytes(field: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![field << 3 | LENGTH];
    varint(content.len() as u64, &mut out);
    out.extend(content);
    out
}

/// Seven bits at a time, the lowest first.
fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn checksum(data: &[u8]) -> u32 {
    let crc = data.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| match crc & 1 {
            0 => crc >> 1,
            _ => crc >> 1 ^ POLYNOMIAL,
        })
    });
    (!crc).rotate_right(15).wrapping_add(MASK)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The data of all records; every checksum must be right.
    fn records(mut file: &[u8]) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        while !file.is_empty() {
            let (length, rest) = file.split_at(8);
            let (sum, rest) = rest.split_at(4);
            assert_eq!(sum, checksum(length).to_le_bytes());
            let length = u64::from_le_bytes(length.try_into().expect("eight bytes"));
            let (data, rest) = rest.split_at(length as usize);
            let (sum, rest) = rest.split_at(4);
            assert_eq!(sum, checksum(data).to_le_bytes());
            found.push(data.to_vec());
            file = rest;
        }
        found
    }

    #[test]
    fn checksums_are_those_of_the_standard() {
        // The check value of CRC-32C in the catalogue of CRCs, and one of RFC 3720, appendix B.4.
        let plain = |data: &[u8]| checksum(data).wrapping_sub(MASK).rotate_left(15);
        assert_eq!(plain(b"123456789"), 0xe306_9283);
        assert_eq!(plain(&[0; 32]), 0x8a91_36aa);
    }

    #[test]
    fn records_hold_version_start_and_numbers() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = place.path().join("tensorboard");
        let mut file = EventFile::create(&folder, 300).expect("written");
        file.scalars(301, &[("loss/total", 0.5), ("lr", 1e-4)])
            .expect("written");
        let path = std::fs::read_dir(&folder).expect("a folder").next();
        let path = path.expect("a file").expect("readable").path();
        let found = records(&std::fs::read(path).expect("read"));
        let [version, start, numbers] = found.as_slice() else {
            panic!("{} records", found.len())
        };
        // After the time: step, then what it is about.
        assert_eq!(&version[9..11], [0x10, 0]);
        assert_eq!(&version[11..13], [0x1a, 13]);
        assert_eq!(&version[13..], b"brain.Event:2");
        assert_eq!(&start[9..], [0x10, 0xad, 0x02, 0x3a, 2, 0x08, 1]);
        assert_eq!(&numbers[9..12], [0x10, 0xad, 0x02]);
        let summary = [
            &[0x2a, 30, 0x0a, 17, 0x0a, 10][..],
            b"loss/total",
            &[0x15],
            &0.5f32.to_le_bytes(),
            &[0x0a, 9, 0x0a, 2],
            b"lr",
            &[0x15],
            &1e-4f32.to_le_bytes(),
        ];
        assert_eq!(&numbers[12..], summary.concat());
    }
}
