//! From pixels to points of tiles, and back.

use super::super::scratch::scratch;
use super::super::simd::vectorised;
use super::transforms::{input_1d, kernel_1d, output_1d};
use super::{IN, OUT};

/// Pixels that stand between two places of the working memory, so that these do not share cache sets.
const GAP: usize = 16;

/// Some rows of tiles of a map.
///
/// Pixels are kept by their place in a tile: plane (y mod 4, x) holds one number per tile, so that all
/// tiles are transformed by plain loops over long rows. The last two of a tile's six columns are the
/// first of its neighbour, and stand there twice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tiles {
    pub height: usize,
    pub width: usize,
    /// Tiles in a row.
    pub across: usize,
    /// Rows of tiles worked on at once.
    pub rows: usize,
}

impl Tiles {
    /// All tiles of a map, or at most that many, in whole rows.
    pub fn new(height: usize, width: usize, most: usize) -> Self {
        let across = width.div_ceil(OUT);
        Self {
            height,
            width,
            across,
            rows: (most / across).clamp(1, height.div_ceil(OUT)),
        }
    }

    /// Tiles worked on at once, in whole vectors.
    pub fn count(&self) -> usize {
        (self.rows * self.across).next_multiple_of(16)
    }

    /// The part of the numbers that stand for pixels of the map.
    pub fn used(&self) -> f64 {
        let groups = self.height.div_ceil(OUT).div_ceil(self.rows);
        (self.width * self.height) as f64 / (groups * self.count() * OUT * OUT) as f64
    }

    /// The tiles of an image from row `first` on, to points `distance` apart in `out`.
    pub fn transform(&self, image: &[f32], first: usize, out: &mut [f32], distance: usize) {
        let n = self.count();
        // A place holds one more row of tiles, for the neighbours below.
        let place_len = n + self.across + GAP;
        let down_len = n + GAP;
        scratch(OUT * IN * place_len + IN * IN * down_len, |work| {
            let (places, down) = work.split_at_mut(OUT * IN * place_len);
            self.sort_pixels(image, first, places, place_len);
            vectorised(
                #[inline(always)]
                || {
                    for x in 0..IN {
                        let pixel = |y: usize| {
                            let start = (y % OUT * IN + x) * place_len;
                            &places[start + y / OUT * self.across..][..n]
                        };
                        let pixels = [pixel(0), pixel(1), pixel(2), pixel(3), pixel(4), pixel(5)];
                        let down = &mut down[x * IN * down_len..][..IN * down_len];
                        input_1d(pixels, down, n, down_len);
                    }
                    for i in 0..IN {
                        let pixel = |x: usize| &down[(x * IN + i) * down_len..][..n];
                        let pixels = [pixel(0), pixel(1), pixel(2), pixel(3), pixel(4), pixel(5)];
                        input_1d(pixels, &mut out[i * IN * distance..], n, distance);
                    }
                },
            );
        });
    }

    /// The pixels under some rows of tiles, one plane per place in a tile, zero outside the image.
    fn sort_pixels(&self, image: &[f32], first: usize, places: &mut [f32], place_len: usize) {
        places.fill(0.0);
        for y in 0..OUT * (self.rows + 1) {
            let source = (first * OUT + y).checked_sub(1); // one row of padding above
            let Some(source) = source.filter(|y| *y < self.height) else {
                continue;
            };
            let row = &image[source * self.width..(source + 1) * self.width];
            let start = y % OUT * IN * place_len + y / OUT * self.across;
            for x in 0..IN {
                // Padded column 4 t + x is pixel 4 t + x - 1.
                let (skip, pixels) = match x {
                    0 => (1, row.get(OUT - 1..).unwrap_or_default()),
                    _ => (0, row.get(x - 1..).unwrap_or_default()),
                };
                let place = &mut places[start + x * place_len..][skip..self.across];
                for (value, pixel) in place.iter_mut().zip(pixels.iter().step_by(OUT)) {
                    *value = *pixel;
                }
            }
        }
    }

    /// One output channel: points `distance` apart in `products`, to pixels of `out`, (H, W), from
    /// row `first` of tiles on.
    pub fn transform_back(
        &self,
        products: &[f32],
        distance: usize,
        bias: f32,
        first: usize,
        out: &mut [f32],
    ) {
        let n = self.count();
        scratch(OUT * (IN + OUT) * n, |work| {
            let (down, pixels) = work.split_at_mut(OUT * IN * n);
            vectorised(
                #[inline(always)]
                || {
                    for j in 0..IN {
                        let point = |i: usize| &products[(i * IN + j) * distance..][..n];
                        let points = [point(0), point(1), point(2), point(3), point(4), point(5)];
                        output_1d(points, 0.0, &mut down[j * OUT * n..][..OUT * n], n);
                    }
                    for y in 0..OUT {
                        let point = |j: usize| &down[(j * OUT + y) * n..][..n];
                        let points = [point(0), point(1), point(2), point(3), point(4), point(5)];
                        output_1d(points, bias, &mut pixels[y * OUT * n..][..OUT * n], n);
                    }
                    self.place_pixels(pixels, first, out);
                },
            );
        });
    }

    /// The reverse of sorting: (4, 4, tile) to rows.
    #[inline(always)]
    fn place_pixels(&self, pixels: &[f32], first: usize, out: &mut [f32]) {
        let n = self.count();
        let rows = out.chunks_exact_mut(self.width).skip(first * OUT);
        for (y, row) in rows.take(self.rows * OUT).enumerate() {
            let place = |x: usize| &pixels[(y % OUT * OUT + x) * n + y / OUT * self.across..];
            let places = place(0).iter().zip(place(1)).zip(place(2)).zip(place(3));
            for (pixels, (((a, b), c), d)) in row.chunks_mut(OUT).zip(places) {
                match pixels {
                    [w, x, y, z] => (*w, *x, *y, *z) = (*a, *b, *c, *d),
                    rest => {
                        for (pixel, value) in rest.iter_mut().zip([a, b, c]) {
                            *pixel = *value;
                        }
                    }
                }
            }
        }
    }
}

/// Kernels given as nine planes of `n` numbers, to 36 points of `n` numbers; `down` is working
/// memory for 18 times `n`.
#[inline(always)]
pub(super) fn transform_kernels(places: &[f32], down: &mut [f32], out: &mut [f32], n: usize) {
    for x in 0..3 {
        let place = |y: usize| &places[(3 * y + x) * n..][..n];
        let down = &mut down[x * IN * n..][..IN * n];
        kernel_1d([place(0), place(1), place(2)], down, n);
    }
    for i in 0..IN {
        let place = |x: usize| &down[(x * IN + i) * n..][..n];
        let out = &mut out[i * IN * n..][..IN * n];
        kernel_1d([place(0), place(1), place(2)], out, n);
    }
}
