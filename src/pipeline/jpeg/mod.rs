//! JPEG files, decoded to the bytes of libjpeg.
//!
//! The networks were trained on pictures decoded by libjpeg, and other decoders differ visibly
//! where small chroma is enlarged, so this one follows libjpeg in every rounding. It knows what
//! people have: sequential and progressive Huffman pictures of 8 bits, grey, YCbCr, RGB, CMYK and
//! YCCK. Anything else is left to the `image` crate.
//!
//! Source: ITU T.81; the choices it leaves open are libjpeg's (see `samples`).

mod component;
mod entropy;
mod samples;

use super::frame_image::{FrameProblem, Reading, check_size, turned};
use component::{Colours, Component};
use entropy::{Bits, BlockDecoder, Huffman, Selection, ZIGZAG};
use image::RgbImage;
use image::metadata::Orientation;
use rayon::prelude::*;
use samples::Plane;

/// Scans of one picture that are read; progressive pictures have about ten.
const MAX_SCANS: usize = 200;
/// A picture of this many pixels per byte of file does not exist; its header lies.
const MAX_PIXELS_PER_BYTE: u64 = 2048;

/// Why a JPEG was not decoded here.
pub(super) enum JpegProblem {
    /// It cannot be decoded at all.
    Frame(FrameProblem),
    /// It is of a kind this decoder does not know.
    Unknown,
}

fn damaged(detail: &str) -> JpegProblem {
    JpegProblem::Frame(FrameProblem::Damaged {
        format: "JPEG",
        detail: detail.to_owned(),
    })
}

/// Decodes a JPEG to RGB.
pub(super) fn decode(bytes: &[u8], reading: Reading) -> Result<RgbImage, JpegProblem> {
    if !is_complete(bytes) {
        return Err(JpegProblem::Frame(FrameProblem::CutOff("JPEG")));
    }
    let mut decoder = Decoder::default();
    decoder.read(bytes)?;
    let orientation = match reading {
        Reading::Upright => decoder.orientation,
        Reading::AsStored => Orientation::NoTransforms,
    };
    Ok(turned(decoder.into_picture()?, orientation))
}

struct Decoder {
    progressive: bool,
    width: usize,
    height: usize,
    components: Vec<Component>,
    quantisation: [[u16; 64]; 4],
    dc: [Option<Huffman>; 4],
    ac: [Option<Huffman>; 4],
    restart_interval: usize,
    has_jfif: bool,
    adobe_transform: Option<u8>,
    orientation: Orientation,
    scans: usize,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            progressive: false,
            width: 0,
            height: 0,
            components: Vec::new(),
            quantisation: [[1; 64]; 4],
            dc: [const { None }; 4],
            ac: [const { None }; 4],
            restart_interval: 0,
            has_jfif: false,
            adobe_transform: None,
            orientation: Orientation::NoTransforms,
            scans: 0,
        }
    }
}

impl Decoder {
    /// Walks all segments and scans.
    fn read(&mut self, bytes: &[u8]) -> Result<(), JpegProblem> {
        let mut rest = bytes;
        while let Some((code, after)) = next_marker(rest) {
            rest = after;
            if matches!(code, 0x01 | 0xd0..=0xd8) {
                continue;
            }
            if code == 0xd9 {
                break;
            }
            let (segment, after) = segment(rest).ok_or_else(|| damaged("a segment is cut off"))?;
            rest = after;
            match code {
                0xc0..=0xc2 => self.frame(code, segment, bytes.len())?,
                0xc4 => self
                    .huffman(segment)
                    .ok_or_else(|| damaged("a code is wrong"))?,
                0xda => rest = self.scan(segment, rest)?,
                0xdb => self
                    .quantisation(segment)
                    .ok_or_else(|| damaged("a quantisation table is wrong"))?,
                0xdd => match segment {
                    [high, low, ..] => {
                        self.restart_interval = usize::from(u16::from_be_bytes([*high, *low]));
                    }
                    _ => return Err(damaged("a segment is cut off")),
                },
                // Lossless, hierarchical, arithmetic, and heights that come later.
                0xc3 | 0xc5..=0xcf | 0xdc | 0xde | 0xdf => return Err(JpegProblem::Unknown),
                0xe0 => self.has_jfif |= segment.starts_with(b"JFIF\0"),
                0xe1 => {
                    if let Some(exif) = segment.strip_prefix(b"Exif\0\0")
                        && let Some(orientation) = Orientation::from_exif_chunk(exif)
                    {
                        self.orientation = orientation;
                    }
                }
                0xee if segment.starts_with(b"Adobe") => {
                    self.adobe_transform = segment.get(11).copied();
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn frame(&mut self, code: u8, segment: &[u8], file: usize) -> Result<(), JpegProblem> {
        let [precision, h0, h1, w0, w1, count, components @ ..] = segment else {
            return Err(damaged("the frame header is cut off"));
        };
        if *precision != 8 || !matches!(count, 1 | 3 | 4) || !self.components.is_empty() {
            return Err(JpegProblem::Unknown);
        }
        let (width, height) = (
            u16::from_be_bytes([*w0, *w1]),
            u16::from_be_bytes([*h0, *h1]),
        );
        if width == 0 || height == 0 {
            return Err(JpegProblem::Unknown);
        }
        let pixels = u64::from(width) * u64::from(height);
        check_size(u32::from(width), u32::from(height), pixels * 3).map_err(JpegProblem::Frame)?;
        if pixels > file as u64 * MAX_PIXELS_PER_BYTE {
            return Err(JpegProblem::Frame(FrameProblem::CutOff("JPEG")));
        }
        (self.width, self.height) = (usize::from(width), usize::from(height));
        self.progressive = code == 0xc2;
        let entries = components.as_chunks::<3>().0;
        let factors =
            |[_, sampling, _]: &[u8; 3]| (usize::from(sampling >> 4), usize::from(sampling & 15));
        let entries = entries
            .get(..usize::from(*count))
            .ok_or(JpegProblem::Unknown)?;
        if entries
            .iter()
            .map(factors)
            .any(|(h, v)| !(1..=4).contains(&h) || !(1..=4).contains(&v))
        {
            return Err(damaged("the sampling factors are wrong"));
        }
        let across_max = entries.iter().map(|e| factors(e).0).max().unwrap_or(1);
        let down_max = entries.iter().map(|e| factors(e).1).max().unwrap_or(1);
        let units = (
            self.width.div_ceil(8 * across_max),
            self.height.div_ceil(8 * down_max),
        );
        for entry in entries {
            let (mut across, mut down) = factors(entry);
            let mut units = units;
            if *count == 1 {
                // A single component is never interleaved, whatever its factors say.
                units = (self.width.div_ceil(8), self.height.div_ceil(8));
                (across, down) = (1, 1);
            } else if across_max % across != 0 || down_max % down != 0 {
                return Err(JpegProblem::Unknown);
            }
            let (across_max, down_max) = if *count == 1 {
                (1, 1)
            } else {
                (across_max, down_max)
            };
            let blocks = (units.0 * across, units.1 * down);
            let cells = blocks.0 * blocks.1;
            let [id, _, quantisation] = *entry;
            let mut component = Component {
                id,
                across,
                down,
                quantisation,
                steps: None,
                blocks,
                size: (
                    (self.width * across).div_ceil(across_max),
                    (self.height * down).div_ceil(down_max),
                ),
                coefficients: Vec::new(),
                samples: Vec::new(),
            };
            if self.progressive {
                component.coefficients = vec![[0; 64]; cells];
            } else {
                component.samples = vec![0; cells * 64];
            }
            self.components.push(component);
        }
        Ok(())
    }

    fn huffman(&mut self, mut segment: &[u8]) -> Option<()> {
        while let [place, rest @ ..] = segment {
            let (counts, symbols) = rest.split_first_chunk::<16>()?;
            let total = counts.iter().map(|c| usize::from(*c)).sum();
            let code = Huffman::new(counts, symbols.get(..total)?)?;
            let table = if place >> 4 == 0 {
                &mut self.dc
            } else {
                &mut self.ac
            };
            *table.get_mut(usize::from(place & 15))? = Some(code);
            segment = symbols.get(total..)?;
        }
        Some(())
    }

    fn quantisation(&mut self, mut segment: &[u8]) -> Option<()> {
        while let [place, rest @ ..] = segment {
            let table = self.quantisation.get_mut(usize::from(place & 15))?;
            let size = if place >> 4 == 0 { 1 } else { 2 };
            let values = rest.get(..64 * size)?;
            for (value, position) in values.chunks(size).zip(ZIGZAG) {
                let value = value
                    .iter()
                    .fold(0, |sum, byte| sum << 8 | u16::from(*byte));
                *table.get_mut(usize::from(position))? = value;
            }
            segment = rest.get(64 * size..)?;
        }
        Some(())
    }

    /// Decodes one scan; returns what follows it.
    fn scan<'a>(&mut self, header: &[u8], data: &'a [u8]) -> Result<&'a [u8], JpegProblem> {
        self.scans += 1;
        if self.scans > MAX_SCANS {
            return Err(damaged("it has too many scans"));
        }
        let wrong = || damaged("a scan header is wrong");
        let (count, entries) = header.split_first().ok_or_else(wrong)?;
        let count = usize::from(*count);
        let (entries, selection) = entries.split_at_checked(count * 2).ok_or_else(wrong)?;
        let [first, last, bits, ..] = selection else {
            return Err(wrong());
        };
        let (first, last) = if self.progressive {
            (*first, *last)
        } else {
            (0, 63)
        };
        if first > last || last > 63 || bits & 15 > 13 || (first > 0 && count != 1) {
            return Err(wrong());
        }
        let selection = Selection {
            first,
            last,
            refines: bits >> 4 != 0,
            shift: u32::from(bits & 15),
        };
        // A table that this kind of scan does not use may be absent.
        let unused = Huffman::new(&[0; 16], &[]).ok_or_else(wrong)?;
        let needs_dc = first == 0 && !(self.progressive && selection.refines);
        let needs_ac = last > 0 && (first > 0 || !self.progressive);
        let table = |tables: &[Option<Huffman>; 4], index: u8, needed: bool| match tables
            .get(usize::from(index))
            .cloned()
            .flatten()
        {
            Some(table) => Ok(table),
            None if needed => Err(damaged("a code is missing")),
            None => Ok(unused.clone()),
        };
        let mut members = Vec::new();
        for [id, tables] in entries.as_chunks().0 {
            let index = self
                .components
                .iter()
                .position(|c| c.id == *id)
                .ok_or_else(wrong)?;
            let dc = table(&self.dc, tables >> 4, needs_dc)?;
            let ac = table(&self.ac, tables & 15, needs_ac)?;
            let component = self.components.get_mut(index).ok_or_else(wrong)?;
            let steps = self.quantisation.get(usize::from(component.quantisation));
            component.steps = component.steps.or(steps.copied());
            if members.iter().any(|m: &Member| m.index == index) {
                return Err(wrong());
            }
            members.push(Member {
                index,
                dc,
                ac,
                prediction: 0,
            });
        }
        if members.is_empty() || members.len() > 4 {
            return Err(wrong());
        }
        Ok(self.blocks(members, selection, data))
    }

    /// Decodes all blocks of a scan.
    fn blocks<'a>(
        &mut self,
        mut members: Vec<Member>,
        selection: Selection,
        data: &'a [u8],
    ) -> &'a [u8] {
        let mut bits = Bits::new(data);
        let mut decoder = BlockDecoder::new(self.progressive, selection);
        let alone = members.len() == 1;
        let units = match members.first().and_then(|m| self.components.get(m.index)) {
            // Alone, a component has only its real blocks; together, whole units of all.
            Some(c) if alone => (c.size.0.div_ceil(8), c.size.1.div_ceil(8)),
            Some(c) => (c.blocks.0 / c.across, c.blocks.1 / c.down),
            None => (0, 0),
        };
        let mut until_restart = self.restart_interval;
        for unit in 0..units.0 * units.1 {
            if self.restart_interval > 0 {
                if until_restart == 0 {
                    bits.restart();
                    decoder.restart();
                    members.iter_mut().for_each(|m| m.prediction = 0);
                    until_restart = self.restart_interval;
                }
                until_restart -= 1;
            }
            let (unit_x, unit_y) = (unit % units.0, unit / units.0);
            for Member {
                index,
                dc,
                ac,
                prediction,
            } in &mut members
            {
                let Some(component) = self.components.get_mut(*index) else {
                    continue;
                };
                let (across, down) = if alone {
                    (1, 1)
                } else {
                    (component.across, component.down)
                };
                for cell in 0..across * down {
                    let x = unit_x * across + cell % across;
                    let y = unit_y * down + cell / across;
                    let place = y * component.blocks.0 + x;
                    if let Some(block) = component.coefficients.get_mut(place) {
                        decoder.block(&mut bits, (dc, ac), prediction, block);
                    } else {
                        let mut block = [0; 64];
                        decoder.block(&mut bits, (dc, ac), prediction, &mut block);
                        component.store(x, y, &block);
                    }
                }
            }
        }
        bits.rest()
    }

    /// The colours of the picture.
    fn into_picture(self) -> Result<RgbImage, JpegProblem> {
        let (width, height) = (self.width, self.height);
        let colours = self.colours();
        let across_max = self.components.iter().map(|c| c.across).max();
        let down_max = self.components.iter().map(|c| c.down).max();
        let (Some(across_max), Some(down_max)) = (across_max, down_max) else {
            return Err(damaged("it has no picture in it"));
        };
        let planes: Vec<Plane> = self
            .components
            .into_iter()
            .map(|component| component.into_plane(across_max, down_max))
            .collect();
        let mut bytes = vec![0; width * height * 3];
        bytes
            .par_chunks_exact_mut(width * 3)
            .enumerate()
            .for_each_init(Default::default, |rows: &mut [Vec<u8>; 4], (y, out)| {
                for (plane, row) in planes.iter().zip(rows.iter_mut()) {
                    plane.enlarged_row(y, row);
                }
                let [a, b, c, d] = rows;
                colours.fill(out.as_chunks_mut().0, [a, b, c, d]);
            });
        let (width, height) = (width as u32, height as u32);
        RgbImage::from_raw(width, height, bytes).ok_or(JpegProblem::Unknown)
    }

    /// libjpeg's guess, from the markers and the names of the components.
    fn colours(&self) -> Colours {
        let ids: Vec<u8> = self.components.iter().map(|c| c.id).collect();
        match (ids.as_slice(), self.adobe_transform) {
            ([_], _) => Colours::Grey,
            ([_, _, _], _) if self.has_jfif => Colours::YCbCr,
            ([_, _, _], Some(0)) => Colours::Rgb,
            ([_, _, _], Some(_)) => Colours::YCbCr,
            ([b'R', b'G', b'B'], None) => Colours::Rgb,
            ([_, _, _], None) => Colours::YCbCr,
            (_, Some(2)) => Colours::Ycck,
            _ => Colours::Cmyk,
        }
    }
}

/// One component's part in a scan.
struct Member {
    index: usize,
    dc: Huffman,
    ac: Huffman,
    prediction: i32,
}

/// The code of the next marker and what follows it: a 0xff that is followed by neither 0xff
/// (fill) nor 0x00 (data).
fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let is_marker = |p: &[u8]| matches!(p, [0xff, code] if !matches!(code, 0x00 | 0xff));
    let at = bytes.windows(2).position(is_marker)?;
    let (code, after) = bytes.get(at + 1..)?.split_first()?;
    Some((*code, after))
}

/// The content of a segment, whose length stands first, and what follows it.
fn segment(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)).saturating_sub(2))
}

/// Whether a JPEG has its end marker. Decoders fill what is missing with grey and say nothing, so
/// the segments are walked first.
fn is_complete(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some((code, after)) = next_marker(rest) {
        rest = match code {
            0xd9 => return true,
            // Markers without a length: TEM, restart, start of image.
            0x01 | 0xd0..=0xd8 => after,
            _ => match segment(after) {
                Some((_, after)) => after,
                None => return false,
            },
        };
    }
    false
}
