//! Every picture of a data set, read once: whether it can be decoded, its size, what is in it.

use super::similar::Bits;
use crate::dataset::proposal::Small;
use image::{DynamicImage, ImageReader, imageops};
use image_hasher::{HashAlg, Hasher, HasherConfig};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use std::path::Path;

/// What is known about one picture.
#[derive(Clone, Debug)]
pub(super) enum Picture {
    /// There is no such file.
    Missing,
    /// It cannot be decoded; why.
    Broken(String),
    /// A picture.
    Read {
        /// Width and height, in pixels.
        size: (u32, u32),
        /// What it looks like.
        bits: Bits,
        /// The picture in small.
        small: Small,
    },
}

impl Picture {
    /// What it looks like, when it can be decoded and shows anything: all pictures of one colour look
    /// alike and have nothing to do with each other.
    pub(super) fn bits(&self) -> Option<Bits> {
        /// Bits that differ from those of a plain picture.
        const LEAST: u32 = 8;
        match self {
            Self::Read { bits, .. } => {
                let ones: u32 = bits.iter().map(|word| word.count_ones()).sum();
                (LEAST..=256 - LEAST).contains(&ones).then_some(*bits)
            }
            _ => None,
        }
    }
}

/// Reads pictures on all cores. `on_picture` is told after each, from any of them; when it says no, the
/// rest is left out and nothing comes back.
pub(super) fn read_all(
    images: &Path,
    names: &[&str],
    on_picture: &(dyn Fn() -> bool + Sync),
) -> Option<Vec<Picture>> {
    let hasher = HasherConfig::new()
        .hash_size(16, 16)
        .hash_alg(HashAlg::Gradient)
        .to_hasher();
    names
        .par_iter()
        .map(|name| {
            let picture = read(&images.join(name), &hasher);
            on_picture().then_some(picture)
        })
        .collect()
}

/// Whether two pictures of one size differ by no more than what saving them twice does. A hash does not
/// see a mouth that smiles; the pixels do.
pub(super) fn look_the_same(a: &Path, b: &Path) -> bool {
    /// Side of the cells over which pixels are averaged.
    const CELL: u32 = 4;
    /// Steps of 255 that a cell may differ.
    const MOST: i32 = 12;
    let (Ok(a), Ok(b)) = (decode(a), decode(b)) else {
        return false;
    };
    let small = |picture: DynamicImage| {
        let (width, height) = (picture.width(), picture.height());
        let picture = picture.into_rgb8();
        imageops::thumbnail(&picture, (width / CELL).max(1), (height / CELL).max(1))
    };
    let (a, b) = (small(a), small(b));
    a.dimensions() == b.dimensions()
        && a.iter()
            .zip(b.iter())
            .all(|(a, b)| (i32::from(*a) - i32::from(*b)).abs() <= MOST)
}

fn decode(path: &Path) -> image::ImageResult<DynamicImage> {
    ImageReader::open(path)?.with_guessed_format()?.decode()
}

fn read(path: &Path, hasher: &Hasher) -> Picture {
    if !path.is_file() {
        return Picture::Missing;
    }
    match decode(path) {
        Ok(picture) => {
            let mut bits = Bits::default();
            let hash = hasher.hash_image(&picture);
            for (word, bytes) in bits.iter_mut().zip(hash.as_bytes().chunks(8)) {
                let mut eight = [0; 8];
                eight
                    .iter_mut()
                    .zip(bytes)
                    .for_each(|(to, from)| *to = *from);
                *word = u64::from_le_bytes(eight);
            }
            Picture::Read {
                size: (picture.width(), picture.height()),
                bits,
                small: Small::of(&picture.into_rgb8()),
            }
        }
        Err(error) => Picture::Broken(error.to_string()),
    }
}
