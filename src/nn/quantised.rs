//! Matrices whose numbers have eight or four bits.
//!
//! A product spreads a few rows at a time into f32 and multiplies those: the whole matrix is never
//! there in f32, activations keep all their bits, and nothing is packed a second time. candle's own
//! quantised product keeps a second copy of the matrix on processors with AVX-512, which is what
//! somebody short of memory cannot have; a GPU uses it.
//!
//! Both formats are those of GGML: Q8_0, 32 codes of eight bits and one scale; Q4_K, 256 codes of
//! four bits in eight groups with a scale and an offset each.

use super::gemm::{Into, Mat, MatMut, Threads, matmul};
use super::parallel::{self, buffer};
use super::scratch::scratch;
use super::simd::vectorised;
use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{Device, Module as _, Result, Tensor, bail};
use half::f16;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// How many bits the numbers of a matrix have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bits {
    /// Q8_0: 8.5 bits per number, error about 0.9 %.
    Eight,
    /// Q4_K: 4.5 bits per number, error about 7.5 %.
    Four,
}

/// Codes per block of Q8_0.
const BLOCK_8: usize = 32;
/// Codes per block of Q4_K, ...
const BLOCK_4: usize = 256;
/// ... and its bytes: two scales, twelve bytes of group scales and offsets, the codes.
const BLOCK_4_BYTES: usize = 144;

impl Bits {
    /// Whether rows of this many numbers can be stored so.
    pub fn fits(self, columns: usize) -> bool {
        columns > 0 && columns.is_multiple_of(self.block())
    }

    /// Bytes of so many numbers.
    pub fn bytes(self, numbers: usize) -> usize {
        match self {
            Self::Eight => numbers / BLOCK_8 * (BLOCK_8 + size_of::<f16>()),
            Self::Four => numbers / BLOCK_4 * BLOCK_4_BYTES,
        }
    }

    /// How many, as they are called; blocks add half a bit per number.
    pub fn count(self) -> u8 {
        match self {
            Self::Eight => 8,
            Self::Four => 4,
        }
    }

    fn block(self) -> usize {
        match self {
            Self::Eight => BLOCK_8,
            Self::Four => BLOCK_4,
        }
    }
}

/// A matrix (rows, columns) of few bits.
pub(super) struct Quantised {
    rows: usize,
    columns: usize,
    codes: Codes,
}

enum Codes {
    /// Row by row; one scale per block.
    Eight { scales: Vec<f16>, codes: Vec<i8> },
    /// Blocks row by row, as GGML lays them out.
    Four(Vec<u8>),
    /// On a GPU.
    Device(QMatMul),
}

impl fmt::Debug for Quantised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.codes {
            Codes::Eight { .. } => "Q8_0",
            Codes::Four(_) => "Q4_K",
            Codes::Device(_) => "on a device",
        };
        write!(f, "Quantised({}x{}, {kind})", self.rows, self.columns)
    }
}

/// Rows that are spread at once: their numbers stay in a core's cache, and there are enough of them
/// for the product to be busy with more than preparing.
const ROWS: usize = 64;
/// Up to this many rows of input a product is limited by reading the codes, once.
const FEW_ROWS: usize = 8;

/// A matrix that is made piece by piece, from several threads.
pub(super) struct Maker {
    bits: Bits,
    columns: usize,
    pieces: Vec<Mutex<Codes>>,
}

impl Maker {
    /// Rows per piece.
    pub(super) const ROWS: usize = ROWS;

    pub(super) fn new(bits: Bits, rows: usize, columns: usize) -> Self {
        let empty = || Mutex::new(Codes::Four(Vec::new()));
        Self {
            bits,
            columns,
            pieces: (0..rows.div_ceil(ROWS)).map(|_| empty()).collect(),
        }
    }

    /// Takes the numbers of piece `index`: [`Maker::ROWS`] rows, the last piece maybe fewer.
    pub(super) fn piece(&self, index: usize, numbers: &[f32]) -> Result<()> {
        let made = match self.bits {
            Bits::Eight => eight(numbers),
            Bits::Four => four(numbers, self.columns)?,
        };
        let Some(place) = self.pieces.get(index) else {
            bail!("a matrix has no piece {index}")
        };
        *place.lock().unwrap_or_else(PoisonError::into_inner) = made;
        Ok(())
    }

    /// The whole matrix, in main memory.
    pub(super) fn finish(self, rows: usize) -> Quantised {
        let numbers = rows * self.columns;
        let mut scales = Vec::new();
        let (mut codes, mut blocks) = (Vec::new(), Vec::new());
        match self.bits {
            Bits::Eight => {
                codes.reserve_exact(numbers);
                scales.reserve_exact(numbers / BLOCK_8);
            }
            Bits::Four => blocks.reserve_exact(self.bits.bytes(numbers)),
        }
        for piece in self.pieces {
            match piece.into_inner().unwrap_or_else(PoisonError::into_inner) {
                Codes::Eight {
                    scales: s,
                    codes: c,
                } => {
                    scales.extend(s);
                    codes.extend(c);
                }
                Codes::Four(bytes) => blocks.extend(bytes),
                Codes::Device(_) => {}
            }
        }
        Quantised {
            rows,
            columns: self.columns,
            codes: match self.bits {
                Bits::Eight => Codes::Eight { scales, codes },
                Bits::Four => Codes::Four(blocks),
            },
        }
    }
}

/// Q8_0: the largest number of a block gets the code 127 or -127.
fn eight(numbers: &[f32]) -> Codes {
    let mut scales = Vec::with_capacity(numbers.len() / BLOCK_8);
    let mut codes = Vec::with_capacity(numbers.len());
    for block in numbers.as_chunks::<BLOCK_8>().0 {
        let largest = block.iter().fold(0f32, |most, x| most.max(x.abs()));
        let scale = largest / 127.0;
        let inverse = if scale > 0.0 { scale.recip() } else { 0.0 };
        scales.push(f16::from_f32(scale));
        codes.extend(block.iter().map(|x| (x * inverse).round() as i8));
    }
    Codes::Eight { scales, codes }
}

/// Q4_K, whose scales are searched for as GGML does.
fn four(numbers: &[f32], columns: usize) -> Result<Codes> {
    let shape = (numbers.len() / columns.max(1), columns);
    let numbers = Tensor::from_slice(numbers, shape, &Device::Cpu)?;
    let made = QTensor::quantize(&numbers, GgmlDType::Q4K)?;
    Ok(Codes::Four(made.data()?.into_owned()))
}

impl Quantised {
    /// A matrix on a GPU, from one in main memory (rows, columns).
    pub(super) fn on_device(bits: Bits, matrix: &Tensor, device: &Device) -> Result<Self> {
        let (rows, columns) = matrix.dims2()?;
        let kind = match bits {
            Bits::Eight => GgmlDType::Q8_0,
            Bits::Four => GgmlDType::Q4K,
        };
        let made = QTensor::quantize_onto(matrix, kind, device)?;
        Ok(Self {
            rows,
            columns,
            codes: Codes::Device(QMatMul::from_qtensor(made)?),
        })
    }

    /// Rows and columns.
    pub(super) fn dims(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    /// The product on a GPU, where this matrix lies on one: (.., columns) to (.., rows).
    pub(super) fn device_product(&self, x: &Tensor) -> Option<Result<Tensor>> {
        let Codes::Device(matrix) = &self.codes else {
            return None;
        };
        // Its kernels read f32; half precision has fewer bits than it could use.
        let product = || {
            let x32 = x.to_dtype(candle_core::DType::F32)?.contiguous()?;
            matrix.forward(&x32)?.to_dtype(x.dtype())
        };
        Some(product())
    }

    /// Spreads row `row` into `out`, one number per column.
    #[inline(always)]
    fn spread(&self, row: usize, out: &mut [f32]) {
        match &self.codes {
            Codes::Eight { scales, codes } => {
                let codes = &codes[row * self.columns..(row + 1) * self.columns];
                let blocks = self.columns / BLOCK_8;
                let scales = &scales[row * blocks..(row + 1) * blocks];
                let blocks = codes.as_chunks::<BLOCK_8>().0.iter().zip(scales);
                for (out, (codes, scale)) in out.as_chunks_mut::<BLOCK_8>().0.iter_mut().zip(blocks)
                {
                    let scale = scale.to_f32();
                    for (out, code) in out.iter_mut().zip(codes) {
                        *out = f32::from(*code) * scale;
                    }
                }
            }
            Codes::Four(bytes) => {
                let length = self.columns / BLOCK_4 * BLOCK_4_BYTES;
                let blocks = bytes[row * length..(row + 1) * length].as_chunks().0;
                for (out, block) in out.as_chunks_mut().0.iter_mut().zip(blocks) {
                    spread_four(block, out);
                }
            }
            Codes::Device(_) => {}
        }
    }

    /// `x W^T + b` for rows of `x`; everything in main memory.
    pub(super) fn product(&self, x: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
        let count = x.len() / self.columns;
        let steps = self.rows * self.columns * count.max(4) / 8;
        let mut columns = buffer(self.rows * count); // (rows of W, rows of x)
        parallel::pieces(&mut columns, ROWS * count, steps, |piece, out| {
            let first = piece * ROWS;
            if count <= FEW_ROWS {
                scratch(self.columns, |row| {
                    for (i, out) in out.chunks_exact_mut(count).enumerate() {
                        vectorised(
                            #[inline(always)]
                            || {
                                self.spread(first + i, row);
                                for (y, x) in out.iter_mut().zip(x.chunks_exact(self.columns)) {
                                    *y = super::simd::dot(x, row);
                                }
                            },
                        );
                    }
                });
            } else {
                let rows = out.len() / count;
                scratch(rows * self.columns, |matrix| {
                    for (i, row) in matrix.chunks_exact_mut(self.columns).enumerate() {
                        vectorised(
                            #[inline(always)]
                            || self.spread(first + i, row),
                        );
                    }
                    let matrix = Mat::new(matrix, rows, self.columns);
                    let x = Mat::new(x, count, self.columns).t();
                    let out = MatMut::new(out, rows, count);
                    matmul(out, matrix, x, 1.0, Into::Set, Threads::One);
                });
            }
        });
        self.rows_first(&columns, count, bias)
    }

    /// (rows of W, rows of x) to (rows of x, rows of W), and the bias.
    fn rows_first(&self, columns: &[f32], count: usize, bias: Option<&[f32]>) -> Vec<f32> {
        let mut out = buffer(columns.len());
        parallel::pieces(&mut out, self.rows, columns.len(), |i, out| {
            for (j, y) in out.iter_mut().enumerate() {
                *y = columns[j * count + i] + bias.map_or(0.0, |bias| bias[j]);
            }
        });
        out
    }

    /// `g W` for rows of `g`, which pulls a gradient back to the input; in main memory.
    pub(super) fn back(&self, g: &[f32]) -> Vec<f32> {
        let count = g.len() / self.rows;
        let mut out = vec![0.0; count * self.columns];
        scratch(ROWS * self.columns, |matrix| {
            for first in (0..self.rows).step_by(ROWS) {
                let rows = ROWS.min(self.rows - first);
                for (i, row) in matrix.chunks_exact_mut(self.columns).take(rows).enumerate() {
                    self.spread(first + i, row);
                }
                matmul(
                    MatMut::new(&mut out, count, self.columns),
                    Mat::strided(&g[first..], count, rows, self.rows),
                    Mat::new(matrix, rows, self.columns),
                    1.0,
                    Into::Add,
                    Threads::All,
                );
            }
        });
        out
    }
}

/// One block of Q4_K: group `i` of 32 is `scale * s_i * code - offset * o_i`, where the eight `s_i`
/// and `o_i` have six bits each, packed into twelve bytes.
#[inline(always)]
fn spread_four(block: &[u8; BLOCK_4_BYTES], out: &mut [f32; BLOCK_4]) {
    let half = |at: usize| f16::from_le_bytes([block[at], block[at + 1]]).to_f32();
    let (scale, offset) = (half(0), half(2));
    let packed = &block[4..16];
    let codes = block[16..].as_chunks::<32>().0;
    for (pair, codes) in codes.iter().enumerate() {
        // Two groups share 32 bytes: the low halves, then the high ones.
        for high in 0..2 {
            let group = 2 * pair + high;
            let (s, o) = if group < 4 {
                (packed[group] & 63, packed[group + 4] & 63)
            } else {
                let low = packed[group + 4];
                let (s, o) = (packed[group - 4] >> 6, packed[group] >> 6);
                (low & 15 | s << 4, low >> 4 | o << 4)
            };
            let (s, o) = (scale * f32::from(s), offset * f32::from(o));
            let out = &mut out[32 * group..32 * group + 32];
            for (out, code) in out.iter_mut().zip(codes) {
                let code = if high == 0 { code & 15 } else { code >> 4 };
                *out = f32::from(code) * s - o;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::noise::Stream;

    fn numbers(count: usize) -> Vec<f32> {
        let stream = Stream::new(7, "matrix", 0, 0);
        let words = (0..count.div_ceil(4) as u64).flat_map(|block| stream.block(block));
        let numbers = words.map(|word| (word as i32) as f32 / 2_147_483_648.0);
        numbers.take(count).collect()
    }

    fn made(bits: Bits, rows: usize, columns: usize) -> Result<(Quantised, Vec<f32>)> {
        let numbers = numbers(rows * columns);
        let maker = Maker::new(bits, rows, columns);
        for (i, piece) in numbers.chunks(Maker::ROWS * columns).enumerate() {
            maker.piece(i, piece)?;
        }
        Ok((maker.finish(rows), numbers))
    }

    #[test]
    fn four_bits_are_spread_as_ggml_does() -> Result<()> {
        let (rows, columns) = (70, 512);
        let (matrix, numbers) = made(Bits::Four, rows, columns)?;
        let tensor = Tensor::from_vec(numbers, (rows, columns), &Device::Cpu)?;
        let theirs = QTensor::quantize(&tensor, GgmlDType::Q4K)?.dequantize(&Device::Cpu)?;
        for (i, theirs) in theirs.to_vec2::<f32>()?.iter().enumerate() {
            let mut ours = vec![0.0; columns];
            matrix.spread(i, &mut ours);
            let worst = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs());
            assert!(worst.fold(0.0, f32::max) < 1e-6);
        }
        Ok(())
    }

    #[test]
    fn products_are_those_of_the_spread_matrix_whatever_the_number_of_rows() -> Result<()> {
        for (bits, error) in [(Bits::Eight, 0.01), (Bits::Four, 0.1)] {
            let (rows, columns) = (150, 256);
            let (matrix, exact) = made(bits, rows, columns)?;
            let bias = numbers(rows);
            for count in [1, FEW_ROWS, FEW_ROWS + 9] {
                let x = numbers(count * columns);
                let y = matrix.product(&x, Some(&bias));
                let mut row = vec![0.0; columns];
                let (mut off, mut size) = (0.0, 0.0);
                for j in 0..rows {
                    matrix.spread(j, &mut row);
                    for (i, x) in x.chunks_exact(columns).enumerate() {
                        let dot = |w: &[f32]| x.iter().zip(w).map(|(a, b)| a * b).sum::<f32>();
                        let found = y[i * rows + j];
                        assert!((found - dot(&row) - bias[j]).abs() < 1e-3);
                        let whole = dot(&exact[j * columns..(j + 1) * columns]) + bias[j];
                        off += (found - whole).powi(2);
                        size += whole.powi(2);
                    }
                }
                assert!((off / size).sqrt() < error, "{bits:?}: {}", off / size);
            }
            // Pulling back is the product with the transposed matrix.
            let g = numbers(2 * rows);
            let back = matrix.back(&g);
            let mut expected = vec![0.0; 2 * columns];
            let mut row = vec![0.0; columns];
            for j in 0..rows {
                matrix.spread(j, &mut row);
                for i in 0..2 {
                    let g = g[i * rows + j];
                    let into = &mut expected[i * columns..(i + 1) * columns];
                    into.iter_mut().zip(&row).for_each(|(e, w)| *e += g * w);
                }
            }
            let worst = back.iter().zip(&expected).map(|(a, b)| (a - b).abs());
            assert!(worst.fold(0.0, f32::max) < 1e-4);
        }
        Ok(())
    }
}
