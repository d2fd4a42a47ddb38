//! The journal of a run at work: every step as soon as it is drawn, beside the run file.
//!
//! Records are only ever appended: length, checksum, content. A program that is killed leaves at
//! most one torn record, which is ignored together with everything after it. The journal is not
//! synced: it survives the end of the program, and a power cut costs steps, never a finished column.

use crate::job::{Estimate, WrittenAnswer};
use half::f16;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// How a journal begins; the digit is its version.
const MAGIC: &[u8; 8] = b"LGDSTEP1";
/// Bytes before the content of a record: its length and its checksum.
const HEAD: usize = 8;
/// Content of a record is refused above this, so that a torn length asks for no memory.
const MOST: usize = 64 << 20;

/// What a record is about.
const SEEN: u8 = 1;
const STEP: u8 = 2;
const ANSWER: u8 = 3;

/// A journal that is being written.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
}

/// What a journal holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Steps {
    /// The frame in the terms of the estimates.
    pub(super) seen: Option<Estimate>,
    /// The estimates of every column, from its first step without a gap.
    pub(super) tracks: BTreeMap<usize, Vec<Estimate>>,
    /// The written answers.
    pub(super) answers: BTreeMap<usize, WrittenAnswer>,
    /// Bytes that were understood.
    whole: u64,
}

impl Journal {
    /// Opens a journal to go on with, or begins one. A torn end is cut off: what would be written
    /// after it could not be read.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let whole = match std::fs::read(path) {
            Ok(bytes) => parse(&bytes).whole,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)?;
        file.set_len(whole)?;
        file.seek(SeekFrom::End(0))?;
        if whole == 0 {
            file.write_all(MAGIC)?;
        }
        Ok(Self { file })
    }

    /// Notes what the networks see of the frame.
    pub(super) fn seen(&mut self, estimate: &Estimate) -> io::Result<()> {
        self.append(&estimate_record(SEEN, 0, 0, estimate))
    }

    /// Notes a step of a column, from 1. A first step begins its column anew.
    pub(super) fn step(&mut self, column: usize, step: usize, at: &Estimate) -> io::Result<()> {
        self.append(&estimate_record(STEP, column, step, at))
    }

    /// Notes the written answer of a column.
    pub(super) fn answer(&mut self, column: usize, answer: &WrittenAnswer) -> io::Result<()> {
        let mut content = vec![ANSWER];
        content.extend((column as u32).to_le_bytes());
        content.extend(serde_json::to_vec(answer).map_err(io::Error::other)?);
        self.append(&content)
    }

    /// One write per record, so that it is torn only where the program is killed within it.
    fn append(&mut self, content: &[u8]) -> io::Result<()> {
        let mut record = Vec::with_capacity(HEAD + content.len());
        record.extend((content.len() as u32).to_le_bytes());
        record.extend(checksum(content));
        record.extend(content);
        self.file.write_all(&record)
    }
}

/// Reads a journal as far as it is whole; one that is not there is empty.
pub(super) fn read(path: &Path) -> io::Result<Steps> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(parse(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Steps::default()),
        Err(error) => Err(error),
    }
}

fn checksum(content: &[u8]) -> [u8; 4] {
    let digest = Sha256::digest(content);
    std::array::from_fn(|i| digest[i])
}

fn estimate_record(kind: u8, column: usize, step: usize, estimate: &Estimate) -> Vec<u8> {
    let mut content = vec![kind];
    let [channels, height, width] = estimate.shape;
    for number in [column, step, channels, height, width] {
        content.extend((number as u32).to_le_bytes());
    }
    content.extend(estimate.values.iter().flat_map(|v| v.to_le_bytes()));
    content
}

fn parse(bytes: &[u8]) -> Steps {
    let mut steps = Steps::default();
    let Some(mut rest) = bytes.strip_prefix(MAGIC) else {
        return steps;
    };
    while let Some(content) = first_record(rest) {
        if take_in(&mut steps, content).is_none() {
            break;
        }
        rest = &rest[HEAD + content.len()..];
    }
    steps.whole = (bytes.len() - rest.len()) as u64;
    steps
}

/// The content of the first record, when it is whole.
fn first_record(bytes: &[u8]) -> Option<&[u8]> {
    let length = number(bytes, 0)?;
    let content = bytes.get(HEAD..HEAD.checked_add(length)?)?;
    let whole = length <= MOST && bytes.get(4..HEAD)? == checksum(content).as_slice();
    whole.then_some(content)
}

/// The little-endian number at a place.
fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
}

/// Takes in a record; none when it means nothing.
fn take_in(steps: &mut Steps, content: &[u8]) -> Option<()> {
    let (kind, column) = (*content.first()?, number(content, 1)?);
    match kind {
        ANSWER => {
            let answer = serde_json::from_slice(content.get(5..)?).ok()?;
            steps.answers.insert(column, answer);
        }
        SEEN => steps.seen = Some(estimate(content)?),
        STEP => {
            let estimate = estimate(content)?;
            let track = steps.tracks.entry(column).or_default();
            let step = number(content, 5)?;
            if step == 1 {
                track.clear();
            }
            // After a gap the steps of a column say nothing that could be shown.
            if step == track.len() + 1 {
                track.push(estimate);
            }
        }
        _ => return None,
    }
    Some(())
}

fn estimate(content: &[u8]) -> Option<Estimate> {
    let shape = [
        number(content, 9)?,
        number(content, 13)?,
        number(content, 17)?,
    ];
    let values = content.get(21..)?.as_chunks::<2>().0;
    let count = shape.into_iter().try_fold(1usize, usize::checked_mul)?;
    (values.len() == count).then(|| Estimate {
        shape,
        values: values.iter().map(|v| f16::from_le_bytes(*v)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(value: f32) -> Estimate {
        Estimate {
            shape: [1, 2, 2],
            values: [f16::from_f32(value); 4].into(),
        }
    }

    fn written(path: &Path) -> io::Result<()> {
        let mut journal = Journal::open(path)?;
        journal.seen(&at(9.0))?;
        let answer = WrittenAnswer::given("The cat eats.");
        journal.answer(1, &answer)?;
        for step in 1..=3 {
            journal.step(0, step, &at(step as f32))?;
            journal.step(1, step, &at(-(step as f32)))?;
        }
        Ok(())
    }

    #[test]
    fn every_step_comes_back() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a.steps");
        assert_eq!(read(&path)?, Steps::default(), "nothing is nothing");
        written(&path)?;
        let steps = read(&path)?;
        assert_eq!(steps.seen, Some(at(9.0)));
        assert_eq!(steps.tracks[&1], [at(-1.0), at(-2.0), at(-3.0)]);
        assert_eq!(steps.answers[&1].text, "The cat eats.");
        // A column that is drawn again begins anew; a gap ends what is known.
        let mut journal = Journal::open(&path)?;
        journal.step(0, 1, &at(7.0))?;
        journal.step(0, 3, &at(8.0))?;
        let steps = read(&path)?;
        assert_eq!(steps.tracks[&0], [at(7.0)]);
        assert_eq!(steps.tracks[&1].len(), 3);
        Ok(())
    }

    #[test]
    fn a_torn_end_is_ignored_wherever_it_is_torn_and_writing_goes_on() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a.steps");
        written(&path)?;
        let bytes = std::fs::read(&path)?;
        let mut seen = Vec::new();
        for end in 0..bytes.len() {
            std::fs::write(&path, &bytes[..end])?;
            let steps = read(&path)?;
            let known: usize = steps.tracks.values().map(Vec::len).sum();
            seen.push(known);
            let mut journal = Journal::open(&path)?;
            journal.step(5, 1, &at(4.0))?;
            let after = read(&path)?;
            assert_eq!(after.tracks.get(&5), Some(&vec![at(4.0)]), "cut at {end}");
            assert_eq!(
                after.tracks.values().map(Vec::len).sum::<usize>(),
                known + 1
            );
        }
        assert!(seen.is_sorted() && seen.last() == Some(&5), "{seen:?}");
        Ok(())
    }

    #[test]
    fn a_changed_byte_ends_what_is_read_and_never_panics() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a.steps");
        written(&path)?;
        let bytes = std::fs::read(&path)?;
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 0x41;
            let steps = parse(&changed);
            assert!(steps.whole <= place as u64, "byte {place} went unnoticed");
        }
        Ok(())
    }
}
