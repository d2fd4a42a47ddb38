//! An opened folder: notes edits in a journal, brings them into the lists, and meets what others
//! wrote there meanwhile.
//!
//! A save reads each list anew and changes only the fields that were edited, so that another program
//! may write to the same lists. A field that both changed is a [`Conflict`]: the list keeps what is
//! there, and a person decides. A lock keeps a second window of this program from editing at all.

use super::folder::{Folder, categories_of, list_of, read_folder};
use super::journal::Journal;
use super::pair::{Change, Field, Place};
use super::rewrite::Document;
use crate::dataset::Categories;
use crate::dataset::error::{DatasetError, DatasetProblem};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Who edits a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// We do.
    Us,
    /// Another window of this program.
    Another,
}

/// A field that we and somebody else changed; the list has theirs.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// Our edit: what we thought was there, and what we wanted.
    pub ours: Change,
    /// What is there now; none when the key or the whole record is gone.
    pub theirs: Option<Value>,
    /// Whether the record itself is gone.
    pub gone: bool,
}

/// What a save did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SaveReport {
    /// Fields that were written.
    pub written: usize,
    /// Fields that were not, because somebody else changed them.
    pub conflicts: Vec<Conflict>,
}

/// An opened folder.
#[derive(Debug)]
pub struct Editor {
    pub(super) folder: PathBuf,
    journal: Option<Journal>,
    /// Held as long as we edit.
    lock: Option<File>,
    /// Edits that are not in the lists: what was there before the first, and the newest.
    pending: BTreeMap<(Place, Field), Change>,
    /// Pictures of new pairs that were copied into the folder.
    pub(super) copied: Vec<PathBuf>,
}

impl Editor {
    /// Opens a folder. `notes` is where its journal and its lock are; without it, there are none.
    /// Edits that an earlier program could not save are applied to what is returned, and wait to be
    /// saved; their number comes back too.
    ///
    /// # Errors
    /// When the folder cannot be read, or the journal cannot be written.
    pub fn open(
        path: &Path,
        notes: Option<&Path>,
    ) -> Result<(Self, Folder, Holder, usize), DatasetError> {
        let mut folder = read_folder(path)?;
        let mut editor = Self {
            folder: path.to_path_buf(),
            journal: None,
            lock: None,
            pending: BTreeMap::new(),
            copied: Vec::new(),
        };
        let Some(notes) = notes else {
            return Ok((editor, folder, Holder::Us, 0));
        };
        let unwritable = |e| DatasetProblem::Unwritable(e).at(notes);
        std::fs::create_dir_all(notes).map_err(unwritable)?;
        let lock = File::create(notes.join("lock")).map_err(unwritable)?;
        match lock.try_lock() {
            Ok(()) => editor.lock = Some(lock),
            Err(std::fs::TryLockError::WouldBlock) => {
                return Ok((editor, folder, Holder::Another, 0));
            }
            // A file system without locks: saving still meets what others wrote.
            Err(std::fs::TryLockError::Error(error)) => {
                tracing::warn!(%error, "the folder cannot be locked");
            }
        }
        let (journal, changes) = Journal::open(&notes.join("journal.jsonl")).map_err(unwritable)?;
        editor.journal = Some(journal);
        for change in changes {
            editor.remember(change);
        }
        let recovered = editor.pending.len();
        editor.apply_to(&mut folder);
        Ok((editor, folder, Holder::Us, recovered))
    }

    /// Notes an edit. When it returns, a killed program has it.
    ///
    /// # Errors
    /// When the journal cannot be written; the edit is remembered all the same, and saved with the
    /// next save.
    pub fn note(&mut self, change: Change) -> Result<(), DatasetError> {
        let noted = match &mut self.journal {
            Some(journal) => journal.note(&change),
            None => Ok(()),
        };
        self.remember(change);
        noted.map_err(|e| DatasetProblem::Unwritable(e).at(&self.folder))
    }

    /// Makes sure that even a power failure leaves what was noted.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn sync(&self) -> Result<(), DatasetError> {
        let synced = self.journal.as_ref().map_or(Ok(()), Journal::sync);
        synced.map_err(|e| DatasetProblem::Unwritable(e).at(&self.folder))
    }

    /// Fields that are not in the lists yet.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Brings every noted edit into the lists. Each list appears whole or stays as it was.
    ///
    /// # Errors
    /// When a list cannot be read or written; what could not be saved stays noted.
    pub fn save(&mut self) -> Result<SaveReport, DatasetError> {
        let mut report = SaveReport::default();
        let mut by_split: BTreeMap<String, Vec<Change>> = BTreeMap::new();
        for change in self.pending.values() {
            let split = by_split.entry(change.place.split.clone()).or_default();
            split.push(change.clone());
        }
        for (split, changes) in by_split {
            save_list(&list_of(&self.folder, &split), &changes, &mut report)?;
            save_categories(&categories_of(&self.folder, &split), &changes, &report)?;
            self.pending.retain(|(place, _), _| place.split != split);
        }
        if let Some(journal) = &mut self.journal {
            let cleared = journal.clear();
            cleared.map_err(|e| DatasetProblem::Unwritable(e).at(&self.folder))?;
        }
        Ok(report)
    }

    fn remember(&mut self, change: Change) {
        let key = (change.place.clone(), change.field);
        match self.pending.get_mut(&key) {
            Some(known) => known.after = change.after,
            None => {
                self.pending.insert(key, change);
            }
        }
    }

    fn apply_to(&self, folder: &mut Folder) {
        for change in self.pending.values() {
            let place = &change.place;
            let pairs = &mut folder.pairs;
            if let Some(pair) = pairs.iter_mut().find(|pair| pair.place == *place) {
                pair.set(change.field, change.after.as_ref());
            }
        }
    }
}

pub(super) fn read<'a>(text: &'a str, path: &Path) -> Result<Document<'a>, DatasetError> {
    Document::read(text).ok_or_else(|| {
        let error = serde_json::from_str::<Value>(text).err();
        let error = error.unwrap_or_else(|| serde::de::Error::custom("it is no list"));
        DatasetProblem::NotRecords(error).at(path)
    })
}

fn save_list(path: &Path, changes: &[Change], report: &mut SaveReport) -> Result<(), DatasetError> {
    let text = std::fs::read_to_string(path).map_err(|e| DatasetProblem::Unreadable(e).at(path))?;
    let mut document = read(&text, path)?;
    for change in changes {
        let key = change.field.key();
        let Some(record) = document.find(change.place.index, &change.place.name) else {
            report.conflicts.push(Conflict {
                ours: change.clone(),
                theirs: None,
                gone: true,
            });
            continue;
        };
        let there = document.value(record, key);
        if there == change.after {
            continue;
        }
        if there == change.before {
            document.set(record, key, change.after.as_ref());
            report.written += 1;
        } else {
            report.conflicts.push(Conflict {
                ours: change.clone(),
                theirs: there,
                gone: false,
            });
        }
    }
    let new = document.finish();
    if new == text {
        return Ok(());
    }
    write_whole(path, &new)
}

/// Keeps the file of categories, which evaluations read, in step with the records.
fn save_categories(
    path: &Path,
    changes: &[Change],
    report: &SaveReport,
) -> Result<(), DatasetError> {
    let conflicts = |change: &Change| report.conflicts.iter().any(|c| c.ours == *change);
    let moved: Vec<_> = changes
        .iter()
        .filter(|change| change.field == Field::Category && !conflicts(change))
        .collect();
    if moved.is_empty() || !path.is_file() {
        return Ok(());
    }
    let original =
        std::fs::read_to_string(path).map_err(|e| DatasetProblem::Unreadable(e).at(path))?;
    let mut text = original.clone();
    for change in moved {
        let mut document = read(&text, path)?;
        let own = change.after.as_ref().and_then(Value::as_str);
        let to = own.or(change.listed.as_deref());
        let to = to.filter(|to| !to.is_empty());
        document.move_name(&change.place.name, Categories::TOTAL, to);
        text = document.finish();
    }
    if text == original {
        return Ok(());
    }
    write_whole(path, &text)
}

/// Writes beside, then renames: a killed program leaves the whole old text or the whole new one.
pub(super) fn write_whole(path: &Path, text: &str) -> Result<(), DatasetError> {
    let unwritable = |e| DatasetProblem::Unwritable(e).at(path);
    // A link keeps pointing where it points; its target is replaced.
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = target.parent().unwrap_or(Path::new("."));
    let mut beside = tempfile::Builder::new()
        .prefix(".lgd-")
        .suffix(".part")
        .tempfile_in(folder)
        .map_err(unwritable)?;
    beside.write_all(text.as_bytes()).map_err(unwritable)?;
    if let Ok(about) = std::fs::metadata(&target) {
        let kept = beside.as_file().set_permissions(about.permissions());
        kept.map_err(unwritable)?;
    }
    beside.as_file().sync_all().map_err(unwritable)?;
    beside.persist(&target).map_err(|e| unwritable(e.error))?;
    Ok(())
}
