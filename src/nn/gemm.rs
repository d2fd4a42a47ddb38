//! Matrix products on slices.

use super::parallel;

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

/// `out = scale * a b`, or added to what is there.
///
/// # Panics
/// When the shapes do not fit: callers have checked theirs.
pub(super) fn matmul(out: MatMut, a: Mat, b: Mat, scale: f32, into: Into, threads: Threads) {
    let (m, n, k) = (out.layout.rows, out.layout.cols, a.layout.cols);
    assert!(
        a.layout.rows == m && b.layout.rows == k && b.layout.cols == n,
        "shapes of a product do not fit"
    );
    let threads = match threads {
        Threads::All if parallel::worth_sharing(m * n * k / 32) => gemm::Parallelism::Rayon(0),
        _ => gemm::Parallelism::None,
    };
    #[expect(unsafe_code, reason = "the gemm crate takes pointers")]
    // SAFETY: `Strided::check` put every element of the three matrices inside its slice, the
    // output is borrowed alone, and the shapes were compared above.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.data.as_mut_ptr(),
            out.layout.col_stride as isize,
            out.layout.row_stride as isize,
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
