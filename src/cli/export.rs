//! `lgd-studio export RUN.lgdrun`: pictures, animations and tables of a finished run.

use super::session::Session;
use super::{Failure, GlobalArgs, output};
use crate::job::{BundleSource, Captions, Export, ExportFormat, StoryPlan, StorySize, open_run};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What to make of a run. Only gif, apng and the stories need a model, to decode every step; with
/// --quick they do without its weights, and show one soft colour per latent cell until the finished
/// pictures.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  lgd-studio export comparison/run.lgdrun --format gif -o cat.gif\n\nFormats:\n  grid   one picture with the frame, all answers and captions (.png, .jpg, .webp)\n  pdf    the same for a paper: words as outlines, pictures without loss\n  latex  a table of the columns with caption and label (.tex)\n  sheet  a folder in the layout of the method's authors, and an overview beside it\n  gif    the denoising of all columns; needs the bundle, or --quick\n  apng   the same with all colours; needs the bundle, or --quick\n  csv    one row per column, and NAME-steps.csv with one row per step\n  json   the same numbers with the complete requests\n  times  every measured span of the run: loading, reading, thinking, steps, … (.csv or .json)\n  story-gif, story-apng, story-mp4\n         frame, question as it is typed, written answers, denoising and a wipe; mp4 needs ffmpeg"
)]
pub(super) struct ExportArgs {
    /// A run that this program saved
    run: PathBuf,
    /// What to make
    #[arg(long, value_enum)]
    format: FormatArg,
    /// The file to write; with --format sheet the folder to make
    #[arg(short, long, value_name = "PATH")]
    output: PathBuf,
    /// How large the pictures of a story are
    #[arg(long, value_enum, default_value = "medium")]
    size: SizeArg,
    /// Show the steps of gif, apng and stories as quick guesses of colours: needs no weights
    #[arg(long)]
    quick: bool,
    /// Leave question, seeds and settings out of the metadata, and seeds and scales out of captions
    #[arg(long)]
    leave_out_settings: bool,
    /// What the answer should have looked like; target_img.jpg of a sheet
    #[arg(long, value_name = "IMAGE")]
    target: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatArg {
    Grid,
    Pdf,
    Latex,
    Sheet,
    Gif,
    Apng,
    Csv,
    Json,
    Times,
    StoryGif,
    StoryApng,
    StoryMp4,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SizeArg {
    Small,
    Medium,
    Large,
}

impl From<SizeArg> for StorySize {
    fn from(size: SizeArg) -> Self {
        match size {
            SizeArg::Small => Self::Small,
            SizeArg::Medium => Self::Medium,
            SizeArg::Large => Self::Large,
        }
    }
}

impl From<FormatArg> for ExportFormat {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Grid => Self::Grid,
            FormatArg::Pdf => Self::Pdf,
            FormatArg::Latex => Self::Latex,
            FormatArg::StoryGif => Self::StoryGif,
            FormatArg::StoryApng => Self::StoryApng,
            FormatArg::StoryMp4 => Self::StoryMp4,
            FormatArg::Sheet => Self::Sheet,
            FormatArg::Gif => Self::Gif,
            FormatArg::Apng => Self::Apng,
            FormatArg::Csv => Self::Csv,
            FormatArg::Json => Self::Json,
            FormatArg::Times => Self::Times,
        }
    }
}

pub(super) fn run(
    args: &ExportArgs,
    bundle: BundleSource,
    global: &GlobalArgs,
) -> Result<(), Failure> {
    let format = ExportFormat::from(args.format);
    check_name(format, &args.output)?;
    if args.quick && !format.is_animation() {
        return Err(Failure::Usage(
            "--quick is for --format gif, apng and the stories.".to_owned(),
        ));
    }
    if args.target.is_some() && format != ExportFormat::Sheet {
        return Err(Failure::Usage("--target is for --format sheet.".to_owned()));
    }
    let run = open_run(&args.run)?;
    let mut session = Session::start(global)?;
    let target = match &args.target {
        Some(path) => Some(session.open_frame(path)?.image),
        None => None,
    };
    let export = Export {
        run: Arc::new(run),
        format,
        path: args.output.clone(),
        quick: args.quick,
        size: args.size.into(),
        with_settings: !args.leave_out_settings,
        target,
        captions: Captions::default(),
    };
    let plan = format
        .is_story()
        .then(|| StoryPlan::of(&export.run, export.size));
    if let Some(plan) = &plan {
        let (width, height) = plan.size;
        tracing::info!(
            "a story of {:.1} s, {} pictures of {width}x{height} pixels",
            plan.seconds(),
            plan.beats.len()
        );
    }
    session.export(bundle, export)?;
    if global.json {
        let mut json = serde_json::json!({ "format": format.name(), "path": args.output });
        if let Some(plan) = plan {
            json["seconds"] = plan.seconds().into();
            json["pictures"] = plan.beats.len().into();
            json["width_px"] = plan.size.0.into();
            json["height_px"] = plan.size.1.into();
        }
        output::json(&json);
    } else {
        output::line(args.output.display());
    }
    Ok(())
}

/// Checks the name before the work, so that a typing error costs nothing.
fn check_name(format: ExportFormat, path: &Path) -> Result<(), Failure> {
    let known = format.extensions();
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    if known.is_empty() || ending.is_some_and(|ending| known.contains(&ending.as_str())) {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "The name of a {} has to end in .{}.\nFile: {}",
        format.name(),
        known.join(" or ."),
        path.display()
    )))
}
