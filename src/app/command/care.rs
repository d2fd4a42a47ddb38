//! The commands about the program itself: log, help, tour, settings in files.

use crate::app::state::{Action, AppState, CareAction, Dialog, GuideAction, Page};
use eframe::egui::{Key, KeyboardShortcut, Modifiers};

/// Something that is done with the program itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CareCommand {
    /// Go to the Help page.
    Help,
    /// Start the tour.
    Tour,
    /// Go to the Log page.
    Log,
    /// Look at what this machine can run.
    Doctor,
    /// Make a debug package.
    Package,
    /// List every request of the network.
    Requests,
    /// Write the settings into a file.
    ExportSettings,
    /// Read settings from a file.
    ImportSettings,
    /// Put all settings back.
    ResetSettings,
    /// Start once more in safe mode.
    SafeMode,
}

impl CareCommand {
    /// All of them, in the order the help lists them.
    pub const ALL: [Self; 10] = [
        Self::Help,
        Self::Tour,
        Self::Log,
        Self::Doctor,
        Self::Package,
        Self::Requests,
        Self::ExportSettings,
        Self::ImportSettings,
        Self::ResetSettings,
        Self::SafeMode,
    ];

    /// Ids of the text on a button and of the tooltip.
    pub fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Help => ("command-help", "command-help-tip"),
            Self::Tour => ("command-tour", "command-tour-tip"),
            Self::Log => ("command-log", "command-log-tip"),
            Self::Doctor => ("command-doctor", "command-doctor-tip"),
            Self::Package => ("command-package", "command-package-tip"),
            Self::Requests => ("command-requests", "command-requests-tip"),
            Self::ExportSettings => ("command-export-settings", "command-export-settings-tip"),
            Self::ImportSettings => ("command-import-settings", "command-import-settings-tip"),
            Self::ResetSettings => ("command-reset-settings", "command-reset-settings-tip"),
            Self::SafeMode => ("command-safe-mode", "command-safe-mode-tip"),
        }
    }

    /// Its keys.
    pub fn shortcut(self) -> Option<KeyboardShortcut> {
        match self {
            Self::Help => Some(KeyboardShortcut::new(Modifiers::NONE, Key::F1)),
            Self::Log => Some(KeyboardShortcut::new(
                Modifiers::COMMAND | Modifiers::SHIFT,
                Key::L,
            )),
            _ => None,
        }
    }

    /// What it does in this state; none where it has nothing to do.
    pub fn action(self, state: &AppState) -> Option<Action> {
        match self {
            Self::Help => Some(Action::ShowPage(Page::Help)),
            Self::Tour => Some(GuideAction::Tour.into()),
            Self::Log => Some(Action::ShowPage(Page::Log)),
            Self::Doctor => Some(Action::ShowDialog(Dialog::Doctor)),
            Self::Package => {
                let kept = state.care.places.is_some();
                kept.then_some(Action::ShowDialog(Dialog::Package))
            }
            Self::Requests => Some(Action::ShowDialog(Dialog::Network)),
            Self::ExportSettings => Some(CareAction::ExportSettings.into()),
            Self::ImportSettings => Some(CareAction::ImportSettings.into()),
            Self::ResetSettings => Some(CareAction::ResetSettings.into()),
            Self::SafeMode => (!state.care.safe).then(|| CareAction::Restart { safe: true }.into()),
        }
    }
}
