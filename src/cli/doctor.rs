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
        output::line(finding);
    }
    Ok(())
}
