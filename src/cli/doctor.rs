//! `lgd-studio doctor`.

use super::{Failure, GlobalArgs, output};
use crate::job::doctor;

pub(super) fn run(global: &GlobalArgs) -> Result<(), Failure> {
    let findings = doctor::examine();
    if global.json {
        output::json(&findings);
        return Ok(());
    }
    for finding in &findings {
        output::line(format!("{:<28}{}", finding.what, finding.found));
        if let Some(hint) = &finding.hint {
            output::line(format!("{:<28}  -> {hint}", ""));
        }
    }
    Ok(())
}
