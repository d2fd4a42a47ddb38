//! Tasks that begin with a native dialog.

use super::{PICTURE_EXTENSIONS, VIDEO_EXTENSIONS};
use crate::job::dialogs;
use crate::job::outbox::Outbox;
use crate::job::{FileTask, FolderUse, JobEvent, Problem, RUN_EXTENSION};
use crossbeam_channel::Sender;

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
    match task {
        FileTask::PickFrame => Err(Box::new(JobEvent::FrameFailed(problem))),
        FileTask::PickTarget(_) | FileTask::PickFolder(_) => {
            Err(Box::new(JobEvent::FileFailed(problem)))
        }
        // A picture is saved all the same; the notice says where.
        FileTask::PickAndSave(result, name) => {
            Ok(Some(FileTask::Save(result, dialogs::usual_place(&name))))
        }
        FileTask::PickAndSavePicture(picture, name) => Ok(Some(FileTask::SavePicture(
            picture,
            dialogs::usual_place(&name),
        ))),
        FileTask::PickAndSaveRun(run, name) => {
            Ok(Some(FileTask::SaveRun(run, dialogs::usual_place(&name))))
        }
        FileTask::PickExport(mut export) => {
            export.path = dialogs::usual_place(&export.path.to_string_lossy());
            Ok(Some(FileTask::Export(export)))
        }
        FileTask::PickVotes(mut export) => {
            export.path = dialogs::usual_place(&export.path.to_string_lossy());
            Ok(Some(FileTask::SaveVotes(export)))
        }
        FileTask::PickPackage(mut package) => {
            package.path = dialogs::usual_place(&package.path.to_string_lossy());
            Ok(Some(FileTask::SavePackage(package)))
        }
        FileTask::PickSettings(text, name) => {
            let path = dialogs::usual_place(&name.to_string_lossy());
            Ok(Some(FileTask::SaveSettings(text, path)))
        }
        FileTask::PickReport(mut export) => {
            export.path = dialogs::usual_place(&export.path.to_string_lossy());
            Ok(Some(FileTask::SaveReport(export)))
        }
        other => Ok(Some(other)),
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
        FileTask::PickAndSave(result, name) => {
            let place = dialogs::save(&words("PNG picture"), &["png"], name);
            Box::new(move || Some(FileTask::Save(result, place()?)))
        }
        FileTask::PickAndSavePicture(picture, name) => {
            let place = dialogs::save(&words("PNG picture"), &["png"], name);
            Box::new(move || Some(FileTask::SavePicture(picture, place()?)))
        }
        FileTask::PickAndSaveRun(run, name) => {
            let place = dialogs::save(&words("Run of LGD Studio"), &[RUN_EXTENSION], name);
            Box::new(move || Some(FileTask::SaveRun(run, place()?)))
        }
        FileTask::PickExport(mut export) => {
            let name = export.path.to_string_lossy().into_owned();
            let place = dialogs::save(&words("Export of a run"), export.format.extensions(), name);
            Box::new(move || {
                export.path = place()?;
                Some(FileTask::Export(export))
            })
        }
        FileTask::PickVotes(mut export) => {
            let name = export.path.to_string_lossy().into_owned();
            let place = dialogs::save(&words("Votes file"), &["json"], name);
            Box::new(move || {
                export.path = place()?;
                Some(FileTask::SaveVotes(export))
            })
        }
        FileTask::PickReport(mut export) => {
            let name = export.path.to_string_lossy().into_owned();
            let place = dialogs::save(&words("Report file"), export.format.extensions(), name);
            Box::new(move || {
                export.path = place()?;
                Some(FileTask::SaveReport(export))
            })
        }
        FileTask::PickPackage(mut package) => {
            let name = package.path.to_string_lossy().into_owned();
            let place = dialogs::save(&words("Debug package"), &["zip"], name);
            Box::new(move || {
                package.path = place()?;
                Some(FileTask::SavePackage(package))
            })
        }
        FileTask::PickSettings(text, name) => {
            let name = name.to_string_lossy().into_owned();
            let place = dialogs::save(&words("Settings file"), &["toml"], name);
            Box::new(move || Some(FileTask::SaveSettings(text, place()?)))
        }
        other => return Err(other),
    };
    Ok(answer)
}
