//! Checking a bundle: every checksum, file by file, then every network.

use crate::job::{Bundle, BundleSource, CancelToken, Problem};
use crate::nn::cancel;
use crate::pipeline::{EditError, LgdPipeline};
use candle_core::Device;
use sha2::{Digest as _, Sha256};
use std::io::Read;
use std::time::{Duration, Instant};

/// Bytes hashed between two looks at the cancel token; a few milliseconds.
const BLOCK: usize = 1 << 20;
/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_millis(80);
/// Loading needs up to this many times the bytes on disk (half precision becomes f32).
const GROWTH: u64 = 2;

/// How far a check is.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifyProgress {
    /// The file that is read now; empty while the networks are loaded.
    pub file: String,
    /// Bytes read so far, and in all.
    pub bytes: (u64, u64),
    /// Estimated seconds until all files are read, once that can be told.
    pub seconds_left: Option<f64>,
}

/// What was found of one file.
#[derive(Clone, Debug, PartialEq)]
pub struct FileCheck {
    /// Path inside the bundle.
    pub path: String,
    /// What was found.
    pub verdict: FileVerdict,
}

/// What was found of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum FileVerdict {
    /// Its checksum is the one in `lgd.json`.
    Right,
    /// Its checksum is another one.
    Changed,
    /// `lgd.json` says nothing of it.
    Unlisted,
    /// It is missing or cannot be read.
    Unreadable(Problem),
}

impl FileVerdict {
    /// Whether this makes a bundle a damaged one.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Changed | Self::Unreadable(_))
    }
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq)]
pub enum VerifyReport {
    /// All files and networks were looked at: what is wrong with the networks, if anything is, and
    /// whether they were loaded. Networks that would not fit beside what is in memory are not.
    Done {
        /// Why the networks cannot be loaded.
        networks: Option<Problem>,
        /// Whether they were loaded at all.
        loaded: bool,
    },
    /// A person stopped it.
    Stopped,
    /// There is no readable bundle at all.
    Failed(Problem),
}

/// Checks a bundle. Files are told one by one, progress often.
pub(super) fn verify(
    source: &BundleSource,
    token: &CancelToken,
    on_file: &mut dyn FnMut(FileCheck),
    on_progress: &mut dyn FnMut(VerifyProgress),
) -> VerifyReport {
    let bundle = match Bundle::open(source) {
        Ok(bundle) => bundle,
        Err(problem) => return VerifyReport::Failed(problem),
    };
    let present = match bundle.files() {
        Ok(files) => files,
        Err(problem) => return VerifyReport::Failed(problem),
    };
    let listed = &bundle.manifest.sha256;
    let missing = listed.keys().filter(|path| !present.contains(path));
    let paths: Vec<String> = present.iter().chain(missing).cloned().collect();
    let sizes = paths.iter().map(|path| bundle.size(path).unwrap_or(0));
    let all: u64 = sizes.sum();

    let mut reading = Reading::new(all, on_progress);
    for path in paths.into_iter().filter(|path| path != "lgd.json") {
        let verdict = match (listed.get(&path), reading.sha256(&bundle, &path, token)) {
            (_, Ok(None)) => return VerifyReport::Stopped,
            (_, Err(problem)) => FileVerdict::Unreadable(problem),
            (None, Ok(Some(_))) => FileVerdict::Unlisted,
            (Some(expected), Ok(Some(actual))) if expected.eq_ignore_ascii_case(&actual) => {
                FileVerdict::Right
            }
            (Some(_), Ok(Some(_))) => FileVerdict::Changed,
        };
        on_file(FileCheck { path, verdict });
    }
    networks(source, all, token)
}

/// Loads every network strictly, unless they would not fit beside what is in memory already.
fn networks(source: &BundleSource, bytes: u64, token: &CancelToken) -> VerifyReport {
    if bytes.saturating_mul(GROWTH) > free_memory() / 2 {
        return VerifyReport::Done {
            networks: None,
            loaded: false,
        };
    }
    let done = |networks| VerifyReport::Done {
        networks,
        loaded: true,
    };
    match cancel::scope(token, || LgdPipeline::load(source, &Device::Cpu)) {
        _ if token.is_cancelled() => VerifyReport::Stopped,
        Ok(_) => done(None),
        Err(EditError::Failed(problem)) => done(Some(problem)),
        Err(EditError::Cancelled) => VerifyReport::Stopped,
    }
}

/// Free memory in bytes; nothing where the system does not say.
fn free_memory() -> u64 {
    let Ok(mut system) = sysinfo::System::new() else {
        return 0;
    };
    system.refresh_memory();
    system.available_memory()
}

/// Reads files and keeps count.
struct Reading<'a> {
    read: u64,
    all: u64,
    since: Instant,
    told: Option<Instant>,
    on_progress: &'a mut dyn FnMut(VerifyProgress),
}

impl<'a> Reading<'a> {
    fn new(all: u64, on_progress: &'a mut dyn FnMut(VerifyProgress)) -> Self {
        Self {
            read: 0,
            all,
            since: Instant::now(),
            told: None,
            on_progress,
        }
    }

    /// SHA-256 of a file in hexadecimal; none when it was told to stop.
    fn sha256(
        &mut self,
        bundle: &Bundle,
        path: &str,
        token: &CancelToken,
    ) -> Result<Option<String>, Problem> {
        let mut hasher = Sha256::new();
        let mut block = vec![0; BLOCK];
        let mut file: Box<dyn Read> = match bundle.source() {
            BundleSource::Embedded => Box::new(std::io::Cursor::new(bundle.read(path)?)),
            BundleSource::Folder(root) => {
                let full = root.join(path);
                Box::new(std::fs::File::open(&full).map_err(|e| unreadable(&e, &full))?)
            }
        };
        loop {
            if token.is_cancelled() {
                return Ok(None);
            }
            let read = file
                .read(&mut block)
                .map_err(|e| unreadable(&e, path.as_ref()))?;
            if read == 0 {
                break;
            }
            hasher.update(&block[..read]);
            self.read += read as u64;
            self.tell(path);
        }
        let digest = hasher.finalize();
        Ok(Some(
            digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        ))
    }

    fn tell(&mut self, file: &str) {
        if self.told.is_some_and(|told| told.elapsed() < TELL_EVERY) {
            return;
        }
        self.told = Some(Instant::now());
        let elapsed = self.since.elapsed().as_secs_f64();
        let left = self.all.saturating_sub(self.read);
        let seconds_left = (elapsed > 0.5).then(|| elapsed * left as f64 / self.read.max(1) as f64);
        (self.on_progress)(VerifyProgress {
            file: file.to_owned(),
            bytes: (self.read, self.all),
            seconds_left,
        });
    }
}

fn unreadable(error: &std::io::Error, path: &std::path::Path) -> Problem {
    match error.kind() {
        std::io::ErrorKind::NotFound => Problem::new("The file is missing."),
        _ => Problem::new(format!("The file cannot be read: {error}.")),
    }
    .hint("Copy the bundle again.")
    .file(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_is_stopped_says_so() {
        let token = CancelToken::default();
        let mut files = Vec::new();
        let report = verify(
            &BundleSource::Embedded,
            &token,
            &mut |file| {
                files.push(file);
                token.cancel();
            },
            &mut |_| {},
        );
        assert_eq!(report, VerifyReport::Stopped);
        assert_eq!(files.len(), 1);
        assert!(!files[0].verdict.is_damage(), "{files:?}");
    }

    #[test]
    fn progress_never_passes_the_end() {
        let token = CancelToken::default();
        let mut told = Vec::new();
        let report = verify(
            &BundleSource::Embedded,
            &token,
            &mut |_| {},
            &mut |progress| told.push(progress.bytes),
        );
        assert!(matches!(report, VerifyReport::Done { networks: None, .. }));
        assert!(!told.is_empty());
        assert!(told.iter().all(|(read, all)| read <= all), "{told:?}");
        assert!(told.is_sorted_by_key(|(read, _)| *read));
    }
}
