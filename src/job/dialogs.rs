//! Whether the system can show a file dialog. Where it cannot, rfd answers as if the dialog had
//! been closed, and a person would press Open and see nothing happen.

use super::{Problem, programs};
use std::path::PathBuf;
use std::pin::Pin;

/// What shows file dialogs here.
pub(super) fn provider() -> Result<&'static str, Problem> {
    if !cfg!(all(unix, not(target_os = "macos"))) {
        return Ok("the system's own");
    }
    if std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some_and(|bus| !bus.is_empty()) {
        return Ok("the desktop portal");
    }
    if programs::find("zenity").is_some() {
        return Ok("zenity");
    }
    Err(Problem::new("This system has no file dialogs.").hint(
        "Install xdg-desktop-portal or zenity. Without them type the path, drop the file on the window or paste the picture.",
    ))
}

/// Opens a save dialog on the calling thread; what it returns waits for the answer, on another one.
pub(super) fn save(
    kind: &str,
    extensions: &[&str],
    name: String,
) -> impl FnOnce() -> Option<PathBuf> + Send + use<> {
    let mut dialog = rfd::AsyncFileDialog::new().set_file_name(name);
    if !extensions.is_empty() {
        dialog = dialog.add_filter(kind, extensions);
    }
    let answer = dialog.save_file();
    move || Some(pollster::block_on(answer)?.path().to_path_buf())
}

/// Opens a dialog for one folder on the calling thread; what it returns waits for the answer, on
/// another one.
pub(super) fn open_folder() -> impl FnOnce() -> Option<Vec<PathBuf>> + Send + use<> {
    let answer = rfd::AsyncFileDialog::new().pick_folder();
    move || Some(vec![pollster::block_on(answer)?.path().to_path_buf()])
}

/// Opens a dialog for several folders on the calling thread; what it returns waits for the answer, on
/// another one.
pub(super) fn open_folders() -> impl FnOnce() -> Option<Vec<PathBuf>> + Send + use<> {
    let answer = rfd::AsyncFileDialog::new().pick_folders();
    move || Some(paths(&pollster::block_on(answer)?))
}

/// Opens a dialog for files of a kind, one or several, on the calling thread; what it returns waits for
/// the answer, on another one.
pub(super) fn open_files(
    kind: &str,
    endings: &[&str],
    several: bool,
) -> impl FnOnce() -> Option<Vec<PathBuf>> + Send + use<> {
    let dialog = rfd::AsyncFileDialog::new().add_filter(kind, endings);
    let answer: Pin<Box<dyn Future<Output = Option<Vec<rfd::FileHandle>>> + Send>> = if several {
        Box::pin(dialog.pick_files())
    } else {
        let one = dialog.pick_file();
        Box::pin(async move { Some(vec![one.await?]) })
    };
    move || Some(paths(&pollster::block_on(answer)?))
}

fn paths(handles: &[rfd::FileHandle]) -> Vec<PathBuf> {
    let paths = handles.iter().map(|handle| handle.path().to_path_buf());
    paths.collect()
}

/// Where a picture goes that nobody can be asked about: the picture folder, under a name that is
/// still free.
pub(super) fn usual_place(name: &str) -> PathBuf {
    let folder = directories::UserDirs::new()
        .map(|dirs| {
            let pictures = dirs.picture_dir().filter(|folder| folder.is_dir());
            pictures.unwrap_or_else(|| dirs.home_dir()).to_path_buf()
        })
        .unwrap_or_default();
    // Only a folder has no ending.
    let (stem, ending) = name.split_at(name.rfind('.').unwrap_or(name.len()));
    (1..)
        .map(|n| match n {
            1 => folder.join(name),
            n => folder.join(format!("{stem}-{n}{ending}")),
        })
        .find(|path| !path.exists())
        .unwrap_or_else(|| folder.join(name))
}
