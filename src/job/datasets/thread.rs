//! The thread that opens folders and keeps edits safe.

use super::examining::Examiner;
use super::makers::{LookedAt, Makers, Wanted};
use super::news::NewsBoard;
use super::notes::notes_of;
use super::strip::{self, Gatherer};
use super::{DatasetEvent, DatasetNews, DatasetTask, Opened};
use crate::dataset::editing::{Change, Editor, NewPair, Pair, Place};
use crate::job::outbox::Outbox;
use crate::job::task_thread::TaskThread;
use crate::job::{JobEvent, Places, Problem};
use crate::pipeline::frame_image::{self, Reading};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

/// Tasks that may wait.
const TASKS: usize = 4096;
/// A person who pauses for so long has finished a thought: it is saved.
const PAUSE: Duration = Duration::from_millis(1200);
/// However busily somebody types, it is saved this often.
const LONGEST: Duration = Duration::from_secs(6);

/// What the rest of `job` holds of the thread.
pub(in crate::job) struct Handle {
    thread: TaskThread<DatasetTask>,
    news: NewsBoard,
}

impl Handle {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system gives none.
    pub(in crate::job) fn start(places: Option<Places>, outbox: Outbox) -> std::io::Result<Self> {
        let news = NewsBoard::default();
        let cache = places.as_ref().map(|places| places.cache.clone());
        let mut keeper = Keeper {
            makers: Makers::start(cache, &outbox, &news)?,
            places,
            outbox,
            news: news.clone(),
            examiner: Examiner::default(),
            gatherer: Gatherer::default(),
            editor: None,
            unsaved: None,
            heard: 0,
        };
        let thread = TaskThread::start("lgd-dataset", TASKS, move |tasks| keeper.run(tasks))?;
        Ok(Self { thread, news })
    }

    /// Hands over a task; false when too many wait.
    pub(in crate::job) fn ask(&self, task: DatasetTask) -> bool {
        match task {
            // Whoever looks on asks for these again.
            DatasetTask::Want(..)
            | DatasetTask::WantFrames(..)
            | DatasetTask::Look(..)
            | DatasetTask::LookFrames(..) => self.thread.ask(task),
            // What a person wrote or began is never refused, and holds no frame up either.
            _ => self.thread.insist(task),
        }
    }

    /// What happened since the last look.
    pub(in crate::job) fn news(&self) -> DatasetNews {
        self.news.take()
    }

    /// Saves, and waits for the end.
    pub(in crate::job) fn close(&mut self) {
        self.thread.close();
    }
}

/// When the edits that are not saved yet were made.
#[derive(Clone, Copy)]
struct Unsaved {
    first: Instant,
    last: Instant,
}

impl Unsaved {
    fn due(self) -> Instant {
        (self.last + PAUSE).min(self.first + LONGEST)
    }
}

struct Keeper {
    places: Option<Places>,
    outbox: Outbox,
    news: NewsBoard,
    makers: Makers,
    examiner: Examiner,
    gatherer: Gatherer,
    editor: Option<Editor>,
    unsaved: Option<Unsaved>,
    /// Edits since the folder was opened.
    heard: usize,
}

impl Keeper {
    fn run(&mut self, tasks: &Receiver<Option<DatasetTask>>) {
        loop {
            let next = match self.unsaved {
                Some(unsaved) => tasks.recv_deadline(unsaved.due()),
                None => tasks
                    .recv()
                    .map_err(|_closed| RecvTimeoutError::Disconnected),
            };
            let worked = match next {
                Ok(Some(task)) => {
                    let waiting = !tasks.is_empty();
                    catch_unwind(AssertUnwindSafe(|| self.perform(task, waiting)))
                }
                Err(RecvTimeoutError::Timeout) => catch_unwind(AssertUnwindSafe(|| self.save())),
                Ok(None) | Err(RecvTimeoutError::Disconnected) => break,
            };
            if worked.is_err() {
                let problem = Problem::new("The program made a mistake with this folder.");
                let hint = "Edits are noted and come back when it is opened again. Please report it with the log.";
                self.unsaved = None;
                self.tell(DatasetEvent::NotSaved(problem.hint(hint)));
            }
        }
        self.leave();
        self.examiner.close();
        self.gatherer.close();
        self.makers.close();
    }

    /// Saves, and leaves the folder: its lock has to go before the next one is taken, which may be
    /// the same folder.
    fn leave(&mut self) {
        self.save();
        if let Some(mut editor) = self.editor.take() {
            editor.sweep();
        }
    }

    fn tell(&self, event: DatasetEvent) {
        self.outbox.send(JobEvent::Dataset(event));
    }

    fn perform(&mut self, task: DatasetTask, waiting: bool) {
        match task {
            DatasetTask::Open(opening, path) => {
                self.leave();
                let opened = self.open(&path);
                self.tell(DatasetEvent::Opened(opening, path, opened));
            }
            DatasetTask::Close => self.leave(),
            DatasetTask::Edit(changes) => self.note(changes, waiting),
            DatasetTask::Save => self.save(),
            DatasetTask::Want(opening, wanted) => {
                let wanted = wanted.into_iter();
                let wanted = wanted.map(|files| Wanted::Pair(opening, files));
                self.makers.want(wanted.collect());
            }
            DatasetTask::Examine(opening, folder, tokens) => {
                let (outbox, news) = (&self.outbox, &self.news);
                self.examiner.start((opening, folder), tokens, outbox, news);
            }
            DatasetTask::StopExamining => self.examiner.stop(),
            DatasetTask::Look(opening, files) => self.makers.look(LookedAt::Pair(opening, files)),
            DatasetTask::AskForVideos => {
                self.tell(DatasetEvent::ReadsVideos(strip::reads_videos()))
            }
            DatasetTask::Gather(strip, source) => {
                let (outbox, news) = (&self.outbox, &self.news);
                self.gatherer.start(strip, source, outbox, news);
            }
            DatasetTask::StopGathering => self.gatherer.stop(),
            DatasetTask::DropStrip => self.gatherer.close(),
            DatasetTask::WantFrames(strip, wanted) => {
                let wanted = wanted.into_iter();
                let wanted = wanted.map(|file| Wanted::Frame(strip, file));
                self.makers.want(wanted.collect());
            }
            DatasetTask::LookFrames(strip, files) => {
                self.makers.look(LookedAt::Frames(strip, files));
            }
            DatasetTask::Add(opening, new) => {
                let added = self.add(&new);
                self.tell(DatasetEvent::Added(opening, new, added));
            }
            DatasetTask::TakeOut(opening, new, place) => {
                let out = self.take_out(&new, &place);
                self.tell(DatasetEvent::TakenOut(opening, place, out));
            }
        }
    }

    fn open(&mut self, path: &Path) -> Result<Box<Opened>, Problem> {
        let notes = notes_of(self.places.as_ref(), path);
        let (editor, folder, holder, recovered) = Editor::open(path, notes.as_deref())?;
        if recovered > 0 {
            let now = Instant::now();
            self.unsaved = Some(Unsaved {
                first: now,
                last: now,
            });
        }
        self.editor = Some(editor);
        self.heard = 0;
        Ok(Box::new(Opened {
            folder,
            holder,
            recovered,
        }))
    }

    /// Adds a pair whose pictures can be decoded and have one size.
    fn add(&mut self, new: &NewPair) -> Result<Box<Pair>, Problem> {
        let editor = self.editor.as_mut().ok_or_else(no_folder)?;
        let [before, after] = editor.pictures_of(new);
        let size = |path: &Path| Ok(frame_image::open(path, Reading::Upright)?.dimensions());
        let sizes: [Result<(u32, u32), Problem>; 2] = [size(&before), size(&after)];
        let [(width, height), other] = match sizes {
            [Ok(before), Ok(after)] => [before, after],
            [Err(problem), _] | [_, Err(problem)] => return Err(problem),
        };
        if (width, height) != other {
            let (other_width, other_height) = other;
            return Err(Problem::new(format!(
                "The two pictures have different sizes: {width} × {height} and {other_width} × {other_height}."
            ))
            .hint("Pick two frames of one video, or bring the pictures to one size first.")
            .file(after));
        }
        Ok(Box::new(editor.add(new)?))
    }

    fn take_out(&mut self, new: &NewPair, place: &Place) -> Result<(), Problem> {
        self.save(); // what others wrote meanwhile is told as for every save
        let editor = self.editor.as_mut().ok_or_else(no_folder)?;
        Ok(editor.take_out(new, place)?)
    }

    fn note(&mut self, changes: Vec<Change>, waiting: bool) {
        let Some(editor) = &mut self.editor else {
            return;
        };
        self.heard += changes.len();
        let mut noted = Ok(());
        for change in changes {
            noted = noted.and(editor.note(change));
        }
        // One sync for everything that was typed meanwhile.
        if !waiting {
            noted = noted.and(editor.sync());
        }
        let now = Instant::now();
        let first = self.unsaved.map_or(now, |unsaved| unsaved.first);
        self.unsaved = Some(Unsaved { first, last: now });
        if let Err(error) = noted {
            self.tell(DatasetEvent::NotSaved(error.into()));
        }
    }

    fn save(&mut self) {
        self.unsaved = None;
        let Some(editor) = &mut self.editor else {
            return;
        };
        if editor.pending() == 0 {
            return;
        }
        let event = match editor.save() {
            Ok(report) => DatasetEvent::Saved(report, self.heard),
            Err(error) => DatasetEvent::NotSaved(error.into()),
        };
        self.tell(event);
    }
}

fn no_folder() -> Problem {
    Problem::new("No data set is open any more.").hint("Open the folder again.")
}
