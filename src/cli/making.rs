//! `lgd-studio bundle import | random`: making bundles from a terminal.

use super::session::{Session, unexpected};
use super::{Failure, GlobalArgs, output};
use crate::job::{
    BundleEvent, BundleTask, ImportSpec, MadeBundle, Preset, RandomSpec, Recognised, StoredAs,
    WeightKind,
};
use clap::Args;
use std::path::PathBuf;

/// Original weights and what becomes of them.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lgd-studio bundle import lgd.ckpt flan-t5-tokenizer -o lgd\n  lgd-studio bundle import instruct-pix2pix --dry-run\n  lgd-studio bundle import ~/.cache/huggingface/hub/models--timbrooks--instruct-pix2pix --in-place -o ip2p"
)]
pub(super) struct ImportArgs {
    /// Checkpoints, and folders in the layouts of transformers, diffusers or the Hugging Face cache
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The bundle folder to make
    #[arg(short, long, value_name = "DIR", required_unless_present = "dry_run")]
    output: Option<PathBuf>,
    /// The bundle's name [default: the folder's]
    #[arg(long)]
    name: Option<String>,
    /// Number format: as-stored, f32, f16 or bf16
    #[arg(long, default_value_t)]
    dtype: StoredAs,
    /// Which weights of a training checkpoint: the running averages, with which the authors
    /// validate, or the plain ones
    #[arg(long, value_enum, default_value_t = Weights::Ema)]
    weights: Weights,
    /// Folders of the bundle to make, for example unet,vae,scheduler [default: everything found]
    #[arg(long, value_delimiter = ',')]
    parts: Option<Vec<String>>,
    /// Use the weights where they are, and write only a description that names their folders
    #[arg(long)]
    in_place: bool,
    /// Say what was recognised and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// The sets of weights that a training checkpoint can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Weights {
    /// Running averages
    Ema,
    /// As the last step left them
    Plain,
}

impl ImportArgs {
    fn spec(&self) -> ImportSpec {
        ImportSpec {
            name: self.name.clone(),
            stored_as: self.dtype,
            weights: match self.weights {
                Weights::Ema => WeightKind::Ema,
                Weights::Plain => WeightKind::Plain,
            },
            parts: self.parts.clone(),
            in_place: self.in_place,
            ..ImportSpec::new(self.paths.clone(), self.output.clone().unwrap_or_default())
        }
    }
}

pub(super) fn import(args: &ImportArgs, global: &GlobalArgs) -> Result<(), Failure> {
    let mut session = Session::start(global)?;
    let spec = args.spec();
    let (plan, bytes) = match session.on_bundle(BundleTask::Recognise(spec.clone()))? {
        BundleEvent::Recognised(plan, bytes) => (plan, bytes),
        other => return Err(unexpected(&other)),
    };
    if args.dry_run {
        if global.json {
            output::json(&plan);
        } else {
            recognised(&plan, bytes).iter().for_each(output::line);
        }
        return Ok(());
    }
    if !global.json {
        recognised(&plan, bytes).iter().for_each(output::line);
    }
    match session.make(BundleTask::Import(spec)) {
        Ok(made) => {
            report(&made, global);
            Ok(())
        }
        Err(Failure::Cancelled) => {
            tracing::warn!("stopped; the same command goes on from here");
            Err(Failure::Cancelled)
        }
        other => other.map(drop),
    }
}

/// What was recognised, for people.
fn recognised(plan: &Recognised, bytes: u64) -> Vec<String> {
    let mut lines = Vec::new();
    for component in &plan.components {
        let kind = match component.kind {
            WeightKind::Ema => ", running averages",
            WeightKind::Plain => "",
        };
        let about = match component.tensors.len() {
            0 => component.architecture.clone(),
            tensors => format!(
                "{}, {} parameters in {tensors} tensors, {}{kind}",
                component.architecture,
                indicatif::HumanCount(component.parameters),
                component.dtypes.join(" + "),
            ),
        };
        lines.push(format!("{:<22} {about}", component.folder()));
        lines.push(format!(
            "{:<22} {}, {}",
            "",
            component.layout,
            component.origin.display()
        ));
    }
    for missing in &plan.missing {
        lines.push(format!(
            "missing: {} It is usually found in {}.",
            missing.what, missing.usual_source
        ));
    }
    for mode in &plan.modes {
        lines.push(match mode.is_possible() {
            true => format!("mode {}: possible", mode.mode.name()),
            false => {
                let missing: Vec<&str> = mode.missing.iter().map(|part| part.title()).collect();
                format!("mode {}: needs {}", mode.mode.name(), missing.join(", "))
            }
        });
    }
    lines.extend(
        plan.warnings
            .iter()
            .map(|warning| format!("note: {warning}")),
    );
    let odd = plan.left_over.iter().filter(|left| !left.expected).count();
    if odd > 0 {
        lines.push(format!(
            "note: {odd} tensors are not known and are left out."
        ));
    }
    let licence = plan.licence.as_deref();
    lines.push(format!(
        "licence: {}",
        licence.unwrap_or("not written down")
    ));
    if bytes > 0 {
        lines.push(format!("weights in the bundle: {}", output::size(bytes)));
    }
    lines
}

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
