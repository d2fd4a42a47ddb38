//! Results on standard output; a closed pipe is not an error.

use std::io::Write as _;

/// Prints one line of a result.
pub(super) fn line(text: impl std::fmt::Display) {
    // `lgd-studio … | head` closes the pipe early; there is nobody left to tell.
    drop(writeln!(std::io::stdout(), "{text}"));
}

/// Prints a result as JSON.
pub(super) fn json(value: &impl serde::Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => line(text),
        Err(error) => tracing::error!("the result cannot be written as JSON: {error}"),
    }
}

/// A size in bytes for people.
pub(super) fn size(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}
