//! `lgd-studio ask IMAGE QUESTION`: one answer.

use super::drawing_args::{DrawingArgs, ModeArg, usable};
use super::explain::{self, Explanation};
use super::session::{Session, run_target, timings_target};
use super::{Failure, GlobalArgs, output};
use crate::job::{
    Bundle, BundleSource, Check, EditRequest, EditResult, Explaining, Frame, GuidanceMode,
    JobEvent, Problem, write_times,
};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// The question and how to draw its answer. What is left out comes from the bundle.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  lgd-studio ask frame.png \"What happens if the cat gets hungry?\" --mode latent --seed 7 -o answer.png\n  lgd-studio ask frame.png \"What happens if the cat gets hungry?\" --without hungry -o without.png\n  lgd-studio ask frame.png \"What happens if the cat gets hungry?\" --explain why"
)]
pub(super) struct AskArgs {
    /// The frame: PNG, JPEG, WebP, GIF, BMP or TIFF
    image: PathBuf,
    /// The causal question
    question: String,
    /// What steers the picture
    #[arg(long, value_enum)]
    mode: Option<ModeArg>,
    /// Seed of the noise
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    #[command(flatten)]
    drawing: DrawingArgs,
    /// Where to save the picture [default: NAME-answer.png in this folder]
    #[arg(short, long, value_name = "OUT.png")]
    output: Option<PathBuf>,
    /// Also save the whole run, every step included
    #[arg(long, value_name = "OUT.lgdrun")]
    run: Option<PathBuf>,
    /// Also save where the time went, every span of it, as .csv or .json
    #[arg(long, value_name = "FILE")]
    timings: Option<PathBuf>,
    /// Also ask the bundle's own language model about the picture; QUESTION takes the place of the
    /// usual check question
    #[arg(long, value_name = "QUESTION", num_args = 0..=1, require_equals = true)]
    check: Option<Option<String>>,
    /// Leave this word out of what the editor sees, everywhere it occurs; "query 3" leaves out what
    /// the third query saw. May be given more than once
    #[arg(long, value_name = "WORD")]
    without: Vec<String>,
    /// Also explain the picture: where the editor looked for each word, and what changes without it,
    /// as heat maps and effect.csv in this folder
    #[arg(long, value_name = "DIR")]
    explain: Option<PathBuf>,
}

impl AskArgs {
    /// The bundle's defaults with everything that was said on the command line.
    fn request(&self, defaults: EditRequest) -> EditRequest {
        let mut request = self.drawing.request(&self.question, defaults);
        request.mode = self.mode.map_or(request.mode, GuidanceMode::from);
        request.seed = self.seed.unwrap_or(request.seed);
        request
    }
}

pub(super) fn run(
    args: &AskArgs,
    bundle: BundleSource,
    global: &GlobalArgs,
) -> Result<(), Failure> {
    let started = Instant::now();
    let mut request = args.request(Bundle::open(&bundle)?.manifest.default_request());
    usable(std::slice::from_ref(&request))?;
    let target = target(args)?;
    if let Some(run) = &args.run {
        run_target(run)?;
    }
    if let Some(timings) = &args.timings {
        timings_target(timings)?;
    }
    let mut session = Session::start(global)?;
    // The whole process may hold a 100 megapixel frame: it is moved, never cloned.
    let frame = session.open_frame(&args.image)?;
    if !args.without.is_empty() {
        let frame = frame.clone();
        request.without =
            explain::pieces_of(&args.without, &mut session, bundle.clone(), frame, &request)?;
    }
    let kept = args.explain.as_ref().map(|folder| (folder, frame.clone()));
    let checked = args.check.clone().map(|question| (question, frame.clone()));
    let mut drawn = session.draw(bundle.clone(), frame, vec![request])?;
    let Some(mut result) = drawn.columns.first().cloned() else {
        return Err(Problem::new("The worker ended without a picture.").into());
    };
    if let Some((question, frame)) = checked {
        let check = check(&mut session, &bundle, frame, &result, question)?;
        result = Arc::new(EditResult {
            check: Some(check),
            ..result.as_ref().clone()
        });
        drawn.columns = vec![result.clone()];
    }
    session.save(&result, &target)?;
    if let Some(timings) = &args.timings {
        write_times(&drawn.timings, timings)?;
    }
    if let Some(run) = &args.run {
        session.save_run(drawn, run)?;
    }
    let explanation = match kept {
        Some((folder, frame)) => Some(explain::explain(
            folder,
            &mut session,
            &bundle,
            &frame,
            &result,
        )?),
        None => None,
    };
    let seconds = started.elapsed().as_secs_f64();
    report(&result, explanation.as_ref(), &target, seconds, global);
    Ok(())
}

/// What the bundle's model says about the picture.
fn check(
    session: &mut Session,
    bundle: &BundleSource,
    frame: Frame,
    result: &EditResult,
    question: Option<String>,
) -> Result<Check, Failure> {
    let what = Explaining::Check {
        picture: result.picture.clone(),
        question,
        expected: result.answer.as_ref().map(|answer| answer.text.clone()),
    };
    let events = session.explain(bundle.clone(), frame, &result.request, what)?;
    let said = events.into_iter().find_map(|event| match event {
        JobEvent::Checked(_, check) => Some(check),
        _ => None,
    });
    said.ok_or_else(|| Problem::new("The worker ended without a judgement.").into())
}

/// Where the picture goes; checked before the work, so that a typing error costs nothing.
fn target(args: &AskArgs) -> Result<PathBuf, Failure> {
    let Some(output) = &args.output else {
        let stem = args.image.file_stem().unwrap_or_default().to_string_lossy();
        let name = |n: usize| match n {
            1 => PathBuf::from(format!("{stem}-answer.png")),
            n => PathBuf::from(format!("{stem}-answer-{n}.png")),
        };
        return Ok((1..)
            .map(name)
            .find(|path| !path.exists())
            .unwrap_or_else(|| name(1)));
    };
    let extension = output.extension().map(|e| e.to_ascii_lowercase());
    if extension.is_none_or(|e| e != "png") {
        return Err(Failure::Usage(format!(
            "The picture is saved as PNG, because only a PNG can carry its request. Use a name that ends in .png.\nFile: {}",
            output.display()
        )));
    }
    let folder = output
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(Problem::new("The folder for the picture does not exist.")
            .hint("Make it first, or choose another one with -o.")
            .file(folder)
            .into());
    }
    let same = |a: &Path, b: &Path| matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b);
    if same(output, &args.image) {
        return Err(Failure::Usage(
            "The picture would overwrite the frame. Choose another name with -o.".to_owned(),
        ));
    }
    Ok(output.clone())
}

fn report(
    result: &EditResult,
    explanation: Option<&Explanation>,
    target: &Path,
    seconds: f64,
    global: &GlobalArgs,
) {
    let given = result.answer.as_ref().map(|answer| answer.given);
    if global.json {
        let stages: serde_json::Map<_, _> = result
            .stages
            .iter()
            .map(|s| (format!("{:?}", s.stage).to_lowercase(), s.seconds.into()))
            .collect();
        let mut json = serde_json::json!({
            "picture": target,
            "answer": result.answer.as_ref().map(|answer| &answer.text),
            "answer_given": given,
            "request": result.request,
            "bundle": result.bundle,
            "device": result.device,
            "stage_seconds": stages,
            "seconds": seconds,
            "notices": result.notices,
        });
        if let Some(check) = &result.check {
            json["check"] = serde_json::json!({
                "question": check.question,
                "judgement": check.judgement,
                "verdict": check.judgement.verdict().name(),
                "score": check.judgement.score(),
                "says": check.says,
            });
        }
        if let Some(explanation) = explanation {
            json["explanation"] = explanation.json();
        }
        output::json(&json);
        return;
    }
    output::line(target.display());
    if let Some(answer) = &result.answer {
        output::line(format!(
            "{:<20} {}",
            if answer.given {
                "Given answer"
            } else {
                "Written answer"
            },
            answer.text
        ));
    }
    if let Some(check) = &result.check {
        let score = check.judgement.score();
        let word = check.judgement.verdict().name();
        output::line(format!(
            "{:<20} {word}, score {score:.2}; it says: {}",
            "Judged by the model", check.says
        ));
    }
    if let Some(explanation) = explanation {
        explanation.print();
    }
    for part in &result.stages {
        output::line(format!("{:<20} {:.2} s", part.stage.title(), part.seconds));
    }
    output::line(format!(
        "{:<20} {seconds:.2} s on {}, {}",
        "In all", result.device, result.bundle
    ));
}
