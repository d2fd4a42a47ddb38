//! Names of repositories and files on the hub, and the addresses made of them.

use crate::job::Problem;
use std::fmt;
use std::str::FromStr;

/// A repository of models, as `owner/name` or just `name`.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct RepoId(String);

/// What a person typed or pasted: a repository, and a revision where the address names one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The repository.
    pub repo: RepoId,
    /// The branch, tag or commit in a pasted address.
    pub revision: Option<String>,
}

impl RepoId {
    /// The name as the hub writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its folder in the cache.
    pub(super) fn folder(&self) -> String {
        format!("models--{}", self.0.replace('/', "--"))
    }
}

impl fmt::Display for RepoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<RepoId> for String {
    fn from(repo: RepoId) -> Self {
        repo.0
    }
}

impl TryFrom<String> for RepoId {
    type Error = Problem;

    fn try_from(text: String) -> Result<Self, Problem> {
        text.parse()
    }
}

impl FromStr for RepoId {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let mut parts = text.split('/');
        let (first, second, more) = (parts.next(), parts.next(), parts.next());
        let good = first.is_some_and(is_name) && second.is_none_or(is_name) && more.is_none();
        // The cache separates owner and name with two dashes.
        if !good || text.contains("--") || text.contains("..") {
            return Err(Problem::new(format!("\"{text}\" is no name of a repository."))
                .hint("Write owner/name, for example timbrooks/instruct-pix2pix, or paste the address of its page."));
        }
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for Asked {
    type Err = Problem;

    /// Takes `owner/name`, `owner/name@revision` and addresses of pages on the hub or a mirror.
    fn from_str(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        let Some(path) = text
            .strip_prefix("https://")
            .or(text.strip_prefix("http://"))
        else {
            let (repo, revision) = match text.split_once('@') {
                Some((repo, revision)) => (repo, Some(revision.to_owned())),
                None => (text, None),
            };
            let repo = repo.parse()?;
            if let Some(revision) = &revision {
                check_revision(revision)?;
            }
            return Ok(Self { repo, revision });
        };
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let mut parts = path.split('/').skip(1).filter(|part| !part.is_empty());
        let (owner, name) = (parts.next().unwrap_or_default(), parts.next());
        let repo = match name {
            Some(name) => format!("{owner}/{name}"),
            None => owner.to_owned(),
        };
        let revision = match parts.next() {
            Some("tree" | "blob" | "resolve") => parts.next().map(str::to_owned),
            _ => None,
        };
        Ok(Self {
            repo: repo.parse()?,
            revision,
        })
    }
}

/// Letters, digits, `-`, `_` and `.`, as the hub allows in names.
fn is_name(part: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (1..=96).contains(&part.len()) && part.chars().all(allowed) && !part.starts_with(['.', '-'])
}

/// A branch, tag or commit that can stand in an address and name a file of the cache.
///
/// # Errors
/// When it cannot.
pub(super) fn check_revision(revision: &str) -> Result<(), Problem> {
    let good = |part: &str| is_name(part) && part != "." && part != "..";
    let parts = revision.split('/');
    if revision.len() <= 200 && parts.clone().count() <= 4 && parts.into_iter().all(good) {
        return Ok(());
    }
    Err(
        Problem::new(format!("\"{revision}\" is no branch, tag or commit."))
            .hint("Leave it empty for the newest version, which is the branch main."),
    )
}

/// Whether a path from the hub stays inside the folder it is put into.
pub(super) fn is_inside(path: &str) -> bool {
    let forbidden = |part: &str| {
        part.is_empty()
            || part == "."
            || part == ".."
            || part.len() > 255
            || part.contains([':', '\0'])
    };
    path.len() <= 1000 && !path.contains('\\') && !path.split('/').any(forbidden)
}

/// Escapes what may not stand in an address; slashes stay.
pub(super) fn escaped(path: &str) -> String {
    let mut address = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte) {
            address.push(char::from(byte));
        } else {
            address.push_str(&format!("%{byte:02X}"));
        }
    }
    address
}

/// Scheme and host of an address, with its port; what decides where a token may go.
pub(super) fn origin(address: &str) -> &str {
    let after = address.find("://").map_or(0, |at| at + 3);
    let end = address[after..].find(['/', '?', '#']);
    end.map_or(address, |end| &address[..after + end])
}

/// Where a redirect leads.
pub(super) fn redirected(from: &str, to: &str) -> String {
    if to.contains("://") {
        return to.to_owned();
    }
    if let Some(rest) = to.strip_prefix("//") {
        let scheme = from.split("://").next().unwrap_or("https");
        return format!("{scheme}://{rest}");
    }
    if to.starts_with('/') {
        return format!("{}{to}", origin(from));
    }
    let folder = from.rfind('/').map_or(from, |at| &from[..at]);
    format!("{folder}/{to}")
}

/// An address without what nobody else should read: the query of a signed link, a password.
pub(super) fn public(address: &str) -> String {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    match (path.find("://"), path.find('@')) {
        (Some(scheme), Some(at)) if origin(path).contains('@') => {
            format!("{}{}", &path[..scheme + 3], &path[at + 1..])
        }
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_pasted_addresses_are_understood() {
        for (text, repo, revision) in [
            ("gpt2", "gpt2", None),
            (
                "timbrooks/instruct-pix2pix",
                "timbrooks/instruct-pix2pix",
                None,
            ),
            (" a/b@fp16 ", "a/b", Some("fp16")),
            ("https://huggingface.co/a/b", "a/b", None),
            ("https://huggingface.co/a/b/tree/v1.0", "a/b", Some("v1.0")),
            (
                "http://mirror:8080/a/b/blob/main/unet/config.json?x=1#y",
                "a/b",
                Some("main"),
            ),
        ] {
            let asked: Asked = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(asked.repo.as_str(), repo);
            assert_eq!(asked.revision.as_deref(), revision, "{text}");
        }
        for text in [
            "",
            "/",
            "a/b/c",
            "../a",
            "a/..",
            "a b",
            "a--b/c",
            ".a/b",
            "a/b@",
            "a/b@../x",
            "https://hub/",
        ] {
            assert!(text.parse::<Asked>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn paths_stay_inside() {
        for path in [
            "a",
            "a/b.json",
            "unet/model-00001-of-00002.safetensors",
            "ä ö.txt",
        ] {
            assert!(is_inside(path), "{path}");
        }
        for path in ["", "/a", "a//b", "../a", "a/../b", "a\\b", "c:/a", "a/./b"] {
            assert!(!is_inside(path), "{path}");
        }
    }

    #[test]
    fn addresses_are_made_followed_and_told_without_secrets() {
        assert_eq!(escaped("a b/ü.json"), "a%20b/%C3%BC.json");
        assert_eq!(origin("https://host:1/a/b?c"), "https://host:1");
        assert_eq!(origin("https://host"), "https://host");
        for (to, expected) in [
            ("/x/y", "https://host:1/x/y"),
            ("z", "https://host:1/a/z"),
            ("//cdn/x", "https://cdn/x"),
            ("http://other/x?sign=1", "http://other/x?sign=1"),
        ] {
            assert_eq!(redirected("https://host:1/a/b", to), expected);
        }
        assert_eq!(public("https://cdn/x?Signature=secret"), "https://cdn/x");
        assert_eq!(public("http://me:secret@proxy/x"), "http://proxy/x");
        assert_eq!(public("http://host/a@b"), "http://host/a@b");
    }
}
