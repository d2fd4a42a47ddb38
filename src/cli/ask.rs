//! `lgd-studio ask IMAGE QUESTION`: one answer.

use super::{Failure, GlobalArgs, output};
use crate::job::{
    AnswerDecoding, Bundle, BundleSource, EditRequest, EditResult, FileTask, GuidanceMode,
    JobEvent, JobId, JobSpec, Jobs, JobsConfig, NoiseGenerator, PreviewMethod, Problem, Sampler,
};
use clap::{Args, ValueEnum};
use image::RgbImage;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often a wait looks for Ctrl-C and moves the progress bar.
const TICK: Duration = Duration::from_millis(30);

/// The question and how to draw its answer. What is left out comes from the bundle.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  lgd-studio ask frame.png \"What happens if the cat gets hungry?\" --mode latent --seed 7 -o answer.png"
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
    /// Denoising steps, usually 10 to 50
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Text guidance scale, usually 3 to 10
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    guidance_scale: Option<f64>,
    /// Image guidance scale, usually 1 to 2
    #[arg(long, value_name = "Y", allow_negative_numbers = true)]
    image_guidance_scale: Option<f64>,
    /// Use this answer instead of the one the model writes (modes answer and both)
    #[arg(long, value_name = "TEXT")]
    answer: Option<String>,
    /// How the answer is written
    #[arg(long, value_enum)]
    answer_decoding: Option<DecodingArg>,
    /// Seed of the written answer, with --answer-decoding paper
    #[arg(long, value_name = "N")]
    answer_seed: Option<u64>,
    /// Update rule of the denoising
    #[arg(long, value_enum)]
    sampler: Option<SamplerArg>,
    /// Whose random numbers a seed means: torch on CPU (mt19937) or on CUDA (philox)
    #[arg(long, value_enum)]
    noise: Option<NoiseArg>,
    /// Where to save the picture [default: NAME-answer.png in this folder]
    #[arg(short, long, value_name = "OUT.png")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ModeArg {
    Question,
    Answer,
    Latent,
    Both,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DecodingArg {
    Greedy,
    Beams,
    Paper,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "kebab-case")]
enum SamplerArg {
    EulerAncestral,
    EulerAncestralDiffusers,
    #[value(name = "dpm-solver2m")]
    DpmSolver2m,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum NoiseArg {
    Mt19937,
    Philox,
}

impl AskArgs {
    /// The bundle's defaults with everything that was said on the command line.
    fn request(&self, defaults: EditRequest) -> EditRequest {
        let mut request = defaults;
        request.question.clone_from(&self.question);
        request.preview = PreviewMethod::Off;
        request.answer.clone_from(&self.answer);
        if let Some(mode) = self.mode {
            request.mode = match mode {
                ModeArg::Question => GuidanceMode::Question,
                ModeArg::Answer => GuidanceMode::Answer,
                ModeArg::Latent => GuidanceMode::Latent,
                ModeArg::Both => GuidanceMode::Both,
            };
        }
        if let Some(decoding) = self.answer_decoding {
            request.answer_settings.decoding = match decoding {
                DecodingArg::Greedy => AnswerDecoding::Greedy,
                DecodingArg::Beams => AnswerDecoding::Beams,
                DecodingArg::Paper => AnswerDecoding::Paper,
            };
        }
        if let Some(sampler) = self.sampler {
            request.sampler = match sampler {
                SamplerArg::EulerAncestral => Sampler::EulerAncestral,
                SamplerArg::EulerAncestralDiffusers => Sampler::EulerAncestralDiffusers,
                SamplerArg::DpmSolver2m => Sampler::DpmSolver2m,
            };
        }
        if let Some(noise) = self.noise {
            request.noise = match noise {
                NoiseArg::Mt19937 => NoiseGenerator::Mt19937,
                NoiseArg::Philox => NoiseGenerator::Philox,
            };
        }
        request.seed = self.seed.unwrap_or(request.seed);
        request.steps = self.steps.unwrap_or(request.steps);
        request.guidance_scale = self.guidance_scale.unwrap_or(request.guidance_scale);
        request.image_guidance_scale = self
            .image_guidance_scale
            .unwrap_or(request.image_guidance_scale);
        request.answer_settings.seed = self.answer_seed.unwrap_or(request.answer_settings.seed);
        request
    }
}

pub(super) fn run(
    args: &AskArgs,
    bundle: BundleSource,
    global: &GlobalArgs,
) -> Result<(), Failure> {
    let started = Instant::now();
    let request = args.request(Bundle::open(&bundle)?.manifest.default_request());
    let problems = request.validate();
    if !problems.is_empty() {
        return Err(Failure::Usage(
            problems
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n"),
        ));
    }
    let target = target(args)?;
    let mut session = Session::start(global)?;
    // The whole process may hold a 100 megapixel frame: it is moved, never cloned.
    let frame = session.open_frame(&args.image)?;
    let result = session.edit(bundle, frame, request)?;
    session.save(&result, &target)?;
    report(&result, &target, started.elapsed().as_secs_f64(), global);
    Ok(())
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

/// The threads, Ctrl-C and the progress bar of one command.
struct Session {
    jobs: Jobs,
    interrupted: Arc<AtomicBool>,
    bar: ProgressBar,
}

impl Session {
    fn start(global: &GlobalArgs) -> Result<Self, Failure> {
        let no_thread =
            |e: std::io::Error| Problem::new(format!("The system gives no thread: {e}."));
        let jobs = Jobs::start(
            JobsConfig {
                device: global.device,
            },
            || {},
        )
        .map_err(no_thread)?;
        let interrupted = Arc::new(AtomicBool::new(false));
        let flag = interrupted.clone();
        if let Err(error) = ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed)) {
            tracing::warn!("Ctrl-C will not be graceful: {error}");
        }
        let bar = ProgressBar::new(1); // draws on standard error, and only on a terminal
        if let Ok(style) = ProgressStyle::with_template("{msg:<20} {wide_bar} {pos}/{len} {eta}") {
            bar.set_style(style);
        }
        Ok(Self {
            jobs,
            interrupted,
            bar,
        })
    }

    fn open_frame(&mut self, path: &Path) -> Result<Arc<RgbImage>, Failure> {
        self.jobs.files(FileTask::OpenFrame(path.to_path_buf()));
        loop {
            match self.next(None)? {
                Some(JobEvent::FrameOpened(frame)) => return Ok(frame.image),
                Some(JobEvent::FrameFailed(problem)) => return Err(problem.into()),
                _ => {}
            }
        }
    }

    fn edit(
        &mut self,
        bundle: BundleSource,
        frame: Arc<RgbImage>,
        request: EditRequest,
    ) -> Result<Arc<EditResult>, Failure> {
        let id = self.jobs.submit(JobSpec::Edit {
            bundle,
            frame,
            request,
        });
        loop {
            match self.next(Some(id))? {
                Some(JobEvent::StageBegan(_, stage)) => self.bar.set_message(stage.title()),
                Some(JobEvent::Notice(_, text)) => tracing::warn!("{text}"),
                Some(JobEvent::Finished(_, result)) => {
                    self.bar.finish_and_clear();
                    return Ok(result);
                }
                Some(JobEvent::Failed(_, problem)) => return Err(problem.into()),
                Some(JobEvent::Cancelled(_)) => return Err(Failure::Cancelled),
                _ => {}
            }
        }
    }

    fn save(&mut self, result: &Arc<EditResult>, target: &Path) -> Result<(), Failure> {
        self.jobs
            .files(FileTask::Save(result.clone(), target.to_path_buf()));
        loop {
            match self.next(None)? {
                Some(JobEvent::Saved(_)) => return Ok(()),
                Some(JobEvent::FileFailed(problem)) => return Err(problem.into()),
                _ => {}
            }
        }
    }

    /// The next event. Ctrl-C cancels the job `id` and lets it say so itself; without a job it ends
    /// the wait.
    fn next(&mut self, id: Option<JobId>) -> Result<Option<JobEvent>, Failure> {
        if self.interrupted.load(Ordering::Relaxed) {
            match id {
                Some(id) => self.jobs.cancel(id),
                None => return Err(Failure::Cancelled),
            }
        }
        let event = self.jobs.wait_event(TICK);
        if let Some(preview) = self.jobs.take_preview() {
            self.bar.set_length(preview.steps as u64);
            self.bar.set_position(preview.step as u64);
            tracing::debug!("step {} of {}", preview.step, preview.steps);
        }
        Ok(event)
    }
}

fn report(result: &EditResult, target: &Path, seconds: f64, global: &GlobalArgs) {
    let given = result.answer.as_ref().map(|answer| answer.given);
    if global.json {
        let stages: serde_json::Map<_, _> = result
            .stages
            .iter()
            .map(|s| (format!("{:?}", s.stage).to_lowercase(), s.seconds.into()))
            .collect();
        output::json(&serde_json::json!({
            "picture": target,
            "answer": result.answer.as_ref().map(|answer| &answer.text),
            "answer_given": given,
            "request": result.request,
            "bundle": result.bundle,
            "device": result.device,
            "stage_seconds": stages,
            "seconds": seconds,
            "notices": result.notices,
        }));
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
    for part in &result.stages {
        output::line(format!("{:<20} {:.2} s", part.stage.title(), part.seconds));
    }
    output::line(format!(
        "{:<20} {seconds:.2} s on {}, {}",
        "In all", result.device, result.bundle
    ));
}
