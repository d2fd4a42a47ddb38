//! `lgd-studio score DIR`: the paper's metrics of a folder of pictures.

use super::session::Session;
use super::{Failure, GlobalArgs, evaluation};
use crate::job::{BundleSource, JobSpec, JudgeChoice, Places, ReportFormat, ScoreSpec};
use clap::Args;
use std::path::{Path, PathBuf};

/// What to score. A folder holds one folder per sample with input_img.jpg, target_img.jpg and the
/// generated pictures; folders that `validate` wrote have that once per mode.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lgd-studio score vqai_eval_output --categories labels_sample_val.json --clip clip-vit-base-patch32\n  lgd-studio score out --against before.json -o report.html"
)]
pub(super) struct ScoreArgs {
    /// The folder; several are the shards of one evaluation, and a sample counts once
    #[arg(required = true, value_name = "DIR")]
    folders: Vec<PathBuf>,
    /// The data set's labels_sample_val.json, for numbers per category
    #[arg(long, value_name = "FILE")]
    categories: Option<PathBuf>,
    /// Generated pictures that a complete sample has [default: as most samples have; 9 in the paper]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pictures: Option<u16>,
    #[command(flatten)]
    report: ReportArgs,
    /// Write a report: .json, .csv, .tex, or .html with the pictures inside
    #[arg(short, long, value_name = "REPORT")]
    output: Option<PathBuf>,
}

/// Who judges, and what the numbers are compared with.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Folder with config.json and model.safetensors of CLIP ViT-B/32 [default: clip in the bundle or in the data folder]
    #[arg(long, value_name = "DIR")]
    clip: Option<PathBuf>,
    /// Folder with the weights of LPIPS: torchvision's AlexNet or VGG-16 and the file of the lpips package [default: lpips in the data folder]
    #[arg(long, value_name = "DIR")]
    lpips: Option<PathBuf>,
    /// An earlier report (.json) to compare with
    #[arg(long, value_name = "REPORT")]
    pub(super) against: Option<PathBuf>,
}

impl ReportArgs {
    /// Who judges.
    pub(super) fn choice(&self, bundle: BundleSource) -> JudgeChoice {
        let places = Places::of_user();
        JudgeChoice::new(
            self.clip.clone(),
            self.lpips.clone(),
            bundle,
            places.as_ref(),
        )
    }
}

pub(super) fn run(
    args: ScoreArgs,
    bundle: BundleSource,
    global: &GlobalArgs,
) -> Result<(), Failure> {
    check_name(args.output.as_deref())?;
    let spec = ScoreSpec {
        folders: args.folders,
        categories: args.categories,
        pictures: args.pictures.map(usize::from),
        judges: args.report.choice(bundle),
        output: args.output,
        against: args.report.against,
    };
    let (against, output) = (spec.against.clone(), spec.output.clone());
    let found =
        Session::start(global)?.evaluate(JobSpec::Score(spec), "Looking at the pictures")?;
    evaluation::print(&found, against.as_deref(), output.as_deref(), global);
    Ok(())
}

/// Checks the name before the work, so that a typing error costs nothing.
pub(super) fn check_name(output: Option<&Path>) -> Result<(), Failure> {
    match output.map(ReportFormat::of) {
        Some(Err(problem)) => Err(Failure::Usage(problem.to_string())),
        _ => Ok(()),
    }
}
