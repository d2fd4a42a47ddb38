//! `lgd-studio grid IMAGE QUESTION`: every combination of the values of two axes.

use super::drawing_args::{DrawingArgs, ModeArg, usable};
use super::session::Session;
use super::{Failure, GlobalArgs, output};
use crate::job::{
    Axis, Bundle, BundleSource, Captions, EditRequest, Grid, GuidanceMode, Parameter, Problem,
    RunFile, labelled_grid,
};
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// The question, what varies, and how to draw the rest. What is left out comes from the bundle.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lgd-studio grid frame.png \"What happens if it rains?\" --x guidance-scale=1..9:2 --y image-guidance-scale=1,1.5,2 -o map\n  lgd-studio grid frame.png \"What happens if it rains?\" --x seed=1..8 -o seeds\n  lgd-studio grid frame.png \"\" --x \"question=What if it rains?\" --x \"question=What if it snows?\" --y mode=answer,latent -o weather\n\nParameters:\n  guidance-scale, image-guidance-scale   numbers, 1,2.5,5 or 1..9:2\n  seed, steps                            whole numbers, 5,10,20 or 1..8\n  mode                                   question, answer, latent, both\n  sampler, answer-decoding               names, as for ask\n  question, answer                       one sentence per --x or --y"
)]
pub(super) struct GridArgs {
    /// The frame: PNG, JPEG, WebP, GIF, BMP or TIFF
    image: PathBuf,
    /// The causal question; may be empty where an axis varies it
    question: String,
    /// What varies from left to right
    #[arg(long, value_name = "NAME=VALUES")]
    x: Vec<String>,
    /// What varies from top to bottom
    #[arg(long, value_name = "NAME=VALUES")]
    y: Vec<String>,
    /// What steers the pictures, unless an axis says so
    #[arg(long, value_enum)]
    mode: Option<ModeArg>,
    /// Seed of the noise, unless an axis says so
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    #[command(flatten)]
    drawing: DrawingArgs,
    /// Folder for the cells, grid.png and run.lgdrun; made when it does not exist
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

impl GridArgs {
    /// What every cell starts from.
    fn base(&self, defaults: EditRequest) -> EditRequest {
        let mut request = self.drawing.request(&self.question, defaults);
        request.mode = self.mode.map_or(request.mode, GuidanceMode::from);
        request.seed = self.seed.unwrap_or(request.seed);
        request
    }
}

/// The axis that these `NAME=VALUES` describe; a sentence each where sentences vary.
fn axis(option: &str, said: &[String]) -> Result<Option<Axis>, Failure> {
    let mut parameter: Option<Parameter> = None;
    let mut values = Vec::new();
    for said in said {
        let named = said
            .split_once('=')
            .and_then(|(name, values)| Some((Parameter::from_name(name.trim())?, values)));
        let Some((name, more)) = named else {
            let names = Parameter::ALL.map(Parameter::name).join(", ");
            return Err(Failure::Usage(format!(
                "{option} {said} names nothing that can vary. Write {option} NAME=VALUES with one of {names}."
            )));
        };
        if parameter.is_some_and(|known| known != name) {
            return Err(Failure::Usage(format!(
                "{option} varies two parameters. Use --x for one and --y for the other."
            )));
        }
        parameter = Some(name);
        values.push(more);
    }
    let Some(parameter) = parameter else {
        return Ok(None);
    };
    Axis::parse(parameter, &values.join("\n"))
        .map(Some)
        .map_err(|problem| Failure::Usage(format!("{option} {}: {problem}", parameter.name())))
}

pub(super) fn run(
    args: &GridArgs,
    bundle: BundleSource,
    global: &GlobalArgs,
) -> Result<(), Failure> {
    let started = Instant::now();
    let base = args.base(Bundle::open(&bundle)?.manifest.default_request());
    let grid = Grid {
        x: axis("--x", &args.x)?,
        y: axis("--y", &args.y)?,
    };
    grid.check(&base)
        .map_err(|problem| Failure::Usage(problem.to_string()))?;
    let requests = grid.requests(&base);
    usable(&requests)?;
    std::fs::create_dir_all(&args.output).map_err(|e| {
        Problem::new(format!("The folder cannot be made: {e}."))
            .hint("Choose another one with -o.")
            .file(&args.output)
    })?;
    let mut session = Session::start(global)?;
    let frame = session.open_frame(&args.image)?;
    let mut run = session.draw(bundle, frame, requests)?;
    run.grid = Some(grid.clone());

    let mut cells = Vec::new();
    for (index, result) in run.columns.iter().enumerate() {
        let (row, column) = (index / grid.width() + 1, index % grid.width() + 1);
        let path = args.output.join(format!("cell-{row}-{column}.png"));
        session.save(result, &path)?;
        cells.push(path);
    }
    let picture = args.output.join("grid.png");
    session.save_picture(
        Arc::new(labelled_grid(&run, &grid, &Captions::default())),
        &picture,
    )?;
    let file = args.output.join("run.lgdrun");
    session.save_run(run.clone(), &file)?;
    let seconds = started.elapsed().as_secs_f64();
    report(&run, &grid, &cells, [&picture, &file], seconds, global);
    Ok(())
}

fn report(
    run: &RunFile,
    grid: &Grid,
    cells: &[PathBuf],
    [picture, file]: [&PathBuf; 2],
    seconds: f64,
    global: &GlobalArgs,
) {
    let values = |cell: usize| grid.axes(cell).map(|(axis, i)| (axis, axis.label(i)));
    if global.json {
        let list: Vec<_> = run
            .columns
            .iter()
            .zip(cells)
            .map(|(result, path)| {
                serde_json::json!({
                    "picture": path,
                    "answer": result.answer.as_ref().map(|answer| &answer.text),
                    "request": result.request,
                })
            })
            .collect();
        output::json(&serde_json::json!({
            "axes": grid,
            "cells": list,
            "grid": picture,
            "run": file,
            "seconds": seconds,
        }));
        return;
    }
    for (cell, path) in cells.iter().enumerate() {
        let values =
            values(cell).map(|(axis, value)| format!("{} {value}", axis.parameter().name()));
        let values = values.collect::<Vec<_>>().join(", ");
        output::line(format!("{}  {values}", path.display()));
    }
    output::line(picture.display());
    output::line(file.display());
    output::line(format!("{:<20} {seconds:.2} s", "In all"));
}
