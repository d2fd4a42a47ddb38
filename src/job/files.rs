//! The thread that decodes, saves and copies, so that files never queue behind a denoising run.

mod choosing;
mod clipboard;

pub(super) use choosing::open_dialog;

use super::cover::cover;
use super::devices::Devices;
use super::export;
use super::films;
use super::outbox::Outbox;
use super::polls;
use super::recall;
use super::reports;
use super::run_file;
use super::saving;
use super::{FileTask, FolderUse, Frame, FrameOrigin, JobEvent, Outlook, Poll, Problem, Target};
use super::{PictureMetadata, Similarity, psnr, read_metadata, ssim};
use crate::pipeline::frame_image::{self, FrameError, Reading};
use crate::pipeline::metadata;
use arboard::Clipboard;
use crossbeam_channel::Receiver;
use image::RgbImage;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

/// One of the program's own drawn frames.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// File name, which is also its identity in sessions.
    pub file: &'static str,
    /// The PNG.
    pub bytes: &'static [u8],
}

macro_rules! examples {
    ($($file:literal),+ $(,)?) => {
        &[$(Example { file: $file, bytes: include_bytes!(concat!("../../assets/frames/", $file)) }),+]
    };
}

/// The drawn frames inside the program; titles and questions are in `assets/frames/frames.json`.
pub static EXAMPLES: &[Example] = examples![
    "fishbowl.png",
    "cheese-party.png",
    "no-cheese.png",
    "garden-night.png",
    "apple-tree.png",
    "snowman.png",
    "campfire.png",
    "balloon.png",
    "magic-hat.png",
    "ice-cream.png",
    "sprout.png",
    "evening-lamp.png",
];

/// File name endings the open dialog offers.
pub const PICTURE_EXTENSIONS: &[&str] =
    &["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"];

/// File name endings of videos whose frames can be taken out.
pub const VIDEO_EXTENSIONS: &[&str] = &[
    "mp4", "m4v", "mkv", "webm", "avi", "mov", "mpg", "mpeg", "wmv", "flv", "ogv", "ts", "3gp",
    "vob",
];

/// Works until `None` arrives. A closed queue would not do as the sign to stop: an open dialog
/// holds a sender of its own.
pub(super) fn run(queue: &Receiver<Option<FileTask>>, outbox: &Outbox) {
    // On X11 the program that copied a picture serves it, so the clipboard lives as long as we do.
    let mut clipboard: Option<Clipboard> = None;
    for task in queue.iter().map_while(|task| task) {
        let about_frame = matches!(
            task,
            FileTask::OpenFrame(_)
                | FileTask::OpenPicture(_)
                | FileTask::FindFrame(_)
                | FileTask::OpenExample(_)
                | FileTask::OpenDropped(..)
                | FileTask::PasteFrame
        );
        let event = catch_unwind(AssertUnwindSafe(|| perform(task, &mut clipboard)))
            .unwrap_or_else(|_| {
                let problem = Problem::new("The program made a mistake with this file.")
                    .hint("Try another file.");
                Some(if about_frame {
                    JobEvent::FrameFailed(problem)
                } else {
                    JobEvent::FileFailed(problem)
                })
            });
        if let Some(event) = event {
            outbox.send(event);
        }
    }
}

fn perform(task: FileTask, clipboard: &mut Option<Clipboard>) -> Option<JobEvent> {
    Some(match task {
        FileTask::OpenFrame(path) => opened(
            frame_image::open(&path, Reading::Upright),
            FrameOrigin::File(path),
        ),
        FileTask::OpenExample(file) => match EXAMPLES.iter().find(|example| example.file == file) {
            Some(example) => opened(
                frame_image::decode(example.bytes, Reading::Upright),
                FrameOrigin::Example(file),
            ),
            None => {
                JobEvent::FrameFailed(Problem::new(format!("There is no example frame {file}.")))
            }
        },
        FileTask::OpenPicture(path) if path.is_dir() => {
            JobEvent::FoldersChosen(FolderUse::Dataset, vec![path])
        }
        FileTask::OpenPicture(path) => chosen(
            frame_image::open(&path, Reading::Upright),
            read_metadata(&path),
            FrameOrigin::File(path),
        ),
        FileTask::FindFrame(search) => {
            let facts = search.facts.clone();
            match recall::find_frame(*search) {
                Some(frame) => JobEvent::FrameOpened(frame),
                None => JobEvent::FrameMissing(facts),
            }
        }
        FileTask::OpenDropped(_, bytes) => chosen(
            frame_image::decode(&bytes, Reading::Upright),
            metadata::read_bytes(&bytes),
            FrameOrigin::Dropped,
        ),
        FileTask::ReadDevices => JobEvent::Devices(Arc::new(Devices::open().read())),
        FileTask::PasteFrame => match clipboard::paste(clipboard) {
            Ok(image) => JobEvent::FrameOpened(Frame::new(image, FrameOrigin::Clipboard)),
            Err(problem) => JobEvent::FrameFailed(problem),
        },
        FileTask::CopyPicture(picture) => match clipboard::copy(&picture, clipboard) {
            Ok(()) => JobEvent::Copied,
            Err(problem) => JobEvent::FileFailed(problem),
        },
        FileTask::Save(result, path) => match saving::save_result(&result, &path) {
            Ok(()) => JobEvent::Saved(path),
            Err(problem) => JobEvent::FileFailed(problem),
        },
        FileTask::SavePicture(picture, path) => match saving::save_picture(&picture, &path) {
            Ok(()) => JobEvent::Saved(path),
            Err(problem) => JobEvent::FileFailed(problem),
        },
        FileTask::OpenTarget(path, size) => {
            let name = path.file_name().map(|name| name.to_string_lossy());
            let name = name.unwrap_or_default().into_owned();
            target(frame_image::open(&path, Reading::Upright), name, size)
        }
        FileTask::OpenTargetBytes(name, bytes, size) => {
            target(frame_image::decode(&bytes, Reading::Upright), name, size)
        }
        // The worker decodes the steps of these; a face submits them.
        FileTask::Export(export) if export.format.is_animation() => JobEvent::ExportChosen(export),
        FileTask::Export(export) => match export::write(&export) {
            Ok(()) => JobEvent::Saved(export.path),
            Err(problem) => JobEvent::FileFailed(problem),
        },
        FileTask::FindPrograms => JobEvent::Programs {
            mp4: export::mp4_possible(),
        },
        FileTask::Measure(a, b) => {
            let measured = Similarity {
                psnr: psnr(&a, &b).ok(),
                ssim: ssim(&a, &b).ok(),
            };
            JobEvent::Measured(a, b, measured)
        }
        FileTask::SaveRun(run, path) => match run_file::save(&run, &path) {
            Ok(()) => JobEvent::Saved(path),
            Err(problem) => JobEvent::FileFailed(problem),
        },
        FileTask::ReadFilms(source) => JobEvent::FilmsRead(films::read(&source)),
        FileTask::OpenRun(path) => match run_file::open(&path) {
            Ok(run) => JobEvent::RunOpened(Arc::new(run), path),
            Err(problem) => JobEvent::FileFailed(problem),
        },
        FileTask::ReadRun(path) => {
            let run = run_file::open(&path).map(Arc::new);
            JobEvent::RunRead(path, run)
        }
        FileTask::Cover(request) => JobEvent::Covered(request.run, cover(&request)),
        FileTask::Foresee(spec) => {
            let outlook = Box::new(Outlook::of(&spec));
            JobEvent::Foreseen(spec, outlook)
        }
        FileTask::OpenReport(path) => reports::open(path),
        FileTask::OpenPoll(folder, rater) => {
            JobEvent::PollOpened(Poll::open(&folder, &rater).map(Arc::new))
        }
        FileTask::OpenBallot(ballot) => {
            let pictures = ballot.pictures().map(Arc::new);
            JobEvent::BallotOpened(ballot, pictures)
        }
        FileTask::OpenVotes(path) => JobEvent::VotesRead(polls::read_votes(&path)),
        FileTask::SaveVotes(export) => export.write(),
        FileTask::SaveReport(export) => reports::write(&export),
        FileTask::SavePackage(package) => match package.write() {
            Ok(()) => JobEvent::Saved(package.path),
            Err(problem) => JobEvent::FileFailed(problem),
        },
        FileTask::SaveSettings(text, path) => match saving::write_text(&path, &text) {
            Ok(()) => JobEvent::Saved(path),
            Err(problem) => JobEvent::FileFailed(problem),
        },
        FileTask::ReadText(path) => {
            let text = read_text(&path);
            JobEvent::TextRead(path, text)
        }
        FileTask::TakeFolders(what_for, paths) => JobEvent::FoldersChosen(what_for, paths),
        FileTask::WriteText(path, text) => match saving::write_own_text(&path, &text) {
            Ok(()) => return None,
            Err(problem) => JobEvent::FileFailed(problem),
        },
        // Dialogs became tasks of their own in `open_dialog`, and the store has its own thread.
        FileTask::PickFrame
        | FileTask::PickFolder(_)
        | FileTask::PickTarget(_)
        | FileTask::PickAndSave(..)
        | FileTask::PickAndSavePicture(..)
        | FileTask::PickAndSaveRun(..)
        | FileTask::PickExport(_)
        | FileTask::PickReport(_)
        | FileTask::PickVotes(_)
        | FileTask::PickPackage(_)
        | FileTask::PickSettings(..)
        | FileTask::Store(_) => return None,
    })
}

/// Largest text file that is read, in bytes.
const MOST_TEXT: u64 = 4 << 20;

fn read_text(path: &Path) -> Result<String, Problem> {
    let failed = |why: String| Problem::new(format!("The file cannot be read: {why}.")).file(path);
    let about = std::fs::metadata(path).map_err(|e| failed(e.to_string()))?;
    if about.len() > MOST_TEXT {
        return Err(failed("it is too large".to_owned()));
    }
    std::fs::read_to_string(path).map_err(|e| failed(e.to_string()))
}

fn opened(decoded: Result<RgbImage, FrameError>, origin: FrameOrigin) -> JobEvent {
    match decoded {
        Ok(image) => JobEvent::FrameOpened(Frame::new(image, origin)),
        Err(error) => JobEvent::FrameFailed(error.into()),
    }
}

fn target(decoded: Result<RgbImage, FrameError>, name: String, size: (u32, u32)) -> JobEvent {
    match decoded {
        Ok(image) => JobEvent::TargetOpened(Arc::new(Target::new(image, name, size))),
        Err(error) => JobEvent::FileFailed(error.into()),
    }
}

/// A picture that a person chose. Without a word about how it was drawn it is a frame like any other.
fn chosen(
    decoded: Result<RgbImage, FrameError>,
    about: Result<PictureMetadata, FrameError>,
    origin: FrameOrigin,
) -> JobEvent {
    let image = match decoded {
        Ok(image) => image,
        Err(error) => return JobEvent::FrameFailed(error.into()),
    };
    let file = match &origin {
        FrameOrigin::File(path) => Some(path.clone()),
        _ => None,
    };
    let frame = Frame::new(image, origin);
    // What could be decoded is a picture; a header that cannot be read again says nothing.
    match recall::recall(&about.unwrap_or_default()) {
        Ok(None) => JobEvent::FrameOpened(frame),
        Ok(Some(recalled)) => JobEvent::OwnPicture(frame, Ok(Box::new(recalled))),
        Err(problem) => JobEvent::OwnPicture(frame, Err(Problem { file, ..problem })),
    }
}
