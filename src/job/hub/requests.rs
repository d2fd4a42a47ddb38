//! Every request that was ever made of the network: told while it happens, and written down so that a
//! restart forgets none.

use crate::job::{Places, Problem};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Requests that are kept to look at; all are counted.
pub const KEPT_REQUESTS: usize = 1000;

/// What a request is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Asking what a repository holds.
    #[default]
    LookUp,
    /// Downloading a file.
    Download,
}

/// A request that was made. One whose answer has a body is told a second time, when the body has
/// arrived or was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Tells it from all others.
    pub id: u64,
    /// When it was made, in seconds since 1970.
    pub at: i64,
    /// GET or HEAD.
    pub method: String,
    /// The address, without the signature of a link.
    pub address: String,
    /// What it was for.
    #[serde(default)]
    pub purpose: Purpose,
    /// The status of the answer, or why there was none.
    pub answer: Result<u16, String>,
    /// Bytes of the body that arrived; none while they do.
    #[serde(default)]
    pub bytes: Option<u64>,
}

impl Request {
    /// The server that was asked.
    pub fn host(&self) -> &str {
        let rest = self.address.split_once("://").map(|(_, rest)| rest);
        let rest = rest.unwrap_or(&self.address);
        rest.split(['/', '?']).next().unwrap_or_default()
    }
}

/// A number that no other request has: the time, or the next one.
pub(super) fn next_id() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = since.map_or(0, |since| since.as_nanos() as u64);
    let later = |last: u64| Some(now.max(last + 1));
    let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
    now.max(last.unwrap_or_default() + 1)
}

/// The file in which requests are written down, one a line; a later line about the same request
/// replaces the earlier one.
#[derive(Clone, Debug)]
pub struct RequestBook {
    path: Option<PathBuf>,
}

impl RequestBook {
    /// The book in these places; without places nothing is written down.
    pub fn of(places: Option<&Places>) -> Self {
        Self {
            path: places.map(Places::requests_file),
        }
    }

    /// Writes a request down. A disk that says no is logged: the request was made all the same.
    pub fn add(&self, request: &Request) {
        if let Some(path) = &self.path
            && let Err(problem) = append(path, request)
        {
            tracing::warn!("a request is not written down: {problem}");
        }
    }

    /// The newest requests, oldest first, and how many there were in all. Lines that cannot be read
    /// are left out.
    pub fn read(&self) -> (Vec<Request>, usize) {
        let Some(file) = self.path.as_ref().and_then(|path| File::open(path).ok()) else {
            return (Vec::new(), 0);
        };
        let mut newest: VecDeque<u64> = VecDeque::new();
        let mut known: BTreeMap<u64, Request> = BTreeMap::new();
        let mut count = 0;
        for line in BufReader::new(file).split(b'\n').map_while(Result::ok) {
            let Ok(request) = serde_json::from_slice::<Request>(&line) else {
                continue;
            };
            let id = request.id;
            // The last word about a request that others have pushed out comes too late to count.
            let forgotten =
                newest.front().is_some_and(|oldest| id < *oldest) && count > newest.len();
            if forgotten || known.insert(id, request).is_some() {
                continue;
            }
            count += 1;
            newest.push_back(id);
            if newest.len() > KEPT_REQUESTS
                && let Some(oldest) = newest.pop_front()
            {
                known.remove(&oldest);
            }
        }
        let requests = newest.iter().filter_map(|id| known.remove(id)).collect();
        (requests, count)
    }
}

fn append(path: &PathBuf, request: &Request) -> Result<(), Problem> {
    let failed = |error: std::io::Error| Problem::new(format!("{error}.")).file(path);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let line = serde_json::to_string(request).map_err(|error| failed(error.into()))?;
    let mut file = options.open(path).map_err(failed)?;
    // One call per line: other processes append to the same file.
    file.write_all(format!("{line}\n").as_bytes())
        .map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn request(id: u64, bytes: Option<u64>) -> Request {
        Request {
            id,
            at: 1,
            method: "GET".to_owned(),
            address: format!("https://hub.example/repo/{id}"),
            purpose: Purpose::Download,
            answer: Ok(200),
            bytes,
        }
    }

    fn book(home: &Path) -> RequestBook {
        RequestBook {
            path: Some(home.join("state/requests.jsonl")),
        }
    }

    #[test]
    fn a_request_is_found_again_with_its_bytes() -> std::io::Result<()> {
        let home = tempfile::tempdir()?;
        let book = book(home.path());
        assert_eq!(book.read(), (Vec::new(), 0));
        book.add(&request(1, None));
        book.add(&request(2, None));
        book.add(&request(1, Some(77)));
        let refused = Request {
            answer: Err("it refuses the connection".to_owned()),
            ..request(3, Some(0))
        };
        book.add(&refused);
        let mut file = File::options()
            .append(true)
            .open(home.path().join("state/requests.jsonl"))?;
        file.write_all(b"half a li")?;
        let expected = vec![request(1, Some(77)), request(2, None), refused];
        assert_eq!(book.read(), (expected, 3));
        Ok(())
    }

    #[test]
    fn every_request_is_counted_and_the_newest_are_kept() -> std::io::Result<()> {
        let home = tempfile::tempdir()?;
        let book = book(home.path());
        let many = KEPT_REQUESTS as u64 + 5;
        for id in 1..=many {
            book.add(&request(id, None));
            book.add(&request(id, Some(9)));
        }
        let (kept, count) = book.read();
        assert_eq!((kept.len(), count), (KEPT_REQUESTS, many as usize));
        assert_eq!(kept.first().map(|request| request.id), Some(6));
        Ok(())
    }

    #[test]
    fn ids_grow_and_an_address_has_its_host() {
        let ids: Vec<u64> = (0..100).map(|_| next_id()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        let one = request(4, None);
        assert_eq!(one.host(), "hub.example");
    }
}
