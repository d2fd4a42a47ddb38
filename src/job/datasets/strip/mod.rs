//! Filmstrips: frames from which new pairs are picked. They are pictures, those of a folder in their
//! natural order, or taken out of a video by `ffmpeg` into a temporary folder.

mod folder;
mod video;

use super::news::NewsBoard;
use super::{DatasetEvent, StripId};
use crate::job::outbox::Outbox;
use crate::job::stoppable::Stoppable;
use crate::job::{CancelToken, JobEvent, Problem, programs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::TempDir;

/// Where the frames of a filmstrip come from.
#[derive(Clone, Debug, PartialEq)]
pub enum StripSource {
    /// These pictures, in this order.
    Pictures(Vec<PathBuf>),
    /// The pictures of a folder.
    Folder(PathBuf),
    /// A video, of which so many frames are taken per second.
    Video(PathBuf, f32),
}

/// A filmstrip that can be picked from.
#[derive(Clone, Debug, PartialEq)]
pub struct Strip {
    /// The frames, in order.
    pub frames: Vec<PathBuf>,
    /// Whether the video goes on after the last frame.
    pub cut: bool,
}

/// How far a video is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gathering {
    /// Frames so far.
    pub frames: usize,
    /// The part of the video that is read, 0..=1; none where nobody knows how long it is.
    pub share: Option<f32>,
    /// Estimated seconds until the end, once there is something to go by.
    pub seconds_left: Option<f64>,
}

/// Whether frames can be taken out of videos here.
pub(super) fn reads_videos() -> bool {
    programs::find(video::PROGRAM).is_some()
}

/// The filmstrip that is being gathered, and the temporary folder of the last one.
#[derive(Default)]
pub(super) struct Gatherer {
    at_work: Option<Stoppable>,
    folder: Arc<Mutex<Option<TempDir>>>,
}

impl Gatherer {
    /// Gathers a filmstrip in place of the one before.
    pub(super) fn start(
        &mut self,
        of: StripId,
        source: StripSource,
        outbox: &Outbox,
        news: &NewsBoard,
    ) {
        self.close();
        let (folder, sender, news) = (self.folder.clone(), outbox.clone(), news.clone());
        let work = move |stop: &CancelToken| {
            let mut on_progress = |progress| {
                news.gathering(of, progress);
                sender.wake();
            };
            let gather = || gather(&source, &folder, stop, &mut on_progress);
            let strip = catch_unwind(AssertUnwindSafe(gather)).unwrap_or_else(|_| {
                let problem = Problem::new("The program made a mistake with these frames.");
                Err(problem.hint("Please report it with the log."))
            });
            sender.send(JobEvent::Dataset(DatasetEvent::Gathered(of, strip)));
        };
        match Stoppable::start("lgd-frames", work) {
            Ok(task) => self.at_work = Some(task),
            Err(error) => {
                let problem = Problem::new(format!("The frames cannot be read: {error}."));
                outbox.send(JobEvent::Dataset(DatasetEvent::Gathered(of, Err(problem))));
            }
        }
    }

    /// Stops gathering; it still tells its end.
    pub(super) fn stop(&mut self) {
        if let Some(task) = &self.at_work {
            task.stop();
        }
    }

    /// Stops it, waits for the end, and deletes the temporary folder.
    pub(super) fn close(&mut self) {
        if let Some(task) = self.at_work.take() {
            task.close();
        }
        let mut folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(folder) = folder.take()
            && let Err(error) = folder.close()
        {
            tracing::warn!(%error, "the frames of a video stay in the temporary folder");
        }
    }
}

fn gather(
    source: &StripSource,
    place: &Mutex<Option<TempDir>>,
    stop: &CancelToken,
    on_progress: &mut dyn FnMut(Gathering),
) -> Result<Option<Strip>, Problem> {
    let whole = |frames| Ok(Some(Strip { frames, cut: false }));
    let (path, per_second) = match source {
        StripSource::Pictures(frames) => return whole(frames.clone()),
        StripSource::Folder(path) => return whole(folder::pictures(path)?),
        StripSource::Video(path, per_second) => (path, *per_second),
    };
    let Some(program) = programs::find(video::PROGRAM) else {
        return Err(
            Problem::new("Frames of a video need ffmpeg, which is not installed.")
                .hint("Install ffmpeg, or choose a folder with the frames as pictures.")
                .file(path),
        );
    };
    let temporary = tempfile::Builder::new().prefix("lgd-frames-").tempdir();
    let temporary = temporary.map_err(|e| {
        Problem::new(format!("There is no temporary folder for the frames: {e}."))
            .hint("Make room on the disk.")
    })?;
    let video = video::Video { path, per_second };
    let strip = video.extract(&program, temporary.path(), stop, on_progress)?;
    if strip.is_some() {
        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(temporary);
    }
    Ok(strip)
}
