//! Votes in `studio.db`: kept one by one, as they are cast.

use super::database::failed;
use crate::eval::Vote;
use crate::job::Problem;
use rusqlite::{Connection, TransactionBehavior, params};
use std::path::Path;

/// Keeps votes about the evaluation in a folder; one that is there already is replaced.
///
/// # Errors
/// When the database cannot be written; then none of them is kept.
pub(super) fn keep(db: &mut Connection, folder: &Path, votes: &[Vote]) -> Result<(), Problem> {
    let write = |db: &mut Connection| -> rusqlite::Result<()> {
        let step = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for vote in votes {
            let text = serde_json::to_string(vote)
                .map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
            step.execute(
                "INSERT INTO votes (folder, rater, sample, repeat, vote, voted)
                 VALUES (?1, ?2, ?3, ?4, ?5, unixepoch())
                 ON CONFLICT (folder, rater, sample, repeat)
                 DO UPDATE SET vote = excluded.vote, voted = excluded.voted",
                params![key(folder), vote.rater, vote.sample, vote.repeat, text],
            )?;
        }
        step.commit()
    };
    write(db).map_err(|e| failed(&e))
}

/// All votes about an evaluation, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub(super) fn list(db: &Connection, folder: &Path) -> Result<Vec<Vote>, Problem> {
    let read = || -> rusqlite::Result<Vec<Vote>> {
        let mut rows = db.prepare("SELECT vote FROM votes WHERE folder = ?1 ORDER BY id")?;
        let texts = rows.query_map([key(folder)], |row| row.get::<_, String>(0))?;
        let mut votes = Vec::new();
        for text in texts {
            match serde_json::from_str(&text?) {
                Ok(vote) => votes.push(vote),
                Err(error) => tracing::warn!(%error, "a vote of another version is left out"),
            }
        }
        Ok(votes)
    };
    read().map_err(|e| failed(&e))
}

/// The same folder by any path is the same evaluation.
fn key(folder: &Path) -> String {
    let whole = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
    whole.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::Choice;
    use crate::job::GuidanceMode;

    #[test]
    fn a_vote_is_kept_once_and_the_last_word_counts() -> Result<(), Box<dyn std::error::Error>> {
        let mut db = Connection::open_in_memory()?;
        db.execute_batch(include_str!("votes.sql"))?;
        let vote = |rater: &str, choice| Vote {
            rater: rater.to_owned(),
            sample: "a".to_owned(),
            category: String::new(),
            repeat: false,
            modes: GuidanceMode::ALL.to_vec(),
            choice,
            right: Vec::new(),
            seconds: 2.5,
        };
        let folder = Path::new("/out");
        let votes = [vote("ann", Choice::Tie), vote("bob", Choice::None)];
        keep(&mut db, folder, &votes)?;
        keep(&mut db, folder, &[vote("ann", Choice::Latent)])?;
        let kept = list(&db, folder)?;
        assert_eq!(
            kept,
            [vote("ann", Choice::Latent), vote("bob", Choice::None)]
        );
        assert_eq!(list(&db, Path::new("/other"))?, []);
        Ok(())
    }
}
