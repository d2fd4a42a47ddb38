//! Checking a bundle: every checksum, file by file, then every network.

use crate::job::{Bundle, BundleSource, Problem};
use crate::nn::cancel;
use crate::pipeline::LgdPipeline;
use crate::pipeline::build::{BuildProgress, BuildStage, Meter};
use candle_core::Device;

/// Loading needs up to this many times the bytes on disk (half precision becomes f32).
const GROWTH: u64 = 2;

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

/// Checks a bundle. Files are told one by one, progress often; the cancel scope of the thread is
/// heard between blocks.
pub(in crate::job) fn verify(
    source: &BundleSource,
    on_file: &mut dyn FnMut(FileCheck),
    on_progress: &mut dyn FnMut(BuildProgress),
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
    let paths = present.iter().chain(missing);
    // The description cannot hold its own checksum.
    let paths: Vec<&String> = paths.filter(|path| *path != "lgd.json").collect();
    let sizes = paths.iter().map(|path| bundle.size(path).unwrap_or(0));
    let all: u64 = sizes.sum();

    let mut meter = Meter::new(all, on_progress);
    for path in paths {
        meter.begin(BuildStage::Checking, path);
        let actual = bundle.sha256(path, &mut |bytes| meter.advance(bytes));
        if cancel::checkpoint().is_err() {
            return VerifyReport::Stopped;
        }
        let verdict = match (listed.get(path), actual) {
            (_, Err(problem)) => FileVerdict::Unreadable(problem),
            (None, Ok(_)) => FileVerdict::Unlisted,
            (Some(expected), Ok(actual)) if expected.eq_ignore_ascii_case(&actual) => {
                FileVerdict::Right
            }
            (Some(_), Ok(_)) => FileVerdict::Changed,
        };
        on_file(FileCheck {
            path: path.clone(),
            verdict,
        });
    }
    networks(source, all)
}

/// Loads every network strictly, unless they would not fit beside what is in memory already.
fn networks(source: &BundleSource, bytes: u64) -> VerifyReport {
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
    match LgdPipeline::verify(source, &Device::Cpu) {
        _ if cancel::checkpoint().is_err() => VerifyReport::Stopped,
        Ok(()) => done(None),
        Err(error) => match error.problem() {
            Some(problem) => done(Some(problem)),
            None => VerifyReport::Stopped,
        },
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_is_stopped_says_so() {
        let token = crate::nn::cancel::CancelToken::default();
        let mut files = Vec::new();
        let report = cancel::scope(&token, || {
            verify(
                &BundleSource::Embedded,
                &mut |file| {
                    files.push(file);
                    token.cancel();
                },
                &mut |_| {},
            )
        });
        assert_eq!(report, VerifyReport::Stopped);
        assert_eq!(files.len(), 1);
        assert!(!files[0].verdict.is_damage(), "{files:?}");
    }
}
