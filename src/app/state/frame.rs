//! The frame that a question is about: opened, dropped, remembered.

use super::{Action, AppState, Effect};
use crate::job::{FileTask, Frame, is_run_file};
use std::path::{Path, PathBuf};

/// Most files that are remembered.
const MAX_RECENT: usize = 10;

/// The frame and what happens to it.
#[derive(Clone, Debug, Default)]
pub struct FrameSlot {
    /// The frame that a question would be about.
    pub frame: Option<Frame>,
    /// Whether another one is being opened.
    pub opening: bool,
}

impl AppState {
    /// Opens all runs and the first picture; the other pictures are at hand among the recent files.
    pub(super) fn open_files(&mut self, files: Vec<PathBuf>) -> Vec<Effect> {
        if self.conference.is_some() {
            return Vec::new(); // visitors choose from what there is
        }
        let (runs, pictures): (Vec<_>, Vec<_>) = files.into_iter().partition(|f| is_run_file(f));
        for picture in pictures.iter().skip(1).rev() {
            self.remember(picture);
        }
        let opened = pictures.into_iter().take(1).chain(runs);
        let opened: Vec<Action> = opened.map(Action::OpenPath).collect();
        opened.into_iter().flat_map(|a| self.apply(a)).collect()
    }

    /// Puts a file first among the recent ones.
    pub(super) fn remember(&mut self, path: &Path) {
        self.recent.retain(|known| known != path);
        self.recent.insert(0, path.to_path_buf());
        self.recent.truncate(MAX_RECENT);
    }

    pub(super) fn open(&mut self, task: FileTask) -> Vec<Effect> {
        self.frame.opening = true;
        vec![Effect::Files(task)]
    }

    pub(super) fn open_example(&mut self, file: &str) -> Vec<Effect> {
        self.open(FileTask::OpenExample(file.to_owned()))
    }
}
