//! New pairs: two pictures that are copied into the folder, and a record at the end of a list.
//!
//! Pictures come first, the record last: whatever happens in between, no list names a picture that
//! is not there. A pair that is taken out again leaves the lists as they were; its copies stay until
//! the folder is closed, so that it can come back.

use super::Editor;
use super::editor::{read, write_whole};
use super::folder::{categories_of, images, list_of, split_names};
use super::pair::{Pair, Place};
use crate::dataset::Categories;
use crate::dataset::error::{DatasetError, DatasetProblem};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A pair that is to join a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPair {
    /// The split it joins.
    pub split: String,
    /// Its name, which no other sample has.
    pub name: String,
    /// The picture before: a file anywhere.
    pub before: PathBuf,
    /// The picture after.
    pub after: PathBuf,
}

impl NewPair {
    /// What is wrong with a name for a sample; nothing when it can be used. It becomes the name of
    /// files, on every system.
    pub fn wrong_name(name: &str) -> bool {
        let odd = |letter: char| letter.is_control() || r#"/\:*?"<>|"#.contains(letter);
        name.trim().is_empty() || name.trim() != name || name.starts_with('.') || name.contains(odd)
    }

    /// The names of its pictures in the folder: those of VQAI, with the ending they have.
    fn file_names(&self) -> [String; 2] {
        [(&self.before, 'a'), (&self.after, 'b')].map(|(path, side)| {
            let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
            let ending = ending.map_or_else(String::new, |ending| format!(".{ending}"));
            format!("{}{side}{ending}", self.name)
        })
    }

    fn fields(&self) -> [(&'static str, Value); 5] {
        let [before, after] = self.file_names();
        [
            ("sample_name", json!(self.name)),
            ("image1_name", json!(before)),
            ("image2_name", json!(after)),
            ("question", json!("")),
            ("sent", json!("")),
        ]
    }

    fn record(&self) -> Value {
        let fields = self.fields().into_iter();
        fields.map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

impl Editor {
    /// Where the pictures of a new pair are: the files it names, or for a pair that was taken out
    /// again the copies that are still in the folder.
    pub fn pictures_of(&self, new: &NewPair) -> [PathBuf; 2] {
        let [a, b] = new.file_names();
        [(a, &new.before), (b, &new.after)].map(|(name, source)| {
            let copy = images(&self.folder).join(name);
            match self.copied.contains(&copy) && copy.is_file() {
                true => copy,
                false => source.clone(),
            }
        })
    }

    /// Copies the pictures into the folder and writes the record. Either all of it happens, or the
    /// folder stays as it is.
    ///
    /// # Errors
    /// When the name is taken or cannot be used, or something cannot be read or written.
    pub fn add(&mut self, new: &NewPair) -> Result<Pair, DatasetError> {
        if NewPair::wrong_name(&new.name) {
            return Err(DatasetProblem::BadName(new.name.clone()).at(&self.folder));
        }
        self.check_free(&new.name)?;
        let list = list_of(&self.folder, &new.split);
        let text = read_text(&list)?;
        let mut document = read(&text, &list)?;
        let index = document.count();
        document.append(&new.fields());
        let longer = document.finish();
        let copies = self.copy_pictures(new)?;
        let undo_copies = |error| {
            for copy in &copies {
                // What cannot be deleted is a picture that no list names.
                let _ = std::fs::remove_file(copy);
            }
            error
        };
        let categories = categories_of(&self.folder, &new.split);
        let listed = listed_too(&categories, &new.name).map_err(undo_copies)?;
        if let Err(error) = write_whole(&list, &longer) {
            if let Some(before) = listed {
                let _ = write_whole(&categories, &before);
            }
            return Err(undo_copies(error));
        }
        self.copied.extend(copies);
        Pair::of(&new.split, index, &new.record(), None)
            .map_err(|_reason| DatasetProblem::BadName(new.name.clone()).at(&list))
    }

    /// Takes out a pair that was added, once everything that was written about it is taken back.
    ///
    /// # Errors
    /// When somebody else has written about it, or something cannot be read or written.
    pub fn take_out(&mut self, new: &NewPair, place: &Place) -> Result<(), DatasetError> {
        self.save()?;
        let list = list_of(&self.folder, &place.split);
        let text = read_text(&list)?;
        let mut document = read(&text, &list)?;
        let Some(index) = document.find(place.index, &place.name) else {
            return Ok(()); // somebody else took it out
        };
        if document.record(index) != Some(new.record()) {
            return Err(DatasetProblem::Changed(place.name.clone()).at(&list));
        }
        document.remove(index);
        write_whole(&list, &document.finish())?;
        let categories = categories_of(&self.folder, &place.split);
        if categories.is_file() {
            let text = read_text(&categories)?;
            let mut document = read(&text, &categories)?;
            document.move_name(&place.name, "", None);
            let shorter = document.finish();
            if shorter != text {
                write_whole(&categories, &shorter)?;
            }
        }
        Ok(())
    }

    /// Deletes copies that no list names: those of pairs that were taken out again.
    pub fn sweep(&mut self) {
        let copied = std::mem::take(&mut self.copied);
        if copied.is_empty() {
            return;
        }
        let lists = split_names(&self.folder).unwrap_or_default();
        let texts = lists
            .iter()
            .map(|split| read_text(&list_of(&self.folder, split)));
        // A list that cannot be read may name them all.
        let Ok(texts) = texts.collect::<Result<Vec<String>, _>>() else {
            return;
        };
        for copy in copied {
            let name = copy.file_name().unwrap_or_default().to_string_lossy();
            let quoted = Value::from(name.as_ref()).to_string();
            let named = |text: &String| text.contains(&quoted) || !name.is_ascii();
            if !texts.iter().any(named)
                && let Err(error) = std::fs::remove_file(&copy)
            {
                tracing::debug!(%error, "a copied picture stays");
            }
        }
    }

    /// Whether no list has a sample of that name.
    fn check_free(&self, name: &str) -> Result<(), DatasetError> {
        for split in split_names(&self.folder)? {
            let list = list_of(&self.folder, &split);
            let text = read_text(&list)?;
            if read(&text, &list)?.names(name) {
                return Err(DatasetProblem::NameTaken(name.to_owned()).at(&list));
            }
        }
        Ok(())
    }

    /// Copies both pictures; after a failure none is there.
    fn copy_pictures(&self, new: &NewPair) -> Result<Vec<PathBuf>, DatasetError> {
        let folder = images(&self.folder);
        std::fs::create_dir_all(&folder).map_err(|e| DatasetProblem::Unwritable(e).at(&folder))?;
        let mut copies: Vec<PathBuf> = Vec::new();
        for (name, source) in new.file_names().into_iter().zip([&new.before, &new.after]) {
            let place = folder.join(&name);
            if self.copied.contains(&place) && place.is_file() {
                continue; // of a pair that was taken out and comes back
            }
            if let Err(error) = copy(source, &place) {
                for copy in &copies {
                    let _ = std::fs::remove_file(copy);
                }
                return Err(error);
            }
            copies.push(place);
        }
        Ok(copies)
    }
}

/// Copies a picture byte for byte: it appears whole or not at all, and never over another one.
fn copy(source: &Path, place: &Path) -> Result<(), DatasetError> {
    let unwritable = |e| DatasetProblem::Unwritable(e).at(place);
    let folder = place.parent().unwrap_or(Path::new("."));
    let mut from =
        std::fs::File::open(source).map_err(|e| DatasetProblem::Unreadable(e).at(source))?;
    let mut beside = tempfile::Builder::new()
        .prefix(".lgd-")
        .suffix(".part")
        .tempfile_in(folder)
        .map_err(unwritable)?;
    std::io::copy(&mut from, &mut beside).map_err(unwritable)?;
    // A temporary file is for its owner alone; a picture of a data set is for everybody who may read
    // the source.
    if let Ok(about) = from.metadata() {
        let kept = beside.as_file().set_permissions(about.permissions());
        kept.map_err(unwritable)?;
    }
    beside.as_file().sync_all().map_err(unwritable)?;
    match beside.persist_noclobber(place) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
            let name = place.file_name().unwrap_or_default().to_string_lossy();
            Err(DatasetProblem::NameTaken(name.into_owned()).at(place))
        }
        Err(error) => Err(unwritable(error.error)),
    }
}

/// Writes the name into the list of all samples, where a file of categories has one; what the file
/// was before, if it changed.
fn listed_too(categories: &Path, name: &str) -> Result<Option<String>, DatasetError> {
    if !categories.is_file() {
        return Ok(None);
    }
    let text = read_text(categories)?;
    let mut document = read(&text, categories)?;
    document.push_name(Categories::TOTAL, name);
    let longer = document.finish();
    if longer == text {
        return Ok(None);
    }
    write_whole(categories, &longer)?;
    Ok(Some(text))
}

fn read_text(path: &Path) -> Result<String, DatasetError> {
    std::fs::read_to_string(path).map_err(|e| DatasetProblem::Unreadable(e).at(path))
}
