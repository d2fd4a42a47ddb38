//! `lgd-studio replay FILE`: draws a saved picture or run again.

use super::session::Session;
use super::{Failure, GlobalArgs, output};
use crate::job::{
    Bundle, BundleSource, EXAMPLES, EditRequest, EditResult, Frame, FrameFacts, FrameOrigin, Made,
    PreviewMethod, Problem, Sameness, is_run_file, open_run, read_metadata, recall, sameness,
};
use clap::Args;
use image::RgbImage;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What to draw again.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  lgd-studio replay answer.png --prove\n  lgd-studio replay comparison/run.lgdrun --prove"
)]
pub(super) struct ReplayArgs {
    /// A PNG or .lgdrun that this program saved
    file: PathBuf,
    /// Compare with the saved pictures and fail unless all agree within 1/255
    #[arg(long)]
    prove: bool,
    /// The frame of a PNG, when it is neither a drawn example nor beside the PNG or in this folder
    #[arg(long, value_name = "IMAGE")]
    frame: Option<PathBuf>,
    /// Folder for the new pictures [default: none are kept]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// What has to come out again.
struct Original {
    frame: Frame,
    columns: Vec<Column>,
}

struct Column {
    request: EditRequest,
    picture: Arc<RgbImage>,
    made: Made,
}

pub(super) fn run(
    args: &ReplayArgs,
    bundle: BundleSource,
    global: &GlobalArgs,
) -> Result<(), Failure> {
    let mut session = Session::start(global)?;
    let original = if is_run_file(&args.file) {
        of_run(args, &mut session)?
    } else {
        of_picture(args, &mut session)?
    };
    let fingerprint = Bundle::open(&bundle)?.manifest.fingerprint();
    let frame_facts = FrameFacts::of(&original.frame);
    let requests = original.columns.iter().map(|c| EditRequest {
        preview: PreviewMethod::Off,
        ..c.request.clone()
    });
    let run = session.draw(bundle, original.frame, requests.collect())?;
    let mut differs = false;
    let mut report = Vec::new();
    for (index, (column, result)) in original.columns.iter().zip(&run.columns).enumerate() {
        let same = sameness(&column.picture, &result.picture);
        differs |= !same.agrees();
        let reasons = reasons(column, result, &fingerprint, &frame_facts);
        let kept = match &args.output {
            Some(folder) => Some(keep(&mut session, folder, index, result)?),
            None => None,
        };
        report.push((column, same, reasons, kept));
    }
    if global.json {
        let columns: Vec<_> = report
            .iter()
            .map(|(column, same, reasons, kept)| {
                serde_json::json!({
                    "mode": column.request.mode,
                    "seed": column.request.seed,
                    "result": same.name(),
                    "largest_difference": same.largest(),
                    "pixels_that_differ": same.share(),
                    "reasons": reasons,
                    "picture": kept,
                })
            })
            .collect();
        output::json(&serde_json::json!({ "columns": columns }));
    } else {
        for (column, same, reasons, kept) in &report {
            let mode = column.request.mode.name();
            output::line(format!("{mode}, seed {}: {same}", column.request.seed));
            if !matches!(same, Sameness::Identical) {
                for reason in reasons {
                    output::line(format!("  {reason}"));
                }
            }
            if let Some(kept) = kept {
                output::line(format!("  {}", kept.display()));
            }
        }
    }
    if args.prove && differs {
        return Err(Problem::new("Not every picture came out the same.")
            .hint("The lines above say what is different. The same device, version, bundle and frame give the same bytes.")
            .file(&args.file)
            .into());
    }
    Ok(())
}

/// Everything that is not as it was; the usual suspect when nothing is.
fn reasons(
    column: &Column,
    result: &EditResult,
    fingerprint: &str,
    frame: &FrameFacts,
) -> Vec<String> {
    let made = &column.made;
    let mut reasons = Vec::new();
    let mut compare = |what: &str, then: &str, now: &str| {
        if !then.is_empty() && then != now {
            reasons.push(format!("{what} was {then}, now it is {now}"));
        }
    };
    compare("The version", &made.version, env!("CARGO_PKG_VERSION"));
    compare("The device", &made.device, &result.device);
    compare("The bundle", &made.bundle, &result.bundle);
    compare(
        "The bundle's fingerprint",
        &made.bundle_fingerprint,
        fingerprint,
    );
    compare("The frame", &made.frame.sha256, &frame.sha256);
    let answer = result.answer.as_ref().map_or("", |a| a.text.as_str());
    compare(
        "The answer",
        made.written_answer.as_deref().unwrap_or(""),
        answer,
    );
    if reasons.is_empty() {
        reasons.push(
            "Version, device, bundle and frame are as they were: the picture was edited, or another processor rounds differently".to_owned(),
        );
    }
    reasons
}

fn keep(
    session: &mut Session,
    folder: &Path,
    index: usize,
    result: &Arc<EditResult>,
) -> Result<PathBuf, Failure> {
    std::fs::create_dir_all(folder).map_err(|e| {
        Problem::new(format!("The folder cannot be made: {e}."))
            .hint("Choose another one with -o.")
            .file(folder)
    })?;
    let (mode, seed) = (result.request.mode.name(), result.request.seed);
    let path = folder.join(format!("{index}-{mode}-seed-{seed}.png"));
    session.save(result, &path)?;
    Ok(path)
}

/// A run file knows its frame.
fn of_run(args: &ReplayArgs, session: &mut Session) -> Result<Original, Failure> {
    let run = open_run(&args.file)?;
    let facts = run
        .columns
        .first()
        .map(|c| c.frame.clone())
        .unwrap_or_default();
    // A large frame is stored small; then the full one is looked for.
    let stored = Frame {
        image: run.frame.clone(),
        display: run.frame.clone(),
        origin: FrameOrigin::Dropped,
    };
    let frame = if FrameFacts::of(&stored).sha256 == facts.sha256 && args.frame.is_none() {
        stored
    } else {
        find_frame(args, &facts, session)?.unwrap_or(stored)
    };
    let columns = run.columns.iter().map(|result| Column {
        request: result.request.clone(),
        picture: result.picture.clone(),
        made: Made {
            version: String::new(),
            bundle: result.bundle.clone(),
            bundle_fingerprint: result.bundle_fingerprint.clone(),
            device: result.device.clone(),
            written_answer: result.answer.as_ref().map(|a| a.text.clone()),
            frame: result.frame.clone(),
        },
    });
    Ok(Original {
        columns: columns.collect(),
        frame,
    })
}

/// A picture knows its request, and what its frame was called.
fn of_picture(args: &ReplayArgs, session: &mut Session) -> Result<Original, Failure> {
    let metadata = read_metadata(&args.file).map_err(Problem::from)?;
    let cannot = |message: String, hint: &str| Problem::new(message).hint(hint).file(&args.file);
    let Some(recalled) = recall(&metadata).map_err(|problem| problem.file(&args.file))? else {
        let message = "This picture does not say how it was drawn.".to_owned();
        let hint = "Only PNG files that LGD Studio saved remember their request; other programs often remove it.";
        return Err(cannot(message, hint).into());
    };
    let made = recalled.made;
    let [request] = recalled.requests.as_slice() else {
        let message = "This picture shows a whole run, not one answer.".to_owned();
        return Err(cannot(message, "Replay the .lgdrun file it was made from.").into());
    };
    let request = request.clone();
    let picture = session.open_frame(&args.file)?.image;
    let Some(frame) = find_frame(args, &made.frame, session)? else {
        let name = made
            .frame
            .name
            .unwrap_or_else(|| "without a name".to_owned());
        let message = format!("The frame of this picture ({name}) was not found.");
        return Err(cannot(message, "Name it with --frame IMAGE.").into());
    };
    Ok(Original {
        frame,
        columns: vec![Column {
            request,
            picture,
            made,
        }],
    })
}

/// The frame that was named, or else a drawn example or a file of its name beside the picture or in
/// this folder; one with the right pixels before all others.
fn find_frame(
    args: &ReplayArgs,
    facts: &FrameFacts,
    session: &mut Session,
) -> Result<Option<Frame>, Failure> {
    if let Some(path) = &args.frame {
        return session.open_frame(path).map(Some);
    }
    let Some(name) = &facts.name else {
        return Ok(None);
    };
    let mut found = Vec::new();
    if EXAMPLES.iter().any(|example| example.file == name) {
        found.push(session.open_example(name)?);
    }
    let beside = args.file.parent().unwrap_or(Path::new("."));
    for path in [beside.join(name), PathBuf::from(name)] {
        if path.is_file() {
            found.push(session.open_frame(&path)?);
        }
    }
    let right = |frame: &Frame| FrameFacts::of(frame).sha256 == facts.sha256;
    let place = found.iter().position(right).unwrap_or(0);
    Ok(found.into_iter().nth(place))
}
