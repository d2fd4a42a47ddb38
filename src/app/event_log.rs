//! What the jobs report, as lines of the log.

use crate::job::care::note;
use crate::job::{JobEvent, Problem};

/// One line per event that a person would notice; never what they asked.
pub(super) fn log(event: &JobEvent) {
    match event {
        JobEvent::Drawn(job, column, result) => {
            let seconds: f64 = result.stages.iter().map(|stage| stage.seconds).sum();
            let (mode, seed) = (result.request.mode.name(), result.request.seed);
            tracing::info!(
                "answer {}.{column} drawn: {mode}, seed {seed}, {seconds:.2} s",
                job.0
            );
        }
        JobEvent::Failed(job, problem) => {
            tracing::error!("job {} failed: {}", job.0, unnamed(problem));
        }
        JobEvent::Cancelled(job) => tracing::info!("job {} cancelled", job.0),
        JobEvent::Saved(path) | JobEvent::Exported(_, path) => {
            // A file is named after its question, so its name stays out.
            let kind = path.extension().unwrap_or_default().to_string_lossy();
            let folder = path.parent().unwrap_or(path);
            tracing::info!("saved a {kind} file in {}", folder.display());
        }
        JobEvent::FrameFailed(problem) | JobEvent::FileFailed(problem) => {
            tracing::warn!("{}", unnamed(problem));
        }
        JobEvent::Loaded(_, summary) => {
            note("model", &summary.name);
            note("device", &summary.device);
        }
        _ => {}
    }
}

/// A problem without the name of its file, which may be a question.
fn unnamed(problem: &Problem) -> Problem {
    Problem {
        file: problem
            .file
            .as_ref()
            .and_then(|file| Some(file.parent()?.to_path_buf())),
        ..problem.clone()
    }
}
