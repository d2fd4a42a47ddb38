//! `lgd-studio bundle random`, and how any work on a bundle is shown in a terminal.

use super::session::Session;
use super::{Failure, GlobalArgs, output};
use crate::job::{BundleTask, MadeBundle, Preset, RandomSpec, StoredAs};
use clap::Args;
use std::path::PathBuf;

/// A bundle of made-up weights.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  lgd-studio bundle random --preset sd15-flan-t5-xl -o big\n  lgd-studio ask frame.png \"What happens if it rains?\" --bundle big --steps 4"
)]
pub(super) struct RandomArgs {
    /// Its sizes: sd15-flan-t5-xl, sd15-flan-t5-xxl, sd15-ip2p, toon-tiny or tiny
    #[arg(long)]
    preset: Preset,
    /// The bundle folder to make
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Number format: as-stored (as the preset is published), f32, f16 or bf16
    #[arg(long, default_value_t)]
    dtype: StoredAs,
    /// Same seed, same weights
    #[arg(long, default_value_t)]
    seed: u64,
    /// The bundle's name
    #[arg(long)]
    name: Option<String>,
}

pub(super) fn random(args: &RandomArgs, global: &GlobalArgs) -> Result<(), Failure> {
    let spec = RandomSpec {
        preset: args.preset,
        to: args.output.clone(),
        name: args.name.clone(),
        stored_as: args.dtype,
        seed: args.seed,
    };
    let made = Session::start(global)?.make(BundleTask::Random(spec))?;
    report(&made, global);
    Ok(())
}

/// Prints what was made.
pub(super) fn report(made: &MadeBundle, global: &GlobalArgs) {
    if global.json {
        output::json(made);
        return;
    }
    let MadeBundle {
        folder,
        name,
        bytes,
        bytes_kept,
        seconds,
    } = made;
    output::line(format!("{name}\t{}", folder.display()));
    let fresh = bytes.saturating_sub(*bytes_kept);
    let speed = fresh as f64 / seconds.max(1e-3);
    output::line(format!(
        "{} in {seconds:.1} s, {} per second",
        output::size(*bytes),
        output::size(speed as u64)
    ));
    if *bytes_kept > 0 {
        output::line(format!(
            "{} were there already, from a build that was stopped.",
            output::size(*bytes_kept)
        ));
    }
}
