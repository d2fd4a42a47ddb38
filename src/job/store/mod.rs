//! What is kept: every run, every job, and the frames they were about (DESIGN section 6).
//!
//! `studio.db` lists runs and jobs; a job is written there before it may start and after it ends.
//! Beside it `runs/` has a run file per run, written again after every finished column, and a
//! journal of the steps of a run at work; `frames/` has each frame once, by its checksum. A program
//! that is killed leaves all of this, and the next one takes it up: see `recovery.rs`.
//!
//! One thread, `lgd-store`, owns it all. It is not `lgd-files`, because a job waits for its row: a
//! huge picture that is being decoded there would keep the worker idle. The worker never waits for
//! the store: steps that find no room are left out of the journal, and everything else is rare.

mod archive;
mod database;
mod deleting;
mod entry;
mod folders;
mod frames;
mod job_rows;
mod journal;
mod keeper;
mod owner;
mod recovery;
mod rows;
#[cfg(test)]
mod tests;
mod votes;

pub use entry::{
    KeptColumn, KeptRun, KeptState, RunDraft, RunEntry, RunKey, RunsRoom, StoreEvent, StoreTask,
};
pub(super) use folders::Folders;
pub(super) use keeper::{Message, Recorder, run};
