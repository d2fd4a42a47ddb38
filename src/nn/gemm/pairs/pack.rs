//! Strided matrices of f32 to panels of bf16 pairs.

#![expect(clippy::needless_range_loop, reason = "fast in development builds too")]

use super::LANES;
use crate::nn::flash::IN_TURN;
use std::arch::x86_64::{
    __m256i, __m512, __m512bh, __m512i, _mm256_storeu_si256, _mm512_castsi512_si256,
    _mm512_cvtne2ps_pbh, _mm512_extracti64x4_epi64, _mm512_loadu_ps, _mm512_loadu_si512,
    _mm512_maskz_loadu_ps, _mm512_permutex2var_epi64, _mm512_permutexvar_epi16, _mm512_setzero_ps,
    _mm512_setzero_si512, _mm512_storeu_si512, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};
use std::mem::transmute;

/// Lanes that are turned at once when terms are contiguous.
const ROWS: usize = 8;
/// Pairs that are made of every row before the next one: each row's part of the panel is then
/// written in whole cache lines, and no more lines are open than one cache set holds.
const PAIRS: usize = 4;

/// Two parts of 128 bits of each of two vectors, in turn, from number `first` of 64 bits on.
const fn parts(first: u64) -> [u64; 8] {
    let mut order = [0; 8];
    let mut i = 0;
    while i < 8 {
        // Two numbers make a part; every other part is of the second vector.
        let (part, second) = (i as u64 / 4, i as u64 / 2 % 2);
        order[i] = first + 2 * part + i as u64 % 2 + 8 * second;
        i += 1;
    }
    order
}
const FIRST_PARTS: [u64; 8] = parts(0);
const LAST_PARTS: [u64; 8] = parts(4);

/// Makes panels of `WIDTH` lanes, one after another: rows of pairs, the first term in the low bits.
///
/// What is missing to whole pairs is zero, and so are lanes up to a whole vector (or panel, where
/// that is narrower); later ones are not written.
///
/// # Safety
/// `lanes` times `terms` numbers must be there at the strides, there must be room for all panels,
/// and the processor must have the instructions.
#[expect(unsafe_code, reason = "works on pointers")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
pub(super) unsafe fn pack<const WIDTH: usize>(
    from: *const f32,
    (lanes, terms): (usize, usize),
    (lane_stride, term_stride): (usize, usize),
    to: *mut u32,
) {
    // SAFETY: the caller's promises.
    unsafe {
        if term_stride == 1 && lane_stride != 1 {
            along::<WIDTH>(from, lanes, terms, lane_stride, to);
        } else {
            across::<WIDTH>(from, lanes, terms, (lane_stride, term_stride), to);
        }
    }
}

/// The place of a lane in panels of `pairs` rows.
#[inline]
fn place<const WIDTH: usize>(lane: usize, pairs: usize) -> usize {
    lane / WIDTH * WIDTH * pairs + lane % WIDTH
}

/// The first `count` lanes, at most all.
#[inline]
pub(super) fn mask(count: usize) -> u16 {
    if count >= LANES {
        u16::MAX
    } else {
        (1 << count) - 1
    }
}

/// [`pack`] for contiguous lanes, and, slowly, for any.
///
/// # Safety
/// As [`pack`].
#[expect(unsafe_code, reason = "works on pointers")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
unsafe fn across<const WIDTH: usize>(
    from: *const f32,
    lanes: usize,
    terms: usize,
    (lane_stride, term_stride): (usize, usize),
    to: *mut u32,
) {
    let pairs = terms.div_ceil(2);
    // SAFETY: the array is as long as the vector.
    let order = unsafe { _mm512_loadu_si512(IN_TURN.as_ptr().cast()) };
    let load = |term: usize, lane: usize| -> __m512 {
        let count = (lanes - lane).min(LANES);
        let from = from.wrapping_add(term * term_stride + lane * lane_stride);
        if term >= terms {
            return _mm512_setzero_ps();
        }
        // SAFETY: the mask, or the count, keeps to the lanes that are there.
        unsafe {
            if lane_stride == 1 {
                return match count {
                    LANES => _mm512_loadu_ps(from),
                    count => _mm512_maskz_loadu_ps(mask(count), from),
                };
            }
            let mut gathered = [0.0; LANES];
            for (i, number) in gathered[..count].iter_mut().enumerate() {
                *number = *from.wrapping_add(i * lane_stride);
            }
            _mm512_loadu_ps(gathered.as_ptr())
        }
    };
    for first in (0..pairs).step_by(PAIRS) {
        for lane in (0..lanes).step_by(LANES) {
            for pair in first..pairs.min(first + PAIRS) {
                let halves = _mm512_cvtne2ps_pbh(load(2 * pair + 1, lane), load(2 * pair, lane));
                let halves = _mm512_permutexvar_epi16(order, bits(halves));
                let to = |lane| to.wrapping_add(place::<WIDTH>(lane, pairs) + pair * WIDTH);
                // SAFETY: the panels of these lanes are there.
                unsafe {
                    if WIDTH >= LANES {
                        _mm512_storeu_si512(to(lane).cast(), halves);
                    } else {
                        store(to(lane), _mm512_castsi512_si256(halves));
                        if lane + ROWS < lanes {
                            store(to(lane + ROWS), _mm512_extracti64x4_epi64::<1>(halves));
                        }
                    }
                }
            }
        }
    }
}

/// [`pack`] for contiguous terms: squares are turned inside registers.
///
/// # Safety
/// As [`pack`].
#[expect(unsafe_code, reason = "works on pointers")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
unsafe fn along<const WIDTH: usize>(
    from: *const f32,
    lanes: usize,
    terms: usize,
    lane_stride: usize,
    to: *mut u32,
) {
    let pairs = terms.div_ceil(2);
    for lane in (0..lanes.next_multiple_of(WIDTH.min(LANES))).step_by(ROWS) {
        let to = to.wrapping_add(place::<WIDTH>(lane, pairs));
        for first in (0..pairs).step_by(LANES) {
            let mut rows = [_mm512_setzero_si512(); ROWS];
            let left = terms - 2 * first;
            for row in 0..ROWS {
                if lane + row < lanes {
                    let from = from.wrapping_add((lane + row) * lane_stride + 2 * first);
                    // SAFETY: the row is there, and the masks keep to its terms.
                    let [low, high] = unsafe {
                        if left >= 2 * LANES {
                            [
                                _mm512_loadu_ps(from),
                                _mm512_loadu_ps(from.wrapping_add(LANES)),
                            ]
                        } else {
                            let high = mask(left.saturating_sub(LANES));
                            [
                                _mm512_maskz_loadu_ps(mask(left), from),
                                _mm512_maskz_loadu_ps(high, from.wrapping_add(LANES)),
                            ]
                        }
                    };
                    rows[row] = bits(_mm512_cvtne2ps_pbh(high, low));
                }
            }
            let columns = turn(rows);
            let count = LANES.min(pairs - first);
            for pair in 0..LANES {
                if pair < count {
                    // SAFETY: the panel of these lanes is there.
                    unsafe {
                        store(to.wrapping_add((first + pair) * WIDTH), columns[pair]);
                    }
                }
            }
        }
    }
}

/// Rows of pairs as columns.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
fn turn(rows: [__m512i; ROWS]) -> [__m256i; LANES] {
    #[expect(unsafe_code, reason = "loads vectors")]
    // SAFETY: the arrays are as long as the vectors.
    let (first, last) = unsafe {
        (
            _mm512_loadu_si512(FIRST_PARTS.as_ptr().cast()),
            _mm512_loadu_si512(LAST_PARTS.as_ptr().cast()),
        )
    };
    // Four rows each: part p of vector j has the numbers of column 4 p + j.
    let upper = turn_four([rows[0], rows[1], rows[2], rows[3]]);
    let lower = turn_four([rows[4], rows[5], rows[6], rows[7]]);
    let mut columns = [_mm512_castsi512_si256(rows[0]); LANES];
    for j in 0..4 {
        let left = _mm512_permutex2var_epi64(upper[j], first, lower[j]);
        let right = _mm512_permutex2var_epi64(upper[j], last, lower[j]);
        columns[j] = _mm512_castsi512_si256(left);
        columns[4 + j] = _mm512_extracti64x4_epi64::<1>(left);
        columns[8 + j] = _mm512_castsi512_si256(right);
        columns[12 + j] = _mm512_extracti64x4_epi64::<1>(right);
    }
    columns
}

/// Four rows, turned inside every part of 128 bits.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
fn turn_four(rows: [__m512i; 4]) -> [__m512i; 4] {
    let low = [
        _mm512_unpacklo_epi32(rows[0], rows[1]),
        _mm512_unpacklo_epi32(rows[2], rows[3]),
    ];
    let high = [
        _mm512_unpackhi_epi32(rows[0], rows[1]),
        _mm512_unpackhi_epi32(rows[2], rows[3]),
    ];
    [
        _mm512_unpacklo_epi64(low[0], low[1]),
        _mm512_unpackhi_epi64(low[0], low[1]),
        _mm512_unpacklo_epi64(high[0], high[1]),
        _mm512_unpackhi_epi64(high[0], high[1]),
    ]
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
fn bits(halves: __m512bh) -> __m512i {
    #[expect(unsafe_code, reason = "the same bits as another type")]
    // SAFETY: both are 64 bytes.
    unsafe {
        transmute::<__m512bh, __m512i>(halves)
    }
}

/// # Safety
/// There must be room for eight pairs.
#[expect(unsafe_code, reason = "works on pointers")]
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
unsafe fn store(to: *mut u32, pairs: __m256i) {
    // SAFETY: the caller's promise.
    unsafe {
        _mm256_storeu_si256(to.cast(), pairs);
    }
}
