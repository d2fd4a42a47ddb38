//! MP4 through an installed `ffmpeg`: pictures go into its standard input, and the film appears at its
//! place when it is whole.

use super::no_ffmpeg;
use crate::job::{Problem, programs};
use crate::pipeline::EditError;
use image::RgbImage;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::NamedTempFile;

/// Pictures per second; every one of a story stays a multiple of this, give or take one.
const RATE: u32 = 25;

/// Where `ffmpeg` is.
pub(super) fn program() -> Option<PathBuf> {
    programs::find("ffmpeg")
}

/// A film that `ffmpeg` is making.
pub(super) struct Movie {
    child: Child,
    /// The film on its way, beside its place; gone when this is.
    beside: Option<NamedTempFile>,
    /// What `ffmpeg` says.
    words: File,
    /// Milliseconds that were asked for and are not in the film yet.
    owed: u32,
}

impl Movie {
    /// Starts `ffmpeg`.
    ///
    /// # Errors
    /// When it is not installed or does not start, or the folder cannot be written.
    pub(super) fn begin(path: &Path, (width, height): (u32, u32)) -> Result<Self, Problem> {
        let program = program().ok_or_else(no_ffmpeg)?;
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let unwritable = |e: io::Error| {
            Problem::new(format!("The film cannot be written: {e}."))
                .hint("Choose a folder that exists and that you may write to.")
                .file(path)
        };
        let beside = tempfile::Builder::new()
            .prefix(".story-")
            .suffix(".mp4")
            .tempfile_in(folder)
            .map_err(unwritable)?;
        let words = tempfile::tempfile().map_err(unwritable)?;
        let said = words.try_clone().map_err(unwritable)?;
        let child = Command::new(program)
            .args(["-nostdin", "-hide_banner", "-loglevel", "error", "-y"])
            .args(["-f", "rawvideo", "-pix_fmt", "rgb24"])
            .args(["-s", &format!("{width}x{height}"), "-r", &RATE.to_string()])
            .args(["-i", "-", "-an", "-pix_fmt", "yuv420p"])
            // The index first, so that a page can play it while it loads.
            .args(["-movflags", "+faststart", "-f", "mp4"])
            .arg(beside.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::from(said))
            .spawn()
            .map_err(|e| Problem::new(format!("ffmpeg does not start: {e}.")).hint(OTHERWISE))?;
        Ok(Self {
            child,
            beside: Some(beside),
            words,
            owed: 0,
        })
    }

    /// Adds a picture that stays so long.
    ///
    /// # Errors
    /// When `ffmpeg` has ended.
    pub(super) fn add(&mut self, picture: &RgbImage, milliseconds: u32) -> Result<(), EditError> {
        self.owed += milliseconds;
        let each = 1000 / RATE;
        while self.owed >= each {
            self.owed -= each;
            let input = self.child.stdin.as_mut();
            let taken = input.map(|input| input.write_all(picture.as_raw()));
            if let Some(Err(error)) = taken {
                return Err(self.failed(&error.to_string()).into());
            }
        }
        Ok(())
    }

    /// Waits for `ffmpeg` and puts the film in place.
    ///
    /// # Errors
    /// When `ffmpeg` failed, or the disk says no.
    pub(super) fn end(mut self, path: &Path) -> Result<(), EditError> {
        drop(self.child.stdin.take());
        match self.child.wait() {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(self.failed(&status.to_string()).into()),
            Err(error) => return Err(self.failed(&error.to_string()).into()),
        }
        let Some(beside) = self.beside.take() else {
            return Ok(());
        };
        let unwritable = |e: &dyn std::fmt::Display| {
            Problem::new(format!("The film cannot be put in place: {e}.")).file(path)
        };
        readable(beside.as_file()).map_err(|e| unwritable(&e))?;
        beside.persist(path).map_err(|e| unwritable(&e.error))?;
        Ok(())
    }

    /// What went wrong, in the words of `ffmpeg` where it has some.
    fn failed(&mut self, otherwise: &str) -> Problem {
        self.stop();
        let mut said = String::new();
        let read = self.words.rewind().and_then(|()| {
            let mut bytes = Vec::new();
            self.words.read_to_end(&mut bytes)?;
            said = String::from_utf8_lossy(&bytes).into_owned();
            Ok(())
        });
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        let why = match (read, last) {
            (Ok(()), Some(line)) => line.trim(),
            _ => otherwise,
        };
        let why = why.trim_end_matches('.');
        Problem::new(format!("ffmpeg could not make the film: {why}.")).hint(OTHERWISE)
    }

    fn stop(&mut self) {
        drop(self.child.stdin.take());
        if let Err(error) = self.child.kill() {
            tracing::debug!(%error, "ffmpeg had ended already");
        }
        if let Err(error) = self.child.wait() {
            tracing::debug!(%error, "ffmpeg cannot be waited for");
        }
    }
}

impl Drop for Movie {
    /// A film that is given up leaves no process and no file behind.
    fn drop(&mut self) {
        self.stop();
    }
}

/// What to do when `ffmpeg` does not.
const OTHERWISE: &str = "Make a GIF or an animated PNG, or install another version of ffmpeg.";

/// Temporary files are private; a film is read by others as any file is.
fn readable(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    file.sync_all()
}
