//! The thread that decodes, saves and copies, so that files never queue behind a denoising run.

use super::cover::cover;
use super::devices::Devices;
use super::dialogs;
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
use crossbeam_channel::{Receiver, Sender};
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

/// File name endings of original weights and their configurations.
const WEIGHT_EXTENSIONS: &[&str] = &["safetensors", "ckpt", "pt", "pth", "bin", "json"];

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
        FileTask::PasteFrame => match paste(clipboard) {
            Ok(image) => JobEvent::FrameOpened(Frame::new(image, FrameOrigin::Clipboard)),
            Err(problem) => JobEvent::FrameFailed(problem),
        },
        FileTask::CopyPicture(picture) => match copy(&picture, clipboard) {
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

/// Starts the dialog of a `Pick…` task and returns nothing; hands every other task back. The error
/// is the event that says why there is no dialog.
///
/// The dialog is created on the calling thread; `words` says in its language what kind of files it wants. A small thread of its own waits for it, because a
/// person may leave it open while files are dropped or saved.
pub(super) fn open_dialog(
    task: FileTask,
    words: &dyn Fn(&str) -> String,
    queue: &Sender<Option<FileTask>>,
    outbox: &Outbox,
) -> Result<Option<FileTask>, Box<JobEvent>> {
    if let Err(problem) = dialogs::provider() {
        return match task {
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
        };
    }
    let (queue, outbox) = (queue.clone(), outbox.clone());
    let answer: Box<dyn FnOnce() -> Option<FileTask> + Send> = match task {
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
            let place = dialogs::save(&words("Run of LGD Studio"), &[super::RUN_EXTENSION], name);
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
        other => return Ok(Some(other)),
    };
    let waiting = std::thread::Builder::new()
        .name("lgd-dialog".to_owned())
        .spawn({
            let outbox = outbox.clone();
            move || match answer() {
                Some(task) => {
                    if queue.send(Some(task)).is_err() {
                        tracing::debug!("a dialog closed after the program did");
                    }
                }
                None => {
                    outbox.send(JobEvent::DialogClosed);
                }
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

fn open_clipboard(clipboard: &mut Option<Clipboard>) -> Result<&mut Clipboard, Problem> {
    if clipboard.is_none() {
        let opened = Clipboard::new().map_err(|e| {
            Problem::new(format!("The clipboard cannot be used: {e}."))
                .hint("Save the picture to a file instead.")
        })?;
        *clipboard = Some(opened);
    }
    Ok(clipboard.as_mut().expect("it was opened just now"))
}

fn paste(clipboard: &mut Option<Clipboard>) -> Result<RgbImage, Problem> {
    let none = || {
        Problem::new("There is no picture in the clipboard.")
            .hint("Copy a picture first, or open a file with Ctrl+O or drag it here.")
    };
    let data = open_clipboard(clipboard)?
        .get_image()
        .map_err(|e| match e {
            arboard::Error::ContentNotAvailable => none(),
            other => Problem::new(format!("The clipboard cannot be read: {other}."))
                .hint("Copy the picture again."),
        })?;
    let (width, height) = (u32::try_from(data.width), u32::try_from(data.height));
    let (Ok(width), Ok(height)) = (width, height) else {
        return Err(none());
    };
    let rgba =
        image::RgbaImage::from_raw(width, height, data.bytes.into_owned()).ok_or_else(none)?;
    if width == 0 || height == 0 {
        return Err(none());
    }
    Ok(image::DynamicImage::ImageRgba8(rgba).into_rgb8())
}

fn copy(picture: &RgbImage, clipboard: &mut Option<Clipboard>) -> Result<(), Problem> {
    let rgba = image::DynamicImage::ImageRgb8(picture.clone()).into_rgba8();
    let data = arboard::ImageData {
        width: rgba.width() as usize,
        height: rgba.height() as usize,
        bytes: rgba.into_raw().into(),
    };
    open_clipboard(clipboard)?.set_image(data).map_err(|e| {
        Problem::new(format!("The picture cannot be copied: {e}."))
            .hint("Save it to a file instead.")
    })
}
