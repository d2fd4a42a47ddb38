//! Texts, keys and page of every command.

use super::Command;
use crate::app::state::Page;
use crate::job::ExportFormat;
use eframe::egui::{Key, KeyboardShortcut, Modifiers};

impl Command {
    /// Id of the text on a button.
    pub fn label(self) -> &'static str {
        self.texts().0
    }

    /// Id of the tooltip.
    pub fn tip(self) -> &'static str {
        self.texts().1
    }

    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Generate => ("command-generate", "command-generate-tip"),
            Self::Cancel => ("command-cancel", "command-cancel-tip"),
            Self::Open => ("command-open", "command-open-tip"),
            Self::Paste => ("command-paste", "command-paste-tip"),
            Self::Save => ("command-save", "command-save-tip"),
            Self::Copy => ("command-copy", "command-copy-tip"),
            Self::UseAsFrame => ("command-use", "command-use-tip"),
            Self::SaveRun => ("command-save-run", "command-save-run-tip"),
            Self::Story => ("command-story", "command-story-tip"),
            Self::Export(format) => export_texts(format),
            Self::Look => ("command-look", "command-look-tip"),
            Self::Target => ("command-target", "command-target-tip"),
            Self::Map => ("command-map", "command-map-tip"),
            Self::Grid => ("command-grid", "command-grid-tip"),
            Self::Adopt => ("command-adopt", "command-adopt-tip"),
            Self::Explain => ("command-explain", "command-explain-tip"),
            Self::Times => ("command-times", "command-times-tip"),
            Self::Play => ("command-play", "command-play-tip"),
            Self::StepBack => ("command-step-back", "command-step-back-tip"),
            Self::StepOn => ("command-step-on", "command-step-on-tip"),
            Self::FirstStep => ("command-first-step", "command-first-step-tip"),
            Self::LastStep => ("command-last-step", "command-last-step-tip"),
            Self::Undo => ("command-undo", "command-undo-tip"),
            Self::Redo => ("command-redo", "command-redo-tip"),
            Self::Queue => ("command-queue", "command-queue-tip"),
            Self::HoldQueue => ("command-hold-queue", "command-hold-queue-tip"),
            Self::CancelAll => ("command-cancel-all", "command-cancel-all-tip"),
            Self::OpenRun => ("command-open-run", "command-open-run-tip"),
            Self::Star => ("command-star", "command-star-tip"),
            Self::DeleteRuns => ("command-delete-runs", "command-delete-runs-tip"),
            Self::AskPage => ("command-ask-page", "command-ask-page-tip"),
            Self::GalleryPage => ("command-gallery-page", "command-gallery-page-tip"),
            Self::VotePage => ("command-vote-page", "command-vote-page-tip"),
            Self::EvaluatePage => ("command-evaluate-page", "command-evaluate-page-tip"),
            Self::TrainPage => ("command-train-page", "command-train-page-tip"),
            Self::ModelsPage => ("command-models-page", "command-models-page-tip"),
            Self::DatasetPage => ("command-dataset-page", "command-dataset-page-tip"),
            Self::Pair(command) => command.texts(),
            Self::Conference => ("command-conference", "command-conference-tip"),
            Self::Care(command) => command.texts(),
            Self::Vote(command) => command.texts(),
            Self::Palette => ("command-palette", "command-palette-tip"),
            Self::Settings => ("command-settings", "command-settings-tip"),
            Self::About => ("command-about", "command-about-tip"),
            Self::ZoomIn => ("command-zoom-in", "command-zoom-in-tip"),
            Self::ZoomOut => ("command-zoom-out", "command-zoom-out-tip"),
            Self::ZoomReset => ("command-zoom-reset", "command-zoom-reset-tip"),
            Self::Quit => ("command-quit", "command-quit-tip"),
        }
    }

    /// Its keys.
    pub fn shortcut(self) -> Option<KeyboardShortcut> {
        let with = |modifiers, key| Some(KeyboardShortcut::new(modifiers, key));
        match self {
            Self::Generate => with(Modifiers::NONE, Key::Enter),
            Self::Cancel => with(Modifiers::NONE, Key::Escape),
            Self::Open => with(Modifiers::COMMAND, Key::O),
            Self::Paste => with(Modifiers::COMMAND, Key::V),
            Self::Save => with(Modifiers::COMMAND, Key::S),
            Self::Copy => with(Modifiers::COMMAND, Key::C),
            Self::UseAsFrame | Self::Export(_) => None,
            Self::Story => with(Modifiers::COMMAND | Modifiers::SHIFT, Key::E),
            Self::SaveRun => with(Modifiers::COMMAND | Modifiers::SHIFT, Key::S),
            Self::Look => with(Modifiers::NONE, Key::V),
            Self::Target | Self::Adopt => None,
            Self::Map => with(Modifiers::COMMAND, Key::M),
            Self::Grid => with(Modifiers::COMMAND, Key::G),
            Self::Explain => with(Modifiers::NONE, Key::E),
            Self::Times => with(Modifiers::NONE, Key::T),
            Self::Play => with(Modifiers::NONE, Key::Space),
            Self::StepBack => with(Modifiers::NONE, Key::Comma),
            Self::StepOn => with(Modifiers::NONE, Key::Period),
            Self::FirstStep => with(Modifiers::NONE, Key::Home),
            Self::LastStep => with(Modifiers::NONE, Key::End),
            Self::Undo => with(Modifiers::COMMAND, Key::Z),
            Self::Redo => with(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z),
            Self::Queue => with(Modifiers::NONE, Key::Q),
            Self::HoldQueue | Self::CancelAll | Self::Conference | Self::About => None,
            Self::OpenRun => with(Modifiers::NONE, Key::Enter),
            Self::Star => with(Modifiers::NONE, Key::S),
            Self::DeleteRuns => with(Modifiers::NONE, Key::Delete),
            Self::AskPage => with(Modifiers::COMMAND, Key::Num1),
            Self::GalleryPage => with(Modifiers::COMMAND, Key::Num2),
            Self::TrainPage => with(Modifiers::COMMAND, Key::Num6),
            Self::ModelsPage => with(Modifiers::COMMAND, Key::Num7),
            Self::DatasetPage => with(Modifiers::COMMAND, Key::Num3),
            Self::Pair(command) => Some(command.shortcut()),
            Self::Vote(command) => Some(command.shortcut()),
            Self::Care(command) => command.shortcut(),
            Self::VotePage => with(Modifiers::COMMAND, Key::Num4),
            Self::EvaluatePage => with(Modifiers::COMMAND, Key::Num5),
            Self::Palette => with(Modifiers::COMMAND, Key::K),
            Self::Settings => with(Modifiers::COMMAND, Key::Comma),
            Self::ZoomIn => with(Modifiers::COMMAND, Key::Plus),
            Self::ZoomOut => with(Modifiers::COMMAND, Key::Minus),
            Self::ZoomReset => with(Modifiers::COMMAND, Key::Num0),
            Self::Quit => with(Modifiers::COMMAND, Key::Q),
        }
    }

    /// The page its keys belong to; none when they work everywhere.
    pub fn page(self) -> Option<Page> {
        match self {
            Self::OpenRun | Self::Star | Self::DeleteRuns => Some(Page::Gallery),
            Self::Pair(_) => Some(Page::Dataset),
            Self::Vote(_) => Some(Page::Vote),
            Self::Cancel
            | Self::Open
            | Self::Paste
            | Self::Queue
            | Self::HoldQueue
            | Self::CancelAll
            | Self::AskPage
            | Self::GalleryPage
            | Self::VotePage
            | Self::EvaluatePage
            | Self::TrainPage
            | Self::ModelsPage
            | Self::DatasetPage
            | Self::Undo
            | Self::Redo
            | Self::Conference
            | Self::Care(_)
            | Self::Palette
            | Self::Settings
            | Self::About
            | Self::ZoomIn
            | Self::ZoomOut
            | Self::ZoomReset
            | Self::Quit => None,
            _ => Some(Page::Ask),
        }
    }
}

fn export_texts(format: ExportFormat) -> (&'static str, &'static str) {
    match format {
        ExportFormat::Grid => ("command-export-grid", "command-export-grid-tip"),
        ExportFormat::Pdf => ("command-export-pdf", "command-export-pdf-tip"),
        ExportFormat::Latex => ("command-export-latex", "command-export-latex-tip"),
        ExportFormat::Sheet => ("command-export-sheet", "command-export-sheet-tip"),
        ExportFormat::Gif
        | ExportFormat::StoryGif
        | ExportFormat::StoryApng
        | ExportFormat::StoryMp4 => ("command-export-gif", "command-export-gif-tip"),
        ExportFormat::Apng => ("command-export-apng", "command-export-apng-tip"),
        ExportFormat::Csv => ("command-export-csv", "command-export-csv-tip"),
        ExportFormat::Json => ("command-export-json", "command-export-json-tip"),
        ExportFormat::Times => ("command-export-times", "command-export-times-tip"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::texts::Texts;

    #[test]
    fn every_command_has_texts_and_its_own_keys() {
        let texts = Texts::english();
        for (index, command) in Command::all().enumerate() {
            assert!(texts.has(command.label()), "{command:?}");
            assert!(texts.has(command.tip()), "{command:?}");
            for other in Command::all().skip(index + 1) {
                let apart = command.page().is_some()
                    && other.page().is_some()
                    && command.page() != other.page();
                if command.shortcut().is_some() && !apart {
                    assert_ne!(
                        command.shortcut(),
                        other.shortcut(),
                        "{command:?} {other:?}"
                    );
                }
            }
        }
    }
}
