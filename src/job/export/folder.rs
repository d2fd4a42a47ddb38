//! The folder layout of the method's authors: the frame, one JPEG per mode and seed, and an overview
//! beside the folder, under its name.

use super::{Export, board};
use crate::job::{EditResult, Problem};
use crate::pipeline::metadata::{self, PictureFormat, PictureTexts};
use crate::pipeline::whole_file;
use image::RgbImage;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Writes the folder and the overview; both appear whole, or neither does.
///
/// # Errors
/// When there is something of that name already, or the folder or the disk says no.
pub(super) fn write(export: &Export) -> Result<(), Problem> {
    let folder = &export.path;
    let name = folder.file_name().ok_or_else(|| {
        Problem::new("The contact sheet has no name.")
            .hint("Name the folder that is to be made.")
            .file(folder)
    })?;
    let mut overview = name.to_owned();
    overview.push(".jpg");
    let overview = folder.with_file_name(overview);
    for known in [folder, &overview] {
        if known.exists() {
            return Err(Problem::new(
                "The contact sheet was not written: there is something of this name.",
            )
            .hint("Choose another name; nothing is overwritten.")
            .file(known));
        }
    }
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let refused = |e: io::Error| {
        Problem::new(format!("The contact sheet cannot be written: {e}."))
            .hint("Choose a folder that exists and may be written to.")
            .file(parent)
    };
    let making = tempfile::Builder::new()
        .prefix(".lgd-sheet-")
        .tempdir_in(parent)
        .map_err(refused)?;
    for (name, picture) in pictures(export) {
        save(&making.path().join(name), picture)?;
    }
    let sheet = board::still(export);
    save(&overview, &sheet)?;
    // From here on the folder is not temporary any more.
    let made = making.keep();
    if let Err(error) = open_to_others(&made).and_then(|()| std::fs::rename(&made, folder)) {
        for left in [
            std::fs::remove_dir_all(&made),
            std::fs::remove_file(&overview),
        ] {
            if let Err(error) = left {
                tracing::warn!(%error, "a part of a contact sheet was left behind");
            }
        }
        return Err(refused(error));
    }
    Ok(())
}

/// A temporary folder is private; this one is meant to be shared like any other.
fn open_to_others(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?;
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

fn save(path: &Path, picture: &RgbImage) -> Result<(), Problem> {
    let refused = |problem: Problem| problem.file(path);
    let bytes =
        metadata::encode(picture, PictureFormat::Jpeg, &PictureTexts::none()).map_err(|e| {
            refused(Problem::new(e.to_string()).hint("Export the run in another format."))
        })?;
    whole_file::write_whole(path, &bytes)?;
    Ok(())
}

/// Every file of the folder by name.
fn pictures(export: &Export) -> Vec<(PathBuf, &RgbImage)> {
    let run = &export.run;
    let mut files: Vec<(PathBuf, &RgbImage)> = vec![("input_img.jpg".into(), &*run.frame)];
    if let Some(target) = &export.target {
        files.push(("target_img.jpg".into(), &**target));
    }
    // The index counts the pictures of one method, as the seeds do in the original.
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for column in &run.columns {
        let index = counts.entry(column.request.mode.name()).or_default();
        files.push((file_name(*index, column), &*column.picture));
        *index += 1;
    }
    files
}

fn file_name(index: usize, column: &EditResult) -> PathBuf {
    let (method, seed) = (column.request.mode.name(), column.request.seed);
    format!("idx_{index}_method_{method}_seed_{seed}.jpg").into()
}
