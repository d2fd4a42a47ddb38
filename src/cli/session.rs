//! What commands that draw share: the threads, Ctrl-C and the progress bar.

use super::{Failure, GlobalArgs};
use crate::job::{
    BundleEvent, BundleSource, BundleTask, CancelToken, EditRequest, EditResult, Evaluation,
    Explaining, Export, ExportFormat, FileTask, Frame, JobEvent, JobId, JobSpec, Jobs, JobsConfig,
    MadeBundle, Making, Problem, RunFile, ValidateSpec, Validation, is_run_file, remember_timings,
};
use image::RgbImage;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How often a wait looks for Ctrl-C and moves the progress bar.
const TICK: Duration = Duration::from_millis(30);

/// The threads of one command.
pub(super) struct Session {
    jobs: Jobs,
    interrupted: CancelToken,
    bar: ProgressBar,
}

impl Session {
    pub(super) fn start(global: &GlobalArgs) -> Result<Self, Failure> {
        let no_thread =
            |e: std::io::Error| Problem::new(format!("The system gives no thread: {e}."));
        let jobs = Jobs::start(
            JobsConfig {
                resources: global.resources(),
                ..JobsConfig::default()
            },
            || {},
        )
        .map_err(no_thread)?;
        Ok(Self {
            jobs,
            interrupted: cancel_on_interrupt(),
            bar: progress_bar(1),
        })
    }

    pub(super) fn open_frame(&mut self, path: &Path) -> Result<Frame, Failure> {
        self.open(FileTask::OpenFrame(path.to_path_buf()))
    }

    pub(super) fn open_example(&mut self, file: &str) -> Result<Frame, Failure> {
        self.open(FileTask::OpenExample(file.to_owned()))
    }

    fn open(&mut self, task: FileTask) -> Result<Frame, Failure> {
        self.jobs.files(task);
        loop {
            match self.next(None)? {
                Some(JobEvent::FrameOpened(frame)) => return Ok(frame),
                Some(JobEvent::FrameFailed(problem)) => return Err(problem.into()),
                _ => {}
            }
        }
    }

    /// Draws columns about one frame.
    pub(super) fn draw(
        &mut self,
        bundle: BundleSource,
        frame: Frame,
        requests: Vec<EditRequest>,
    ) -> Result<RunFile, Failure> {
        let mut run = RunFile {
            frame: frame.display.clone(),
            ..RunFile::default()
        };
        let mut results = vec![None; requests.len()];
        let id = self.jobs.submit(JobSpec::Run {
            bundle,
            frame,
            requests,
        });
        loop {
            match self.next(Some(id))? {
                Some(JobEvent::StageBegan(_, stage)) => self.bar.set_message(stage.title()),
                Some(JobEvent::Notice(_, _, text)) => tracing::warn!("{text}"),
                Some(JobEvent::Seen(_, estimate)) => run.seen = Some(estimate),
                Some(JobEvent::Timed(_, timings)) => remember_timings(&mut run.timings, timings),
                Some(JobEvent::Drawn(_, column, result)) => {
                    if let Some(place) = results.get_mut(column) {
                        *place = Some(result);
                    }
                }
                Some(JobEvent::Finished(_)) => {
                    self.bar.finish_and_clear();
                    run.columns = results.into_iter().flatten().collect();
                    return Ok(run);
                }
                Some(JobEvent::Failed(_, problem)) => return Err(problem.into()),
                Some(JobEvent::Cancelled(_)) => return Err(Failure::Cancelled),
                _ => {}
            }
        }
    }

    /// Explains a picture; every event of the job.
    pub(super) fn explain(
        &mut self,
        bundle: BundleSource,
        frame: Frame,
        request: &EditRequest,
        what: Explaining,
    ) -> Result<Vec<JobEvent>, Failure> {
        let id = self.jobs.submit(JobSpec::Explain {
            bundle,
            frame,
            request: Box::new(request.clone()),
            what,
        });
        let mut events = Vec::new();
        loop {
            match self.next(Some(id))? {
                Some(JobEvent::StageBegan(_, stage)) => self.bar.set_message(stage.title()),
                Some(JobEvent::Failed(_, problem)) => return Err(problem.into()),
                Some(JobEvent::Cancelled(_)) => return Err(Failure::Cancelled),
                Some(event) => {
                    let last = event.ends() == Some(id);
                    events.push(event);
                    if last {
                        self.bar.finish_and_clear();
                        return Ok(events);
                    }
                }
                None => {}
            }
        }
    }

    /// Makes a bundle.
    pub(super) fn make(&mut self, task: BundleTask) -> Result<MadeBundle, Failure> {
        match self.on_bundle(task)? {
            BundleEvent::Made(made) => Ok(made),
            other => Err(unexpected(&other)),
        }
    }

    /// Does any work on a bundle, with a bar that counts bytes.
    pub(super) fn on_bundle(&mut self, task: BundleTask) -> Result<BundleEvent, Failure> {
        let template = "{msg:<24} {wide_bar} {bytes}/{total_bytes} {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        let id = self.jobs.make(task);
        loop {
            let event = self.next(Some(id))?;
            for Making { progress, .. } in self.jobs.take_making() {
                self.bar.set_message(progress.stage.title());
                self.bar.set_length(progress.bytes_total);
                self.bar.set_position(progress.bytes_done);
                tracing::debug!("{} of {}", progress.bytes_done, progress.bytes_total);
            }
            match event {
                Some(JobEvent::Bundle(_, event)) => {
                    self.bar.finish_and_clear();
                    return Ok(event);
                }
                Some(JobEvent::Failed(_, problem)) => return Err(problem.into()),
                Some(JobEvent::Cancelled(_)) => return Err(Failure::Cancelled),
                _ => {}
            }
        }
    }

    /// Evaluates pictures; `message` says what goes on.
    pub(super) fn evaluate(
        &mut self,
        spec: JobSpec,
        message: &'static str,
    ) -> Result<Arc<Evaluation>, Failure> {
        self.bar.set_message(message);
        let id = self.jobs.submit(spec);
        loop {
            match self.next(Some(id))? {
                Some(JobEvent::StageBegan(_, stage)) => self.bar.set_message(stage.title()),
                Some(JobEvent::Evaluated(_, found)) => {
                    self.bar.finish_and_clear();
                    return Ok(found);
                }
                Some(JobEvent::Failed(_, problem)) => return Err(problem.into()),
                Some(JobEvent::Cancelled(_)) => return Err(Failure::Cancelled),
                _ => {}
            }
        }
    }

    /// Draws and scores an evaluation.
    pub(super) fn validate(&mut self, spec: ValidateSpec) -> Result<Arc<Validation>, Failure> {
        self.bar.set_message("Looking at the folder");
        let id = self.jobs.submit(JobSpec::Validate(Box::new(spec)));
        loop {
            match self.next(Some(id))? {
                Some(JobEvent::StageBegan(_, stage)) => self.bar.set_message(stage.title()),
                Some(JobEvent::Validated(_, done)) => {
                    self.bar.finish_and_clear();
                    return Ok(done);
                }
                Some(JobEvent::Failed(_, problem)) => return Err(problem.into()),
                Some(JobEvent::Cancelled(_)) => return Err(Failure::Cancelled),
                _ => {}
            }
        }
    }

    pub(super) fn save(&mut self, result: &Arc<EditResult>, target: &Path) -> Result<(), Failure> {
        self.write(FileTask::Save(result.clone(), target.to_path_buf()))
    }

    pub(super) fn save_picture(
        &mut self,
        picture: Arc<RgbImage>,
        target: &Path,
    ) -> Result<(), Failure> {
        self.write(FileTask::SavePicture(picture, target.to_path_buf()))
    }

    pub(super) fn save_run(&mut self, run: RunFile, target: &Path) -> Result<(), Failure> {
        self.write(FileTask::SaveRun(Arc::new(run), target.to_path_buf()))
    }

    /// Makes an export, on the thread that can.
    pub(super) fn export(&mut self, bundle: BundleSource, export: Export) -> Result<(), Failure> {
        if !export.format.is_animation() {
            return self.write(FileTask::Export(Box::new(export)));
        }
        self.bar.set_message("Drawing the steps");
        let id = self.jobs.submit(JobSpec::Export { bundle, export });
        loop {
            match self.next(Some(id))? {
                Some(JobEvent::Exported(..)) => {
                    self.bar.finish_and_clear();
                    return Ok(());
                }
                Some(JobEvent::Failed(_, problem)) => return Err(problem.into()),
                Some(JobEvent::Cancelled(_)) => return Err(Failure::Cancelled),
                _ => {}
            }
        }
    }

    fn write(&mut self, task: FileTask) -> Result<(), Failure> {
        self.jobs.files(task);
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
        if self.interrupted.is_cancelled() {
            match id {
                Some(id) => self.jobs.cancel(id),
                None => return Err(Failure::Cancelled),
            }
        }
        let event = self.jobs.wait_event(TICK);
        if let Some(preview) = self.jobs.take_previews().into_iter().next_back() {
            self.bar.set_length(preview.steps as u64);
            self.bar.set_position(preview.step as u64);
            tracing::debug!("step {} of {}", preview.step, preview.steps);
        }
        if let Some((_, progress)) = self.jobs.take_loading() {
            const MIB: u64 = 1 << 20;
            self.bar.set_length(progress.total.div_ceil(MIB));
            self.bar.set_position(progress.done / MIB);
        }
        Ok(event)
    }
}

/// A task that ended in what another one ends in; a mistake of the program.
pub(super) fn unexpected(event: &BundleEvent) -> Failure {
    Problem::new(format!("The work ended in something else: {event:?}.")).into()
}

/// A token that Ctrl-C cancels; call it once per process.
pub(super) fn cancel_on_interrupt() -> CancelToken {
    let token = CancelToken::default();
    let handed = token.clone();
    if let Err(error) = ctrlc::set_handler(move || handed.cancel()) {
        tracing::warn!("Ctrl-C will not be graceful: {error}");
    }
    token
}

/// A bar on standard error that shows on a terminal only.
pub(super) fn progress_bar(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template("{msg:<20} {wide_bar} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    bar
}

/// Checks the name of a file with timings before the work.
pub(super) fn timings_target(path: &Path) -> Result<(), Failure> {
    let known = ExportFormat::Times.extensions();
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    if ending.is_some_and(|ending| known.contains(&ending.as_str())) {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "Timings are saved in a file that ends in .csv or .json.\nFile: {}",
        path.display()
    )))
}

/// Checks the name of a run file before the work, so that a typing error costs nothing.
pub(super) fn run_target(path: &Path) -> Result<PathBuf, Failure> {
    if !is_run_file(path) {
        return Err(Failure::Usage(format!(
            "A run is saved in a file that ends in .lgdrun.\nFile: {}",
            path.display()
        )));
    }
    Ok(path.to_path_buf())
}
