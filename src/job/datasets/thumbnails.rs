//! Small pictures of pairs, made by two threads for whatever is on screen now, and kept in the cache
//! folder, which may be deleted at any time.

use super::news::NewsBoard;
use super::notes::short_hash;
use super::{DatasetEvent, Opening, PairFiles, PairPictures};
use crate::dataset::proposal::{PictureChange, Small};
use crate::job::cover::stamp_of;
use crate::job::display::display_copy;
use crate::job::jobs::Outbox;
use crate::job::{JobEvent, Problem};
use crate::pipeline::frame_image::{self, Reading};
use image::codecs::jpeg::JpegEncoder;
use image::{GenericImage as _, RgbImage, imageops};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Height of a thumbnail, in pixels.
pub const THUMBNAIL_HEIGHT: u32 = 128;
/// How wide the widest picture of a pair gets, as a part of the height.
const WIDEST: f32 = 2.0;
/// How much detail a cached thumbnail keeps, of 100.
const QUALITY: u8 = 85;
/// Threads that decode.
const THREADS: usize = 2;

/// Both pictures of a pair in small, side by side in one picture of an even width. The right one has
/// the shape of the left one, as the networks see them.
#[derive(Clone, Debug)]
pub struct Thumbnail {
    /// The pixels.
    pub picture: Arc<RgbImage>,
    /// Where they differ.
    pub change: PictureChange,
}

impl Thumbnail {
    fn of(picture: RgbImage) -> Self {
        let (half, height) = (picture.width() / 2, picture.height());
        let small = |x| Small::of(&imageops::crop_imm(&picture, x, 0, half, height).to_image());
        Self {
            change: PictureChange::between(&small(0), &small(half)),
            picture: Arc::new(picture),
        }
    }
}

/// What waits, the first one next.
#[derive(Default)]
struct Line {
    of: Opening,
    wanted: Vec<PairFiles>,
    /// Pairs that a thread is at.
    at_work: Vec<usize>,
    /// A pair that somebody looks at, which goes before everything else.
    looked_at: Option<PairFiles>,
    closed: bool,
}

/// What a thread takes out of the line.
enum Next {
    Thumbnail(PairFiles),
    Look(PairFiles),
}

impl Line {
    fn next(&mut self) -> Option<Next> {
        if let Some(files) = self.looked_at.take() {
            return Some(Next::Look(files));
        }
        let files = (!self.wanted.is_empty()).then(|| self.wanted.remove(0))?;
        self.at_work.push(files.pair);
        Some(Next::Thumbnail(files))
    }
}

/// The threads that make thumbnails.
pub(super) struct Makers {
    line: Arc<(Mutex<Line>, Condvar)>,
    threads: Vec<JoinHandle<()>>,
}

impl Makers {
    /// Starts the threads; `cache` is where thumbnails are kept.
    ///
    /// # Errors
    /// When the system gives none.
    pub(super) fn start(
        cache: Option<PathBuf>,
        outbox: &Outbox,
        news: &NewsBoard,
    ) -> std::io::Result<Self> {
        let line: Arc<(Mutex<Line>, Condvar)> = Arc::default();
        let start = |number: usize| {
            let (line, news) = (line.clone(), news.clone());
            let (outbox, cache) = (outbox.clone(), cache.clone());
            std::thread::Builder::new()
                .name(format!("lgd-thumbnails-{number}"))
                .spawn(move || work(&line, cache.as_deref(), &outbox, &news))
        };
        let threads = (1..=THREADS).map(start).collect::<Result<_, _>>()?;
        Ok(Self { line, threads })
    }

    /// Puts these into the line in place of all that wait.
    pub(super) fn want(&self, of: Opening, wanted: Vec<PairFiles>) {
        let (line, changed) = &*self.line;
        let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
        line.of = of;
        line.wanted = wanted;
        let Line {
            wanted, at_work, ..
        } = &mut *line;
        wanted.retain(|files| !at_work.contains(&files.pair));
        changed.notify_all();
    }

    /// Decodes the pictures of a pair before anything else.
    pub(super) fn look(&self, of: Opening, files: PairFiles) {
        let (line, changed) = &*self.line;
        let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
        (line.of, line.looked_at) = (of, Some(files));
        changed.notify_one();
    }

    /// Ends the threads after the picture each is at.
    pub(super) fn close(&mut self) {
        let (line, changed) = &*self.line;
        line.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        changed.notify_all();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread for thumbnails ended in a panic");
            }
        }
    }
}

fn work(line: &(Mutex<Line>, Condvar), cache: Option<&Path>, outbox: &Outbox, news: &NewsBoard) {
    let (line, changed) = line;
    loop {
        let (of, next) = {
            let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
            loop {
                if line.closed {
                    return;
                }
                if let Some(next) = line.next() {
                    break (line.of, next);
                }
                line = changed.wait(line).unwrap_or_else(PoisonError::into_inner);
            }
        };
        match next {
            Next::Thumbnail(files) => {
                let made = guarded(&files, || thumbnail(&files, cache));
                news.thumbnail(of, files.pair, made);
                let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
                line.at_work.retain(|pair| *pair != files.pair);
                drop(line);
                outbox.wake();
            }
            Next::Look(files) => {
                let pictures = guarded(&files, || look(&files));
                let event = DatasetEvent::Looked(of, files.pair, pictures);
                outbox.send(JobEvent::Dataset(event));
            }
        }
    }
}

/// A picture that brings its decoder down is one that cannot be shown.
fn guarded<T>(files: &PairFiles, work: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let problem = Problem::new("The program made a mistake with this picture.");
        Err(problem
            .hint("Please report it with the log.")
            .file(&files.before))
    })
}

fn look(files: &PairFiles) -> Result<PairPictures, Problem> {
    let open = |path| frame_image::open(path, Reading::Upright).map(Arc::new);
    Ok(PairPictures {
        before: display_copy(&open(&files.before)?),
        after: display_copy(&open(&files.after)?),
    })
}

/// The thumbnail of a pair, from the cache or made anew.
///
/// # Errors
/// When a picture is missing or cannot be decoded.
pub(super) fn thumbnail(files: &PairFiles, cache: Option<&Path>) -> Result<Thumbnail, Problem> {
    let kept = cache.and_then(|cache| place_in(cache, files));
    if let Some(picture) = kept.as_deref().and_then(read) {
        return Ok(Thumbnail::of(picture));
    }
    let before = frame_image::open(&files.before, Reading::Upright)?;
    let (width, height) = before.dimensions();
    let shape = (width as f32 / height.max(1) as f32).clamp(1.0 / WIDEST, WIDEST);
    let width = ((THUMBNAIL_HEIGHT as f32 * shape).round() as u32).max(1);
    let small = |picture: &RgbImage| imageops::thumbnail(picture, width, THUMBNAIL_HEIGHT);
    let before = small(&before);
    let after = small(&frame_image::open(&files.after, Reading::Upright)?);
    let mut picture = RgbImage::new(2 * width, THUMBNAIL_HEIGHT);
    for (part, x) in [(before, 0), (after, width)] {
        let placed = picture.copy_from(&part, x, 0);
        placed.map_err(|e| Problem::new(format!("The thumbnail cannot be made: {e}.")))?;
    }
    if let Some(path) = kept {
        // Without a cache everything works, only slower.
        if let Err(error) = keep(&path, &picture) {
            tracing::debug!(%error, "a thumbnail is not cached");
        }
    }
    Ok(Thumbnail::of(picture))
}

/// Where the thumbnail of these very files is kept; none when one is missing.
fn place_in(cache: &Path, files: &PairFiles) -> Option<PathBuf> {
    let mut parts = Vec::new();
    for path in [&files.before, &files.after] {
        let about = std::fs::metadata(path).ok()?;
        parts.push(path.as_os_str().as_encoded_bytes().to_vec());
        parts.push(stamp_of(&about).into_bytes());
    }
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let name = short_hash(&parts);
    let folder = cache.join("thumbnails").join(name.get(..2)?);
    Some(folder.join(format!("{name}.jpg")))
}

fn read(path: &Path) -> Option<RgbImage> {
    let bytes = std::fs::read(path).ok()?;
    let picture = frame_image::decode(&bytes, Reading::AsStored).ok()?;
    let fits = picture.height() == THUMBNAIL_HEIGHT && picture.width().is_multiple_of(2);
    fits.then_some(picture)
}

/// Written beside and renamed, but not synced: it can be made again.
fn keep(path: &Path, picture: &RgbImage) -> std::io::Result<()> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .encode_image(picture)
        .map_err(std::io::Error::other)?;
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let beside = path.with_extension(format!("{}-{number}.part", std::process::id()));
    std::fs::write(&beside, bytes)?;
    std::fs::rename(&beside, path)
}
