//! A story before it is made: in which format, how large, and what that comes to.

use super::{Action, AppState, Dialog, Effect};
use crate::job::{ExportFormat, FileTask, StoryPlan, StorySize};

/// What a person does with a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoryAction {
    /// Opens the dialog.
    Plan,
    /// Chooses a format and a size.
    Edit(ExportFormat, StorySize),
    /// Makes it.
    Make,
}

impl From<StoryAction> for Action {
    fn from(action: StoryAction) -> Self {
        Self::Story(action)
    }
}

/// The choices, which stay for the next story.
#[derive(Clone, Copy, Debug)]
pub struct StoryDraft {
    /// One of [`ExportFormat::STORIES`].
    pub format: ExportFormat,
    /// How large.
    pub size: StorySize,
    /// Whether MP4 can be made here, once that was looked for.
    pub mp4: Option<bool>,
}

impl Default for StoryDraft {
    fn default() -> Self {
        Self {
            format: ExportFormat::StoryGif,
            size: StorySize::default(),
            mp4: None,
        }
    }
}

impl AppState {
    /// What the story of the run would be; none while no column is finished.
    pub fn story_plan(&self) -> Option<StoryPlan> {
        let run = self.run.as_ref().filter(|_| self.export_possible())?;
        Some(StoryPlan::of(&run.to_file(), self.story.size))
    }

    pub(super) fn act_on_story(&mut self, action: StoryAction) -> Vec<Effect> {
        match action {
            StoryAction::Plan if self.export_possible() => {
                self.dialog = Some(Dialog::Story);
                // It may have been installed since the last time.
                vec![Effect::Files(FileTask::FindPrograms)]
            }
            StoryAction::Plan => Vec::new(),
            StoryAction::Edit(format, size) => {
                (self.story.format, self.story.size) = (format, size);
                Vec::new()
            }
            StoryAction::Make => {
                self.dialog = None;
                self.export(self.story.format)
            }
        }
    }

    /// It was looked for what makes MP4.
    pub(super) fn programs_found(&mut self, mp4: bool) {
        self.story.mp4 = Some(mp4);
        if !mp4 && self.story.format == ExportFormat::StoryMp4 {
            self.story.format = ExportFormat::StoryGif;
        }
    }
}
