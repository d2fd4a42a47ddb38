//! The filmstrip: frames from which the two pictures of a new pair are picked.

use super::thumbs::Thumbs;
use super::{Dataset, DatasetAction, OpenFolder, ask};
use crate::app::state::{Action, AppState, Effect};
use crate::job::datasets::{
    FrameFile, FrameThumb, Gathering, LargeFrame, NewPair, Pair, Strip, StripId, StripSource,
};
use crate::job::{DatasetTask, FileTask, FolderUse, PICTURE_EXTENSIONS, Problem, VIDEO_EXTENSIONS};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Frames per second that can be taken out of a video.
pub const FRAMES_PER_SECOND: [f32; 5] = [0.5, 1.0, 2.0, 5.0, 10.0];

/// A frame in small, or why it cannot be shown.
pub type FrameState = Result<FrameThumb, Problem>;

/// What a person does with a filmstrip.
#[derive(Clone, Debug, PartialEq)]
pub enum StripAction {
    /// Shows it in place of the list, or the list again.
    Show(bool),
    /// Asks for pictures, for a folder, or for a video.
    Pick(FolderUse),
    /// Takes frames from these files: pictures, a folder, or a video.
    Take(Vec<PathBuf>),
    /// Says how many frames a second are taken out of a video.
    PerSecond(f32),
    /// Stops taking frames out of a video.
    Stop,
    /// Moves the cursor on by some frames.
    Move(isize),
    /// Puts the cursor on a frame.
    Select(usize),
    /// Makes a frame the picture before; none stands for the one under the cursor.
    Before(Option<usize>),
    /// Makes a frame the picture after.
    After(Option<usize>),
    /// Says what the new pair is called.
    Name(String),
    /// Says which split it joins.
    Split(String),
    /// Thumbnails are on screen that are not there yet.
    Want(Vec<usize>),
    /// Adds the pair.
    Add,
}

impl From<StripAction> for Action {
    fn from(action: StripAction) -> Self {
        DatasetAction::Strip(action).into()
    }
}

/// Why the pair cannot be added yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StripBlocked {
    /// Another window edits the folder.
    Locked,
    /// A pair is being added.
    Adding,
    /// There is no picture before.
    NoBefore,
    /// There is no picture after.
    NoAfter,
    /// One of the pictures is still being decoded.
    Decoding,
    /// One of the pictures cannot be read.
    Unreadable,
    /// The pictures have these different sizes.
    Sizes((u32, u32), (u32, u32)),
    /// The name cannot be used.
    BadName,
    /// Another pair has the name.
    NameTaken,
}

/// The filmstrip that is shown.
#[derive(Debug, Default)]
pub struct OpenStrip {
    /// Where its frames come from; none before anything was chosen.
    pub source: Option<StripSource>,
    /// Frames that are taken out of a second of a video.
    pub per_second: f32,
    /// The frames.
    pub frames: Vec<PathBuf>,
    /// Whether the video goes on after the last frame.
    pub cut: bool,
    /// How far the video is that is being read.
    pub gathering: Option<Gathering>,
    /// What went wrong last.
    pub failed: Option<Problem>,
    /// The frame under the cursor.
    pub cursor: usize,
    /// The picture before.
    pub before: Option<usize>,
    /// The picture after.
    pub after: Option<usize>,
    /// What the new pair is called.
    pub name: String,
    /// The split it joins.
    pub split: String,
    id: StripId,
    large: BTreeMap<usize, Result<LargeFrame, Problem>>,
    thumbs: Thumbs<FrameState>,
    wanted: Vec<usize>,
}

impl OpenStrip {
    /// What is known of a frame in small.
    pub fn thumb(&self, frame: usize) -> Option<&FrameState> {
        self.thumbs.get(frame)
    }

    /// What is known of a frame at full size.
    pub fn large(&self, frame: usize) -> Option<&Result<LargeFrame, Problem>> {
        self.large.get(&frame)
    }

    /// Takes in small frames, and how far a video is.
    pub(super) fn take_news(
        &mut self,
        frames: Vec<(StripId, usize, FrameState)>,
        gathering: Option<(StripId, Gathering)>,
    ) {
        for (_, frame, state) in frames.into_iter().filter(|(of, ..)| *of == self.id) {
            self.thumbs.put(frame, state);
        }
        if let (Some(known), Some((of, progress))) = (&mut self.gathering, gathering)
            && of == self.id
        {
            *known = progress;
        }
    }

    /// After a pair was added: what was after is before now, and the name counts on.
    pub(super) fn go_on(&mut self, pairs: &[Pair]) {
        self.failed = None;
        (self.before, self.after) = (self.after, None);
        self.name = next_name(&self.name, pairs);
    }

    fn pick(&mut self, before: bool, frame: usize) {
        if frame >= self.frames.len() {
            return;
        }
        self.cursor = frame;
        let (this, other) = match before {
            true => (&mut self.before, &mut self.after),
            false => (&mut self.after, &mut self.before),
        };
        *this = Some(frame);
        // A picture cannot be both.
        *other = other.filter(|other| *other != frame);
    }

    fn gathered(&mut self, strip: Strip) {
        (self.frames, self.cut) = (strip.frames, strip.cut);
        if self.frames.len() == 2 {
            (self.before, self.after) = (Some(0), Some(1)); // two pictures are a pair
        }
    }
}

impl Dataset {
    /// Why the new pair cannot be added; nothing when it can.
    pub fn strip_blocked(&self) -> Option<StripBlocked> {
        let (open, strip) = (self.open.as_ref()?, self.strip.as_ref()?);
        if !open.is_editable() {
            return Some(StripBlocked::Locked);
        }
        if open.adding.is_some() {
            return Some(StripBlocked::Adding);
        }
        let Some(before) = strip.before else {
            return Some(StripBlocked::NoBefore);
        };
        let Some(after) = strip.after else {
            return Some(StripBlocked::NoAfter);
        };
        match (strip.large(before), strip.large(after)) {
            (Some(Err(_)), _) | (_, Some(Err(_))) => return Some(StripBlocked::Unreadable),
            (Some(Ok(before)), Some(Ok(after))) if before.size != after.size => {
                return Some(StripBlocked::Sizes(before.size, after.size));
            }
            (Some(Ok(_)), Some(Ok(_))) => {}
            _ => return Some(StripBlocked::Decoding),
        }
        if NewPair::wrong_name(&strip.name) {
            return Some(StripBlocked::BadName);
        }
        let mut pairs = open.folder.pairs.iter();
        let taken = pairs.any(|pair| pair.place.name == strip.name);
        taken.then_some(StripBlocked::NameTaken)
    }

    fn new_pair(&self) -> Option<NewPair> {
        let strip = self.strip.as_ref()?;
        let frame = |frame: Option<usize>| strip.frames.get(frame?).cloned();
        Some(NewPair {
            split: strip.split.clone(),
            name: strip.name.clone(),
            before: frame(strip.before)?,
            after: frame(strip.after)?,
        })
    }

    /// Takes in decoded frames.
    pub(super) fn frames_looked(
        &mut self,
        of: StripId,
        frames: Vec<(usize, Result<LargeFrame, Problem>)>,
    ) {
        if let Some(strip) = self.strip.as_mut().filter(|strip| strip.id == of) {
            strip.large.extend(frames);
        }
    }
}

impl AppState {
    pub(super) fn act_on_strip(&mut self, action: StripAction) -> Vec<Effect> {
        match action {
            StripAction::Show(true) => return self.show_strip(),
            StripAction::Show(false) => return self.close_strip(),
            StripAction::Pick(what_for) => {
                return vec![Effect::Files(FileTask::PickFolder(what_for))];
            }
            StripAction::Take(paths) => {
                let mut effects = self.show_strip();
                effects.extend(self.take_frames(paths));
                return effects;
            }
            StripAction::Stop => return ask(DatasetTask::StopGathering),
            StripAction::Add => {
                let new = self.dataset.new_pair();
                let new = new.filter(|_| self.dataset.strip_blocked().is_none());
                return new.map_or_else(Vec::new, |new| self.add_pair(new, false));
            }
            StripAction::Want(frames) => return self.want_frames(frames),
            StripAction::PerSecond(rate) => return self.take_at_rate(rate),
            _ => {}
        }
        let Some(strip) = &mut self.dataset.strip else {
            return Vec::new();
        };
        let last = strip.frames.len().saturating_sub(1);
        match action {
            StripAction::Move(by) => {
                strip.cursor = strip.cursor.saturating_add_signed(by).min(last)
            }
            StripAction::Select(frame) => strip.cursor = frame.min(last),
            StripAction::Before(frame) => strip.pick(true, frame.unwrap_or(strip.cursor)),
            StripAction::After(frame) => strip.pick(false, frame.unwrap_or(strip.cursor)),
            StripAction::Name(name) => strip.name = name,
            StripAction::Split(split) => strip.split = split,
            _ => {}
        }
        self.look_at_strip()
    }

    fn show_strip(&mut self) -> Vec<Effect> {
        let dataset = &mut self.dataset;
        let Some(open) = &mut dataset.open else {
            return Vec::new();
        };
        dataset.looking = false;
        open.health.shown = false;
        if dataset.strip.is_some() {
            return Vec::new();
        }
        let current = open.current().map(|(_, pair)| pair.place.split.clone());
        let first = open.folder.splits.first().map(|split| split.name.clone());
        dataset.strip = Some(OpenStrip {
            per_second: FRAMES_PER_SECOND[1],
            name: next_name("new_0001", &open.folder.pairs),
            split: current.or(first).unwrap_or_default(),
            ..OpenStrip::default()
        });
        ask(DatasetTask::AskForVideos)
    }

    /// Leaves the filmstrip, whose frames are forgotten.
    pub(super) fn close_strip(&mut self) -> Vec<Effect> {
        match self.dataset.strip.take() {
            Some(_) => ask(DatasetTask::DropStrip),
            None => Vec::new(),
        }
    }

    /// Frames were chosen, dropped or named.
    fn take_frames(&mut self, paths: Vec<PathBuf>) -> Vec<Effect> {
        let Some(strip) = &self.dataset.strip else {
            return Vec::new();
        };
        let Some(first) = paths.first() else {
            return Vec::new();
        };
        let source = if paths.iter().all(|path| ends_like(path, PICTURE_EXTENSIONS)) {
            // Pictures join those that are there.
            let known = match &strip.source {
                Some(StripSource::Pictures(known)) => known.clone(),
                _ => Vec::new(),
            };
            let fresh = paths.into_iter().filter(|path| !known.contains(path));
            StripSource::Pictures(known.iter().cloned().chain(fresh).collect())
        } else if ends_like(first, VIDEO_EXTENSIONS) {
            StripSource::Video(first.clone(), strip.per_second)
        } else {
            // A file without an ending will be found to be no folder.
            StripSource::Folder(first.clone())
        };
        self.gather(source)
    }

    /// Another number of frames a second; a video that was read is read again.
    fn take_at_rate(&mut self, rate: f32) -> Vec<Effect> {
        let Some(strip) = &mut self.dataset.strip else {
            return Vec::new();
        };
        strip.per_second = rate;
        match &strip.source {
            Some(StripSource::Video(path, known)) if *known != rate => {
                let source = StripSource::Video(path.clone(), rate);
                self.gather(source)
            }
            _ => Vec::new(),
        }
    }

    fn gather(&mut self, source: StripSource) -> Vec<Effect> {
        let dataset = &mut self.dataset;
        let (Some(strip), Some(open)) = (&mut dataset.strip, &dataset.open) else {
            return Vec::new();
        };
        dataset.strips += 1;
        strip.id = dataset.strips;
        strip.failed = None;
        strip.gathering = Some(Gathering::default());
        strip.large.clear();
        (strip.thumbs, strip.wanted) = (Thumbs::default(), Vec::new());
        if !matches!(
            (&strip.source, &source),
            (Some(StripSource::Pictures(_)), StripSource::Pictures(_))
        ) {
            // Pictures join pictures; everything else begins anew.
            strip.frames.clear();
            (strip.cursor, strip.before, strip.after) = (0, None, None);
        }
        if let StripSource::Folder(path) | StripSource::Video(path, _) = &source {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            strip.name = next_name(&format!("{}_0001", plain_name(&stem)), &open.folder.pairs);
        }
        strip.source = Some(source.clone());
        ask(DatasetTask::Gather(strip.id, source))
    }

    /// Takes in the frames of a filmstrip; none when it was stopped.
    pub(super) fn gathered(
        &mut self,
        of: StripId,
        gathered: Result<Option<Strip>, Problem>,
    ) -> Vec<Effect> {
        let strip = self.dataset.strip.as_mut().filter(|strip| strip.id == of);
        let Some(strip) = strip else {
            return Vec::new();
        };
        strip.gathering = None;
        match gathered {
            Ok(Some(frames)) => strip.gathered(frames),
            Ok(None) => strip.source = None,
            Err(problem) => {
                strip.failed = Some(problem);
                strip.source = None;
            }
        }
        self.look_at_strip()
    }

    /// Decodes the picked frames and the one under the cursor, unless they are there.
    pub(super) fn look_at_strip(&mut self) -> Vec<Effect> {
        let Some(strip) = &mut self.dataset.strip else {
            return Vec::new();
        };
        let mut frames: Vec<usize> = Vec::new();
        for frame in [strip.before, strip.after, Some(strip.cursor)] {
            frames.extend(frame.filter(|frame| !frames.contains(frame)));
        }
        strip.large.retain(|frame, _| frames.contains(frame));
        frames.retain(|frame| !strip.large.contains_key(frame));
        let files = strip.files(&frames);
        match files.is_empty() {
            true => Vec::new(),
            false => ask(DatasetTask::LookFrames(strip.id, files)),
        }
    }

    fn want_frames(&mut self, frames: Vec<usize>) -> Vec<Effect> {
        let Some(strip) = &mut self.dataset.strip else {
            return Vec::new();
        };
        if frames.iter().all(|frame| strip.wanted.contains(frame)) {
            return Vec::new();
        }
        let files = strip.files(&frames);
        strip.wanted = frames;
        ask(DatasetTask::WantFrames(strip.id, files))
    }
}

impl OpenStrip {
    fn files(&self, frames: &[usize]) -> Vec<FrameFile> {
        let file = |frame: &usize| {
            let path = self.frames.get(*frame)?.clone();
            Some(FrameFile {
                frame: *frame,
                path,
            })
        };
        frames.iter().filter_map(file).collect()
    }
}

impl OpenFolder {
    /// Whether a pair is being added.
    pub fn is_adding(&self) -> bool {
        self.adding.is_some()
    }
}

fn ends_like(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| endings.contains(&ending.as_str()))
}

/// A name for files without what would be odd in one.
fn plain_name(stem: &str) -> String {
    let plain = |letter: char| match letter.is_alphanumeric() || letter == '-' {
        true => letter,
        false => '_',
    };
    let name: String = stem.chars().take(40).map(plain).collect();
    match name.trim_matches('_') {
        "" => "new".to_owned(),
        name => name.to_owned(),
    }
}

/// The name with a number that no pair has: the next one after all with the same beginning.
fn next_name(name: &str, pairs: &[Pair]) -> String {
    let stem = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let digits = (name.len() - stem.len()).max(1);
    let number = |pair: &Pair| -> Option<u64> { pair.place.name.strip_prefix(stem)?.parse().ok() };
    let highest = pairs.iter().filter_map(number).max();
    let wanted: u64 = name
        .get(stem.len()..)
        .and_then(|n| n.parse().ok())
        .unwrap_or(1);
    let next = highest.map_or(wanted, |highest| wanted.max(highest.saturating_add(1)));
    format!("{stem}{next:0digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_count_on_where_others_end() {
        let pair = |name: &str| {
            let record = serde_json::json!({
                "sample_name": name, "image1_name": "a", "image2_name": "b",
            });
            Pair::of("train", 0, &record, None).expect("it is a pair")
        };
        let pairs = ["clip_0001", "clip_0009", "clip_x", "other_0040"].map(pair);
        assert_eq!(next_name("clip_0001", &pairs), "clip_0010");
        assert_eq!(next_name("clip_0020", &pairs), "clip_0020");
        assert_eq!(next_name("new_0001", &pairs), "new_0001");
        assert_eq!(next_name("alone", &pairs), "alone1");
        assert_eq!(plain_name("Tom & Jerry: 1/2"), "Tom___Jerry__1_2");
        assert_eq!(plain_name("…"), "new");
    }
}
