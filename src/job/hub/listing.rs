//! What a repository holds: its files with sizes and checksums.

use super::address::{check_revision, escaped, is_inside};
use super::client::{Client, text_of};
use super::{HubError, RepoId, choice};
use crate::job::CancelToken;
use serde::{Deserialize, Serialize};

/// The branch that is meant when none is named.
pub const MAIN: &str = "main";
/// A repository with more files is not for this program.
const MOST_FILES: usize = 20_000;

/// A file of a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubFile {
    /// Its path in the repository.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its checksum, under which the cache keeps it: SHA-256 of large files, Git's of small ones.
    pub checksum: String,
}

/// A repository at one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The repository.
    pub repo: RepoId,
    /// The branch, tag or commit that was asked for.
    pub revision: String,
    /// The commit it points to.
    pub commit: String,
    /// All files, sorted by path.
    pub files: Vec<HubFile>,
    /// Which of them a bundle is made of, as far as can be told; one answer per file.
    pub wanted: Vec<bool>,
    /// The licence its card names.
    pub licence: Option<String>,
}

impl Listing {
    /// Bytes of the files that are chosen.
    pub fn bytes(&self, chosen: &[bool]) -> u64 {
        let files = self.files.iter().zip(chosen);
        files
            .filter(|(_, chosen)| **chosen)
            .map(|(file, _)| file.bytes)
            .sum()
    }
}

/// What the hub says of a repository.
#[derive(Deserialize)]
struct Info {
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
    #[serde(default, rename = "cardData")]
    card: Option<Card>,
}

#[derive(Deserialize)]
struct Card {
    #[serde(default)]
    license: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    #[serde(default)]
    size: Option<u64>,
    #[serde(default, rename = "blobId")]
    blob: Option<String>,
    #[serde(default)]
    lfs: Option<Large>,
}

#[derive(Deserialize)]
struct Large {
    sha256: String,
    #[serde(default)]
    size: Option<u64>,
}

/// Asks what a repository holds. Where a mirror does not say sizes, each file is asked for its own.
pub(super) fn list(
    client: &Client,
    repo: &RepoId,
    revision: &str,
    token: &CancelToken,
) -> Result<Listing, HubError> {
    let bad = |why: &str| HubError::BadAnswer {
        host: client.endpoint().to_owned(),
        why: why.to_owned(),
    };
    check_revision(revision).map_err(|problem| bad(&problem.message))?;
    let address = format!(
        "{}/api/models/{repo}/revision/{}?blobs=true",
        client.endpoint(),
        escaped(revision).replace('/', "%2F")
    );
    let text = client.text(&address, token)?;
    let info: Info =
        serde_json::from_slice(&text).map_err(|e| bad(&format!("its list cannot be read, {e}")))?;
    check_revision(&info.sha).map_err(|_odd| bad("its commit has an odd name"))?;
    if info.siblings.len() > MOST_FILES {
        return Err(bad("its list is too long"));
    }
    let mut files = Vec::with_capacity(info.siblings.len());
    for sibling in info.siblings {
        if !is_inside(&sibling.rfilename) {
            return Err(bad("a file has a name that leads elsewhere"));
        }
        let (size, checksum) = match sibling.lfs {
            Some(large) => (large.size.or(sibling.size), Some(large.sha256)),
            None => (sibling.size, sibling.blob),
        };
        let (bytes, checksum) = match (size, checksum) {
            (Some(size), Some(checksum)) => (size, checksum),
            _ => client.patiently(token, || {
                described(client, repo, &info.sha, &sibling.rfilename)
            })?,
        };
        if !is_checksum(&checksum) {
            return Err(bad("a file has an odd checksum"));
        }
        files.push(HubFile {
            path: sibling.rfilename,
            bytes,
            checksum,
        });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    Ok(Listing {
        wanted: choice::wanted(&paths, None),
        repo: repo.clone(),
        revision: revision.to_owned(),
        commit: info.sha,
        files,
        licence: info.card.and_then(|card| licence(card.license)),
    })
}

/// Size and checksum of a file, from the headers of the file itself.
fn described(
    client: &Client,
    repo: &RepoId,
    commit: &str,
    path: &str,
) -> Result<(u64, String), HubError> {
    let headers = client.head(&file_address(client, repo, commit, path))?;
    let either = |first, second| text_of(&headers, first).or_else(|| text_of(&headers, second));
    let size = either("x-linked-size", "content-length").and_then(|text| text.parse().ok());
    let checksum = either("x-linked-etag", "etag").map(plain_etag);
    match (size, checksum) {
        (Some(size), Some(checksum)) => Ok((size, checksum)),
        _ => Err(HubError::BadAnswer {
            host: client.endpoint().to_owned(),
            why: format!("it does not say the size of {path}"),
        }),
    }
}

/// Where a file is.
pub(super) fn file_address(client: &Client, repo: &RepoId, commit: &str, path: &str) -> String {
    format!(
        "{}/{repo}/resolve/{commit}/{}",
        client.endpoint(),
        escaped(path)
    )
}

/// An etag without quotes and without the mark of a weak one.
fn plain_etag(etag: &str) -> String {
    etag.trim_start_matches("W/").trim_matches('"').to_owned()
}

/// Whether a checksum can name a file of the cache.
fn is_checksum(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=128).contains(&text.len()) && text.chars().all(allowed)
}

/// Licences are one name or several.
fn licence(value: Option<serde_json::Value>) -> Option<String> {
    match value? {
        serde_json::Value::String(name) => Some(name),
        serde_json::Value::Array(names) => {
            let names: Vec<&str> = names.iter().filter_map(|name| name.as_str()).collect();
            (!names.is_empty()).then(|| names.join(", "))
        }
        _ => None,
    }
}
