//! `lgd-studio toon render | dataset`: the drawn world.

use super::{Failure, GlobalArgs, output, session};
use crate::job::toon::{self, Scene, Split, ToonDataset};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::{Path, PathBuf};

/// What to make of the drawn world.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lgd-studio toon render --rule mouse_hungry --seed 3 -o frame.png\n  lgd-studio toon dataset --count 1000 --seed 1 -o toon-1000"
)]
pub(super) struct ToonArgs {
    #[command(subcommand)]
    command: ToonCommand,
}

#[derive(Debug, Subcommand)]
enum ToonCommand {
    /// Draw a scene and list what can happen in it
    Render(RenderArgs),
    /// Write a data set in VQAI layout; the same command again goes on where it stopped
    Dataset(DatasetArgs),
}

#[derive(Debug, Args)]
struct RenderArgs {
    /// A scene as JSON; without one a scene is drawn by lot
    #[arg(value_name = "SCENE.json")]
    scene: Option<PathBuf>,
    /// Which scene to draw by lot, from 1
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    seed: u64,
    /// Draw by lot until this rule can be asked about
    #[arg(long, value_name = "RULE", conflicts_with = "scene")]
    rule: Option<String>,
    /// Draw the scene after this rule instead of the one before
    #[arg(long, value_name = "RULE")]
    after: Option<String>,
    /// Side of the picture in pixels
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(16..=4096))]
    size: u32,
    /// Where to save the picture
    #[arg(short, long, value_name = "OUT.png")]
    output: PathBuf,
}

#[derive(Debug, Args)]
struct DatasetArgs {
    /// Samples for training
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    count: u64,
    /// Seed of the samples, from 1; 1 gives those toon-tiny was trained with
    #[arg(long, value_name = "S", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    seed: u64,
    /// Samples for watching a run [default: a tenth of the count, at most 400]
    #[arg(long, value_name = "N")]
    val: Option<usize>,
    /// Samples for the numbers that are reported [default: as --val]
    #[arg(long, value_name = "N")]
    test: Option<usize>,
    /// Samples of combinations that training never shows [default: as --val]
    #[arg(long, value_name = "N")]
    compositional: Option<usize>,
    /// Samples of questions that take more than one rule: chained causes, negation, counting; the same
    /// question about two frames each [default: as --val]
    #[arg(long, value_name = "N")]
    reasoning: Option<usize>,
    /// Side of the pictures in pixels
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(16..=4096))]
    size: u32,
    /// The folder
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

pub(super) fn run(args: &ToonArgs, global: &GlobalArgs) -> Result<(), Failure> {
    match &args.command {
        ToonCommand::Render(args) => render(args, global),
        ToonCommand::Dataset(args) => dataset(args, global),
    }
}

fn known(rule: &str) -> Result<(), Failure> {
    let names = toon::rule_names();
    if names.contains(&rule) {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "There is no rule {rule:?}. The rules are: {}.",
        names.join(", ")
    )))
}

fn render(args: &RenderArgs, global: &GlobalArgs) -> Result<(), Failure> {
    for rule in [&args.rule, &args.after].into_iter().flatten() {
        known(rule)?;
    }
    let scene = match &args.scene {
        Some(path) => toon::read_scene(path)?,
        None => {
            let rule = args.rule.as_deref().or(args.after.as_deref());
            let found = toon::find_scene(args.seed, rule);
            let nothing = || Failure::Usage("No scene was found; try another seed.".to_owned());
            found.ok_or_else(nothing)?.before
        }
    };
    let consequences = toon::consequences(&scene);
    let drawn: &Scene = match &args.after {
        None => &scene,
        Some(rule) => {
            let found = consequences.iter().find(|found| found.rule == rule);
            let nothing = || Failure::Usage(format!("In this scene {rule} changes nothing."));
            &found.ok_or_else(nothing)?.after
        }
    };
    toon::draw_scene(drawn, args.size, &args.output)?;
    if global.json {
        output::json(&json!({
            "scene": drawn,
            "picture": args.output,
            "consequences": toon::consequences(drawn),
        }));
        return Ok(());
    }
    output::line(args.output.display());
    for found in toon::consequences(drawn) {
        output::line(format!(
            "{:<18} {}  ->  {}",
            found.rule, found.question, found.answer
        ));
    }
    Ok(())
}

fn dataset(args: &DatasetArgs, global: &GlobalArgs) -> Result<(), Failure> {
    let count = usize::try_from(args.count).unwrap_or(usize::MAX);
    let mut dataset = ToonDataset::new(count, args.seed);
    dataset.size = args.size;
    for (split, count) in &mut dataset.counts {
        let wanted = match split {
            Split::Train => None,
            Split::Val => args.val,
            Split::Test => args.test.or(args.val),
            Split::Compositional => args.compositional.or(args.val),
            Split::Reasoning => args.reasoning.or(args.val),
        };
        *count = wanted.unwrap_or(*count);
    }
    let cancel = session::cancel_on_interrupt();
    let bar = session::progress_bar(dataset.total() as u64);
    bar.set_message("Drawing the samples");
    let written = toon::write(&dataset, &args.output, &cancel, |done, _| {
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let written = written?;
    if !written.complete {
        return Err(Failure::Cancelled);
    }
    report(&dataset, &args.output, written.drawn, global);
    Ok(())
}

fn report(dataset: &ToonDataset, folder: &Path, drawn: usize, global: &GlobalArgs) {
    if global.json {
        output::json(&json!({ "folder": folder, "dataset": dataset, "drawn": drawn }));
        return;
    }
    let parts = dataset.counts.iter();
    let parts: Vec<String> = parts
        .map(|(split, count)| format!("{count} {}", split.name()))
        .collect();
    output::line(format!(
        "{}: {} samples",
        folder.display(),
        parts.join(", ")
    ));
    output::line(format!("{drawn} pictures were drawn."));
}
