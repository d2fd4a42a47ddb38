//! `lgd-studio bundle list | inspect | verify | import | random | download`.

use super::session::{Session, unexpected};
use super::{Failure, GlobalArgs, download, making, output};
use crate::job::bundles::{self, KnownBundle};
use crate::job::{BundleEvent, BundleSource, BundleTask, Places, Problem};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What to do with bundles.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lgd-studio bundle list\n  lgd-studio bundle verify toon-tiny")]
pub(super) struct BundleArgs {
    #[command(subcommand)]
    command: BundleCommand,
}

#[derive(Debug, Subcommand)]
enum BundleCommand {
    /// List the embedded bundle and those in the data folder
    List,
    /// Show what a bundle is made of
    Inspect {
        /// A folder, or the name of a bundle
        path: PathBuf,
    },
    /// Download a repository from the Hugging Face hub, or go on with a download
    Download(download::DownloadArgs),
    /// Compare checksums and load every network strictly
    Verify {
        /// A folder, or the name of a bundle
        path: PathBuf,
    },
    /// Convert original weights to a bundle, or use them in place
    Import(making::ImportArgs),
    /// Make up a bundle of any published size, to measure and test with
    Random(making::RandomArgs),
}

pub(super) fn run(args: &BundleArgs, global: &GlobalArgs) -> Result<(), Failure> {
    let places = Places::of_user();
    match &args.command {
        BundleCommand::Download(args) => download::run(args, global),
        BundleCommand::List => list(places.as_ref(), global),
        BundleCommand::Inspect { path } => {
            inspect(&bundles::find(Some(path), places.as_ref()), global)
        }
        BundleCommand::Verify { path } => {
            verify(&bundles::find(Some(path), places.as_ref()), global)
        }
        BundleCommand::Import(args) => making::import(args, global),
        BundleCommand::Random(args) => making::random(args, global),
    }
}

fn location(source: &BundleSource) -> String {
    match source {
        BundleSource::Embedded => "inside the program".to_owned(),
        BundleSource::Folder(path) => path.display().to_string(),
    }
}

fn list(places: Option<&Places>, global: &GlobalArgs) -> Result<(), Failure> {
    let found = bundles::list(places)?;
    if global.json {
        let rows: Vec<_> = found
            .iter()
            .map(|KnownBundle { source, name }| {
                serde_json::json!({
                    "name": name.as_ref().ok(),
                    "location": location(source),
                    "problem": name.as_ref().err().map(ToString::to_string),
                })
            })
            .collect();
        output::json(&rows);
        return Ok(());
    }
    for KnownBundle { source, name } in &found {
        match name {
            Ok(name) => output::line(format!("{name}\t{}", location(source))),
            Err(problem) => output::line(format!(
                "unreadable\t{}\t{}",
                location(source),
                problem.message
            )),
        }
    }
    Ok(())
}

fn inspect(source: &BundleSource, global: &GlobalArgs) -> Result<(), Failure> {
    let report = bundles::inspect(source)?;
    if global.json {
        output::json(&report);
        return Ok(());
    }
    output::line(format!("{}, {}", report.name, location(source)));
    output::line(&report.description);
    output::line(format!(
        "licence     {}",
        report.licence.as_deref().unwrap_or("not written down")
    ));
    output::line(format!("resolution  {0} x {0}", report.resolution));
    output::line(format!("modes       {}", report.modes.join(", ")));
    if !report.second_editor_modes.is_empty() {
        output::line(format!(
            "of these    {} with the second editor, plain InstructPix2Pix (ip2p)",
            report.second_editor_modes.join(", ")
        ));
    }
    for (mode, reason) in &report.unavailable_modes {
        output::line(format!("no {mode}: {reason}"));
    }
    if let Some(badge) = &report.badge {
        output::line(format!("note        {badge}"));
    }
    for folder in &report.links {
        output::line(format!("uses        {}", folder.display()));
    }
    output::line(format!("size        {}", output::size(report.bytes)));
    for part in &report.components {
        output::line(format!(
            "{:<30}{:>14} parameters in {} tensors, {}",
            part.name,
            indicatif::HumanCount(part.parameters as u64).to_string(),
            part.tensors,
            part.dtypes.join(" + ")
        ));
    }
    Ok(())
}

fn verify(source: &BundleSource, global: &GlobalArgs) -> Result<(), Failure> {
    let found = match Session::start(global)?.on_bundle(BundleTask::Verify(source.clone()))? {
        BundleEvent::Verified(found) => found,
        other => return Err(unexpected(&other)),
    };
    if global.json {
        output::json(&found);
    } else {
        output::line(format!("{} files have the right checksum.", found.checked));
        if !found.unlisted.is_empty() {
            output::line(format!(
                "Without a checksum in lgd.json: {}",
                found.unlisted.join(", ")
            ));
        }
        if found.problems.is_empty() {
            output::line(if found.loaded {
                "All networks load: every tensor is there, has the right shape and is finite."
            } else {
                "The networks were not loaded: they do not fit into the free memory."
            });
        }
    }
    if found.problems.is_empty() {
        return Ok(());
    }
    let problem = Problem::new(format!(
        "The bundle is damaged.\n{}",
        found.problems.join("\n")
    ))
    .hint("Copy the bundle again.");
    Err(match source {
        BundleSource::Embedded => problem,
        BundleSource::Folder(folder) => problem.file(folder),
    }
    .into())
}
