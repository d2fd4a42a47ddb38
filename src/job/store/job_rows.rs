//! Reading and writing the rows of jobs.

use super::rows::{json, now, set_state};
use super::{KeptState, RunKey};
use rusqlite::{Connection, params};

/// A row of the job table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct JobRow(pub(super) i64);

/// A job whose program ended before it did.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Orphan {
    pub(super) run: RunKey,
    pub(super) columns: Vec<usize>,
}

/// Writes down a job that waits. Jobs of the run that an earlier program left unfinished are done
/// with: this one takes their place.
pub(super) fn add(
    db: &Connection,
    run: RunKey,
    columns: &[usize],
    owner: &str,
    at_work: &[JobRow],
) -> rusqlite::Result<JobRow> {
    let known: Vec<i64> = at_work.iter().map(|row| row.0).collect();
    db.execute(
        "UPDATE jobs SET ended = ?1, state = 'interrupted' WHERE run = ?2 AND owner = ?3
            AND ended IS NULL AND id NOT IN (SELECT value FROM json_each(?4))",
        params![now(), run.0, owner, json(&known)?],
    )?;
    db.execute(
        "INSERT INTO jobs (run, columns, place, state, owner, submitted)
         VALUES (?1, ?2, (SELECT coalesce(max(place), 0) + 1 FROM jobs), ?3, ?4, ?5)",
        params![
            run.0,
            json(&columns)?,
            KeptState::Waiting.name(),
            owner,
            now()
        ],
    )?;
    Ok(JobRow(db.last_insert_rowid()))
}

/// Writes down that a job began.
pub(super) fn started(db: &Connection, job: JobRow) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE jobs SET state = ?1, started = ?2 WHERE id = ?3",
        params![KeptState::Running.name(), now(), job.0],
    )?;
    Ok(())
}

/// Writes down how a job ended.
pub(super) fn ended(
    db: &Connection,
    job: JobRow,
    state: KeptState,
    problem: Option<&str>,
) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE jobs SET state = ?1, problem = ?2, ended = ?3 WHERE id = ?4",
        params![state.name(), problem, now(), job.0],
    )?;
    Ok(())
}

/// Writes down the order of waiting jobs.
pub(super) fn set_places(db: &Connection, jobs: &[JobRow]) -> rusqlite::Result<()> {
    for (place, job) in jobs.iter().enumerate() {
        db.execute(
            "UPDATE jobs SET place = ?1 WHERE id = ?2",
            params![place as i64, job.0],
        )?;
    }
    Ok(())
}

/// The owners of jobs that have no end.
pub(super) fn owners(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare("SELECT DISTINCT owner FROM jobs WHERE ended IS NULL")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
}

/// Gives the unfinished jobs of an owner that is gone to another one.
pub(super) fn take_over(db: &Connection, from: &str, to: &str) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE runs SET state = 'interrupted' WHERE id IN
            (SELECT run FROM jobs WHERE owner = ?1 AND ended IS NULL AND state = 'running')",
        params![from],
    )?;
    db.execute(
        "UPDATE jobs SET owner = ?2, state = CASE state WHEN 'running' THEN 'interrupted' ELSE
            state END WHERE owner = ?1 AND ended IS NULL",
        params![from, to],
    )?;
    Ok(())
}

/// The unfinished jobs of an owner: what was at work first, then in the order of the queue.
pub(super) fn unfinished(db: &Connection, owner: &str) -> rusqlite::Result<Vec<Orphan>> {
    let mut statement = db.prepare(
        "SELECT run, columns FROM jobs WHERE owner = ?1 AND ended IS NULL
         ORDER BY state = 'interrupted' DESC, place, id",
    )?;
    let rows = statement.query_map(params![owner], |row| {
        let columns: String = row.get(1)?;
        Ok(Orphan {
            run: RunKey(row.get(0)?),
            columns: serde_json::from_str(&columns).unwrap_or_default(),
        })
    })?;
    rows.collect()
}

/// Ends the unfinished jobs of a run that cannot go on.
pub(super) fn give_up(db: &Connection, run: RunKey, problem: &str) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE jobs SET state = 'failed', problem = ?2, ended = ?3
         WHERE run = ?1 AND ended IS NULL",
        params![run.0, problem, now()],
    )?;
    set_state(db, run, KeptState::Failed, Some(problem))
}
