//! The numbers of planned tensors, one tensor at a time.

use super::super::Problem;
use super::{PlannedTensor, Recognised, TensorOperation, TensorPlace};
use crate::models::eva_vit::resize_positions;
use crate::nn::{LoadError, StoredDtype, WeightFile};
use candle_core::{DType, Device, Tensor};
use half::{bf16, f16};
use std::borrow::Cow;
use std::path::Path;

/// The weight files of a plan, mapped.
#[derive(Debug)]
pub struct OpenedFiles {
    files: Vec<WeightFile>,
}

impl Recognised {
    /// Maps the weight files again, to read from them.
    ///
    /// # Errors
    /// When one has gone or changed.
    pub fn open(&self) -> Result<OpenedFiles, Problem> {
        let mut files = Vec::new();
        for file in &self.weight_files {
            files.push(WeightFile::open(&file.path).map_err(|e| weight_problem(&e))?);
        }
        Ok(OpenedFiles { files })
    }
}

impl OpenedFiles {
    /// The numbers of a planned tensor: contiguous, little-endian, of its dtype and shape. Borrowed
    /// from the mapped file where nothing has to be done; nothing else is held.
    ///
    /// # Errors
    /// When a source is not there any more or is damaged.
    pub fn bytes(&self, tensor: &PlannedTensor) -> Result<Cow<'_, [u8]>, Problem> {
        let source = |index: usize| match tensor.sources.get(index) {
            Some(place) => self.stored(place),
            None => Err(gone(tensor)),
        };
        let bytes = match &tensor.operation {
            TensorOperation::Copy | TensorOperation::Squeeze => source(0)?,
            TensorOperation::QueryValueBias => {
                let (queries, values) = (source(0)?, source(1)?);
                let mut joined = queries.to_vec();
                joined.resize(queries.len() * 2, 0); // zero is all zero bits in every dtype
                joined.extend_from_slice(&values);
                Cow::Owned(joined)
            }
            TensorOperation::Rows { start, end } => {
                let rows = self.rows(tensor, 0).filter(|&rows| rows > 0);
                let row = source(0)?.len() / rows.ok_or_else(|| gone(tensor))?;
                slice(source(0)?, start * row, end * row).ok_or_else(|| gone(tensor))?
            }
            TensorOperation::Transpose => {
                let (rows, row) = match tensor.dims[..] {
                    [columns, rows] => (rows, columns),
                    _ => return Err(gone(tensor)),
                };
                let size = tensor.dtype.bitsize() / 8;
                let turned = transposed(&source(0)?, rows, row, size);
                Cow::Owned(turned.ok_or_else(|| gone(tensor))?)
            }
            TensorOperation::ResizePositions { from, to } => {
                let table = source(0)?;
                let resized = resized(&table, tensor, *from, *to);
                Cow::Owned(resized.map_err(|e| {
                    Problem::new(format!("{} cannot be resized: {e}.", tensor.name))
                })?)
            }
        };
        if bytes.len() as u64 != tensor.bytes() {
            return Err(gone(tensor));
        }
        Ok(bytes)
    }

    fn stored(&self, place: &TensorPlace) -> Result<Cow<'_, [u8]>, Problem> {
        match self.files.get(place.file) {
            Some(file) => file.bytes(&place.name).map_err(|e| weight_problem(&e)),
            None => Err(Problem::new("A weight file of the plan is not open.")),
        }
    }

    /// Rows of a stored source.
    fn rows(&self, tensor: &PlannedTensor, source: usize) -> Option<usize> {
        let place = tensor.sources.get(source)?;
        let stored = self.files.get(place.file)?.tensors().get(&place.name)?;
        stored.dims().first().copied()
    }
}

fn gone(tensor: &PlannedTensor) -> Problem {
    Problem::new(format!(
        "{} is not stored as it was when the files were looked at.",
        tensor.name
    ))
    .hint("The files have changed. Look at them again.")
}

fn slice(bytes: Cow<'_, [u8]>, from: usize, to: usize) -> Option<Cow<'_, [u8]>> {
    Some(match bytes {
        Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(from..to)?),
        Cow::Owned(bytes) => Cow::Owned(bytes.get(from..to)?.to_vec()),
    })
}

/// A (rows, columns) matrix as (columns, rows), `size` bytes per number.
fn transposed(bytes: &[u8], rows: usize, columns: usize, size: usize) -> Option<Vec<u8>> {
    let mut turned = Vec::with_capacity(bytes.len());
    for column in 0..columns {
        for row in 0..rows {
            let at = (row * columns + column) * size;
            turned.extend_from_slice(bytes.get(at..at + size)?);
        }
    }
    Some(turned)
}

/// A position table on another grid, by way of f32.
fn resized(
    bytes: &[u8],
    tensor: &PlannedTensor,
    from: usize,
    to: usize,
) -> candle_core::Result<Vec<u8>> {
    let values: Vec<f32> = match tensor.dtype {
        StoredDtype::F32 => numbers(bytes, f32::from_le_bytes),
        StoredDtype::F16 => numbers(bytes, |b| f16::from_le_bytes(b).to_f32()),
        StoredDtype::BF16 => numbers(bytes, |b| bf16::from_le_bytes(b).to_f32()),
        other => candle_core::bail!("it is stored as {other:?}"),
    };
    let width = tensor.dims.last().copied().unwrap_or(0);
    let table = Tensor::from_vec(values, (1, from * from + 1, width), &Device::Cpu)?;
    let table = resize_positions(&table, to, to)?.to_dtype(DType::F32)?;
    let values: Vec<f32> = table.flatten_all()?.to_vec1()?;
    Ok(match tensor.dtype {
        StoredDtype::F16 => values
            .iter()
            .flat_map(|&v| f16::from_f32(v).to_le_bytes())
            .collect(),
        StoredDtype::BF16 => values
            .iter()
            .flat_map(|&v| bf16::from_f32(v).to_le_bytes())
            .collect(),
        _ => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
    })
}

fn numbers<const SIZE: usize>(bytes: &[u8], read: impl Fn([u8; SIZE]) -> f32) -> Vec<f32> {
    bytes
        .as_chunks()
        .0
        .iter()
        .map(|chunk| read(*chunk))
        .collect()
}

/// How many of a tensor's numbers are NaN or infinite. Whole numbers never are.
pub fn not_finite(bytes: &[u8], dtype: StoredDtype) -> usize {
    fn count<const SIZE: usize>(bytes: &[u8], is_finite: impl Fn([u8; SIZE]) -> bool) -> usize {
        let chunks = bytes.as_chunks().0.iter();
        chunks.filter(|chunk| !is_finite(**chunk)).count()
    }
    match dtype {
        StoredDtype::F64 => count(bytes, |b| f64::from_le_bytes(b).is_finite()),
        StoredDtype::F32 => count(bytes, |b| f32::from_le_bytes(b).is_finite()),
        StoredDtype::F16 => count(bytes, |b| f16::from_le_bytes(b).is_finite()),
        StoredDtype::BF16 => count(bytes, |b| bf16::from_le_bytes(b).is_finite()),
        _ => 0,
    }
}

/// A weight error as a person reads it.
pub(super) fn weight_problem(error: &LoadError) -> Problem {
    Problem {
        hint: error.hint().map(str::to_owned),
        file: error.file().map(Path::to_path_buf),
        ..Problem::new(error.message())
    }
}
