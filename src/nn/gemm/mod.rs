//! Matrix products on slices.

#[cfg(target_arch = "x86_64")]
mod pairs;
mod products;

use super::parallel;
use super::scratch::scratch;
use super::transpose::turn;

#[cfg(target_arch = "x86_64")]
pub(in crate::nn) use pairs::kernels;
pub use products::Products;
#[cfg(target_arch = "x86_64")]
pub(super) use products::are_rounded;

/// A matrix inside a slice.
#[derive(Clone, Copy)]
pub(super) struct Mat<'a> {
    data: &'a [f32],
    layout: Strided,
}

/// A matrix inside a slice, to be written.
pub(super) struct MatMut<'a> {
    data: &'a mut [f32],
    layout: Strided,
}

#[derive(Clone, Copy)]
struct Strided {
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl Strided {
    fn rows(rows: usize, cols: usize, row_stride: usize) -> Self {
        Self {
            rows,
            cols,
            row_stride,
            col_stride: 1,
        }
    }

    /// Panics unless every element lies inside `len` numbers: the product relies on it.
    fn check(self, len: usize) -> Self {
        if self.rows > 0 && self.cols > 0 {
            let last = (self.rows - 1) * self.row_stride + (self.cols - 1) * self.col_stride;
            assert!(last < len, "a matrix reaches outside its slice");
        }
        self
    }

    /// Whether its rows or its columns are contiguous.
    #[cfg(target_arch = "x86_64")]
    fn has_vectors(self) -> bool {
        self.col_stride == 1 || self.row_stride == 1
    }

    fn t(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }
}

impl<'a> Mat<'a> {
    /// Rows one after another.
    pub fn new(data: &'a [f32], rows: usize, cols: usize) -> Self {
        Self::strided(data, rows, cols, cols)
    }

    /// Rows that start `row_stride` numbers apart.
    pub fn strided(data: &'a [f32], rows: usize, cols: usize, row_stride: usize) -> Self {
        let layout = Strided::rows(rows, cols, row_stride).check(data.len());
        Self { data, layout }
    }

    /// Some of the rows.
    pub fn rows(self, rows: std::ops::Range<usize>) -> Self {
        let layout = Strided {
            rows: rows.len(),
            ..self.layout
        };
        let data = &self.data[rows.start * layout.row_stride..];
        let layout = layout.check(data.len());
        Self { data, layout }
    }

    /// The number of columns.
    pub fn cols(self) -> usize {
        self.layout.cols
    }

    /// The transposed matrix, in place.
    pub fn t(self) -> Self {
        Self {
            data: self.data,
            layout: self.layout.t(),
        }
    }
}

impl<'a> MatMut<'a> {
    /// Rows one after another.
    pub fn new(data: &'a mut [f32], rows: usize, cols: usize) -> Self {
        Self::strided(data, rows, cols, cols)
    }

    /// Rows that start `row_stride` numbers apart.
    pub fn strided(data: &'a mut [f32], rows: usize, cols: usize, row_stride: usize) -> Self {
        let layout = Strided::rows(rows, cols, row_stride).check(data.len());
        Self { data, layout }
    }
}

/// What happens to the numbers already in the output.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Into {
    /// They are overwritten.
    Set,
    /// The product is added to them.
    Add,
}

/// Who works on a product.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Threads {
    /// The caller alone, who is one of several.
    One,
    /// All threads, when the product is large enough.
    All,
}

impl Threads {
    /// The cost of `steps` elementary steps as [`parallel`] is to see it.
    pub fn steps(self, steps: usize) -> usize {
        match self {
            Self::One => 0,
            Self::All => steps,
        }
    }
}

/// Rows below which a thread would spend more on preparing the right matrix than on the product,
/// while that matrix fits into the thread's cache ...
const ROWS_PER_THREAD: usize = 32;
/// ... and where it does not: every task reads and packs the whole of it again.
const ROWS_PER_THREAD_LARGE: usize = 512;
/// Numbers a right matrix may have to count as small; 2 MB.
const SMALL_MATRIX: usize = 1 << 19;

/// [`matmul`] into some columns of the rows of `out`, which start `row_stride` numbers apart.
///
/// The rows are shared among the threads as whole tasks: nobody waits for another thread inside the
/// product, which matters on a busy machine.
///
/// # Panics
/// As [`matmul`].
pub(super) fn matmul_rows(
    out: &mut [f32],
    row_stride: usize,
    first_column: usize,
    a: Mat,
    b: Mat,
    into: Into,
) {
    let (rows, columns, threads) = (a.layout.rows, b.layout.cols, rayon::current_num_threads());
    let out = &mut out[..rows * row_stride];
    let steps = rows * columns * a.layout.cols / 32;
    let least = if columns * a.layout.cols <= SMALL_MATRIX {
        ROWS_PER_THREAD
    } else {
        ROWS_PER_THREAD_LARGE
    };
    if rows < least * threads || !parallel::worth_sharing(steps) {
        let out = MatMut::strided(&mut out[first_column..], rows, columns, row_stride);
        return matmul(out, a, b, 1.0, into, Threads::All);
    }
    // Two tasks per thread, so that one that started late is helped.
    let chunk = rows.div_ceil(2 * threads).max(least / 2);
    let chunk = chunk.next_multiple_of(8);
    parallel::pieces(out, chunk * row_stride, steps, |i, out| {
        let count = out.len() / row_stride;
        let a = a.rows(i * chunk..i * chunk + count);
        let out = MatMut::strided(&mut out[first_column..], count, columns, row_stride);
        matmul(out, a, b, 1.0, into, Threads::One);
    });
}

/// `out = x w^T`, or added to what is there, for matrices whose rows lie one after another: `x`
/// (rows, k), `w` (columns, k).
///
/// The product reads columns of `w^T` as vectors, whose numbers lie far apart in `w`. Turning `w`
/// first takes a fifth of the time that the product's own packing would, and happens once: in large
/// matrices every task turns the columns it works on, in small ones all tasks share the whole.
///
/// # Panics
/// As [`matmul`].
pub(super) fn matmul_transposed(out: &mut [f32], x: &[f32], w: &[f32], k: usize, into: Into) {
    /// Columns of a task are a multiple of this, the longest register tile.
    const TILE: usize = 64;
    let (rows, columns, threads) = (x.len() / k, w.len() / k, rayon::current_num_threads());
    let x = Mat::new(x, rows, k);
    if w.len() <= SMALL_MATRIX {
        return scratch(w.len(), |turned| {
            parallel::pieces(turned, TILE * columns, w.len(), |i, out| {
                turn(w, k, i * TILE, out);
            });
            matmul_rows(out, columns, 0, x, Mat::new(turned, k, columns), into);
        });
    }
    let share = columns.div_ceil(2 * threads).min(SMALL_MATRIX / k);
    let width = share.next_multiple_of(TILE);
    let layout = Strided::rows(rows, columns, columns).check(out.len());
    let out = Shared(out.as_mut_ptr());
    let firsts = (0..columns).step_by(width).collect();
    parallel::each(firsts, rows * w.len() / 32, |first| {
        let cols = width.min(columns - first);
        scratch(cols * k, |turned| {
            turn(&w[first * k..(first + cols) * k], k, 0, turned);
            let b = Mat::new(turned, k, cols);
            #[expect(unsafe_code, reason = "columns of a matrix are not a slice")]
            // SAFETY: the layout was checked above, and no other task writes these columns.
            unsafe {
                let layout = Strided { cols, ..layout };
                multiply(out.at(first), layout, x, b, 1.0, into, Threads::One);
            }
        });
    });
}

/// An output whose tasks write different rows or columns.
#[derive(Clone, Copy)]
struct Shared(*mut f32);

#[expect(unsafe_code, reason = "tasks write different parts")]
// SAFETY: only `matmul_transposed` and `in_pairs` make one, and no two of their tasks write the same
// number.
unsafe impl Sync for Shared {}

impl Shared {
    fn at(&self, offset: usize) -> *mut f32 {
        self.0.wrapping_add(offset)
    }
}

/// `out = scale * a b`, or added to what is there.
///
/// # Panics
/// When the shapes do not fit: callers have checked theirs.
pub(super) fn matmul(out: MatMut, a: Mat, b: Mat, scale: f32, into: Into, threads: Threads) {
    #[expect(unsafe_code, reason = "calls the product on pointers")]
    // SAFETY: `Strided::check` put every element of the output inside its slice, which is borrowed
    // alone.
    unsafe {
        multiply(
            out.data.as_mut_ptr(),
            out.layout,
            a,
            b,
            scale,
            into,
            threads,
        );
    }
}

/// [`multiply`] with operands rounded to bf16; `shared` among all threads or not.
///
/// # Safety
/// As [`multiply`], and the processor must have such products.
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "tasks write different parts of one output")]
unsafe fn in_pairs(
    out: *mut f32,
    layout: Strided,
    a: Mat,
    b: Mat,
    scale: f32,
    into: Into,
    shared: bool,
) {
    /// A part is a multiple of this, so that no tile is cut.
    const TILE: usize = 48;
    let threads = if shared {
        rayon::current_num_threads()
    } else {
        1
    };
    let out = Shared(out);
    let by_rows = layout.rows >= layout.cols;
    let whole = if by_rows { layout.rows } else { layout.cols };
    let part = whole.div_ceil(threads).next_multiple_of(TILE);
    let parts = (0..whole).step_by(part).collect();
    parallel::each(parts, if shared { usize::MAX } else { 0 }, |first| {
        let count = part.min(whole - first);
        let (at, layout, a, b) = match by_rows {
            true => (
                out.at(first * layout.row_stride),
                Strided {
                    rows: count,
                    ..layout
                },
                a.rows(first..first + count),
                b,
            ),
            false => (
                out.at(first * layout.col_stride),
                Strided {
                    cols: count,
                    ..layout
                },
                a,
                b.t().rows(first..first + count).t(),
            ),
        };
        let of = |mat: Mat| (mat.data.as_ptr(), mat.layout);
        // SAFETY: the caller's promises; no other task writes these rows or columns.
        unsafe { pairs::multiply(at, layout, of(a), of(b), scale, into) };
    });
}

/// [`matmul`] at a pointer.
///
/// # Safety
/// The elements of `layout` at `out` must be there, and nobody else may use them meanwhile.
#[expect(unsafe_code, reason = "the gemm crate takes pointers")]
unsafe fn multiply(
    out: *mut f32,
    layout: Strided,
    a: Mat,
    b: Mat,
    scale: f32,
    into: Into,
    threads: Threads,
) {
    let (m, n, k) = (layout.rows, layout.cols, a.layout.cols);
    assert!(
        a.layout.rows == m && b.layout.rows == k && b.layout.cols == n,
        "shapes of a product do not fit"
    );
    let shared = threads == Threads::All && parallel::worth_sharing(m * n * k / 32);
    #[cfg(target_arch = "x86_64")]
    if are_rounded() && pairs::worth(m, n, k) && layout.has_vectors() {
        // SAFETY: `Strided::check` and the caller, as below; products are rounded only where the processor
        // can do it.
        return unsafe { in_pairs(out, layout, a, b, scale, into, shared) };
    }
    let threads = match shared {
        true => gemm::Parallelism::Rayon(0),
        false => gemm::Parallelism::None,
    };
    // SAFETY: `Strided::check` put every element of the inputs inside its slice, the caller those
    // of the output, and the shapes were compared above.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out,
            layout.col_stride as isize,
            layout.row_stride as isize,
            into == Into::Add,
            a.data.as_ptr(),
            a.layout.col_stride as isize,
            a.layout.row_stride as isize,
            b.data.as_ptr(),
            b.layout.col_stride as isize,
            b.layout.row_stride as isize,
            1.0,
            scale,
            false,
            false,
            false,
            threads,
        );
    }
}
