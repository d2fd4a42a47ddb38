//! Thumbnails of pairs on disk: in the cache folder, which may be deleted at any time, and never more
//! of them than a limit. Those that were not used for longest go first.

use super::PairFiles;
use super::notes::short_hash;
use super::thumbnails::THUMBNAIL_HEIGHT;
use crate::job::cover::stamp_of;
use crate::pipeline::frame_image::{self, Reading};
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use std::io::Result;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// Bytes that all thumbnails together may take: some 50,000 pairs.
const LIMIT: u64 = 512 << 20;
/// How much detail a thumbnail keeps, of 100.
const QUALITY: u8 = 85;
/// A thumbnail that was used within this time is not marked as used again.
const FRESH: Duration = Duration::from_secs(3600);

/// The thumbnails on disk.
pub(super) struct ThumbnailCache {
    folder: PathBuf,
    limit: u64,
    /// Bytes written since the last look at the whole; the first one comes with the first write.
    written: AtomicU64,
}

impl ThumbnailCache {
    /// The thumbnails in a cache folder.
    pub(super) fn new(cache: &Path) -> Self {
        Self::with_limit(cache, LIMIT)
    }

    fn with_limit(cache: &Path, limit: u64) -> Self {
        Self {
            folder: cache.join("thumbnails"),
            limit,
            written: AtomicU64::new(limit),
        }
    }

    /// Where the thumbnail of these very files is kept; none when one is missing.
    pub(super) fn place(&self, files: &PairFiles) -> Option<PathBuf> {
        let mut parts = Vec::new();
        for path in [&files.before, &files.after] {
            let about = std::fs::metadata(path).ok()?;
            parts.push(path.as_os_str().as_encoded_bytes().to_vec());
            parts.push(stamp_of(&about).into_bytes());
        }
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let name = short_hash(&parts);
        let folder = self.folder.join(name.get(..2)?);
        Some(folder.join(format!("{name}.jpg")))
    }

    /// A kept thumbnail, which is marked as used.
    pub(super) fn read(&self, path: &Path) -> Option<RgbImage> {
        let bytes = std::fs::read(path).ok()?;
        let picture = frame_image::decode(&bytes, Reading::AsStored).ok()?;
        let fits = picture.height() == THUMBNAIL_HEIGHT && picture.width().is_multiple_of(2);
        if fits && let Err(error) = mark_used(path) {
            tracing::trace!(%error, "a thumbnail keeps its age");
        }
        fits.then_some(picture)
    }

    /// Keeps a thumbnail: written beside and renamed, but not synced, as it can be made again.
    pub(super) fn keep(&self, path: &Path, picture: &RgbImage) -> Result<()> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, QUALITY)
            .encode_image(picture)
            .map_err(std::io::Error::other)?;
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let beside = path.with_extension(format!("{}-{number}.part", std::process::id()));
        std::fs::write(&beside, &bytes)?;
        std::fs::rename(&beside, path)?;
        let size = bytes.len() as u64;
        let written = self.written.fetch_add(size, Ordering::Relaxed) + size;
        if written > self.limit / 16 {
            self.written.store(0, Ordering::Relaxed);
            self.trim();
        }
        Ok(())
    }

    /// Deletes the thumbnails that were not used for longest, until a tenth of the limit is free.
    fn trim(&self) {
        let mut files: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        let entries = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten();
        for entry in entries(&self.folder).flat_map(|below| entries(&below.path())) {
            if let Ok(about) = entry.metadata() {
                let used = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                files.push((used, about.len(), entry.path()));
            }
        }
        let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
        if total <= self.limit {
            return;
        }
        files.sort();
        let (before, mut count) = (total, 0);
        for (_, size, path) in files {
            if total <= self.limit - self.limit / 10 {
                break;
            }
            // Another window may have deleted it, which is as good.
            if std::fs::remove_file(&path).is_ok() || !path.exists() {
                total -= size;
                count += 1;
            }
        }
        tracing::debug!(before, total, count, "the cache of thumbnails was trimmed");
    }
}

fn mark_used(path: &Path) -> Result<()> {
    let now = SystemTime::now();
    let used = std::fs::metadata(path)?.modified()?;
    if now.duration_since(used).is_ok_and(|age| age > FRESH) {
        let file = std::fs::File::options().append(true).open(path)?;
        file.set_modified(now)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Outcome<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

    fn age(path: &Path, hours: u64) -> Result<()> {
        let then = SystemTime::now() - Duration::from_secs(3600 * hours);
        std::fs::File::options()
            .append(true)
            .open(path)?
            .set_modified(then)
    }

    fn noise(seed: u32) -> RgbImage {
        RgbImage::from_fn(256, THUMBNAIL_HEIGHT, |x, y| {
            let mixed = (x * 7919 + y * 104_729 + seed * 15_485_863).wrapping_mul(2_654_435_761);
            image::Rgb([(mixed >> 8) as u8, (mixed >> 16) as u8, (mixed >> 24) as u8])
        })
    }

    #[test]
    fn those_that_were_not_used_for_longest_go_first() -> Outcome {
        let home = tempfile::tempdir()?;
        let place = |number: u32| {
            home.path()
                .join(format!("thumbnails/0{}/{number}.jpg", number % 3))
        };
        let roomy = ThumbnailCache::new(home.path());
        roomy.keep(&place(0), &noise(0))?;
        let size = std::fs::metadata(place(0))?.len();
        for number in 1..10 {
            roomy.keep(&place(number), &noise(number))?;
            age(&place(number), 20 - u64::from(number))?;
        }
        age(&place(0), 30)?;
        // The oldest of all is used once more.
        assert!(roomy.read(&place(0)).is_some());
        // Room for six: the eleventh one drives out the five that are oldest now.
        let tight = ThumbnailCache::with_limit(home.path(), 6 * size + size / 2);
        tight.keep(&place(10), &noise(10))?;
        let kept: Vec<u32> = (0..=10).filter(|number| place(*number).is_file()).collect();
        let bytes: u64 = kept
            .iter()
            .map(|n| std::fs::metadata(place(*n)).map_or(0, |a| a.len()))
            .sum();
        assert!(bytes <= 6 * size + size / 2, "{bytes} of {size} each");
        assert!(kept.contains(&0) && kept.contains(&10), "{kept:?}");
        assert!(!kept.contains(&1) && !kept.contains(&2), "{kept:?}");
        assert!(kept.len() >= 4, "no more go than have to: {kept:?}");
        Ok(())
    }

    #[test]
    fn what_is_no_thumbnail_is_not_shown() -> Outcome {
        let home = tempfile::tempdir()?;
        let cache = ThumbnailCache::new(home.path());
        let path = home.path().join("thumbnails/00/x.jpg");
        cache.keep(&path, &noise(1))?;
        assert!(cache.read(&path).is_some());
        std::fs::write(&path, "torn")?;
        assert!(cache.read(&path).is_none());
        Ok(())
    }
}
