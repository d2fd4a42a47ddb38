//! Whether the system can show a file dialog. Where it cannot, rfd answers as if the dialog had
//! been closed, and a person would press Open and see nothing happen.

use super::Problem;
use std::path::PathBuf;

/// What shows file dialogs here.
pub(super) fn provider() -> Result<&'static str, Problem> {
    if !cfg!(all(unix, not(target_os = "macos"))) {
        return Ok("the system's own");
    }
    if std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some_and(|bus| !bus.is_empty()) {
        return Ok("the desktop portal");
    }
    let zenity = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join("zenity").is_file()));
    if zenity {
        return Ok("zenity");
    }
    Err(Problem::new("This system has no file dialogs.").hint(
        "Install xdg-desktop-portal or zenity. Without them type the path, drop the file on the window or paste the picture.",
    ))
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
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "png"));
    (1..)
        .map(|n| match n {
            1 => folder.join(format!("{stem}.{extension}")),
            n => folder.join(format!("{stem}-{n}.{extension}")),
        })
        .find(|path| !path.exists())
        .unwrap_or_else(|| folder.join(name))
}
