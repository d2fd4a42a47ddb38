//! Why the hub did not give what was asked, in words a person can act on.

use super::RepoId;
use crate::job::Problem;
use std::path::PathBuf;
use std::time::Duration;

/// What went wrong with the hub.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// A person stopped it.
    #[error("stopped")]
    Stopped,
    /// The offline switch is on.
    #[error("the program is set to stay offline")]
    Offline,
    /// The server cannot be reached, or went away in the middle.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// Where it is.
        host: String,
        /// What the system says.
        why: String,
    },
    /// The proxy's address cannot be read.
    #[error("the proxy's address cannot be used")]
    BadProxy,
    /// The server answered with a status that says no.
    #[error("{host} answered {status}")]
    Refused {
        /// Where it is.
        host: String,
        /// The HTTP status.
        status: u16,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// The answer is not what the hub would say.
    #[error("{host} answered something else than the hub would: {why}")]
    BadAnswer {
        /// Where it is.
        host: String,
        /// What is odd about it.
        why: String,
    },
    /// A file has another checksum than the hub says.
    #[error("{path} arrived with another checksum than the hub says")]
    WrongChecksum {
        /// The file on the hub.
        path: String,
    },
    /// There is not enough room.
    #[error("not enough room")]
    NoRoom {
        /// Bytes that are needed.
        needed: u64,
        /// Bytes that are free.
        free: u64,
        /// The folder.
        folder: PathBuf,
    },
    /// A file cannot be written.
    #[error("{why}")]
    Disk {
        /// What the system says.
        why: String,
        /// Whether the disk is full.
        full: bool,
        /// The file.
        path: PathBuf,
    },
}

impl HubError {
    /// Whether another attempt may work.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => matches!(status, 408 | 425 | 429 | 500..=599),
            _ => false,
        }
    }

    /// A file error, with its place.
    pub(super) fn disk(error: &std::io::Error, path: impl Into<PathBuf>) -> Self {
        Self::Disk {
            why: error.to_string(),
            full: matches!(
                error.kind(),
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
            ),
            path: path.into(),
        }
    }

    /// The same as a person reads it, about a repository.
    pub fn problem(&self, repo: &RepoId) -> Problem {
        match self {
            Self::Stopped => Problem::new("The download was stopped."),
            Self::Offline => Problem::new("The program is set to stay offline.")
                .hint("Turn Stay offline off in the settings of the network, then try again."),
            Self::Unreachable { host, why } => {
                Problem::new(format!("{host} cannot be reached: {why}."))
                    .hint("Check the connection, and the mirror and proxy in the settings of the network. What has arrived is kept.")
            }
            Self::BadProxy => Problem::new("The address of the proxy cannot be used.")
                .hint("Write it as http://host:port or socks5://host:port in the settings of the network."),
            Self::Refused { host, status, retry_after } => refused(repo, host, *status, *retry_after),
            Self::BadAnswer { host, why } => {
                Problem::new(format!("{host} does not answer as the hub would: {why}."))
                    .hint("Check the mirror in the settings of the network.")
            }
            Self::WrongChecksum { path } => Problem::new(format!(
                "{path} arrived twice with another checksum than the hub says, and was thrown away."
            ))
            .hint("Try again later, or without the mirror or proxy."),
            Self::NoRoom { needed, free, folder } => Problem::new(format!(
                "There is not enough room: {:.1} GB are needed, {:.1} GB are free.",
                *needed as f64 / 1e9,
                *free as f64 / 1e9
            ))
            .hint("Make room, then continue. What has arrived is kept.")
            .file(folder),
            Self::Disk { full: true, path, .. } => Problem::new("The disk is full.")
                .hint("Make room, then continue. What has arrived is kept.")
                .file(path),
            Self::Disk { why, path, .. } => Problem::new(format!("A file cannot be written: {why}."))
                .hint("Check the permissions of the folder, then continue.")
                .file(path),
        }
    }
}

fn refused(repo: &RepoId, host: &str, status: u16, retry_after: Option<Duration>) -> Problem {
    match status {
        401 => Problem::new(format!("{host} asks who you are before it shows {repo}."))
            .hint("The name may be wrong, or the repository is private: check it, and set a token in the settings of the network."),
        403 => Problem::new(format!("You may not download {repo} yet."))
            .hint("Accept its conditions on its page, then set a token of that account in the settings of the network."),
        404 => Problem::new(format!("There is no {repo} on {host}, or not in that revision."))
            .hint("Check the name and the revision."),
        429 => {
            let wait = retry_after.map_or_else(
                || "Wait a few minutes".to_owned(),
                |wait| format!("Wait {} minutes", wait.as_secs().div_ceil(60).max(1)),
            );
            Problem::new(format!("{host} has answered too many requests from here."))
                .hint(format!("{wait}, then try again. A token raises the limit."))
        }
        500..=599 => Problem::new(format!("{host} has trouble of its own ({status})."))
            .hint("Try again later. What has arrived is kept."),
        _ => Problem::new(format!("{host} refused the request ({status})."))
            .hint("Check the mirror and the proxy in the settings of the network."),
    }
}
