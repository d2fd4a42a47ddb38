//! What a saved picture says about itself, and files that appear whole.

use super::{EditResult, Export, Problem};
use crate::pipeline::metadata::{self, Parameters, PictureTexts};
use crate::pipeline::whole_file;
use image::RgbImage;
use serde::Serialize;
use std::path::Path;

/// The text chunk `lgd_request`: enough to draw the picture again, nothing that changes from run
/// to run, so that the same request twice is the same file.
#[derive(Serialize)]
struct SavedRequest<'a> {
    program: &'static str,
    version: &'static str,
    bundle: &'a str,
    bundle_fingerprint: &'a str,
    device: &'a str,
    frame: &'a super::FrameFacts,
    written_answer: Option<&'a str>,
    #[serde(flatten)]
    request: &'a super::EditRequest,
}

/// Saves a result with its metadata; the file appears whole or not at all.
///
/// # Errors
/// When the folder or the disk says no.
pub(super) fn save_result(result: &EditResult, path: &Path) -> Result<(), Problem> {
    let request = SavedRequest {
        program: "LGD Studio",
        version: env!("CARGO_PKG_VERSION"),
        bundle: &result.bundle,
        bundle_fingerprint: &result.bundle_fingerprint,
        device: &result.device,
        frame: &result.frame,
        written_answer: result.answer.as_ref().map(|answer| answer.text.as_str()),
        request: &result.request,
    };
    let (width, height) = result.picture.dimensions();
    let mut parameters = Parameters::of(&result.request, width, height, &result.bundle);
    if let Some(answer) = &result.answer {
        parameters.fields.push(("Answer", answer.text.clone()));
    }
    let texts = PictureTexts::new(&request, &parameters).map_err(not_json)?;
    let saved = metadata::save(path, &result.picture, &texts)?;
    if let Some(note) = saved.note {
        tracing::warn!("{note}");
    }
    Ok(())
}

/// The text chunk `lgd_request` of a picture that shows a whole run: one request per column.
#[derive(Serialize)]
struct SavedRun<'a> {
    program: &'static str,
    version: &'static str,
    bundle: &'a str,
    bundle_fingerprint: &'a str,
    device: &'a str,
    frame: &'a super::FrameFacts,
    columns: Vec<&'a super::EditRequest>,
}

/// What a picture of a whole run says about itself; nothing when the settings are to be left out.
///
/// # Errors
/// When a request cannot be written as JSON.
pub(super) fn run_texts(export: &Export) -> Result<PictureTexts, Problem> {
    let columns = &export.run.columns;
    let Some(first) = columns.first().filter(|_| export.with_settings) else {
        return Ok(PictureTexts::none());
    };
    let run = SavedRun {
        program: "LGD Studio",
        version: env!("CARGO_PKG_VERSION"),
        bundle: &first.bundle,
        bundle_fingerprint: &first.bundle_fingerprint,
        device: &first.device,
        frame: &first.frame,
        columns: columns.iter().map(|column| &column.request).collect(),
    };
    let (width, height) = first.picture.dimensions();
    let parameters = Parameters::of(&first.request, width, height, &first.bundle);
    PictureTexts::new(&run, &parameters).map_err(not_json)
}

fn not_json(error: serde_json::Error) -> Problem {
    Problem::new(format!("The request cannot be written as JSON: {error}."))
}

/// Saves a picture without metadata; the file appears whole or not at all.
///
/// # Errors
/// When the folder or the disk says no.
pub(super) fn save_picture(picture: &RgbImage, path: &Path) -> Result<(), Problem> {
    metadata::save(path, picture, &PictureTexts::none())?;
    Ok(())
}

/// Writes a small text file whole or not at all, making its folder when needed.
///
/// # Errors
/// When the folder or the disk says no.
pub fn write_text(path: &Path, text: &str) -> Result<(), Problem> {
    make_folder_of(path)?;
    whole_file::write_whole(path, text.as_bytes()).map_err(Problem::from)
}

/// The same for a text that only its owner may read: settings hold a token, a session what was asked.
///
/// # Errors
/// As [`write_text`].
pub(super) fn write_own_text(path: &Path, text: &str) -> Result<(), Problem> {
    make_folder_of(path)?;
    whole_file::write_private(path, text.as_bytes()).map_err(Problem::from)
}

fn make_folder_of(path: &Path) -> Result<(), Problem> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| {
            Problem::new(format!("The folder cannot be made: {e}."))
                .hint("Choose another folder with LGD_STUDIO_HOME, or change its permissions.")
                .file(folder)
        })?;
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn what_is_our_own_is_read_by_nobody_else() -> Result<(), Box<dyn std::error::Error>> {
        let home = tempfile::tempdir()?;
        let path = home.path().join("config/settings.toml");
        let mode = || Ok(std::fs::metadata(&path)?.permissions().mode() & 0o777);
        write_text(&path, "old")?;
        let open: std::io::Result<u32> = mode();
        assert_ne!(open? & 0o044, 0, "other files are read by others");
        write_own_text(&path, "token = 'hf_x'")?;
        let closed: std::io::Result<u32> = mode();
        assert_eq!(closed?, 0o600);
        assert_eq!(std::fs::read_to_string(&path)?, "token = 'hf_x'");
        Ok(())
    }
}
