//! The cache that all programs share which download from the hub.
//!
//! Layout: `models--owner--name/` with `blobs/` (the files, named by their checksum), `snapshots/`
//! (one folder per commit, links to blobs under the files' own names) and `refs/` (branches and
//! tags, each a file with a commit).

use std::path::PathBuf;

/// Where the cache is, as the hub's own tools look for it; none when there is no home folder.
pub fn cache_folder() -> Option<PathBuf> {
    let set = |name| {
        let value = std::env::var_os(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    };
    let home = || directories::BaseDirs::new().map(|dirs| dirs.home_dir().join(".cache"));
    set("HF_HUB_CACHE")
        .or_else(|| set("HUGGINGFACE_HUB_CACHE"))
        .or_else(|| Some(set("HF_HOME")?.join("hub")))
        .or_else(|| {
            let cache = set("XDG_CACHE_HOME").or_else(home)?;
            Some(cache.join("huggingface").join("hub"))
        })
}
