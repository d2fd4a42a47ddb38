//! Two threads that make small pictures for whatever is on screen now, and decode what is looked at.

use super::cache::ThumbnailCache;
use super::news::NewsBoard;
use super::thumbnails::{FrameThumb, LargeFrame, look, thumbnail};
use super::{DatasetEvent, FrameFile, Opening, PairFiles, StripId};
use crate::job::outbox::Outbox;
use crate::job::{JobEvent, Problem};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Threads that decode, at most; one processor is left to the window, which must not stutter.
const THREADS: usize = 2;

/// A small picture that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Of a pair of the opened folder.
    Pair(Opening, PairFiles),
    /// Of a frame of a filmstrip.
    Frame(StripId, FrameFile),
}

/// Pictures that somebody looks at.
#[derive(Clone, Debug)]
pub(super) enum LookedAt {
    /// Both of a pair.
    Pair(Opening, PairFiles),
    /// Frames of a filmstrip.
    Frames(StripId, Vec<FrameFile>),
}

/// What waits, the first one next.
#[derive(Default)]
struct Line {
    wanted: Vec<Wanted>,
    /// What a thread is at.
    at_work: Vec<Wanted>,
    /// What goes before everything else: at most one of a folder and one of a filmstrip, neither of which may
    /// push the other out.
    looked_at: Vec<LookedAt>,
    closed: bool,
}

/// What a thread takes out of the line.
enum Next {
    Thumbnail(Wanted),
    Look(LookedAt),
}

impl Line {
    /// Only what is looked at now counts, in a folder and in a filmstrip.
    fn look(&mut self, looked_at: LookedAt) {
        let kind = std::mem::discriminant(&looked_at);
        self.looked_at
            .retain(|other| std::mem::discriminant(other) != kind);
        self.looked_at.push(looked_at);
    }

    fn next(&mut self) -> Option<Next> {
        if let Some(looked_at) = self.looked_at.pop() {
            return Some(Next::Look(looked_at));
        }
        let wanted = (!self.wanted.is_empty()).then(|| self.wanted.remove(0))?;
        self.at_work.push(wanted.clone());
        Some(Next::Thumbnail(wanted))
    }
}

/// The threads.
pub(super) struct Makers {
    line: Arc<(Mutex<Line>, Condvar)>,
    threads: Vec<JoinHandle<()>>,
}

impl Makers {
    /// Starts the threads; `cache` is where thumbnails are kept.
    ///
    /// # Errors
    /// When the system gives none.
    pub(super) fn start(
        cache: Option<PathBuf>,
        outbox: &Outbox,
        news: &NewsBoard,
    ) -> std::io::Result<Self> {
        let line: Arc<(Mutex<Line>, Condvar)> = Arc::default();
        let cache = cache.map(|folder| Arc::new(ThumbnailCache::new(&folder)));
        let start = |number: usize| {
            let (line, news) = (line.clone(), news.clone());
            let (outbox, cache) = (outbox.clone(), cache.clone());
            std::thread::Builder::new()
                .name(format!("lgd-thumbnails-{number}"))
                .spawn(move || work(&line, cache.as_deref(), &outbox, &news))
        };
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let count = processors.saturating_sub(1).clamp(1, THREADS);
        let threads = (1..=count).map(start).collect::<Result<_, _>>()?;
        Ok(Self { line, threads })
    }

    /// Puts these into the line in place of all that wait.
    pub(super) fn want(&self, wanted: Vec<Wanted>) {
        let (line, changed) = &*self.line;
        let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
        line.wanted = wanted;
        let Line {
            wanted, at_work, ..
        } = &mut *line;
        wanted.retain(|wanted| !at_work.contains(wanted));
        changed.notify_all();
    }

    /// Decodes pictures before anything else.
    pub(super) fn look(&self, looked_at: LookedAt) {
        let (line, changed) = &*self.line;
        let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
        line.look(looked_at);
        changed.notify_one();
    }

    /// Ends the threads after the picture each is at.
    pub(super) fn close(&mut self) {
        let (line, changed) = &*self.line;
        line.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        changed.notify_all();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread for thumbnails ended in a panic");
            }
        }
    }
}

fn work(
    line: &(Mutex<Line>, Condvar),
    cache: Option<&ThumbnailCache>,
    outbox: &Outbox,
    news: &NewsBoard,
) {
    let (line, changed) = line;
    loop {
        let next = {
            let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
            loop {
                if line.closed {
                    return;
                }
                if let Some(next) = line.next() {
                    break next;
                }
                line = changed.wait(line).unwrap_or_else(PoisonError::into_inner);
            }
        };
        match next {
            Next::Thumbnail(wanted) => {
                match &wanted {
                    Wanted::Pair(of, files) => {
                        let made = guarded(&files.before, || thumbnail(files, cache));
                        news.thumbnail(*of, files.pair, made);
                    }
                    Wanted::Frame(of, file) => {
                        let made = guarded(&file.path, || FrameThumb::of(&file.path));
                        news.frame(*of, file.frame, made);
                    }
                }
                let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
                line.at_work.retain(|other| *other != wanted);
                drop(line);
                outbox.wake();
            }
            Next::Look(looked_at) => {
                outbox.send(JobEvent::Dataset(looked(looked_at)));
            }
        }
    }
}

fn looked(looked_at: LookedAt) -> DatasetEvent {
    match looked_at {
        LookedAt::Pair(of, files) => {
            let pictures = guarded(&files.before, || look(&files));
            DatasetEvent::Looked(of, files.pair, pictures)
        }
        LookedAt::Frames(of, files) => {
            let frames = files.into_iter().map(|FrameFile { frame, path }| {
                let large = guarded(&path, || LargeFrame::of(&path));
                (frame, large)
            });
            DatasetEvent::FramesLooked(of, frames.collect())
        }
    }
}

/// A picture that brings its decoder down is one that cannot be shown.
fn guarded<T>(file: &Path, work: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let problem = Problem::new("The program made a mistake with this picture.");
        Err(problem.hint("Please report it with the log.").file(file))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_at_a_pair_and_one_at_a_filmstrip_do_not_push_each_other_out() {
        let pair = |pair| {
            let (before, after) = ("a.png".into(), "b.png".into());
            LookedAt::Pair(
                1,
                PairFiles {
                    pair,
                    before,
                    after,
                },
            )
        };
        let mut line = Line::default();
        line.look(LookedAt::Frames(2, Vec::new()));
        line.look(pair(3));
        line.look(pair(4));
        line.wanted = vec![Wanted::Frame(
            2,
            FrameFile {
                frame: 0,
                path: "c.png".into(),
            },
        )];
        assert!(matches!(
            line.next(),
            Some(Next::Look(LookedAt::Pair(1, files))) if files.pair == 4
        ));
        assert!(matches!(
            line.next(),
            Some(Next::Look(LookedAt::Frames(2, _)))
        ));
        assert!(matches!(line.next(), Some(Next::Thumbnail(_))));
        assert!(line.next().is_none());
    }
}
