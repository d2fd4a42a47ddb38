//! Matrices read some rows at a time, for a form that is smaller than f32.

use super::super::quantised::{Bits, Maker, Quantised};
use super::{Origin, Store, StoredDtype, TensorProblem, Weights, convert, placeholder, random};
use crate::nn::cancel;
use candle_core::{DType, Device, Result, Shape, Tensor};
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A matrix in one of its forms.
pub(in super::super) enum Matrix {
    /// All its bits, (rows, columns).
    Dense(Tensor),
    /// Few bits.
    Quantised(Quantised),
}

impl Weights {
    /// The same view in which the matrices of linear layers have few bits, where their rows can be
    /// cut into blocks; `None` for all bits.
    #[must_use]
    pub fn quantised(mut self, bits: Option<Bits>) -> Self {
        self.bits = bits;
        self
    }

    /// The matrix `name` (rows, columns) below the prefix, with as many bits as this view has.
    pub(in super::super) fn matrix(
        &self,
        (rows, columns): (usize, usize),
        name: &str,
    ) -> Result<Matrix> {
        let path = self.path(name);
        let trained = self.trainable.as_ref().is_some_and(|filter| filter(&path));
        let Some(bits) = self.bits.filter(|bits| bits.fits(columns) && !trained) else {
            return self.get((rows, columns), name).map(Matrix::Dense);
        };
        if self.rehearsal {
            let matrix = self.get((rows, columns), name)?;
            self.note_held(&path, bits.bytes(rows * columns));
            return Ok(Matrix::Dense(matrix));
        }
        cancel::checkpoint()?;
        let Store { origin, device, .. } = &*self.store;
        let shape = Shape::from((rows, columns));
        let made = match origin {
            Origin::Random(seed) => {
                let matrix = random::tensor(*seed, &path, &shape, DType::F32, &Device::Cpu)?;
                Ok(from_tensor(bits, &matrix, device)?)
            }
            Origin::Files(files) => match files.get(&path) {
                Some(stored) if stored.dims() == [rows, columns] => {
                    let bytes = files.bytes(&path).map_err(candle_core::Error::wrap)?;
                    let made = if device.is_cpu() {
                        from_bytes(bits, &bytes, stored.dtype(), (rows, columns))?
                    } else {
                        convert::tensor(&bytes, stored.dtype(), &shape, DType::F32, &Device::Cpu)?
                            .map(|matrix| from_tensor(bits, &matrix, device))
                            .map_or_else(|problem| Ok(Err(problem)), |made| made.map(Ok))?
                    };
                    files.forget(&path, &bytes);
                    made
                }
                // Missing or of another shape: noted as for any other tensor.
                _ => return self.get((rows, columns), name).map(Matrix::Dense),
            },
        };
        match made {
            Ok(matrix) => {
                self.log().used.insert(path);
                self.tell(bits.bytes(rows * columns));
                Ok(Matrix::Quantised(matrix))
            }
            Err(problem) => self.note(path, problem, shape).map(Matrix::Dense),
        }
    }

    /// A tensor that takes no memory, noted with the bytes it would take.
    pub(super) fn rehearsed(&self, path: String, shape: Shape) -> Result<Tensor> {
        let Store { dtype, device, .. } = &*self.store;
        self.note_held(&path, shape.elem_count() * dtype.size_in_bytes());
        self.log().asked.insert(path.clone(), shape.dims().to_vec());
        self.log().used.insert(path);
        placeholder(shape, *dtype, device)
    }

    pub(super) fn note_held(&self, path: &str, bytes: usize) {
        self.log().held.insert(path.to_owned(), bytes as u64);
    }

    /// Bytes that the tensors a rehearsal asked for take once they are loaded.
    pub fn held_bytes(&self) -> u64 {
        self.log().held.values().sum()
    }
}

/// From stored floats, piece by piece on all threads; the inner error is about the tensor.
fn from_bytes(
    bits: Bits,
    bytes: &[u8],
    stored: StoredDtype,
    (rows, columns): (usize, usize),
) -> Result<std::result::Result<Quantised, TensorProblem>> {
    let maker = Maker::new(bits, rows, columns);
    let bad = AtomicUsize::new(0);
    let size = (stored.bitsize() / 8).max(1);
    let known = bytes
        .par_chunks(Maker::ROWS * columns * size)
        .enumerate()
        .map(|(i, bytes)| -> Result<bool> {
            let mut numbers = vec![0f32; bytes.len() / size];
            let Some(here) = convert::floats(bytes, stored, &mut numbers) else {
                return Ok(false);
            };
            bad.fetch_add(here, Ordering::Relaxed);
            maker.piece(i, &numbers)?;
            Ok(true)
        })
        .try_reduce(|| true, |a, b| Ok(a && b))?;
    Ok(match bad.into_inner() {
        _ if !known => Err(TensorProblem::Format(format!("{stored:?}"))),
        0 => Ok(maker.finish(rows)),
        count => Err(TensorProblem::NotFinite(count)),
    })
}

fn from_tensor(bits: Bits, matrix: &Tensor, device: &Device) -> Result<Quantised> {
    if !device.is_cpu() {
        return Quantised::on_device(bits, matrix, device);
    }
    let (rows, columns) = matrix.dims2()?;
    let numbers = matrix.flatten_all()?.to_vec1::<f32>()?;
    let maker = Maker::new(bits, rows, columns);
    numbers
        .par_chunks(Maker::ROWS * columns)
        .enumerate()
        .try_for_each(|(i, numbers)| maker.piece(i, numbers))?;
    Ok(maker.finish(rows))
}
