//! The open store: the database, the folders, and the runs that are at work.

use super::database::{self, failed};
use super::folders::journal_of;
use super::job_rows::{self, JobRow};
use super::journal::Journal;
use super::keeper::Message;
use super::owner::Owner;
use super::rows;
use super::votes;
use super::{Folders, KeptState, RunDraft, RunEntry, RunKey, RunsRoom, StoreEvent, StoreTask};
use super::{deleting, frames, recovery};
use crate::job::run_file::{self, RunFile, remember};
use crate::job::{EditRequest, EditResult, FrameFacts, JobId, Problem};
use rusqlite::{Connection, TransactionBehavior};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A transaction that writes takes its lock at once: two windows wait for each other in turn.
const WRITING: TransactionBehavior = TransactionBehavior::Immediate;

/// A job at work or waiting.
struct Job {
    row: JobRow,
    run: RunKey,
    /// Columns of the run, in the order of the job's requests.
    columns: Vec<usize>,
}

/// A run with jobs.
struct Active {
    draft: RunDraft,
    file: PathBuf,
    journal: Option<Journal>,
    /// Whether the run file lacks something that was not tried to be written yet.
    outdated: bool,
    /// Whether writing it failed; it is tried again with the next column and at the end.
    unwritten: bool,
}

/// Everything that is kept.
pub(super) struct Archive {
    pub(super) db: Connection,
    pub(super) folders: Folders,
    pub(super) owner: Owner,
    /// Runs that this program deleted and that can be restored until it ends.
    pub(super) staged: BTreeSet<RunKey>,
    jobs: BTreeMap<JobId, Job>,
    active: BTreeMap<RunKey, Active>,
    /// The frame that was looked at last, by identity, with its facts: hashing takes time.
    facts: Option<(Arc<image::RgbImage>, FrameFacts)>,
}

impl Archive {
    /// Opens the store of a data folder and takes up what a program that is gone left behind.
    ///
    /// # Errors
    /// When nothing can be kept there.
    pub(super) fn open(folders: Folders) -> Result<(Self, Vec<StoreEvent>), Problem> {
        let opened = database::open(&folders)?;
        let owner = Owner::new(&folders.owners()).map_err(|error| {
            Problem::new(format!(
                "The folder for runs cannot be locked: {error}. New runs are not kept."
            ))
            .hint("Check the permissions and the free room of the folder.")
            .file(folders.owners())
        })?;
        let mut archive = Self {
            db: opened.db,
            folders,
            owner,
            staged: BTreeSet::new(),
            jobs: BTreeMap::new(),
            active: BTreeMap::new(),
            facts: None,
        };
        let mut events: Vec<StoreEvent> = Vec::new();
        events.extend(opened.set_aside.map(StoreEvent::SetAside));
        if opened.new {
            recovery::adopt_files(&mut archive)?;
        }
        deleting::empty_old(&mut archive)?;
        events.extend(recovery::recover(&mut archive)?);
        Ok((archive, events))
    }

    /// A run in the list.
    ///
    /// # Errors
    /// When the database cannot be read, or knows no such run.
    pub(super) fn entry(&self, run: RunKey) -> Result<RunEntry, Problem> {
        let found = rows::find(&self.db, &self.folders, run).map_err(|e| failed(&e))?;
        found.ok_or_else(|| {
            Problem::new("This run is not in the list any more.")
                .hint("It was deleted for good, maybe by another window.")
        })
    }

    fn changed(&self, run: RunKey) -> Result<StoreEvent, Problem> {
        Ok(StoreEvent::Changed(Box::new(self.entry(run)?)))
    }

    /// Writes down a job and its run.
    ///
    /// # Errors
    /// When the folder or the disk says no; then nothing was written.
    pub(super) fn submit(
        &mut self,
        id: JobId,
        draft: RunDraft,
    ) -> Result<Vec<StoreEvent>, Problem> {
        let facts = self.facts_of(&draft);
        frames::keep(&self.folders, &draft.frame, &facts)?;
        let columns = draft.drawing.clone();
        let at_work: Vec<JobRow> = self.jobs.values().map(|job| job.row).collect();
        let (folders, owner) = (&self.folders, self.owner.name());
        let step = self.db.transaction_with_behavior(WRITING);
        let step = step.map_err(|e| failed(&e))?;
        let write = || -> rusqlite::Result<_> {
            let run = match draft.run {
                Some(run) => {
                    rows::set_columns(&step, run, &requests(&draft))?;
                    run
                }
                None => rows::new_run(&step, folders, &draft, &facts)?,
            };
            let row = job_rows::add(&step, run, &columns, owner, &at_work)?;
            if !self.active.contains_key(&run) {
                rows::set_state(&step, run, KeptState::Waiting, None)?;
            }
            Ok((run, row))
        };
        let (run, row) = write().map_err(|e| failed(&e))?;
        step.commit().map_err(|e| failed(&e))?;
        self.jobs.insert(id, Job { row, run, columns });
        let entry = self.entry(run)?;
        self.activate(run, draft, entry.file.clone());
        Ok(vec![
            StoreEvent::Kept(id, run),
            StoreEvent::Changed(Box::new(entry)),
        ])
    }

    fn facts_of(&mut self, draft: &RunDraft) -> FrameFacts {
        let image = &draft.frame.image;
        match &self.facts {
            // The same pixels may have come another way, so only the checksum is taken.
            Some((known, facts)) if Arc::ptr_eq(known, image) => {
                FrameFacts::named(&draft.frame, facts.sha256.clone())
            }
            _ => {
                let facts = FrameFacts::of(&draft.frame);
                self.facts = Some((image.clone(), facts.clone()));
                facts
            }
        }
    }

    /// Notes a run at work. Where another job of it is at work already, what that one has finished
    /// stays.
    fn activate(&mut self, run: RunKey, mut draft: RunDraft, file: PathBuf) {
        let before = self.active.remove(&run);
        let (journal, outdated, unwritten) = match before {
            None => (None, false, false),
            Some(before) => {
                draft.seen = draft.seen.or(before.draft.seen);
                let known = std::mem::take(&mut draft.timings);
                draft.timings = before.draft.timings;
                for timings in known {
                    remember(&mut draft.timings, timings);
                }
                for (place, (request, result)) in before.draft.columns.into_iter().enumerate() {
                    if let Some((same, missing @ None)) = draft.columns.get_mut(place)
                        && *same == request
                    {
                        *missing = result;
                    }
                }
                (before.journal, before.outdated, before.unwritten)
            }
        };
        let active = Active {
            draft,
            file,
            journal,
            outdated,
            unwritten,
        };
        self.active.insert(run, active);
    }

    /// Takes in what the worker or the queue reports.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn note(&mut self, message: Message) -> Result<Vec<StoreEvent>, Problem> {
        match message {
            Message::Started(id) => return self.started(id),
            Message::Seen(id, estimate) => {
                if let Some((_, active)) = self.at_work(id) {
                    let written = active.journal.as_mut().map(|j| j.seen(&estimate));
                    active.draft.seen = Some(estimate);
                    return active.written(written);
                }
            }
            Message::Answered(id, place, answer) => {
                if let Some((columns, active)) = self.at_work(id)
                    && let Some(column) = columns.get(place)
                {
                    let journal = active.journal.as_mut();
                    let written = journal.map(|j| j.answer(*column, &answer));
                    return active.written(written);
                }
            }
            Message::Step(id, place, step, estimate) => {
                if let Some((columns, active)) = self.at_work(id)
                    && let Some(column) = columns.get(place)
                {
                    let journal = active.journal.as_mut();
                    let written = journal.map(|j| j.step(*column, step, &estimate));
                    return active.written(written);
                }
            }
            Message::Drawn(id, place, result) => self.drawn(id, place, result),
            Message::Timed(id, timings) => {
                if let Some((_, active)) = self.at_work(id) {
                    // Without a finished column there is no file to put it in.
                    active.outdated |= active.draft.columns.iter().any(|(_, c)| c.is_some());
                    remember(&mut active.draft.timings, timings);
                }
            }
            Message::Ended(id, state, problem) => return self.ended(id, state, problem),
            Message::Order(order) => {
                let rows: Vec<JobRow> = order
                    .iter()
                    .filter_map(|id| Some(self.jobs.get(id)?.row))
                    .collect();
                self.writing(|db| job_rows::set_places(db, &rows))?;
            }
            Message::Submit(..) | Message::Task(_) | Message::Close => {}
        }
        Ok(Vec::new())
    }

    fn at_work(&mut self, id: JobId) -> Option<(&[usize], &mut Active)> {
        let job = self.jobs.get(&id)?;
        let active = self.active.get_mut(&job.run)?;
        Some((&job.columns, active))
    }

    fn started(&mut self, id: JobId) -> Result<Vec<StoreEvent>, Problem> {
        let Some(job) = self.jobs.get(&id) else {
            return Ok(Vec::new());
        };
        let (row, run) = (job.row, job.run);
        self.writing(|db| {
            job_rows::started(db, row)?;
            rows::set_state(db, run, KeptState::Running, None)
        })?;
        if let Some(active) = self.active.get_mut(&run)
            && active.journal.is_none()
        {
            let path = journal_of(&active.file);
            let journal = Journal::open(&path).map_err(|error| no_journal(&error, &path))?;
            active.journal = Some(journal);
        }
        Ok(vec![self.changed(run)?])
    }

    fn drawn(&mut self, id: JobId, place: usize, result: Arc<EditResult>) {
        if let Some((columns, active)) = self.at_work(id)
            && let Some(column) = columns.get(place)
            && let Some((_, slot)) = active.draft.columns.get_mut(*column)
        {
            *slot = Some(result);
            active.outdated = true;
        }
    }

    fn ended(
        &mut self,
        id: JobId,
        state: KeptState,
        problem: Option<Problem>,
    ) -> Result<Vec<StoreEvent>, Problem> {
        let Some(job) = self.jobs.remove(&id) else {
            return Ok(Vec::new());
        };
        if let Some(active) = self.active.get_mut(&job.run) {
            active.outdated |= active.unwritten;
        }
        // The file first: a row that says finished means that the file is there. Where it cannot be
        // written the job has no end, and comes back at the next start.
        let mut events = self.write_files()?;
        let more = self.jobs.values().any(|other| other.run == job.run);
        let story = problem.map(|problem| problem.to_string());
        let (row, run) = (job.row, job.run);
        // A column that was tried once more and cancelled leaves a finished run finished.
        let whole = self.active.get(&run).is_some_and(Active::is_whole);
        self.writing(|db| {
            job_rows::ended(db, row, state, story.as_deref())?;
            match (more, whole) {
                (true, _) => Ok(()),
                (false, true) => rows::set_state(db, run, KeptState::Finished, None),
                (false, false) => rows::set_state(db, run, state, story.as_deref()),
            }
        })?;
        if !more && let Some(active) = self.active.remove(&run) {
            drop(active.journal);
            remove_journal(&active.file);
        }
        events.push(self.changed(run)?);
        Ok(events)
    }

    /// Writes the run files that lack something.
    ///
    /// # Errors
    /// When the folder or the disk says no; the columns stay in memory and are tried again.
    pub(super) fn write_files(&mut self) -> Result<Vec<StoreEvent>, Problem> {
        let outdated: Vec<RunKey> = self
            .active
            .iter()
            .filter(|(_, active)| active.outdated)
            .map(|(run, _)| *run)
            .collect();
        let mut events = Vec::new();
        for run in outdated {
            let Some(active) = self.active.get_mut(&run) else {
                continue;
            };
            (active.outdated, active.unwritten) = (false, true);
            let (draft, file) = (active.draft.clone(), active.file.clone());
            self.write_file(run, &draft, &file)?;
            if let Some(active) = self.active.get_mut(&run) {
                active.unwritten = false;
            }
            events.push(self.changed(run)?);
        }
        Ok(events)
    }

    /// Writes the finished columns of a run into its file and says so in its row.
    fn write_file(&mut self, run: RunKey, draft: &RunDraft, file: &Path) -> Result<(), Problem> {
        let columns: Vec<Arc<EditResult>> =
            draft.columns.iter().filter_map(|c| c.1.clone()).collect();
        let (finished, newest) = (columns.len(), columns.last().cloned());
        let content = RunFile {
            frame: draft.frame.display.clone(),
            seen: draft.seen.clone(),
            columns,
            grid: draft.grid.clone(),
            target: draft.target.clone(),
            timings: draft.timings.clone(),
            rest: draft.rest.clone(),
        };
        run_file::save(&content, file)?;
        self.writing(|db| rows::set_finished(db, run, finished, newest.as_deref()))
    }

    /// Does what a face asked for.
    ///
    /// # Errors
    /// When it cannot be done.
    pub(super) fn task(&mut self, task: StoreTask) -> Result<Vec<StoreEvent>, Problem> {
        Ok(vec![match task {
            StoreTask::List => {
                let all = rows::list(&self.db, &self.folders).map_err(|e| failed(&e))?;
                StoreEvent::Listed(all)
            }
            StoreTask::Open(run) => {
                let kept = recovery::assemble(self, run, Vec::new())?;
                StoreEvent::Opened(Box::new(kept))
            }
            StoreTask::Star(run, starred) => {
                self.writing(|db| rows::set_star(db, run, starred))?;
                self.changed(run)?
            }
            StoreTask::Delete(runs) => StoreEvent::Deleted(deleting::delete(self, runs)?),
            StoreTask::Restore(runs) => StoreEvent::Restored(deleting::restore(self, runs)?),
            StoreTask::Update(draft) => return self.update(*draft),
            StoreTask::KeepVotes(folder, cast) => {
                votes::keep(&mut self.db, &folder, &cast)?;
                return Ok(Vec::new());
            }
            StoreTask::ListVotes(folder) => {
                let found = votes::list(&self.db, &folder)?;
                StoreEvent::Votes(folder, found)
            }
            StoreTask::MeasureRoom => {
                let (runs, bytes) = self.folders.measure();
                StoreEvent::Room(RunsRoom { runs, bytes })
            }
        }])
    }

    /// Keeps a run as a person left it.
    fn update(&mut self, draft: RunDraft) -> Result<Vec<StoreEvent>, Problem> {
        let Some(run) = draft.run else {
            return Ok(Vec::new());
        };
        let file = self.entry(run)?.file;
        self.writing(|db| rows::set_columns(db, run, &requests(&draft)))?;
        self.write_file(run, &draft, &file)?;
        Ok(vec![self.changed(run)?])
    }

    /// Whether a job of the run waits or is at work.
    pub(super) fn is_active(&self, run: RunKey) -> bool {
        self.active.contains_key(&run)
    }

    /// One transaction.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing was.
    pub(super) fn writing<T>(
        &mut self,
        write: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Problem> {
        let both = || -> rusqlite::Result<T> {
            let step = self.db.transaction_with_behavior(WRITING)?;
            let done = write(&step)?;
            step.commit()?;
            Ok(done)
        };
        both().map_err(|error| failed(&error))
    }

    /// The program ends: deleted runs go to the bin.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub(super) fn close(&mut self) -> Result<(), Problem> {
        deleting::empty_own(self)
    }
}

impl Active {
    /// Whether all its columns are finished.
    fn is_whole(&self) -> bool {
        self.draft
            .columns
            .iter()
            .all(|(_, result)| result.is_some())
    }

    /// A journal that cannot be written is given up: the drawing goes on, and says so once.
    fn written(
        &mut self,
        written: Option<std::io::Result<()>>,
    ) -> Result<Vec<StoreEvent>, Problem> {
        match written {
            Some(Err(error)) => {
                self.journal = None;
                Err(no_journal(&error, &journal_of(&self.file)))
            }
            Some(Ok(())) | None => Ok(Vec::new()),
        }
    }
}

fn requests(draft: &RunDraft) -> Vec<EditRequest> {
    let requests = draft.columns.iter().map(|(request, _)| request.clone());
    requests.collect()
}

fn no_journal(error: &std::io::Error, path: &Path) -> Problem {
    Problem::new(format!("The steps of a run cannot be kept: {error}."))
        .hint("Make room on the disk. The drawing goes on, and its finished columns are kept when there is room.")
        .file(path)
}

fn remove_journal(run_file: &Path) {
    let path = journal_of(run_file);
    if let Err(error) = std::fs::remove_file(&path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, path = %path.display(), "a journal stays behind");
    }
}
