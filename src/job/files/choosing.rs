//! Tasks that begin with a native dialog.

use super::{PICTURE_EXTENSIONS, VIDEO_EXTENSIONS};
use crate::job::dialogs;
use crate::job::outbox::Outbox;
use crate::job::{FileTask, FolderUse, JobEvent, Problem, RUN_EXTENSION};
use crossbeam_channel::Sender;
use std::path::{Path, PathBuf};

/// File name endings of original weights and their configurations.
const WEIGHT_EXTENSIONS: &[&str] = &["safetensors", "ckpt", "pt", "pth", "bin", "json"];

/// Waits for a dialog; what is to be done with the choice, nothing when there was none.
type Answer = Box<dyn FnOnce() -> Option<FileTask> + Send>;

/// Starts the dialog of a `Pick…` task and returns nothing; hands every other task back. The error
/// is the event that says why there is no dialog.
///
/// The dialog is created on the calling thread; `words` says in its language what kind of files it wants.
/// A small thread of its own waits for it, because a person may leave it open while files are dropped or
/// saved.
pub(in crate::job) fn open_dialog(
    task: FileTask,
    words: &dyn Fn(&str) -> String,
    queue: &Sender<Option<FileTask>>,
    outbox: &Outbox,
) -> Result<Option<FileTask>, Box<JobEvent>> {
    if let Err(problem) = dialogs::provider() {
        return without_dialog(task, problem);
    }
    let answer = match shown(task, words) {
        Ok(answer) => answer,
        Err(other) => return Ok(Some(other)),
    };
    let (queue, outbox) = (queue.clone(), outbox.clone());
    let waiting = std::thread::Builder::new()
        .name("lgd-dialog".to_owned())
        .spawn(move || match answer() {
            Some(task) => {
                if queue.send(Some(task)).is_err() {
                    tracing::debug!("a dialog closed after the program did");
                }
            }
            None => {
                outbox.send(JobEvent::DialogClosed);
            }
        });
    match waiting {
        Ok(_) => Ok(None),
        Err(error) => {
            let problem = Problem::new(format!("The dialog cannot be opened: {error}."));
            Err(Box::new(JobEvent::FileFailed(problem)))
        }
    }
}

/// What becomes of a task on a machine without dialogs: what is saved goes to the usual place, which the
/// notice names.
fn without_dialog(task: FileTask, problem: Problem) -> Result<Option<FileTask>, Box<JobEvent>> {
    match Saving::of(task) {
        Ok(saving) => {
            let place = dialogs::usual_place(&saving.name);
            Ok(Some((saving.to)(place)))
        }
        Err(FileTask::PickFrame) => Err(Box::new(JobEvent::FrameFailed(problem))),
        Err(FileTask::PickTarget(_) | FileTask::PickFolder(_)) => {
            Err(Box::new(JobEvent::FileFailed(problem)))
        }
        Err(other) => Ok(Some(other)),
    }
}

/// A file that is to be saved where a person says.
struct Saving {
    /// Kind of file, in English, and the endings of its names.
    kind: &'static str,
    endings: &'static [&'static str],
    /// Proposed name.
    name: String,
    /// The task that saves it at a place.
    to: Box<dyn FnOnce(PathBuf) -> FileTask + Send>,
}

impl Saving {
    /// What a task saves; hands back a task that saves nothing or asks nobody.
    fn of(task: FileTask) -> Result<Self, FileTask> {
        fn saving(
            kind: &'static str,
            endings: &'static [&'static str],
            name: impl Into<String>,
            to: impl FnOnce(PathBuf) -> FileTask + Send + 'static,
        ) -> Saving {
            let (name, to) = (name.into(), Box::new(to));
            Saving {
                kind,
                endings,
                name,
                to,
            }
        }
        let name = |path: &Path| path.to_string_lossy().into_owned();
        Ok(match task {
            FileTask::PickAndSave(result, name) => {
                let to = |place| FileTask::Save(result, place);
                saving("PNG picture", &["png"], name, to)
            }
            FileTask::PickAndSavePicture(picture, name) => {
                let to = |place| FileTask::SavePicture(picture, place);
                saving("PNG picture", &["png"], name, to)
            }
            FileTask::PickAndSaveRun(run, name) => {
                let to = |place| FileTask::SaveRun(run, place);
                saving("Run of LGD Studio", &[RUN_EXTENSION], name, to)
            }
            FileTask::PickExport(mut export) => {
                let endings = export.format.extensions();
                saving("Export of a run", endings, name(&export.path), |place| {
                    export.path = place;
                    FileTask::Export(export)
                })
            }
            FileTask::PickVotes(mut export) => {
                saving("Votes file", &["json"], name(&export.path), |place| {
                    export.path = place;
                    FileTask::SaveVotes(export)
                })
            }
            FileTask::PickReport(mut export) => {
                let endings = export.format.extensions();
                saving("Report file", endings, name(&export.path), |place| {
                    export.path = place;
                    FileTask::SaveReport(export)
                })
            }
            FileTask::PickPackage(mut package) => {
                saving("Debug package", &["zip"], name(&package.path), |place| {
                    package.path = place;
                    FileTask::SavePackage(package)
                })
            }
            FileTask::PickSettings(text, path) => {
                let to = |place| FileTask::SaveSettings(text, place);
                saving("Settings file", &["toml"], name(&path), to)
            }
            other => return Err(other),
        })
    }
}

/// Shows the dialog of a task; hands back a task that has none.
fn shown(task: FileTask, words: &dyn Fn(&str) -> String) -> Result<Answer, FileTask> {
    let answer: Answer = match task {
        FileTask::PickFrame => {
            let dialog = rfd::AsyncFileDialog::new()
                .add_filter(words("Picture files"), PICTURE_EXTENSIONS)
                .pick_file();
            Box::new(move || {
                let path = pollster::block_on(dialog)?.path().to_path_buf();
                Some(FileTask::OpenPicture(path))
            })
        }
        FileTask::PickTarget(size) => {
            let dialog = rfd::AsyncFileDialog::new()
                .add_filter(words("Picture files"), PICTURE_EXTENSIONS)
                .pick_file();
            Box::new(move || {
                let path = pollster::block_on(dialog)?.path().to_path_buf();
                Some(FileTask::OpenTarget(path, size))
            })
        }
        FileTask::PickFolder(what_for @ (FolderUse::Dataset | FolderUse::FramesFolder)) => {
            let paths = dialogs::open_folder();
            Box::new(move || Some(FileTask::TakeFolders(what_for, paths()?)))
        }
        FileTask::PickFolder(
            what_for @ (FolderUse::VotesFile
            | FolderUse::OriginalFiles
            | FolderUse::FramePictures
            | FolderUse::SettingsFile
            | FolderUse::Video),
        ) => {
            let (kind, endings) = match what_for {
                FolderUse::FramePictures => ("Picture files", PICTURE_EXTENSIONS),
                FolderUse::Video => ("Video files", VIDEO_EXTENSIONS),
                FolderUse::OriginalFiles => ("Weight files", WEIGHT_EXTENSIONS),
                FolderUse::SettingsFile => ("Settings file", &["toml"][..]),
                _ => ("Votes file", &["json"][..]),
            };
            let several = matches!(
                what_for,
                FolderUse::FramePictures | FolderUse::OriginalFiles
            );
            let paths = dialogs::open_files(&words(kind), endings, several);
            Box::new(move || Some(FileTask::TakeFolders(what_for, paths()?)))
        }
        FileTask::PickFolder(what_for) => {
            let paths = dialogs::open_folders();
            Box::new(move || Some(FileTask::TakeFolders(what_for, paths()?)))
        }
        other => {
            let Saving {
                kind,
                endings,
                name,
                to,
            } = Saving::of(other)?;
            let place = dialogs::save(&words(kind), endings, name);
            Box::new(move || Some(to(place()?)))
        }
    };
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_goes_where_the_person_says() {
        let place = Path::new("somewhere/mine.toml");
        let task = FileTask::PickSettings("zoom = 2".to_owned(), "settings.toml".into());
        let Ok(saving) = Saving::of(task) else {
            panic!("settings are saved through a dialog");
        };
        assert_eq!(
            (saving.name.as_str(), saving.endings),
            ("settings.toml", &["toml"][..])
        );
        match (saving.to)(place.to_owned()) {
            FileTask::SaveSettings(text, path) => {
                assert_eq!((text.as_str(), path.as_path()), ("zoom = 2", place));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn tasks_that_save_nothing_come_back() {
        let back = Saving::of(FileTask::PickFrame).err();
        assert!(matches!(back, Some(FileTask::PickFrame)));
    }
}
