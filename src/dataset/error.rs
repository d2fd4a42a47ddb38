//! What can be wrong with a data set: what failed, what to do, which file.

use std::path::{Path, PathBuf};

/// Why a data set cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text())]
pub struct DatasetError {
    /// What is wrong.
    #[source]
    pub kind: DatasetProblem,
    /// The file or folder.
    pub path: PathBuf,
}

/// What is wrong with a data set.
#[derive(Debug, thiserror::Error)]
pub enum DatasetProblem {
    /// A file cannot be read.
    #[error("Cannot read the data set: {}.", reason(.0))]
    Unreadable(std::io::Error),
    /// A file cannot be written.
    #[error("Cannot write the data set: {}.", reason(.0))]
    Unwritable(std::io::Error),
    /// A list of records is not the JSON it should be.
    #[error("Cannot read the records: {0}.")]
    NotRecords(serde_json::Error),
    /// A folder without any list of records.
    #[error("There are no lists of records in this folder.")]
    NoLists,
    /// A file of categories is something else.
    #[error("Cannot read the categories: {0}.")]
    NotCategories(String),
    /// There is not one usable record.
    #[error("There is no sample to use: none of the {0} records can be used. {1}")]
    NothingUsable(usize, String),
    /// The folder holds something else.
    #[error("This folder already holds {0}.")]
    Occupied(String),
    /// A sample of that name, or a picture, is there already.
    #[error("The name {0} is taken.")]
    NameTaken(String),
    /// A name that files cannot have.
    #[error("A sample cannot be called \"{0}\".")]
    BadName(String),
    /// A new pair about which somebody else has written.
    #[error("Another program has written about {0} meanwhile.")]
    Changed(String),
    /// Causal features that do not fit.
    #[error("Cannot use the causal features: {0}.")]
    Features(String),
}

impl DatasetProblem {
    /// The same with the file or folder it is about.
    pub fn at(self, path: impl Into<PathBuf>) -> DatasetError {
        DatasetError {
            kind: self,
            path: path.into(),
        }
    }
}

impl DatasetError {
    /// What failed, with the values.
    pub fn message(&self) -> String {
        self.kind.to_string()
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        use std::io::ErrorKind;
        match &self.kind {
            DatasetProblem::Unreadable(e) => match e.kind() {
                ErrorKind::NotFound => {
                    "A data set is a folder with images and one labels_cot_SPLIT.json per split. Choose that folder, and a split it has."
                }
                ErrorKind::PermissionDenied => "Check the permissions of the file.",
                _ => "Check that the disk is connected.",
            },
            DatasetProblem::Unwritable(e) => match e.kind() {
                ErrorKind::StorageFull => {
                    "Make room on the disk and start again; it goes on where it stopped."
                }
                ErrorKind::PermissionDenied => "Choose a folder that you may write to.",
                _ => "Choose another folder.",
            },
            DatasetProblem::NotRecords(_) => {
                "It should be a list of records with sample_name, image1_name, image2_name, question and sent."
            }
            DatasetProblem::NoLists => {
                "Choose a folder with images and labels_cot_train.json or labels_cot_val.json in it."
            }
            DatasetProblem::NotCategories(_) => {
                "It should name each category with a list of its samples, as labels_sample_val.json of the data set does."
            }
            DatasetProblem::NothingUsable(..) => "Check the folder of the pictures.",
            DatasetProblem::Occupied(_) => "Choose an empty folder.",
            DatasetProblem::NameTaken(_) => "Give the pair another name.",
            DatasetProblem::BadName(_) => {
                "Use letters, digits, spaces, - and _; it becomes the name of files."
            }
            DatasetProblem::Changed(_) => {
                "The pair stays. Take its record out of the list by hand, or leave the pair out of training."
            }
            DatasetProblem::Features(_) => {
                "Choose the file that was made with this data set, or none."
            }
        }
    }

    /// The file or folder it is about.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn text(&self) -> String {
        let (message, hint) = (self.message(), self.hint());
        format!("{message}\n{hint}\nFile: {}", self.path.display())
    }
}

/// The system's reason without its number.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((reason, _)) => reason.to_lowercase(),
        None => text,
    }
}
