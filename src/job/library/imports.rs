//! Imports that are not finished, written down so that a restart can go on with them.

use super::LibraryEvent;
use crate::job::hub::free_bytes;
use crate::job::{ImportSpec, Places, Problem, StoredAs, WeightKind, write_text};
use crate::pipeline::build::is_being_made;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What is to be done about imports.
#[derive(Clone, Debug, PartialEq)]
pub enum ImportTask {
    /// Write an import down before it begins.
    Note(Box<ImportSpec>),
    /// Forget one that is done.
    Forget(PathBuf),
    /// Delete what an import left in its folder, and forget it.
    Discard(PathBuf),
    /// Look for imports of an earlier start; ends in `ImportsFound`.
    FindUnfinished,
    /// Ask how much room there is; ends in `Room`.
    MeasureRoom(PathBuf),
}

/// An import as it is written down.
#[derive(Deserialize, Serialize)]
struct Note {
    paths: Vec<PathBuf>,
    to: PathBuf,
    name: Option<String>,
    stored_as: StoredAs,
    averages: bool,
    parts: Option<Vec<String>>,
    in_place: bool,
}

impl From<&ImportSpec> for Note {
    fn from(spec: &ImportSpec) -> Self {
        Self {
            paths: spec.paths.clone(),
            to: spec.to.clone(),
            name: spec.name.clone(),
            stored_as: spec.stored_as,
            averages: spec.weights == WeightKind::Ema,
            parts: spec.parts.clone(),
            in_place: spec.in_place,
        }
    }
}

impl From<Note> for ImportSpec {
    fn from(note: Note) -> Self {
        Self {
            paths: note.paths,
            to: note.to,
            name: note.name,
            stored_as: note.stored_as,
            weights: if note.averages {
                WeightKind::Ema
            } else {
                WeightKind::Plain
            },
            parts: note.parts,
            in_place: note.in_place,
        }
    }
}

/// Does it; what became of it, where somebody waits for that.
pub(super) fn perform(task: ImportTask, places: Option<&Places>) -> Option<LibraryEvent> {
    match task {
        ImportTask::Note(spec) => keep(&spec, places).err().map(LibraryEvent::Failed),
        ImportTask::Forget(to) => {
            forget(&to, places);
            None
        }
        ImportTask::Discard(to) => {
            // Only what an import left: a bundle that is whole is deleted in other ways.
            if is_being_made(&to)
                && let Err(error) = std::fs::remove_dir_all(&to)
            {
                let problem = Problem::new(format!("What is finished cannot be deleted: {error}."))
                    .hint("Delete the folder in a file manager.")
                    .file(&to);
                return Some(LibraryEvent::Failed(problem));
            }
            forget(&to, places);
            None
        }
        ImportTask::FindUnfinished => Some(LibraryEvent::ImportsFound(all(places))),
        ImportTask::MeasureRoom(folder) => Some(LibraryEvent::Room(free_bytes(&folder))),
    }
}

fn keep(spec: &ImportSpec, places: Option<&Places>) -> Result<(), Problem> {
    let Some(place) = place(&spec.to, places) else {
        return Ok(());
    };
    let text = serde_json::to_string_pretty(&Note::from(spec))
        .map_err(|e| Problem::new(format!("The import cannot be written down: {e}.")))?;
    write_text(&place, &text)
}

fn forget(to: &Path, places: Option<&Places>) {
    if let Some(place) = place(to, places)
        && let Err(error) = std::fs::remove_file(&place)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, path = %place.display(), "a note stays behind");
    }
}

fn all(places: Option<&Places>) -> Vec<ImportSpec> {
    let Some(folder) = folder(places) else {
        return Vec::new();
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut specs: Vec<ImportSpec> = entries
        .filter_map(|entry| std::fs::read(entry.path()).ok())
        .filter_map(|text| serde_json::from_slice::<Note>(&text).ok())
        .map(ImportSpec::from)
        .collect();
    specs.sort_by(|a, b| a.to.cmp(&b.to));
    specs
}

fn folder(places: Option<&Places>) -> Option<PathBuf> {
    places.map(|places| places.data.join("imports"))
}

/// One note per bundle folder.
fn place(to: &Path, places: Option<&Places>) -> Option<PathBuf> {
    let name = to.file_name()?.to_string_lossy();
    Some(folder(places)?.join(format!("{name}.json")))
}
