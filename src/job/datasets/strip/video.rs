//! Frames of a video, taken out by `ffmpeg` as a child process.
//!
//! It is only allowed to read files: a playlist that names addresses gets no network.

use super::{Gathering, Strip, folder};
use crate::job::{CancelToken, Problem};
use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The program.
pub(super) const PROGRAM: &str = "ffmpeg";
/// Frames that are taken at most; half an hour of two a second.
const MOST: usize = 3600;
/// How often the child is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(40);
/// Lines of its words that are remembered.
const LINES: usize = 12;

/// A video.
pub(super) struct Video<'a> {
    /// The file.
    pub path: &'a Path,
    /// Frames per second that are taken.
    pub per_second: f32,
}

/// What the child said so far.
#[derive(Default)]
struct Said {
    /// How long the video is, in seconds.
    length: Option<f64>,
    /// How far it is, in seconds.
    at: f64,
    frames: usize,
    /// The last lines.
    lines: Vec<String>,
}

impl Video<'_> {
    /// Takes the frames out into `folder`; none when it was stopped.
    ///
    /// # Errors
    /// When the program cannot be started, says that something is wrong, or finds no frame.
    pub(super) fn extract(
        &self,
        program: &Path,
        folder: &Path,
        stop: &CancelToken,
        on_progress: &mut dyn FnMut(Gathering),
    ) -> Result<Option<Strip>, Problem> {
        if !self.path.is_file() {
            return Err(Problem::new("There is no such video.").file(self.path));
        }
        let child = self.command(program, folder).spawn();
        let mut child = child.map_err(|e| {
            Problem::new(format!("ffmpeg cannot be started: {e}."))
                .hint("Install ffmpeg anew.")
                .file(program)
        })?;
        let said = Mutex::new(Said::default());
        let good = watch(&mut child, &said, stop, on_progress);
        let said = said.into_inner().unwrap_or_default();
        match good {
            Err(error) => Err(self.problem(&format!("ffmpeg got lost: {error}"))),
            Ok(None) => Ok(None),
            Ok(Some(false)) => Err(self.problem(&said.lines.join("\n"))),
            Ok(Some(true)) => {
                let frames = folder::pictures(folder).map_err(|_none| {
                    Problem::new("The video has no frames.")
                        .hint("Choose another video, or take more frames per second.")
                        .file(self.path)
                })?;
                // The frame that would follow is not there, but the video is longer.
                let covered = frames.len() as f64 / f64::from(self.per_second);
                let longer = said.length.is_some_and(|length| length > covered + 1.0);
                let cut = frames.len() >= MOST && longer;
                Ok(Some(Strip { frames, cut }))
            }
        }
    }

    fn command(&self, program: &Path, folder: &Path) -> Command {
        // Without it a name with a colon would be taken for an address.
        let mut file = OsString::from("file:");
        file.push(std::path::absolute(self.path).unwrap_or_else(|_| self.path.to_path_buf()));
        let mut command = Command::new(program);
        command
            .args(["-nostdin", "-hide_banner", "-nostats", "-y"])
            .args(["-progress", "pipe:1", "-protocol_whitelist", "file,pipe"])
            .arg("-i")
            .arg(file)
            .args(["-map", "0:v:0", "-vf"])
            .arg(format!("fps={}", self.per_second))
            // The best quality of a JPEG, which is what VQAI has.
            .args(["-q:v", "2", "-frames:v", &MOST.to_string()])
            // From inside the folder: its name may have a percent sign in it.
            .arg("frame-%06d.jpg")
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn problem(&self, said: &str) -> Problem {
        let full = said.contains("No space left on device");
        let last = said.lines().rfind(|line| !line.trim().is_empty());
        let message = match last {
            _ if full => "The frames cannot be kept: the disk is full.".to_owned(),
            Some(line) => format!("ffmpeg cannot read the video: {}", line.trim()),
            None => "ffmpeg cannot read the video.".to_owned(),
        };
        let hint = match full {
            true => "Make room in the temporary folder, or take fewer frames per second.",
            false => "Choose another file, or make pictures of its frames with another program.",
        };
        Problem::new(message).hint(hint).file(self.path)
    }
}

/// Waits for the child: whether it ended well, or nothing when it was stopped.
fn watch(
    child: &mut Child,
    said: &Mutex<Said>,
    stop: &CancelToken,
    on_progress: &mut dyn FnMut(Gathering),
) -> std::io::Result<Option<bool>> {
    let (progress, words) = (child.stdout.take(), child.stderr.take());
    let begin = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let lines = progress
                .into_iter()
                .flat_map(|pipe| BufReader::new(pipe).lines());
            lines
                .map_while(Result::ok)
                .for_each(|line| hear(said, |said| said.progress(&line)));
        });
        scope.spawn(|| {
            let lines = words
                .into_iter()
                .flat_map(|pipe| BufReader::new(pipe).split(b'\n'));
            for line in lines.map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                hear(said, |said| said.words(line));
            }
        });
        loop {
            if stop.is_cancelled() {
                child.kill()?;
                child.wait()?;
                return Ok(None);
            }
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status.success()));
            }
            hear(said, |said| on_progress(said.gathering(begin.elapsed())));
            std::thread::sleep(LOOK_EVERY);
        }
    })
}

fn hear<T>(said: &Mutex<Said>, change: impl FnOnce(&mut Said) -> T) -> T {
    change(
        &mut said
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner),
    )
}

impl Said {
    /// A line `key=value` about how far it is.
    fn progress(&mut self, line: &str) {
        match line.split_once('=') {
            Some(("frame", value)) => self.frames = value.trim().parse().unwrap_or(self.frames),
            Some(("out_time_us", value)) => {
                let micros: Option<f64> = value.trim().parse().ok();
                self.at = micros.map_or(self.at, |micros| micros / 1e6);
            }
            _ => {}
        }
    }

    /// A line for people.
    fn words(&mut self, line: String) {
        let length = line.trim_start().strip_prefix("Duration: ");
        if let Some(length) = length.and_then(seconds) {
            self.length = Some(length);
        }
        if self.lines.len() == LINES {
            self.lines.remove(0);
        }
        self.lines.push(line);
    }

    fn gathering(&self, elapsed: Duration) -> Gathering {
        let length = self.length.filter(|length| *length > 0.0);
        let share = length.map(|length| (self.at / length).clamp(0.0, 1.0));
        let left = share.filter(|share| *share > 0.02 && elapsed > Duration::from_millis(500));
        Gathering {
            frames: self.frames,
            share: share.map(|share| share as f32),
            seconds_left: left.map(|share| elapsed.as_secs_f64() * (1.0 - share) / share),
        }
    }
}

/// The seconds of `hh:mm:ss.ff`, with whatever follows a comma.
fn seconds(text: &str) -> Option<f64> {
    let time = text.split(',').next()?;
    let parts = time.trim().split(':').map(|part| part.parse::<f64>().ok());
    let parts: Vec<f64> = parts.collect::<Option<_>>()?;
    match parts.as_slice() {
        [hours, minutes, seconds] => Some(3600.0 * hours + 60.0 * minutes + seconds),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::programs;
    use std::path::PathBuf;

    type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

    /// The program, or none with a word about it; `LGD_REQUIRE_FFMPEG=1` makes that a failure.
    fn program() -> Option<PathBuf> {
        let found = programs::find(PROGRAM);
        let required = std::env::var_os("LGD_REQUIRE_FFMPEG").is_some_and(|value| value == "1");
        assert!(found.is_some() || !required, "ffmpeg is not installed");
        found
    }

    /// A video with a moving test card.
    fn video(program: &Path, folder: &Path, seconds: f32) -> Outcome<PathBuf> {
        let path = folder.join("50 % odd: name.avi");
        let made = Command::new(program)
            .args(["-nostdin", "-loglevel", "error", "-f", "lavfi", "-i"])
            .arg(format!("testsrc=duration={seconds}:size=96x64:rate=10"))
            .args(["-c:v", "mjpeg"])
            .arg({
                let mut file = OsString::from("file:");
                file.push(&path);
                file
            })
            .status()?;
        assert!(made.success());
        Ok(path)
    }

    #[test]
    fn frames_come_out_of_a_video_with_progress() -> Outcome {
        let Some(program) = program() else {
            return Ok(());
        };
        let home = tempfile::tempdir()?;
        let path = video(&program, home.path(), 6.0)?;
        let out = tempfile::Builder::new().prefix("100 % out").tempdir()?;
        let video = Video {
            path: &path,
            per_second: 2.0,
        };
        let mut seen = Vec::new();
        let strip = video.extract(
            &program,
            out.path(),
            &CancelToken::default(),
            &mut |progress| {
                seen.push(progress);
            },
        )?;
        let strip = strip.ok_or("it was not stopped")?;
        assert!(
            (11..=13).contains(&strip.frames.len()),
            "{}",
            strip.frames.len()
        );
        assert!(!strip.cut && !seen.is_empty());
        let (first, last) = (
            image::open(&strip.frames[0])?,
            image::open(&strip.frames[10])?,
        );
        assert_eq!((first.width(), first.height()), (96, 64));
        assert_ne!(first.as_bytes(), last.as_bytes());
        Ok(())
    }

    #[test]
    fn what_is_wrong_with_a_video_is_said() -> Outcome {
        let Some(program) = program() else {
            return Ok(());
        };
        let home = tempfile::tempdir()?;
        let (out, stop) = (home.path().join("out"), CancelToken::default());
        std::fs::create_dir(&out)?;
        let path = home.path().join("broken.mp4");
        std::fs::write(&path, "no video at all")?;
        let video = |path| Video {
            path,
            per_second: 2.0,
        };
        let extract =
            |path, stop: &CancelToken| video(path).extract(&program, &out, stop, &mut |_| {});
        let problem = extract(&path, &stop).expect_err("it is no video");
        assert!(
            problem
                .message
                .starts_with("ffmpeg cannot read the video: "),
            "{problem}"
        );
        assert!(problem.message.len() > 40, "it says why: {problem}");
        let nowhere = home.path().join("gone.mp4");
        let gone = extract(&nowhere, &stop).expect_err("it is not there");
        assert!(gone.message.contains("no such video"), "{gone}");
        let not_there = home.path().join("no-program");
        let problem = video(&path).extract(&not_there, &out, &stop, &mut |_| {});
        assert!(problem.is_err_and(|problem| problem.message.contains("cannot be started")));
        // A playlist that leads to an address is refused before anything is asked of a network.
        let list = home.path().join("list.m3u8");
        std::fs::write(
            &list,
            "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
        )?;
        assert!(extract(&list, &stop).is_err());
        Ok(())
    }

    #[test]
    fn a_stopped_program_is_gone_at_once() -> Outcome {
        let Some(program) = program() else {
            return Ok(());
        };
        let home = tempfile::tempdir()?;
        let path = video(&program, home.path(), 60.0)?;
        let stop = CancelToken::default();
        let begin = Instant::now();
        let video = Video {
            path: &path,
            per_second: 2.0,
        };
        // From the first look on.
        let stopped = video.extract(&program, home.path(), &stop, &mut |_| stop.cancel())?;
        assert_eq!(stopped, None);
        assert!(begin.elapsed() < Duration::from_secs(20));
        Ok(())
    }

    /// The third frame goes to a device that is always full.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_called_by_its_name() -> Outcome {
        let Some(program) = program() else {
            return Ok(());
        };
        let home = tempfile::tempdir()?;
        let path = video(&program, home.path(), 4.0)?;
        let out = home.path().join("out");
        std::fs::create_dir(&out)?;
        std::os::unix::fs::symlink("/dev/full", out.join("frame-000003.jpg"))?;
        let video = Video {
            path: &path,
            per_second: 2.0,
        };
        let full = video.extract(&program, &out, &CancelToken::default(), &mut |_| {});
        let problem = full.expect_err("there is no room");
        assert!(problem.message.contains("the disk is full"), "{problem}");
        Ok(())
    }

    #[test]
    fn the_words_of_the_program_are_understood() {
        assert_eq!(seconds("01:02:03.50, start: 0.0"), Some(3723.5));
        assert_eq!(seconds("N/A, bitrate: N/A"), None);
        let mut said = Said::default();
        said.words("  Duration: 00:00:10.00, start: 0.000000".to_owned());
        said.progress("frame=7");
        said.progress("out_time_us=2500000");
        said.progress("out_time_us=N/A");
        let progress = said.gathering(Duration::from_secs(1));
        assert_eq!((progress.frames, progress.share), (7, Some(0.25)));
        assert_eq!(progress.seconds_left, Some(3.0));
    }
}
