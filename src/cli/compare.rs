//! `lgd-studio compare IMAGE QUESTION`: every mode on one noise tape.

use super::drawing_args::{DrawingArgs, ModeArg, usable};
use super::session::{Session, timings_target};
use super::{Failure, GlobalArgs, output};
use crate::job::{
    Bundle, BundleSource, Captions, EditRequest, EditResult, Grid, GuidanceMode, Problem, grid,
    labelled_grid, write_times,
};
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// Pictures that one command may draw.
const MAX_PICTURES: usize = 256;

/// The question and how to draw its answers. What is left out comes from the bundle.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  lgd-studio compare frame.png \"What happens if the cat gets hungry?\" --seeds 1,2,3 -o comparison\n  lgd-studio compare frame.png \"What happens if it rains?\" --question2 \"What happens if it snows?\" -o weather"
)]
pub(super) struct CompareArgs {
    /// The frame: PNG, JPEG, WebP, GIF, BMP or TIFF
    image: PathBuf,
    /// The causal question
    question: String,
    /// What steers the pictures, one column each
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "question,answer,latent,both"
    )]
    modes: Vec<ModeArg>,
    /// A second question about the same frame on the same noise, beside the first
    #[arg(long, value_name = "TEXT")]
    question2: Option<String>,
    /// Seeds of the noise, one row each
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    seeds: Vec<u64>,
    /// Also save where the time went, every span of it, as .csv or .json
    #[arg(long, value_name = "FILE")]
    timings: Option<PathBuf>,
    #[command(flatten)]
    drawing: DrawingArgs,
    /// Folder for the pictures, grid.png and run.lgdrun; made when it does not exist
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

pub(super) fn run(
    args: &CompareArgs,
    bundle: BundleSource,
    global: &GlobalArgs,
) -> Result<(), Failure> {
    let started = Instant::now();
    if let Some(timings) = &args.timings {
        timings_target(timings)?;
    }
    let base = args.drawing.request(
        &args.question,
        Bundle::open(&bundle)?.manifest.default_request(),
    );
    let seeds = if args.seeds.is_empty() {
        vec![base.seed]
    } else {
        args.seeds.clone()
    };
    let pair = pair(args, seeds.len())?;
    let requests: Vec<EditRequest> = match &pair {
        Some(pair) => pair.requests(&EditRequest {
            seed: seeds.first().copied().unwrap_or(base.seed),
            ..base
        }),
        None => seeds
            .iter()
            .flat_map(|seed| args.modes.iter().map(move |mode| (*seed, *mode)))
            .map(|(seed, mode)| EditRequest {
                seed,
                mode: GuidanceMode::from(mode),
                ..base.clone()
            })
            .collect(),
    };
    if requests.len() > MAX_PICTURES {
        return Err(Failure::Usage(format!(
            "{} pictures are too many for one command; the most are {MAX_PICTURES}. Use fewer seeds.",
            requests.len()
        )));
    }
    usable(&requests)?;
    std::fs::create_dir_all(&args.output).map_err(|e| {
        Problem::new(format!("The folder cannot be made: {e}."))
            .hint("Choose another one with -o.")
            .file(&args.output)
    })?;
    let mut session = Session::start(global)?;
    let frame = session.open_frame(&args.image)?;
    let mut run = session.draw(bundle, frame, requests)?;
    run.grid = pair;
    let mut pictures = Vec::new();
    for result in &run.columns {
        let path = args.output.join(file_name(result, run.grid.as_ref()));
        session.save(result, &path)?;
        pictures.push(path);
    }
    let cells: Vec<_> = run.columns.iter().map(|c| c.picture.clone()).collect();
    let sheet = match &run.grid {
        Some(pair) => labelled_grid(&run, pair, &Captions::default()),
        None => grid(&cells, args.modes.len()),
    };
    let grid_path = args.output.join("grid.png");
    session.save_picture(Arc::new(sheet), &grid_path)?;
    let run_path = args.output.join("run.lgdrun");
    let results = run.columns.clone();
    if let Some(timings) = &args.timings {
        write_times(&run.timings, timings)?;
    }
    session.save_run(run, &run_path)?;

    let seconds = started.elapsed().as_secs_f64();
    if global.json {
        let columns: Vec<_> = results
            .iter()
            .zip(&pictures)
            .map(|(result, picture)| {
                serde_json::json!({
                    "picture": picture,
                    "answer": result.answer.as_ref().map(|answer| &answer.text),
                    "request": result.request,
                })
            })
            .collect();
        output::json(&serde_json::json!({
            "columns": columns,
            "grid": grid_path,
            "run": run_path,
            "seconds": seconds,
        }));
        return Ok(());
    }
    for (result, picture) in results.iter().zip(&pictures) {
        let answer = result.answer.as_ref().map(|answer| answer.text.as_str());
        output::line(format!("{}  {}", picture.display(), answer.unwrap_or("")).trim_end());
    }
    output::line(grid_path.display());
    output::line(run_path.display());
    output::line(format!("{:<20} {seconds:.2} s", "In all"));
    Ok(())
}

/// The axes of a pair of questions; none for a single one.
fn pair(args: &CompareArgs, seeds: usize) -> Result<Option<Grid>, Failure> {
    let Some(second) = &args.question2 else {
        return Ok(None);
    };
    if seeds > 1 {
        return Err(Failure::Usage(
            "Two questions are compared on one seed. Leave out --question2, or all seeds but one."
                .to_owned(),
        ));
    }
    let questions = [&args.question, second].map(|question| question.trim().to_owned());
    if questions[0] == questions[1] {
        return Err(Failure::Usage(
            "Both questions are the same. Write another one after --question2.".to_owned(),
        ));
    }
    let asked = |mode: &GuidanceMode| args.modes.iter().any(|m| GuidanceMode::from(*m) == *mode);
    let modes: Vec<_> = GuidanceMode::ALL.into_iter().filter(asked).collect();
    Ok(Some(Grid::pair(questions, &modes)))
}

/// The mode and the seed, and of a pair which question it was.
fn file_name(result: &EditResult, pair: Option<&Grid>) -> String {
    let (mode, seed) = (result.request.mode.name(), result.request.seed);
    match pair.and_then(|pair| Some(pair.cell_of(&result.request)? % 2 + 1)) {
        Some(question) => format!("{mode}-question-{question}-seed-{seed}.png"),
        None => format!("{mode}-seed-{seed}.png"),
    }
}
