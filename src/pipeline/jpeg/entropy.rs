//! The entropy-coded part of a JPEG: bits, Huffman codes and the coefficients of one block.
//!
//! Source: ITU T.81, annexes F (sequential) and G (progressive). Like libjpeg, a code that does
//! not exist reads as zero and missing data as zero bits: one wrong bit may cost a few blocks,
//! but not the picture.

/// Natural position of the n-th coefficient in the file.
pub(super) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];
/// Code lengths up to this are decoded by one look-up.
const FAST_BITS: u32 = 9;

/// The coefficients of one block, in natural order.
pub(super) type Block = [i16; 64];

/// Reads bits up to the next marker, then zeros.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    buffer: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    /// A reader at the start of `data`.
    pub fn new(data: &'a [u8]) -> Self {
        Self {
            data,
            at: 0,
            buffer: 0,
            count: 0,
        }
    }

    /// What follows the bits: the next marker, or nothing.
    pub fn rest(&self) -> &'a [u8] {
        self.data.get(self.at..).unwrap_or_default()
    }

    fn fill(&mut self) {
        while self.count <= 56 {
            let byte = match self.data.get(self.at..) {
                Some([0xff, 0x00, ..]) => {
                    self.at += 2;
                    0xff
                }
                Some([0xff, ..] | []) | None => 0,
                Some([byte, ..]) => {
                    self.at += 1;
                    *byte
                }
            };
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// The next `count` bits, 1..=16, without taking them. At least that many must be filled.
    fn peek(&self, count: u32) -> u32 {
        (self.buffer >> (64 - count)) as u32
    }

    fn skip(&mut self, count: u32) {
        self.buffer <<= count;
        self.count -= count;
    }

    fn take(&mut self, count: u32) -> i32 {
        if count == 0 {
            return 0;
        }
        if self.count < count {
            self.fill();
        }
        let bits = self.peek(count);
        self.skip(count);
        bits as i32
    }

    fn flag(&mut self) -> bool {
        self.take(1) == 1
    }

    /// A signed number of `size` bits, 0..=15.
    fn signed(&mut self, size: u32) -> i32 {
        let bits = self.take(size);
        if size > 0 && bits < 1 << (size - 1) {
            bits - (1 << size) + 1
        } else {
            bits
        }
    }

    fn symbol(&mut self, code: &Huffman) -> u8 {
        if self.count < 16 {
            self.fill();
        }
        let bits = self.peek(16);
        let [length, symbol] = code.fast[(bits >> (16 - FAST_BITS)) as usize];
        if length > 0 {
            self.skip(u32::from(length));
            return symbol;
        }
        for length in FAST_BITS + 1..=16 {
            let bits = (bits >> (16 - length)) as i32;
            let (largest, offset) = code.slow[length as usize];
            if bits <= largest {
                self.skip(length);
                let symbol = code.symbols.get((bits + offset) as usize);
                return symbol.copied().unwrap_or(0);
            }
        }
        self.skip(16);
        0
    }

    /// Drops the rest of the interval and goes behind its restart marker, if there is one.
    pub fn restart(&mut self) {
        (self.buffer, self.count) = (0, 0);
        let rest = self.rest();
        let is_marker = |p: &[u8]| matches!(p, [0xff, code] if !matches!(code, 0x00 | 0xff));
        if let Some(at) = rest.windows(2).position(is_marker) {
            let is_restart = matches!(rest.get(at + 1), Some(0xd0..=0xd7));
            self.at += at + if is_restart { 2 } else { 0 };
        }
    }
}

/// One Huffman code.
#[derive(Clone)]
pub(super) struct Huffman {
    /// For the next bits: length (0 when longer) and symbol.
    fast: Box<[[u8; 2]; 1 << FAST_BITS]>,
    /// For each length: the largest code, or -1, and what leads from a code to its symbol.
    slow: [(i32, i32); 17],
    symbols: Vec<u8>,
}

impl Huffman {
    /// The code with `counts[n]` symbols of length n + 1. `None` when there is no such code.
    pub fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut fast = Box::new([[0; 2]; 1 << FAST_BITS]);
        let mut slow = [(-1, 0); 17];
        let (mut code, mut index) = (0_i32, 0_i32);
        for (length, count) in (1_u32..).zip(counts) {
            let offset = index - code;
            for _ in 0..*count {
                let symbol = *symbols.get(index as usize)?;
                if length <= FAST_BITS {
                    let free = FAST_BITS - length;
                    let from = (code as usize) << free;
                    fast.get_mut(from..from + (1 << free))?
                        .fill([length as u8, symbol]);
                }
                code += 1;
                index += 1;
            }
            if code > 1 << length {
                return None;
            }
            let largest = if *count > 0 { code - 1 } else { -1 };
            *slow.get_mut(length as usize)? = (largest, offset);
            code <<= 1;
        }
        Some(Self {
            fast,
            slow,
            symbols: symbols.to_vec(),
        })
    }
}

/// Which coefficients a scan brings, and how many of their bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Selection {
    /// First coefficient in file order.
    pub first: u8,
    /// Last coefficient in file order, 0..=63.
    pub last: u8,
    /// Whether an earlier scan brought the upper bits.
    pub refines: bool,
    /// Bits still to come.
    pub shift: u32,
}

/// Decodes the blocks of one scan.
pub(super) struct BlockDecoder {
    pub progressive: bool,
    pub selection: Selection,
    /// Blocks that are known to be empty from here on.
    empty_run: u32,
}

impl BlockDecoder {
    pub fn new(progressive: bool, selection: Selection) -> Self {
        Self {
            progressive,
            selection,
            empty_run: 0,
        }
    }

    pub fn restart(&mut self) {
        self.empty_run = 0;
    }

    /// Adds what this scan says about a block. `prediction` is the DC value of the last block of
    /// the same component.
    pub fn block(
        &mut self,
        bits: &mut Bits<'_>,
        (dc, ac): (&Huffman, &Huffman),
        prediction: &mut i32,
        block: &mut Block,
    ) {
        let Selection {
            first,
            refines,
            shift,
            ..
        } = self.selection;
        match (self.progressive, first, refines) {
            (false, ..) => {
                sequential_dc(bits, dc, prediction, block, 0);
                sequential_ac(bits, ac, block);
            }
            (true, 0, false) => sequential_dc(bits, dc, prediction, block, shift),
            (true, 0, true) => {
                if bits.flag() {
                    block[0] |= 1 << shift;
                }
            }
            (true, _, false) => self.first_ac(bits, ac, block),
            (true, _, true) => self.refine_ac(bits, ac, block),
        }
    }

    /// A band of coefficients for the first time.
    fn first_ac(&mut self, bits: &mut Bits<'_>, ac: &Huffman, block: &mut Block) {
        if self.empty_run > 0 {
            self.empty_run -= 1;
            return;
        }
        let Selection {
            first, last, shift, ..
        } = self.selection;
        let mut k = u32::from(first);
        while k <= u32::from(last) {
            let symbol = bits.symbol(ac);
            let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            match (run, size) {
                (15, 0) => k += 16,
                (run, 0) => {
                    self.empty_run = (1 << run) - 1 + bits.take(run) as u32;
                    return;
                }
                _ => {
                    k += run;
                    let value = bits.signed(size) << shift;
                    set(block, k, value);
                    k += 1;
                }
            }
        }
    }

    /// One more bit for a band of coefficients.
    fn refine_ac(&mut self, bits: &mut Bits<'_>, ac: &Huffman, block: &mut Block) {
        let Selection {
            first, last, shift, ..
        } = self.selection;
        let bit = 1_i16 << shift;
        let mut k = first;
        if self.empty_run == 0 {
            while k <= last {
                let symbol = bits.symbol(ac);
                let (mut run, size) = (u32::from(symbol >> 4), symbol & 15);
                let mut value = 0;
                if size == 0 {
                    if run < 15 {
                        self.empty_run = (1 << run) + bits.take(run) as u32;
                        break;
                    }
                } else {
                    value = if bits.flag() { bit } else { -bit };
                }
                // The run counts coefficients that are still zero; the others get their bit.
                while k <= last {
                    let coefficient = &mut block[usize::from(ZIGZAG[usize::from(k & 63)])];
                    k += 1;
                    if *coefficient != 0 {
                        refine(bits, coefficient, bit);
                    } else if run == 0 {
                        *coefficient = value;
                        break;
                    } else {
                        run -= 1;
                    }
                }
            }
        }
        if self.empty_run > 0 {
            self.empty_run -= 1;
            for k in k..=last {
                let coefficient = &mut block[usize::from(ZIGZAG[usize::from(k & 63)])];
                if *coefficient != 0 {
                    refine(bits, coefficient, bit);
                }
            }
        }
    }
}

fn refine(bits: &mut Bits<'_>, coefficient: &mut i16, bit: i16) {
    if bits.flag() && *coefficient & bit == 0 {
        let change = if *coefficient > 0 { bit } else { -bit };
        *coefficient = coefficient.wrapping_add(change);
    }
}

fn sequential_dc(
    bits: &mut Bits<'_>,
    dc: &Huffman,
    prediction: &mut i32,
    block: &mut Block,
    shift: u32,
) {
    let size = u32::from(bits.symbol(dc) & 15);
    // Kept small so that a damaged file cannot overflow it.
    *prediction = (*prediction + bits.signed(size)).clamp(-0x8000, 0x7fff);
    block[0] = (*prediction << shift) as i16;
}

fn sequential_ac(bits: &mut Bits<'_>, ac: &Huffman, block: &mut Block) {
    let mut k = 1;
    while k < 64 {
        let symbol = bits.symbol(ac);
        let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        match (run, size) {
            (15, 0) => k += 16,
            (_, 0) => return,
            _ => {
                k += run;
                let value = bits.signed(size);
                set(block, k, value);
                k += 1;
            }
        }
    }
}

/// Sets the k-th coefficient in file order, if there is one.
fn set(block: &mut Block, k: u32, value: i32) {
    if let Some(position) = ZIGZAG.get(k as usize) {
        block[usize::from(*position)] = value as i16;
    }
}
