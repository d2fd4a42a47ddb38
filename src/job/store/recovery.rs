//! Putting runs together again: from their rows, files, frames and journals.

use super::archive::Archive;
use super::database::failed;
use super::folders::journal_of;
use super::job_rows::{self, Orphan};
use super::journal::{self, Steps};
use super::rows;
use super::{KeptColumn, KeptRun, KeptState, RunDraft, RunKey, StoreEvent, frames, owner};
use crate::job::run_file::{self, RunFile};
use crate::job::{BundleSource, EditRequest, EditResult, Frame, FrameOrigin, Problem, is_run_file};
use std::path::Path;
use std::sync::Arc;

/// Takes over the unfinished jobs of programs that are gone, and puts their runs together.
///
/// A run that cannot go on, because its frame is lost, is given up and told.
///
/// # Errors
/// When the database cannot be read or written.
pub(super) fn recover(archive: &mut Archive) -> Result<Vec<StoreEvent>, Problem> {
    let (folder, me) = (archive.folders.owners(), archive.owner.name().to_owned());
    let orphans = archive.writing(|db| {
        for name in job_rows::owners(db)? {
            if name != me && !owner::is_alive(&folder, &name) {
                job_rows::take_over(db, &name, &me)?;
                owner::forget(&folder, &name);
            }
        }
        job_rows::unfinished(db, &me)
    })?;
    let mut events = Vec::new();
    let mut runs = Vec::new();
    for Orphan { run, columns } in together(orphans) {
        match assemble(archive, run, columns) {
            Ok(kept) => runs.push(kept),
            Err(problem) => {
                archive.writing(|db| job_rows::give_up(db, run, &problem.to_string()))?;
                events.push(StoreEvent::Failed(problem));
            }
        }
    }
    if !runs.is_empty() {
        events.insert(0, StoreEvent::Recovered(runs));
    }
    Ok(events)
}

/// One entry per run, in the order of its first job.
fn together(orphans: Vec<Orphan>) -> Vec<Orphan> {
    let mut runs: Vec<Orphan> = Vec::new();
    for orphan in orphans {
        match runs.iter_mut().find(|known| known.run == orphan.run) {
            Some(known) => known.columns.extend(orphan.columns),
            None => runs.push(orphan),
        }
    }
    runs
}

/// A run with everything that was kept of it; `unfinished` are the columns still to be drawn.
///
/// # Errors
/// When its file cannot be read, or neither file nor frame is there.
pub(super) fn assemble(
    archive: &Archive,
    run: RunKey,
    unfinished: Vec<usize>,
) -> Result<KeptRun, Problem> {
    let entry = archive.entry(run)?;
    let file = match entry.file.exists() {
        true => Some(run_file::open(&entry.file)?),
        false => None,
    };
    let steps = journal::read(&journal_of(&entry.file)).unwrap_or_else(|error| {
        tracing::warn!(%error, "a journal cannot be read");
        Steps::default()
    });
    let origin = rows::origin(&archive.db, run).map_err(|e| failed(&e))?;
    let kept = frames::find(&archive.folders, &entry.frame, &origin);
    let frame = match (kept, &file) {
        (Some(frame), _) => frame,
        // Enough to look at, and the very same where the frame was no larger than a window.
        (None, Some(file)) if unfinished.is_empty() || same_size(file, &entry.frame) => Frame {
            image: file.frame.clone(),
            display: file.frame.clone(),
            origin,
        },
        (None, _) => {
            return Err(Problem::new(format!(
                "The run \u{201c}{}\u{201d} cannot go on: its frame is lost.",
                entry.question
            ))
            .hint("Open the frame and ask again.")
            .file(entry.frame_file));
        }
    };
    let file = file.unwrap_or_default();
    // A run of a later version may have requests that only its file tells.
    let requests = match entry.columns.is_empty() {
        true => file.columns.iter().map(|c| c.request.clone()).collect(),
        false => entry.columns.clone(),
    };
    let columns = columns_of(requests, &file, steps.clone(), &unfinished);
    // What was finished before the program ended need not be drawn again.
    let missing = |column: &usize| columns.get(*column).is_some_and(|c| c.result.is_none());
    Ok(KeptRun {
        unfinished: unfinished.into_iter().filter(missing).collect(),
        seen: file.seen.or(steps.seen),
        grid: file.grid,
        target: file.target,
        timings: file.timings,
        rest: file.rest,
        columns,
        entry,
        frame,
    })
}

fn same_size(file: &RunFile, facts: &crate::job::FrameFacts) -> bool {
    file.frame.dimensions() == (facts.width, facts.height)
}

/// The columns of a run. The file has the finished ones in their order, so each result belongs to
/// the first column with its request that has none; equal requests have equal results.
fn columns_of(
    requests: Vec<EditRequest>,
    file: &RunFile,
    mut steps: Steps,
    unfinished: &[usize],
) -> Vec<KeptColumn> {
    let mut results: Vec<Arc<EditResult>> = file.columns.clone();
    let mut columns: Vec<KeptColumn> = Vec::new();
    for (index, request) in requests.into_iter().enumerate() {
        let found = results.iter().position(|result| result.request == request);
        let result = found.map(|place| results.remove(place));
        let track = match &result {
            Some(result) => result.track.to_vec(),
            None if unfinished.contains(&index) => steps.tracks.remove(&index).unwrap_or_default(),
            None => Vec::new(),
        };
        columns.push(KeptColumn {
            answer: result
                .as_ref()
                .and_then(|result| result.answer.clone())
                .or_else(|| steps.answers.remove(&index).filter(|_| !track.is_empty())),
            request,
            result,
            track,
        });
    }
    // A file that knows more than its row, because the row was lost or is older.
    columns.extend(results.into_iter().map(|result| KeptColumn {
        request: result.request.clone(),
        answer: result.answer.clone(),
        track: result.track.to_vec(),
        result: Some(result),
    }));
    columns
}

/// Lists the run files of a folder in a new database, so that losing the list loses no run. A file
/// that cannot be opened is left where it is.
///
/// # Errors
/// When the database cannot be written.
pub(super) fn adopt_files(archive: &mut Archive) -> Result<(), Problem> {
    let Ok(folder) = std::fs::read_dir(archive.folders.runs()) else {
        return Ok(());
    };
    let mut files: Vec<_> = folder.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| is_run_file(path));
    files.sort();
    for path in files {
        match run_file::open(&path) {
            Ok(file) => adopt(archive, &path, &file)?,
            Err(problem) => tracing::warn!("a run is not listed: {problem}"),
        }
    }
    Ok(())
}

fn adopt(archive: &mut Archive, path: &Path, file: &RunFile) -> Result<(), Problem> {
    let Some(newest) = file.columns.last().cloned() else {
        return Ok(());
    };
    let written = std::fs::metadata(path).and_then(|about| about.modified());
    let created = written
        .ok()
        .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
        .map_or(0, |since| since.as_secs() as i64);
    let results = file.columns.iter();
    let draft = RunDraft {
        run: None,
        bundle: BundleSource::Embedded,
        frame: Frame {
            image: file.frame.clone(),
            display: file.frame.clone(),
            origin: match (&newest.frame.name, newest.frame.example) {
                (Some(name), true) => FrameOrigin::Example(name.clone()),
                (Some(name), false) => FrameOrigin::File(name.into()),
                (None, _) => FrameOrigin::Dropped,
            },
        },
        seen: file.seen.clone(),
        columns: results
            .map(|result| (result.request.clone(), Some(result.clone())))
            .collect(),
        drawing: Vec::new(),
        grid: file.grid.clone(),
        target: file.target.clone(),
        timings: file.timings.clone(),
        rest: file.rest.clone(),
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (folders, finished) = (archive.folders.clone(), file.columns.len());
    archive.writing(|db| {
        let run = rows::new_run(db, &folders, &draft, &newest.frame)?;
        rows::set_finished(db, run, finished, Some(&newest))?;
        rows::set_state(db, run, KeptState::Finished, None)?;
        rows::set_file(db, run, &name, created)
    })
}
