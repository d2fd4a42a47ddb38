//! `lgd-studio metadata FILE`.

use super::{Failure, GlobalArgs, output};
use crate::job::{Problem, read_metadata};
use clap::Args;
use std::path::PathBuf;

/// What to look at.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  lgd-studio metadata answer.png")]
pub(super) struct MetadataArgs {
    /// A PNG picture
    file: PathBuf,
}

pub(super) fn run(args: &MetadataArgs, global: &GlobalArgs) -> Result<(), Failure> {
    let metadata = read_metadata(&args.file).map_err(Problem::from)?;
    if global.json {
        output::json(&serde_json::json!({
            "width": metadata.width,
            "height": metadata.height,
            "lgd_request": metadata.request,
            "parameters": metadata.parameters,
        }));
        return Ok(());
    }
    output::line(format!("{} x {} pixels", metadata.width, metadata.height));
    match &metadata.request {
        Some(request) => output::line(format!("lgd_request\n{request:#}")),
        None => output::line("No request of LGD Studio in this picture."),
    }
    if let Some(parameters) = &metadata.parameters {
        output::line(format!("parameters\n{parameters}"));
    }
    Ok(())
}
