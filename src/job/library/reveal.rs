//! Shows a folder in the system's file manager.

use crate::job::Problem;
use std::path::Path;
use std::process::{Command, Stdio};

/// Opens the file manager at a folder and waits until it took the folder over; on a thread of its
/// own, because some file managers stay.
///
/// # Errors
/// When there is none.
pub(super) fn reveal(folder: &Path) -> Result<(), Problem> {
    let program = if cfg!(target_os = "windows") {
        "explorer"
    } else if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let mut command = Command::new(program);
    command.arg(folder).stdin(Stdio::null());
    let ended = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    // Windows' explorer says 1 even when it worked.
    let worked = ended.is_ok_and(|status| status.success() || cfg!(target_os = "windows"));
    if worked {
        return Ok(());
    }
    Err(Problem::new("No file manager could be opened.")
        .hint("Copy the path instead and open it yourself.")
        .file(folder))
}
