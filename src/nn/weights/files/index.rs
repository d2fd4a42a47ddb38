//! Shard indexes: which files the tensors of one network are spread over.
//!
//! Source: the `*.index.json` of transformers and diffusers. An index may only name files in its own
//! folder.

use super::LoadError;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

/// Largest shard index that is read; the ones in use are far below 1 MB.
const MAX_INDEX_BYTES: u64 = 64 << 20;

/// Whether the path is an index rather than a weight file, going by its name.
pub fn is_index(path: &Path) -> bool {
    path.extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("json"))
}

/// The shards an index names, in order, each once.
///
/// # Errors
/// When it cannot be read, is no index, or names something outside its folder.
pub fn shards_of(index: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let unreadable = |source| LoadError::Unreadable {
        file: index.to_owned(),
        source,
    };
    let mut text = Vec::new();
    let file = File::open(index).map_err(unreadable)?;
    let mut limited = file.take(MAX_INDEX_BYTES + 1);
    limited.read_to_end(&mut text).map_err(unreadable)?;
    let names = names(&text).map_err(|reason| LoadError::malformed(index, reason))?;
    let folder = index.parent().unwrap_or(Path::new(""));
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

/// The file names in the text of an index; the error is a clause.
pub fn names(text: &[u8]) -> Result<BTreeSet<String>, String> {
    #[derive(serde::Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    if text.len() as u64 > MAX_INDEX_BYTES {
        return Err("it is too long for a shard index".to_owned());
    }
    let parsed: Index =
        serde_json::from_slice(text).map_err(|e| format!("it is not a shard index ({e})"))?;
    let names: BTreeSet<String> = parsed.weight_map.into_values().collect();
    if names.is_empty() {
        return Err("the shard index names no file".to_owned());
    }
    match names.iter().find(|name| !is_plain(name)) {
        None => Ok(names),
        Some(name) => Err(format!(
            "the shard index names \"{name}\", which is not a weight file in its folder"
        )),
    }
}

/// Whether a name is that of a file in the same folder.
fn is_plain(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let plain = matches!(parts.next(), Some(Component::Normal(_))) && parts.next().is_none();
    plain && !name.contains(['\\', ':', '\0']) && !name.ends_with(".json")
}
