//! Downloads files into the cache: resumable to the byte, checked, whole or not there.

use super::cache::{RepoCache, free_bytes};
use super::checksum::Checker;
use super::client::{Answer, Client, pause, unreachable};
use super::listing::file_address;
use super::{HubError, HubFile, RepoId};
use crate::job::CancelToken;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Bytes read between two looks at the cancel token.
const BLOCK: usize = 256 << 10;
/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_millis(100);
/// Room that is left free on the disk.
const SPARE_BYTES: u64 = 64 << 20;
/// The speed is that of about the last so many seconds.
const SPEED_SECS: f64 = 8.0;

/// What is to be downloaded, as it is written down to go on after a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DownloadSpec {
    /// The repository.
    pub repo: RepoId,
    /// The branch, tag or commit that was asked for.
    pub revision: String,
    /// The commit it pointed to.
    pub commit: String,
    /// The files.
    pub files: Vec<HubFile>,
    /// The cache they go into.
    pub cache: PathBuf,
}

impl DownloadSpec {
    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Names it: the same repository at the same commit is one download.
    pub fn key(&self) -> DownloadKey {
        DownloadKey(format!("{}@{}", self.repo, self.commit))
    }

    /// The folder its files will be in.
    pub fn snapshot(&self) -> PathBuf {
        RepoCache::new(&self.cache, &self.repo).snapshot(&self.commit)
    }

    /// Bytes that are there already.
    pub fn arrived(&self) -> u64 {
        let cache = RepoCache::new(&self.cache, &self.repo);
        let length = |path: PathBuf| std::fs::metadata(path).map(|about| about.len());
        let of = |file: &HubFile| {
            length(cache.blob(file))
                .or_else(|_| length(cache.incomplete(file)))
                .map_or(0, |there| there.min(file.bytes))
        };
        self.files.iter().map(of).sum()
    }

    /// Throws away what has arrived of files that are not whole.
    pub(super) fn discard(&self) {
        let cache = RepoCache::new(&self.cache, &self.repo);
        for file in &self.files {
            let part = cache.incomplete(file);
            if let Err(error) = std::fs::remove_file(&part)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(%error, path = %part.display(), "a part stays behind");
            }
        }
    }
}

/// Which download.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DownloadKey(pub String);

/// What a download is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DownloadStage {
    /// Bytes arrive.
    Receiving,
    /// What is there is compared with its checksum.
    Checking,
    /// The server asked to wait, or cannot be reached; seconds until the next attempt.
    Waiting(u64),
}

/// How far a download is.
#[derive(Clone, Debug, PartialEq)]
pub struct DownloadProgress {
    /// What it is doing.
    pub stage: DownloadStage,
    /// The file at hand.
    pub file: String,
    /// Its bytes so far, and in all.
    pub file_bytes: (u64, u64),
    /// Files that are whole, and in all.
    pub files: (usize, usize),
    /// Bytes of all files so far, and in all.
    pub bytes: (u64, u64),
    /// Bytes per second, lately.
    pub speed: f64,
    /// Estimated seconds until the end, once that can be told.
    pub seconds_left: Option<f64>,
}

/// Downloads everything that is not there yet and returns the folder of the snapshot.
pub(super) fn download(
    client: &Client,
    spec: &DownloadSpec,
    token: &CancelToken,
    on_progress: &mut dyn FnMut(DownloadProgress),
) -> Result<PathBuf, HubError> {
    let cache = RepoCache::new(&spec.cache, &spec.repo);
    let missing = spec.bytes().saturating_sub(spec.arrived());
    check_room(missing, free_bytes(&spec.cache), &spec.cache)?;
    cache.prepare()?;
    let mut going = Going::new(spec, on_progress);
    for file in &spec.files {
        if token.is_cancelled() {
            return Err(HubError::Stopped);
        }
        going.begin(file);
        let whole =
            std::fs::metadata(cache.blob(file)).is_ok_and(|about| about.len() == file.bytes);
        if !whole {
            fetch(client, spec, &cache, file, token, &mut going)?;
        }
        cache.link(file, &spec.commit)?;
        going.finish(file);
    }
    cache.point(&spec.revision, &spec.commit)?;
    Ok(spec.snapshot())
}

/// Fails when the bytes that are missing do not fit.
fn check_room(missing: u64, free: Option<u64>, folder: &Path) -> Result<(), HubError> {
    let needed = missing.saturating_add(SPARE_BYTES);
    match free {
        Some(free) if missing > 0 && free < needed => Err(HubError::NoRoom {
            needed,
            free,
            folder: folder.to_path_buf(),
        }),
        _ => Ok(()),
    }
}

/// Fetches one file and checks it. One that arrives wrong is fetched once more from the beginning:
/// what an earlier attempt left may have been the wrong part.
fn fetch(
    client: &Client,
    spec: &DownloadSpec,
    cache: &RepoCache,
    file: &HubFile,
    token: &CancelToken,
    going: &mut Going<'_>,
) -> Result<(), HubError> {
    let part = cache.incomplete(file);
    for _ in 0..2 {
        let mut writer = Part::open(&part, file, token, going)?;
        receive(client, spec, file, &mut writer, token, going)?;
        if writer.finish(file)? {
            let blob = cache.blob(file);
            return std::fs::rename(&part, &blob).map_err(|e| HubError::disk(&e, &blob));
        }
        tracing::warn!(path = file.path, "a wrong checksum");
        std::fs::remove_file(&part).map_err(|e| HubError::disk(&e, &part))?;
        going.restart();
    }
    Err(HubError::WrongChecksum {
        path: file.path.clone(),
    })
}

/// Receives what is missing of a file, over as many connections as it takes. Attempts count as
/// failed only when they bring nothing.
fn receive(
    client: &Client,
    spec: &DownloadSpec,
    file: &HubFile,
    part: &mut Part,
    token: &CancelToken,
    going: &mut Going<'_>,
) -> Result<(), HubError> {
    let address = file_address(client, &spec.repo, &spec.commit, &file.path);
    let mut failed = 0;
    while part.length < file.bytes {
        let before = part.length;
        let error = match client
            .get(&address, part.length)
            .and_then(|answer| append(answer, file, part, token, going))
        {
            Ok(()) => continue,
            Err(error) if error.may_pass() => error,
            Err(error) => return Err(error),
        };
        failed = if part.length > before { 1 } else { failed + 1 };
        tracing::debug!(path = file.path, at = part.length, %error, "interrupted");
        let wait = client.wait_for(&error, failed).ok_or(error)?;
        pause(wait, token, |left| {
            going.tell(
                DownloadStage::Waiting(left.as_secs() + 1),
                file,
                part.length,
            );
        })?;
    }
    Ok(())
}

/// Appends the body of one answer.
fn append(
    answer: Answer,
    file: &HubFile,
    part: &mut Part,
    token: &CancelToken,
    going: &mut Going<'_>,
) -> Result<(), HubError> {
    let begins_here = |answer: &Answer| {
        let range = answer.header("content-range");
        let from = range.and_then(|range| range.strip_prefix("bytes ")?.split_once('-'));
        from.is_some_and(|(from, _)| from.parse() == Ok(part.length))
    };
    match answer.status {
        206 if begins_here(&answer) => {}
        200 if part.length == 0 => {}
        // The server sends the whole file, or says that there is no such part of it.
        _ => {
            part.restart()?;
            going.restart();
            if answer.status != 200 {
                return Err(HubError::Unreachable {
                    host: answer.into_body().0,
                    why: "the server sent another part than it was asked for".to_owned(),
                });
            }
        }
    }
    let (host, mut body) = answer.into_body();
    let mut block = vec![0; BLOCK];
    loop {
        if token.is_cancelled() {
            part.flush()?;
            return Err(HubError::Stopped);
        }
        let read = match body.read(&mut block) {
            Ok(read) => read,
            Err(error) => {
                part.flush()?;
                return Err(unreachable(host, &error));
            }
        };
        if read == 0 {
            break;
        }
        let room = usize::try_from(file.bytes - part.length).unwrap_or(usize::MAX);
        if read > room {
            return Err(HubError::BadAnswer {
                host,
                why: format!("{} is larger than it said", file.path),
            });
        }
        part.write(&block[..read])?;
        going.received(read as u64);
        going.tell(DownloadStage::Receiving, file, part.length);
    }
    part.flush()?;
    if part.length < file.bytes {
        let why = std::io::Error::other("the connection ended early");
        return Err(unreachable(host, &why));
    }
    Ok(())
}

/// A file on its way, with the checksum of what is there.
struct Part {
    path: PathBuf,
    file: File,
    checker: Checker,
    length: u64,
    bytes: u64,
}

impl Part {
    /// Opens what an earlier attempt left, and reads it for its checksum.
    fn open(
        path: &Path,
        of: &HubFile,
        token: &CancelToken,
        going: &mut Going<'_>,
    ) -> Result<Self, HubError> {
        let disk = |e: std::io::Error| HubError::disk(&e, path);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(disk)?;
        let there = file.metadata().map_err(disk)?.len();
        let mut part = Self {
            path: path.to_path_buf(),
            file,
            checker: Checker::new(of),
            length: 0,
            bytes: of.bytes,
        };
        if there > of.bytes {
            part.restart()?;
        }
        let mut block = vec![0; BLOCK];
        while part.length < there.min(of.bytes) {
            if token.is_cancelled() {
                return Err(HubError::Stopped);
            }
            let read = part.file.read(&mut block).map_err(disk)?;
            if read == 0 {
                break;
            }
            part.checker.update(&block[..read]);
            part.length += read as u64;
            going.tell(DownloadStage::Checking, of, part.length);
        }
        going.here = part.length;
        Ok(part)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), HubError> {
        self.file
            .write_all(bytes)
            .map_err(|e| HubError::disk(&e, &self.path))?;
        self.checker.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), HubError> {
        self.file
            .flush()
            .map_err(|e| HubError::disk(&e, &self.path))
    }

    /// Forgets everything that arrived.
    fn restart(&mut self) -> Result<(), HubError> {
        let disk = |e: std::io::Error| HubError::disk(&e, &self.path);
        self.file.set_len(0).map_err(disk)?;
        self.file.seek(SeekFrom::Start(0)).map_err(disk)?;
        self.checker.restart(self.bytes);
        self.length = 0;
        Ok(())
    }

    /// Puts it safely onto the disk; whether it is what the hub said.
    fn finish(self, of: &HubFile) -> Result<bool, HubError> {
        self.file
            .sync_all()
            .map_err(|e| HubError::disk(&e, &self.path))?;
        Ok(self.checker.agrees(of))
    }
}

/// The whole download as it goes on.
struct Going<'a> {
    done_files: usize,
    all_files: usize,
    /// Bytes of files that are whole.
    done: u64,
    /// Bytes of the file at hand.
    here: u64,
    all: u64,
    speed: Speed,
    told: Option<Instant>,
    on_progress: &'a mut dyn FnMut(DownloadProgress),
}

impl<'a> Going<'a> {
    fn new(spec: &DownloadSpec, on_progress: &'a mut dyn FnMut(DownloadProgress)) -> Self {
        Self {
            done_files: 0,
            all_files: spec.files.len(),
            done: 0,
            here: 0,
            all: spec.bytes(),
            speed: Speed::default(),
            told: None,
            on_progress,
        }
    }

    fn begin(&mut self, file: &HubFile) {
        self.here = 0;
        self.told = None;
        self.tell(DownloadStage::Receiving, file, 0);
    }

    fn restart(&mut self) {
        self.here = 0;
    }

    fn received(&mut self, bytes: u64) {
        self.speed.add(bytes);
    }

    fn finish(&mut self, file: &HubFile) {
        self.done += file.bytes;
        self.here = 0;
        self.done_files += 1;
        self.told = None;
        self.tell(DownloadStage::Receiving, file, 0);
    }

    fn tell(&mut self, stage: DownloadStage, file: &HubFile, length: u64) {
        self.here = length;
        if self.told.is_some_and(|told| told.elapsed() < TELL_EVERY) {
            return;
        }
        self.told = Some(Instant::now());
        let bytes = (self.done + self.here, self.all);
        let speed = self.speed.per_second();
        let left = self.all.saturating_sub(bytes.0) as f64;
        (self.on_progress)(DownloadProgress {
            stage,
            file: file.path.clone(),
            file_bytes: (length, file.bytes),
            files: (self.done_files, self.all_files),
            bytes,
            speed,
            seconds_left: (speed > 1.0).then(|| left / speed),
        });
    }
}

/// How fast bytes arrive, with older seconds counting less and less.
#[derive(Default)]
struct Speed {
    /// Bytes and seconds, faded.
    bytes: f64,
    seconds: f64,
    last: Option<Instant>,
}

impl Speed {
    fn add(&mut self, bytes: u64) {
        let now = Instant::now();
        if let Some(last) = self.last {
            let passed = now.duration_since(last).as_secs_f64();
            let keep = (-passed / SPEED_SECS).exp();
            self.bytes = self.bytes * keep + bytes as f64;
            self.seconds = self.seconds * keep + passed;
        }
        self.last = Some(now);
    }

    fn per_second(&self) -> f64 {
        if self.seconds < 0.2 {
            return 0.0;
        }
        self.bytes / self.seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_that_does_not_fit_is_not_begun() {
        let folder = Path::new("/cache");
        let gigabyte = 1_000_000_000;
        assert!(check_room(gigabyte, Some(2 * gigabyte), folder).is_ok());
        assert!(check_room(gigabyte, None, folder).is_ok(), "nobody knows");
        assert!(check_room(0, Some(0), folder).is_ok(), "all is there");
        let refused = check_room(gigabyte, Some(gigabyte), folder);
        assert!(matches!(refused, Err(HubError::NoRoom { free, .. }) if free == gigabyte));
    }
}
