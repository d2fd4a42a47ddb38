//! Looking for bundles: the embedded one, the data folder, added folders, the Hugging Face cache.

use super::{BundleHome, CachedRepo, LibraryEntry, Listed, Shelves};
use crate::job::bundles::{self, KnownBundle};
use crate::job::{Bundle, BundleSource, Places, Problem};
use std::path::{Path, PathBuf};

/// A cache with more snapshots than this is not read to its end.
const MOST_SNAPSHOTS: usize = 500;
/// A snapshot with more files than this is not counted to its end.
const MOST_FILES: usize = 5_000;
/// Folders inside a snapshot are looked into this deep.
const MOST_DEPTH: usize = 6;

/// Everything on the shelves.
///
/// # Errors
/// When the data folder cannot be listed.
pub(super) fn list(places: Option<&Places>, shelves: &Shelves) -> Result<Listed, Problem> {
    let mut bundles: Vec<LibraryEntry> = bundles::list(places)?
        .into_iter()
        .map(|KnownBundle { source, name }| LibraryEntry {
            home: match source {
                BundleSource::Embedded => BundleHome::Program,
                BundleSource::Folder(_) => BundleHome::Data,
            },
            source,
            name,
        })
        .collect();
    let mut put = |folder: PathBuf, home| {
        let source = BundleSource::Folder(folder);
        if bundles.iter().all(|known| known.source != source) {
            let name = Bundle::open(&source).map(|bundle| bundle.manifest.name);
            bundles.push(LibraryEntry { source, home, name });
        }
    };
    for folder in &shelves.added {
        put(folder.clone(), BundleHome::Added);
    }
    let mut cached = shelves
        .hub_cache
        .as_deref()
        .map(snapshots)
        .unwrap_or_default();
    cached.retain(|snapshot| {
        if snapshot.is_bundle {
            put(snapshot.folder.clone(), BundleHome::HubCache);
        }
        !snapshot.is_bundle
    });
    Ok(Listed { bundles, cached })
}

/// The snapshots of models in a Hugging Face cache, by name. A cache that cannot be read has none:
/// it belongs to other programs, so its faults are not ours to report.
fn snapshots(cache: &Path) -> Vec<CachedRepo> {
    let mut found = Vec::new();
    for repo_folder in folders(cache) {
        let Some(repo) = repo_name(&repo_folder) else {
            continue;
        };
        let refs = refs(&repo_folder.join("refs"));
        for folder in folders(&repo_folder.join("snapshots")) {
            if found.len() == MOST_SNAPSHOTS {
                return found;
            }
            let commit = name_of(&folder);
            let named = refs.iter().find(|(_, points_to)| *points_to == commit);
            let revision = match named {
                Some((name, _)) => name.clone(),
                None => commit.chars().take(8).collect(),
            };
            let (mut bytes, mut files) = (0, 0);
            count(&folder, 0, &mut bytes, &mut files);
            if files > 0 {
                found.push(CachedRepo {
                    repo: repo.clone(),
                    revision,
                    is_bundle: folder.join("lgd.json").is_file(),
                    folder,
                    bytes,
                    files,
                });
            }
        }
    }
    found
}

/// `models--owner--name` is `owner/name`.
fn repo_name(folder: &Path) -> Option<String> {
    let name = name_of(folder);
    let name = name.strip_prefix("models--")?;
    Some(name.replacen("--", "/", 1))
}

/// Branches and tags with the commits they point to.
fn refs(folder: &Path) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut refs: Vec<_> = entries
        .filter(|entry| entry.path().is_file())
        .filter_map(|entry| {
            let commit = std::fs::read_to_string(entry.path()).ok()?;
            Some((name_of(&entry.path()), commit.trim().to_owned()))
        })
        .collect();
    refs.sort();
    refs
}

/// The folders in a folder, sorted; links and hidden ones are none.
fn folders(of: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(of).into_iter().flatten().flatten();
    let mut folders: Vec<_> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .filter(|path| !name_of(path).starts_with('.'))
        .collect();
    folders.sort();
    folders
}

/// Adds up the files below a folder. They are links to blobs, so the size is that of their target.
fn count(folder: &Path, depth: usize, bytes: &mut u64, files: &mut usize) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        if *files == MOST_FILES {
            return;
        }
        match std::fs::metadata(entry.path()) {
            Ok(about) if about.is_file() => {
                *files += 1;
                *bytes += about.len();
            }
            Ok(_) if depth < MOST_DEPTH && entry.file_type().is_ok_and(|kind| kind.is_dir()) => {
                count(&entry.path(), depth + 1, bytes, files);
            }
            // A link to nothing, or to a folder.
            _ => {}
        }
    }
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hugging_face_cache_is_found_and_used_in_place() -> std::io::Result<()> {
        let cache = tempfile::tempdir()?;
        let repo = cache.path().join("models--timbrooks--instruct-pix2pix");
        let commit = "31519b5cb02a7fd89b906d88731cd4d6a7bbf88d";
        let snapshot = repo.join("snapshots").join(commit);
        std::fs::create_dir_all(snapshot.join("unet"))?;
        std::fs::create_dir_all(repo.join("refs"))?;
        std::fs::create_dir_all(repo.join("blobs"))?;
        std::fs::write(repo.join("refs/main"), format!("{commit}\n"))?;
        std::fs::write(repo.join("blobs/aa"), [0; 300])?;
        #[cfg(unix)]
        std::os::unix::fs::symlink("../../../blobs/aa", snapshot.join("unet/weights"))?;
        #[cfg(not(unix))]
        std::fs::copy(repo.join("blobs/aa"), snapshot.join("unet/weights"))?;
        std::fs::write(snapshot.join("model_index.json"), "{}")?;
        // Other kinds of repositories, empty snapshots and stray files are no models.
        std::fs::create_dir_all(cache.path().join("datasets--a--b/snapshots/1"))?;
        std::fs::create_dir_all(cache.path().join("models--a--empty/snapshots/1"))?;
        std::fs::write(cache.path().join("version.txt"), "1")?;

        let found = snapshots(cache.path());
        let [found] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(found.repo, "timbrooks/instruct-pix2pix");
        assert_eq!(found.revision, "main");
        assert_eq!((found.files, found.bytes), (2, 302));
        assert!(!found.is_bundle);

        std::fs::write(snapshot.join("lgd.json"), "{}")?;
        let shelves = Shelves {
            added: Vec::new(),
            hub_cache: Some(cache.path().to_path_buf()),
        };
        let listed = list(None, &shelves).map_err(|e| std::io::Error::other(e.to_string()))?;
        assert!(listed.cached.is_empty());
        let homes: Vec<_> = listed.bundles.iter().map(|entry| entry.home).collect();
        assert_eq!(homes, [BundleHome::Program, BundleHome::HubCache]);
        assert!(listed.bundles[1].name.is_err(), "its lgd.json is empty");
        Ok(())
    }
}
