//! Zip archives, read in place: members are ranges of the mapped file.
//!
//! Only what weight files use: stored and deflated members, zip64, data descriptors. The central
//! directory decides and must agree with the members' own headers.
//! Source: PKWARE's APPNOTE, sections 4.3 and 4.5.

use super::Flaw;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

/// Most members of an archive; the largest checkpoints have some ten thousand.
const MAX_MEMBERS: u64 = 400_000;
/// Longest name of a member.
const MAX_NAME_BYTES: usize = 1024;
/// Up to this size a deflated member may be packed as tightly as it likes.
const ANY_RATIO_BYTES: u64 = 64 << 20;
/// How many times its packed size a larger deflated member may have; weights hardly shrink at all.
const MAX_RATIO: u64 = 64;

const LOCAL: &[u8; 4] = b"PK\x03\x04";
const CENTRAL: &[u8; 4] = b"PK\x01\x02";
const END: &[u8; 4] = b"PK\x05\x06";
const END_64: &[u8; 4] = b"PK\x06\x06";
const LOCATOR_64: &[u8; 4] = b"PK\x06\x07";
const END_BYTES: usize = 22;
const LOCATOR_BYTES: usize = 20;

/// One file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its bytes in the archive, as stored.
    pub data: Range<usize>,
    /// Its size when unpacked.
    pub size: usize,
    /// Whether `data` is deflated.
    pub deflated: bool,
}

impl Member {
    /// Its bytes, unpacked where needed.
    ///
    /// # Errors
    /// When what is packed is damaged or not as long as it claims.
    pub fn bytes<'a>(&self, archive: &'a [u8]) -> Result<Cow<'a, [u8]>, Flaw> {
        let data = archive.get(self.data.clone()).ok_or(CUT)?;
        if !self.deflated {
            return Ok(Cow::Borrowed(data));
        }
        let unpacked = miniz_oxide::inflate::decompress_to_vec_with_limit(data, self.size);
        match unpacked {
            Ok(bytes) if bytes.len() == self.size => Ok(Cow::Owned(bytes)),
            _ => Err("a packed part of it is damaged".into()),
        }
    }
}

const CUT: &str = "it is cut off or its table of contents is damaged";

/// The members by name. Folders are left out.
///
/// # Errors
/// When the table of contents is missing, damaged, or claims what the file cannot hold.
pub fn members(archive: &[u8]) -> Result<BTreeMap<String, Member>, Flaw> {
    let directory = directory(archive)?;
    let mut members = BTreeMap::new();
    let mut table = archive.get(directory.table.clone()).ok_or(CUT)?;
    for _ in 0..directory.entries {
        let (entry, rest) = Entry::read(table)?;
        table = rest;
        if entry.name.ends_with('/') {
            continue;
        }
        let member = entry.member(archive, directory.table.start)?;
        if members.contains_key(&entry.name) {
            return Err(format!("it holds two files named {}", entry.name).into());
        }
        members.insert(entry.name, member);
    }
    let mut ranges: Vec<_> = members.values().map(|m| &m.data).collect();
    ranges.sort_by_key(|range| (range.start, range.end));
    let overlap = ranges.windows(2).any(|pair| match pair {
        [a, b] => a.end > b.start,
        _ => false,
    });
    if overlap {
        return Err("files inside it overlap".into());
    }
    Ok(members)
}

/// Where the table of contents is.
struct Directory {
    table: Range<usize>,
    entries: u64,
}

fn directory(archive: &[u8]) -> Result<Directory, Flaw> {
    let last = archive.len().checked_sub(END_BYTES).ok_or(CUT)?;
    let first = last.saturating_sub(usize::from(u16::MAX));
    let is_end = |&at: &usize| {
        let end = Fields(&archive[at..]);
        end.starts_with(END) && end.u16(20).map(usize::from) == Some(last - at)
    };
    let at = (first..=last).rev().find(is_end).ok_or(CUT)?;
    let end = Fields(&archive[at..]);
    let (Some(entries), Some(size), Some(offset)) = (end.u16(10), end.u32(12), end.u32(16)) else {
        return Err(CUT.into());
    };
    let (mut entries, mut size, mut offset) = (entries.into(), size.into(), offset.into());
    if entries == u64::from(u16::MAX) || size == SATURATED || offset == SATURATED {
        let locator = at.checked_sub(LOCATOR_BYTES).map(|l| Fields(&archive[l..]));
        let locator = locator.filter(|l| l.starts_with(LOCATOR_64));
        // Without one the values are meant as they stand.
        if let Some(place) = locator.and_then(|l| l.u64(8)) {
            let place = usize::try_from(place).ok().and_then(|p| archive.get(p..));
            let end = Fields(place.ok_or(CUT)?);
            let values = (end.u64(32), end.u64(40), end.u64(48));
            let (true, (Some(e), Some(s), Some(o))) = (end.starts_with(END_64), values) else {
                return Err(CUT.into());
            };
            (entries, size, offset) = (e, s, o);
        }
    }
    let end = offset.checked_add(size).filter(|&e| e <= at as u64);
    if entries > MAX_MEMBERS {
        return Err(format!("it claims to hold {entries} files").into());
    }
    Ok(Directory {
        table: offset as usize..end.ok_or(CUT)? as usize,
        entries,
    })
}

/// A 32-bit field whose value is in the zip64 extension.
const SATURATED: u64 = u32::MAX as u64;

/// One line of the table of contents.
struct Entry {
    name: String,
    flags: u16,
    method: u16,
    packed: u64,
    size: u64,
    offset: u64,
}

impl Entry {
    const BYTES: usize = 46;

    fn read(table: &[u8]) -> Result<(Self, &[u8]), Flaw> {
        let fields = Fields(table);
        let read = || -> Option<(Self, &[u8])> {
            let lengths = [fields.u16(28)?, fields.u16(30)?, fields.u16(32)?];
            let [name, extra, comment] = lengths.map(usize::from);
            let rest = table.get(Self::BYTES..)?;
            let (name, rest) = rest.split_at_checked(name)?;
            let (extra, rest) = rest.split_at_checked(extra)?;
            let rest = rest.get(comment..)?;
            let mut entry = Self {
                name: str::from_utf8(name).ok()?.to_owned(),
                flags: fields.u16(8)?,
                method: fields.u16(10)?,
                packed: fields.u32(20)?.into(),
                size: fields.u32(24)?.into(),
                offset: fields.u32(42)?.into(),
            };
            entry.widen(extra)?;
            (fields.starts_with(CENTRAL) && name.len() <= MAX_NAME_BYTES).then_some((entry, rest))
        };
        read().ok_or_else(|| CUT.into())
    }

    /// Takes the 64-bit values of the fields that are saturated.
    fn widen(&mut self, mut extra: &[u8]) -> Option<()> {
        while let (Some(id), Some(length)) = (Fields(extra).u16(0), Fields(extra).u16(2)) {
            let (block, rest) = extra.get(4..)?.split_at_checked(length.into())?;
            extra = rest;
            if id != 1 {
                continue;
            }
            let mut at = 0;
            for field in [&mut self.size, &mut self.packed, &mut self.offset] {
                if *field == SATURATED {
                    *field = Fields(block).u64(at)?;
                    at += 8;
                }
            }
        }
        Some(())
    }

    /// Where its bytes are; `end` is where the table of contents begins.
    fn member(&self, archive: &[u8], end: usize) -> Result<Member, Flaw> {
        let name = &self.name;
        if self.flags & 1 != 0 {
            return Err(Flaw::refused("it is protected by a password", UNPACK));
        }
        if !matches!(self.method, 0 | 8) {
            let reason = format!("{name} is packed in a way that weight files do not use");
            return Err(Flaw::refused(reason, UNPACK));
        }
        let find = || -> Option<Range<usize>> {
            let offset = usize::try_from(self.offset).ok()?;
            let local = Fields(archive.get(offset..)?);
            let (named, extra) = (usize::from(local.u16(26)?), usize::from(local.u16(28)?));
            let same = local.0.get(30..30 + named)? == name.as_bytes();
            let start = offset.checked_add(30 + named + extra)?;
            let stop = start.checked_add(usize::try_from(self.packed).ok()?)?;
            (local.starts_with(LOCAL) && same && stop <= end).then_some(start..stop)
        };
        let data = find().ok_or_else(|| format!("the place of {name} in it is wrong"))?;
        let deflated = self.method == 8;
        if !deflated && self.size != self.packed {
            return Err(format!("{name} in it has two different sizes").into());
        }
        if deflated && self.size > ANY_RATIO_BYTES.max(self.packed.saturating_mul(MAX_RATIO)) {
            let reason = format!(
                "{name} in it claims to unpack from {} to {} bytes, which weights never do",
                self.packed, self.size
            );
            return Err(Flaw::refused(reason, DISTRUST));
        }
        let size = usize::try_from(self.size).ok();
        Ok(Member {
            data,
            size: size.ok_or_else(|| format!("{name} in it is too large"))?,
            deflated,
        })
    }
}

const UNPACK: &str = "Unpack it, and choose the weight file inside.";
/// What to do with a file that was made to do harm.
pub const DISTRUST: &str =
    "Do not use this file. Take the weights from a source you trust, best as safetensors.";

/// Little-endian numbers by offset.
#[derive(Clone, Copy)]
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn starts_with(self, signature: &[u8]) -> bool {
        self.0.starts_with(signature)
    }

    fn at<const SIZE: usize>(self, offset: usize) -> Option<[u8; SIZE]> {
        self.0.get(offset..)?.first_chunk().copied()
    }

    fn u16(self, offset: usize) -> Option<u16> {
        self.at(offset).map(u16::from_le_bytes)
    }

    fn u32(self, offset: usize) -> Option<u32> {
        self.at(offset).map(u32::from_le_bytes)
    }

    fn u64(self, offset: usize) -> Option<u64> {
        self.at(offset).map(u64::from_le_bytes)
    }
}
