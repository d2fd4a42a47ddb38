//! `lgd-studio validate`: the paper's evaluation of a bundle on a data set.

use super::drawing_args::{DrawingArgs, ModeArg, usable};
use super::session::Session;
use super::slurm::{self, Emit};
use super::{Failure, GlobalArgs, evaluation, output, score::ReportArgs};
use crate::job::{
    BundleSource, PAPER_MODES, PAPER_SEEDS, Shard, ValidateSpec, Validation, paper_settings,
};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};

/// What to evaluate. Without options it is the paper's evaluation: 50 steps, text guidance 7.5, image
/// guidance 1.8, nine seeds. The folder is laid out as the original's; the same command again goes on
/// where it stopped.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lgd-studio validate --dataset vqai --bundle my-bundle -o out\n  lgd-studio validate --dataset toon --split test --limit 100 --steps 20 --seeds 1391 -o out\n  lgd-studio validate --dataset vqai -o out --emit slurm --shards 16 > job.sh"
)]
pub(super) struct ValidateArgs {
    /// The data set: a folder with images/ and labels_cot_SPLIT.json
    #[arg(long, value_name = "DIR")]
    dataset: PathBuf,
    /// Which part of the data set
    #[arg(long, value_name = "NAME", default_value = "val")]
    split: String,
    /// Modes to draw in [default: question,answer,latent]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "MODES")]
    modes: Vec<ModeArg>,
    /// Seeds of the pictures [default: the paper's nine]
    #[arg(long, value_delimiter = ',', value_name = "SEEDS")]
    seeds: Vec<u64>,
    /// At most so many samples, from the start of the list
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    #[command(flatten)]
    drawing: DrawingArgs,
    #[command(flatten)]
    report: ReportArgs,
    /// Draw one of several parts only, for example 1/4 to 4/4; into one folder or into several
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Print a script for a cluster instead of drawing
    #[arg(long, value_enum, value_name = "SYSTEM", conflicts_with = "shard")]
    emit: Option<Emit>,
    /// Parts of the script's array job
    #[arg(long, value_name = "N", default_value_t = 8, requires = "emit", value_parser = clap::value_parser!(u16).range(1..))]
    shards: u16,
    /// The folder
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

impl ValidateArgs {
    fn spec(&self, bundle: BundleSource) -> Result<ValidateSpec, Failure> {
        if self.drawing.has_answer() {
            return Err(Failure::Usage(
                "One --answer cannot be right for every sample; the model writes them.".to_owned(),
            ));
        }
        let modes = match self.modes.is_empty() {
            true => PAPER_MODES.to_vec(),
            false => distinct(self.modes.iter().map(|mode| (*mode).into())),
        };
        let seeds = match self.seeds.is_empty() {
            true => PAPER_SEEDS.to_vec(),
            false => distinct(self.seeds.iter().copied()),
        };
        let settings = self.drawing.request("", paper_settings());
        let mut asked = settings.clone();
        asked.question = "Any".to_owned(); // the samples bring their own
        usable(&[asked])?;
        Ok(ValidateSpec {
            judges: self.report.choice(bundle.clone()),
            bundle,
            dataset: self.dataset.clone(),
            split: self.split.clone(),
            modes,
            seeds,
            limit: self.limit.map(|limit| limit as usize),
            shard: self.shard.unwrap_or(Shard::WHOLE),
            settings,
            output: self.output.clone(),
            against: self.report.against.clone(),
        })
    }
}

fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}

pub(super) fn run(
    args: &ValidateArgs,
    bundle: BundleSource,
    global: &GlobalArgs,
) -> Result<(), Failure> {
    let spec = args.spec(bundle)?;
    if let Some(Emit::Slurm) = args.emit {
        let score = ["lgd-studio", "score"].map(str::to_owned).to_vec();
        let score = [score, vec![args.output.display().to_string()]].concat();
        let script = slurm::array_job(
            &slurm::this_command(&["--shards"]),
            &score,
            args.shards.into(),
        );
        output::line(script.trim_end());
        return Ok(());
    }
    let (against, folder) = (spec.against.clone(), spec.output.clone());
    let done = Session::start(global)?.validate(spec)?;
    print(&done, against.as_deref(), &folder, global);
    Ok(())
}

fn print(done: &Validation, against: Option<&Path>, folder: &Path, global: &GlobalArgs) {
    if global.json {
        let found = done.evaluation.as_ref();
        output::json(&json!({
            "folder": folder,
            "samples": done.samples,
            "drawn": done.drawn,
            "kept": done.kept,
            "skipped": done.skipped,
            "unscored": done.unscored.as_ref().map(ToString::to_string),
            "report": found.map(|found| &found.report),
        }));
        return;
    }
    output::line(format!(
        "{} samples are complete: {} pictures were drawn, {} were there already.",
        done.samples, done.drawn, done.kept
    ));
    if !done.skipped.is_empty() {
        output::line(format!("Skipped samples: {}", done.skipped.len()));
    }
    for skipped in &done.skipped {
        output::line(format!("  {}: {}", skipped.name, skipped.reason));
    }
    output::line("");
    match (&done.evaluation, &done.unscored) {
        (Some(found), _) => evaluation::print(found, against, Some(folder), global),
        (None, Some(problem)) => output::line(problem),
        (None, None) => output::line(folder.display()),
    }
}
