//! Looks for what is wrong with a folder, on a thread of its own, and tells how far it is.

use super::news::NewsBoard;
use super::{DatasetEvent, Opening};
use crate::dataset::editing::read_folder;
use crate::dataset::health::{Examination, HealthReport, TokenRule, examine};
use crate::job::outbox::Outbox;
use crate::job::stoppable::Stoppable;
use crate::job::{CancelToken, JobEvent, Problem, TokenCounter};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How often the window is told.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// How far an examination is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Examining {
    /// Pictures read.
    pub done: usize,
    /// Pictures in all.
    pub total: usize,
    /// Estimated seconds until the end, once there is something to go by.
    pub seconds_left: Option<f64>,
}

/// What counts the tokens of a question, and how many the model reads.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenLimit {
    /// Counts.
    pub counter: TokenCounter,
    /// How many.
    pub limit: usize,
}

/// The examination that goes on, if any.
#[derive(Default)]
pub(super) struct Examiner {
    at_work: Option<Stoppable>,
}

impl Examiner {
    /// Starts an examination in place of the one before.
    pub(super) fn start(
        &mut self,
        (of, folder): (Opening, PathBuf),
        tokens: Option<TokenLimit>,
        outbox: &Outbox,
        news: &NewsBoard,
    ) {
        self.stop();
        let (sender, news) = (outbox.clone(), news.clone());
        let work = move |stop: &CancelToken| {
            let look = || look(&folder, tokens.as_ref(), stop, &sender, &news);
            let report = catch_unwind(AssertUnwindSafe(look)).unwrap_or_else(|_| {
                let problem = Problem::new("The program made a mistake with this folder.");
                Err(problem.hint("Please report it with the log.").file(&folder))
            });
            let report = report.map(|report| report.map(Box::new));
            sender.send(JobEvent::Dataset(DatasetEvent::Examined(of, report)));
        };
        match Stoppable::start("lgd-health", work) {
            Ok(task) => self.at_work = Some(task),
            Err(error) => {
                let problem = Problem::new(format!("The examination cannot be started: {error}."));
                outbox.send(JobEvent::Dataset(DatasetEvent::Examined(of, Err(problem))));
            }
        }
    }

    /// Stops the examination; it still tells its end.
    pub(super) fn stop(&mut self) {
        if let Some(task) = &self.at_work {
            task.stop();
        }
    }

    /// Stops it, and waits for the end.
    pub(super) fn close(&mut self) {
        if let Some(task) = self.at_work.take() {
            task.close();
        }
    }
}

fn look(
    folder: &Path,
    tokens: Option<&TokenLimit>,
    stop: &CancelToken,
    outbox: &Outbox,
    news: &NewsBoard,
) -> Result<Option<HealthReport>, Problem> {
    let folder = read_folder(folder)?;
    let begin = Instant::now();
    let told = Mutex::new(None::<Instant>);
    let on_progress = |done: usize, total: usize| {
        // Whoever does not get to tell goes on working.
        if let Ok(mut told) = told.try_lock()
            && told.is_none_or(|told| told.elapsed() >= TELL_EVERY)
        {
            *told = Some(Instant::now());
            let share = done as f64 / total.max(1) as f64;
            let elapsed = begin.elapsed().as_secs_f64();
            let seconds_left = (elapsed > 0.5).then(|| elapsed * (1.0 - share) / share.max(1e-6));
            news.examining(Examining {
                done,
                total,
                seconds_left,
            });
            outbox.wake();
        }
        !stop.is_cancelled()
    };
    let count = |text: &str| tokens.map_or(0, |tokens| tokens.counter.count(text));
    let how = Examination {
        tokens: tokens.map(|tokens| TokenRule {
            count: &count,
            limit: tokens.limit,
        }),
        on_progress: &on_progress,
    };
    Ok(examine(&folder, &how))
}
