//! Reading and writing the rows of runs.

use super::{Folders, KeptState, RunDraft, RunEntry, RunKey};
use crate::job::{
    BundleSource, EditRequest, EditResult, FrameFacts, FrameOrigin, GuidanceMode, JobId,
};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::fmt::Display;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in seconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() as i64)
}

const ENTRY: &str = "id, created, question, requests, bundle, bundle_fingerprint, bundle_source, \
                     frame, frame_sha256, finished, state, problem, starred, file";

fn entry(row: &Row<'_>, folders: &Folders) -> rusqlite::Result<RunEntry> {
    let requests: String = row.get("requests")?;
    let columns: Vec<EditRequest> = serde_json::from_str(&requests).unwrap_or_else(|error| {
        // A request of a later version: the run is listed, and its file tells the rest.
        tracing::warn!(%error, "the requests of a run cannot be read");
        Vec::new()
    });
    let frame: String = row.get("frame")?;
    let state: String = row.get("state")?;
    let source: String = row.get("bundle_source")?;
    let file: String = row.get("file")?;
    let sha256: String = row.get("frame_sha256")?;
    Ok(RunEntry {
        id: RunKey(row.get("id")?),
        created: row.get("created")?,
        question: row.get("question")?,
        modes: each_once(columns.iter().map(|request| request.mode)),
        seeds: each_once(columns.iter().map(|request| request.seed)),
        bundle: row.get("bundle")?,
        bundle_fingerprint: row.get("bundle_fingerprint")?,
        bundle_source: source_of(&source),
        frame: serde_json::from_str(&frame).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error))
        })?,
        finished: row.get::<_, i64>("finished")?.try_into().unwrap_or(0),
        state: KeptState::of_name(&state).unwrap_or(KeptState::Failed),
        problem: row.get("problem")?,
        starred: row.get("starred")?,
        file: folders.runs().join(file),
        frame_file: folders.frame(&sha256),
        columns,
    })
}

fn each_once<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = Vec::new();
    for one in all {
        if !seen.contains(&one) {
            seen.push(one);
        }
    }
    seen
}

fn listed<T: Display>(all: impl Iterator<Item = T>) -> String {
    let words: Vec<String> = all.map(|one| one.to_string()).collect();
    words.join(",")
}

fn source_text(source: &BundleSource) -> String {
    match source {
        BundleSource::Embedded => "embedded".to_owned(),
        BundleSource::Folder(path) => format!("folder:{}", path.display()),
    }
}

fn source_of(text: &str) -> BundleSource {
    match text.strip_prefix("folder:") {
        Some(path) => BundleSource::Folder(PathBuf::from(path)),
        None => BundleSource::Embedded,
    }
}

fn origin_text(origin: &FrameOrigin) -> String {
    match origin {
        FrameOrigin::Example(file) => format!("example:{file}"),
        FrameOrigin::File(path) => format!("file:{}", path.display()),
        FrameOrigin::Clipboard => "clipboard".to_owned(),
        FrameOrigin::Dropped => "dropped".to_owned(),
        FrameOrigin::Result(_) => "result".to_owned(),
    }
}

fn origin_of(text: &str) -> FrameOrigin {
    match text.split_once(':') {
        Some(("example", file)) => FrameOrigin::Example(file.to_owned()),
        Some(("file", path)) => FrameOrigin::File(PathBuf::from(path)),
        _ => match text {
            "clipboard" => FrameOrigin::Clipboard,
            // The job it came from is long gone; that it was an answer is worth knowing.
            "result" => FrameOrigin::Result(JobId(0)),
            _ => FrameOrigin::Dropped,
        },
    }
}

pub(super) fn json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// The texts of a run's columns.
struct Words {
    question: String,
    modes: String,
    seeds: String,
    requests: String,
}

fn words(columns: &[EditRequest]) -> rusqlite::Result<Words> {
    let first = columns.first();
    let modes: Vec<GuidanceMode> = each_once(columns.iter().map(|request| request.mode));
    Ok(Words {
        question: first.map(|r| r.question.clone()).unwrap_or_default(),
        modes: listed(modes.into_iter().map(GuidanceMode::name)),
        seeds: listed(each_once(columns.iter().map(|request| request.seed)).into_iter()),
        requests: json(&columns)?,
    })
}

/// Writes down a new run and returns its key. The name of its file is free in `folders`.
pub(super) fn new_run(
    db: &Connection,
    folders: &Folders,
    draft: &RunDraft,
    facts: &FrameFacts,
) -> rusqlite::Result<RunKey> {
    let columns: Vec<EditRequest> = draft.columns.iter().map(|(r, _)| r.clone()).collect();
    let words = words(&columns)?;
    let created = now();
    db.execute(
        "INSERT INTO runs (created, question, modes, seeds, requests, bundle_source, frame,
            frame_sha256, frame_origin, state, file)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, '')",
        params![
            created,
            words.question,
            words.modes,
            words.seeds,
            words.requests,
            source_text(&draft.bundle),
            json(facts)?,
            facts.sha256,
            origin_text(&draft.frame.origin),
            KeptState::Waiting.name(),
        ],
    )?;
    let run = RunKey(db.last_insert_rowid());
    // Files of a database that was set aside may still be there.
    let name = (0..)
        .map(|n| match n {
            0 => format!("run-{created}-{}.lgdrun", run.0),
            n => format!("run-{created}-{}-{n}.lgdrun", run.0),
        })
        .find(|name| !folders.runs().join(name).exists())
        .unwrap_or_default();
    db.execute(
        "UPDATE runs SET file = ?1 WHERE id = ?2",
        params![name, run.0],
    )?;
    Ok(run)
}

/// Writes down the columns of a run as they are now.
pub(super) fn set_columns(
    db: &Connection,
    run: RunKey,
    columns: &[EditRequest],
) -> rusqlite::Result<()> {
    let words = words(columns)?;
    db.execute(
        "UPDATE runs SET question = ?1, modes = ?2, seeds = ?3, requests = ?4 WHERE id = ?5",
        params![
            words.question,
            words.modes,
            words.seeds,
            words.requests,
            run.0
        ],
    )?;
    Ok(())
}

/// Writes down where a run stands.
pub(super) fn set_state(
    db: &Connection,
    run: RunKey,
    state: KeptState,
    problem: Option<&str>,
) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE runs SET state = ?1, problem = ?2 WHERE id = ?3",
        params![state.name(), problem, run.0],
    )?;
    Ok(())
}

/// Writes down how many columns of a run are finished, and what drew the newest.
pub(super) fn set_finished(
    db: &Connection,
    run: RunKey,
    finished: usize,
    by: Option<&EditResult>,
) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE runs SET finished = ?1, bundle = coalesce(?2, bundle),
            bundle_fingerprint = coalesce(?3, bundle_fingerprint) WHERE id = ?4",
        params![
            finished as i64,
            by.map(|result| result.bundle.as_str()),
            by.map(|result| result.bundle_fingerprint.as_str()),
            run.0
        ],
    )?;
    Ok(())
}

/// Writes down which file a run has and when it was made.
pub(super) fn set_file(
    db: &Connection,
    run: RunKey,
    name: &str,
    created: i64,
) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE runs SET file = ?1, created = ?2 WHERE id = ?3",
        params![name, created, run.0],
    )?;
    Ok(())
}

/// Writes down a star, or that there is none.
pub(super) fn set_star(db: &Connection, run: RunKey, starred: bool) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE runs SET starred = ?1 WHERE id = ?2",
        params![starred, run.0],
    )?;
    Ok(())
}

/// Writes down that a run is deleted, or that it is not.
pub(super) fn set_deleted(db: &Connection, run: RunKey, at: Option<i64>) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE runs SET deleted = ?1 WHERE id = ?2",
        params![at, run.0],
    )?;
    Ok(())
}

/// Forgets a run and its jobs.
pub(super) fn forget(db: &Connection, run: RunKey) -> rusqlite::Result<()> {
    db.execute("DELETE FROM runs WHERE id = ?1", params![run.0])?;
    Ok(())
}

/// All runs that are not deleted, newest first. One that was cancelled before a column was finished
/// has nothing to show and is left out.
pub(super) fn list(db: &Connection, folders: &Folders) -> rusqlite::Result<Vec<RunEntry>> {
    let mut statement = db.prepare(&format!(
        "SELECT {ENTRY} FROM runs WHERE deleted IS NULL AND (finished > 0 OR state <> 'cancelled')
         ORDER BY created DESC, id DESC"
    ))?;
    let rows = statement.query_map([], |row| entry(row, folders))?;
    rows.collect()
}

/// A run, deleted or not.
pub(super) fn find(
    db: &Connection,
    folders: &Folders,
    run: RunKey,
) -> rusqlite::Result<Option<RunEntry>> {
    db.query_row(
        &format!("SELECT {ENTRY} FROM runs WHERE id = ?1"),
        params![run.0],
        |row| entry(row, folders),
    )
    .optional()
}

/// Where the frame of a run came from.
pub(super) fn origin(db: &Connection, run: RunKey) -> rusqlite::Result<FrameOrigin> {
    db.query_row(
        "SELECT frame_origin FROM runs WHERE id = ?1",
        params![run.0],
        |row| Ok(origin_of(&row.get::<_, String>(0)?)),
    )
}

/// Runs that were deleted before a time.
pub(super) fn deleted_before(db: &Connection, time: i64) -> rusqlite::Result<Vec<RunKey>> {
    let mut statement = db.prepare("SELECT id FROM runs WHERE deleted < ?1")?;
    let rows = statement.query_map(params![time], |row| Ok(RunKey(row.get(0)?)))?;
    rows.collect()
}

/// Whether a run is of this frame.
pub(super) fn frame_is_used(db: &Connection, sha256: &str) -> rusqlite::Result<bool> {
    db.query_row(
        "SELECT EXISTS (SELECT 1 FROM runs WHERE frame_sha256 = ?1)",
        params![sha256],
        |row| row.get(0),
    )
}
