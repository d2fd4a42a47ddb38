//! Starts the program once more.

use crate::job::Problem;
use std::path::Path;
use std::process::{Command, Stdio};

/// Starts a new window and does not wait for it.
///
/// # Errors
/// When the system starts none.
pub(super) fn restart(program: Option<&Path>, safe: bool) -> Result<(), Problem> {
    let failed = |error: std::io::Error| {
        Problem::new(format!("The program cannot be started: {error}."))
            .hint("Close it and start `lgd-studio --safe-mode` yourself.")
    };
    let own;
    let program = match program {
        Some(program) => program,
        None => {
            own = std::env::current_exe().map_err(failed)?;
            &own
        }
    };
    let mut command = Command::new(program);
    if safe {
        command.arg("--safe-mode");
    }
    let command = command.stdin(Stdio::null());
    // It outlives this process; nobody is left to wait for it.
    command.spawn().map(drop).map_err(failed)
}
