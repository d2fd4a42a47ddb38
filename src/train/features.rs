//! What frozen networks made of pictures and texts, kept on disk.
//!
//! A file is named by everything its numbers depend on: the picture's or text's content, the weights
//! and how the picture was prepared. So it never goes stale, several runs share it, and the folder may
//! be deleted at any time. A file that cannot be read is made again; a full disk only ends the keeping.

use candle_core::safetensors::{load, save};
use candle_core::{Device, Tensor};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::SystemTime;

/// The version of what the files hold; another one is never read.
const FORMAT: &str = "lgd-feature-1";
/// The tensor inside a file.
const TENSOR: &str = "feature";
/// Bytes on the disk that are left to the run's checkpoints.
const LEFT_FREE: u64 = 2 << 30;
/// The share of the limit that stays when old files are removed.
const KEPT_SHARE: f64 = 0.8;

/// What a feature depends on, as the name of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key(String);

impl Key {
    /// The name for these parts, in this order.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in [FORMAT.as_bytes()].iter().chain(parts) {
            // With its length, so that no two lists of parts look the same.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self(hash.finalize().iter().map(|b| format!("{b:02x}")).collect())
    }
}

/// A folder of features.
pub(super) struct FeatureStore {
    folder: PathBuf,
    limit: u64,
    held: AtomicU64,
    /// Whether nothing more is kept, because there is no room.
    closed: AtomicBool,
}

impl FeatureStore {
    /// Those in `folder`, at most about `limit` bytes: the oldest files are removed where there are
    /// more.
    pub fn open(folder: &Path, limit: u64) -> Self {
        let mut files = files(folder);
        let mut held: u64 = files.iter().map(|file| file.bytes).sum();
        if held > limit {
            files.sort_by_key(|file| file.written);
            for file in files {
                if held as f64 <= limit as f64 * KEPT_SHARE {
                    break;
                }
                if std::fs::remove_file(&file.path).is_ok() {
                    held -= file.bytes;
                }
            }
        }
        Self {
            folder: folder.to_path_buf(),
            limit,
            held: AtomicU64::new(held),
            closed: AtomicBool::new(false),
        }
    }

    /// The feature of that name, if it is there.
    pub fn find(&self, key: &Key) -> Option<Tensor> {
        let path = self.path(key);
        if !path.is_file() {
            return None;
        }
        match load(&path, &Device::Cpu) {
            Ok(mut tensors) => tensors.remove(TENSOR),
            Err(error) => {
                tracing::debug!(%error, path = %path.display(), "a kept feature is made again");
                None
            }
        }
    }

    /// Keeps a feature. Where that fails, nothing more is kept and the run goes on without.
    pub fn keep(&self, key: &Key, feature: &Tensor) {
        if self.closed.load(Ordering::Relaxed) {
            return;
        }
        let bytes = (feature.elem_count() * feature.dtype().size_in_bytes()) as u64;
        let held = self.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let free =
            std::fs::create_dir_all(&self.folder).and_then(|()| fs4::available_space(&self.folder));
        let reason = match free {
            _ if held > self.limit => Some("data.cache_gib is reached".to_owned()),
            Ok(free) if free < LEFT_FREE + bytes => Some("the disk is nearly full".to_owned()),
            Ok(_) => self.write(key, feature).err().map(|e| e.to_string()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(reason) = reason
            && !self.closed.swap(true, Ordering::Relaxed)
        {
            let folder = self.folder.display();
            tracing::warn!("No more features are kept in {folder}: {reason}.");
        }
    }

    fn write(&self, key: &Key, feature: &Tensor) -> io::Result<()> {
        let path = self.path(key);
        let folder = path.parent().unwrap_or(&self.folder);
        std::fs::create_dir_all(folder)?;
        // Beside its place first: a file of that name is whole, also when several runs write it.
        let beside = tempfile::Builder::new()
            .prefix(".feature-")
            .tempfile_in(folder)?;
        let tensors = HashMap::from([(TENSOR.to_owned(), feature.to_device(&Device::Cpu))]);
        let tensors: Result<HashMap<_, _>, candle_core::Error> =
            tensors.into_iter().map(|(n, t)| Ok((n, t?))).collect();
        save(&tensors.map_err(io::Error::other)?, beside.path()).map_err(io::Error::other)?;
        beside.persist(path).map_err(|e| e.error)?;
        Ok(())
    }

    fn path(&self, Key(name): &Key) -> PathBuf {
        let (shelf, _) = name.split_at(2);
        self.folder.join(shelf).join(format!("{name}.safetensors"))
    }
}

/// A file of the store.
struct Kept {
    path: PathBuf,
    bytes: u64,
    written: SystemTime,
}

/// All files; what cannot be looked at does not count.
fn files(folder: &Path) -> Vec<Kept> {
    let entries = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten();
    let shelves = entries(folder).map(|shelf| shelf.path());
    let files = shelves.flat_map(|shelf| entries(&shelf).collect::<Vec<_>>());
    files
        .filter_map(|file| {
            let about = file.metadata().ok()?;
            Some(Kept {
                path: file.path(),
                bytes: about.len(),
                written: about.modified().ok()?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feature(value: f32) -> Tensor {
        Tensor::full(value, 256, &Device::Cpu).expect("a tensor")
    }

    #[test]
    fn features_come_back_and_old_ones_make_room() {
        let place = tempfile::tempdir().expect("a folder");
        let store = FeatureStore::open(place.path(), 10_000);
        let key = |n: u8| Key::of(&[b"a", &[n]]);
        assert_ne!(Key::of(&[b"ab", b"c"]), Key::of(&[b"a", b"bc"]));
        assert!(store.find(&key(1)).is_none());
        for n in 1..=5 {
            store.keep(&key(n), &feature(f32::from(n)));
        }
        let found = store.find(&key(4)).expect("it was kept");
        assert_eq!(found.to_vec1::<f32>().expect("numbers"), vec![4.0; 256]);
        // Damaged: as if it were not there, and kept anew.
        std::fs::write(store.path(&key(4)), b"half").expect("written");
        assert!(store.find(&key(4)).is_none());
        store.keep(&key(4), &feature(4.0));
        assert!(store.find(&key(4)).is_some());
        // Beyond the limit nothing is kept, and nothing fails.
        for n in 6..=20 {
            store.keep(&key(n), &feature(f32::from(n)));
        }
        assert!(store.find(&key(20)).is_none());
        // The next run removes the oldest.
        std::fs::File::options()
            .write(true)
            .open(store.path(&key(2)))
            .and_then(|file| file.set_modified(SystemTime::UNIX_EPOCH))
            .expect("an old file");
        let smaller = FeatureStore::open(place.path(), 6_000);
        assert!(smaller.find(&key(2)).is_none());
        assert!(files(place.path()).iter().map(|f| f.bytes).sum::<u64>() <= 6_000);
        assert!(files(place.path()).len() >= 3);
    }

    #[test]
    fn a_folder_that_cannot_be_used_keeps_nothing_and_harms_nothing() {
        let place = tempfile::tempdir().expect("a folder");
        let file = place.path().join("a file");
        std::fs::write(&file, b"").expect("written");
        let store = FeatureStore::open(&file.join("below"), 1 << 20);
        let key = Key::of(&[b"a"]);
        store.keep(&key, &feature(1.0));
        assert!(store.find(&key).is_none());
    }
}
